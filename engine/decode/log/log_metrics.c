#include "engine/decode/log/log_metrics.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"
#include "engine/decode/log/log_grammar.h"

#include <stdlib.h>
#include <string.h>

#define MOST_METRICS 4096

/* Which object the scanner is in, by depth: 0 the document, 1 one of these, 2 one metric. */
enum part { OTHER, METRICS, DIMENSIONS };
enum member { NONE, SUM, COUNT, MIN, MAX, START, END, EPOCH, MODEL };

struct lw_log_metrics {
    struct lw_scan *scan;
    struct lw_buf text;  /* the document, when it has to be changed before it can be read */
    struct lw_buf names; /* of the metrics, one behind the other */
    struct lw_log_metric *items;
    size_t n, capacity;
    struct lw_log_document document;
    bool has_end;
    enum part part;
    enum member member;
    bool bad;
    enum lw_reject reason;
};

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault);

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct lw_log_metrics *metrics = self;

    (void)line;
    (void)byte;
    (void)detail;
    (void)fault;
    if (!metrics->bad)
        metrics->reason = reason;
    metrics->bad = true;
    return LW_ERR_OK;
}

enum lw_err lw_log_metrics_open(struct lw_log_metrics **out, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {on_token, on_bad};
    struct lw_log_metrics *metrics = calloc(1, sizeof(*metrics));
    enum lw_err err;

    if (metrics == NULL)
        return lw_fault_memory(fault, "reading the metrics of a log");
    metrics->text.ceiling = metrics->names.ceiling = 2u << 20;
    err = lw_scan_open(&metrics->scan, &calls, metrics, fault);
    if (err != LW_ERR_OK) {
        free(metrics);
        return err;
    }
    *out = metrics;
    return LW_ERR_OK;
}

void lw_log_metrics_close(struct lw_log_metrics *metrics)
{
    if (metrics == NULL)
        return;
    lw_scan_close(metrics->scan);
    lw_buf_close(&metrics->text);
    lw_buf_close(&metrics->names);
    free(metrics->items);
    free(metrics);
}

static enum member member_of(struct lw_str key, uint32_t depth, enum part part)
{
    static const struct {
        const char *key;
        uint32_t depth;
        enum part part;
        enum member member;
    } rows[] = {
        {"StartTime", 1, OTHER, START},  {"EndTime", 1, OTHER, END}, {"epoch", 2, DIMENSIONS, EPOCH},
        {"model", 2, DIMENSIONS, MODEL}, {"sum", 3, METRICS, SUM},   {"count", 3, METRICS, COUNT},
        {"min", 3, METRICS, MIN},        {"max", 3, METRICS, MAX},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].depth == depth && rows[i].part == part && lw_str_equal(key, lw_str_from(rows[i].key)))
            return rows[i].member;
    }
    return NONE;
}

/* Names move when their buffer grows: lengths are kept, and addresses given when all are there. */
static enum lw_err add_metric(struct lw_log_metrics *metrics, struct lw_str name, struct lw_fault *fault)
{
    if (metrics->n == MOST_METRICS) {
        metrics->bad = true;
        metrics->reason = LW_REJECT_TOO_LARGE;
        return LW_ERR_OK;
    }
    if (metrics->n == metrics->capacity) {
        size_t capacity = metrics->capacity == 0 ? 16 : metrics->capacity * 2;
        struct lw_log_metric *items = realloc(metrics->items, capacity * sizeof(*items));

        if (items == NULL)
            return lw_fault_memory(fault, "reading the metrics of a log");
        metrics->items = items;
        metrics->capacity = capacity;
    }
    lw_buf_str(&metrics->names, name);
    if (metrics->names.error != LW_ERR_OK)
        return lw_fault_memory(fault, "reading the metrics of a log");
    metrics->items[metrics->n++] = (struct lw_log_metric){.name = {NULL, name.len}};
    return LW_ERR_OK;
}

static void take_statistic(struct lw_log_metric *metric, enum member member, double value)
{
    struct lw_point *set = &metric->value;

    if (member == SUM)
        set->sum = value, set->known |= LW_KNOWN_SUM;
    else if (member == COUNT)
        set->count = value, set->known |= LW_KNOWN_COUNT;
    else if (member == MIN)
        set->min = value, set->known |= LW_KNOWN_MIN;
    else if (member == MAX)
        set->max = value, set->known |= LW_KNOWN_MAX;
}

static void take_number(struct lw_log_metrics *metrics, double value)
{
    struct lw_log_document *document = &metrics->document;
    lw_time time;

    if (metrics->member == EPOCH || metrics->member == MODEL) {
        bool whole = value >= 0 && value < 9007199254740992.0 && (double)(int64_t)value == value;

        if (whole && metrics->member == EPOCH)
            document->epoch = (int64_t)value, document->has_epoch = true;
        else if (whole)
            document->model = (int64_t)value, document->has_model = true;
    } else if (metrics->member == START || metrics->member == END) {
        if ((metrics->member == END || !metrics->has_end) && lw_time_from_number(value, &time)) {
            document->time = time;
            document->has_time = true;
            metrics->has_end = metrics->has_end || metrics->member == END;
        }
    } else if (metrics->n > 0) {
        take_statistic(&metrics->items[metrics->n - 1], metrics->member, value);
    }
}

