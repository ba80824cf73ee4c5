#include "engine/core/judge/judge_issued.h"

#include "engine/base/fault.h"

#include <stdio.h>

/* What a run is called; runs are compared by name, since an inserted run moves all indices behind it. */
static struct lw_str run_name(const struct lw_judged *judged, uint32_t run)
{
    if (run == LW_NO_RUN || run >= judged->runs_n)
        return (struct lw_str){0};
    return lw_run_str(judged->runs[run].run, judged->runs[run].run->name);
}

static uint32_t run_named(const struct lw_judged *judged, struct lw_str name)
{
    for (size_t i = judged->runs_n; name.len > 0 && i-- > 0;) {
        if (lw_str_equal(run_name(judged, (uint32_t)i), name))
            return (uint32_t)i;
    }
    return LW_NO_RUN;
}

struct lw_issued lw_judge_issued_of(const struct lw_judged *judged, const struct lw_alert *alert)
{
    struct lw_issued issued = {.alert = *alert,
                               .opened_run = run_name(judged, alert->opened_run),
                               .change_run = run_name(judged, alert->change_run),
                               .resolved_run = run_name(judged, alert->resolved_run)};

    if (alert->opened_run < judged->runs_n && judged->runs[alert->opened_run].run->has_end) {
        issued.has_opened_end = true;
        issued.opened_end = judged->runs[alert->opened_run].run->end;
    }
    return issued;
}

const struct lw_alert *lw_judge_issued_last(const struct lw_judged *judged, const struct lw_alert *alert)
{
    for (size_t i = judged->events_n; i-- > 0;) {
        if (strcmp(judged->events[i].alert.id, alert->id) == 0)
            return &judged->events[i].alert;
    }
    return alert;
}

static const struct lw_alert *find_alert(const struct lw_judged *judged, const char *id)
{
    for (size_t i = 0; i < judged->alerts_n; i++) {
        if (strcmp(judged->alerts[i].id, id) == 0)
            return &judged->alerts[i];
    }
    return NULL;
}

struct list {
    const struct lw_issued *issued;
    size_t issued_n;
    const struct lw_judged *after;
    struct lw_alert_event *events;
    size_t n;
};

