#include "engine/core/judge/chart/reference.h"

#include "engine/core/judge/chart/series.h"

static bool is_in_line(const struct lw_value *value)
{
    return value->place == LW_PLACE_REFERENCE || value->place == LW_PLACE_JUDGED;
}

static void begin_line(struct lw_line *line, uint32_t from)
{
    line->begin = 0;
    line->end = 0;
    line->from = from;
    line->to = from;
    line->sum = (struct lw_changepoint_sum){0};
}

/* What was worked out of values up to there holds no more. That is rare: an alarm, its end, values that had waited. */
void lw_reference_put(struct lw_fold *fold, uint32_t series, uint32_t i, enum lw_place place)
{
    struct lw_series_memory *memory = &fold->memory[series];

    memory->values[i].place = (uint32_t)place;
    if (place != LW_PLACE_REFERENCE && memory->plain > fold->series[series].values_n - 1 - i)
        memory->plain = fold->series[series].values_n - 1 - i;
    if (i < memory->line.to)
        begin_line(&memory->line, 0);
    if (i < memory->before.to)
        memory->before = (struct lw_stretch){0};
}

struct lw_line *lw_reference_line(struct lw_fold *fold, uint32_t series, uint32_t from)
{
    struct lw_line *line = &fold->memory[series].line;
    const struct lw_value *values = fold->memory[series].values;

    if (from < line->from || from > line->to)
        begin_line(line, from);
    for (; line->from < from; line->from++) {
        if (!is_in_line(&values[line->from]))
            continue;
        line->begin++;
        line->sum = (struct lw_changepoint_sum){0};
    }
    for (; line->to < fold->series[series].values_n; line->to++) {
        double *x;

        if (!is_in_line(&values[line->to]))
            continue;
        x = lw_fold_room(fold, line->x, &line->capacity, line->end, sizeof(*x));
        if (!x)
            return NULL;
        line->x = x;
        line->x[line->end++] = values[line->to].x;
    }
    return line;
}

struct lw_level lw_reference_level(struct lw_fold *fold, uint32_t series, uint32_t from, uint32_t to)
{
    struct lw_stretch *known = &fold->memory[series].before;
    const struct lw_value *values = fold->memory[series].values;

    if (from != known->from || to < known->to || known->to < from)
        *known = (struct lw_stretch){.from = from, .to = from};
    for (; known->to < to; known->to++) {
        if (values[known->to].place != LW_PLACE_OUT && values[known->to].place != LW_PLACE_HELD)
            lw_series_learn(&known->level, values[known->to].raw);
    }
    return known->level;
}
