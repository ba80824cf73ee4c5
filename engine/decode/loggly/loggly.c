#include "engine/decode/loggly/event.h"
#include "engine/decode/reader.h"

/* One event per line; an array of events is taken as well. */
struct loggly {
    struct lw_reader reader;
    uint32_t depth; /* of the members of the open event */
    struct lw_event event;
};

static enum lw_err between_events(struct loggly *loggly, const struct lw_token *token, struct lw_fault *fault)
{
    if (token->kind == LW_TOKEN_ARRAY || token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    if (token->kind != LW_TOKEN_OBJECT)
        return lw_reader_unknown(&loggly->reader, token, fault);
    loggly->reader.open = true;
    loggly->depth = token->depth + 1;
    lw_event_start(&loggly->event, loggly->reader.emit, &loggly->reader.memo, token->line, token->byte);
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct loggly *loggly = self;

    if (!loggly->reader.open)
        return between_events(loggly, token, fault);
    if (token->depth == loggly->depth)
        return lw_event_token(&loggly->event, token, fault);
    if (token->depth > loggly->depth)
        return LW_ERR_OK;
    loggly->reader.open = false;
    loggly->reader.emit->records++;
    return lw_event_end(&loggly->event, NULL, fault);
}

static enum lw_err open_loggly(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = lw_reader_bad};

    return lw_reader_open(state, sizeof(struct loggly), &calls, NULL, 0, emit, fault);
}

const struct lw_format_decoder lw_format_loggly = {
    .format = LW_FORMAT_LOGGLY,
    .open = open_loggly,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = lw_reader_close,
};
