#include "engine/flow/turn/input/feed.h"

#include "engine/base/fault.h"

#include <inttypes.h>
#include <stdlib.h>

#define HEAD_MAX     ((size_t)64 << 10)  /* of a document is looked at to recognise it */
#define YIELD_MAX    ((size_t)512 << 20) /* bytes of points and facts of one batch: far above what 1 MiB can give */
#define TEXT_MAX     ((size_t)16 << 20)  /* places and details of rejections, of which one per reason is kept */
#define DOCUMENT_MAX ((size_t)1 << 16)

/* A document that is being decoded; one at a time. */
struct document {
    struct lw_decode_options options;
    struct lw_decoder *decoder; /* NULL: its format is not clear yet */
    struct lw_buf head;         /* its first bytes, until then */
    size_t kept;                /* so many of them lie before the mark */
    struct lw_buf name;         /* of a continued one; else empty */
    struct lw_arena texts;      /* that the options borrow */
    uint64_t records;           /* told so far */
    bool open;
};

struct lw_feed {
    struct lw_names *names;
    struct lw_feed_options options;
    struct lw_columns columns;
    struct lw_zone *zone;
    struct document document;
    struct lw_tally tally;
    struct lw_arena texts; /* of the tally */
    struct lw_buf points, facts, parts;
    struct lw_feed_part part; /* that is being decoded */
    struct lw_feed_yield yield;
    struct lw_fault trouble;
};

static enum lw_err take_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct lw_feed *feed = self;

    if ((point->flags & LW_POINT_STEP) == 0 && (!feed->yield.has_newest || point->at > feed->yield.newest.ms)) {
        feed->yield.newest.ms = point->at;
        feed->yield.has_newest = true;
    }
    feed->part.accepted++;
    lw_buf_bytes(&feed->points, point, sizeof(*point));
    return feed->points.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "datapoints");
}

static enum lw_err take_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct lw_feed *feed = self;

    feed->part.accepted++;
    lw_buf_bytes(&feed->facts, fact, sizeof(*fact));
    return feed->facts.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "facts about runs");
}

static enum lw_err take_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                               struct lw_fault *fault)
{
    struct lw_feed *feed = self;

    (void)byte;
    feed->part.rejected[reason]++;
    if (feed->tally.rows[reason].count > 0) {
        lw_tally_count(&feed->tally, reason, 1);
        return LW_ERR_OK;
    }
    /* The label is kept only for the first of a reason, so what is noted does not grow with the input. */
    return lw_tally_add(&feed->tally, reason, lw_arena_text(&feed->texts, feed->document.options.path), line, detail,
                        &feed->texts)
               ? LW_ERR_OK
               : lw_fault_memory(fault, "what was skipped");
}

static enum lw_err read_options(struct lw_feed *feed, struct lw_fault *fault)
{
    enum lw_format format;

    if (feed->options.format != NULL && !lw_format_find(lw_str_from(feed->options.format), &format))
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "format '%.40s' of source %.60s is not known: see `leeway help analyze`",
                            feed->options.format, feed->options.name);
    if (feed->options.columns != NULL &&
        lw_columns_read(&feed->columns, lw_str_from(feed->options.columns), fault) != LW_ERR_OK)
        return LW_ERR_USAGE;
    if (feed->options.timezone != NULL)
        return lw_zone_open(&feed->zone, lw_str_from(feed->options.timezone), fault);
    return LW_ERR_OK;
}

enum lw_err lw_feed_open(struct lw_feed **out, const struct lw_feed_options *options, struct lw_names *names,
                         struct lw_fault *fault)
{
    struct lw_feed *feed = calloc(1, sizeof(*feed));
    enum lw_err err;

    if (feed == NULL)
        return lw_fault_memory(fault, "a source");
    feed->names = names;
    feed->options = *options;
    feed->points.ceiling = YIELD_MAX;
    feed->facts.ceiling = YIELD_MAX;
    feed->parts.ceiling = YIELD_MAX;
    feed->texts.ceiling = TEXT_MAX;
    feed->document.head.ceiling = HEAD_MAX + LW_SOURCE_BATCH_MAX * 2;
    feed->document.name.ceiling = DOCUMENT_MAX;
    feed->document.texts.ceiling = DOCUMENT_MAX * 4;
    err = read_options(feed, fault);
    if (err != LW_ERR_OK) {
        lw_feed_close(feed);
        return err;
    }
    *out = feed;
    return LW_ERR_OK;
}

static void forget_document(struct document *document)
{
    lw_decode_close(document->decoder);
    document->decoder = NULL;
    lw_buf_clear(&document->head);
    lw_buf_clear(&document->name);
    document->kept = 0;
    document->open = false;
    document->records = 0;
}

static struct lw_str keep(struct document *document, struct lw_str text, bool *failed)
{
    struct lw_str copy = lw_arena_text(&document->texts, text);

