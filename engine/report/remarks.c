#include "engine/report/remarks.h"

#include "engine/report/figure.h"

#include <math.h>
#include <stdio.h>

#define GROUPS_SHOWN 8 /* more warnings than this are counted, not told */
#define RUNS_NAMED   6 /* runs named per warning */
#define GROUPS_MAX   64

/* Warnings of one detector on one series. */
struct group {
    enum lw_detector detector;
    struct lw_str series;
    size_t n;
    const struct lw_finding *last;
    uint32_t runs[RUNS_NAMED]; /* the latest ones, as a ring */
};

static struct group *find_group(struct group *groups, size_t *n, const struct lw_finding *finding)
{
    for (size_t i = 0; i < *n; i++) {
        if (groups[i].detector == finding->detector && lw_str_equal(groups[i].series, finding->series))
            return &groups[i];
    }
    if (*n == GROUPS_MAX)
        return NULL;
    groups[*n] = (struct group){.detector = finding->detector, .series = finding->series};
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
        group = find_group(groups, &n, finding);
        if (group == NULL) {
            (*untold)++;
            continue;
        }
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

static void write_group(const struct group *group, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 4096};
    size_t named = group->n < RUNS_NAMED ? group->n : RUNS_NAMED;

    lw_buf_str(&line, group->series);
    lw_buf_format(&line, " (%s), ", lw_detector_name(group->detector));
    if (named < group->n)
        lw_buf_format(&line, "%zu runs, the last ", group->n);
    else
        lw_buf_format(&line, "%s ", group->n == 1 ? "run" : "runs");
    for (size_t i = 0; i < named; i++)
        lw_buf_format(&line, "%s%u", i > 0 ? ", " : "", (unsigned)group->runs[(group->n - named + i) % RUNS_NAMED] + 1);
    lw_buf_format(&line, ": %s", group->last->message);
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

static bool is_pending(const struct lw_judged *model, const struct lw_finding *finding)
{
    return finding->verdict == LW_VERDICT_INSUFFICIENT && (size_t)finding->run + 1 == model->runs_n;
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

/* "from run 12 on (8 more): ks of validation:accuracy, train:accuracy; cusum of gap". */
static void write_pending(const struct lw_judged *model, uint32_t needed, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 65536};
    int detector = -1;
    double attainable = 0;
    char figure[LW_FIGURE_TEXT];

    lw_buf_format(&line, "from run %zu on (%u more):", model->runs_n + needed, (unsigned)needed);
    for (size_t i = 0; i < model->findings_n; i++) {
        const struct lw_finding *finding = &model->findings[i];

        if (!is_pending(model, finding) || finding->runs_needed != needed)
            continue;
        if ((int)finding->detector != detector)
            lw_buf_format(&line, "%s %s of ", detector < 0 ? "" : ";", lw_detector_name(finding->detector));
        else
            lw_buf_text(&line, ", ");
        detector = (int)finding->detector;
        lw_buf_str(&line, finding->series);
        if (finding->has_attainable)
            attainable = fmax(attainable, finding->attainable_p);
    }
    if (attainable > 0) {
        lw_figure_alone(attainable, figure);
        lw_buf_format(&line, " (a p-value could not be smaller than %s yet)", figure);
    }
    lw_page_pad(page, 2);
    lw_page_wrap_line(page, &line, 2, 4);
}

void lw_remarks_write(const struct lw_judged *model, struct lw_page *page)
{
    uint32_t needed = next_needed(model, 0);

    write_warnings(model, page);
    if (needed == 0)
        return;
    lw_page_heading(page, "Too little history to judge yet");
    for (; needed != 0; needed = next_needed(model, needed))
        write_pending(model, needed, page);
}
