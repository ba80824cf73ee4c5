#include "engine/decode/log/log_line.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/decode/log/log_axis.h"
#include "engine/decode/log/log_grammar.h"
#include "engine/decode/log/log_keras.h"
#include "engine/decode/log/log_metrics.h"
#include "engine/decode/log/log_stamp.h"
#include "engine/decode/log/log_status.h"
#include "engine/decode/log/log_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_NAME 512 /* of a metric, with its split; SageMaker allows 255 */
#define MOST_RUNS    65536

/* One run of the input; the id by which lines name it stays, `status.run` moves on when a file holds several jobs. */
struct run {
    uint32_t named;
    uint32_t jobs;   /* begun in this input */
    bool has_latest; /* stamp before this place */
    lw_time latest;
    bool points; /* of the job that is being read: values were found, */
    bool clock;  /* ... or a line with a time */
    struct lw_log_status status;
    struct lw_log_keras keras;
};

struct lw_log_lines {
    struct lw_emit *emit;
    struct lw_log_axis *axis;
    struct lw_log_metrics *metrics;
    struct lw_log_table runs;
    struct lw_buf plain; /* a line without its terminal colours */
};

/* A piece of a line between two stamps, and what is known of its time. */
struct piece {
    struct lw_log_lines *lines;
    struct run *run;
    struct lw_str text;
    bool stated; /* the line came with a time: */
    bool has_time, exact;
    lw_time time;
    uint64_t line, byte;
    bool keras; /* values go to the epoch that is being printed */
};

enum lw_err lw_log_line_open(struct lw_log_lines **out, struct lw_emit *emit, struct lw_fault *fault)
{
    struct lw_log_lines *lines = calloc(1, sizeof(*lines));
    enum lw_err err;

    if (lines == NULL)
        return lw_fault_memory(fault, "reading a log");
    lines->emit = emit;
    lines->plain.ceiling = 2u << 20;
    lines->runs.most = MOST_RUNS;
    err = lw_log_axis_open(&lines->axis, emit, fault);
    if (err == LW_ERR_OK)
        err = lw_log_metrics_open(&lines->metrics, fault);
    if (err != LW_ERR_OK) {
        lw_log_line_close(lines);
        return err;
    }
    *out = lines;
    return LW_ERR_OK;
}

static struct run *run_at(const struct lw_log_lines *lines, size_t i)
{
    return (struct run *)(void *)lines->runs.items + i;
}

void lw_log_line_close(struct lw_log_lines *lines)
{
    if (lines == NULL)
        return;
    for (size_t i = 0; i < lines->runs.n; i++)
        lw_log_keras_close(&run_at(lines, i)->keras);
    lw_log_table_close(&lines->runs);
    lw_log_axis_close(lines->axis);
    lw_log_metrics_close(lines->metrics);
    lw_buf_close(&lines->plain);
    free(lines);
}

/* The end of one job's log: what waits is given out in the order in which it was read. */
static enum lw_err end_job(struct lw_log_lines *lines, struct run *run, struct lw_fault *fault)
{
    enum lw_err err = lw_log_keras_finish(&run->keras, lines->axis, fault);

    if (err != LW_ERR_OK)
        return err;
    return lw_log_status_finish(&run->status, lines->emit, run->points, run->clock, fault);
}

/* The second job of a file is named file-2, and so on. */
static enum lw_err next_job(struct lw_log_lines *lines, struct run *run, struct lw_fault *fault)
{
    struct lw_str name = lw_names_text(lines->emit->names, run->named);
    char text[LONGEST_NAME];
    enum lw_err err = end_job(lines, run, fault);
    int n;

    if (err != LW_ERR_OK)
        return err;
    run->jobs++;
    n = snprintf(text, sizeof(text), "%.*s-%lu", (int)(name.len < 400 ? name.len : 400), name.at,
                 (unsigned long)run->jobs);
    run->status = (struct lw_log_status){0};
    run->has_latest = run->points = run->clock = false;
    return lw_emit_name(lines->emit, (struct lw_str){text, (size_t)n}, &run->status.run, fault);
}

