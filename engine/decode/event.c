#include "engine/decode/event.h"

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
    FIELD_OWN_OTHER /* never a key: lw_event with another value than "metric" */
};

#define BIT(field) (1u << (field))

static enum field is(struct lw_str text, const char *key, enum field field)
{
    return memcmp(text.at, key, text.len) == 0 ? field : FIELD_NONE;
}

/* Length and first letter leave one key to compare with. */
static enum field field_of(struct lw_str text)
{
    switch (text.len) {
    case 3:
        return is(text, "sum", FIELD_SUM);
    case 4:
        return is(text, "host", FIELD_HOST);
    case 7:
        if (text.at[0] == 'a')
            return is(text, "average", FIELD_AVERAGE);
        return text.at[1] == 'i' ? is(text, "minimum", FIELD_MINIMUM) : is(text, "maximum", FIELD_MAXIMUM);
    case 8:
        return is(text, "lw_event", FIELD_OWN);
    case 9:
        return text.at[0] == 't' ? is(text, "timestamp", FIELD_TIMESTAMP) : is(text, "namespace", FIELD_NAMESPACE);
    case 10:
        return is(text, "metricName", FIELD_METRIC);
    case 11:
        return is(text, "sampleCount", FIELD_COUNT);
    case 15:
        return is(text, "trainingJobName", FIELD_JOB);
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

static void take_number(struct lw_event *event, const struct lw_token *token)
{
    static const struct {
        size_t offset;
        unsigned known;
    } members[] = {
        [FIELD_COUNT] = {offsetof(struct lw_point, count), LW_KNOWN_COUNT},
        [FIELD_AVERAGE] = {offsetof(struct lw_point, average), LW_KNOWN_AVERAGE},
        [FIELD_SUM] = {offsetof(struct lw_point, sum), LW_KNOWN_SUM},
        [FIELD_MINIMUM] = {offsetof(struct lw_point, min), LW_KNOWN_MIN},
        [FIELD_MAXIMUM] = {offsetof(struct lw_point, max), LW_KNOWN_MAX},
    };
    enum lw_reject reason;
    double value;

    if (!lw_memo_number(event->memo, token, &value, &reason)) {
        spoil(event, reason, token->text);
        return;
    }
    memcpy((char *)&event->point + members[event->field].offset, &value, sizeof(value));
    event->point.known = (uint8_t)(event->point.known | members[event->field].known);
}

static enum lw_err take_run(struct lw_event *event, struct lw_str text, bool host, struct lw_fault *fault)
{
    /* An instance is `job/algo-1`: the run is what stands before the last slash. */
    while (host && text.len > 0 && text.at[--text.len] != '/')
        ;
    if (text.len == 0)
        return LW_ERR_OK;
    event->seen |= BIT(host ? FIELD_HOST : FIELD_JOB);
    /* A job's own dimension says more than its host, should both be there. */
    if (host && (event->seen & BIT(FIELD_JOB)))
        return LW_ERR_OK;
    return lw_memo_name(event->memo, event->emit, text, &event->point.run, fault);
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
    case FIELD_OWN_OTHER:
        break;
    }
    return LW_ERR_OK;
}

enum lw_err lw_event_token(struct lw_event *event, const struct lw_token *token, struct lw_fault *fault)
{
    if (token->kind == LW_TOKEN_KEY) {
        event->field = (uint8_t)field_of(token->text);
        return LW_ERR_OK;
    }
    if (event->field == FIELD_NONE || token->kind == LW_TOKEN_NULL || token->kind == LW_TOKEN_OBJECT_END ||
        token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    if (event->field >= FIELD_COUNT && event->field <= FIELD_MAXIMUM) {
        take_number(event, token);
        return LW_ERR_OK;
    }
    if (event->field == FIELD_TIMESTAMP) {
        if (lw_memo_time(event->memo, token, event->emit->options->zone, &event->at)) {
            event->seen |= BIT(FIELD_TIMESTAMP);
        } else {
            spoil(event, LW_REJECT_BAD_TIME, token->text);
        }
        return LW_ERR_OK;
    }
    return token->kind == LW_TOKEN_STRING ? take_text(event, token->text, fault) : LW_ERR_OK;
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
    else if ((event->seen & (BIT(FIELD_JOB) | BIT(FIELD_HOST))) == 0)
        reason = LW_REJECT_NOT_A_RUN;
    else if (event->spoiled)
        return lw_emit_reject(event->emit, event->reason, event->line, event->byte, event->detail, fault);
    else if ((event->seen & BIT(FIELD_TIMESTAMP)) == 0 && at == NULL)
        reason = LW_REJECT_NO_TIME;
    if (reason != LW_REJECT_COUNT)
        return lw_emit_reject_text(event->emit, reason, event->line, event->byte,
                                   lw_names_text(event->emit->names, event->point.metric), fault);
    event->point.at = (event->seen & BIT(FIELD_TIMESTAMP)) ? event->at.ms : at->ms;
    if ((event->seen & BIT(FIELD_JOB)) == 0)
        event->point.flags |= LW_POINT_HEARTBEAT;
    return lw_emit_point(event->emit, &event->point, event->line, event->byte, fault);
}
