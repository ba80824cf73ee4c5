#include "engine/decode/format.h"
#include "tests/kit/kit.h"

#include <math.h>
#include <string.h>

static struct {
    unsigned points, rejects;
    enum lw_reject reason;
    uint64_t byte;
    char detail[128];
    struct lw_point point;
} seen;

static enum lw_err on_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    (void)self, (void)fault;
    seen.points++;
    seen.point = *point;
    return LW_ERR_OK;
}

static enum lw_err on_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                             struct lw_fault *fault)
{
    (void)self, (void)line, (void)fault;
    seen.rejects++;
    seen.reason = reason;
    seen.byte = byte;
    strncpy(seen.detail, detail != NULL ? detail : "(none)", sizeof(seen.detail) - 1);
    return LW_ERR_OK;
}

static const struct lw_decode_calls calls = {.point = on_point, .reject = on_reject};

static enum lw_reject reject_of(struct lw_point point)
{
    struct lw_emit emit = {.calls = &calls};

    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(lw_emit_point(&emit, &point, 1, 0, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen.points + seen.rejects, 1);
    return seen.rejects == 1 ? seen.reason : LW_REJECT_COUNT;
}

#define REJECTS(reason, ...) CU_ASSERT_EQUAL(reject_of((struct lw_point){__VA_ARGS__}), LW_REJECT_##reason)

static void checks_numbers_at_the_door(void)
{
    REJECTS(NO_VALUE, .known = 0, .sum = 1);
    REJECTS(COUNT, .known = LW_KNOWN_AVERAGE, .average = -0.0);
    REJECTS(COUNT, .known = LW_KNOWN_AVERAGE, .average = 1, .sum = NAN, .max = INFINITY, .count = -1);
    REJECTS(NOT_FINITE, .known = LW_KNOWN_AVERAGE, .average = NAN);
    REJECTS(NOT_FINITE, .known = LW_KNOWN_SUM, .sum = INFINITY);
    REJECTS(NOT_FINITE, .known = LW_KNOWN_MIN, .min = -INFINITY);
    REJECTS(NOT_FINITE, .known = LW_KNOWN_MAX, .max = NAN);
    REJECTS(NOT_FINITE, .known = LW_KNOWN_COUNT, .count = NAN);
    REJECTS(BAD_COUNT, .known = LW_KNOWN_COUNT | LW_KNOWN_SUM, .count = 0, .sum = 1);
    REJECTS(BAD_COUNT, .known = LW_KNOWN_COUNT, .count = -1e-300);
    REJECTS(COUNT, .known = LW_KNOWN_COUNT, .count = 0.5);
    REJECTS(MIN_OVER_MAX, .known = LW_KNOWN_MIN | LW_KNOWN_MAX, .min = 2, .max = 1.5);
    CU_ASSERT_STRING_EQUAL(seen.detail, "2 over 1.5");
    REJECTS(COUNT, .known = LW_KNOWN_MIN | LW_KNOWN_MAX, .min = 2, .max = 2);
    REJECTS(COUNT, .known = LW_KNOWN_MIN, .min = 2, .max = 1);
}

static void counts_the_bytes_before(void)
{
    struct lw_emit emit = {.calls = &calls, .before = 3};

    memset(&seen, 0, sizeof(seen));
    CU_ASSERT_EQUAL(lw_emit_reject(&emit, LW_REJECT_BAD_ROW, 1, 5, NULL, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen.byte, 8);
}

static void makes_details_printable(void)
{
    static const struct {
        const char *text, *detail;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a\tb\x1b[0m\x7f", "a?b?[0m?"},
        {"123456789012345678901234567890123456789012345678901234567890x",
         "123456789012345678901234567890123456789012345678901234567890"},
        {"12345678901234567890123456789012345678901234567890123456789\xe2\x82\xac",
         "12345678901234567890123456789012345678901234567890123456789"},
        {"1234567890123456789012345678901234567890123456789012345678\xc3\xa4xyz",
         "1234567890123456789012345678901234567890123456789012345678\xc3\xa4"},
    };
    char detail[LW_EMIT_DETAIL];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lw_emit_detail(lw_str_from(cases[i].text), detail);
        CU_ASSERT_STRING_EQUAL(detail, cases[i].detail);
    }
}

static void knows_the_namespace(void)
{
    CU_ASSERT(lw_emit_training_namespace(LW_STR("/aws/sagemaker/TrainingJobs")));
    CU_ASSERT(lw_emit_training_namespace(LW_STR("aws/SageMaker/trainingjobs/")));
    CU_ASSERT(!lw_emit_training_namespace(LW_STR("/aws/sagemaker/ProcessingJobs")));
    CU_ASSERT(!lw_emit_training_namespace(LW_STR("AWS/SageMaker")));
    CU_ASSERT(!lw_emit_training_namespace(LW_STR("")));
    CU_ASSERT(lw_emit_instance_metric(LW_STR("GPUMemoryUtilization")));
    CU_ASSERT(!lw_emit_instance_metric(LW_STR("train:accuracy")));
}

static void reads_dimensions(void)
{
    static const struct {
        const char *space, *name, *value, *run;
        bool heartbeat;
    } cases[] = {
        {"/aws/sagemaker/TrainingJobs", "TrainingJobName", "job-1", "job-1", false},
        {"", "trainingJobName", "job-1", "job-1", false},
        {"/aws/sagemaker/TrainingJobs", "Host", "job-1/algo-1", "job-1", true},
        {"", "host", "a/b/algo-1", "a/b", true},
        {"/aws/sagemaker/ProcessingJobs", "Host", "job-1/algo-1", NULL, false},
        {"", "Host", "no-slash", NULL, false},
        {"", "Host", "/algo-1", NULL, false},
        {"", "TrainingJobName", "", NULL, false},
        {"", "InstanceId", "i-1", NULL, false},
    };
    static const struct lw_decode_options options;
    struct lw_emit emit = {.calls = &calls, .options = &options};
    struct lw_names *names;

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 1u << 20, NULL), LW_ERR_OK);
    emit.names = names;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lw_point point = {.metric = 7};
        bool training = cases[i].run == NULL;

        CU_ASSERT_EQUAL(lw_emit_dimension(&emit, lw_str_from(cases[i].space), lw_str_from(cases[i].name),
                                          lw_str_from(cases[i].value), &point, &training, NULL),
                        LW_ERR_OK);
        CU_ASSERT_EQUAL(training, cases[i].run != NULL);
        CU_ASSERT_EQUAL(point.metric, 7);
        if (cases[i].run == NULL)
            continue;
        CU_ASSERT(lw_str_equal(lw_names_text(names, point.run), lw_str_from(cases[i].run)));
        CU_ASSERT_EQUAL(point.flags, LW_POINT_CLOUDWATCH | (cases[i].heartbeat ? LW_POINT_HEARTBEAT : 0));
        CU_ASSERT(lw_str_equal(lw_names_text(names, point.host),
                               cases[i].heartbeat ? lw_str_from(cases[i].value) : LW_STR("")));
    }
    lw_names_close(names);
}

KIT_SUITE("emit", {"numbers are checked at the door, known ones only", checks_numbers_at_the_door},
          {"offsets count what came before the first byte", counts_the_bytes_before},
          {"details are short, whole characters, printable", makes_details_printable},
          {"the namespace of training jobs is known in any case", knows_the_namespace},
          {"a dimension names the run, a host the run before its last slash", reads_dimensions})
