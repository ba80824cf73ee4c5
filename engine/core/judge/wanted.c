#include "engine/core/judge/wanted.h"

#include "engine/base/fault.h"
#include "engine/core/gather/job_name.h"

#include <stdbool.h>

static bool concerns(const struct lw_rebaseline *the, struct lw_str origin, struct lw_str model)
{
    return lw_str_equal(the->model, model) && (the->origin.len == 0 || lw_str_equal(the->origin, origin));
}

static bool has_that_name(const struct lw_rebaseline *the, const struct lw_run *run)
{
    return lw_str_equal(lw_run_str(run, run->name), the->run);
}

static bool starts_then(const struct lw_rebaseline *the, const struct lw_run *run)
{
    return run->has_start && run->start.ms == the->from.ms;
}

/* A job's name is stamped when it is made; its start is known from its data, which may say a minute less or more. Who
   copies the time out of a name means that run, also when the seconds are left out. */
static bool is_named_by(const struct lw_rebaseline *the, const struct lw_run *run)
{
    struct lw_job_name name = lw_job_name_read(lw_run_str(run, run->name));

    return name.has_made && name.made.ms >= the->from.ms && name.made.ms - the->from.ms < LW_MINUTE && run->has_end &&
           run->end.ms >= the->from.ms;
}

static bool starts_later(const struct lw_rebaseline *the, const struct lw_run *run)
{
    if (run->has_start)
        return run->start.ms >= the->from.ms;
    return run->has_end && run->end.ms >= the->from.ms;
}

typedef bool meant(const struct lw_rebaseline *the, const struct lw_run *run);

static const struct lw_run *first_of(const struct lw_rebaseline *the, meant *is_meant, const struct lw_run *const *runs,
                                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_meant(the, runs[i]))
            return runs[i];
    }
    return NULL;
}

const struct lw_run *lw_wanted_first(const struct lw_rebaseline *the, const struct lw_run *const *runs, size_t n)
{
    static meant *const by_time[] = {starts_then, is_named_by, starts_later};
    const struct lw_run *run = NULL;

    if (the->run.len > 0)
        return first_of(the, has_that_name, runs, n);
    for (size_t i = 0; run == NULL && i < sizeof(by_time) / sizeof(by_time[0]); i++)
        run = first_of(the, by_time[i], runs, n);
    return run;
}

enum lw_err lw_wanted_rules(const struct lw_rules *base, const struct lw_rebaseline *wanted, size_t wanted_n,
                            struct lw_str origin, struct lw_str model, const struct lw_run *const *runs, size_t runs_n,
                            struct lw_arena *arena, struct lw_rules *out, struct lw_fault *fault)
{
    size_t most = base->rebaseline_n;
    size_t n = 0;
    struct lw_str *names;
    struct lw_str *series;

    for (size_t i = 0; i < wanted_n; i++)
        most += concerns(&wanted[i], origin, model) ? 1 : 0;
    *out = *base;
    if (most == base->rebaseline_n)
        return LW_ERR_OK;
    names = lw_arena_array(arena, most, sizeof(*names));
    series = lw_arena_array(arena, most, sizeof(*series));
    if (names == NULL || series == NULL)
        return lw_fault_memory(fault, "changes that were wanted");
    for (; n < base->rebaseline_n; n++) {
        names[n] = base->rebaseline[n];
        if (base->rebaseline_series != NULL)
            series[n] = base->rebaseline_series[n];
    }
    for (size_t i = 0; i < wanted_n; i++) {
        const struct lw_run *run =
            concerns(&wanted[i], origin, model) ? lw_wanted_first(&wanted[i], runs, runs_n) : NULL;

        if (run == NULL)
            continue;
        names[n] = lw_run_str(run, run->name);
        series[n++] = wanted[i].series;
    }
    out->rebaseline = names;
    out->rebaseline_series = series;
    out->rebaseline_n = n;
    return LW_ERR_OK;
}
