#include "engine/core/judge/sentence.h"

#include "engine/base/time_text.h"
#include "engine/core/judge/chart/series.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX_BYTES 48 /* of one name in a sentence: two of them and the numbers fit */

/* A text that grows up to a limit; what does not fit is cut at the end of a word. */
struct line {
    char *at;
    size_t n;
    size_t max;
    bool full;
};

/* The bytes of `text` that make whole UTF-8 characters, at most `max`. */
static size_t whole(const char *text, size_t n, size_t max)
{
    if (n <= max)
        return n;
    n = max;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static void put_bytes(struct line *line, const char *text, size_t n)
{
    assert(line->n <= line->max);
    if (line->full)
        return;
    if (n > line->max - line->n) {
        size_t room = line->max - line->n;
        size_t kept = whole(text, n, room);

        while (kept > 0 && text[kept] != ' ' && text[kept - 1] != ' ')
            kept--;
        while (kept > 0 && text[kept - 1] == ' ')
            kept--;
        n = kept;
        line->full = true;
    }
    memcpy(line->at + line->n, text, n);
    line->n += n;
    line->at[line->n] = '\0';
}

LW_PRINTF(2, 3) static void put(struct line *line, const char *format, ...)
{
    char text[LW_MESSAGE_MAX * 2];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (n > 0)
        put_bytes(line, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Names come from outside: long ones are shortened in the middle of nothing, control characters made harmless. */
static void put_name(struct line *line, struct lw_str name, size_t max)
{
    char text[LW_MESSAGE_MAX];
    size_t n = name.len > max ? whole(name.at, name.len, max - 2) : name.len;

    for (size_t i = 0; i < n; i++)
        text[i] = (unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7f ? '?' : name.at[i];
    if (name.len > max) {
        text[n++] = '.';
        text[n++] = '.';
    }
    put_bytes(line, text, n);
}

void lw_sentence_run(const struct lw_fold *fold, uint32_t run, char text[LW_SENTENCE_RUN])
{
    struct line line = {.at = text, .max = LW_SENTENCE_RUN - 1};
    const struct lw_run *first = fold->runs[run];
    char start[LW_TIME_TEXT];
    char last[LW_TIME_TEXT];
    char shown[LW_TIME_SHORT];

    text[0] = '\0';
    if (!first->has_start) {
        put_name(&line, lw_run_str(first, first->name), NAME_MAX_BYTES);
        return;
    }
    /* The year is said when it is not that of the run in hand. */
    lw_time_write(first->start, start);
    lw_time_write(fold->runs[fold->head.runs_n < fold->runs_n ? fold->head.runs_n : fold->runs_n - 1]->start, last);
    lw_time_short(first->start, memcmp(start, last, 4) != 0, shown);
    put(&line, "%s", shown);
}

static bool is_span(const struct lw_fold *fold, uint32_t series)
{
    return fold->series[series].kind == LW_SERIES_DURATION || fold->series[series].kind == LW_SERIES_GAP;
}

/* Decimals that show two digits of the difference. */
static int decimals_of(double level, double other)
{
    double size = fabs(level - other);
    double least = fabs(level) * 1e-6;
    int decimals;

    if (size < least)
        size = least;
    if (!(size > 0.0))
        return 3;
    decimals = 1 - (int)floor(log10(size));
    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

void lw_sentence_level(const struct lw_fold *fold, uint32_t series, double level, double other,
                       char text[LW_SENTENCE_LEVEL])
{
    if (is_span(fold, series)) {
        char span[LW_SPAN_TEXT];

        /* Tenths of a second are noise beside minutes. */
        double ms = fabs(level) >= 10.0 ? round(fmax(-1e12, fmin(level, 1e12))) * 1000.0 : round(level * 1000.0);

        lw_span_write((lw_span){(int64_t)ms}, span);
        (void)snprintf(text, LW_SENTENCE_LEVEL, "%s", span);
    } else if (fabs(level) >= 1e9) {
        (void)snprintf(text, LW_SENTENCE_LEVEL, "%.4g", level);
    } else {
        (void)snprintf(text, LW_SENTENCE_LEVEL, "%.*f", decimals_of(level, other), level);
    }
}

static void put_series(struct line *line, const struct lw_fold *fold, uint32_t series)
{
    struct lw_str name = lw_fold_name(fold, series);

    if (fold->series[series].kind == LW_SERIES_CURVE) {
        put(line, "the curve of ");
        name = lw_fold_name(fold, fold->series[series].partner);
    } else if (fold->series[series].kind == LW_SERIES_GENERALIZATION) {
        put(line, "the generalization gap of ");
        name.at += sizeof("generalization_gap:") - 1;
        name.len -= sizeof("generalization_gap:") - 1;
    }
    put_name(line, name, NAME_MAX_BYTES);
}

/* "fell 1.9 points, 0.912 -> 0.893" */
static void put_change(struct line *line, const struct lw_fold *fold, uint32_t series, double before, double after)
{
    char from[LW_SENTENCE_LEVEL];
    char to[LW_SENTENCE_LEVEL];
    const char *verb = after >= before ? "rose" : "fell";
    double unit;

    put_series(line, fold, series);
    lw_sentence_level(fold, series, before, after, from);
    lw_sentence_level(fold, series, after, before, to);
    if (lw_series_absolute(fold, series, before, after, &unit)) {
        double points = fabs(after - before) / unit * 100.0;

        put(line, " %s %.*f points, %s -> %s", verb, points < 0.1 ? 2 : 1, points, from, to);
    } else if (unit > 0.0) {
        double percent = fabs(after - before) / unit * 100.0;

        put(line, " %s %.*f %%, %s -> %s", verb, percent < 10.0 ? 1 : 0, percent, from, to);
    } else {
        put(line, " %s, %s -> %s", verb, from, to);
    }
}

static void put_spread(struct line *line, const struct lw_fold *fold, const struct lw_case *the)
{
    uint32_t series = the->series[0];
    double unit;
    bool absolute = lw_series_absolute(fold, series, the->before, the->after, &unit);
    double spread = unit > 0.0 ? the->spread / unit * 100.0 : the->spread;

    if (!(the->spread > 0.0))
        put(line, "; no spread before");
    else if (absolute)
        put(line, "; usual spread %.*f", spread < 0.1 ? 2 : 1, spread);
    else if (unit > 0.0)
        put(line, "; usual spread %.*f %%", spread < 1.0 ? 2 : spread < 10.0 ? 1 : 0, spread);
    else
        put(line, "; usual spread %.3g", spread);
}

static bool in_case(const struct lw_case *the, uint32_t series)
{
    for (uint32_t i = 0; i < the->series_n; i++) {
        if (the->series[i] == series)
            return true;
    }
    return false;
}

/* In an alert that is open, or was after this change. */
static bool is_told(const struct lw_fold *fold, const struct lw_case *the, uint32_t series)
{
    for (size_t i = 0; i < fold->cases_n; i++) {
        const struct lw_case *other = &fold->cases[i];

        if ((other->state == LW_ALERT_OPEN || other->last_run >= the->change_run) && in_case(other, series))
            return true;
    }
    return false;
}

/* That something did not change is a claim of its own: nothing in its chart moves, and from before the change of the
   alert to after it the values are no further apart than what may be ignored. */
static bool is_unchanged(const struct lw_fold *fold, const struct lw_case *the, uint32_t series)
{
    const struct lw_series *of = &fold->series[series];
    const struct lw_value *values = fold->memory[series].values;
    double most = fmax(of->chart.sums.up, of->chart.sums.down);
    struct lw_level before = {0};
    struct lw_level after = {0};

    if (!of->charted || of->chart.n < 3 || of->shifted || most >= fold->memory[series].threshold / 2.0 ||
        is_told(fold, the, series))
        return false;
    for (uint32_t i = of->reference_from; i < of->values_n; i++) {
        if (values[i].place != LW_PLACE_OUT)
            lw_series_learn(values[i].run < the->change_run ? &before : &after, values[i].raw);
    }
    return before.n > 0 && after.n > 0 &&
           fabs(lw_series_effect(fold, series, before.mean, after.mean)) <
               lw_series_floor(fold, series, before.mean, after.mean);
}

/* The large ones among the other charts that say nothing new: "Duration, cost unchanged." */
static void put_unchanged(struct line *line, const struct lw_fold *fold, const struct lw_case *the)
{
    uint32_t candidates[4] = {lw_series_primary(fold), fold->head.duration, fold->head.cost, fold->head.gap};
    struct line list;
    char text[LW_MESSAGE_MAX];
    uint32_t n = 0;

    text[0] = '\0';
    list = (struct line){.at = text, .max = LW_MESSAGE_MAX - 1};
    for (size_t i = 0; i < 4; i++) {
        uint32_t series = candidates[i];

        if (series == LW_FOLD_NONE || in_case(the, series) || !is_unchanged(fold, the, series))
            continue;
        put(&list, n ? ", " : " ");
        put_series(&list, fold, series);
        n++;
    }
    if (n == 0)
        return;
    put(&list, " unchanged.");
    if (text[1] >= 'a' && text[1] <= 'z' && text[1] != 'v')
        text[1] = (char)(text[1] - 'a' + 'A');
    /* All or nothing: half of a list would say the opposite about the rest. */
    if (!list.full && line->n + list.n <= line->max)
        put_bytes(line, text, list.n);
}

static void put_level(struct line *line, const struct lw_fold *fold, const struct lw_case *the)
{
    char run[LW_SENTENCE_RUN];
    uint32_t shown = 1;
    uint32_t runs = the->changed_runs;

    lw_sentence_run(fold, the->change_run, run);
    put_change(line, fold, the->series[0], the->before, the->after);
    if (the->state == LW_ALERT_RESOLVED) {
        put(line, ", from run %s on; it has been back for three runs.", run);
        return;
    }
    put(line, ", since run %s", run);
    if (the->state == LW_ALERT_OPEN && runs > 0) {
        put(line, " (%u run%s", runs, runs == 1 ? "" : "s");
        put_spread(line, fold, the);
        put(line, ")");
    } else if (the->state == LW_ALERT_ACKNOWLEDGED) {
        put(line, " (as wanted)");
    }
    for (uint32_t i = 1; i < the->series_n && shown < 3; i++) {
        const struct lw_series *series = &fold->series[the->series[i]];

        if (!series->shifted || series->kind == LW_SERIES_CURVE)
            continue;
        put(line, "; ");
        put_change(line, fold, the->series[i], series->before.mean, series->level.mean);
        shown++;
    }
    if (the->series_n > shown)
        put(line, "; %u more series", the->series_n - shown);
    put(line, ".");
    if (the->state == LW_ALERT_SETTLED)
        put(line, " It has stayed there for 20 runs.");
    else if (the->state == LW_ALERT_STALE)
        put(line, " The data stopped.");
    else
        put_unchanged(line, fold, the);
}

static void put_overdue(struct line *line, const struct lw_fold *fold, const struct lw_case *the)
{
    char last[LW_SENTENCE_RUN];
    char due[LW_TIME_SHORT];
    char span[LW_SPAN_TEXT];

    lw_sentence_run(fold, the->opened_run, last);
    lw_time_short((lw_time){the->due}, false, due);
    put(line, the->no_success ? "no successful run since that of %s" : "no run since that of %s", last);
    put(line, ", one was due by %s", due);
    if (the->has_before) {
        lw_span_write((lw_span){(int64_t)(fmin(the->before, 1e12) * 1000.0)}, span);
        put(line, " (usual gap %s)", span);
    }
    if (the->no_success)
        put(line, "; %u failed", the->streak);
    if (the->state == LW_ALERT_RESOLVED && the->resolved_run != LW_NO_RUN) {
        lw_sentence_run(fold, the->resolved_run, last);
        put(line, "; it came %s", last);
    } else if (the->state == LW_ALERT_STALE) {
        put(line, "; retired after 10 usual gaps");
    }
    put(line, ".");
}

void lw_sentence_ruled(const struct lw_fold *fold, uint32_t rule, double value, char text[LW_SENTENCE_LEVEL])
{
    const struct lw_requirement *requirement = &fold->rules->requirements[rule];
    char bound[LW_SENTENCE_LEVEL];

    if (lw_str_equal(requirement->series, LW_STR("duration")) || lw_str_equal(requirement->series, LW_STR("gap"))) {
        double shown = fabs(value) >= 10.0 ? round(fmax(-1e12, fmin(value, 1e12))) : value;
        char span[LW_SPAN_TEXT];

        if (shown == requirement->bound)
            shown = value;
        lw_span_write((lw_span){(int64_t)round(shown * 1000.0)}, span);
        (void)snprintf(text, LW_SENTENCE_LEVEL, "%s", span);
        return;
    }
    for (int digits = 4; digits <= 15; digits++) {
        (void)snprintf(text, LW_SENTENCE_LEVEL, "%.*g", digits, value);
        (void)snprintf(bound, LW_SENTENCE_LEVEL, "%.*g", digits, requirement->bound);
        if (strcmp(text, bound) != 0)
            return;
    }
}

static void put_threshold(struct line *line, const struct lw_fold *fold, const struct lw_case *the)
{
    char run[LW_SENTENCE_RUN];
    char level[LW_SENTENCE_LEVEL];

    lw_sentence_run(fold, the->opened_run, run);
    put(line, "'");
    put_name(line, fold->rules->requirements[the->requirement - 1].text, 64);
    lw_sentence_ruled(fold, the->requirement - 1, the->after, level);
    put(line, "' is broken since run %s: %s", run, level);
    if (the->has_before) {
        lw_sentence_ruled(fold, the->requirement - 1, the->before, level);
        put(line, ", before %s", level);
    }
    if (the->state == LW_ALERT_RESOLVED) {
        lw_sentence_run(fold, the->resolved_run, run);
        put(line, "; it holds again since run %s", run);
    }
    put(line, ".");
}

static void put_run(struct line *line, const struct lw_fold *fold, const struct lw_case *the)
{
    const struct lw_run *last = fold->runs[the->last_run]; /* of the streak: closing does not move it */
    struct lw_str reason = lw_run_str(last, last->failure);
    bool late = the->no_success != 0;
    char run[LW_SENTENCE_RUN];

    lw_sentence_run(fold, the->opened_run, run);
    if (late && the->streak == 1)
        put(line, "run %s ran out of time", run);
    else if (late)
        put(line, "%u runs ran out of time since %s", the->streak, run);
    else if (the->streak == 1)
        put(line, "run %s failed", run);
    else
        put(line, "%u runs in a row failed since %s", the->streak, run);
    if (reason.len > 0 && !late) {
        /* A reason that ends like a sentence needs no second full stop. */
        while (reason.len > 0 && (reason.at[reason.len - 1] == '.' || reason.at[reason.len - 1] == ' '))
            reason.len--;
        put(line, ": ");
        put_name(line, reason, 100);
    }
    if (the->state == LW_ALERT_RESOLVED && the->resolved_run != LW_NO_RUN) {
        lw_sentence_run(fold, the->resolved_run, run);
        put(line, "; run %s succeeded", run);
    } else if (the->state == LW_ALERT_STALE) {
        put(line, "; then the data stopped");
    }
    put(line, ".");
}

void lw_sentence_write(const struct lw_fold *fold, struct lw_case *the)
{
    struct line line = {.at = the->message, .max = LW_SENTENCE_MAX};

    memset(the->message, 0, sizeof(the->message));
    put_name(&line, fold->model, NAME_MAX_BYTES);
    put(&line, ": ");
    switch ((enum lw_alert_kind)the->kind) {
    case LW_ALERT_LEVEL:
    case LW_ALERT_RHYTHM:
        put_level(&line, fold, the);
        break;
    case LW_ALERT_OVERDUE:
        put_overdue(&line, fold, the);
        break;
    case LW_ALERT_THRESHOLD:
        put_threshold(&line, fold, the);
        break;
    case LW_ALERT_RUN:
        put_run(&line, fold, the);
        break;
    }
}
