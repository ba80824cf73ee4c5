#include "engine/report/text/remarks.h"

#include "engine/report/page/figure.h"
#include "engine/report/text/metric_list.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define GROUPS_SHOWN 8 /* more warnings than this are counted, not told */
#define RUNS_NAMED   6 /* runs named per warning */
#define GROUPS_MAX   64

/* Warnings of one detector on one series whose sentences are of one kind: what is said of the last is said of all. */
struct group {
    enum lw_detector detector;
    struct lw_str series;
    size_t n;
    bool same; /* the sentences are equal to the letter */
    const struct lw_finding *last;
    uint32_t runs[RUNS_NAMED]; /* the latest ones, as a ring */
};

/* A sentence without what follows from the one run alone: the effect, and since when. */
static struct lw_str without_evidence(const char *message)
{
    const char *effect = strstr(message, ", effect ");
    const char *since = strstr(message, ", since run ");
    struct lw_str text = lw_str_from(message);

    if (since != NULL)
        text.len = (size_t)(since - message);
    if (effect != NULL && (size_t)(effect - message) < text.len)
        text.len = (size_t)(effect - message);
    return text;
}

/* "4.82", "1h", "20min" */
static bool is_amount(struct lw_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] >= '0' && word.at[i] <= '9')
            return true;
    }
    return false;
}

/* Takes the next word that is no amount off the beginning; empty at the end. */
static struct lw_str take_word(struct lw_str *text)
{
    for (;;) {
        struct lw_str word = {.at = text->at};

        while (word.len < text->len && text->at[word.len] != ' ')
            word.len++;
        text->at += word.len;
        text->len -= word.len;
        if (text->len > 0) {
            text->at++;
            text->len--;
        } else if (word.len == 0 || is_amount(word)) {
            return (struct lw_str){.at = text->at};
        }
        if (word.len > 0 && !is_amount(word))
            return word;
    }
}

/* Equal but for their numbers and for what follows from the one run. */
static bool is_same_kind(const char *a, const char *b)
{
    struct lw_str left = without_evidence(a);
    struct lw_str right = without_evidence(b);
    struct lw_str word;

    do {
        word = take_word(&left);
        if (!lw_str_equal(word, take_word(&right)))
            return false;
    } while (word.len > 0);
    return true;
}

/* Where a sentence is about NaN and the series is not charted, the run knows which metrics it was. */
static struct lw_str series_of(const struct lw_judged *model, const struct lw_finding *finding)
{
    const struct lw_run *run = model->runs[finding->run].run;

    if (finding->series.len > 0 || strstr(finding->message, "NaN") == NULL)
        return finding->series;
    for (uint32_t i = 0; i < run->metrics_n; i++) {
        if (lw_run_metrics(run)[i].summary.not_a_number > 0)
            return lw_run_str(run, lw_run_metrics(run)[i].name);
    }
    return finding->series;
}

static struct group *find_group(struct group *groups, size_t *n, struct lw_str series, const struct lw_finding *finding)
{
    for (size_t i = 0; i < *n; i++) {
        if (groups[i].detector == finding->detector && lw_str_equal(groups[i].series, series) &&
            is_same_kind(groups[i].last->message, finding->message))
            return &groups[i];
    }
    if (*n == GROUPS_MAX)
        return NULL;
    groups[*n] = (struct group){.detector = finding->detector, .series = series, .same = true};
    return &groups[(*n)++];
}

/* Groups in the order of their latest run, latest first. */
static size_t collect(const struct lw_judged *model, struct group *groups, size_t *untold)
{
    size_t n = 0;

    for (size_t i = 0; i < model->findings_n; i++) {
        const struct lw_finding *finding = &model->findings[i];
        struct group *group;

        if (finding->verdict != LW_VERDICT_WARNING && finding->verdict != LW_VERDICT_ERROR)
            continue;
        group = find_group(groups, &n, series_of(model, finding), finding);
        if (group == NULL) {
            (*untold)++;
            continue;
        }
        group->same = group->same && (group->n == 0 || strcmp(group->last->message, finding->message) == 0);
        /* Several findings of one run count once. */
        if (group->last == NULL || group->last->run != finding->run)
            group->runs[group->n++ % RUNS_NAMED] = finding->run;
        group->last = finding;
    }
    for (size_t i = 1; i < n; i++) {
        struct group moved = groups[i];
        size_t at = i;

        while (at > 0 && groups[at - 1].last->run < moved.last->run) {
            groups[at] = groups[at - 1];
            at--;
        }
        groups[at] = moved;
    }
    return n;
}

