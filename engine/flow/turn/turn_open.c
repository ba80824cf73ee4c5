#include "engine/base/fault.h"
#include "engine/core/gather/job_name.h"
#include "engine/flow/turn/numbers.h"
#include "engine/flow/turn/turn_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_RUN (28 * LW_DAY) /* of SageMaker; what began earlier, and gave no run, is no excuse any more */

/* A run that has begun is not overdue, however long it takes until it is closed and judged. So for every open run the
   model that it will belong to is kept, and the time of its first datapoint. */

/* The model as far as it can be told before the run is closed: what the configuration or the data say, else the name. */
static enum lw_err family_of(struct lw_turn *turn, const struct lw_point *point, uint32_t *family,
                             struct lw_fault *fault)
{
    struct lw_names *names = lw_live_names(turn->live);

    *family = point->model;
    if (point->model != 0 || point->run == 0)
        return LW_ERR_OK;
    return lw_names_add(names, lw_job_name_read(lw_names_text(names, point->run)).model, family, fault);
}

/* Where it is noted at which place a run stands: thousands may be open, and each batch has some of all of them. NULL when
   memory is out. */
static uint32_t *place_of(struct lw_turn *turn, uint32_t run, uint32_t family)
{
    struct lw_turn_run *known = lw_turn_run_of(turn, run != 0 ? run : family);

    if (known == NULL)
        return NULL;
    return run != 0 ? &known->opened : &known->opened_family;
}

static enum lw_err add(struct lw_turn *turn, uint32_t run, uint32_t family, struct lw_turn_opened **out,
                       struct lw_fault *fault)
{
    uint32_t *place = place_of(turn, run, family);

    if (place == NULL)
        return lw_fault_memory(fault, "the runs that are open");
    if (*place != 0) {
        *out = &turn->opened[*place - 1];
        return LW_ERR_OK;
    }
    if (turn->opened_n == turn->opened_room) {
        size_t room = turn->opened_room == 0 ? 64 : turn->opened_room * 2;
        struct lw_turn_opened *opened = realloc(turn->opened, room * sizeof(*opened));

        if (opened == NULL)
            return lw_fault_memory(fault, "the runs that are open");
        turn->opened = opened;
        turn->opened_room = room;
    }
    *out = &turn->opened[turn->opened_n++];
    *place = (uint32_t)turn->opened_n;
    **out = (struct lw_turn_opened){.run = run, .family = family, .first = INT64_MAX};
    return LW_ERR_OK;
}

/* The name under which it is stored; data without run ids go by their model. */
static struct lw_str stored_name(struct lw_turn *turn, const struct lw_turn_opened *opened)
{
    const struct lw_names *names = lw_live_names(turn->live);

    if (opened->run != 0)
        return lw_names_text(names, opened->run);
    return lw_turn_join(turn, LW_STR(""), lw_names_text(names, opened->family));
}

static enum lw_err keep(struct lw_turn *turn, const struct lw_turn_opened *opened, struct lw_fault *fault)
{
    struct lw_str name = stored_name(turn, opened);
    struct lw_str text = lw_arena_format(&turn->arena, "%" PRId64 " %s", opened->first,
                                         lw_names_text(lw_live_names(turn->live), opened->family).at);

    if (name.at == NULL || text.at == NULL)
        return lw_fault_memory(fault, "the runs that are open");
    return lw_store_put(turn->store, LW_KIND_OPEN, name, text, fault);
}

enum lw_err lw_turn_run_seen(struct lw_turn *turn, const struct lw_point *point, struct lw_fault *fault)
{
    struct lw_turn_opened *opened = turn->opened_last < turn->opened_n ? &turn->opened[turn->opened_last] : NULL;
    uint32_t family = 0;
    enum lw_err err = LW_ERR_OK;

    if (point->flags & LW_POINT_STEP)
        return LW_ERR_OK;
    if (opened == NULL || opened->run != point->run || point->run == 0) {
        err = family_of(turn, point, &family, fault);
        if (err == LW_ERR_OK)
            err = add(turn, point->run, family, &opened, fault);
        if (err != LW_ERR_OK)
            return err;
        turn->opened_last = (size_t)(opened - turn->opened);
    }
    if (point->at >= opened->first)
        return LW_ERR_OK;
    opened->first = point->at;
    return keep(turn, opened, fault);
}

