#include "tests/kit/decoded.h"

#include "tests/kit/alloc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LW_PRINTF(2, 3) static void add(struct kit_decoded *out, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    size_t n;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    n = strlen(line);
    for (size_t i = 0; i < n; i++)
        out->hash = (out->hash ^ (unsigned char)line[i]) * 0x100000001b3u;
    if (out->len + n < sizeof(out->text)) {
        memcpy(out->text + out->len, line, n + 1);
        out->len += n;
    }
}

static const char *name(const struct kit_decoded *out, uint32_t id)
{
    struct lw_str text = lw_names_text(out->names, id);

    return text.at != NULL ? text.at : "";
}

static void add_number(struct kit_decoded *out, const char *key, double value)
{
    char text[40];

    snprintf(text, sizeof(text), "%.9g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof(text), "%.17g", value);
    add(out, " %s=%s", key, text);
}

static enum lw_err on_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct kit_decoded *out = self;

    (void)fault;
    out->points++;
    add(out, "point %s|%s|%s|%s %" PRId64 "%s%s%s", name(out, point->origin), name(out, point->model),
        name(out, point->run), name(out, point->metric), point->at, point->flags & LW_POINT_STEP ? " step" : "",
        point->flags & LW_POINT_CLOUDWATCH ? " cloudwatch" : "", point->flags & LW_POINT_HEARTBEAT ? " heartbeat" : "");
    if (point->known & LW_KNOWN_SUM)
        add_number(out, "sum", point->sum);
    if (point->known & LW_KNOWN_MIN)
        add_number(out, "min", point->min);
    if (point->known & LW_KNOWN_MAX)
        add_number(out, "max", point->max);
    if (point->known & LW_KNOWN_COUNT)
        add_number(out, "count", point->count);
    if (point->known & LW_KNOWN_AVERAGE)
        add_number(out, "average", point->average);
    add(out, "\n");
    return LW_ERR_OK;
}

static enum lw_err on_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    static const char *const kinds[] = {
#define KIND(name) [LW_FACT_##name] = #name,
        LW_FACT_LIST(KIND)
#undef KIND
    };
    struct kit_decoded *out = self;

    (void)fault;
    out->facts++;
    add(out, "fact %s %s|%s|%s", kinds[fact->kind], name(out, fact->origin), name(out, fact->model),
        name(out, fact->run));
    if (fact->key != 0)
        add(out, " key=%s", name(out, fact->key));
    if (fact->text != 0)
        add(out, " text=%s", name(out, fact->text));
    if (fact->has_at)
        add(out, " at=%" PRId64, fact->at.ms);
    if (fact->has_until)
        add(out, " until=%" PRId64, fact->until.ms);
    add_number(out, "number", fact->number);
    add(out, " rank=%d\n", fact->rank);
    return LW_ERR_OK;
}

static enum lw_err on_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                             struct lw_fault *fault)
{
    struct kit_decoded *out = self;

    (void)fault;
    out->rejects++;
    out->reasons[reason]++;
    add(out, "reject %s %" PRIu64 ":%" PRIu64 " %s\n", lw_reject_id(reason), line, byte, detail != NULL ? detail : "");
    return LW_ERR_OK;
}

/* Chunks: `first` bytes, then `then` at a time (0: all the rest), or of random sizes. */
struct chunks {
    size_t first, then;
    struct kit_random *random;
};

static size_t next_chunk(const struct chunks *chunks, size_t at, size_t n)
{
    size_t size = at == 0 && chunks->first > 0 ? chunks->first : chunks->then;

    if (chunks->random != NULL)
        size = (size_t)(kit_random_bits(chunks->random) % 97) + 1;
    return size == 0 || size > n - at ? n - at : size;
}

static enum lw_err push_chunks(struct lw_decoder *decoder, const char *bytes, size_t n, const struct chunks *chunks,
                               struct lw_fault *fault)
{
    for (size_t at = 0; at < n;) {
        size_t size = next_chunk(chunks, at, n);
        enum lw_err err = lw_decode_push(decoder, bytes + at, size, fault);

        if (err != LW_ERR_OK)
            return err;
        at += size;
    }
    return lw_decode_finish(decoder, fault);
}

