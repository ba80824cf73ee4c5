#include "tests/kit/judging.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POINTS_MAX 64

struct kit_judging kit_judging_open(uint64_t seed)
{
    return (struct kit_judging){.rules = lw_rules_default(), .random = kit_seed(seed), .end = KIT_BEGIN - LW_HOUR};
}

void kit_judging_close(struct kit_judging *judging)
{
    lw_judge_close(judging->judge);
    lw_arena_close(&judging->arena);
    kit_history_close(&judging->history);
}

double kit_noisy(struct kit_judging *judging, double mean, double sd)
{
    return mean + sd * kit_random_normal(&judging->random);
}

static double round_to(double value, double step)
{
    return round(value / step) * step;
}

void kit_add(struct kit_judging *judging, struct kit_plan plan)
{
    double accuracy[POINTS_MAX];
    double loss[POINTS_MAX];
    struct kit_metric metrics[2];
    size_t metrics_n = 0;
    size_t points = plan.points ? (size_t)plan.points : 8;
    double last = plan.accuracy != 0.0 ? plan.accuracy : 0.912;
    double last_loss = plan.loss != 0.0 ? plan.loss : 0.31;
    int64_t start = judging->end + (int64_t)(1000.0 * (plan.gap != 0.0 ? plan.gap : 3348.0));
    int64_t end = start + (int64_t)(1000.0 * (plan.seconds != 0.0 ? plan.seconds : 252.0));

    for (size_t i = 0; i < points; i++) {
        double away =
            exp((plan.slow ? -0.3 : -0.8) * (double)i) - exp((plan.slow ? -0.3 : -0.8) * (double)(points - 1));
        double jitter = i + 1 < points ? kit_random_normal(&judging->random) : 0.0;

        accuracy[i] = round_to(last - 0.3 * away + 0.002 * jitter, 1e-4);
        loss[i] = round_to(last_loss * (1.0 + away) * (1.0 + 0.01 * jitter), 1e-4);
    }
    if (!plan.no_accuracy)
        metrics[metrics_n++] = (struct kit_metric){
            .name = "validation:accuracy", .values = accuracy, .n = points, .not_a_number = plan.not_a_number};
    if (!plan.no_loss)
        metrics[metrics_n++] = (struct kit_metric){.name = "train:loss", .values = loss, .n = points};
    kit_history_add(&judging->history, &(struct kit_run){.name = plan.name,
                                                         .start = start,
                                                         .end = end,
                                                         .outcome = plan.unknown   ? LW_OUTCOME_UNKNOWN
                                                                    : plan.outcome ? plan.outcome
                                                                                   : LW_OUTCOME_COMPLETED,
                                                         .failure = plan.failure,
                                                         .instance = plan.instance,
                                                         .billable = plan.billable,
                                                         .flags = plan.flags,
                                                         .metrics = metrics,
                                                         .metrics_n = metrics_n});
    judging->end = end;
}

void kit_judge(struct kit_judging *judging)
{
    struct lw_fault fault = {0};

    lw_judge_close(judging->judge);
    judging->judge = NULL;
    lw_arena_close(&judging->arena);
    CU_ASSERT_EQUAL_FATAL(lw_judge_open(&judging->judge, &judging->rules, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_judge_model(judging->judge, LW_STR("acct/eu-west-1"), LW_STR("churn-xgb"),
                                         kit_history_view(&judging->history), judging->history.n,
                                         (lw_time){judging->end}, &judging->arena, &judging->judged, &fault),
                          LW_ERR_OK);
}

void kit_judge_show(const struct lw_judged *judged)
{
    for (size_t i = 0; i < judged->alerts_n; i++) {
        const struct lw_alert *alert = &judged->alerts[i];

        printf("# %s %s %s %s opened %d change %d resolved %d rev %u: %s\n", lw_alert_kind_name(alert->kind),
               lw_alert_state_name(alert->state), lw_severity_name(alert->severity), lw_impact_name(alert->impact),
               (int)alert->opened_run, (int)alert->change_run, (int)alert->resolved_run, alert->revision,
               alert->message);
    }
}

const struct lw_alert *kit_alert(const struct lw_judged *judged, enum lw_alert_kind kind)
{
    for (size_t i = 0; i < judged->alerts_n; i++) {
        if (judged->alerts[i].kind == kind)
            return &judged->alerts[i];
    }
    return NULL;
}

size_t kit_alerts(const struct lw_judged *judged, enum lw_alert_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < judged->alerts_n; i++)
        n += judged->alerts[i].kind == kind;
    return n;
}

