#include "engine/core/gather/curve/curve_entry.h"

struct lw_set lw_curve_entry_narrow(const struct lw_narrow *entry)
{
    enum lw_curve_kind kind = (enum lw_curve_kind)(entry->key & (LW_CURVE_NARROW_RANGE - 1));
    double v = entry->value;
    struct lw_set set = {.at = lw_curve_key_time(entry->key, LW_CURVE_NARROW_RANGE),
                         .cloudwatch = kind != LW_CURVE_PLAIN};

    switch (kind) {
    case LW_CURVE_PLAIN:
    case LW_CURVE_AVERAGE:
        set.average = v;
        set.known = LW_KNOWN_AVERAGE;
        break;
    case LW_CURVE_ONE:
        set.sum = set.min = set.max = set.average = v;
        set.count = 1.0;
        set.known = LW_SET_ALL;
        break;
    case LW_CURVE_SUM:
        set.sum = v;
        set.known = LW_KNOWN_SUM;
        break;
    case LW_CURVE_MIN:
        set.min = v;
        set.known = LW_KNOWN_MIN;
        break;
    case LW_CURVE_MAX:
        set.max = v;
        set.known = LW_KNOWN_MAX;
        break;
    case LW_CURVE_COUNT:
        set.count = v;
        set.known = LW_KNOWN_COUNT;
        break;
    case LW_CURVE_WIDE:
        assert(kind != LW_CURVE_WIDE);
    }
    return set;
}

struct lw_set lw_curve_entry_wide(const struct lw_wide *entry)
{
    return (struct lw_set){.at = lw_curve_key_time(entry->key, LW_CURVE_WIDE_RANGE),
                           .sum = entry->sum,
                           .min = entry->min,
                           .max = entry->max,
                           .count = entry->count,
                           .average = entry->average,
                           .known = (uint8_t)(entry->key & LW_SET_ALL),
                           .cloudwatch = (entry->key & LW_CURVE_WIDE_CLOUDWATCH) != 0};
}
