#include "engine/base/fault.h"
#include "engine/decode/format.h"

#include <assert.h>
#include <stdlib.h>

/* A byte order mark, as some Windows tools write it before UTF-8; JSON and tables begin after it (RFC 8259, 8.1). */
static const char mark[3] = {'\xef', '\xbb', '\xbf'};

struct lw_decoder {
    const struct lw_format_decoder *format;
    void *state;
    struct lw_emit emit;
    size_t marked; /* bytes of the mark seen so far */
    bool begun;    /* past the place where a mark may stand */
};

static const struct {
    const char *id, *text;
} formats[LW_FORMAT_COUNT] = {
#define LW_FORMAT_ROW(name, id, text) [LW_FORMAT_##name] = {id, text},
    LW_FORMAT_LIST(LW_FORMAT_ROW)
#undef LW_FORMAT_ROW
};

const char *lw_format_id(enum lw_format format)
{
    return formats[format].id;
}

const char *lw_format_text(enum lw_format format)
{
    return formats[format].text;
}

bool lw_format_find(struct lw_str id, enum lw_format *format)
{
    for (size_t i = 0; i < LW_FORMAT_COUNT; i++) {
        if (lw_str_equal(id, lw_str_from(formats[i].id))) {
            *format = (enum lw_format)i;
            return true;
        }
    }
    return false;
}

static const struct lw_format_decoder *decoder_of(enum lw_format format)
{
    static const struct lw_format_decoder *const decoders[LW_FORMAT_COUNT] = {
        [LW_FORMAT_LOGGLY] = &lw_format_loggly,
        [LW_FORMAT_LOGGLY_EXPORT] = &lw_format_loggly_export,
        [LW_FORMAT_METRIC_STREAM] = &lw_format_metric_stream,
        [LW_FORMAT_METRIC_DATA] = &lw_format_metric_data,
        [LW_FORMAT_METRIC_STATISTICS] = &lw_format_metric_statistics,
        [LW_FORMAT_TRAINING_JOBS] = &lw_format_training_jobs,
        [LW_FORMAT_LOG] = &lw_format_log,
        [LW_FORMAT_LOG_EVENTS] = &lw_format_log_events,
        [LW_FORMAT_CSV] = &lw_format_csv,
        [LW_FORMAT_LOGGLY_CSV] = &lw_format_loggly_csv,
        [LW_FORMAT_NDJSON] = &lw_format_ndjson,
        [LW_FORMAT_FETCHED] = &lw_format_fetched,
    };

    return decoders[format];
}

/* What the user says is known for the whole input, so it is looked up once. */
static enum lw_err name_options(struct lw_emit *emit, struct lw_fault *fault)
{
    const struct {
        struct lw_str text;
        uint32_t *id;
    } names[] = {
        {emit->options->origin, &emit->origin},
        {emit->options->model, &emit->model},
        {emit->options->run, &emit->run},
        {emit->options->metric, &emit->metric},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        enum lw_err err = lw_emit_name(emit, names[i].text, names[i].id, fault);

        if (err != LW_ERR_OK)
            return err;
    }
    return LW_ERR_OK;
}

enum lw_err lw_decode_open(struct lw_decoder **out, enum lw_format format, const struct lw_decode_options *options,
                           struct lw_names *names, const struct lw_decode_calls *calls, void *self,
                           struct lw_fault *fault)
{
    const struct lw_format_decoder *of = decoder_of(format);
    struct lw_decoder *decoder;
    enum lw_err err;

    assert(of != NULL); /* LW_FORMAT_AUTO is for lw_decode_sniff */
    decoder = calloc(1, sizeof(*decoder));
    if (decoder == NULL)
        return lw_fault_memory(fault, "a decoder");
    decoder->format = of;
    decoder->emit = (struct lw_emit){.options = options, .names = names, .calls = calls, .self = self};
    err = name_options(&decoder->emit, fault);
    if (err == LW_ERR_OK)
        err = of->open(&decoder->state, &decoder->emit, fault);
    if (err != LW_ERR_OK) {
        free(decoder);
        return err;
    }
    *out = decoder;
    return LW_ERR_OK;
}

/* Holds back what may be a mark until it is one or is none. */
static enum lw_err begin(struct lw_decoder *decoder, const char **bytes, size_t *n, struct lw_fault *fault)
{
    while (*n > 0 && decoder->marked < sizeof(mark) && **bytes == mark[decoder->marked]) {
        decoder->marked++;
        (*bytes)++;
        (*n)--;
    }
    if (decoder->marked == sizeof(mark)) {
        decoder->begun = true;
        decoder->emit.before = sizeof(mark);
        return LW_ERR_OK;
    }
    if (*n == 0)
        return LW_ERR_OK;
    decoder->begun = true;
    return decoder->marked == 0 ? LW_ERR_OK : decoder->format->push(decoder->state, mark, decoder->marked, fault);
}

enum lw_err lw_decode_push(struct lw_decoder *decoder, const char *bytes, size_t n, struct lw_fault *fault)
{
    if (!decoder->begun) {
        enum lw_err err = begin(decoder, &bytes, &n, fault);

        if (err != LW_ERR_OK)
            return err;
    }
    return n == 0 ? LW_ERR_OK : decoder->format->push(decoder->state, bytes, n, fault);
}

enum lw_err lw_decode_finish(struct lw_decoder *decoder, struct lw_fault *fault)
{
    if (!decoder->begun && decoder->marked > 0) {
        enum lw_err err = decoder->format->push(decoder->state, mark, decoder->marked, fault);

        if (err != LW_ERR_OK)
            return err;
    }
    decoder->begun = true;
    return decoder->format->finish(decoder->state, fault);
}

uint64_t lw_decode_records(const struct lw_decoder *decoder)
{
    return decoder->emit.records;
}

void lw_decode_close(struct lw_decoder *decoder)
{
    if (decoder == NULL)
        return;
    decoder->format->close(decoder->state);
    free(decoder);
}
