#include "engine/core/judge/judge.h"

#include "engine/base/fault.h"
#include "engine/core/judge/case.h"
#include "engine/core/judge/chart/curve_chart.h"
#include "engine/core/judge/fold.h"
#include "engine/core/judge/judge_state.h"
#include "engine/core/judge/message.h"
#include "engine/core/judge/chart/rhythm.h"
#include "engine/core/judge/chart/recent.h"
#include "engine/core/judge/chart/series.h"

#include <assert.h>
#include <stdlib.h>

/* Working memory for one model: far above what 100 000 runs of 64 metrics need. */
#define SCRATCH_CEILING ((size_t)8 << 30)

struct lw_judge {
    const struct lw_rules *rules;
    struct lw_arl_cache cache;
    struct lw_recent_memo memo;
    struct lw_arena scratch;
    struct lw_fold fold; /* of the model at hand */
    double workspace[LW_ARL_WORKSPACE];
};

enum lw_err lw_judge_open(struct lw_judge **out, const struct lw_rules *rules, struct lw_fault *fault)
{
    struct lw_judge *judge;

    if (!(rules->false_alarm_runs > 1.0 && rules->false_alarm_runs <= 1e6))
        return lw_fault_set(fault, LW_ERR_RANGE, "one false alarm per %g runs cannot be kept: state 2 to 1000000 runs",
                            rules->false_alarm_runs);
    judge = calloc(1, sizeof(*judge));
    if (!judge)
        return lw_fault_memory(fault, "judging");
    judge->rules = rules;
    judge->scratch.ceiling = SCRATCH_CEILING;
    *out = judge;
    return LW_ERR_OK;
}

void lw_judge_close(struct lw_judge *judge)
{
    if (!judge)
        return;
    lw_arena_close(&judge->scratch);
    free(judge);
}

static enum lw_err explain(enum lw_err err, struct lw_fault *fault)
{
    if (err == LW_ERR_NOMEM)
        return lw_fault_memory(fault, "judging a model");
    return lw_fault_set(fault, err, "judging failed: %s; state fewer runs per false alarm", lw_err_text(err));
}

static bool copy_series(const struct lw_case *the, const struct lw_str *names, struct lw_arena *arena,
                        struct lw_alert *alert)
{
    struct lw_str *series = lw_arena_array(arena, the->series_n, sizeof(*series));

    if (!series)
        return false;
    for (uint32_t i = 0; i < the->series_n; i++)
        series[i] = names[the->series[i]];
    alert->series = series;
    alert->series_n = the->series_n;
    return true;
}

static bool copy_case(const struct lw_fold *fold, const struct lw_case *the, const struct lw_str *names,
                      struct lw_arena *arena, struct lw_alert *alert)
{
    *alert = (struct lw_alert){
        .state = (enum lw_alert_state)the->state,
        .severity = (enum lw_severity)the->severity,
        .impact = (enum lw_impact)the->impact,
        .kind = (enum lw_alert_kind)the->kind,
        .direction = (enum lw_direction)the->direction,
        .detectors = the->detectors,
        .opened_run = the->opened_run,
        .change_run = the->change_run,
        .resolved_run = the->resolved_run,
        .revision = the->revision,
        .before = the->before,
        .after = the->after,
        .has_before = the->has_before != 0,
        .has_after = the->has_after != 0,
        .evidence = {the->evidence},
        .has_evidence = the->has_evidence != 0,
    };
    memcpy(alert->id, the->id, sizeof(alert->id));
    memcpy(alert->message, the->message, sizeof(alert->message));
    memcpy(alert->reason, the->reason, sizeof(alert->reason));
    if (the->requirement)
        alert->rule = fold->rules->requirements[the->requirement - 1].text;
    return copy_series(the, names, arena, alert);
}

static bool copy_finding(const struct lw_fold *fold, const struct lw_remark *remark, const struct lw_str *names,
                         struct lw_arena *arena, struct lw_finding *finding)
{
    finding->detector = (enum lw_detector)remark->detector;
    finding->verdict = (enum lw_verdict)remark->verdict;
    finding->direction = (enum lw_direction)remark->direction;
    finding->p_method = (enum lw_p_method)remark->p_method;
    if (remark->series != LW_FOLD_NONE)
        finding->series = names[remark->series];
    else if (remark->requirement)
        finding->series = fold->rules->requirements[remark->requirement - 1].series;
    finding->run = remark->run;
    finding->change_run = remark->change_run;
    finding->runs_needed = lw_message_runs_needed(fold, remark);
    finding->statistic = remark->statistic;
    finding->threshold = remark->threshold;
    finding->p_value = remark->p_value;
    finding->attainable_p = remark->attainable_p;
    finding->effect = remark->effect;
    finding->has_statistic = (remark->known & LW_REMARK_STATISTIC) != 0;
    finding->has_threshold = (remark->known & LW_REMARK_THRESHOLD) != 0;
    finding->has_p = (remark->known & LW_REMARK_P_VALUE) != 0;
    finding->has_attainable = (remark->known & LW_REMARK_ATTAINABLE) != 0;
    finding->has_effect = (remark->known & LW_REMARK_EFFECT) != 0;
    finding->message = lw_message_of(fold, remark, arena);
    return finding->message != NULL;
}

