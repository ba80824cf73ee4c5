#include "engine/core/judge/case.h"

#include "engine/base/digest.h"
#include "engine/core/judge/chart/chart.h"
#include "engine/core/judge/sentence.h"
#include "engine/core/judge/chart/series.h"

#include <stdio.h>

/* Part of every id: another schema of evidence gives other ids. */
#define SCHEMA "leeway.alert/1"

void lw_case_touch(struct lw_fold *fold, uint32_t index, enum lw_case_touch touch)
{
    struct lw_case *the = &fold->cases[index];

    if (!the->touched) {
        uint32_t *touched =
            lw_fold_room(fold, fold->touched, &fold->touched_capacity, fold->touched_n, sizeof(*touched));

        if (!touched)
            return;
        fold->touched = touched;
        fold->touched[fold->touched_n++] = index;
    }
    the->touched |= (uint32_t)touch;
}

static uint32_t ordinal_of(const struct lw_fold *fold, const struct lw_case *the)
{
    uint32_t n = 0;

    for (size_t i = 0; i < fold->cases_n; i++) {
        const struct lw_case *other = &fold->cases[i];

        n += other->kind == the->kind && other->impact == the->impact && other->requirement == the->requirement &&
             other->opened_run == the->opened_run;
    }
    return n;
}

/* Evidence only: nothing that a clock, a configuration, a threshold or a rounding could change. */
static void name_case(struct lw_fold *fold, struct lw_case *the)
{
    char ordinal[16];
    char id[LW_DIGEST_ID];
    struct lw_str rule = {0};
    struct lw_str run = {0};
    struct lw_str parts[8];

    (void)snprintf(ordinal, sizeof(ordinal), "%u", the->ordinal);
    if (the->requirement)
        rule = fold->rules->requirements[the->requirement - 1].text;
    if (the->opened_run != LW_NO_RUN)
        run = lw_run_str(fold->runs[the->opened_run], fold->runs[the->opened_run]->name);
    parts[0] = LW_STR(SCHEMA);
    parts[1] = fold->origin;
    parts[2] = fold->model;
    parts[3] = lw_str_from(lw_alert_kind_name((enum lw_alert_kind)the->kind));
    parts[4] = lw_str_from(lw_impact_name((enum lw_impact)the->impact));
    parts[5] = rule;
    parts[6] = run;
    parts[7] = lw_str_from(ordinal);
    if (lw_digest_id(parts, 8, id, NULL) != LW_ERR_OK) {
        fold->error = LW_ERR_NOMEM;
        return;
    }
    memcpy(the->id, id, sizeof(id));
}

uint32_t lw_case_open(struct lw_fold *fold, enum lw_alert_kind kind, enum lw_impact impact, enum lw_severity severity,
                      enum lw_detector detector, uint32_t opened_run, uint32_t requirement)
{
    struct lw_case *cases = lw_fold_room(fold, fold->cases, &fold->cases_capacity, fold->cases_n, sizeof(*cases));
    struct lw_case *the;
    uint32_t index = (uint32_t)fold->cases_n;

    if (!cases)
        return LW_FOLD_NONE;
    fold->cases = cases;
    the = &cases[index];
    memset(the, 0, sizeof(*the));
    the->state = LW_ALERT_OPEN;
    the->kind = (uint32_t)kind;
    the->impact = (uint32_t)impact;
    the->severity = (uint32_t)severity;
    the->detectors = 1u << detector;
    the->opened_run = opened_run;
    the->change_run = LW_NO_RUN;
    the->resolved_run = LW_NO_RUN;
    the->last_run = opened_run;
    the->requirement = requirement;
    the->ordinal = ordinal_of(fold, the);
    name_case(fold, the);
    fold->cases_n++;
    lw_case_touch(fold, index, LW_CASE_OPENED);
    return index;
}

void lw_case_close(struct lw_fold *fold, uint32_t index, enum lw_alert_state state, uint32_t run)
{
    struct lw_case *the = &fold->cases[index];

    the->state = (uint32_t)state;
    if (state == LW_ALERT_RESOLVED)
        the->resolved_run = run;
    lw_case_touch(fold, index, LW_CASE_CLOSED);
}