static const struct lw_issued *find_issued(const struct list *list, const char *id)
{
    for (size_t i = 0; i < list->issued_n; i++) {
        if (strcmp(list->issued[i].alert.id, id) == 0)
            return &list->issued[i];
    }
    return NULL;
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
static bool says_the_same(const struct lw_issued *old, const struct lw_judged *after, const struct lw_alert *b)
{
    const struct lw_alert *a = &old->alert;

    if (a->state != b->state || a->severity != b->severity || a->direction != b->direction ||
        a->detectors != b->detectors || a->has_evidence != b->has_evidence || a->has_before != b->has_before ||
        a->has_after != b->has_after)
        return false;
    if ((a->has_evidence && a->evidence.ms != b->evidence.ms) || (a->has_before && a->before != b->before) ||
        (a->has_after && a->after != b->after))
        return false;
    return lw_str_equal(old->change_run, run_name(after, b->change_run)) &&
           lw_str_equal(old->resolved_run, run_name(after, b->resolved_run)) && same_series(a, b) &&
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
static const struct lw_alert *successor(const struct list *list, const struct lw_issued *issued)
{
    const struct lw_judged *after = list->after;
    const struct lw_alert *old = &issued->alert, *nearest = NULL;
    int64_t nearest_distance = 0;
    int64_t then = issued->has_opened_end ? issued->opened_end.ms : 0;

    for (size_t i = 0; i < after->alerts_n; i++) {
        const struct lw_alert *one = &after->alerts[i];
        int64_t distance;

        if (one->kind != old->kind || one->impact != old->impact || !lw_str_equal(one->rule, old->rule) ||
            !shares_a_series(one, old) || find_issued(list, one->id) || one->opened_run >= after->runs_n)
            continue;
        distance = after->runs[one->opened_run].run->end.ms - then;
        if (distance < 0)
            distance = -distance;
        if (!nearest || distance < nearest_distance) {
            nearest = one;
            nearest_distance = distance;
        }
    }
    return nearest;
}

static struct lw_alert_event *append(struct list *list, enum lw_transition transition, uint32_t run,
                                     const struct lw_alert *alert)
{
    struct lw_alert_event *event = &list->events[list->n++];

    *event = (struct lw_alert_event){.transition = transition, .run = run, .alert = *alert};
    return event;
}

static void retract(struct list *list, const struct lw_issued *old)
{
    const struct lw_alert *next = successor(list, old);
    struct lw_alert_event *event = append(list, LW_TRANSITION_RETRACT, LW_NO_RUN, &old->alert);
    struct lw_alert *alert = &event->alert;

    alert->state = LW_ALERT_RETRACTED;
    alert->revision = old->alert.revision + 1;
    alert->opened_run = run_named(list->after, old->opened_run);
    alert->change_run = run_named(list->after, old->change_run);
    alert->resolved_run = run_named(list->after, old->resolved_run);
    if (next)
        memcpy(alert->superseded_by, next->id, sizeof(alert->superseded_by));
    if (alert->kind == LW_ALERT_OVERDUE)
        (void)snprintf(alert->reason, sizeof(alert->reason), "data_was_late");
    else if (next)
        (void)snprintf(alert->reason, sizeof(alert->reason), "the complete data show it at another run");
    else
        (void)snprintf(alert->reason, sizeof(alert->reason), "the complete data do not show it");
}

static enum lw_transition transition_to(enum lw_alert_state state, enum lw_alert_state from)
{
    static const enum lw_transition into[] = {
        [LW_ALERT_OPEN] = LW_TRANSITION_OPEN,
        [LW_ALERT_RESOLVED] = LW_TRANSITION_RESOLVE,
        [LW_ALERT_ACKNOWLEDGED] = LW_TRANSITION_ACKNOWLEDGE,
        [LW_ALERT_SETTLED] = LW_TRANSITION_SETTLE,
        [LW_ALERT_RETRACTED] = LW_TRANSITION_RETRACT,
        [LW_ALERT_STALE] = LW_TRANSITION_STALE,
    };

    /* Back to open, what was resolved by mistake is an update; what was taken back is told anew. */
    if (state == from || (state == LW_ALERT_OPEN && from != LW_ALERT_RETRACTED))
        return LW_TRANSITION_UPDATE;
    return into[state];
}

/* The new alert tells its life so far: what happened to it, in order. */
static void tell_life(struct list *list, const struct lw_alert *alert)
{
    for (size_t i = 0; i < list->after->events_n; i++) {
        if (strcmp(list->after->events[i].alert.id, alert->id) == 0)
            list->events[list->n++] = list->after->events[i];
    }
}

/* An alert that was issued before: its new steps if the old ones are as they were, else one update that says all. */
static void tell_change(struct list *list, const struct lw_issued *old, const struct lw_alert *now)
{
    const struct lw_judged *after = list->after;
    struct lw_alert_event *event;

    now = lw_judge_issued_last(after, now);
    if (says_the_same(old, after, now))
        return;
    if (now->revision > old->alert.revision && old->alert.state != LW_ALERT_RETRACTED) {
        for (size_t i = 0; i < after->events_n; i++) {
            const struct lw_alert_event *step = &after->events[i];

            if (strcmp(step->alert.id, now->id) == 0 && step->alert.revision > old->alert.revision)
                list->events[list->n++] = *step;
        }
        return;
    }
    event = append(list, transition_to(now->state, old->alert.state), now->resolved_run, now);
    event->alert.revision = old->alert.revision + 1;
}

enum lw_err lw_judge_issued_difference(const struct lw_issued *issued, size_t issued_n, const struct lw_judged *after,
                                       struct lw_arena *arena, const struct lw_alert_event **events, size_t *n,
                                       struct lw_fault *fault)
{
    struct list list = {.issued = issued, .issued_n = issued_n, .after = after};

    list.events = lw_arena_array(arena, after->events_n + after->alerts_n + issued_n, sizeof(*list.events));
    if (!list.events)
        return lw_fault_memory(fault, "the difference of two judgements");
    for (size_t i = 0; i < issued_n; i++) {
        if (!issued[i].beyond && issued[i].alert.state != LW_ALERT_RETRACTED && !find_alert(after, issued[i].alert.id))
            retract(&list, &issued[i]);
    }
    for (size_t i = 0; i < after->alerts_n; i++) {
        const struct lw_issued *old = find_issued(&list, after->alerts[i].id);

        if (!old)
            tell_life(&list, &after->alerts[i]);
        else if (!old->beyond)
            tell_change(&list, old, &after->alerts[i]);
    }
    *events = list.events;
    *n = list.n;
    return LW_ERR_OK;
}
