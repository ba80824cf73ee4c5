#include "engine/core/live/live_record.h"

#include "engine/base/fault.h"
#include "engine/base/names.h"

#include <math.h>
#include <string.h>

/* Layout: header; each alert: its numbers, then its texts one behind the other, padded to 8; texts of series are preceded
   by their length. In the order of bytes of the machine; a record from one with the other order has another magic. */
#define MAGIC   UINT64_C(0x31646c6f7477656c)
#define VERSION UINT32_C(1)

struct header {
    uint64_t magic;
    uint32_t version, alerts;
    uint64_t bytes; /* of everything */
    uint64_t check; /* of everything but itself, which counts as 0 */
};

enum text { TEXT_OPENED, TEXT_CHANGE, TEXT_RESOLVED, TEXT_RULE, TEXT_MESSAGE, TEXT_REASON, TEXTS };

struct numbers {
    char id[LW_ALERT_ID_LENGTH], superseded_by[LW_ALERT_ID_LENGTH]; /* zeros: none */
    uint8_t state, severity, impact, kind;
    uint8_t direction, has_before, has_after, has_evidence;
    uint8_t has_opened_end, none[3];
    uint32_t detectors, revision, series;
    uint32_t lengths[TEXTS];
    uint32_t none_either;
    double before, after;
    int64_t evidence, opened_end;
};

#define DETECTORS_ALL ((1u << (LW_DETECT_QUALITY + 1)) - 1)

static uint64_t check_of(const struct header *header, const char *rest, size_t n)
{
    struct header clean = *header;

    clean.check = 0;
    return lw_names_hash((struct lw_str){(const char *)&clean, sizeof(clean)}) ^
           (lw_names_hash((struct lw_str){rest, n}) * 31);
}

static size_t length(const char *text, size_t most)
{
    const char *end = memchr(text, '\0', most);

    return end != NULL ? (size_t)(end - text) : most;
}

static void fill_numbers(const struct lw_issued *issued, const struct lw_str *texts, struct numbers *numbers)
{
    const struct lw_alert *alert = &issued->alert;

    memset(numbers, 0, sizeof(*numbers));
    memcpy(numbers->id, alert->id, LW_ALERT_ID_LENGTH);
    memcpy(numbers->superseded_by, alert->superseded_by, LW_ALERT_ID_LENGTH);
    numbers->state = (uint8_t)alert->state;
    numbers->severity = (uint8_t)alert->severity;
    numbers->impact = (uint8_t)alert->impact;
    numbers->kind = (uint8_t)alert->kind;
    numbers->direction = (uint8_t)alert->direction;
    numbers->has_before = alert->has_before != 0;
    numbers->has_after = alert->has_after != 0;
    numbers->has_evidence = alert->has_evidence != 0;
    numbers->has_opened_end = issued->has_opened_end;
    numbers->detectors = alert->detectors;
    numbers->revision = alert->revision;
    numbers->series = alert->series_n;
    numbers->before = alert->has_before ? alert->before : 0.0;
    numbers->after = alert->has_after ? alert->after : 0.0;
    numbers->evidence = alert->has_evidence ? alert->evidence.ms : 0;
    numbers->opened_end = issued->has_opened_end ? issued->opened_end.ms : 0;
    for (size_t i = 0; i < TEXTS; i++)
        numbers->lengths[i] = (uint32_t)texts[i].len;
}

static void write_alert(const struct lw_issued *issued, struct lw_buf *out)
{
    const struct lw_alert *alert = &issued->alert;
    const struct lw_str texts[TEXTS] = {
        [TEXT_OPENED] = issued->opened_run,
        [TEXT_CHANGE] = issued->change_run,
        [TEXT_RESOLVED] = issued->resolved_run,
        [TEXT_RULE] = alert->rule,
        [TEXT_MESSAGE] = {alert->message, length(alert->message, LW_MESSAGE_MAX - 1)},
        [TEXT_REASON] = {alert->reason, length(alert->reason, LW_MESSAGE_MAX - 1)},
    };
    struct numbers numbers;

    fill_numbers(issued, texts, &numbers);
    lw_buf_bytes(out, &numbers, sizeof(numbers));
    for (size_t i = 0; i < TEXTS; i++)
        lw_buf_str(out, texts[i]);
    for (uint32_t i = 0; i < alert->series_n; i++) {
        uint32_t len = (uint32_t)alert->series[i].len;

        lw_buf_bytes(out, &len, sizeof(len));
        lw_buf_str(out, alert->series[i]);
    }
}