/* The first series of an alert gives its numbers, all of them of the same change; but a later change of it belongs to
   another alert, and then they stay as they were. */
static void measure(struct lw_fold *fold, struct lw_case *the)
{
    const struct lw_series *series = &fold->series[the->series[0]];
    const struct lw_value *values = fold->memory[the->series[0]].values;

    if (!the->series_n || !series->shifted || series->case_index == LW_FOLD_NONE ||
        strcmp(fold->cases[series->case_index].id, the->id) != 0)
        return;
    the->before = series->latest.n ? series->latest.mean : series->before.mean;
    the->after = series->level.mean;
    the->spread = lw_series_sd(series->latest.n ? &series->latest : &series->before);
    the->has_before = 1;
    the->has_after = 1;
    the->direction = series->direction;
    the->change_run = values[series->shifted_from].run;
    the->changed_runs = 0;
    for (uint32_t i = series->shifted_from; i < series->values_n; i++)
        the->changed_runs += values[i].place == LW_PLACE_SHIFTED;
}

/* What a person asks first comes first: the final values, the main one before the others, then what they cost; then
   the series that are made of others. */
static uint32_t rank_of(const struct lw_fold *fold, uint32_t series)
{
    static const uint32_t ranks[] = {[LW_SERIES_METRIC] = 1,   [LW_SERIES_GENERALIZATION] = 5, [LW_SERIES_CURVE] = 6,
                                     [LW_SERIES_DURATION] = 2, [LW_SERIES_COST] = 3,           [LW_SERIES_GAP] = 4};

    return series == lw_series_primary(fold) ? 0 : ranks[fold->series[series].kind];
}

static void add_series(const struct lw_fold *fold, struct lw_case *the, uint32_t series)
{
    uint32_t rank = rank_of(fold, series);
    uint32_t at = the->series_n;

    if (at >= LW_FOLD_SERIES)
        return;
    while (at > 0 && rank_of(fold, the->series[at - 1]) > rank) {
        the->series[at] = the->series[at - 1];
        at--;
    }
    the->series[at] = series;
    the->series_n++;
}

static bool contains(const struct lw_case *the, uint32_t series)
{
    for (uint32_t i = 0; i < the->series_n; i++) {
        if (the->series[i] == series)
            return true;
    }
    return false;
}

/* A curve, its final value and the gap between training and validation show the same thing in different ways. */
static bool is_kin(const struct lw_fold *fold, const struct lw_case *the, uint32_t series)
{
    const struct lw_series *one = &fold->series[series];

    for (uint32_t i = 0; i < the->series_n; i++) {
        const struct lw_series *other = &fold->series[the->series[i]];
        bool of_one = one->kind != LW_SERIES_METRIC && (one->partner == the->series[i] || one->other == the->series[i]);
        bool of_other = other->kind != LW_SERIES_METRIC && (other->partner == series || other->other == series);
        bool siblings = one->kind != LW_SERIES_METRIC && other->kind != LW_SERIES_METRIC &&
                        one->partner < LW_FOLD_NONE && (one->partner == other->partner || one->partner == other->other);

        if (of_one || of_other || siblings)
            return true;
    }
    return false;
}

static bool is_near(uint32_t a, uint32_t b)
{
    return (a > b ? a - b : b - a) <= 2;
}

static bool is_away(const struct lw_case *the, uint32_t series)
{
    return the->away_set[series / 32] >> series % 32 & 1;
}

static void be_away(struct lw_case *the, uint32_t series, bool away)
{
    uint32_t bit = 1u << series % 32;

    if (is_away(the, series) == away)
        return;
    the->away_set[series / 32] ^= bit;
    the->away += away ? 1u : UINT32_MAX;
}

/* The open alert that an alarm belongs to: one of about the same change; or, since curves are slower to tell, and dated
   less well, one of the same metric whose change may have been the same when the alert was opened. */
