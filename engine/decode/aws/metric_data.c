#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/aws/series.h"
#include "engine/decode/reader.h"

#include <math.h>
#include <stdio.h>

/* aws cloudwatch get-metric-data: per result two parallel arrays, in either order, that make sense only when both are
   complete; so a result is held until its end. When the arrays are of different length nobody knows which entry is the
   missing one: none of the result is used. One Id may come in several results (merged pages); each stands for itself, and
   takes the label of the first when it has none of its own. */
enum role { TOP = LW_WALK_TOP, RESULTS, RESULT, ID, LABEL, STATUS, TIMES, TIME, VALUES, VALUE };

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(TOP, TOP),
    LW_WALK_KEY(TOP, "MetricDataResults", RESULTS),
    LW_WALK_ELEMENT(RESULTS, RESULT),
    LW_WALK_KEY(RESULT, "Id", ID),
    LW_WALK_KEY(RESULT, "Label", LABEL),
    LW_WALK_KEY(RESULT, "StatusCode", STATUS),
    LW_WALK_KEY(RESULT, "Timestamps", TIMES),
    LW_WALK_ELEMENT(TIMES, TIME),
    LW_WALK_KEY(RESULT, "Values", VALUES),
    LW_WALK_ELEMENT(VALUES, VALUE),
};

#define ENTRIES_MAX 100800 /* MaxDatapoints of one GetMetricData call */
#define LABELS_MAX  512    /* a call has at most 500 queries */

struct answer {
    struct lw_reader reader; /* open: inside of a result */
    uint64_t line, byte;     /* of the result */
    bool answered;           /* the document has results */
    uint32_t id, label;      /* names */
    char status[LW_EMIT_DETAIL];
    struct lw_buf times;  /* of int64_t; INT64_MIN: could not be read, told already */
    struct lw_buf values; /* of double; NaN: likewise */
    size_t labels_n;
    struct {
        uint32_t id, label;
    } labels[LABELS_MAX]; /* of this document */
};

static void start(struct answer *answer, const struct lw_token *token)
{
    answer->reader.open = true;
    answer->line = token->line;
    answer->byte = token->byte;
    answer->id = answer->label = 0;
    answer->status[0] = '\0';
    lw_buf_clear(&answer->times);
    lw_buf_clear(&answer->values);
}

static void remember_label(struct answer *answer)
{
    if (answer->label != 0 && answer->id != 0 && answer->labels_n < LABELS_MAX) {
        answer->labels[answer->labels_n].id = answer->id;
        answer->labels[answer->labels_n++].label = answer->label;
        return;
    }
    for (size_t i = 0; answer->label == 0 && i < answer->labels_n; i++) {
        if (answer->labels[i].id == answer->id)
            answer->label = answer->labels[i].label;
    }
}

static enum lw_err reject(struct answer *answer, enum lw_reject reason, const char *detail, struct lw_fault *fault)
{
    return lw_emit_reject(answer->reader.emit, reason, answer->line, answer->byte, detail, fault);
}

static enum lw_err give(struct answer *answer, size_t n, struct lw_fault *fault)
{
    struct lw_emit *emit = answer->reader.emit;
    struct lw_series series;
    enum lw_err err = lw_series_of_label(emit, lw_names_text(emit->names, answer->label), &series, fault);

    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        struct lw_point point = series.point;
        double value;

        memcpy(&point.at, answer->times.at + i * sizeof(point.at), sizeof(point.at));
        memcpy(&value, answer->values.at + i * sizeof(value), sizeof(value));
        if (point.at == INT64_MIN || isnan(value))
            continue;
        lw_series_set(&point, series.known, value);
        err = series.good ? lw_emit_point(emit, &point, answer->line, answer->byte, fault)
                          : reject(answer, series.reason, series.detail, fault);
    }
    return err;
}

static enum lw_err end_result(struct answer *answer, struct lw_fault *fault)
{
    size_t times = answer->times.len / sizeof(int64_t), values = answer->values.len / sizeof(double);
    size_t more = times > values ? times : values;
    char detail[LW_EMIT_DETAIL];

