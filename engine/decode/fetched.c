#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/decode/format.h"

#include <stdlib.h>

/* What `leeway fetch` writes: one document of a service per line, as it was received, within an object that says what the
   document itself does not:
   {"lw_fetched":"get-metric-statistics","origin":"123456789012/us-east-1","run":"J","metric":"loss","body":{...}}
   `lw_fetched` is the id of the body's format and comes first, `body` comes last. Lines that follow one another and say the
   same go into one decoder of that format. */

#define LINE_MAX_BYTES ((size_t)32 << 20) /* a document and its envelope; services give far less */

enum member { ORIGIN, RUN, METRIC, STAT, MEMBERS };

static const char *const members[MEMBERS] = {"origin", "run", "metric", "stat"};

struct envelope {
    enum lw_format format;
    struct lw_str texts[MEMBERS];
    size_t body, body_end;                      /* offsets in the line */
    bool known, has_body, ended, bad;           /* bad: told already */
    enum { NOTHING, FORMAT, TEXT, BODY } value; /* of the key that was read last */
    enum member member;
};

struct fetched {
    struct lw_emit *emit;
    struct lw_buf line;    /* the part of a line that was pushed so far */
    uint64_t number, byte; /* of the line: from 1; where it starts */
    bool crowded;          /* the line is too long, and passed over */
    struct lw_scan *scan;
    struct lw_arena arena, open_arena; /* texts of the line's envelope; of the one whose decoder is open */
    struct envelope envelope, open;
    struct lw_decode_options options;
    struct lw_decoder *decoder; /* or NULL */
    uint64_t records;           /* of decoders that are closed */
    uint64_t first, last;       /* lines that the decoder began with, and was given last */
    uint64_t given;             /* bytes that it was given before this line */
};

static enum lw_err on_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    const struct lw_emit *emit = ((struct fetched *)self)->emit;

    return emit->calls->point(emit->self, point, fault);
}

static enum lw_err on_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    const struct lw_emit *emit = ((struct fetched *)self)->emit;

    return emit->calls->fact(emit->self, fact, fault);
}

/* A body is one line to its decoder. */
static enum lw_err on_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                             struct lw_fault *fault)
{
    const struct fetched *fetched = self;
    uint64_t inside = byte >= fetched->given ? byte - fetched->given : 0;

    return fetched->emit->calls->reject(fetched->emit->self, reason, fetched->first + (line > 0 ? line - 1 : 0),
                                        fetched->byte + fetched->envelope.body + inside, detail, fault);
}

static enum lw_err close_decoder(struct fetched *fetched, struct lw_fault *fault)
{
    enum lw_err err;

    if (fetched->decoder == NULL)
        return LW_ERR_OK;
    err = lw_decode_finish(fetched->decoder, fault);
    fetched->records += lw_decode_records(fetched->decoder);
    fetched->emit->records = fetched->records;
    lw_decode_close(fetched->decoder);
    fetched->decoder = NULL;
    return err;
}

static bool is_same(const struct envelope *a, const struct envelope *b)
{
    bool same = a->format == b->format;

    for (size_t i = 0; i < MEMBERS; i++)
        same = same && lw_str_equal(a->texts[i], b->texts[i]);
    return same;
}

static enum lw_err open_decoder(struct fetched *fetched, struct lw_fault *fault)
{
    static const struct lw_decode_calls calls = {.point = on_point, .fact = on_fact, .reject = on_reject};
    struct lw_decode_options *options = &fetched->options;
    enum lw_err err = close_decoder(fetched, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_arena_reset(&fetched->open_arena);
    fetched->open = fetched->envelope;
    for (size_t i = 0; i < MEMBERS; i++) {
        fetched->open.texts[i] = lw_arena_text(&fetched->open_arena, fetched->envelope.texts[i]);
        if (fetched->open.texts[i].at == NULL)
            return lw_fault_memory(fault, "what was fetched");
    }
    *options = *fetched->emit->options;
    if (fetched->open.texts[ORIGIN].len > 0)
        options->origin = fetched->open.texts[ORIGIN];
    options->run = fetched->open.texts[RUN];
    options->metric = fetched->open.texts[METRIC];
    options->stat = fetched->open.texts[STAT];
    fetched->first = fetched->number;
    fetched->given = 0;
    return lw_decode_open(&fetched->decoder, fetched->open.format, options, fetched->emit->names, &calls, fetched,
                          fault);
}

static enum lw_err take_value(struct fetched *fetched, const struct lw_token *token, struct lw_fault *fault)
{
    struct envelope *envelope = &fetched->envelope;