static uint32_t joined(const struct lw_fold *fold, uint32_t series, enum lw_alert_kind kind, enum lw_impact impact,
                       uint32_t change_run, bool wanted)
{
    for (size_t i = fold->cases_n; i-- > 0;) {
        const struct lw_case *the = &fold->cases[i];
        bool living = the->state == LW_ALERT_OPEN || (wanted && the->state == LW_ALERT_ACKNOWLEDGED);

        if (living && the->kind == (uint32_t)kind && the->impact == (uint32_t)impact &&
            (is_near(the->change_run, change_run) || (change_run <= the->opened_run && is_kin(fold, the, series))))
            return (uint32_t)i;
    }
    return LW_FOLD_NONE;
}

static bool is_named(const struct lw_fold *fold, uint32_t series, struct lw_str name)
{
    return lw_str_equal(lw_fold_name(fold, series), name);
}

/* Whether the k-th wish for a new level is about this series: that of a metric is about its curve and its gap between
   training and validation too, which show the same thing. */
static bool is_about(const struct lw_fold *fold, size_t k, uint32_t series)
{
    const struct lw_str *names = fold->rules->rebaseline_series;
    const struct lw_series *the = &fold->series[series];

    if (names == NULL || names[k].len == 0 || is_named(fold, series, names[k]))
        return true;
    return the->kind != LW_SERIES_METRIC && ((the->partner < LW_FOLD_NONE && is_named(fold, the->partner, names[k])) ||
                                             (the->other < LW_FOLD_NONE && is_named(fold, the->other, names[k])));
}

/* A level that the user asked for is no news: a rebaselining run within 2 of the change, or between change and alarm. */
static bool is_wanted(const struct lw_fold *fold, uint32_t series, uint32_t change_run, uint32_t run)
{
    uint32_t from = change_run > 2 ? change_run - 2 : 0;
    uint32_t to = run > change_run + 2 ? run : change_run + 2;

    for (uint32_t i = from; i <= to && i < fold->runs_n; i++) {
        struct lw_str name = lw_run_str(fold->runs[i], fold->runs[i]->name);

        for (size_t k = 0; k < fold->rules->rebaseline_n; k++) {
            if (lw_str_equal(fold->rules->rebaseline[k], name) && i <= run && is_about(fold, k, series))
                return true;
        }
    }
    return false;
}

/* Its level from the change on is the reference. */
static void accept(struct lw_fold *fold, uint32_t index, uint32_t series)
{
    struct lw_case *the = &fold->cases[index];

    if (!is_away(the, series))
        return;
    lw_chart_accept(fold, series);
    be_away(the, series, false);
    if (fold->series[series].case_index == index)
        fold->series[series].case_index = LW_FOLD_NONE;
}

/* The series of an alert whose new level was wanted since that change; with the last of them it is over. */
static void accept_wanted(struct lw_fold *fold, uint32_t index, uint32_t change_run, uint32_t run)
{
    struct lw_case *the = &fold->cases[index];

    for (uint32_t i = 0; i < fold->head.series_n; i++) {
        if (is_away(the, i) && is_wanted(fold, i, change_run, run))
            accept(fold, index, i);
    }
    if (the->away > 0)
        return;
    (void)snprintf(the->reason, sizeof(the->reason), "a new level was wanted");
    if (the->state == LW_ALERT_OPEN)
        lw_case_close(fold, index, LW_ALERT_ACKNOWLEDGED, run);
}