/* What the latest run says that was judged. One that a person stopped, or that is not over, is neither good nor bad: it
   adds what is odd about its place in the rhythm, and never that all is well. */
static enum lw_verdict latest_of(const struct lw_fold *fold)
{
    enum lw_verdict verdict = LW_VERDICT_INSUFFICIENT;

    for (size_t run = fold->runs_n; run-- > 0;) {
        const struct lw_decision *decision = &fold->decisions[run];
        bool judged = decision->outcome != LW_OUTCOME_STOPPED && decision->outcome != LW_OUTCOME_IN_PROGRESS;

        if (judged || decision->verdict != LW_VERDICT_OK)
            verdict = lw_verdict_worse(verdict, (enum lw_verdict)decision->verdict);
        if (judged)
            break;
    }
    return verdict;
}

static enum lw_verdict verdict_of(const struct lw_fold *fold)
{
    enum lw_verdict verdict = LW_VERDICT_OK;
    bool open = false;

    for (size_t i = 0; i < fold->cases_n; i++) {
        const struct lw_case *the = &fold->cases[i];

        /* Silence resolves nothing: what was open when the data stopped counts as it did then. */
        if (the->state != LW_ALERT_OPEN && !(the->state == LW_ALERT_STALE && the->stale == LW_STALE_DATA))
            continue;
        open = true;
        verdict = lw_verdict_worse(verdict, the->kind == LW_ALERT_RUN ? LW_VERDICT_ERROR : LW_VERDICT_DRIFT);
    }
    return open ? verdict : latest_of(fold);
}

/* Series names of the result: copies, since those of the fold go with its scratch memory. */
static struct lw_str *copy_names(const struct lw_fold *fold, struct lw_arena *arena)
{
    struct lw_str *names = lw_arena_array(arena, fold->head.series_n + 1, sizeof(*names));

    for (uint32_t i = 0; names && i < fold->head.series_n; i++) {
        names[i] = lw_arena_text(arena, lw_fold_name(fold, i));
        if (!names[i].at)
            return NULL;
    }
    return names;
}

static bool copy_runs(const struct lw_fold *fold, struct lw_judged_run *runs)
{
    for (size_t i = 0; i < fold->runs_n; i++) {
        const struct lw_decision *decision = &fold->decisions[i];

        runs[i] = (struct lw_judged_run){.run = fold->runs[i],
                                         .verdict = (enum lw_verdict)decision->verdict,
                                         .outcome = (enum lw_outcome)decision->outcome,
                                         .gap = {decision->gap},
                                         .cost = decision->cost,
                                         .has_gap = decision->has_gap != 0,
                                         .has_cost = decision->has_cost != 0};
    }
    return true;
}

static uint32_t *order_cases(const struct lw_fold *fold, struct lw_arena *arena)
{
    uint32_t *order = lw_arena_array(arena, fold->cases_n + 1, sizeof(*order));

    for (size_t i = 0; order && i < fold->cases_n; i++) {
        size_t k = i;

        /* An overdue run is found when the next one comes, but opened before: nearly in order. */
        while (k > 0 && fold->cases[order[k - 1]].opened_run > fold->cases[i].opened_run) {
            order[k] = order[k - 1];
            k--;
        }
        order[k] = (uint32_t)i;
    }
    return order;
}

static enum lw_err yield(struct lw_fold *fold, struct lw_arena *arena, struct lw_judged *out, struct lw_fault *fault)
{
    struct lw_judged_run *runs = lw_arena_array(arena, fold->runs_n, sizeof(*runs));
    struct lw_finding *findings = lw_arena_array(arena, fold->remarks_n, sizeof(*findings));
    struct lw_alert *alerts = lw_arena_array(arena, fold->cases_n, sizeof(*alerts));
    struct lw_alert_event *events = lw_arena_array(arena, fold->happenings_n, sizeof(*events));
    struct lw_str *names = copy_names(fold, arena);
    uint32_t *order = order_cases(fold, arena);
    uint32_t primary = lw_series_primary(fold);
    bool done = runs && findings && alerts && events && names && order && copy_runs(fold, runs);

