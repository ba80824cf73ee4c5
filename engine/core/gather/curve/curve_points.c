#include "engine/core/gather/curve/curve_entry.h"

#include <stdlib.h>

static void emit(struct lw_curve_points *points, int64_t at, double value, double least, double most, double samples)
{
    points->least = points->n == 0 || least < points->least ? least : points->least;
    points->most = points->n == 0 || most > points->most ? most : points->most;
    points->samples += samples;
    points->at[points->n] = at;
    points->value[points->n] = value;
    if (points->detail != NULL)
        points->detail[points->n] = (struct lw_curve_detail){least, most, samples};
    points->n++;
}

/* By value; of equal values CloudWatch's and then the greater set stands first, and that one stays. */
static int by_value(const void *left, const void *right)
{
    const struct lw_set *a = left, *b = right;
    double a_value = lw_set_value(a), b_value = lw_set_value(b);

    if (a_value != b_value)
        return a_value < b_value ? -1 : 1;
    if (a->cloudwatch != b->cloudwatch)
        return a->cloudwatch ? -1 : 1;
    return lw_set_compare(b, a);
}

/* All points of one time: CloudWatch's become one, plain ones stay where their values differ. Returns how many of the n
   have a part in what is given out. */
static size_t emit_group(struct lw_curve_points *points, struct lw_set *sets, size_t n)
{
    size_t cloudwatch = 0, used = 0, kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (sets[i].cloudwatch) {
            struct lw_set moved = sets[cloudwatch];

            sets[cloudwatch++] = sets[i];
            sets[i] = moved;
        }
    }
    if (cloudwatch > 0) {
        struct lw_set one = lw_set_join(sets, cloudwatch, &used);

        sets[cloudwatch - 1] = one;
        sets += cloudwatch - 1;
        n -= cloudwatch - 1;
        used--;
    }
    if (n > 1)
        qsort(sets, n, sizeof(*sets), by_value);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && lw_set_value(&sets[i]) == lw_set_value(&sets[i - 1]))
            continue;
        emit(points, sets[i].at, lw_set_value(&sets[i]), lw_set_least(&sets[i]), lw_set_most(&sets[i]),
             lw_set_samples(&sets[i]));
        kept++;
    }
    return used + kept;
}

static bool peek(const struct lw_curve_cursor *cursor)
{
    return cursor->chunk != NULL;
}

static int64_t narrow_at(const struct lw_curve_cursor *cursor)
{
    return lw_curve_key_time(lw_narrow_of(cursor->chunk)[cursor->index].key, LW_CURVE_NARROW_RANGE);
}

static int64_t wide_at(const struct lw_curve_cursor *cursor)
{
    return lw_curve_key_time(lw_wide_of(cursor->chunk)[cursor->index].key, LW_CURVE_WIDE_RANGE);
}

/* Collects everything of the least time from both lists into `sets`. Returns 0 at the end or when memory is out. */
static size_t next_group(struct lw_curve_cursor *narrow, struct lw_curve_cursor *wide, struct lw_memory *memory,
                         struct lw_scratch *sets, bool *failed)
{
    int64_t at;
    size_t n = 0;

    if (!peek(narrow) && !peek(wide))
        return 0;
    at = !peek(wide) || (peek(narrow) && narrow_at(narrow) <= wide_at(wide)) ? narrow_at(narrow) : wide_at(wide);
    for (;; n++) {
        bool from_narrow = peek(narrow) && narrow_at(narrow) == at;

        if (!from_narrow && !(peek(wide) && wide_at(wide) == at))
            return n;
        if (!lw_memory_extend(memory, sets, n + 1, sizeof(struct lw_set))) {
            *failed = true;
            return 0;
        }
        ((struct lw_set *)sets->at)[n] = from_narrow
                                             ? lw_curve_entry_narrow(&lw_narrow_of(narrow->chunk)[narrow->index])
                                             : lw_curve_entry_wide(&lw_wide_of(wide->chunk)[wide->index]);
        lw_curve_step(from_narrow ? narrow : wide);
    }
}

/* Single values alone, in order, each time once: the rule. Stops before the first that is not. */
static void emit_singles(struct lw_curve_points *points, struct lw_curve_cursor *narrow, size_t *used)
{
    while (peek(narrow)) {
        struct lw_curve_cursor next = *narrow;
        const struct lw_narrow *entry = &lw_narrow_of(narrow->chunk)[narrow->index];
        int64_t at = lw_curve_key_time(entry->key, LW_CURVE_NARROW_RANGE);

        lw_curve_step(&next);
        if ((peek(&next) && narrow_at(&next) == at) || (entry->key & (LW_CURVE_NARROW_RANGE - 1)) > LW_CURVE_ONE)
            return;
        emit(points, at, entry->value, entry->value, entry->value, 1.0);
        ++*used;
        *narrow = next;
    }
}

static bool all_single(const struct lw_curve *curve)
{
    for (const struct lw_chunk *chunk = curve->narrow.first; chunk != NULL; chunk = chunk->next)
        for (uint32_t i = 0; i < chunk->n; i++)
            if ((lw_narrow_of(chunk)[i].key & (LW_CURVE_NARROW_RANGE - 1)) > LW_CURVE_ONE)
                return false;
    return curve->wide.n == 0;
}

bool lw_curve_points(struct lw_curve *curve, bool detail, struct lw_memory *memory, struct lw_scratch *room,
                     struct lw_scratch work[2], struct lw_curve_points *points)
{
    struct lw_curve_cursor narrow, wide;
    size_t most, used = 0, n;
    bool failed = false;

    if (!lw_curve_settle(curve, memory, work))
        return false;
    most = (size_t)lw_curve_stored(curve);
    detail = detail && !all_single(curve);
    if (!lw_memory_scratch(memory, room, most,
                           sizeof(int64_t) + sizeof(double) + (detail ? sizeof(struct lw_curve_detail) : 0)))
        return false;
    *points = (struct lw_curve_points){.at = room->at};
    points->value = (double *)(void *)(points->at + most);
    points->detail = detail ? (struct lw_curve_detail *)(void *)(points->value + most) : NULL;
    narrow = (struct lw_curve_cursor){.chunk = curve->narrow.first};
    wide = (struct lw_curve_cursor){.chunk = curve->wide.first};
    if (!peek(&wide))
        emit_singles(points, &narrow, &used);
    while ((n = next_group(&narrow, &wide, memory, &work[0], &failed)) > 0) {
        used += emit_group(points, work[0].at, n);
        if (!peek(&wide))
            emit_singles(points, &narrow, &used);
    }
    points->duplicates = curve->raw - used;
    return !failed;
}
