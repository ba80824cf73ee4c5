#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/log/log_line.h"
#include "engine/decode/reader.h"

/* Messages of CloudWatch Logs: filter-log-events and get-log-events ({"events":[...]}), the payload of a subscription
   ({"messageType", "logStream", "logEvents":[...]}), or lines of single events. The run is the log stream up to its first
   slash (SageMaker's streams are `job/algo-1-1560348300`); --run overrides it. A stream or type that comes after the
   events (keys are free to) makes the events wait, up to 1 MiB of them. */
enum role { TOP = LW_WALK_TOP, EVENTS, LOG_EVENTS, EVENT, MESSAGE, TIME, STREAM, TYPE };

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(TOP, TOP),
    LW_WALK_KEY(TOP, "events", EVENTS),
    LW_WALK_KEY(TOP, "logEvents", LOG_EVENTS),
    LW_WALK_KEY(TOP, "logStream", STREAM),
    LW_WALK_KEY(TOP, "logStreamName", STREAM),
    LW_WALK_KEY(TOP, "messageType", TYPE),
    LW_WALK_KEY(TOP, "message", MESSAGE),
    LW_WALK_KEY(TOP, "timestamp", TIME),
    LW_WALK_ELEMENT(EVENTS, EVENT),
    LW_WALK_ELEMENT(LOG_EVENTS, EVENT),
    LW_WALK_KEY(EVENT, "message", MESSAGE),
    LW_WALK_KEY(EVENT, "timestamp", TIME),
    LW_WALK_KEY(EVENT, "logStreamName", STREAM),
    LW_WALK_KEY(EVENT, "logStream", STREAM),
};

struct event {
    uint32_t run; /* 0: of the document */
    bool has_time, bad_time, has_message;
    lw_time time;
    uint64_t line, byte;
    size_t message_len;
};

struct logs {
    struct lw_reader reader; /* open: inside of an event, or of what may be a page of them */
    struct lw_log_lines *lines;
    uint32_t depth; /* of the members of what is open */
    struct event event;
    struct lw_buf message;
    /* Of the document. */
    uint32_t run, default_run; /* default_run: 0 until it is needed */
    bool subscription;         /* so that a type and a stream are to be expected */
    bool has_type, control;
    struct lw_buf waiting; /* struct event, its message, padding; again */
};

/* A message may be several lines; the log's reader parts them. */
static enum lw_err give_lines(struct logs *logs, const struct event *event, const char *message, struct lw_fault *fault)
{
    struct lw_log_line line = {.run = event->run,
                               .text = {message, event->message_len},
                               .has_time = event->has_time,
                               .time = event->time,
                               .line = event->line,
                               .byte = event->byte};

    if (line.run == 0)
        line.run = logs->run;
    if (line.run == 0) {
        enum lw_err err =
            logs->default_run != 0 ? LW_ERR_OK : lw_log_line_run(logs->reader.emit, &logs->default_run, fault);

        if (err != LW_ERR_OK)
            return err;
        line.run = logs->default_run;
    }
    return lw_log_line_read(logs->lines, &line, fault); /* counts the record */
}

static enum lw_err give_event(struct logs *logs, const struct event *event, const char *message, struct lw_fault *fault)
{
    struct lw_emit *emit = logs->reader.emit;

    if (logs->control || !event->has_message) {
        emit->records++;
        return lw_emit_reject(emit, logs->control ? LW_REJECT_CONTROL_MESSAGE : LW_REJECT_UNKNOWN_RECORD, event->line,
                              event->byte, logs->control ? NULL : "an event without a message", fault);
    }
    if (event->bad_time) { /* told already; without its time the message would be put at a wrong one */
        emit->records++;
        return LW_ERR_OK;
    }
    return give_lines(logs, event, message, fault);
}

static enum lw_err wait_for_stream(struct logs *logs, struct lw_fault *fault)
{
    struct lw_buf *waiting = &logs->waiting;
    size_t before = waiting->len;

    lw_buf_bytes(waiting, &logs->event, sizeof(logs->event));
    lw_buf_str(waiting, lw_buf_view(&logs->message));
    if (waiting->error == LW_ERR_OK)
        return LW_ERR_OK;
    if (waiting->error != LW_ERR_LIMIT)
        return lw_fault_memory(fault, "log events without a stream");
    waiting->error = LW_ERR_OK;
    waiting->len = before;
    logs->reader.emit->records++;
    return lw_emit_reject(logs->reader.emit, LW_REJECT_TOO_LARGE, logs->event.line, logs->event.byte,
                          "1 MiB of events before the name of their stream", fault);
}

/* The stream and the type are known, or will never be. */
static enum lw_err give_waiting(struct logs *logs, struct lw_fault *fault)
{
    struct event event;
    enum lw_err err = LW_ERR_OK;

    for (size_t at = 0; at < logs->waiting.len && err == LW_ERR_OK; at += event.message_len) {
        memcpy(&event, logs->waiting.at + at, sizeof(event));
        at += sizeof(event);
        err = give_event(logs, &event, logs->waiting.at + at, fault);
    }
    lw_buf_clear(&logs->waiting);
    return err;
}

static bool is_waiting(const struct logs *logs)
{
    return logs->subscription && (!logs->has_type || (logs->run == 0 && logs->reader.emit->run == 0));
}

static enum lw_err end_event(struct logs *logs, struct lw_fault *fault)
{
    enum lw_err err;

    logs->reader.open = false;
    logs->event.message_len = logs->message.len;
    if (is_waiting(logs))
        return wait_for_stream(logs, fault);
    err = give_waiting(logs, fault);
    return err != LW_ERR_OK ? err : give_event(logs, &logs->event, logs->message.at, fault);
}