    *failed = *failed || copy.at == NULL;
    return copy;
}

/* The options outlive the part: a continued document is decoded over several. */
static enum lw_err begin_document(struct lw_feed *feed, const struct lw_source_part *part, struct lw_fault *fault)
{
    struct document *document = &feed->document;
    struct lw_str label = part->label.len > 0 ? part->label : lw_str_from(feed->options.name);
    struct lw_str origin = part->origin.len > 0 ? part->origin : lw_str_from(feed->options.origin);
    bool failed = false;

    lw_arena_reset(&document->texts);
    document->options = (struct lw_decode_options){
        .path = keep(document, label, &failed),
        .origin = keep(document, origin, &failed),
        .run = keep(document, part->run, &failed),
        .unnamed = part->unnamed,
        .metric = keep(document, part->metric, &failed),
        .stat = keep(document, part->stat, &failed),
        .columns = feed->columns,
        .zone = feed->zone,
    };
    lw_buf_str(&document->name, part->document);
    if (failed || document->name.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a document");
    document->open = true;
    return LW_ERR_OK;
}

static enum lw_format format_of(const struct lw_feed *feed, struct lw_str said)
{
    enum lw_format format = LW_FORMAT_AUTO;

    if (feed->options.format != NULL && (said.len == 0 || lw_str_equal(said, LW_STR("auto"))))
        said = lw_str_from(feed->options.format);
    (void)lw_format_find(said, &format);
    return format;
}

/* Makes the decoder as soon as it is clear which; *waits: more of the document is needed to know. */
static enum lw_err recognise(struct lw_feed *feed, struct lw_str said, bool ends, bool *waits, struct lw_fault *fault)
{
    static const struct lw_decode_calls calls = {.point = take_point, .fact = take_fact, .reject = take_reject};
    struct document *document = &feed->document;
    struct lw_str head = lw_buf_view(&document->head);
    enum lw_format format = format_of(feed, said);
    enum lw_err err;

    *waits = false;
    if (format == LW_FORMAT_AUTO)
        format = lw_decode_sniff(head.len < HEAD_MAX ? head : (struct lw_str){.at = head.at, .len = HEAD_MAX},
                                 document->options.path, &feed->columns);
    if (format == LW_FORMAT_AUTO && !ends && head.len < HEAD_MAX) {
        *waits = true;
        return LW_ERR_OK;
    }
    if (format == LW_FORMAT_AUTO)
        return lw_fault_set(fault, LW_ERR_FORMAT, "is in no known format: `leeway help analyze` lists them");
    err = lw_decode_open(&document->decoder, format, &document->options, feed->names, &calls, feed, fault);
    if (err == LW_ERR_OK)
        err = lw_decode_push(document->decoder, head.at, head.len, fault);
    lw_buf_clear(&document->head);
    document->kept = 0;
    return err;
}

/* What is given once more is not taken twice: of what resumes the first line, where it is here already. */
static enum lw_err add_to_head(struct document *document, const struct lw_source_part *part, struct lw_fault *fault)
{
    struct lw_buf *head = &document->head;
    size_t skip = part->resumes && head->len > 0 ? part->repeated : 0;

    lw_buf_bytes(head, part->bytes.at + skip, part->bytes.len - skip);
    if (head->error != LW_ERR_OK)
        return lw_fault_memory(fault, "the head of a document");
    document->kept = part->unmarked < head->len ? head->len - part->unmarked : 0;
    return LW_ERR_OK;
}

static enum lw_err push_part(struct lw_feed *feed, const struct lw_source_part *part, struct lw_fault *fault)
{
    struct document *document = &feed->document;
    bool ends = part->ends || part->document.len == 0;
    bool waits = false;
    enum lw_err err = LW_ERR_OK;

    if (document->decoder != NULL) {
        err = lw_decode_push(document->decoder, part->bytes.at, part->bytes.len, fault);
    } else {
        err = add_to_head(document, part, fault);
        if (err == LW_ERR_OK && document->head.len > 0)
            err = recognise(feed, part->format, ends, &waits, fault);
    }
    if (err == LW_ERR_OK && ends && document->decoder != NULL)
        err = lw_decode_finish(document->decoder, fault);
    if (document->decoder != NULL) {
        uint64_t records = lw_decode_records(document->decoder);

        feed->yield.records += records - document->records;
        document->records = records;
    }
    if (ends)
        forget_document(document);
    return err;
}

/* A document goes on after a restart, or after its source went back to the mark, and nobody knows yet what it is: what was
   read of it before the mark counts, and only that. */
static bool resumes_head(const struct document *document, const struct lw_source_part *part)
{
    return part->begins && part->resumes && document->decoder == NULL && document->kept > 0 &&
           (!document->open || lw_str_equal(lw_buf_view(&document->name), part->document));
}

static enum lw_err take_part(struct lw_feed *feed, const struct lw_source_part *part, struct lw_fault *fault)
{
    struct document *document = &feed->document;
    bool resumes = resumes_head(document, part);
    bool continues = document->open && (resumes || !part->begins) && part->document.len > 0 &&
                     lw_str_equal(lw_buf_view(&document->name), part->document);
    enum lw_err err = LW_ERR_OK;