void lw_case_alarm(struct lw_fold *fold, uint32_t series, enum lw_detector detector, enum lw_direction direction,
                   uint32_t change_run, uint32_t run, bool again)
{
    enum lw_impact impact = lw_series_impact(fold, series, direction);
    enum lw_alert_kind kind = fold->series[series].kind == LW_SERIES_GAP ? LW_ALERT_RHYTHM : LW_ALERT_LEVEL;
    bool wanted = is_wanted(fold, series, change_run, run);
    uint32_t index = fold->series[series].case_index;
    bool opened;
    struct lw_case *the;

    /* A second change of a series that is away already is news of its own. */
    again = again && index != LW_FOLD_NONE && fold->cases[index].impact == (uint32_t)impact &&
            is_near(fold->cases[index].change_run, change_run);
    if (!again && index != LW_FOLD_NONE && fold->cases[index].series[0] == series) {
        fold->cases[index].after = fold->series[series].latest.mean;
        fold->cases[index].changed_runs = (uint32_t)fold->series[series].latest.n;
    }
    if (!again)
        index = joined(fold, series, kind, impact, change_run, wanted);
    opened = index == LW_FOLD_NONE;

    if (opened) {
        enum lw_severity severity = impact == LW_IMPACT_WORSE ? LW_SEVERITY_TICKET : LW_SEVERITY_INFO;

        index = lw_case_open(fold, kind, impact, severity, detector, run, 0);
        if (index == LW_FOLD_NONE)
            return;
        fold->cases[index].direction = (uint32_t)direction;
        fold->cases[index].change_run = change_run;
    }
    the = &fold->cases[index];
    the->detectors |= 1u << detector;
    the->last_run = run;
    if (!again) {
        if (!contains(the, series))
            add_series(fold, the, series);
        be_away(the, series, true);
        fold->series[series].case_index = index;
    }
    measure(fold, the);
    lw_case_touch(fold, index, opened ? LW_CASE_OPENED : LW_CASE_UPDATED);
    if (wanted)
        accept_wanted(fold, index, change_run, run);
}

static void close_left(struct lw_fold *fold, uint32_t index, uint32_t run)
{
    const struct lw_case *the = &fold->cases[index];

    if (the->away > 0 || the->state != LW_ALERT_OPEN)
        return;
    if (the->settled)
        lw_case_close(fold, index, LW_ALERT_SETTLED, run);
    else if (the->stale)
        lw_case_close(fold, index, LW_ALERT_STALE, run);
    else
        lw_case_close(fold, index, LW_ALERT_RESOLVED, run);
}

/* With the last series the alert is over: resolved only when all of them came back. A series that changed twice is away
   in two alerts. */
static void leave(struct lw_fold *fold, uint32_t series, uint32_t run, bool settled, bool stale)
{
    for (uint32_t i = 0; i < fold->cases_n; i++) {
        struct lw_case *the = &fold->cases[i];

        if (!is_away(the, series))
            continue;
        if (settled && fold->series[series].case_index == i)
            measure(fold, the);
        the->settled |= settled;
        if (stale)
            the->stale = LW_STALE_SERIES;
        be_away(the, series, false);
        the->last_run = run;
        close_left(fold, i, run);
    }
    fold->series[series].case_index = LW_FOLD_NONE;
}

void lw_case_series_returned(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    leave(fold, series, run, false, false);
}

void lw_case_series_settled(struct lw_fold *fold, uint32_t series, uint32_t run)
{
    leave(fold, series, run, true, false);
}

void lw_case_series_stopped(struct lw_fold *fold, uint32_t series)
{
    leave(fold, series, fold->head.runs_n, false, true);
}

void lw_case_confirm(struct lw_fold *fold, uint32_t series, enum lw_detector detector)
{
    uint32_t index = fold->series[series].case_index;

    if (!fold->series[series].shifted || index == LW_FOLD_NONE || (fold->cases[index].detectors & 1u << detector))
        return;
    fold->cases[index].detectors |= 1u << detector;
    lw_case_touch(fold, index, LW_CASE_UPDATED);
}

void lw_case_acknowledge(struct lw_fold *fold, uint32_t run)
{
    struct lw_str name = lw_run_str(fold->runs[run], fold->runs[run]->name);

    for (uint32_t i = 0; i < fold->cases_n; i++) {
        struct lw_case *the = &fold->cases[i];
        uint32_t before = the->away;

        if (the->state != LW_ALERT_OPEN || (the->kind != LW_ALERT_LEVEL && the->kind != LW_ALERT_RHYTHM))
            continue;
        for (size_t k = 0; k < fold->rules->rebaseline_n; k++) {
            for (uint32_t series = 0; lw_str_equal(fold->rules->rebaseline[k], name) && series < fold->head.series_n;
                 series++) {
                if (is_about(fold, k, series))
                    accept(fold, i, series);
            }
        }
        if (the->away == before || the->away > 0)
            continue;
        (void)snprintf(the->reason, sizeof(the->reason), "a new level was wanted");
        lw_case_close(fold, i, LW_ALERT_ACKNOWLEDGED, run);
    }
}

