#include "engine/base/fault.h"
#include "engine/decode/event.h"

#include <stdlib.h>

/* One event per line; an array of events is taken as well. */
struct loggly {
    struct lw_emit *emit;
    struct lw_scan *scan;
    bool open;      /* inside of an event */
    uint32_t depth; /* of its members */
    struct lw_event event;
    struct lw_memo memo;
};

static enum lw_err between_events(struct loggly *loggly, const struct lw_token *token, struct lw_fault *fault)
{
    if (token->kind == LW_TOKEN_OBJECT) {
        loggly->open = true;
        loggly->depth = token->depth + 1;
        loggly->emit->records++;
        lw_event_start(&loggly->event, loggly->emit, &loggly->memo, token->line, token->byte);
        return LW_ERR_OK;
    }
    if (token->kind == LW_TOKEN_ARRAY || token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    loggly->emit->records++;
    return lw_emit_reject_text(loggly->emit, LW_REJECT_UNKNOWN_RECORD, token->line, token->byte, token->text, fault);
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct loggly *loggly = self;

    if (!loggly->open)
        return between_events(loggly, token, fault);
    if (token->depth == loggly->depth)
        return lw_event_token(&loggly->event, token, fault);
    if (token->depth > loggly->depth)
        return LW_ERR_OK;
    loggly->open = false;
    return lw_event_end(&loggly->event, NULL, fault);
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct loggly *loggly = self;

    loggly->emit->records += loggly->open ? 0 : 1;
    loggly->open = false;
    return lw_emit_reject(loggly->emit, reason, line, byte, detail, fault);
}

static void close_loggly(void *state)
{
    struct loggly *loggly = state;

    if (loggly == NULL)
        return;
    lw_scan_close(loggly->scan);
    free(loggly);
}

static enum lw_err open_loggly(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct loggly *loggly = calloc(1, sizeof(*loggly));
    enum lw_err err;

    if (loggly == NULL)
        return lw_fault_memory(fault, "the decoder of Loggly events");
    loggly->emit = emit;
    err = lw_scan_open(&loggly->scan, &calls, loggly, fault);
    if (err != LW_ERR_OK) {
        close_loggly(loggly);
        return err;
    }
    *state = loggly;
    return LW_ERR_OK;
}

static enum lw_err push_loggly(void *state, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct loggly *loggly = state;

    return lw_scan_push(loggly->scan, bytes, n, fault);
}

static enum lw_err finish_loggly(void *state, struct lw_fault *fault)
{
    struct loggly *loggly = state;

    return lw_scan_finish(loggly->scan, fault);
}

const struct lw_format_decoder lw_format_loggly = {
    .format = LW_FORMAT_LOGGLY,
    .open = open_loggly,
    .push = push_loggly,
    .finish = finish_loggly,
    .close = close_loggly,
};