    answer->reader.open = false;
    answer->reader.emit->records += more;
    remember_label(answer);
    if (answer->times.error == LW_ERR_NOMEM || answer->values.error == LW_ERR_NOMEM)
        return lw_fault_memory(fault, "the datapoints of a result");
    if (answer->times.error != LW_ERR_OK || answer->values.error != LW_ERR_OK)
        return reject(answer, LW_REJECT_TOO_LARGE, "a result of more than 100800 datapoints", fault);
    if (times != values) {
        snprintf(detail, sizeof(detail), "%zu times, %zu values", times, values);
        return reject(answer, LW_REJECT_UNEVEN_ARRAYS, detail, fault);
    }
    if (more > 0)
        return give(answer, more, fault);
    /* A result without data is an answer (there were none), unless it says that there may have been. */
    if (strcmp(answer->status, "Forbidden") != 0 && strcmp(answer->status, "InternalError") != 0)
        return LW_ERR_OK;
    answer->reader.emit->records++;
    return reject(answer, LW_REJECT_NO_VALUE, answer->status, fault);
}

static enum lw_err take_time(struct answer *answer, const struct lw_token *token, struct lw_fault *fault)
{
    lw_time at = {INT64_MIN};
    bool good = lw_memo_time(&answer->reader.memo, token, answer->reader.emit->options->zone, &at);

    at.ms = good ? at.ms : INT64_MIN;
    lw_buf_bytes(&answer->times, &at.ms, sizeof(at.ms));
    if (good)
        return LW_ERR_OK;
    return lw_emit_reject_text(answer->reader.emit, LW_REJECT_BAD_TIME, token->line, token->byte, token->text, fault);
}

static enum lw_err take_value(struct answer *answer, const struct lw_token *token, struct lw_fault *fault)
{
    enum lw_reject reason;
    double value;
    bool good = lw_memo_number(token, &value, &reason);

    value = good ? value : (double)NAN;
    lw_buf_bytes(&answer->values, &value, sizeof(value));
    if (good)
        return LW_ERR_OK;
    return lw_emit_reject_text(answer->reader.emit, reason, token->line, token->byte, token->text, fault);
}

static enum lw_err inside_result(struct answer *answer, const struct lw_token *token, uint8_t role,
                                 struct lw_fault *fault)
{
    bool text = token->kind == LW_TOKEN_STRING;

    switch ((enum role)role) {
    case ID:
        return text ? lw_emit_name(answer->reader.emit, token->text, &answer->id, fault) : LW_ERR_OK;
    case LABEL:
        return text ? lw_emit_name(answer->reader.emit, token->text, &answer->label, fault) : LW_ERR_OK;
    case STATUS:
        lw_emit_detail(token->text, answer->status);
        return LW_ERR_OK;
    case TIME:
        return take_time(answer, token, fault);
    case VALUE:
        return take_value(answer, token, fault);
    case TOP:
    case RESULTS:
    case RESULT:
    case TIMES:
    case VALUES:
        break;
    }
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct answer *answer = self;
    uint8_t role = lw_walk_token(&answer->reader.walk, token);
    bool end = token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END;

    if (token->kind == LW_TOKEN_KEY)
        return LW_ERR_OK;
    if (answer->reader.open) {
        if (end)
            return role == RESULT ? end_result(answer, fault) : LW_ERR_OK;
        return inside_result(answer, token, role, fault);
    }
    if (role == RESULTS && token->kind == LW_TOKEN_ARRAY)
        answer->answered = true;
    else if (role == RESULT && token->kind == LW_TOKEN_OBJECT)
        start(answer, token);
    else if (role == TOP && token->kind == LW_TOKEN_OBJECT)
        answer->answered = false, answer->labels_n = 0;
    else if (role == TOP && token->kind == LW_TOKEN_OBJECT_END && !answer->answered)
        return lw_reader_unknown(&answer->reader, token, fault);
    else if ((role == TOP && lw_reader_is_scalar(token)) || (role == RESULT && !end))
        return lw_reader_unknown(&answer->reader, token, fault);
    return LW_ERR_OK;
}

static void close_answer(void *state)
{
    struct answer *answer = state;

    if (answer != NULL) {
        lw_buf_close(&answer->times);
        lw_buf_close(&answer->values);
    }
    lw_reader_close(state);
}

static enum lw_err open_answer(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = lw_reader_bad};
    enum lw_err err =
        lw_reader_open(state, sizeof(struct answer), &calls, rules, sizeof(rules) / sizeof(rules[0]), emit, fault);

    if (err == LW_ERR_OK) {
        struct answer *answer = *state;

        answer->times.ceiling = ENTRIES_MAX * sizeof(int64_t);
        answer->values.ceiling = ENTRIES_MAX * sizeof(double);
    }
    return err;
}

const struct lw_format_decoder lw_format_metric_data = {
    .format = LW_FORMAT_METRIC_DATA,
    .open = open_answer,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = close_answer,
};