/* "Train" -> "train", "valid" and "val" -> "validation": one name for one thing. */
static enum lw_err name_metric(struct lw_log_lines *lines, struct lw_str split, struct lw_str name, uint32_t *id,
                               bool *utf8, struct lw_fault *fault)
{
    char text[LONGEST_NAME + 16];
    size_t n = 0;

    if (lw_str_equal(split, LW_STR("val")) || lw_str_equal(split, LW_STR("valid")))
        split = LW_STR("validation");
    for (size_t i = 0; i < split.len; i++)
        text[n++] = split.at[i] >= 'A' && split.at[i] <= 'Z' ? (char)(split.at[i] - 'A' + 'a') : split.at[i];
    if (n > 0)
        text[n++] = ':';
    for (size_t i = 0; i < name.len; i++)
        text[n++] = name.at[i] == ' ' ? '_' : name.at[i];
    *utf8 = lw_scan_utf8((struct lw_str){text, n});
    return *utf8 ? lw_emit_name(lines->emit, (struct lw_str){text, n}, id, fault) : LW_ERR_OK;
}

static enum lw_err add(struct piece *piece, struct lw_log_datum *datum, struct lw_fault *fault)
{
    struct run *run = piece->run;

    datum->run = run->status.run;
    datum->stated = piece->stated;
    datum->has_time = datum->has_time || piece->has_time;
    datum->has_latest = run->has_latest;
    datum->latest = run->latest;
    datum->line = piece->line;
    datum->byte = piece->byte;
    run->points = true;
    run->clock = run->clock || datum->has_time;
    if (!piece->keras)
        return lw_log_axis_add(piece->lines->axis, datum, fault);
    if (run->keras.n == LW_LOG_KERAS_VALUES)
        return lw_emit_reject(piece->lines->emit, LW_REJECT_TOO_LARGE, piece->line, piece->byte,
                              "more than 64 metrics in one line of progress", fault);
    return lw_log_keras_add(&run->keras, datum, fault);
}

static enum lw_err on_value(void *self, const struct lw_log_value *value, struct lw_fault *fault)
{
    struct piece *piece = self;
    struct lw_emit *emit = piece->lines->emit;
    struct lw_log_datum datum = {.has_epoch = value->has_epoch || piece->keras,
                                 .epoch = piece->keras ? piece->run->keras.epoch : value->epoch,
                                 .exact = piece->exact,
                                 .time = piece->time,
                                 .value = {.known = LW_KNOWN_AVERAGE, .count = 1}};
    enum lw_log_number number = lw_log_grammar_number(value->number, &datum.value.average, &datum.decimals);
    bool utf8;
    enum lw_err err;

    if (value->number.len == 0)
        return lw_emit_reject_text(emit, LW_REJECT_NO_VALUE, piece->line, piece->byte, value->name, fault);
    if (number == LW_LOG_NUMBER_NONE)
        return lw_emit_reject_text(emit, LW_REJECT_BAD_VALUE, piece->line, piece->byte, value->number, fault);
    err = name_metric(piece->lines, value->split, value->name, &datum.metric, &utf8, fault);
    if (err != LW_ERR_OK)
        return err;
    if (!utf8)
        return lw_emit_reject(emit, LW_REJECT_BAD_UTF8, piece->line, piece->byte, NULL, fault);
    datum.finite = number == LW_LOG_NUMBER_FINITE;
    return add(piece, &datum, fault);
}

/* `train_x` in a document is the curve that other lines call `train x`. */
static bool curve_name(struct lw_str name, struct lw_str *split, struct lw_str *rest)
{
    static const char *const splits[] = {"train", "validation", "test"};

    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
        size_t n = strlen(splits[i]);

        if (name.len > n + 1 && memcmp(name.at, splits[i], n) == 0 && name.at[n] == '_') {
            *split = (struct lw_str){name.at, n};
            *rest = (struct lw_str){name.at + n + 1, name.len - n - 1};
            return true;
        }
    }
    return false;
}

/* What an algorithm counts and times says that the run was alive then. */
static enum lw_err sign_of_life(struct piece *piece, const struct lw_log_metric *metric, struct lw_str name,
                                const lw_time *at, struct lw_fault *fault)
{
    struct lw_emit *emit = piece->lines->emit;
    struct lw_point point = metric->value;
    struct lw_point blank = lw_emit_blank_point(emit);
    bool utf8;
    enum lw_err err;

    if (at == NULL)
        return lw_emit_reject_text(emit, LW_REJECT_NO_TIME, piece->line, piece->byte, name, fault);
    if (metric->not_a_number)
        return lw_emit_reject_text(emit, LW_REJECT_NOT_FINITE, piece->line, piece->byte, name, fault);
    err = name_metric(piece->lines, (struct lw_str){NULL, 0}, name, &point.metric, &utf8, fault);
    if (err != LW_ERR_OK)
        return err;
    point.origin = blank.origin;
    point.model = blank.model;
    point.run = piece->run->status.run;
    point.at = at->ms;
    point.flags = LW_POINT_HEARTBEAT;
    piece->run->points = piece->run->clock = true;
    return lw_emit_point(emit, &point, piece->line, piece->byte, fault);
}

