/* What the parts of a source's batches mean: every document through its decoder, into datapoints and facts of one turn. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_INPUT_FEED_H
#define LEEWAY_ENGINE_FLOW_TURN_INPUT_FEED_H

#include "engine/decode/decode.h"
#include "engine/flow/analyze/tally.h"
#include "engine/source/source.h"

struct lw_feed;

/* What became of one part. */
struct lw_feed_part {
    uint64_t accepted; /* datapoints and facts */
    uint64_t rejected[LW_REJECT_COUNT];
    struct lw_fault trouble; /* why a whole document of it gave nothing; its code is LW_ERR_OK where none did */
};

/* What a batch gave; valid until the next call. */
struct lw_feed_yield {
    const struct lw_point *points;
    const struct lw_fact *facts;
    const struct lw_feed_part *parts; /* one for each of the batch */
    size_t points_n, facts_n, parts_n;
    uint64_t records;
    lw_time newest; /* the greatest time of a datapoint */
    bool has_newest;
    const char *trouble; /* why a document could not be read at all, or NULL: told once, the others go on */
};

struct lw_feed_options {
    const char *name;               /* of the source: the default label of rejections */
    const char *origin;             /* label for data that do not say where they come from, or NULL */
    const char *format;             /* of documents whose source says "auto"; NULL: by their content */
    const char *columns, *timezone; /* of plain CSV and NDJSON, or NULL */
};

/* `names` is that of whoever takes the points. LW_ERR_USAGE when an option is wrong. */
LW_MUST_USE enum lw_err lw_feed_open(struct lw_feed **out, const struct lw_feed_options *options,
                                     struct lw_names *names, struct lw_fault *fault);
/* Decodes all parts. What a document yields in pieces over several batches is kept by its decoder; the first bytes of a
   document that cannot be recognised yet are kept too: see head. */
LW_MUST_USE enum lw_err lw_feed_take(struct lw_feed *feed, const struct lw_source_batch *batch,
                                     struct lw_feed_yield *yield, struct lw_fault *fault);
/* First bytes of a continued document whose format is not clear yet, as far as they lie before the mark of its batch, to be
   stored with it and handed back after a restart; empty: none. */
struct lw_str lw_feed_head(const struct lw_feed *feed);
LW_MUST_USE enum lw_err lw_feed_restore(struct lw_feed *feed, struct lw_str head, struct lw_fault *fault);
/* The format of a document is not clear yet: its first bytes are kept, and nothing of it was used. */
bool lw_feed_waits(const struct lw_feed *feed);
/* What was not used so far, by reason, with the place of the first. */
const struct lw_tally *lw_feed_tally(const struct lw_feed *feed);
void lw_feed_close(struct lw_feed *feed);

#endif