    if (envelope->value == FORMAT && token->kind == LW_TOKEN_STRING) {
        envelope->known = lw_format_find(token->text, &envelope->format) && envelope->format != LW_FORMAT_AUTO &&
                          envelope->format != LW_FORMAT_FETCHED;
    } else if (envelope->value == TEXT && token->kind == LW_TOKEN_STRING) {
        envelope->texts[envelope->member] = lw_arena_text(&fetched->arena, token->text);
        if (envelope->texts[envelope->member].at == NULL)
            return lw_fault_memory(fault, "what was fetched");
    } else if (envelope->value == BODY) {
        envelope->body = token->byte;
        envelope->has_body = true;
    }
    if (envelope->value != BODY)
        envelope->value = NOTHING;
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct fetched *fetched = self;
    struct envelope *envelope = &fetched->envelope;

    if (token->depth == 0) {
        /* One object and nothing behind it. */
        envelope->known = envelope->known && !envelope->ended;
        envelope->ended = token->kind == LW_TOKEN_OBJECT_END;
        envelope->body_end = token->byte;
        return LW_ERR_OK;
    }
    if (token->depth != 1 || token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    if (token->kind != LW_TOKEN_KEY)
        return take_value(fetched, token, fault);
    if (envelope->has_body) /* it is the last one */
        envelope->known = false;
    envelope->value = lw_str_equal(token->text, LW_STR("lw_fetched")) ? FORMAT
                      : lw_str_equal(token->text, LW_STR("body"))     ? BODY
                                                                      : NOTHING;
    for (size_t i = 0; i < MEMBERS; i++) {
        if (lw_str_equal(token->text, lw_str_from(members[i]))) {
            envelope->value = TEXT;
            envelope->member = (enum member)i;
        }
    }
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct fetched *fetched = self;

    (void)line;
    fetched->envelope.bad = true;
    fetched->emit->records = ++fetched->records;
    return lw_emit_reject(fetched->emit, reason, fetched->number, fetched->byte + byte, detail, fault);
}

static bool is_blank(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != ' ' && text.at[i] != '\t' && text.at[i] != '\r')
            return false;
    }
    return true;
}

static enum lw_err give_body(struct fetched *fetched, struct lw_str line, struct lw_fault *fault)
{
    const struct envelope *envelope = &fetched->envelope;
    enum lw_err err = LW_ERR_OK;

    /* Lines between two bodies of one decoder would make its counting wrong. */
    if (fetched->decoder == NULL || !is_same(envelope, &fetched->open) || fetched->number != fetched->last + 1)
        err = open_decoder(fetched, fault);
    if (err == LW_ERR_OK)
        err = lw_decode_push(fetched->decoder, line.at + envelope->body, envelope->body_end - envelope->body, fault);
    if (err == LW_ERR_OK)
        err = lw_decode_push(fetched->decoder, "\n", 1, fault);
    if (err != LW_ERR_OK)
        return err;
    fetched->last = fetched->number;
    fetched->given += envelope->body_end - envelope->body + 1;
    fetched->emit->records = fetched->records + lw_decode_records(fetched->decoder);
    return LW_ERR_OK;
}

static enum lw_err take_line(struct fetched *fetched, struct lw_str line, struct lw_fault *fault)
{
    enum lw_err err;