static enum lw_err take_run(struct logs *logs, struct lw_str stream, struct lw_fault *fault)
{
    const char *slash = stream.len > 0 ? memchr(stream.at, '/', stream.len) : NULL;
    bool of_event = logs->reader.open && logs->reader.walk.role[logs->depth - 1] == EVENT;
    enum lw_err err;

    if (logs->reader.emit->run != 0)
        return LW_ERR_OK;
    if (slash != NULL)
        stream.len = (size_t)(slash - stream.at);
    err = lw_memo_name(&logs->reader.memo, logs->reader.emit, stream, &logs->event.run, fault);
    if (err != LW_ERR_OK || of_event)
        return err;
    logs->run = logs->event.run;
    return LW_ERR_OK;
}

static enum lw_err take(struct logs *logs, const struct lw_token *token, uint8_t role, struct lw_fault *fault)
{
    bool text = token->kind == LW_TOKEN_STRING;

    switch ((enum role)role) {
    case MESSAGE:
        if (!text)
            return LW_ERR_OK;
        logs->event.has_message = true;
        lw_buf_clear(&logs->message);
        lw_buf_str(&logs->message, token->text);
        return logs->message.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "a log message");
    case TIME:
        if (token->kind == LW_TOKEN_NULL)
            return LW_ERR_OK;
        logs->event.has_time =
            lw_memo_time(&logs->reader.memo, token, logs->reader.emit->options->zone, &logs->event.time);
        logs->event.bad_time = !logs->event.has_time;
        if (logs->event.has_time)
            return LW_ERR_OK;
        return lw_emit_reject_text(logs->reader.emit, LW_REJECT_BAD_TIME, token->line, token->byte, token->text, fault);
    case STREAM:
        return text ? take_run(logs, token->text, fault) : LW_ERR_OK;
    case TYPE:
        logs->has_type = true;
        logs->control = text && lw_str_equal(token->text, LW_STR("CONTROL_MESSAGE"));
        return LW_ERR_OK;
    case TOP:
    case EVENTS:
    case LOG_EVENTS:
    case EVENT:
        break;
    }
    return LW_ERR_OK;
}

static void start(struct logs *logs, const struct lw_token *token, uint8_t role)
{
    logs->reader.open = true;
    logs->depth = token->depth + 1;
    logs->event = (struct event){.line = token->line, .byte = token->byte};
    lw_buf_clear(&logs->message);
    if (role == EVENT)
        return;
    logs->run = 0;
    logs->subscription = logs->has_type = logs->control = false;
    lw_buf_clear(&logs->waiting);
}

static enum lw_err end_document(struct logs *logs, struct lw_fault *fault)
{
    enum lw_err err;

    if (logs->reader.open) {
        err = end_event(logs, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    return give_waiting(logs, fault);
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct logs *logs = self;
    uint8_t role = lw_walk_token(&logs->reader.walk, token);

    if (token->kind == LW_TOKEN_KEY || token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    if (token->kind == LW_TOKEN_OBJECT_END) {
        if (role == TOP)
            return end_document(logs, fault);
        return role == EVENT ? end_event(logs, fault) : LW_ERR_OK;
    }
    /* So it is no event but a page of them. */
    if (token->kind == LW_TOKEN_ARRAY && (role == EVENTS || role == LOG_EVENTS)) {
        logs->reader.open = false;
        logs->subscription = role == LOG_EVENTS;
        return LW_ERR_OK;
    }
    if (token->kind == LW_TOKEN_OBJECT && (role == TOP || role == EVENT)) {
        start(logs, token, role);
        return LW_ERR_OK;
    }
    if ((role == TOP || role == EVENT) && lw_reader_is_scalar(token))
        return lw_reader_unknown(&logs->reader, token, fault);
    return logs->reader.open || role == STREAM || role == TYPE ? take(logs, token, role, fault) : LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    enum lw_err err = give_waiting(self, fault);

    return err != LW_ERR_OK ? err : lw_reader_bad(self, reason, line, byte, detail, fault);
}

static enum lw_err finish_logs(void *state, struct lw_fault *fault)
{
    struct logs *logs = state;
    enum lw_err err = lw_reader_finish(state, fault);

    return err != LW_ERR_OK ? err : lw_log_line_finish(logs->lines, fault);
}

static void close_logs(void *state)
{
    struct logs *logs = state;

    if (logs != NULL) {
        lw_log_line_close(logs->lines);
        lw_buf_close(&logs->message);
        lw_buf_close(&logs->waiting);
    }
    lw_reader_close(state);
}

static enum lw_err open_logs(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct logs *logs;
    void *opened;
    enum lw_err err;

    err = lw_reader_open(&opened, sizeof(*logs), &calls, rules, sizeof(rules) / sizeof(rules[0]), emit, fault);
    if (err != LW_ERR_OK)
        return err;
    logs = opened;
    logs->message.ceiling = LW_SCAN_SCALAR_MAX;
    logs->waiting.ceiling = LW_SCAN_SCALAR_MAX;
    err = lw_log_line_open(&logs->lines, emit, fault);
    if (err != LW_ERR_OK) {
        close_logs(logs);
        return err;
    }
    *state = logs;
    return LW_ERR_OK;
}

const struct lw_format_decoder lw_format_log_events = {
    .format = LW_FORMAT_LOG_EVENTS,
    .open = open_logs,
    .push = lw_reader_push,
    .finish = finish_logs,
    .close = close_logs,
};
