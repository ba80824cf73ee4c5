#include "engine/decode/reader.h"
#include "engine/base/fault.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DETAIL 160

enum lw_err lw_reader_open(void **state, size_t size, const struct lw_scan_calls *calls,
                           const struct lw_walk_rule *rules, size_t rules_n, struct lw_emit *emit,
                           struct lw_fault *fault)
{
    struct lw_reader *reader;
    enum lw_err err;

    assert(size >= sizeof(*reader));
    reader = calloc(1, size);
    if (reader == NULL)
        return lw_fault_memory(fault, "a decoder of JSON");
    reader->emit = emit;
    reader->walk.rules = rules;
    reader->walk.rules_n = rules_n;
    err = lw_scan_open(&reader->scan, calls, reader, fault);
    if (err != LW_ERR_OK) {
        free(reader);
        return err;
    }
    *state = reader;
    return LW_ERR_OK;
}

enum lw_err lw_reader_push(void *state, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct lw_reader *reader = state;

    return lw_scan_push(reader->scan, bytes, n, fault);
}

enum lw_err lw_reader_finish(void *state, struct lw_fault *fault)
{
    struct lw_reader *reader = state;

    return lw_scan_finish(reader->scan, fault);
}

enum lw_err lw_reader_bad(void *state, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct lw_reader *reader = state;
    char text[DETAIL];

    reader->open = false;
    reader->emit->records++;
    /* The scanner goes on behind the document: whoever reads of one record shall not think the others were read. */
    if (reason != LW_REJECT_TRUNCATED && lw_walk_in_list(&reader->walk)) {
        snprintf(text, sizeof(text), "%s; what follows in the document may be lost", detail);
        detail = text;
    }
    return lw_emit_reject(reader->emit, reason, line, byte, detail, fault);
}

enum lw_err lw_reader_unknown(struct lw_reader *reader, const struct lw_token *token, struct lw_fault *fault)
{
    reader->emit->records++;
    return lw_emit_reject_text(reader->emit, LW_REJECT_UNKNOWN_RECORD, token->line, token->byte, token->text, fault);
}

void lw_reader_close(void *state)
{
    struct lw_reader *reader = state;

    if (reader == NULL)
        return;
    lw_scan_close(reader->scan);
    free(reader);
}
