#include "engine/base/fault.h"
#include "engine/flow/turn/turn_state.h"
#include "engine/source/push/push.h"

#include <stdlib.h>

/* --- what the names of runs mean --- */

struct lw_turn_run *lw_turn_run_of(struct lw_turn *turn, uint32_t id)
{
    if (id >= turn->runs_room) {
        size_t room = turn->runs_room == 0 ? 1024 : turn->runs_room;
        struct lw_turn_run *runs;

        while (room <= id)
            room *= 2;
        runs = realloc(turn->runs, room * sizeof(*runs));
        if (runs == NULL)
            return NULL;
        memset(runs + turn->runs_room, 0, (room - turn->runs_room) * sizeof(*runs));
        turn->runs = runs;
        turn->runs_room = room;
    }
    return &turn->runs[id];
}

static enum lw_err know_run(struct lw_turn *turn, uint32_t id, struct lw_turn_run **out, struct lw_fault *fault)
{
    struct lw_turn_run *run = lw_turn_run_of(turn, id);
    struct lw_names *names = lw_live_names(turn->live);
    struct lw_config_matched matched;
    uint32_t model = 0;
    enum lw_err err;

    if (run == NULL)
        return lw_fault_memory(fault, "the names of runs");
    *out = run;
    if (run->known)
        return LW_ERR_OK;
    err = lw_config_match(turn->config, lw_names_text(names, id), &turn->arena, &matched, fault);
    if (err == LW_ERR_OK && matched.model.len > 0)
        err = lw_names_add(names, matched.model, &model, fault);
    if (err != LW_ERR_OK)
        return err;
    if (matched.gave_up)
        lw_turn_note(turn, LW_NOTE_WARNING,
                     "run %.*s: a regex of the configuration took too long over its name, and counts as not matching",
                     (int)lw_names_text(names, id).len, lw_names_text(names, id).at);
    run->model = model;
    run->excluded = run->excluded || matched.excluded;
    run->known = true;
    return LW_ERR_OK;
}

static enum lw_err exclude_stored(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_turn *turn = self;
    struct lw_turn_run *run;
    uint32_t id;
    enum lw_err err = lw_names_add(lw_live_names(turn->live), name, &id, fault);

    (void)text;
    if (err == LW_ERR_OK)
        err = know_run(turn, id, &run, fault);
    if (err == LW_ERR_OK)
        run->excluded = true;
    return err;
}

enum lw_err lw_turn_load_excluded(struct lw_turn *turn, struct lw_fault *fault)
{
    return lw_store_each(turn->store, LW_KIND_EXCLUDED, exclude_stored, turn, fault);
}

bool lw_turn_excluded(struct lw_turn *turn, struct lw_str name)
{
    uint32_t id = lw_names_find(lw_live_names(turn->live), name);

    return id != 0 && id < turn->runs_room && turn->runs[id].excluded;
}

/* --- one batch --- */

/* A tag, or being a trial, may say that a run does not count. */
static bool excludes(const struct lw_turn *turn, const struct lw_fact *fact)
{
    const struct lw_names *names = lw_live_names(turn->live);

    if (fact->kind == LW_FACT_TAG)
        return lw_config_excludes_tag(turn->config, lw_names_text(names, fact->key), lw_names_text(names, fact->text));
    return fact->kind == LW_FACT_TUNING_JOB && lw_config_excludes_tuning(turn->config);
}

/* First the facts, all of them: a tag may stand behind the data that it excludes. */
static enum lw_err mark_excluded(struct lw_turn *turn, const struct lw_feed_yield *yield, struct lw_fault *fault)
{
    for (size_t i = 0; i < yield->facts_n; i++) {
        struct lw_turn_run *run;
        enum lw_err err;

        if (yield->facts[i].run == 0 || !excludes(turn, &yield->facts[i]))
            continue;
        err = know_run(turn, yield->facts[i].run, &run, fault);
        /* Also when it is known already: that may have been in a turn that was taken back. */
        if (err == LW_ERR_OK)
            err = lw_store_put(turn->store, LW_KIND_EXCLUDED,
                               lw_names_text(lw_live_names(turn->live), yield->facts[i].run), LW_STR("1"), fault);
        if (err != LW_ERR_OK)
            return err;
        run->excluded = true;
    }
    return LW_ERR_OK;
}

/* What of the batch is wanted, with the models that the configuration names. In copies: the batch may be taken again. */
struct wanted {
    struct lw_point *points;
    struct lw_fact *facts;
    uint8_t *fresh;
    size_t points_n, facts_n;
};

static enum lw_err choose(struct lw_turn *turn, const struct lw_turn_input *input, struct wanted *wanted,
                          struct lw_fault *fault)
{
    const struct lw_feed_yield *yield = &input->yield;
    struct lw_turn_run *run;