    if (resumes)
        document->head.len = document->kept;
    else if (!document->open)
        forget_document(document); /* a head from before the restart, of another one */
    if (document->open && !continues) {
        if (document->decoder != NULL)
            err = lw_decode_finish(document->decoder, fault);
        forget_document(document);
    }
    if (err == LW_ERR_OK && !continues)
        err = begin_document(feed, part, fault);
    if (err == LW_ERR_OK)
        err = push_part(feed, part, fault);
    return err;
}

/* A document that cannot be used is told; what came before it in the batch and the documents behind it are good. */
static bool is_of_document(enum lw_err err)
{
    return err == LW_ERR_FORMAT || err == LW_ERR_USAGE;
}

/* One part, and what became of it. Only what ends everything is returned. */
static enum lw_err take_and_count(struct lw_feed *feed, const struct lw_source_part *part, struct lw_fault *fault)
{
    struct lw_fault trouble = {.code = LW_ERR_OK};
    enum lw_err err;

    feed->part = (struct lw_feed_part){.accepted = 0};
    err = take_part(feed, part, &trouble);
    if (err != LW_ERR_OK && !is_of_document(err)) {
        *fault = trouble;
        return err;
    }
    if (err != LW_ERR_OK) {
        forget_document(&feed->document);
        if (feed->part.accepted == 0)
            feed->part.trouble = trouble;
        if (feed->yield.trouble == NULL) {
            (void)lw_fault_set(&feed->trouble, err, "%.*s %s", (int)(part->label.len < 80 ? part->label.len : 80),
                               part->label.len > 0 ? part->label.at : "", trouble.text);
            feed->yield.trouble = feed->trouble.text;
        }
        if (take_reject(feed, LW_REJECT_UNKNOWN_RECORD, 0, 0, "a whole document", fault) != LW_ERR_OK)
            return LW_ERR_NOMEM;
    }
    lw_buf_bytes(&feed->parts, &feed->part, sizeof(feed->part));
    return feed->parts.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the parts of a batch");
}

enum lw_err lw_feed_take(struct lw_feed *feed, const struct lw_source_batch *batch, struct lw_feed_yield *yield,
                         struct lw_fault *fault)
{
    lw_buf_clear(&feed->points);
    lw_buf_clear(&feed->facts);
    lw_buf_clear(&feed->parts);
    feed->yield = (struct lw_feed_yield){.points = NULL};
    for (size_t i = 0; i < batch->parts_n; i++) {
        enum lw_err err = take_and_count(feed, &batch->parts[i], fault);

        if (err != LW_ERR_OK)
            return err;
    }
    feed->yield.points = (const struct lw_point *)(const void *)feed->points.at;
    feed->yield.points_n = feed->points.len / sizeof(struct lw_point);
    feed->yield.facts = (const struct lw_fact *)(const void *)feed->facts.at;
    feed->yield.facts_n = feed->facts.len / sizeof(struct lw_fact);
    feed->yield.parts = (const struct lw_feed_part *)(const void *)feed->parts.at;
    feed->yield.parts_n = feed->parts.len / sizeof(struct lw_feed_part);
    *yield = feed->yield;
    return LW_ERR_OK;
}

bool lw_feed_waits(const struct lw_feed *feed)
{
    return feed->document.decoder == NULL && feed->document.head.len > 0;
}

struct lw_str lw_feed_head(const struct lw_feed *feed)
{
    return (struct lw_str){.at = feed->document.head.at, .len = feed->document.kept};
}

enum lw_err lw_feed_restore(struct lw_feed *feed, struct lw_str head, struct lw_fault *fault)
{
    lw_buf_str(&feed->document.head, head);
    if (feed->document.head.error != LW_ERR_OK)
        return lw_fault_memory(fault, "the head of a document");
    feed->document.kept = head.len;
    return LW_ERR_OK;
}

const struct lw_tally *lw_feed_tally(const struct lw_feed *feed)
{
    return &feed->tally;
}

void lw_feed_close(struct lw_feed *feed)
{
    if (feed == NULL)
        return;
    forget_document(&feed->document);
    lw_buf_close(&feed->document.head);
    lw_buf_close(&feed->document.name);
    lw_arena_close(&feed->document.texts);
    lw_arena_close(&feed->texts);
    lw_buf_close(&feed->points);
    lw_buf_close(&feed->facts);
    lw_buf_close(&feed->parts);
    lw_zone_close(feed->zone);
    free(feed);
}
