#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/aws/series.h"
#include "engine/decode/reader.h"

/* aws cloudwatch get-metric-statistics: {"Label", "Datapoints": [...]}, the datapoints in no order. Version 1 of the CLI
   prints the label after them; then they wait for it. */
enum role { TOP = LW_WALK_TOP, LABEL, DATAPOINTS, DATAPOINT, TIME, AVERAGE, SUM, MINIMUM, MAXIMUM, COUNT };

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(TOP, TOP),
    LW_WALK_KEY(TOP, "Label", LABEL),
    LW_WALK_KEY(TOP, "Datapoints", DATAPOINTS),
    LW_WALK_ELEMENT(DATAPOINTS, DATAPOINT),
    LW_WALK_KEY(DATAPOINT, "Timestamp", TIME),
    LW_WALK_KEY(DATAPOINT, "Average", AVERAGE),
    LW_WALK_KEY(DATAPOINT, "Sum", SUM),
    LW_WALK_KEY(DATAPOINT, "Minimum", MINIMUM),
    LW_WALK_KEY(DATAPOINT, "Maximum", MAXIMUM),
    LW_WALK_KEY(DATAPOINT, "SampleCount", COUNT),
};

#define POINTS_MAX 100800 /* per document, as GetMetricData; GetMetricStatistics itself gives 1440 */

struct datapoint {
    struct lw_point point; /* time and values only */
    uint64_t line, byte;
    bool has_time, spoiled;
};

struct statistics {
    struct lw_reader reader; /* open: inside of a datapoint */
    struct lw_series series;
    bool labelled; /* the series is known */
    bool document; /* inside of a document */
    bool answer;   /* which had datapoints or a label */
    struct datapoint now;
    struct lw_buf waiting; /* of struct datapoint */
};

static enum lw_err give(struct statistics *statistics, const struct datapoint *datapoint, struct lw_fault *fault)
{
    const struct lw_series *series = &statistics->series;
    struct lw_emit *emit = statistics->reader.emit;
    struct lw_point point = datapoint->point;

    if (!series->good)
        return lw_emit_reject(emit, series->reason, datapoint->line, datapoint->byte, series->detail, fault);
    point.origin = series->point.origin;
    point.model = series->point.model;
    point.run = series->point.run;
    point.host = series->point.host;
    point.metric = series->point.metric;
    point.flags = series->point.flags;
    return lw_emit_point(emit, &point, datapoint->line, datapoint->byte, fault);
}

static enum lw_err label(struct statistics *statistics, struct lw_str metric, struct lw_fault *fault)
{
    const struct datapoint *waiting = (const void *)statistics->waiting.at;
    size_t n = statistics->waiting.len / sizeof(*waiting);
    enum lw_err err = lw_series_of_metric(statistics->reader.emit, metric, &statistics->series, fault);

    statistics->labelled = true;
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = give(statistics, &waiting[i], fault);
    lw_buf_clear(&statistics->waiting);
    return err;
}

static enum lw_err end_datapoint(struct statistics *statistics, struct lw_fault *fault)
{
    struct datapoint *now = &statistics->now;
    struct lw_emit *emit = statistics->reader.emit;

    statistics->reader.open = false;
    emit->records++;
    if (now->spoiled) /* told already */
        return LW_ERR_OK;
    if (!now->has_time)
        return lw_emit_reject(emit, LW_REJECT_NO_TIME, now->line, now->byte, NULL, fault);
    if (statistics->labelled)
        return give(statistics, now, fault);
    lw_buf_bytes(&statistics->waiting, now, sizeof(*now));
    if (statistics->waiting.error == LW_ERR_LIMIT) {
        statistics->waiting.error = LW_ERR_OK;
        return lw_emit_reject(emit, LW_REJECT_TOO_LARGE, now->line, now->byte, "more than 100800 datapoints", fault);
    }
    return statistics->waiting.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "datapoints without a label");
}

/* What waits for a label at the end of its document, or at its breaking off, will not get one from the file. */
static enum lw_err end_document(struct statistics *statistics, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    if (!statistics->labelled && statistics->waiting.len > 0)
        err = label(statistics, (struct lw_str){0}, fault);
    statistics->document = statistics->labelled = false;
    return err;
}

