#include "engine/report/text/text.h"

#include "engine/base/time_text.h"
#include "engine/report/page/figure.h"
#include "engine/report/page/page.h"
#include "engine/report/page/safe.h"
#include "engine/report/text/alarms.h"
#include "engine/report/text/course.h"
#include "engine/report/text/ledger.h"
#include "engine/report/text/overview.h"
#include "engine/report/text/remarks.h"

#include <stdbool.h>
#include <string.h>

#define COLUMNS_DEFAULT 80u
#define COLUMNS_LEAST   40u
#define ARENA_CEILING   ((size_t)1 << 30) /* cells of the widest report */
#define REJECTS_DETAIL  160
#define DETAILED_MOST   20u /* up to so many models all are told in detail */
#define ALONE_LEAST     3u  /* models of one run each: fewer may well be what they are */
#define QUIET_RANK      3u  /* of lw_overview_rank: from here on nothing needs a person */

/* "-- name ------- verdict --": where a model begins. */
static void write_rule(const struct lw_judged *model, struct lw_page *page)
{
    const char *dash = page->utf8 ? "\xe2\x94\x80" : "-";
    const char *verdict = lw_page_verdict(model->verdict);
    size_t used = 3;

    lw_page_text(page, "\n");
    lw_page_tint(page, LW_TINT_STRONG);
    lw_page_format(page, "%s%s ", dash, dash);
    used += lw_safe_write(page->out, model->model, page->columns / 2, page->utf8);
    if (model->origin.len > 0) {
        lw_page_text(page, " @ ");
        used += 3 + lw_safe_write(page->out, model->origin, page->columns / 4, page->utf8);
    }
    lw_page_text(page, " ");
    for (used += 1; used + strlen(verdict) + 4 < page->columns; used++)
        lw_page_text(page, dash);
    lw_page_plain(page);
    lw_page_tint(page, lw_page_verdict_tint(model->verdict));
    lw_page_format(page, " %s ", verdict);
    lw_page_plain(page);
    lw_page_tint(page, LW_TINT_STRONG);
    lw_page_format(page, "%s%s", dash, dash);
    lw_page_plain(page);
    lw_page_text(page, "\n");
}

static void write_model(const struct lw_judged *model, struct lw_page *page)
{
    write_rule(model, page);
    lw_ledger_write(model, page);
    lw_course_write(model, page);
    lw_alarms_write(model, page);
    lw_remarks_write(model, page);
}

/* Of many models only those that need a person are told in detail. */
static bool is_detailed(const struct lw_report *report, const struct lw_judged *model)
{
    return report->models_n <= DETAILED_MOST || lw_overview_rank(model) < QUIET_RANK || lw_alarms_open(model) > 0;
}

static void write_models(const struct lw_report *report, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 1024};
    size_t left_out = 0;

    for (size_t rank = 0; rank < LW_OVERVIEW_RANKS; rank++) {
        for (size_t i = 0; i < report->models_n; i++) {
            const struct lw_judged *model = &report->models[i];

            if (lw_overview_rank(model) != rank)
                continue;
            if (is_detailed(report, model))
                write_model(model, page);
            else
                left_out++;
            lw_arena_reset(page->arena);
        }
    }
    if (left_out == 0)
        return;
    lw_buf_format(&line, "%zu models without warnings or alerts are not told in detail: --model-pattern shows them.",
                  left_out);
    lw_page_text(page, "\n");
    lw_page_wrap_line(page, &line, 0, 0);
}

static void write_reject(const struct lw_report_reject *reject, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 65536};

    lw_buf_format(&line, "%llu x %s: %s", (unsigned long long)reject->count, lw_reject_id(reject->reason),
                  lw_reject_text(reject->reason));
    if (reject->file.len > 0) {
        lw_buf_text(&line, "; first at ");
        lw_buf_str(&line, reject->file);
        if (reject->line > 0)
            lw_buf_format(&line, ":%llu", (unsigned long long)reject->line);
    }
    if (reject->detail.len > 0) {
        lw_buf_text(&line, " (");
        lw_buf_bytes(&line, reject->detail.at,
                     reject->detail.len < REJECTS_DETAIL ? reject->detail.len : REJECTS_DETAIL);
        lw_buf_char(&line, ')');
    }
    lw_page_pad(page, 2);
    lw_page_wrap_line(page, &line, 2, 4);
}