static enum lw_err read_metric(struct piece *piece, const struct lw_log_document *document,
                               const struct lw_log_metric *metric, struct lw_fault *fault)
{
    const lw_time *at = document->has_time ? &document->time : piece->has_time ? &piece->time : NULL;
    struct lw_log_datum datum = {.has_epoch = document->has_epoch,
                                 .epoch = document->epoch,
                                 .has_time = at != NULL,
                                 .exact = true,
                                 .time = at != NULL ? *at : (lw_time){0},
                                 .finite = !metric->not_a_number,
                                 .decimals = 16,
                                 .value = metric->value};
    struct lw_str name = metric->name;
    struct lw_str split, rest;
    bool utf8;
    enum lw_err err;

    if (name.len > LONGEST_NAME)
        return lw_emit_reject(piece->lines->emit, LW_REJECT_TOO_LARGE, piece->line, piece->byte,
                              "the name of a metric of more than 512 bytes", fault);
    if (document->has_model || !curve_name(name, &split, &rest))
        return sign_of_life(piece, metric, name, at, fault);
    err = name_metric(piece->lines, split, rest, &datum.metric, &utf8, fault);
    return err == LW_ERR_OK ? add(piece, &datum, fault) : err;
}

static enum lw_err read_document(struct piece *piece, struct lw_str text, size_t *length, struct lw_fault *fault)
{
    struct lw_log_document document;
    enum lw_reject reason;
    bool good;
    enum lw_err err = lw_log_metrics_read(piece->lines->metrics, text, &document, length, &good, &reason, fault);

    if (err != LW_ERR_OK)
        return err;
    if (!good)
        return lw_emit_reject(piece->lines->emit, reason, piece->line, piece->byte, "#metrics", fault);
    for (size_t i = 0; i < document.metrics_n && err == LW_ERR_OK; i++)
        err = read_metric(piece, &document, &document.metrics[i], fault);
    if (err == LW_ERR_OK && document.has_time)
        lw_log_status_time(&piece->run->status, document.time);
    return err;
}

static enum lw_err read_keras(struct piece *piece, struct lw_fault *fault)
{
    struct lw_log_keras *keras = &piece->run->keras;
    struct lw_log_progress progress;
    struct lw_str text = piece->text, rest;
    int64_t epoch;
    enum lw_err err = LW_ERR_OK;

    if (lw_log_grammar_keras_epoch(text, &epoch, &rest)) {
        err = lw_log_keras_epoch(keras, epoch, piece->lines->axis, fault);
        text = rest;
    }
    if (err != LW_ERR_OK || !keras->training)
        return err;
    err = lw_log_grammar_progress(text, &progress, NULL, NULL, fault);
    if (err != LW_ERR_OK || !lw_log_keras_takes(keras, &progress))
        return err;
    piece->keras = true;
    err = lw_log_grammar_progress(text, &progress, on_value, piece, fault);
    piece->keras = false;
    return err;
}

static enum lw_err read_piece(struct piece *piece, struct lw_fault *fault)
{
    const lw_time *at = piece->has_time ? &piece->time : NULL;
    struct lw_log_status *status = &piece->run->status;
    enum lw_err err = LW_ERR_OK;

    if (piece->text.len < 4)
        return LW_ERR_OK;
    if (lw_log_status_begins(status, (struct lw_str){NULL, 0}, piece->text))
        err = next_job(piece->lines, piece->run, fault);
    if (err == LW_ERR_OK)
        err = lw_log_status_text(status, piece->lines->emit, piece->text, at, fault);
    if (err == LW_ERR_OK)
        err = lw_log_grammar_read(piece->text, on_value, piece, fault);
    return err == LW_ERR_OK ? read_keras(piece, fault) : err;
}

/* `algo-1-3kdx6_1  | ` before each line of a job in local mode. */
static size_t host_length(struct lw_str text)
{
    size_t at = 0;

    while (at < text.len && at < 80 && text.at[at] != '|') {
        unsigned char c = (unsigned char)text.at[at];

        if (c != ' ' && c != '-' && c != '_' && c != '.' && !(c >= '0' && c <= '9') &&
            !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            return 0;
        at++;
    }
    return at + 1 < text.len && text.at[at] == '|' && text.at[at + 1] == ' ' && at > 0 ? at + 2 : 0;
}

/* Only a level, in brackets or not, is before the stamp: "INFO ", "[WARNING] ". */
static bool is_level(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] < 'A' || text.at[i] > 'Z') && strchr(" \t[]:|", text.at[i]) == NULL)
            return false;
    }
    return text.len < 24;
}

