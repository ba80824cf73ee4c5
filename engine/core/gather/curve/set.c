#include "engine/core/gather/curve/set.h"

#include <math.h>
#include <stdlib.h>

static int compare(double a, double b)
{
    return (a > b) - (a < b);
}

static unsigned members(uint8_t known)
{
    unsigned n = 0;

    for (unsigned bits = known; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

/* With a count of 1 all the other members are the same number; where the data contradict that, they are left alone. */
static bool single(const struct lw_set *set, double *value)
{
    const struct {
        uint8_t bit;
        double number;
    } numbers[] = {
        {LW_KNOWN_AVERAGE, set->average}, {LW_KNOWN_SUM, set->sum}, {LW_KNOWN_MIN, set->min}, {LW_KNOWN_MAX, set->max}};
    bool found = false;

    if (!(set->known & LW_KNOWN_COUNT) || set->count != 1.0)
        return false;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (!(set->known & numbers[i].bit))
            continue;
        if (found && numbers[i].number != *value)
            return false;
        *value = numbers[i].number;
        found = true;
    }
    return found;
}

static void complete(struct lw_set *set)
{
    double value = 0.0;

    if (single(set, &value)) {
        set->sum = set->min = set->max = set->average = value;
        set->known = LW_SET_ALL;
        return;
    }
    if (!(set->known & LW_KNOWN_COUNT))
        return;
    if ((set->known & LW_KNOWN_SUM) && !(set->known & LW_KNOWN_AVERAGE) && isfinite(set->sum / set->count)) {
        set->average = set->sum / set->count;
        set->known |= LW_KNOWN_AVERAGE;
    } else if ((set->known & LW_KNOWN_AVERAGE) && !(set->known & LW_KNOWN_SUM) && isfinite(set->average * set->count)) {
        set->sum = set->average * set->count;
        set->known |= LW_KNOWN_SUM;
    }
}

/* -0 + 0 is 0. */
static double member(uint8_t known, enum lw_known bit, double number)
{
    return known & bit ? number + 0.0 : 0.0;
}

static bool time_valid(int64_t at)
{
    return at >= LW_TIME_MIN && at <= LW_TIME_MAX;
}

bool lw_set_from_point(const struct lw_point *point, struct lw_set *set, enum lw_reject *reason)
{
    struct lw_set s = {.at = point->at,
                       .sum = member(point->known, LW_KNOWN_SUM, point->sum),
                       .min = member(point->known, LW_KNOWN_MIN, point->min),
                       .max = member(point->known, LW_KNOWN_MAX, point->max),
                       .count = member(point->known, LW_KNOWN_COUNT, point->count),
                       .average = member(point->known, LW_KNOWN_AVERAGE, point->average),
                       .known = (uint8_t)(point->known & LW_SET_ALL),
                       .cloudwatch = (point->flags & LW_POINT_CLOUDWATCH) != 0};

    /* What nearly all points are: one plain value, or a full set of one. A difference that is 0 is finite, as is the rest. */
    if (s.known == LW_KNOWN_AVERAGE && !s.cloudwatch && s.average - s.average == 0.0 && time_valid(s.at)) {
        *set = s;
        return true;
    }
    if (s.known == LW_SET_ALL && s.cloudwatch && s.count == 1.0 && s.sum == s.average && s.min == s.average &&
        s.max == s.average && s.average - s.average == 0.0 && time_valid(s.at)) {
        *set = s;
        return true;
    }
    *reason = LW_REJECT_COUNT;
    if (s.known == 0)
        *reason = LW_REJECT_NO_VALUE;
    else if (!isfinite(s.sum) || !isfinite(s.min) || !isfinite(s.max) || !isfinite(s.count) || !isfinite(s.average))
        *reason = LW_REJECT_NOT_FINITE;
    else if ((s.known & LW_KNOWN_COUNT) && s.count <= 0.0)
        *reason = LW_REJECT_BAD_COUNT;
    else if ((s.known & LW_KNOWN_MIN) && (s.known & LW_KNOWN_MAX) && s.min > s.max)
        *reason = LW_REJECT_MIN_OVER_MAX;
    else if (!time_valid(s.at))
        *reason = LW_REJECT_BAD_TIME;
    if (*reason != LW_REJECT_COUNT)
        return false;
    complete(&s);
    /* For a plain value nothing hangs on whether its count of 1 was stated: one form for both. */
    if (!s.cloudwatch && s.known == LW_SET_ALL && s.count == 1.0 && s.min == s.max)
        s = (struct lw_set){.at = s.at, .average = s.average, .known = LW_KNOWN_AVERAGE};
    *set = s;
    return true;
}

double lw_set_value(const struct lw_set *set)
{
    if (set->known & LW_KNOWN_AVERAGE)
        return set->average;
    if (set->known & LW_KNOWN_MAX)
        return set->max;
    if (set->known & LW_KNOWN_MIN)
        return set->min;
    return set->known & LW_KNOWN_SUM ? set->sum : set->count;
}

double lw_set_least(const struct lw_set *set)
{
    return set->known & LW_KNOWN_MIN ? set->min : lw_set_value(set);
}

double lw_set_most(const struct lw_set *set)
{
    return set->known & LW_KNOWN_MAX ? set->max : lw_set_value(set);
}

double lw_set_samples(const struct lw_set *set)
{
    return set->known & LW_KNOWN_COUNT ? set->count : 1.0;
}

int lw_set_compare(const struct lw_set *a, const struct lw_set *b)
{
    int order = compare(a->count, b->count);

    if (order == 0)
        order = compare(members(a->known), members(b->known));
    if (order == 0)
        order = compare(a->max, b->max);
    if (order == 0)
        order = compare(a->sum, b->sum);
    if (order == 0)
        order = compare(a->min, b->min);
    if (order == 0)
        order = compare(a->average, b->average);
    /* Different statistics with the same numbers: any fixed order does. */
    return order != 0 ? order : (a->known > b->known) - (a->known < b->known);
}

static int greatest_first(const void *a, const void *b)
{
    return lw_set_compare(b, a);
}

static void fill(struct lw_set *set, const struct lw_set *from)
{
    uint8_t missing = (uint8_t)(from->known & ~set->known);

    if (missing & LW_KNOWN_SUM)
        set->sum = from->sum;
    if (missing & LW_KNOWN_MIN)
        set->min = from->min;
    if (missing & LW_KNOWN_MAX)
        set->max = from->max;
    if (missing & LW_KNOWN_COUNT)
        set->count = from->count;
    if (missing & LW_KNOWN_AVERAGE)
        set->average = from->average;
    set->known |= missing;
}

struct lw_set lw_set_join(struct lw_set *sets, size_t n, size_t *used)
{
    const struct lw_set *whole = NULL;
    struct lw_set join = {0};
    uint32_t masks = 0; /* which combinations of statistics have their winner already: 32 of them */
    size_t parts = 0;

    if (n > 1)
        qsort(sets, n, sizeof(*sets), greatest_first);
    for (size_t i = 0; i < n; i++) {
        if (masks & (1u << sets[i].known))
            continue;
        masks |= 1u << sets[i].known;
        if (sets[i].known == LW_SET_ALL) {
            whole = &sets[i];
        } else if (parts++ == 0) {
            join = sets[i];
        } else {
            fill(&join, &sets[i]);
        }
    }
    if (parts > 0) {
        complete(&join);
        /* Minimum and maximum from different polls of an unfinished minute. */
        if ((join.known & LW_KNOWN_MIN) && (join.known & LW_KNOWN_MAX) && join.min > join.max) {
            double least = join.max;

            join.max = join.min;
            join.min = least;
        }
    }
    if (whole != NULL && (join.known != LW_SET_ALL || lw_set_compare(whole, &join) >= 0)) {
        *used = 1;
        return *whole;
    }
    *used = parts;
    return join;
}