    for (size_t i = 0; done && i < fold->remarks_n; i++)
        done = copy_finding(fold, &fold->remarks[i], names, arena, &findings[i]);
    for (size_t i = 0; done && i < fold->cases_n; i++) {
        struct lw_case today = lw_case_today(fold, order[i]);

        done = copy_case(fold, &today, names, arena, &alerts[i]);
    }
    for (size_t i = 0; done && i < fold->happenings_n; i++) {
        const struct lw_happening *one = &fold->happenings[i];

        events[i].transition = (enum lw_transition)one->transition;
        events[i].run = one->run;
        done = copy_case(fold, &one->then, names, arena, &events[i].alert);
    }
    if (!done)
        return lw_fault_memory(fault, "the judgement of a model");
    *out = (struct lw_judged){.origin = fold->origin,
                              .model = fold->model,
                              .runs = runs,
                              .findings = findings,
                              .alerts = alerts,
                              .events = events,
                              .runs_n = fold->runs_n,
                              .findings_n = fold->remarks_n,
                              .alerts_n = fold->cases_n,
                              .events_n = fold->happenings_n,
                              .verdict = verdict_of(fold),
                              .deadline = {fold->next_change < LW_TIME_MAX ? fold->next_change : 0},
                              .has_deadline = fold->next_change < LW_TIME_MAX};
    if (primary != LW_FOLD_NONE)
        out->primary = names[primary];
    return LW_ERR_OK;
}

enum lw_err lw_judge_begin(struct lw_judge *judge, struct lw_str origin, struct lw_str model,
                           const struct lw_run *const *runs, size_t n, struct lw_fault *fault)
{
    struct lw_fold *fold = &judge->fold;

    if (n >= LW_NO_RUN)
        return lw_fault_set(fault, LW_ERR_LIMIT, "a model has more than %u runs", LW_NO_RUN - 1);
    *fold = (struct lw_fold){.rules = judge->rules,
                             .scratch = &judge->scratch,
                             .cache = &judge->cache,
                             .memo = &judge->memo,
                             .workspace = judge->workspace,
                             .origin = origin,
                             .model = model,
                             .runs = runs,
                             .runs_n = n};
    lw_arena_reset(&judge->scratch);
    lw_fold_start(fold);
    return fold->error == LW_ERR_OK ? LW_ERR_OK : explain(fold->error, fault);
}

enum lw_err lw_judge_some(struct lw_judge *judge, size_t runs, bool *done, struct lw_fault *fault)
{
    struct lw_fold *fold = &judge->fold;

    for (size_t i = 0; i < runs && fold->head.runs_n < fold->runs_n && fold->error == LW_ERR_OK; i++)
        lw_fold_step(fold, fold->head.runs_n);
    if (fold->error != LW_ERR_OK)
        return explain(fold->error, fault);
    *done = fold->head.runs_n >= fold->runs_n;
    return LW_ERR_OK;
}

enum lw_err lw_judge_end(struct lw_judge *judge, lw_time end_of_data, struct lw_arena *arena, struct lw_judged *out,
                         struct lw_fault *fault)
{
    struct lw_fold *fold = &judge->fold;

    assert(fold->head.runs_n >= fold->runs_n);
    lw_rhythm_end(fold, judge->rules->has_now ? judge->rules->now : end_of_data);
    lw_case_tell(fold, LW_NO_RUN);
    return fold->error == LW_ERR_OK ? yield(fold, arena, out, fault) : explain(fold->error, fault);
}

enum lw_err lw_judge_model(struct lw_judge *judge, struct lw_str origin, struct lw_str model,
                           const struct lw_run *const *runs, size_t n, lw_time end_of_data, struct lw_arena *arena,
                           struct lw_judged *out, struct lw_fault *fault)
{
    bool done = false;
    enum lw_err err = lw_judge_begin(judge, origin, model, runs, n, fault);

    if (err == LW_ERR_OK)
        err = lw_judge_some(judge, n, &done, fault);
    if (err == LW_ERR_OK)
        err = lw_judge_end(judge, end_of_data, arena, out, fault);
    return err;
}

enum lw_err lw_judge_resume(struct lw_judge *judge, struct lw_str origin, struct lw_str model,
                            const struct lw_run *const *runs, size_t n, lw_time end_of_data, struct lw_buf *state,
                            struct lw_arena *arena, struct lw_judged *out, struct lw_fault *fault)
{
    struct lw_buf saved = {.ceiling = state->ceiling};
    bool done = false;
    enum lw_err err = lw_judge_begin(judge, origin, model, runs, n, fault);

    if (err == LW_ERR_OK && state->len > 0)
        err = lw_judge_state_load(&judge->fold, state->at, state->len, fault);
    if (err == LW_ERR_OK)
        err = lw_judge_some(judge, n, &done, fault);
    if (err == LW_ERR_OK)
        err = lw_judge_state_save(&judge->fold, &saved, fault);
    if (err == LW_ERR_OK)
        err = lw_judge_end(judge, end_of_data, arena, out, fault);
    if (err != LW_ERR_OK) {
        lw_buf_close(&saved);
        return err;
    }
    lw_buf_close(state);
    *state = saved;
    return LW_ERR_OK;
}