/* A stamp is a logger's own when the piece begins with it, or it is glued to the text of a status line, or when it stands
   in brackets that end with it or go on with a level. Other dates belong to what is said. `from`: of the piece. */
static bool is_own(const struct lw_log_stamp *stamp, struct lw_str text, size_t from, bool after_status)
{
    char before = stamp->from > 0 ? text.at[stamp->from - 1] : '\0';
    struct lw_str behind = {text.at + stamp->to, text.len - stamp->to};

    if (stamp->phase.len > 0 || (from == 0 && is_level((struct lw_str){text.at, stamp->from})))
        return true;
    if (text.at[stamp->from] == '[')
        return behind.len > 1 && (behind.at[0] == ']' || ((behind.at[0] == ' ' || behind.at[0] == ':') &&
                                                          behind.at[1] >= 'A' && behind.at[1] <= 'Z'));
    return after_status && before != ' ';
}

static enum lw_err take_stamp(struct piece *piece, const struct lw_log_stamp *stamp, struct lw_str rest,
                              struct lw_fault *fault)
{
    struct run *run = piece->run;
    enum lw_err err = LW_ERR_OK;

    if (stamp->phase.len > 0) {
        piece->has_time = false;
        if (lw_log_status_begins(&run->status, stamp->phase, rest))
            err = next_job(piece->lines, run, fault);
        return err == LW_ERR_OK
                   ? lw_log_status_phase(&run->status, piece->lines->emit, stamp->phase, stamp->time, rest, fault)
                   : err;
    }
    lw_log_status_time(&run->status, stamp->time);
    run->latest = stamp->time;
    run->has_latest = true;
    piece->has_time = true;
    piece->exact = !stamp->whole_second;
    piece->time = stamp->time;
    return LW_ERR_OK;
}

/* Text without a document: cut at its stamps, each piece read for itself. `piece` carries the time on. */
static enum lw_err read_stamped(struct piece *piece, struct lw_str text, struct lw_fault *fault)
{
    const struct lw_zone *zone = piece->lines->emit->options->zone;
    struct lw_log_stamp stamp = {0};
    size_t from = 0, at = 0;
    bool after_status = false;
    enum lw_err err = LW_ERR_OK;

    for (;;) {
        bool found = lw_log_stamp_next(text, at, zone, &stamp);
        struct lw_str rest = {text.at + stamp.to, text.len - stamp.to};
        struct lw_log_stamp next;

        if (found && !is_own(&stamp, text, from, after_status)) {
            at = stamp.to;
            continue;
        }
        piece->text = (struct lw_str){text.at + from, (found ? stamp.from : text.len) - from};
        err = read_piece(piece, fault);
        if (err != LW_ERR_OK || !found)
            return err;
        after_status = stamp.phase.len > 0;
        from = at = stamp.to;
        if (piece->stated && stamp.phase.len == 0)
            continue;
        if (after_status && lw_log_stamp_next(text, at, zone, &next))
            rest.len = next.from - stamp.to;
        err = take_stamp(piece, &stamp, rest, fault);
        if (err != LW_ERR_OK)
            return err;
    }
}

/* One line of what was printed: documents are cut out, the text around them is cut at its stamps. */
static enum lw_err read_line(struct piece *piece, struct lw_str text, struct lw_fault *fault)
{
    const struct lw_str head = LW_STR("#metrics {");
    size_t host = host_length(text);
    enum lw_err err = LW_ERR_OK;

    text = (struct lw_str){text.at + host, text.len - host};
    while (err == LW_ERR_OK) {
        size_t at = lw_log_grammar_find(text, 0, head);
        struct lw_str before = {text.at, at != SIZE_MAX ? at : text.len};
        size_t length = 0;

        err = read_stamped(piece, before, fault);
        if (err != LW_ERR_OK || at == SIZE_MAX)
            return err;
        at += head.len - 1;
        err = read_document(piece, (struct lw_str){text.at + at, text.len - at}, &length, fault);
        text = (struct lw_str){text.at + at + length, text.len - at - length};
    }
    return err;
}

/* Terminal sequences (ESC [ ... letter), as the SDK prints to tell hosts apart, are left out. */
static enum lw_err without_colours(struct lw_log_lines *lines, struct lw_str *text, struct lw_fault *fault)
{
    size_t at = 0;