enum lw_err lw_live_record_write(const struct lw_issued *issued, size_t n, struct lw_buf *out, struct lw_fault *fault)
{
    struct header header = {.magic = MAGIC, .version = VERSION, .alerts = (uint32_t)n};
    size_t begin = out->len;

    lw_buf_bytes(out, &header, sizeof(header));
    for (size_t i = 0; i < n; i++)
        write_alert(&issued[i], out);
    if (out->error != LW_ERR_OK) {
        out->len = begin;
        return lw_fault_set(fault, out->error, "what was told of a model's alerts does not fit into its record");
    }
    header.bytes = out->len - begin;
    header.check = check_of(&header, out->at + begin + sizeof(header), (size_t)header.bytes - sizeof(header));
    memcpy(out->at + begin, &header, sizeof(header));
    return LW_ERR_OK;
}

static bool take(struct lw_str *rest, void *out, size_t n)
{
    if (n > rest->len)
        return false;
    memcpy(out, rest->at, n);
    *rest = (struct lw_str){rest->at + n, rest->len - n};
    return true;
}

/* Empty, or as many characters as an id has. */
static bool valid_id(const char *id, bool required)
{
    size_t n = length(id, LW_ALERT_ID_LENGTH);

    for (size_t i = n; i < LW_ALERT_ID_LENGTH; i++)
        if (id[i] != '\0')
            return false;
    return n == LW_ALERT_ID_LENGTH || (n == 0 && !required);
}

static bool valid_time(uint8_t has, int64_t at)
{
    return has <= 1 && at >= LW_TIME_MIN && at <= LW_TIME_MAX && (has || at == 0);
}

static bool valid_numbers(const struct numbers *numbers)
{
    return valid_id(numbers->id, true) && valid_id(numbers->superseded_by, false) && numbers->state <= LW_ALERT_STALE &&
           numbers->severity <= LW_SEVERITY_PAGE && numbers->impact <= LW_IMPACT_UNCLEAR &&
           numbers->kind <= LW_ALERT_RUN && numbers->direction <= LW_DIRECTION_DOWN && numbers->has_before <= 1 &&
           numbers->has_after <= 1 && isfinite(numbers->before) && isfinite(numbers->after) &&
           valid_time(numbers->has_evidence, numbers->evidence) &&
           valid_time(numbers->has_opened_end, numbers->opened_end) && (numbers->detectors & ~DETECTORS_ALL) == 0 &&
           numbers->revision > 0 && numbers->lengths[TEXT_MESSAGE] < LW_MESSAGE_MAX &&
           numbers->lengths[TEXT_REASON] < LW_MESSAGE_MAX;
}

static struct lw_alert alert_of(const struct numbers *numbers)
{
    struct lw_alert alert = {
        .state = (enum lw_alert_state)numbers->state,
        .severity = (enum lw_severity)numbers->severity,
        .impact = (enum lw_impact)numbers->impact,
        .kind = (enum lw_alert_kind)numbers->kind,
        .direction = (enum lw_direction)numbers->direction,
        .detectors = numbers->detectors,
        .opened_run = LW_NO_RUN,
        .change_run = LW_NO_RUN,
        .resolved_run = LW_NO_RUN,
        .revision = numbers->revision,
        .before = numbers->before,
        .after = numbers->after,
        .has_before = numbers->has_before,
        .has_after = numbers->has_after,
        .evidence = {numbers->evidence},
        .has_evidence = numbers->has_evidence,
    };

    memcpy(alert.id, numbers->id, LW_ALERT_ID_LENGTH);
    memcpy(alert.superseded_by, numbers->superseded_by, LW_ALERT_ID_LENGTH);
    return alert;
}

