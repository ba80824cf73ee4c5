#include "engine/flow/simulate/plan.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"

#define SHOWN 80 /* of a text that is not understood */

struct lw_plan lw_plan_default(void)
{
    return (struct lw_plan){
        .model = LW_STR("simulated"),
        .start = {INT64_C(1559347200000)}, /* 2019-06-01T00:00:00Z */
        .every = {LW_HOUR},
        .duration = {10 * LW_MINUTE},
        .runs = 60,
        .epochs = 20,
        .seed = 1,
    };
}

static struct lw_str part(struct lw_str text, size_t from, size_t to)
{
    return (struct lw_str){.at = text.at + from, .len = to - from};
}

/* Position of the last `c`, or the length of the text. */
static size_t last_of(struct lw_str text, char c)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.at[i - 1] == c)
            return i - 1;
    }
    return text.len;
}

static bool read_run(struct lw_str text, uint32_t *run)
{
    double value;

    if (!lw_scan_decimal(text, &value) || value < 1 || value > 1e6 || value != (double)(uint32_t)value)
        return false;
    *run = (uint32_t)value;
    return true;
}

/* "40", "20-25". */
static bool read_runs(struct lw_str text, struct lw_plan_change *change)
{
    size_t dash = last_of(text, '-');

    change->last = UINT32_MAX;
    if (dash == text.len)
        return read_run(text, &change->first);
    return read_run(part(text, 0, dash), &change->first) && read_run(part(text, dash + 1, text.len), &change->last) &&
           change->last >= change->first;
}

/* "x2", "+10%", "-0.02"; a span where that is meant: "+5m". */
static bool read_amount(struct lw_str text, struct lw_plan_change *change)
{
    bool negative = text.len > 0 && text.at[0] == '-';
    bool is_signed = negative || (text.len > 0 && text.at[0] == '+');
    lw_span span;

    if (text.len > 1 && text.at[0] == 'x') {
        change->factor = true;
        return lw_scan_decimal(part(text, 1, text.len), &change->amount) && change->amount > 0;
    }
    if (text.len > 1 && text.at[text.len - 1] == '%') {
        change->factor = true;
        if (!lw_scan_decimal(part(text, 0, text.len - 1), &change->amount))
            return false;
        change->amount = 1 + change->amount / 100;
        return change->amount > 0;
    }
    change->factor = false;
    if (change->series == LW_PLAN_VALIDATION || change->series == LW_PLAN_TRAIN)
        return lw_scan_decimal(text, &change->amount);
    if (!lw_span_read(part(text, is_signed ? 1 : 0, text.len), &span))
        return false;
    change->amount = (negative ? -1.0 : 1.0) * (double)span.ms / 1000;
    return change->series != LW_PLAN_GAP || (!is_signed && span.ms > 0);
}

static enum lw_err add(struct lw_plan *plan, struct lw_plan_change change, struct lw_fault *fault)
{
    if (plan->changes_n == LW_PLAN_CHANGES)
        return lw_fault_set(fault, LW_ERR_USAGE, "more than %d changes: leave some out", LW_PLAN_CHANGES);
    plan->changes[plan->changes_n++] = change;
    return LW_ERR_OK;
}

enum lw_err lw_plan_drift(struct lw_plan *plan, struct lw_str text, struct lw_fault *fault)
{
    static const struct {
        struct lw_str name;
        enum lw_plan_series series;
    } known[] = {{{"validation:accuracy", 19}, LW_PLAN_VALIDATION},
                 {{"train:accuracy", 14}, LW_PLAN_TRAIN},
                 {{"duration", 8}, LW_PLAN_DURATION}};
    size_t at = last_of(text, '@');
    size_t colon = last_of(part(text, 0, at), ':');
    struct lw_plan_change change = {.amount = 0};
    bool found = false;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !found; i++) {
        found = lw_str_equal(part(text, 0, colon), known[i].name);
        change.series = known[i].series;
    }
    if (!found)
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "--drift %.*s: name validation:accuracy, train:accuracy or duration, as in "
                            "validation:accuracy:-0.02@40",
                            (int)(text.len < SHOWN ? text.len : SHOWN), text.at);
    if (at == text.len || colon >= at || !read_amount(part(text, colon + 1, at), &change) ||
        !read_runs(part(text, at + 1, text.len), &change))
        return lw_fault_set(fault, LW_ERR_USAGE, "--drift %.*s: write SERIES:CHANGE@RUN, as in duration:x2@45",
                            (int)(text.len < SHOWN ? text.len : SHOWN), text.at);
    return add(plan, change, fault);
}

enum lw_err lw_plan_gap(struct lw_plan *plan, struct lw_str text, struct lw_fault *fault)
{
    size_t at = last_of(text, '@');
    struct lw_plan_change change = {.series = LW_PLAN_GAP};

    if (at == text.len || !read_amount(part(text, 0, at), &change) || !read_runs(part(text, at + 1, text.len), &change))
        return lw_fault_set(fault, LW_ERR_USAGE, "--gap %.*s: write SPAN@RUN, as in 30m@50, or xFACTOR@RUN",
                            (int)(text.len < SHOWN ? text.len : SHOWN), text.at);
    return add(plan, change, fault);
}

double lw_plan_apply(const struct lw_plan *plan, enum lw_plan_series series, uint32_t run, double value)
{
    for (uint32_t i = 0; i < plan->changes_n; i++) {
        const struct lw_plan_change *change = &plan->changes[i];

        if (change->series != series || run < change->first || run > change->last)
            continue;
        if (change->factor)
            value *= change->amount;
        else
            value = series == LW_PLAN_GAP ? change->amount : value + change->amount;
    }
    return value;
}