    if (text->len == 0 || memchr(text->at, 0x1b, text->len) == NULL)
        return LW_ERR_OK;
    lw_buf_clear(&lines->plain);
    while (at < text->len) {
        const char *escape = memchr(text->at + at, 0x1b, text->len - at);
        size_t to = escape != NULL ? (size_t)(escape - text->at) : text->len;

        lw_buf_bytes(&lines->plain, text->at + at, to - at);
        at = to + 1;
        if (at < text->len && text->at[at] == '[') {
            for (at++; at < text->len && (unsigned char)text->at[at] >= 0x20 && (unsigned char)text->at[at] < 0x40;)
                at++;
            at += at < text->len;
        }
    }
    if (lines->plain.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a line of a log");
    *text = lw_buf_view(&lines->plain);
    return LW_ERR_OK;
}

static enum lw_err find_run(struct lw_log_lines *lines, uint32_t id, struct run **run, struct lw_fault *fault)
{
    bool added;

    *run = lw_log_table_item(&lines->runs, sizeof(**run), id, 0, &added);
    if (*run == NULL)
        return lines->runs.full ? LW_ERR_OK : lw_fault_memory(fault, "the runs of a log");
    if (added) {
        (*run)->named = (*run)->status.run = id;
        (*run)->jobs = 1;
    }
    return LW_ERR_OK;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r' || c == '\b';
}

enum lw_err lw_log_line_read(struct lw_log_lines *lines, const struct lw_log_line *line, struct lw_fault *fault)
{
    struct lw_str text = line->text;
    struct piece piece = {.lines = lines, .stated = line->has_time, .line = line->line, .byte = line->byte};
    enum lw_err err = find_run(lines, line->run, &piece.run, fault);

    lines->emit->records++;
    if (err == LW_ERR_OK && piece.run == NULL)
        return lw_emit_reject(lines->emit, LW_REJECT_TOO_LARGE, line->line, line->byte,
                              "more than 65536 runs in one log", fault);
    if (err == LW_ERR_OK)
        err = without_colours(lines, &text, fault);
    if (line->has_time && err == LW_ERR_OK) {
        lw_log_status_time(&piece.run->status, line->time);
        piece.run->latest = line->time;
        piece.run->has_latest = true;
    }
    /* Lines of progress overwrite themselves with carriage returns or backspaces: each counts as printed anew. */
    while (text.len > 0 && err == LW_ERR_OK) {
        size_t n = 0;

        while (n < text.len && !ends_line(text.at[n]))
            n++;
        piece.has_time = piece.exact = line->has_time;
        piece.time = line->time;
        err = read_line(&piece, (struct lw_str){text.at, n}, fault);
        n += n < text.len;
        text = (struct lw_str){text.at + n, text.len - n};
    }
    return err;
}

enum lw_err lw_log_line_finish(struct lw_log_lines *lines, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < lines->runs.n && err == LW_ERR_OK; i++)
        err = end_job(lines, run_at(lines, i), fault);
    if (err == LW_ERR_OK)
        err = lw_log_axis_finish(lines->axis, fault);
    for (size_t i = 0; i < lines->runs.n; i++)
        lw_log_keras_close(&run_at(lines, i)->keras);
    lw_log_table_close(&lines->runs);
    return err;
}

/* What a file is called when it is kept: none of it belongs to the name of a job. */
static struct lw_str without_suffixes(struct lw_str name)
{
    static const char *const suffixes[] = {".gz", ".txt", ".log", ".json", ".ndjson", ".jsonl", ".out"};
    bool cut = true;

    while (cut) {
        cut = false;
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
            size_t n = strlen(suffixes[i]);

            if (name.len > n && memcmp(name.at + name.len - n, suffixes[i], n) == 0) {
                name.len -= n;
                cut = true;
            }
        }
    }
    return name;
}

enum lw_err lw_log_line_run(struct lw_emit *emit, uint32_t *run, struct lw_fault *fault)
{
    struct lw_str name = emit->options->path;

    if (emit->run != 0) {
        *run = emit->run;
        return LW_ERR_OK;
    }
    if (emit->options->unnamed)
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "is a training log, which does not say which run it is of: name it, as in ?run=NAME");
    for (size_t i = name.len; i > 0; i--) {
        if (name.at[i - 1] == '/') {
            name = (struct lw_str){name.at + i, name.len - i};
            break;
        }
    }
    if (name.len == 0 || lw_str_equal(name, LW_STR("-")))
        name = LW_STR("stdin");
    return lw_emit_name(emit, without_suffixes(name), run, fault);
}
