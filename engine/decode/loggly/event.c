#include "engine/decode/loggly/event.h"

#include <math.h>

/* The keys of an event: Loggly's CloudWatch integration, and the one by which leeway's own are told. */
enum field {
    FIELD_NONE,
    FIELD_TIMESTAMP,
    FIELD_COUNT,
    FIELD_AVERAGE,
    FIELD_SUM,
    FIELD_MINIMUM,
    FIELD_MAXIMUM,
    FIELD_METRIC,
    FIELD_NAMESPACE,
    FIELD_JOB,
    FIELD_HOST,
    FIELD_OWN,
    FIELD_UNIT,
    FIELD_OWN_OTHER, /* never a key: lw_event with another value than "metric" */
    FIELD_OTHER      /* never a key: a dimension that names no run */
};

#define BIT(field) (1u << (field))

/* With the length known to the compiler a comparison is one or two of machine words. */
#define IS(key, field) (memcmp(text.at, key, sizeof(key) - 1) == 0 ? (field) : FIELD_NONE)

/* Length and first letter leave one key to compare with. */
static inline enum field field_of(struct lw_str text)
{
    switch (text.len) {
    case 3:
        return IS("sum", FIELD_SUM);
    case 4:
        return text.at[0] == 'h' ? IS("host", FIELD_HOST) : IS("unit", FIELD_UNIT);
    case 7:
        if (text.at[0] == 'a')
            return IS("average", FIELD_AVERAGE);
        return text.at[1] == 'i' ? IS("minimum", FIELD_MINIMUM) : IS("maximum", FIELD_MAXIMUM);
    case 8:
        return IS("lw_event", FIELD_OWN);
    case 9:
        return text.at[0] == 't' ? IS("timestamp", FIELD_TIMESTAMP) : IS("namespace", FIELD_NAMESPACE);
    case 10:
        return IS("metricName", FIELD_METRIC);
    case 11:
        return IS("sampleCount", FIELD_COUNT);
    case 15:
        return IS("trainingJobName", FIELD_JOB);
    default: /* lengths that no key has */
        return FIELD_NONE;
    }
}

void lw_event_start(struct lw_event *event, struct lw_emit *emit, struct lw_memo *memo, uint64_t line, uint64_t byte)
{
    event->emit = emit;
    event->memo = memo;
    event->point = lw_emit_blank_point(emit);
    event->point.flags = LW_POINT_CLOUDWATCH;
    event->line = line;
    event->byte = byte;
    event->field = FIELD_NONE;
    event->seen = 0;
    event->spoiled = false;
}

/* The first thing that is wrong is the one that is told, except that a foreign namespace makes all else irrelevant. */
static void spoil(struct lw_event *event, enum lw_reject reason, struct lw_str text)
{
    if (event->spoiled || (event->seen & BIT(FIELD_NAMESPACE)))
        return;
    event->spoiled = true;
    event->reason = reason;
    lw_emit_detail(text, event->detail);
}

static inline bool is_number_field(unsigned field)
{
    return field - FIELD_COUNT <= FIELD_MAXIMUM - FIELD_COUNT;
}

static inline void set_number(struct lw_event *event, double value)
{
    static const struct {
        uint8_t offset, known;
    } members[] = {
        [FIELD_COUNT] = {offsetof(struct lw_point, count), LW_KNOWN_COUNT},
        [FIELD_AVERAGE] = {offsetof(struct lw_point, average), LW_KNOWN_AVERAGE},
        [FIELD_SUM] = {offsetof(struct lw_point, sum), LW_KNOWN_SUM},
        [FIELD_MINIMUM] = {offsetof(struct lw_point, min), LW_KNOWN_MIN},
        [FIELD_MAXIMUM] = {offsetof(struct lw_point, max), LW_KNOWN_MAX},
    };

    memcpy((char *)&event->point + members[event->field].offset, &value, sizeof(value));
    event->point.known = (uint8_t)(event->point.known | members[event->field].known);
}

static void take_number(struct lw_event *event, const struct lw_token *token)
{
    enum lw_reject reason;
    double value;

    if (lw_memo_number(token, &value, &reason))
        set_number(event, value);
    else
        spoil(event, reason, token->text);
}

static enum lw_err take_run(struct lw_event *event, struct lw_str text, bool host, struct lw_fault *fault)
{
    struct lw_str whole = text;
    enum lw_err err;

    /* An instance is `job/algo-1`: the run is what stands before the last slash. */
    while (host && text.len > 0 && text.at[--text.len] != '/')
        ;
    if (text.len == 0) {
        event->seen |= BIT(FIELD_OTHER);
        return LW_ERR_OK;
    }
    event->seen |= BIT(host ? FIELD_HOST : FIELD_JOB);
    /* A job's own dimension says more than its host, should both be there. */
    if (host && (event->seen & BIT(FIELD_JOB)))
        return LW_ERR_OK;
    event->point.host = 0;
    err = lw_memo_name(event->memo, event->emit, text, &event->point.run, fault);
    return err == LW_ERR_OK && host ? lw_memo_name(event->memo, event->emit, whole, &event->point.host, fault) : err;
}

