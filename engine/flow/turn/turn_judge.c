#include "engine/base/fault.h"
#include "engine/flow/turn/numbers.h"
#include "engine/flow/turn/turn_state.h"

#define LOOK_AGAIN (5 * LW_MINUTE)

/* true for a source that gives nothing any more, or that is not configured any more. */
static bool has_ended(const struct lw_turn *turn, uint32_t number)
{
    for (size_t i = 0; i < turn->inputs_n; i++) {
        if (turn->inputs[i].number == number)
            return turn->inputs[i].ended;
    }
    return true;
}

lw_time lw_turn_horizon(struct lw_turn *turn, uint32_t number)
{
    lw_time now = lw_turn_sure(turn);

    for (size_t i = 0; i < turn->inputs_n; i++) {
        const struct lw_turn_input *input = &turn->inputs[i];

        if (input->number != number)
            continue;
        /* What was not read yet cannot be missed; and a source that has ended says nothing of what comes after it. */
        if (!input->caught_up || input->ended)
            return input->has_newest ? input->newest : (lw_time){LW_TIME_MIN};
        return lw_silence_horizon(&input->silence, now);
    }
    /* A model whose source is not configured any more: its past is judged, its silence is nobody's. */
    return (lw_time){LW_TIME_MIN};
}

/* The judge of a block; made when it is first needed. */
static enum lw_err judge_of(struct lw_turn *turn, size_t block, struct lw_judge **out, struct lw_fault *fault)
{
    struct lw_turn_judge *judge = &turn->judges[block];

    if (judge->judge == NULL) {
        enum lw_err err;

        judge->rules = turn->config->models[block].rules;
        err = lw_judge_open(&judge->judge, &judge->rules, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    *out = judge->judge;
    return LW_ERR_OK;
}

/* One model, judged anew over all of its history. */
struct lw_turn_judging {
    uint32_t at;
    size_t block;
    struct lw_store_model known;
    const struct lw_run *const *runs;
    size_t runs_n;
    struct lw_judge *judge;
    struct lw_judged judged;
    lw_time horizon;
    bool done;       /* judged; what follows from it is not told yet */
    uint64_t micros; /* that it took until now */
};

static enum lw_err read_history(struct lw_turn *turn, struct lw_turn_judging *judging, struct lw_fault *fault)
{
    const struct lw_roster_model *model = lw_roster_model(turn->roster, judging->at);
    struct lw_config_matched matched = {.block = turn->config->models_n - 1};
    bool found = false;
    enum lw_err err =
        lw_store_model_get(turn->store, model->origin, model->model, &turn->arena, &judging->known, &found, fault);

    if (err == LW_ERR_OK && !found)
        judging->known = (struct lw_store_model){.origin = model->origin, .model = model->model};
    if (err == LW_ERR_OK)
        err = lw_store_runs_get(turn->store, model->origin, model->model, &turn->arena, &judging->runs,
                                &judging->runs_n, fault);
    if (err == LW_ERR_OK && judging->runs_n > 0) {
        const struct lw_run *last = judging->runs[judging->runs_n - 1];

        err = lw_config_match(turn->config, lw_run_str(last, last->name), &turn->arena, &matched, fault);
    }
    judging->block = matched.block;
    return err;
}

static enum lw_err begin(struct lw_turn *turn, struct lw_turn_judging *judging, struct lw_fault *fault)
{
    const struct lw_roster_model *model = lw_roster_model(turn->roster, judging->at);
    struct lw_rules *rules = &turn->judges[judging->block].rules;
    lw_time end = {LW_TIME_MIN};
    int64_t open;
    enum lw_err err = judge_of(turn, judging->block, &judging->judge, fault);

    if (err == LW_ERR_OK)
        err = lw_people_rules(&turn->notes, model->origin, model->model, judging->runs, judging->runs_n,
                              &turn->config->models[judging->block].rules, &turn->arena, rules, fault);
    if (err != LW_ERR_OK)
        return err;
    for (size_t i = 0; i < judging->runs_n; i++) {
        if (judging->runs[i]->has_end && judging->runs[i]->end.ms > end.ms)
            end = judging->runs[i]->end;
    }
    judging->horizon = lw_turn_horizon(turn, model->source);
    open = lw_turn_open_since(turn, model->model, lw_turn_sure(turn));
    if (open < judging->horizon.ms)
        judging->horizon.ms = open;
    if (judging->horizon.ms < end.ms)
        judging->horizon = end;
    rules->now = judging->horizon;
    rules->has_now = judging->horizon.ms > LW_TIME_MIN;
    return lw_judge_begin(judging->judge, model->origin, model->model, judging->runs, judging->runs_n, fault);
}

/* A long history is read, judged and told in several slices. Until that is done the turn does nothing else: what it judges is
   what is stored. */
#define JUDGE_MS   15
#define JUDGE_RUNS 16 /* between two looks at the clock */

static bool is_up(const struct lw_turn *turn, lw_span began)
{
    return turn->options.world->ticks(turn->options.world->self).ms - began.ms >= JUDGE_MS;
}

static enum lw_err judge(struct lw_turn *turn, struct lw_turn_judging *judging, lw_span began, struct lw_fault *fault)
{
    bool all = false;
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK && !all && !is_up(turn, began))
        err = lw_judge_some(judging->judge, JUDGE_RUNS, &all, fault);
    if (err == LW_ERR_OK && all) {
        err = lw_judge_end(judging->judge, judging->horizon, &turn->arena, &judging->judged, fault);
        judging->done = err == LW_ERR_OK;
    }
    return err;
}

/* --- runs that were closed and are told now --- */

struct announcing {
    struct lw_turn *turn;
    const struct lw_turn_judging *judging;
    struct lw_str prefix; /* origin, model */
    size_t n;
};

static enum lw_err announce_run(struct announcing *announcing, const struct lw_judged_run *run, struct lw_fault *fault)
{
    struct lw_turn *turn = announcing->turn;
    const struct lw_config_model *block = &turn->config->models[announcing->judging->block];
    const struct lw_courier_topic topic = {.model = announcing->judging->judged.model, .owner = block->owner};
    struct lw_str name = lw_turn_join(turn, announcing->prefix, lw_run_str(run->run, run->run->name));
    struct lw_buf revision = {.ceiling = 64};
    bool found = false;
    enum lw_err err;