struct lw_case lw_case_today(struct lw_fold *fold, uint32_t index)
{
    struct lw_case today = fold->cases[index];

    if (today.state != LW_ALERT_OPEN || (today.kind != LW_ALERT_LEVEL && today.kind != LW_ALERT_RHYTHM))
        return today;
    measure(fold, &today);
    lw_sentence_write(fold, &today);
    return today;
}

/* Each step has the time of what it was seen by: the end of the run, or where the clock told it, the deadline. */
static void know_evidence(const struct lw_fold *fold, uint32_t run, enum lw_transition transition, struct lw_case *the)
{
    bool known = run == LW_NO_RUN || fold->runs[run]->has_end;

    the->has_evidence = known;
    if (run != LW_NO_RUN)
        the->evidence = known ? fold->runs[run]->end.ms : 0;
    else
        the->evidence = transition == LW_TRANSITION_OPEN ? the->due : fold->silent_since;
}

static void happen(struct lw_fold *fold, enum lw_transition transition, uint32_t run, uint32_t index)
{
    struct lw_happening *all =
        lw_fold_room(fold, fold->happenings, &fold->happenings_capacity, fold->happenings_n, sizeof(*all));
    struct lw_happening *one;

    if (!all)
        return;
    fold->happenings = all;
    one = &all[fold->happenings_n++];
    memset(one, 0, sizeof(*one));
    fold->cases[index].revision++;
    know_evidence(fold, run, transition, &fold->cases[index]);
    lw_sentence_write(fold, &fold->cases[index]);
    one->transition = (uint32_t)transition;
    one->run = run;
    one->case_index = index;
    one->then = fold->cases[index];
    one->then.touched = 0;
}

static void tell_one(struct lw_fold *fold, uint32_t index, uint32_t run)
{
    static const enum lw_transition closing[] = {
        [LW_ALERT_OPEN] = LW_TRANSITION_UPDATE,
        [LW_ALERT_RESOLVED] = LW_TRANSITION_RESOLVE,
        [LW_ALERT_ACKNOWLEDGED] = LW_TRANSITION_ACKNOWLEDGE,
        [LW_ALERT_SETTLED] = LW_TRANSITION_SETTLE,
        [LW_ALERT_RETRACTED] = LW_TRANSITION_RETRACT,
        [LW_ALERT_STALE] = LW_TRANSITION_STALE,
    };
    struct lw_case *the = &fold->cases[index];
    uint32_t touched = the->touched;
    uint32_t state = the->state;
    uint32_t resolved_run = the->resolved_run;

    the->touched = 0;
    if (the->kind == LW_ALERT_LEVEL || the->kind == LW_ALERT_RHYTHM)
        measure(fold, the);
    /* Wanted from the beginning: told once, as acknowledged. */
    if ((touched & LW_CASE_OPENED) && state != LW_ALERT_ACKNOWLEDGED) {
        the->state = LW_ALERT_OPEN;
        the->resolved_run = LW_NO_RUN;
        happen(fold, LW_TRANSITION_OPEN, touched & LW_CASE_BY_CLOCK ? LW_NO_RUN : run, index);
        the = &fold->cases[index];
        the->state = state;
        the->resolved_run = resolved_run;
    }
    if (touched & LW_CASE_CLOSED)
        happen(fold, closing[state], run, index);
    else if (!(touched & LW_CASE_OPENED) && (touched & LW_CASE_UPDATED))
        happen(fold, LW_TRANSITION_UPDATE, run, index);
}

void lw_case_tell(struct lw_fold *fold, uint32_t run)
{
    /* In the order of the alerts, not in that in which they were touched. */
    for (uint32_t i = 1; i < fold->touched_n; i++) {
        for (uint32_t k = i; k > 0 && fold->touched[k] < fold->touched[k - 1]; k--) {
            uint32_t other = fold->touched[k];

            fold->touched[k] = fold->touched[k - 1];
            fold->touched[k - 1] = other;
        }
    }
    for (uint32_t i = 0; i < fold->touched_n && fold->error == LW_ERR_OK; i++)
        tell_one(fold, fold->touched[i], run);
    fold->touched_n = 0;
}
