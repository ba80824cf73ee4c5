/* Training logs as text: lines of any length up to 1 MiB, one run per file. */
#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/format.h"
#include "engine/decode/log/log_line.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_LINE (1u << 20)

struct log {
    struct lw_emit *emit;
    struct lw_log_lines *lines;
    struct lw_buf held; /* the beginning of a line that did not end in its chunk */
    bool skipping;      /* the rest of a line that is too long */
    uint32_t run;
    uint64_t line, byte; /* of the line that is being read */
    uint64_t next;       /* of the byte that comes next */
};

static void log_close(void *state)
{
    struct log *log = state;

    if (log == NULL)
        return;
    lw_log_line_close(log->lines);
    lw_buf_close(&log->held);
    free(log);
}

static enum lw_err log_open(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    struct log *log = calloc(1, sizeof(*log));
    enum lw_err err;

    if (log == NULL)
        return lw_fault_memory(fault, "reading a log");
    log->emit = emit;
    log->held.ceiling = LONGEST_LINE;
    log->line = 1;
    err = lw_log_line_run(emit, &log->run, fault);
    if (err == LW_ERR_OK)
        err = lw_log_line_open(&log->lines, emit, fault);
    if (err != LW_ERR_OK) {
        log_close(log);
        return err;
    }
    *state = log;
    return LW_ERR_OK;
}

/* A whole line, without its line feed. */
static enum lw_err give_line(struct log *log, const char *at, size_t n, struct lw_fault *fault)
{
    struct lw_log_line line = {.run = log->run, .text = {at, n}, .line = log->line, .byte = log->byte};

    return lw_log_line_read(log->lines, &line, fault);
}

/* As much of a line as there is. What cannot be held is told once. */
static enum lw_err hold(struct log *log, const char *at, size_t n, struct lw_fault *fault)
{
    if (log->skipping)
        return LW_ERR_OK;
    if (n <= LONGEST_LINE - log->held.len) {
        lw_buf_bytes(&log->held, at, n);
        return log->held.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "a line of a log");
    }
    log->skipping = true;
    log->emit->records++;
    return lw_emit_reject(log->emit, LW_REJECT_TOO_LARGE, log->line, log->byte, "a line of more than 1 MiB", fault);
}

static enum lw_err end_line(struct log *log, const char *at, size_t n, struct lw_fault *fault)
{
    enum lw_err err;

    if (log->held.len == 0 && !log->skipping && n <= LONGEST_LINE) {
        err = give_line(log, at, n, fault);
    } else {
        err = hold(log, at, n, fault);
        if (err == LW_ERR_OK && !log->skipping)
            err = give_line(log, log->held.at, log->held.len, fault);
    }
    lw_buf_clear(&log->held);
    log->skipping = false;
    log->line++;
    log->byte = log->next;
    return err;
}

static enum lw_err log_push(void *state, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct log *log = state;
    enum lw_err err = LW_ERR_OK;

    while (n > 0 && err == LW_ERR_OK) {
        const char *feed = memchr(bytes, '\n', n);
        size_t taken = feed != NULL ? (size_t)(feed - bytes) : n;

        log->next += taken + (feed != NULL);
        if (feed == NULL)
            return hold(log, bytes, n, fault);
        err = end_line(log, bytes, taken, fault);
        bytes += taken + 1;
        n -= taken + 1;
    }
    return err;
}

static enum lw_err log_finish(void *state, struct lw_fault *fault)
{
    struct log *log = state;
    enum lw_err err = LW_ERR_OK;

    if (log->held.len > 0)
        err = end_line(log, NULL, 0, fault);
    return err == LW_ERR_OK ? lw_log_line_finish(log->lines, fault) : err;
}

const struct lw_format_decoder lw_format_log = {LW_FORMAT_LOG, log_open, log_push, log_finish, log_close};