    if (name.at == NULL)
        return lw_fault_memory(fault, "a run");
    err = lw_store_get(turn->store, LW_KIND_ANNOUNCE, name, &revision, &found, fault);
    if (err == LW_ERR_OK && found) {
        int64_t number = 1;

        (void)lw_numbers_read(lw_buf_view(&revision), &number, 1);
        err = lw_courier_run(turn->courier, lw_turn_now(turn), &topic, &announcing->judging->judged, run,
                             (uint32_t)number, fault);
        if (err == LW_ERR_OK)
            err = lw_store_put(turn->store, LW_KIND_ANNOUNCE, name, LW_STR(""), fault);
    }
    lw_buf_close(&revision);
    return err;
}

static enum lw_err announce_runs(struct lw_turn *turn, const struct lw_turn_judging *judging, struct lw_fault *fault)
{
    struct announcing announcing = {.turn = turn, .judging = judging};
    enum lw_err err = LW_ERR_OK;

    if (!judging->known.dirty)
        return LW_ERR_OK;
    announcing.prefix = lw_turn_join(turn, judging->judged.origin, judging->judged.model);
    if (announcing.prefix.at == NULL)
        return lw_fault_memory(fault, "a model");
    for (size_t i = 0; err == LW_ERR_OK && i < judging->judged.runs_n; i++)
        err = announce_run(&announcing, &judging->judged.runs[i], fault);
    return err;
}

/* --- one model's turn --- */

static enum lw_err keep_verdict(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    const struct lw_turn_judging *judging = self;
    const struct lw_judged *judged = &judging->judged;
    struct lw_turn_verdict verdict = {.at = judging->at,
                                      .block = &turn->config->models[judging->block],
                                      .judged = judged,
                                      .now = lw_turn_now(turn),
                                      .told = judging->known.told,
                                      .judged_until = judging->known.judged_until};
    struct lw_buf after = {.ceiling = (size_t)256 << 20};
    struct lw_str told = judging->known.told;
    struct lw_str touched = lw_turn_join(turn, judged->origin, judged->model);
    lw_time until;
    enum lw_err err = LW_ERR_OK;

    /* While a model is muted what was told stays as it is: the difference is told when the mute ends. */
    if (!lw_people_muted(&turn->notes, judged->origin, judged->model, verdict.now, &until)) {
        err = lw_live_difference(told, judged, &turn->arena, &verdict.events, &verdict.events_n, &after, fault);
        if (err == LW_ERR_OK)
            told = lw_buf_view(&after);
        if (err == LW_ERR_OK)
            err = lw_turn_tell(turn, &verdict, fault);
        if (err == LW_ERR_OK)
            err = lw_turn_tell_notes(turn, &verdict, told, fault);
    }
    if (err == LW_ERR_OK)
        err = announce_runs(turn, judging, fault);
    if (err == LW_ERR_OK)
        err = lw_store_judged_put(turn->store, judged, told, judging->horizon, fault);
    if (err == LW_ERR_OK)
        err = touched.at != NULL ? lw_store_put(turn->store, LW_KIND_TOUCHED, touched, LW_STR(""), fault)
                                 : lw_fault_memory(fault, "a model");
    lw_buf_close(&after);
    return err;
}

/* When it has to be judged again if nothing comes. A deadline that has passed by the clock, but not for a source that is
   behind, silent or broken, is looked at now and then; for one that has ended it never comes. */
static void plan_next(struct lw_turn *turn, const struct lw_turn_judging *judging)
{
    const struct lw_judged *judged = &judging->judged;
    lw_time now = lw_turn_sure(turn);
    lw_time deadline = judged->deadline;
    bool comes = judged->has_deadline != 0;

    if (comes && deadline.ms <= now.ms) {
        deadline = lw_time_after(now, (lw_span){LOOK_AGAIN});
        comes = !has_ended(turn, lw_roster_model(turn->roster, judging->at)->source);
    }
    lw_roster_done(turn->roster, judging->at, comes, deadline);
}

/* The next model, with its history; NULL when none waits. */
static enum lw_err pick(struct lw_turn *turn, struct lw_fault *fault)
{
    struct lw_turn_judging *judging;
    uint32_t at;
    enum lw_err err;