/* "run 13", "runs 13, 17", "9 runs, the last 40, 41". */
static void append_runs(struct lw_buf *line, const struct group *group)
{
    size_t named = group->n < RUNS_NAMED ? group->n : RUNS_NAMED;

    if (named < group->n)
        lw_buf_format(line, "%zu runs, the last ", group->n);
    else
        lw_buf_format(line, "%s ", group->n == 1 ? "run" : "runs");
    for (size_t i = 0; i < named; i++)
        lw_buf_format(line, "%s%u", i > 0 ? ", " : "", (unsigned)group->runs[(group->n - named + i) % RUNS_NAMED] + 1);
}

/* A chart that is on its way to an alert says so in words; its numbers follow. */
static bool is_half_way(const struct lw_finding *finding)
{
    return strstr(finding->message, " over half of ") != NULL && finding->has_threshold;
}

static void write_group(const struct group *group, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 4096};
    const char *detector = lw_detector_name(group->detector);

    if (is_half_way(group->last)) {
        lw_buf_str(&line, group->series);
        lw_buf_format(&line, " (%s): over half way to an alert in ", detector);
        append_runs(&line, group);
        lw_buf_format(&line, " (%s%s)", group->n > 1 ? "last: " : "", group->last->message);
    } else {
        if (group->series.len > 0) {
            lw_buf_str(&line, group->series);
            lw_buf_format(&line, " (%s), ", detector);
        }
        append_runs(&line, group);
        if (group->series.len == 0)
            lw_buf_format(&line, " (%s)", detector);
        lw_buf_format(&line, "%s %s", group->same ? ":" : "; last:", group->last->message);
    }
    lw_page_pad(page, 2);
    lw_page_wrap_line(page, &line, 2, 4);
}

static void write_warnings(const struct lw_judged *model, struct lw_page *page)
{
    struct group groups[GROUPS_MAX];
    size_t untold = 0;
    size_t n = collect(model, groups, &untold);

    if (n == 0)
        return;
    lw_page_heading(page, "Warnings (worth a look, no alert)");
    for (size_t i = 0; i < n; i++) {
        if (i < GROUPS_SHOWN)
            write_group(&groups[i], page);
        else
            untold += groups[i].n;
    }
    if (untold > 0)
        lw_page_format(page, "  and %zu more: --format json has all of them\n", untold);
}

/* The latest run whose metrics were charted; those after it say little of what is awaited. */
static size_t latest_charted(const struct lw_judged *model)
{
    size_t run = model->runs_n;

    while (run > 0 && !lw_metric_charted(model->runs[run - 1].outcome))
        run--;
    return run > 0 ? run - 1 : 0;
}

static bool is_told_again(const struct lw_judged *model, size_t at)
{
    const struct lw_finding *finding = &model->findings[at];

    for (size_t i = at + 1; i < model->findings_n; i++)
        if (model->findings[i].detector == finding->detector &&
            lw_str_equal(model->findings[i].series, finding->series))
            return true;
    return false;
}

/* What a chart still waits for is what it said last, be that before runs that were stopped, failed or are not over. */
static bool is_pending(const struct lw_judged *model, const struct lw_finding *finding)
{
    return finding->verdict == LW_VERDICT_INSUFFICIENT && finding->run >= latest_charted(model) &&
           !is_told_again(model, (size_t)(finding - model->findings));
}

uint32_t lw_remarks_missing(const struct lw_judged *model)
{
    uint32_t missing = 0;

    for (size_t i = 0; i < model->findings_n; i++) {
        const struct lw_finding *finding = &model->findings[i];

        if (is_pending(model, finding) && finding->runs_needed > missing)
            missing = finding->runs_needed;
    }
    return missing;
}

bool lw_remarks_stuck(const struct lw_judged *model)
{
    for (size_t i = 0; i < model->findings_n; i++) {
        if (is_pending(model, &model->findings[i]) && model->findings[i].runs_needed == 0)
            return true;
    }
    return false;
}

/* The least number of runs needed that is more than `than`, or 0. */
static uint32_t next_needed(const struct lw_judged *model, uint32_t than)
{
    uint32_t next = 0;

    for (size_t i = 0; i < model->findings_n; i++) {
        const struct lw_finding *finding = &model->findings[i];

        if (is_pending(model, finding) && finding->runs_needed > than && (next == 0 || finding->runs_needed < next))
            next = finding->runs_needed;
    }
    return next;
}

/* What waits for the same: so many more runs, or, where runs alone do not help, what its sentence asks for. */
static bool waits_for(const struct lw_judged *model, const struct lw_finding *finding, uint32_t needed,
                      const char *sentence)
{
    return is_pending(model, finding) && finding->runs_needed == needed &&
           (sentence == NULL || strcmp(finding->message, sentence) == 0);
}