/* Reads what a record claims to be; *failed: memory was out, else what is false is damage. */
struct reader {
    struct lw_str rest;
    struct lw_arena *arena;
    bool failed;
};

static bool read_text(struct reader *reader, size_t len, struct lw_str *text)
{
    if (len > reader->rest.len)
        return false;
    *text = lw_arena_text(reader->arena, (struct lw_str){reader->rest.at, len});
    reader->rest = (struct lw_str){reader->rest.at + len, reader->rest.len - len};
    reader->failed = text->at == NULL;
    return !reader->failed;
}

static bool read_series(struct reader *reader, uint32_t n, struct lw_alert *alert)
{
    struct lw_str *series;

    /* Each takes 4 bytes at least, so that a false number cannot ask for much memory. */
    if (n > reader->rest.len / sizeof(uint32_t))
        return false;
    series = lw_arena_array(reader->arena, n, sizeof(*series));
    reader->failed = series == NULL;
    if (reader->failed)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len;

        if (!take(&reader->rest, &len, sizeof(len)) || !read_text(reader, len, &series[i]))
            return false;
    }
    alert->series = series;
    alert->series_n = n;
    return true;
}

static bool read_alert(struct reader *reader, struct lw_issued *issued)
{
    struct numbers numbers;
    struct lw_str texts[TEXTS];

    if (!take(&reader->rest, &numbers, sizeof(numbers)) || !valid_numbers(&numbers))
        return false;
    *issued = (struct lw_issued){
        .alert = alert_of(&numbers), .opened_end = {numbers.opened_end}, .has_opened_end = numbers.has_opened_end != 0};
    for (size_t i = 0; i < TEXTS; i++)
        if (!read_text(reader, numbers.lengths[i], &texts[i]))
            return false;
    if (memchr(texts[TEXT_MESSAGE].at, '\0', texts[TEXT_MESSAGE].len) ||
        memchr(texts[TEXT_REASON].at, '\0', texts[TEXT_REASON].len))
        return false;
    issued->opened_run = texts[TEXT_OPENED];
    issued->change_run = texts[TEXT_CHANGE];
    issued->resolved_run = texts[TEXT_RESOLVED];
    issued->alert.rule = texts[TEXT_RULE];
    memcpy(issued->alert.message, texts[TEXT_MESSAGE].at, texts[TEXT_MESSAGE].len);
    memcpy(issued->alert.reason, texts[TEXT_REASON].at, texts[TEXT_REASON].len);
    return read_series(reader, numbers.series, &issued->alert);
}

static bool read_all(struct reader *reader, struct lw_issued **issued, size_t *n)
{
    struct lw_str whole = reader->rest;
    struct header header;

    if (!take(&reader->rest, &header, sizeof(header)) || header.magic != MAGIC || header.version != VERSION ||
        header.bytes != whole.len || header.check != check_of(&header, reader->rest.at, reader->rest.len) ||
        header.alerts > reader->rest.len / sizeof(struct numbers))
        return false;
    *issued = lw_arena_array(reader->arena, header.alerts, sizeof(**issued));
    reader->failed = *issued == NULL;
    if (reader->failed)
        return false;
    for (uint32_t i = 0; i < header.alerts; i++)
        if (!read_alert(reader, &(*issued)[i]))
            return false;
    *n = header.alerts;
    return reader->rest.len == 0;
}

enum lw_err lw_live_record_read(struct lw_str record, struct lw_arena *arena, struct lw_issued **issued, size_t *n,
                                struct lw_fault *fault)
{
    struct reader reader = {.rest = record, .arena = arena};
    struct lw_issued *read = NULL;
    size_t read_n = 0;

    if (record.len > 0 && !read_all(&reader, &read, &read_n))
        return reader.failed ? lw_fault_memory(fault, "what was told of alerts")
                             : lw_fault_set(fault, LW_ERR_STATE,
                                            "the record of what was told of a model's alerts is damaged or from "
                                            "another version");
    *issued = read;
    *n = read_n;
    return LW_ERR_OK;
}
