#include "engine/base/json/json_out.h"
#include "engine/decode/format.h"

#include <math.h>
#include <stdio.h>

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static bool equal_but_case(struct lw_str a, struct lw_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    }
    return true;
}

bool lw_emit_training_namespace(struct lw_str text)
{
    if (lw_str_equal(text, LW_STR("/aws/sagemaker/TrainingJobs")))
        return true;
    while (text.len > 0 && text.at[0] == '/')
        text = (struct lw_str){text.at + 1, text.len - 1};
    while (text.len > 0 && text.at[text.len - 1] == '/')
        text.len--;
    return equal_but_case(text, LW_STR("aws/sagemaker/TrainingJobs"));
}

/* Monitor Amazon SageMaker with CloudWatch, "Processing job, training job, ... instance metrics". */
bool lw_emit_instance_metric(struct lw_str name)
{
    static const char *const names[] = {"CPUUtilization", "MemoryUtilization", "GPUUtilization", "GPUMemoryUtilization",
                                        "DiskUtilization"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (lw_str_equal(name, lw_str_from(names[i])))
            return true;
    }
    return false;
}

void lw_emit_detail(struct lw_str text, char detail[LW_EMIT_DETAIL])
{
    size_t n = text.len <= 60 ? text.len : 60;

    /* A cut inside of a character would leave half of one behind. */
    while (n > 0 && n < text.len && ((unsigned char)text.at[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.at[i];

        detail[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    detail[n] = '\0';
}

enum lw_err lw_emit_reject(struct lw_emit *emit, enum lw_reject reason, uint64_t line, uint64_t byte,
                           const char *detail, struct lw_fault *fault)
{
    return emit->calls->reject(emit->self, reason, line, byte + emit->before, detail, fault);
}

enum lw_err lw_emit_reject_text(struct lw_emit *emit, enum lw_reject reason, uint64_t line, uint64_t byte,
                                struct lw_str text, struct lw_fault *fault)
{
    char detail[LW_EMIT_DETAIL];

    lw_emit_detail(text, detail);
    return lw_emit_reject(emit, reason, line, byte, detail, fault);
}

struct lw_point lw_emit_blank_point(const struct lw_emit *emit)
{
    return (struct lw_point){.origin = emit->origin, .model = emit->model};
}

struct lw_fact lw_emit_blank_fact(const struct lw_emit *emit, enum lw_fact_kind kind, enum lw_fact_rank rank)
{
    return (struct lw_fact){.origin = emit->origin, .model = emit->model, .kind = (uint8_t)kind, .rank = (uint8_t)rank};
}

static bool known_are_finite(const struct lw_point *point)
{
    return (!(point->known & LW_KNOWN_SUM) || isfinite(point->sum)) &&
           (!(point->known & LW_KNOWN_MIN) || isfinite(point->min)) &&
           (!(point->known & LW_KNOWN_MAX) || isfinite(point->max)) &&
           (!(point->known & LW_KNOWN_COUNT) || isfinite(point->count)) &&
           (!(point->known & LW_KNOWN_AVERAGE) || isfinite(point->average));
}

static enum lw_err reject_numbers(struct lw_emit *emit, enum lw_reject reason, double number, double other,
                                  const char *between, uint64_t line, uint64_t byte, struct lw_fault *fault)
{
    char first[LW_NUMBER_TEXT], second[LW_NUMBER_TEXT], detail[2 * LW_NUMBER_TEXT + 32];

    lw_number_shortest(number, first);
    lw_number_shortest(other, second);
    snprintf(detail, sizeof(detail), "%s%s%s", first, between, between[0] != '\0' ? second : "");
    return lw_emit_reject(emit, reason, line, byte, detail, fault);
}

enum lw_err lw_emit_point(struct lw_emit *emit, const struct lw_point *point, uint64_t line, uint64_t byte,
                          struct lw_fault *fault)
{
    const unsigned both = LW_KNOWN_MIN | LW_KNOWN_MAX;

    if (point->known == 0)
        return lw_emit_reject(emit, LW_REJECT_NO_VALUE, line, byte, NULL, fault);
    if (!known_are_finite(point))
        return lw_emit_reject(emit, LW_REJECT_NOT_FINITE, line, byte, NULL, fault);
    if ((point->known & LW_KNOWN_COUNT) && point->count <= 0)
        return reject_numbers(emit, LW_REJECT_BAD_COUNT, point->count, 0, "", line, byte, fault);
    if ((point->known & both) == both && point->min > point->max)
        return reject_numbers(emit, LW_REJECT_MIN_OVER_MAX, point->min, point->max, " over ", line, byte, fault);
    return emit->calls->point(emit->self, point, fault);
}

enum lw_err lw_emit_fact(struct lw_emit *emit, const struct lw_fact *fact, struct lw_fault *fault)
{
    return emit->calls->fact(emit->self, fact, fault);
}

enum lw_err lw_emit_name(struct lw_emit *emit, struct lw_str text, uint32_t *id, struct lw_fault *fault)
{
    return lw_names_add(emit->names, text, id, fault);
}

enum lw_err lw_emit_origin(struct lw_emit *emit, struct lw_str account, struct lw_str region, uint32_t *origin,
                           struct lw_fault *fault)
{
    char text[160];
    int n;

    if (account.len == 0 || region.len == 0 || account.len + region.len + 2 > sizeof(text)) {
        *origin = emit->origin;
        return LW_ERR_OK;
    }
    n = snprintf(text, sizeof(text), "%.*s/%.*s", (int)account.len, account.at, (int)region.len, region.at);
    return lw_emit_name(emit, (struct lw_str){text, (size_t)n}, origin, fault);
}

enum lw_err lw_emit_dimension(struct lw_emit *emit, struct lw_str namespace_, struct lw_str dimension,
                              struct lw_str value, struct lw_point *point, bool *training, struct lw_fault *fault)
{
    bool host = lw_str_equal(dimension, LW_STR("Host")) || lw_str_equal(dimension, LW_STR("host"));
    bool job = lw_str_equal(dimension, LW_STR("TrainingJobName")) || lw_str_equal(dimension, LW_STR("trainingJobName"));
    struct lw_str whole = value;
    uint32_t run = 0;
    uint32_t instance = 0;
    enum lw_err err;

    /* The host of an instance is `job/algo-1`. */
    while (host && value.len > 0 && value.at[--value.len] != '/')
        ;
    if ((!host && !job) || value.len == 0 || (namespace_.len > 0 && !lw_emit_training_namespace(namespace_))) {
        *training = false;
        return LW_ERR_OK;
    }
    err = lw_emit_name(emit, value, &run, fault);
    if (err == LW_ERR_OK && host)
        err = lw_emit_name(emit, whole, &instance, fault);
    if (err != LW_ERR_OK)
        return err;
    point->origin = emit->origin;
    point->model = emit->model;
    point->run = run;
    point->host = instance;
    point->flags = (uint8_t)(point->flags | LW_POINT_CLOUDWATCH | (host ? LW_POINT_HEARTBEAT : 0));
    *training = true;
    return LW_ERR_OK;
}