/* Known by its description alone: not by signs of life of its host, nor one whose points were refused. */
static bool is_described(const struct lw_run *run)
{
    return run->metrics_n == 0 && (run->outcome != LW_OUTCOME_UNKNOWN || run->has_created) &&
           !(run->flags & LW_RUN_INTERLEAVED) && run->duration_source != LW_DURATION_HEARTBEAT;
}

static size_t count_described(const struct lw_report *report)
{
    size_t n = 0;

    for (size_t i = 0; i < report->models_n; i++) {
        for (size_t j = 0; j < report->models[i].runs_n; j++)
            n += is_described(report->models[i].runs[j].run);
    }
    return n;
}

static void write_file_error(const struct lw_report_file *file, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 65536};

    lw_buf_str(&line, file->path);
    lw_buf_text(&line, ": ");
    lw_buf_str(&line, file->error);
    lw_page_pad(page, 2);
    lw_page_tint(page, LW_TINT_BAD);
    lw_page_wrap_line(page, &line, 2, 4);
    lw_page_plain(page);
}

static void write_input(const struct lw_report *report, struct lw_page *page)
{
    char size[LW_FIGURE_TEXT];
    uint64_t bytes = 0;
    uint64_t duplicates = 0;
    size_t unusable = 0;
    size_t described = count_described(report);
    struct lw_buf line = {.ceiling = 1024};

    for (size_t i = 0; i < report->files_n; i++) {
        bytes += report->files[i].bytes;
        duplicates += report->files[i].duplicates;
        unusable += report->files[i].error.len > 0;
    }
    lw_figure_bytes((double)bytes, size);
    lw_page_text(page, "\n");
    lw_buf_format(&line, "Read %zu %s, %s: %llu %s", report->files_n, report->files_n == 1 ? "file" : "files", size,
                  (unsigned long long)report->datapoints, report->datapoints == 1 ? "datapoint" : "datapoints");
    if (described > 0)
        lw_buf_format(&line, ", %zu %s", described,
                      described == 1 ? "job described without datapoints" : "jobs described without datapoints");
    if (duplicates > 0)
        lw_buf_format(&line, ", %llu of them duplicates", (unsigned long long)duplicates);
    lw_buf_text(&line, report->models_n > 0 ? ". Times are UTC." : ".");
    lw_page_wrap_line(page, &line, 0, 2);
    if (unusable > 0) {
        lw_page_heading(page, "Files that could not be used");
        for (size_t i = 0; i < report->files_n; i++) {
            if (report->files[i].error.len > 0)
                write_file_error(&report->files[i], page);
        }
    }
    if (report->rejects_n > 0) {
        lw_page_heading(page, "Skipped");
        for (size_t i = 0; i < report->rejects_n; i++)
            write_reject(&report->rejects[i], page);
    }
}

/* Names that change in more than a time stamp make every run a model of its own, and nothing can be compared. */
static void write_hint(const struct lw_report *report, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 1024};
    size_t alone = 0;

    for (size_t i = 0; i < report->models_n; i++)
        alone += report->models[i].runs_n == 1;
    if (report->models_n < ALONE_LEAST || alone * 10 < report->models_n * 9)
        return;
    lw_buf_format(&line,
                  "%zu of %zu models consist of a single run, so there is nothing to compare them with: --model NAME "
                  "groups them (`leeway models` shows how names were understood).",
                  alone, report->models_n);
    lw_page_text(page, "\n");
    lw_page_wrap_line(page, &line, 0, 0);
}

static void write_notes(const struct lw_report *report, struct lw_page *page)
{
    if (report->warnings_n == 0)
        return;
    lw_page_heading(page, "Notes");
    for (size_t i = 0; i < report->warnings_n; i++) {
        lw_page_pad(page, 2);
        lw_page_wrap(page, report->warnings[i], 2, 4);
    }
}

void lw_text_write(const struct lw_report *report, const struct lw_report_style *style, struct lw_buf *out)
{
    struct lw_arena arena = {.ceiling = ARENA_CEILING};
    struct lw_page page = {
        .out = out,
        .arena = &arena,
        .columns = style->columns == 0              ? COLUMNS_DEFAULT
                   : style->columns < COLUMNS_LEAST ? COLUMNS_LEAST
                                                    : style->columns,
        .colour = style->colour,
        .utf8 = style->utf8,
    };

    lw_overview_write(report, &page);
    write_hint(report, &page);
    write_models(report, &page);
    write_notes(report, &page);
    write_input(report, &page);
    lw_arena_close(&arena);
}