    wanted->points = lw_arena_array(&turn->arena, yield->points_n, sizeof(*wanted->points));
    wanted->facts = lw_arena_array(&turn->arena, yield->facts_n, sizeof(*wanted->facts));
    wanted->fresh = lw_arena_array(&turn->arena, yield->points_n, 1);
    if (wanted->points == NULL || wanted->facts == NULL || wanted->fresh == NULL)
        return lw_fault_memory(fault, "a batch");
    for (size_t i = 0; i < yield->points_n; i++) {
        struct lw_point *point = &wanted->points[wanted->points_n];

        if (know_run(turn, yield->points[i].run, &run, fault) != LW_ERR_OK)
            return fault->code;
        if (run->excluded) {
            turn->counts.rejected[LW_REJECT_EXCLUDED]++;
            continue;
        }
        *point = yield->points[i];
        if (run->model != 0)
            point->model = run->model;
        wanted->points_n++;
    }
    for (size_t i = 0; i < yield->facts_n; i++) {
        if (know_run(turn, yield->facts[i].run, &run, fault) != LW_ERR_OK)
            return fault->code;
        if (run->excluded)
            continue;
        wanted->facts[wanted->facts_n] = yield->facts[i];
        if (run->model != 0)
            wanted->facts[wanted->facts_n].model = run->model;
        wanted->facts_n++;
    }
    return LW_ERR_OK;
}

/* When something counts as having arrived. What --once finds arrived when it was measured: nobody waits for more of it. */
static lw_time arrival(const struct lw_turn *turn, const struct lw_turn_input *input)
{
    lw_time now = lw_turn_sure(turn);

    if (turn->options.once && input->yield.has_newest && input->yield.newest.ms < now.ms)
        return input->yield.newest;
    return now;
}

static enum lw_err ship(struct lw_turn *turn, const struct lw_turn_input *input, const struct wanted *wanted,
                        struct lw_fault *fault)
{
    const struct lw_names *names = lw_live_names(turn->live);
    lw_time now = lw_turn_now(turn);
    enum lw_err err = LW_ERR_OK;

    if (!lw_courier_wants_metrics(turn->courier, input->elsewhere))
        return LW_ERR_OK;
    for (size_t i = 0; i < wanted->points_n && err == LW_ERR_OK; i++) {
        const struct lw_point *point = &wanted->points[i];
        const struct lw_event_metric event = {.origin = lw_names_text(names, point->origin),
                                              .run = lw_names_text(names, point->run),
                                              .metric = lw_names_text(names, point->metric),
                                              .host = lw_names_text(names, point->host),
                                              .point = point};

        if (wanted->fresh[i])
            err = lw_courier_metric(turn->courier, now, input->elsewhere, &event, fault);
    }
    return err;
}

enum lw_err lw_turn_save_units(struct lw_turn *turn, struct lw_fault *fault)
{
    const struct lw_live_record *records;
    size_t n;
    lw_time now = lw_turn_now(turn);
    enum lw_err err = lw_live_dirty(turn->live, &turn->arena, &records, &n, fault);

    for (size_t i = 0; err == LW_ERR_OK && i < n; i++) {
        if (records[i].removed)
            err = lw_store_unit_remove(turn->store, records[i].key, fault);
        else
            err = lw_store_unit_put(turn->store, records[i].key, records[i].source, records[i].open, records[i].bytes,
                                    now, fault);
    }
    return err;
}

static enum lw_err save_marks(struct lw_turn *turn, const struct lw_turn_input *input,
                              const struct lw_source_batch *batch, struct lw_fault *fault)
{
    struct lw_str name = lw_str_from(input->config->name);
    char silence[LW_SILENCE_TEXT];
    enum lw_err err = lw_store_put(turn->store, LW_KIND_MARK, name, batch->mark, fault);

    if (err == LW_ERR_OK)
        err = lw_store_put(turn->store, LW_KIND_HEAD, name, lw_feed_head(input->feed), fault);
    if (err == LW_ERR_OK) {
        lw_silence_save(&input->silence, silence);
        err = lw_store_put(turn->store, LW_KIND_SILENT, name, lw_str_from(silence), fault);
    }
    return err;
}

struct ingestion {
    struct lw_turn_input *input;
    const struct lw_source_batch *batch;
    bool any_fresh;
    lw_span began;
};

static enum lw_err take_batch(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    struct ingestion *ingestion = self;
    struct lw_turn_input *input = ingestion->input;
    struct wanted wanted = {.points_n = 0};
    enum lw_err err = mark_excluded(turn, &input->yield, fault);

    if (err == LW_ERR_OK)
        err = choose(turn, input, &wanted, fault);
    if (err == LW_ERR_OK)
        err = lw_live_take(turn->live, input->number, arrival(turn, input), wanted.points, wanted.points_n,
                           wanted.facts, wanted.facts_n, wanted.fresh, fault);
    for (size_t i = 0; i < wanted.points_n; i++)
        ingestion->any_fresh = ingestion->any_fresh || wanted.fresh[i];
    if (err == LW_ERR_OK && ingestion->any_fresh)
        lw_silence_arrived(&input->silence, lw_turn_sure(turn));
    for (size_t i = 0; err == LW_ERR_OK && i < wanted.points_n; i++) {
        if (wanted.fresh[i])
            err = lw_turn_run_seen(turn, &wanted.points[i], fault);
    }
    if (err == LW_ERR_OK)
        err = ship(turn, input, &wanted, fault);
    if (err == LW_ERR_OK)
        err = lw_turn_save_units(turn, fault);
    if (err == LW_ERR_OK)
        err = save_marks(turn, input, ingestion->batch, fault);
    return err;
}