static enum lw_err take_text(struct lw_event *event, struct lw_str text, struct lw_fault *fault)
{
    switch ((enum field)event->field) {
    case FIELD_METRIC:
        event->seen |= text.len > 0 ? BIT(FIELD_METRIC) : 0;
        return lw_memo_name(event->memo, event->emit, text, &event->point.metric, fault);
    case FIELD_NAMESPACE:
        if (!lw_emit_training_namespace(text)) {
            event->seen |= BIT(FIELD_NAMESPACE); /* one that matters: a foreign one */
            lw_emit_detail(text, event->detail);
        }
        return LW_ERR_OK;
    case FIELD_JOB:
    case FIELD_HOST:
        return take_run(event, text, event->field == FIELD_HOST, fault);
    case FIELD_OWN:
        event->seen |= BIT(lw_str_equal(text, LW_STR("metric")) ? FIELD_OWN : FIELD_OWN_OTHER);
        return LW_ERR_OK;
    case FIELD_NONE:
    case FIELD_TIMESTAMP:
    case FIELD_COUNT:
    case FIELD_AVERAGE:
    case FIELD_SUM:
    case FIELD_MINIMUM:
    case FIELD_MAXIMUM:
    case FIELD_UNIT:
    case FIELD_OWN_OTHER:
    case FIELD_OTHER:
        break;
    }
    return LW_ERR_OK;
}

static void take_time(struct lw_event *event, const struct lw_token *token)
{
    if (lw_memo_time(event->memo, token, event->emit->options->zone, &event->at))
        event->seen |= BIT(FIELD_TIMESTAMP);
    else
        spoil(event, LW_REJECT_BAD_TIME, token->text);
}

__attribute__((noinline)) static enum lw_err take_value(struct lw_event *event, const struct lw_token *token,
                                                        struct lw_fault *fault)
{
    if (token->kind == LW_TOKEN_NULL || token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    if (event->field == FIELD_NONE && token->kind == LW_TOKEN_STRING)
        event->seen |= BIT(FIELD_OTHER);
    if (is_number_field(event->field))
        take_number(event, token);
    else if (event->field == FIELD_TIMESTAMP)
        take_time(event, token);
    else if (token->kind == LW_TOKEN_STRING)
        return take_text(event, token->text, fault);
    else if (event->field == FIELD_JOB || event->field == FIELD_HOST)
        event->seen |= BIT(FIELD_OTHER);
    return LW_ERR_OK;
}

/* Keys and good numbers are nearly all there is: they take the short way. */
enum lw_err lw_event_token(struct lw_event *event, const struct lw_token *token, struct lw_fault *fault)
{
    if (token->kind == LW_TOKEN_KEY) {
        event->field = (uint8_t)field_of(token->text);
        return LW_ERR_OK;
    }
    if (token->kind == LW_TOKEN_NUMBER && is_number_field(event->field) && isfinite(token->number)) {
        set_number(event, token->number);
        return LW_ERR_OK;
    }
    return take_value(event, token, fault);
}

bool lw_event_recognised(const struct lw_event *event)
{
    return (event->seen & (BIT(FIELD_METRIC) | BIT(FIELD_OWN) | BIT(FIELD_OWN_OTHER))) != 0 ||
           ((event->seen & (BIT(FIELD_JOB) | BIT(FIELD_HOST))) != 0 && event->point.known != 0);
}

const lw_time *lw_event_time(const struct lw_event *event)
{
    return (event->seen & BIT(FIELD_TIMESTAMP)) ? &event->at : NULL;
}

enum lw_err lw_event_end(struct lw_event *event, const lw_time *at, struct lw_fault *fault)
{
    enum lw_reject reason = LW_REJECT_COUNT;

    if (event->seen & BIT(FIELD_OWN_OTHER))
        reason = LW_REJECT_OWN_EVENT;
    else if (!lw_event_recognised(event))
        reason = LW_REJECT_UNKNOWN_RECORD;
    else if ((event->seen & BIT(FIELD_METRIC)) == 0)
        reason = LW_REJECT_NO_METRIC;
    else if (event->seen & BIT(FIELD_NAMESPACE))
        return lw_emit_reject(event->emit, LW_REJECT_NOT_A_RUN, event->line, event->byte, event->detail, fault);
    else if ((event->seen & (BIT(FIELD_JOB) | BIT(FIELD_HOST))) == 0 && (event->seen & BIT(FIELD_OTHER)))
        reason = LW_REJECT_NOT_A_RUN;
    else if (event->spoiled)
        return lw_emit_reject(event->emit, event->reason, event->line, event->byte, event->detail, fault);
    else if ((event->seen & BIT(FIELD_TIMESTAMP)) == 0 && at == NULL)
        reason = LW_REJECT_NO_TIME;
    if (reason != LW_REJECT_COUNT)
        return lw_emit_reject_text(event->emit, reason, event->line, event->byte,
                                   lw_names_text(event->emit->names, event->point.metric), fault);
    event->point.at = (event->seen & BIT(FIELD_TIMESTAMP)) ? event->at.ms : at->ms;
    /* Without any dimension it belongs to the run that the user names, else to data that are cut into runs later. */
    if ((event->seen & (BIT(FIELD_JOB) | BIT(FIELD_HOST))) == 0)
        event->point.run = event->emit->run;
    else if ((event->seen & BIT(FIELD_JOB)) == 0)
        event->point.flags |= LW_POINT_HEARTBEAT;
    return lw_emit_point(event->emit, &event->point, event->line, event->byte, fault);
}