const struct lw_finding *kit_finding(const struct lw_judged *judged, uint32_t run, enum lw_detector detector,
                                     const char *series)
{
    for (size_t i = 0; i < judged->findings_n; i++) {
        const struct lw_finding *finding = &judged->findings[i];

        if (finding->run == run && finding->detector == detector && lw_str_equal(finding->series, lw_str_from(series)))
            return finding;
    }
    return NULL;
}

bool kit_in_series(const struct lw_alert *alert, const char *series)
{
    for (uint32_t i = 0; i < alert->series_n; i++) {
        if (lw_str_equal(alert->series[i], lw_str_from(series)))
            return true;
    }
    return false;
}

static bool same_alert(const struct lw_alert *a, const struct lw_alert *b)
{
    if (a->series_n != b->series_n)
        return false;
    for (uint32_t i = 0; i < a->series_n; i++) {
        if (!lw_str_equal(a->series[i], b->series[i]))
            return false;
    }
    return strcmp(a->id, b->id) == 0 && a->state == b->state && a->severity == b->severity && a->impact == b->impact &&
           a->kind == b->kind && a->direction == b->direction && a->detectors == b->detectors &&
           a->opened_run == b->opened_run && a->change_run == b->change_run && a->resolved_run == b->resolved_run &&
           a->revision == b->revision && a->before == b->before && a->after == b->after &&
           a->evidence.ms == b->evidence.ms && strcmp(a->message, b->message) == 0 && strcmp(a->reason, b->reason) == 0;
}

static bool same_finding(const struct lw_finding *a, const struct lw_finding *b)
{
    return a->detector == b->detector && a->verdict == b->verdict && a->direction == b->direction && a->run == b->run &&
           a->p_method == b->p_method && a->change_run == b->change_run && a->runs_needed == b->runs_needed &&
           lw_str_equal(a->series, b->series) && a->statistic == b->statistic && a->threshold == b->threshold &&
           a->p_value == b->p_value && a->attainable_p == b->attainable_p && a->effect == b->effect &&
           strcmp(a->message, b->message) == 0;
}

bool kit_same_judgement(const struct lw_judged *a, const struct lw_judged *b)
{
    bool same = a->runs_n == b->runs_n && a->findings_n == b->findings_n && a->alerts_n == b->alerts_n &&
                a->events_n == b->events_n && a->verdict == b->verdict && lw_str_equal(a->primary, b->primary);

    for (size_t i = 0; same && i < a->runs_n; i++)
        same = a->runs[i].verdict == b->runs[i].verdict && a->runs[i].outcome == b->runs[i].outcome &&
               a->runs[i].gap.ms == b->runs[i].gap.ms && a->runs[i].cost == b->runs[i].cost;
    for (size_t i = 0; same && i < a->findings_n; i++)
        same = same_finding(&a->findings[i], &b->findings[i]);
    for (size_t i = 0; same && i < a->alerts_n; i++)
        same = same_alert(&a->alerts[i], &b->alerts[i]);
    for (size_t i = 0; same && i < a->events_n; i++)
        same = a->events[i].transition == b->events[i].transition && a->events[i].run == b->events[i].run &&
               same_alert(&a->events[i].alert, &b->events[i].alert);
    return same;
}