static void decode(struct kit_decoded *out, enum lw_format format, const struct lw_decode_options *options,
                   const char *bytes, size_t n, const struct chunks *chunks)
{
    static const struct lw_decode_options none;
    static const struct lw_decode_calls calls = {.point = on_point, .fact = on_fact, .reject = on_reject};
    struct lw_decoder *decoder = NULL;

    memset(out, 0, offsetof(struct kit_decoded, text));
    out->text[0] = '\0';
    out->hash = 0xcbf29ce484222325u;
    out->names = NULL;
    out->err = lw_names_open(&out->names, 64u << 20, &out->fault);
    if (out->err == LW_ERR_OK)
        out->err =
            lw_decode_open(&decoder, format, options != NULL ? options : &none, out->names, &calls, out, &out->fault);
    if (out->err == LW_ERR_OK)
        out->err = push_chunks(decoder, bytes, n, chunks, &out->fault);
    if (decoder != NULL)
        out->records = lw_decode_records(decoder);
    lw_decode_close(decoder);
    lw_names_close(out->names);
    out->names = NULL;
}

void kit_decode(struct kit_decoded *out, enum lw_format format, const struct lw_decode_options *options,
                const char *bytes, size_t n)
{
    decode(out, format, options, bytes, n, &(struct chunks){0});
}

static struct kit_decoded whole, part;

int kit_decodes_to(enum lw_format format, const struct lw_decode_options *options, const char *text, const char *want)
{
    kit_decode(&whole, format, options, text, strlen(text));
    if (whole.err == LW_ERR_OK && strcmp(whole.text, want) == 0)
        return 1;
    printf("# got (%s):\n%s# want:\n%s", whole.err == LW_ERR_OK ? "no error" : whole.fault.text, whole.text, want);
    return 0;
}

static int same(size_t at)
{
    if (part.err == whole.err && part.hash == whole.hash && part.records == whole.records)
        return 1;
    printf("# cut at %zu:\n%s# whole:\n%s", at, part.text, whole.text);
    return 0;
}

int kit_decode_cuts(enum lw_format format, const struct lw_decode_options *options, const char *bytes, size_t n,
                    int every, struct kit_random *random)
{
    kit_decode(&whole, format, options, bytes, n);
    for (size_t at = 1; every && at < n; at++) {
        decode(&part, format, options, bytes, n, &(struct chunks){.first = at});
        if (!same(at))
            return 0;
    }
    decode(&part, format, options, bytes, n, &(struct chunks){.first = 1, .then = 1});
    if (!same(1))
        return 0;
    for (int round = 0; round < 20; round++) {
        decode(&part, format, options, bytes, n, &(struct chunks){.random = random});
        if (!same(0))
            return 0;
    }
    return 1;
}

int kit_decode_ends(enum lw_format format, const struct lw_decode_options *options, const char *bytes, size_t n)
{
    kit_decode(&whole, format, options, bytes, n);
    for (size_t at = 0; at < n; at++) {
        char *copy = malloc(at + 1); /* so that a sanitizer sees what is read behind the end */

        if (copy == NULL)
            abort();
        memcpy(copy, bytes, at);
        kit_decode(&part, format, options, copy, at);
        free(copy);
        if (part.err != LW_ERR_OK || part.points > whole.points || part.facts > whole.facts) {
            printf("# ended at %zu: %s\n%s", at, part.fault.text, part.text);
            return 0;
        }
    }
    return 1;
}

struct torture {
    enum lw_format format;
    const struct lw_decode_options *options;
    const char *bytes;
    size_t n;
};

static bool decode_tortured(void *self, bool failed)
{
    const struct torture *torture = self;

    decode(&part, torture->format, torture->options, torture->bytes, torture->n, &(struct chunks){.then = 61});
    return part.err == (failed ? LW_ERR_NOMEM : LW_ERR_OK) && (!failed || part.fault.code == LW_ERR_NOMEM);
}

void kit_decode_torture(enum lw_format format, const struct lw_decode_options *options, const char *bytes, size_t n)
{
    struct torture torture = {.format = format, .options = options, .bytes = bytes, .n = n};

    CU_ASSERT(kit_alloc_torture(decode_tortured, &torture) > 0);
}
