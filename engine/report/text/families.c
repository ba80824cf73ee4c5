#include "engine/report/text/families.h"

#include "engine/base/time_text.h"
#include "engine/report/page/table.h"

#define ARENA_CEILING   ((size_t)1 << 30)
#define COLUMNS_DEFAULT 80
#define COLUMNS_LEAST   40
#define NAMES_LEAST     16

enum { COLUMN_MODEL, COLUMN_ORIGIN, COLUMN_RUNS, COLUMN_FIRST, COLUMN_LAST, COLUMN_EXAMPLES, COLUMN_COUNT };

/* The earliest start, or the latest end; a run of which only the start is known ends there as far as one can say. Runs
   without a clock are ordered by their names, so neither is that of the first or last run. */
static struct lw_str when(struct lw_page *page, const struct lw_judged *model, bool last)
{
    char text[LW_TIME_SHORT];
    bool found = false;
    lw_time time = {0};

    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_run *run = model->runs[i].run;
        lw_time at = last && run->has_end ? run->end : run->start;

        if (!(last && run->has_end) && !run->has_start)
            continue;
        if (!found || (last ? at.ms > time.ms : at.ms < time.ms))
            time = at;
        found = true;
    }
    if (!found)
        return LW_STR("no clock");
    lw_time_short(time, true, text);
    return lw_page_cell(page, "%s", text);
}

static struct lw_str name_of(const struct lw_judged *model, size_t run)
{
    return lw_run_str(model->runs[run].run, model->runs[run].run->name);
}

/* The first and the last name: what they have in common is what made them one family. */
static struct lw_str examples(struct lw_page *page, const struct lw_judged *model)
{
    struct lw_str first = name_of(model, 0);
    struct lw_str last = name_of(model, model->runs_n - 1);

    if (model->runs_n == 1)
        return first;
    return lw_page_cell(page, "%.*s %s %.*s", (int)first.len, first.at, lw_page_ellipsis(page), (int)last.len, last.at);
}

static void fill(struct lw_page *page, const struct lw_judged *model, struct lw_table_cell *cells)
{
    cells[COLUMN_MODEL].text = model->model;
    cells[COLUMN_ORIGIN].text = model->origin;
    cells[COLUMN_RUNS].text = lw_page_cell(page, "%zu", model->runs_n);
    if (model->runs_n == 0)
        return;
    if (model->runs_n == 1)
        cells[COLUMN_RUNS].tint = LW_TINT_NOTICE;
    cells[COLUMN_FIRST].text = when(page, model, false);
    cells[COLUMN_LAST].text = when(page, model, true);
    cells[COLUMN_EXAMPLES].text = examples(page, model);
}

static void write_table(const struct lw_report *report, struct lw_page *page)
{
    struct lw_table table = {
        .columns = {[COLUMN_MODEL] = {.title = LW_STR("model"), .least = NAMES_LEAST},
                    [COLUMN_ORIGIN] = {.title = LW_STR("origin"), .rank = 2, .least = NAMES_LEAST},
                    [COLUMN_RUNS] = {.title = LW_STR("runs"), .right = true},
                    [COLUMN_FIRST] = {.title = LW_STR("first"), .right = true, .rank = 1},
                    [COLUMN_LAST] = {.title = LW_STR("last"), .right = true, .rank = 1},
                    [COLUMN_EXAMPLES] = {.title = LW_STR("names of its runs"), .least = NAMES_LEAST}},
        .columns_n = COLUMN_COUNT,
        .rows_n = report->models_n,
    };

    table.cells = lw_page_array(page, report->models_n * COLUMN_COUNT, sizeof(*table.cells));
    if (table.cells == NULL)
        return;
    for (size_t i = 0; i < report->models_n; i++)
        fill(page, &report->models[i], &table.cells[i * COLUMN_COUNT]);
    (void)lw_table_write(&table, page);
}

void lw_families_write(const struct lw_report *report, const struct lw_report_style *style, struct lw_buf *out)
{
    struct lw_arena arena = {.ceiling = ARENA_CEILING};
    struct lw_page page = {.out = out, .arena = &arena, .colour = style->colour, .utf8 = style->utf8};
    size_t alone = 0;

    page.columns = style->columns == 0 ? COLUMNS_DEFAULT : style->columns;
    if (page.columns < COLUMNS_LEAST)
        page.columns = COLUMNS_LEAST;
    if (report->models_n == 0)
        lw_page_text(&page, "No run was found.\n");
    else
        write_table(report, &page);
    if (report->models_n > 0)
        lw_page_text(&page, "Times are UTC.\n");
    for (size_t i = 0; i < report->models_n; i++)
        alone += report->models[i].runs_n == 1;
    if (alone > 0) {
        struct lw_buf line = {.ceiling = 1024};

        lw_buf_format(&line,
                      "%zu %s of a single run: if they belong to another one, their names carry something that changes "
                      "with every run; --model NAME puts all files of a call into one model.",
                      alone, alone == 1 ? "model consists" : "models consist");
        lw_page_text(&page, "\n");
        lw_page_wrap_line(&page, &line, 0, 0);
    }
    lw_arena_close(&arena);
}