/* A file has no watermark of its own: once its end was reached, it is the newest thing in it. */
static void move_watermark(struct lw_turn *turn, struct lw_turn_input *input, const struct lw_source_batch *batch)
{
    if (input->yield.has_newest && (!input->has_newest || input->yield.newest.ms > input->newest.ms)) {
        input->newest = input->yield.newest;
        input->has_newest = true;
    }
    if (input->yield.has_newest)
        lw_clock_saw(&turn->clock, input->yield.newest, lw_turn_now(turn),
                     turn->options.world->ticks(turn->options.world->self));
    input->begun = input->begun || batch->parts_n > 0;
    input->caught_up = input->caught_up || batch->caught_up || batch->ended;
    input->ended = batch->ended;
    if (batch->has_watermark) {
        input->watermark = batch->watermark;
        input->has_watermark = true;
    } else if (input->caught_up && input->has_newest) {
        input->watermark = input->newest;
        input->has_watermark = true;
    }
    if (input->has_watermark)
        lw_live_watermark(turn->live, input->number, input->watermark);
}

static enum lw_err decode(struct lw_turn *turn, struct lw_turn_input *input, const struct lw_source_batch *batch,
                          struct lw_fault *fault)
{
    enum lw_err err;

    if (input->pending)
        return LW_ERR_OK;
    err = lw_feed_take(input->feed, batch, &input->yield, fault);
    if (err != LW_ERR_OK)
        return err;
    input->pending = true;
    input->records += input->yield.records;
    turn->counts.records += input->yield.records;
    if (input->yield.trouble != NULL)
        lw_turn_note(turn, LW_NOTE_WARNING, "%s: %s", input->config->name, input->yield.trouble);
    return LW_ERR_OK;
}

/* Whoever pushed is told what became of the parts. */
static void answer(struct lw_turn_input *input)
{
    if (input->config->type != LW_SOURCE_HTTP)
        return;
    for (size_t i = 0; i < input->yield.parts_n; i++) {
        const struct lw_feed_part *part = &input->yield.parts[i];
        struct lw_push_counts counts = {.accepted = part->accepted, .why = lw_str_from(part->trouble.text)};

        memcpy(counts.rejected, part->rejected, sizeof(counts.rejected));
        lw_push_result(input->source.state, i, &counts);
    }
}

static enum lw_err ingest(struct lw_turn *turn, struct lw_turn_input *input, const struct lw_source_batch *batch,
                          struct lw_fault *fault)
{
    struct ingestion ingestion = {.input = input, .batch = batch};
    struct lw_silence silence = input->silence;
    bool done = false;
    enum lw_err err;

    (void)lw_slices_turn(turn->options.slices, LW_SLICE_DECODE);
    err = decode(turn, input, batch, fault);
    if (err != LW_ERR_OK)
        return err;
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_GATHER);
    err = lw_turn_commit(turn, take_batch, &ingestion, &done, fault);
    if (err == LW_ERR_OK && done) {
        turn->counts.points += input->yield.points_n;
        input->used += input->yield.points_n + input->yield.facts_n;
        move_watermark(turn, input, batch);
        answer(input);
        input->pending = false;
        input->source.kind->taken(input->source.state, true);
        input->due.ms = 0;
        turn->closing_done = false;
        turn->closing_wanted = true;
        return LW_ERR_OK;
    }
    input->silence = silence;
    /* Someone waits for an answer; all others keep what was decoded, and it is tried again. */
    if (input->config->type == LW_SOURCE_HTTP) {
        input->pending = false;
        input->source.kind->taken(input->source.state, false);
    }
    return err;
}

enum lw_err lw_turn_ingest(struct lw_turn *turn, bool *busy, struct lw_fault *fault)
{
    *busy = false;
    for (size_t i = 0; i < turn->inputs_n; i++) {
        struct lw_turn_input *input = &turn->inputs[(turn->round + i) % turn->inputs_n];
        const struct lw_source_batch *batch = input->source.kind->ready(input->source.state);

        if (batch == NULL)
            continue;
        turn->round = (turn->round + i + 1) % turn->inputs_n;
        *busy = true;
        return ingest(turn, input, batch, fault);
    }
    return LW_ERR_OK;
}

enum lw_err lw_turn_work_sources(struct lw_turn *turn, lw_span *next, struct lw_fault *fault)
{
    lw_time now = lw_turn_now(turn);
    lw_span ticks = turn->options.world->ticks(turn->options.world->self);

    for (size_t i = 0; i < turn->inputs_n; i++) {
        struct lw_turn_input *input = &turn->inputs[i];

        if (ticks.ms >= input->due.ms) {
            lw_span due = {LW_SOURCE_NEVER};
            enum lw_err err = input->source.kind->work(input->source.state, now, ticks, &due, fault);

            if (err != LW_ERR_OK)
                return err;
            input->due = due;
        }
        if (input->due.ms < next->ms)
            *next = input->due;
    }
    return LW_ERR_OK;
}
