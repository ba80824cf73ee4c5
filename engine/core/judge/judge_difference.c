#include "engine/core/judge/judge.h"

#include "engine/base/fault.h"

#include <stdbool.h>
#include <stdio.h>

/* What a run is called; runs are compared by name, since an inserted run moves all indices behind it. */
static struct lw_str run_name(const struct lw_judged *judged, uint32_t run)
{
    if (run == LW_NO_RUN || run >= judged->runs_n)
        return (struct lw_str){0};
    return lw_run_str(judged->runs[run].run, judged->runs[run].run->name);
}

static bool same_run(const struct lw_judged *a, uint32_t run_a, const struct lw_judged *b, uint32_t run_b)
{
    return lw_str_equal(run_name(a, run_a), run_name(b, run_b));
}

static const struct lw_alert *find(const struct lw_judged *judged, const char *id)
{
    for (size_t i = 0; i < judged->alerts_n; i++) {
        if (strcmp(judged->alerts[i].id, id) == 0)
            return &judged->alerts[i];
    }
    return NULL;
}

/* The alert as it was last told: the alerts of a judgement are as they stand today, and that changes with every run. */
static const struct lw_alert *last_told(const struct lw_judged *judged, const struct lw_alert *alert)
{
    for (size_t i = judged->events_n; i-- > 0;) {
        if (strcmp(judged->events[i].alert.id, alert->id) == 0)
            return &judged->events[i].alert;
    }
    return alert;
}

static bool same_series(const struct lw_alert *a, const struct lw_alert *b)
{
    if (a->series_n != b->series_n)
        return false;
    for (uint32_t i = 0; i < a->series_n; i++) {
        if (!lw_str_equal(a->series[i], b->series[i]))
            return false;
    }
    return true;
}

/* Everything that a reader of the alert sees, but for the revision. */
static bool says_the_same(const struct lw_judged *before, const struct lw_alert *a, const struct lw_judged *after,
                          const struct lw_alert *b)
{
    if (a->state != b->state || a->severity != b->severity || a->direction != b->direction ||
        a->detectors != b->detectors || a->has_evidence != b->has_evidence || a->has_before != b->has_before ||
        a->has_after != b->has_after)
        return false;
    if ((a->has_evidence && a->evidence.ms != b->evidence.ms) || (a->has_before && a->before != b->before) ||
        (a->has_after && a->after != b->after))
        return false;
    return same_run(before, a->change_run, after, b->change_run) &&
           same_run(before, a->resolved_run, after, b->resolved_run) && same_series(a, b) &&
           strcmp(a->message, b->message) == 0 && strcmp(a->reason, b->reason) == 0;
}

static bool shares_a_series(const struct lw_alert *a, const struct lw_alert *b)
{
    for (uint32_t i = 0; i < a->series_n; i++) {
        for (uint32_t k = 0; k < b->series_n; k++) {
            if (lw_str_equal(a->series[i], b->series[k]))
                return true;
        }
    }
    return a->series_n == 0 && b->series_n == 0;
}

/* The alert about the same thing that opened at another run, if there is one: the nearest by the run of the change. */
static const struct lw_alert *successor(const struct lw_judged *before, const struct lw_alert *old,
                                        const struct lw_judged *after)
{
    const struct lw_alert *nearest = NULL;
    int64_t nearest_distance = 0;
    lw_time then = {0};

    if (old->opened_run < before->runs_n)
        then = before->runs[old->opened_run].run->end;
    for (size_t i = 0; i < after->alerts_n; i++) {
        const struct lw_alert *one = &after->alerts[i];
        int64_t distance;

        if (one->kind != old->kind || one->impact != old->impact || !lw_str_equal(one->rule, old->rule) ||
            !shares_a_series(one, old) || find(before, one->id) || one->opened_run >= after->runs_n)
            continue;
        distance = after->runs[one->opened_run].run->end.ms - then.ms;
        if (distance < 0)
            distance = -distance;
        if (!nearest || distance < nearest_distance) {
            nearest = one;
            nearest_distance = distance;
        }
    }
    return nearest;
}

struct list {
    struct lw_alert_event *events;
    size_t n;
};