    lw_roster_due(turn->roster, lw_turn_sure(turn));
    at = lw_roster_next(turn->roster);
    if (at == LW_ROSTER_NONE)
        return LW_ERR_OK;
    judging = lw_arena_array(&turn->arena, 1, sizeof(*judging));
    if (judging == NULL)
        return lw_fault_memory(fault, "judging a model");
    *judging = (struct lw_turn_judging){.at = at};
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_HISTORY);
    err = read_history(turn, judging, fault);
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_JUDGE);
    if (err == LW_ERR_OK)
        err = begin(turn, judging, fault);
    if (err == LW_ERR_OK)
        turn->judging = judging;
    return err;
}

static enum lw_err go_on(struct lw_turn *turn, lw_span began, bool *committed, struct lw_fault *fault)
{
    struct lw_turn_judging *judging = turn->judging;
    enum lw_err err = LW_ERR_OK;

    *committed = true; /* nothing to commit yet is no failure */
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_JUDGE);
    if (!judging->done)
        err = judge(turn, judging, began, fault);
    if (err == LW_ERR_OK && (!judging->done || is_up(turn, began)))
        return LW_ERR_OK;
    turn->judging = NULL;
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_TELL);
    if (err == LW_ERR_OK)
        err = lw_turn_commit(turn, keep_verdict, judging, committed, fault);
    if (err == LW_ERR_OK && *committed)
        plan_next(turn, judging);
    return err;
}

enum lw_err lw_turn_judge_next(struct lw_turn *turn, bool *busy, struct lw_fault *fault)
{
    lw_span began = turn->options.world->ticks(turn->options.world->self);
    struct lw_turn_judging *judging;
    lw_span ended;
    enum lw_err err = LW_ERR_OK;

    *busy = false;
    if (turn->judging == NULL)
        err = pick(turn, fault);
    judging = turn->judging;
    if (err != LW_ERR_OK || judging == NULL)
        return err;
    err = go_on(turn, began, busy, fault);
    ended = turn->options.world->ticks(turn->options.world->self);
    judging->micros += ended.ms > began.ms ? (uint64_t)(ended.ms - began.ms) * 1000 : 0;
    if (turn->judging == NULL)
        lw_metrics_observe(&turn->counts.judge, judging->micros);
    return err;
}