static enum lw_err member(struct statistics *statistics, const struct lw_token *token, uint8_t role,
                          struct lw_fault *fault)
{
    static const enum lw_known known[] = {[AVERAGE] = LW_KNOWN_AVERAGE,
                                          [SUM] = LW_KNOWN_SUM,
                                          [MINIMUM] = LW_KNOWN_MIN,
                                          [MAXIMUM] = LW_KNOWN_MAX,
                                          [COUNT] = LW_KNOWN_COUNT};
    struct datapoint *now = &statistics->now;
    enum lw_reject reason = LW_REJECT_BAD_TIME;
    bool good;
    double value;
    lw_time at;

    if (token->kind == LW_TOKEN_NULL || role < TIME || role > COUNT)
        return LW_ERR_OK;
    if (role == TIME) {
        good = lw_memo_time(&statistics->reader.memo, token, statistics->reader.emit->options->zone, &at);
        now->has_time |= good;
        now->point.at = good ? at.ms : 0;
    } else {
        good = lw_memo_number(token, &value, &reason);
        if (good)
            lw_series_set(&now->point, known[role], value);
    }
    if (good || now->spoiled)
        return LW_ERR_OK;
    now->spoiled = true;
    return lw_emit_reject_text(statistics->reader.emit, reason, token->line, token->byte, token->text, fault);
}

static enum lw_err begin_value(struct statistics *statistics, const struct lw_token *token, uint8_t role,
                               struct lw_fault *fault)
{
    if (role == LABEL && token->kind == LW_TOKEN_STRING) {
        statistics->answer = true;
        return label(statistics, token->text, fault);
    }
    if (role == DATAPOINTS && token->kind == LW_TOKEN_ARRAY) {
        statistics->answer = true;
        return LW_ERR_OK;
    }
    if (role == DATAPOINT && token->kind == LW_TOKEN_OBJECT) {
        statistics->reader.open = true;
        statistics->now = (struct datapoint){.line = token->line, .byte = token->byte};
        return LW_ERR_OK;
    }
    if (role == TOP && token->kind == LW_TOKEN_OBJECT) {
        statistics->document = true;
        statistics->answer = false;
        return LW_ERR_OK;
    }
    if (role == DATAPOINT || (role == TOP && token->kind != LW_TOKEN_ARRAY))
        return lw_reader_unknown(&statistics->reader, token, fault);
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct statistics *statistics = self;
    uint8_t role = lw_walk_token(&statistics->reader.walk, token);

    if (token->kind == LW_TOKEN_KEY)
        return LW_ERR_OK;
    if (token->kind == LW_TOKEN_OBJECT_END && role == DATAPOINT)
        return end_datapoint(statistics, fault);
    if (token->kind == LW_TOKEN_OBJECT_END && role == TOP) {
        if (!statistics->answer) {
            enum lw_err err = lw_reader_unknown(&statistics->reader, token, fault);

            if (err != LW_ERR_OK)
                return err;
        }
        return end_document(statistics, fault);
    }
    if (token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    return statistics->reader.open ? member(statistics, token, role, fault)
                                   : begin_value(statistics, token, role, fault);
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    enum lw_err err = end_document(self, fault);

    return err != LW_ERR_OK ? err : lw_reader_bad(self, reason, line, byte, detail, fault);
}

static void close_statistics(void *state)
{
    struct statistics *statistics = state;

    if (statistics != NULL)
        lw_buf_close(&statistics->waiting);
    lw_reader_close(state);
}

static enum lw_err open_statistics(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    enum lw_err err =
        lw_reader_open(state, sizeof(struct statistics), &calls, rules, sizeof(rules) / sizeof(rules[0]), emit, fault);

    if (err == LW_ERR_OK)
        ((struct statistics *)*state)->waiting.ceiling = POINTS_MAX * sizeof(struct datapoint);
    return err;
}

const struct lw_format_decoder lw_format_metric_statistics = {
    .format = LW_FORMAT_METRIC_STATISTICS,
    .open = open_statistics,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = close_statistics,
};