/* It was added, so there is room for its place. */
static void place_now(struct lw_turn *turn, size_t at, size_t place)
{
    uint32_t *kept = place_of(turn, turn->opened[at].run, turn->opened[at].family);

    assert(kept != NULL);
    *kept = (uint32_t)place;
}

static enum lw_err forget(struct lw_turn *turn, size_t at, struct lw_fault *fault)
{
    enum lw_err err = lw_store_put(turn->store, LW_KIND_OPEN, stored_name(turn, &turn->opened[at]), LW_STR(""), fault);

    if (err != LW_ERR_OK)
        return err;
    place_now(turn, at, 0);
    turn->opened[at] = turn->opened[--turn->opened_n];
    if (at < turn->opened_n)
        place_now(turn, at, at + 1);
    return LW_ERR_OK;
}

/* Trials of a tuning job close as one run; so do data without run ids as several. */
enum lw_err lw_turn_run_closed(struct lw_turn *turn, const struct lw_run *run, struct lw_fault *fault)
{
    struct lw_names *names = lw_live_names(turn->live);
    bool family_alone = (run->flags & (LW_RUN_SEGMENTED | LW_RUN_TUNING)) != 0;
    uint32_t name = lw_names_find(names, lw_run_str(run, run->name));
    uint32_t family = lw_names_find(names, lw_run_str(run, run->model));
    enum lw_err err = LW_ERR_OK;

    if (!family_alone) {
        const struct lw_turn_run *known = name != 0 && name < turn->runs_room ? &turn->runs[name] : NULL;

        return known != NULL && known->opened != 0 ? forget(turn, known->opened - 1, fault) : LW_ERR_OK;
    }
    for (size_t i = turn->opened_n; i-- > 0 && err == LW_ERR_OK;) {
        if (family != 0 && turn->opened[i].family == family)
            err = forget(turn, i, fault);
    }
    return err;
}

int64_t lw_turn_open_since(struct lw_turn *turn, struct lw_str model, lw_time now)
{
    uint32_t family = lw_names_find(lw_live_names(turn->live), model);
    int64_t since = INT64_MAX;

    for (size_t i = 0; family != 0 && i < turn->opened_n; i++) {
        const struct lw_turn_opened *opened = &turn->opened[i];

        if (opened->family == family && opened->first < since && now.ms - opened->first < LONGEST_RUN)
            since = opened->first;
    }
    return since;
}

static enum lw_err load_one(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    struct lw_names *names = lw_live_names(turn->live);
    const char *blank = text.len > 0 ? memchr(text.at, ' ', text.len) : NULL;
    struct lw_turn_opened *opened = NULL;
    uint32_t run = 0;
    uint32_t family = 0;
    enum lw_err err = LW_ERR_OK;

    if (blank == NULL)
        return LW_ERR_OK;
    if (name.len > 0 && name.at[0] != LW_JOIN)
        err = lw_names_add(names, name, &run, fault);
    if (err == LW_ERR_OK)
        err = lw_names_add(names, (struct lw_str){.at = blank + 1, .len = text.len - (size_t)(blank + 1 - text.at)},
                           &family, fault);
    if (err == LW_ERR_OK)
        err = add(turn, run, family, &opened, fault);
    if (err == LW_ERR_OK)
        (void)lw_numbers_read((struct lw_str){.at = text.at, .len = (size_t)(blank - text.at)}, &opened->first, 1);
    return err;
}

enum lw_err lw_turn_load_open(struct lw_turn *turn, struct lw_fault *fault)
{
    for (size_t i = 0; i < turn->opened_n; i++)
        place_now(turn, i, 0);
    turn->opened_n = 0;
    turn->opened_last = SIZE_MAX;
    return lw_store_each(turn->store, LW_KIND_OPEN, load_one, turn, fault);
}