static struct lw_alert_event *append(struct list *list, enum lw_transition transition, uint32_t run,
                                     const struct lw_alert *alert)
{
    struct lw_alert_event *event = &list->events[list->n++];

    *event = (struct lw_alert_event){.transition = transition, .run = run, .alert = *alert};
    return event;
}

static void retract(struct list *list, const struct lw_judged *before, const struct lw_alert *old,
                    const struct lw_judged *after)
{
    const struct lw_alert *next = successor(before, old, after);
    struct lw_alert_event *event = append(list, LW_TRANSITION_RETRACT, LW_NO_RUN, old);
    struct lw_alert *alert = &event->alert;

    alert->state = LW_ALERT_RETRACTED;
    alert->revision = old->revision + 1;
    if (next)
        memcpy(alert->superseded_by, next->id, sizeof(alert->superseded_by));
    if (old->kind == LW_ALERT_OVERDUE)
        (void)snprintf(alert->reason, sizeof(alert->reason), "data_was_late");
    else if (next)
        (void)snprintf(alert->reason, sizeof(alert->reason), "the complete data show it at another run");
    else
        (void)snprintf(alert->reason, sizeof(alert->reason), "the complete data do not show it");
}

static enum lw_transition transition_to(enum lw_alert_state state)
{
    static const enum lw_transition into[] = {
        [LW_ALERT_OPEN] = LW_TRANSITION_UPDATE,
        [LW_ALERT_RESOLVED] = LW_TRANSITION_RESOLVE,
        [LW_ALERT_ACKNOWLEDGED] = LW_TRANSITION_ACKNOWLEDGE,
        [LW_ALERT_SETTLED] = LW_TRANSITION_SETTLE,
        [LW_ALERT_RETRACTED] = LW_TRANSITION_RETRACT,
        [LW_ALERT_STALE] = LW_TRANSITION_STALE,
    };

    return into[state];
}

/* The new alert tells its life so far: what happened to it, in order. */
static void tell_life(struct list *list, const struct lw_judged *after, const struct lw_alert *alert)
{
    for (size_t i = 0; i < after->events_n; i++) {
        if (strcmp(after->events[i].alert.id, alert->id) == 0)
            list->events[list->n++] = after->events[i];
    }
}

/* An alert that was issued before: its new steps if the old ones are as they were, else one update that says all. */
static void tell_change(struct list *list, const struct lw_judged *before, const struct lw_alert *old,
                        const struct lw_judged *after, const struct lw_alert *now)
{
    struct lw_alert_event *event;

    old = last_told(before, old);
    now = last_told(after, now);
    if (says_the_same(before, old, after, now))
        return;
    if (now->revision > old->revision) {
        for (size_t i = 0; i < after->events_n; i++) {
            const struct lw_alert_event *step = &after->events[i];

            if (strcmp(step->alert.id, now->id) == 0 && step->alert.revision > old->revision)
                list->events[list->n++] = *step;
        }
        return;
    }
    event = append(list, old->state == now->state ? LW_TRANSITION_UPDATE : transition_to(now->state), now->resolved_run,
                   now);
    event->alert.revision = old->revision + 1;
}

enum lw_err lw_judge_difference(const struct lw_judged *before, const struct lw_judged *after, struct lw_arena *arena,
                                const struct lw_alert_event **events, size_t *n, struct lw_fault *fault)
{
    static const struct lw_judged nothing;
    const struct lw_judged *issued = before ? before : &nothing;
    size_t most = after->events_n + after->alerts_n + issued->alerts_n;
    struct list list = {.events = lw_arena_array(arena, most, sizeof(*list.events))};

    if (!list.events)
        return lw_fault_memory(fault, "the difference of two judgements");
    for (size_t i = 0; i < issued->alerts_n; i++) {
        if (issued->alerts[i].state != LW_ALERT_RETRACTED && !find(after, issued->alerts[i].id))
            retract(&list, issued, &issued->alerts[i], after);
    }
    for (size_t i = 0; i < after->alerts_n; i++) {
        const struct lw_alert *old = find(issued, after->alerts[i].id);

        if (!old)
            tell_life(&list, after, &after->alerts[i]);
        else
            tell_change(&list, issued, old, after, &after->alerts[i]);
    }
    *events = list.events;
    *n = list.n;
    return LW_ERR_OK;
}