/* "ks of validation:accuracy, train:accuracy; cusum of gap". */
static void append_waiting(struct lw_buf *line, const struct lw_judged *model, uint32_t needed, const char *sentence)
{
    int detector = -1;
    double attainable = 0;
    char figure[LW_FIGURE_TEXT];

    for (size_t i = 0; i < model->findings_n; i++) {
        const struct lw_finding *finding = &model->findings[i];

        if (!waits_for(model, finding, needed, sentence))
            continue;
        if ((int)finding->detector != detector)
            lw_buf_format(line, "%s%s of ", detector < 0 ? "" : "; ", lw_detector_name(finding->detector));
        else
            lw_buf_text(line, ", ");
        detector = (int)finding->detector;
        lw_buf_str(line, finding->series);
        if (finding->has_attainable)
            attainable = fmax(attainable, finding->attainable_p);
    }
    if (attainable > 0) {
        lw_figure_alone(attainable, figure);
        lw_buf_format(line, " (a p-value could not be smaller than %s yet)", figure);
    }
}

static void write_line(struct lw_buf *line, struct lw_page *page)
{
    lw_page_pad(page, 2);
    lw_page_wrap_line(page, line, 2, 4);
}

/* "from run 12 on (8 more): ks of validation:accuracy". */
static void write_pending(const struct lw_judged *model, uint32_t needed, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 65536};

    lw_buf_format(&line, "from run %zu on (%u more): ", model->runs_n + needed, (unsigned)needed);
    append_waiting(&line, model, needed, NULL);
    write_line(&line, page);
}

/* "cusum of gap: 1 more baseline run must be named: 2 of 3 are in the history". */
static void write_stuck(const struct lw_judged *model, struct lw_page *page)
{
    for (size_t i = 0; i < model->findings_n; i++) {
        const char *sentence = model->findings[i].message;
        struct lw_buf line = {.ceiling = 65536};
        bool told = false;

        if (!waits_for(model, &model->findings[i], 0, NULL))
            continue;
        for (size_t before = 0; before < i && !told; before++)
            told = waits_for(model, &model->findings[before], 0, sentence);
        if (told)
            continue;
        append_waiting(&line, model, 0, sentence);
        lw_buf_format(&line, ": %s", sentence);
        write_line(&line, page);
    }
}

static void write_missing(const struct lw_judged *model, struct lw_page *page)
{
    uint32_t needed = next_needed(model, 0);

    if (needed == 0 && !lw_remarks_stuck(model))
        return;
    lw_page_heading(page, "Too little history to judge yet");
    write_stuck(model, page);
    for (; needed != 0; needed = next_needed(model, needed))
        write_pending(model, needed, page);
}

static bool is_found(const struct lw_judged *model, struct lw_str series)
{
    for (size_t i = 0; i < model->findings_n; i++)
        if (lw_str_equal(model->findings[i].series, series))
            return true;
    return false;
}

/* The sentence on metrics that are too many to be charted, or NULL. */
static const char *beyond_ceiling(const struct lw_judged *model)
{
    for (size_t i = model->findings_n; i > 0; i--)
        if (model->findings[i - 1].detector == LW_DETECT_QUALITY && model->findings[i - 1].verdict == LW_VERDICT_OK &&
            strstr(model->findings[i - 1].message, "not charted") != NULL)
            return model->findings[i - 1].message;
    return NULL;
}

/* What of the latest run no chart looks at: else one would take the silence about it for a good sign. */
static void write_uncharted(const struct lw_judged *model, struct lw_page *page)
{
    const struct lw_judged_run *latest = model->runs_n > 0 ? &model->runs[latest_charted(model)] : NULL;
    const char *sentence = beyond_ceiling(model);
    struct lw_buf line = {.ceiling = 65536};
    size_t n = 0;

    if (latest == NULL || !lw_metric_charted(latest->outcome) || latest->run->flags & LW_RUN_INTERLEAVED)
        return;
    for (uint32_t i = 0; sentence == NULL && i < latest->run->metrics_n; i++) {
        const struct lw_metric *metric = &lw_run_metrics(latest->run)[i];
        struct lw_str name = lw_run_str(latest->run, metric->name);

        if (metric->summary.count == 0 || is_found(model, name))
            continue;
        lw_buf_text(&line, n++ > 0 ? ", " : "Not charted, since by its name it counts or times: ");
        lw_buf_str(&line, name);
    }
    if (n > 0)
        lw_buf_text(&line, " (--lower-is-better or --higher-is-better NAME charts it)");
    if (sentence != NULL)
        lw_buf_text(&line, sentence);
    if (n > 0 || sentence != NULL) {
        lw_page_text(page, "\n");
        lw_page_tint(page, LW_TINT_FAINT);
        lw_page_wrap_line(page, &line, 0, 2);
        lw_page_plain(page);
    }
}

void lw_remarks_write(const struct lw_judged *model, struct lw_page *page)
{
    write_warnings(model, page);
    write_missing(model, page);
    write_uncharted(model, page);
}
