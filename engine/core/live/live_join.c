#include "engine/core/live/live_join.h"

#include "engine/base/fault.h"
#include "engine/core/gather/job_name.h"
#include "engine/core/gather/open_state.h"
#include "engine/core/live/live_key.h"

#include <stdlib.h>
#include <string.h>

static bool copy_curve(struct lw_gather *into, uint32_t run, const struct lw_open_curve *from)
{
    uint32_t curve = lw_open_runs_curve(&into->open, run, from->metric, from->steps, &into->memory);
    struct lw_curve_cursor cursor = {0};
    struct lw_set set;

    if (curve == LW_OPEN_NONE)
        return false;
    while (lw_curve_next(&from->curve, &cursor, &set))
        if (!lw_gather_put(into, curve, &set))
            return false;
    return true;
}

static bool copy_run(struct lw_gather *into, const struct lw_gather *from, const struct lw_open_run *run)
{
    uint32_t at = lw_open_runs_run(&into->open, run->origin, run->model, run->run, &into->memory);
    uint64_t points;

    if (at == LW_OPEN_NONE)
        return false;
    points = into->open.runs[at].points + run->points;
    for (uint32_t i = run->curves; i != LW_OPEN_NONE; i = lw_open_runs_at(&from->open, i)->next)
        if (!copy_curve(into, at, lw_open_runs_at(&from->open, i)))
            return false;
    if (run->facts != NULL) {
        struct lw_facts *facts = lw_open_runs_facts(&into->open, at, &into->memory);

        if (facts == NULL || !lw_facts_absorb(facts, run->facts, into->names, &into->memory))
            return false;
    }
    lw_open_runs_beats(&into->open.runs[at].heartbeat, &run->heartbeat);
    into->open.runs[at].points = points;
    return true;
}

static bool copy_beats(struct lw_live_unit *into, const struct lw_live_unit *from)
{
    for (size_t i = 0; i < from->beats_n; i++) {
        const struct lw_live_beat *beat = &from->beats[i];
        bool fresh;

        if (lw_live_unit_beat(into, beat->run, beat->metric, beat->first, &fresh) == NULL ||
            lw_live_unit_beat(into, beat->run, beat->metric, beat->last, &fresh) == NULL)
            return false;
    }
    return true;
}

static bool copy_unit(struct lw_live_unit *into, const struct lw_live_unit *from)
{
    struct lw_gather *to = into->gather;
    const struct lw_gather *gather = from->gather;

    for (uint32_t i = 0; i < gather->open.runs_n; i++)
        if (!copy_run(to, gather, &gather->open.runs[i]))
            return false;
    if (gather->has_data_end && (!to->has_data_end || gather->data_end > to->data_end)) {
        to->has_data_end = true;
        to->data_end = gather->data_end;
    }
    into->sources |= from->sources;
    into->arrived = from->arrived > into->arrived ? from->arrived : into->arrived;
    return copy_beats(into, from);
}

static enum lw_err join(struct lw_live *live, struct lw_live_unit *into, struct lw_live_unit *from,
                        struct lw_fault *fault)
{
    char *target = malloc(into->key.len);
    enum lw_err err = target != NULL ? LW_ERR_OK : lw_fault_memory(fault, "open runs");

    if (err == LW_ERR_OK)
        err = lw_live_state_change(live, into, fault);
    if (err == LW_ERR_OK)
        err = lw_live_state_change(live, from, fault);
    if (err == LW_ERR_OK) {
        lw_live_state_lend(live, into);
        if (!copy_unit(into, from))
            err = lw_live_state_fault(live, lw_memory_fault(&into->gather->memory, "open runs", fault), fault);
        lw_live_state_charge(live, into);
    }
    if (err != LW_ERR_OK) {
        free(target);
        return err;
    }
    memcpy(target, into->key.at, into->key.len);
    lw_live_unit_sleep(from);
    from->target = (struct lw_str){target, into->key.len};
    lw_live_state_charge(live, from);
    return LW_ERR_OK;
}

enum lw_err lw_live_join(struct lw_live *live, struct lw_str job, struct lw_live_unit **unit, struct lw_fault *fault)
{
    struct lw_live_unit *tuning, *one = *unit;
    uint32_t family = 0;
    enum lw_err err = lw_names_add(live->names, lw_job_name_read(job).model, &family, fault);

    if (err != LW_ERR_OK)
        return err;
    lw_buf_clear(&live->key);
    lw_live_key_of_tuning(&live->key, job);
    err = lw_live_state_visit_key(live, LW_LIVE_TUNING, family, &tuning, fault);
    /* Where the trials' datapoints were given up, this run stays alone. */
    if (err != LW_ERR_OK || tuning == NULL || tuning == one)
        return err;
    if (one->kind == LW_LIVE_TUNING && lw_str_compare(one->key, tuning->key) < 0) {
        one = tuning;
        tuning = *unit;
    }
    err = join(live, tuning, one, fault);
    if (err == LW_ERR_OK)
        *unit = tuning;
    return err;
}