static enum lw_err take_key(struct lw_log_metrics *metrics, const struct lw_token *token, struct lw_fault *fault)
{
    metrics->member = NONE;
    if (token->depth == 1) {
        metrics->part = lw_str_equal(token->text, LW_STR("Metrics"))      ? METRICS
                        : lw_str_equal(token->text, LW_STR("Dimensions")) ? DIMENSIONS
                                                                          : OTHER;
    } else if (token->depth == 2 && metrics->part == METRICS) {
        return add_metric(metrics, token->text, fault);
    }
    metrics->member = member_of(token->text, token->depth, metrics->part);
    return LW_ERR_OK;
}

/* NaN and the infinities come as null here, see without_nan. */
static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_log_metrics *metrics = self;
    double value;

    if (metrics->bad)
        return LW_ERR_OK;
    if (token->kind == LW_TOKEN_KEY)
        return take_key(metrics, token, fault);
    if (metrics->member == NONE)
        return LW_ERR_OK;
    if (token->kind == LW_TOKEN_NUMBER && lw_scan_number(token->text, &value))
        take_number(metrics, value);
    else if (token->kind == LW_TOKEN_NULL && metrics->member <= MAX && metrics->n > 0)
        metrics->items[metrics->n - 1].not_a_number = true;
    metrics->member = NONE;
    return LW_ERR_OK;
}

/* The length of the JSON object that `text` begins with, strings minded; all of it when it does not end. */
static size_t object_length(struct lw_str text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '{')
            depth++;
        else if (!quoted && c == '}' && --depth == 0)
            return i + 1;
    }
    return text.len;
}

/* Python writes NaN, Infinity and -Infinity, which JSON does not have: each becomes null. They never stand in a string
   here that matters: a name that holds one only keeps its length. */
static enum lw_err without_nan(struct lw_log_metrics *metrics, struct lw_str *text, struct lw_fault *fault)
{
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    size_t at = 0;
    bool quoted = false;

    lw_buf_clear(&metrics->text);
    while (at < text->len) {
        size_t taken = 0;
        char c = text->at[at];

        for (size_t i = 0; i < 3 && !quoted && taken == 0; i++) {
            size_t n = strlen(words[i]);

            if (text->len - at >= n && memcmp(text->at + at, words[i], n) == 0)
                taken = n;
        }
        if (taken > 0) {
            lw_buf_text(&metrics->text, "null");
            at += taken;
            continue;
        }
        if (quoted && c == '\\' && at + 1 < text->len)
            lw_buf_char(&metrics->text, text->at[at++]);
        else if (c == '"')
            quoted = !quoted;
        lw_buf_char(&metrics->text, text->at[at++]);
    }
    if (metrics->text.error != LW_ERR_OK)
        return lw_fault_memory(fault, "reading the metrics of a log");
    *text = lw_buf_view(&metrics->text);
    return LW_ERR_OK;
}

/* A plain number is one that was observed once: kept as such. Of a set the average is what the sum and count say. */
static void settle(struct lw_log_metrics *metrics)
{
    size_t at = 0;

    for (size_t i = 0; i < metrics->n; i++) {
        struct lw_log_metric *metric = &metrics->items[i];
        struct lw_point *set = &metric->value;
        const unsigned all = LW_KNOWN_SUM | LW_KNOWN_COUNT | LW_KNOWN_MIN | LW_KNOWN_MAX;
        const unsigned mean = LW_KNOWN_SUM | LW_KNOWN_COUNT;

        /* A name may be empty, and then there may be no names at all. */
        metric->name.at = metric->name.len > 0 ? metrics->names.at + at : "";
        at += metric->name.len;
        set->average = (set->known & mean) == mean && set->count > 0 ? set->sum / set->count
                       : (set->known & LW_KNOWN_SUM) != 0            ? set->sum
                                                                     : set->max;
        if ((set->known & all) == all && set->count >= 1 && set->count <= 1 && set->min >= set->max &&
            set->min <= set->max)
            *set = (struct lw_point){.known = LW_KNOWN_AVERAGE, .average = set->average, .count = 1};
    }
}

enum lw_err lw_log_metrics_read(struct lw_log_metrics *metrics, struct lw_str text, struct lw_log_document *document,
                                size_t *length, bool *good, enum lw_reject *reason, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    *length = object_length(text);
    text.len = *length;
    lw_buf_clear(&metrics->names);
    metrics->n = 0;
    metrics->document = (struct lw_log_document){0};
    metrics->has_end = metrics->bad = false;
    metrics->part = OTHER;
    metrics->member = NONE;
    if (lw_log_grammar_find(text, 0, LW_STR("NaN")) != SIZE_MAX ||
        lw_log_grammar_find(text, 0, LW_STR("Infinity")) != SIZE_MAX)
        err = without_nan(metrics, &text, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_push(metrics->scan, text.at, text.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(metrics->scan, fault);
    if (err != LW_ERR_OK)
        return err;
    *good = !metrics->bad;
    *reason = metrics->reason;
    if (metrics->bad && lw_log_grammar_find(text, 0, LW_STR("[TRUNCATED MESSAGE]")) != SIZE_MAX)
        *reason = LW_REJECT_TRUNCATED;
    settle(metrics);
    metrics->document.metrics = metrics->items;
    metrics->document.metrics_n = metrics->n;
    *document = metrics->document;
    return LW_ERR_OK;
}