    if (is_blank(line))
        return LW_ERR_OK;
    lw_arena_reset(&fetched->arena);
    fetched->envelope = (struct envelope){.known = false};
    err = lw_scan_push(fetched->scan, line.at, line.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(fetched->scan, fault);
    if (err != LW_ERR_OK)
        return err;
    if (fetched->envelope.bad)
        return LW_ERR_OK;
    if (fetched->envelope.known && fetched->envelope.has_body && fetched->envelope.ended)
        return give_body(fetched, line, fault);
    fetched->emit->records = ++fetched->records;
    return lw_emit_reject(fetched->emit, LW_REJECT_UNKNOWN_RECORD, fetched->number, fetched->byte,
                          "no line of `leeway fetch`", fault);
}

static enum lw_err end_line(struct fetched *fetched, struct lw_str line, size_t taken, struct lw_fault *fault)
{
    enum lw_err err;

    fetched->number++;
    if (fetched->crowded) {
        fetched->emit->records = ++fetched->records;
        err = lw_emit_reject(fetched->emit, LW_REJECT_TOO_LARGE, fetched->number, fetched->byte, NULL, fault);
    } else {
        err = take_line(fetched, line, fault);
    }
    fetched->crowded = false;
    fetched->byte += taken;
    lw_buf_clear(&fetched->line);
    return err;
}

static enum lw_err push(void *state, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct fetched *fetched = state;
    size_t skipped = 0;

    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end != NULL ? (size_t)(end - bytes) : n;
        enum lw_err err = LW_ERR_OK;

        if (end != NULL && fetched->line.len == 0 && !fetched->crowded) {
            err = end_line(fetched, (struct lw_str){bytes, part}, part + 1, fault);
        } else {
            lw_buf_bytes(&fetched->line, bytes, fetched->crowded ? 0 : part);
            if (fetched->line.error == LW_ERR_NOMEM)
                return lw_fault_memory(fault, "what was fetched");
            if (fetched->line.error == LW_ERR_LIMIT) {
                fetched->crowded = true;
                fetched->byte += fetched->line.len;
                lw_buf_clear(&fetched->line);
            }
            skipped = fetched->crowded ? part : 0;
            fetched->byte += skipped;
            if (end != NULL)
                err = end_line(fetched, lw_buf_view(&fetched->line), fetched->line.len + 1, fault);
        }
        if (err != LW_ERR_OK)
            return err;
        bytes += part + (end != NULL);
        n -= part + (end != NULL);
    }
    return LW_ERR_OK;
}

static enum lw_err finish(void *state, struct lw_fault *fault)
{
    struct fetched *fetched = state;
    enum lw_err err = LW_ERR_OK;

    if (fetched->line.len > 0 || fetched->crowded)
        err = end_line(fetched, lw_buf_view(&fetched->line), fetched->line.len, fault);
    return err == LW_ERR_OK ? close_decoder(fetched, fault) : err;
}

static void close_fetched(void *state)
{
    struct fetched *fetched = state;

    if (fetched == NULL)
        return;
    lw_decode_close(fetched->decoder);
    lw_scan_close(fetched->scan);
    lw_buf_close(&fetched->line);
    lw_arena_close(&fetched->arena);
    lw_arena_close(&fetched->open_arena);
    free(fetched);
}

static enum lw_err open_fetched(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct fetched *fetched = calloc(1, sizeof(*fetched));
    enum lw_err err;

    if (fetched == NULL)
        return lw_fault_memory(fault, "what was fetched");
    fetched->emit = emit;
    fetched->line.ceiling = LINE_MAX_BYTES;
    fetched->arena.ceiling = fetched->open_arena.ceiling = LINE_MAX_BYTES;
    err = lw_scan_open(&fetched->scan, &calls, fetched, fault);
    if (err != LW_ERR_OK) {
        close_fetched(fetched);
        return err;
    }
    *state = fetched;
    return LW_ERR_OK;
}

const struct lw_format_decoder lw_format_fetched = {
    .format = LW_FORMAT_FETCHED,
    .open = open_fetched,
    .push = push,
    .finish = finish,
    .close = close_fetched,
};
