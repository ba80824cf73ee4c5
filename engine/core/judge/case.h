/* The life of alerts while a history is folded: opened, joined, updated, closed; one cause, one alert. */
#ifndef LEEWAY_ENGINE_CORE_JUDGE_CASE_H
#define LEEWAY_ENGINE_CORE_JUDGE_CASE_H

#include "engine/core/judge/fold.h"

/* What happened to an alert in the run in hand. */
enum lw_case_touch {
    LW_CASE_OPENED = 1,
    LW_CASE_UPDATED = 2,
    LW_CASE_CLOSED = 4,  /* the new state is in the case */
    LW_CASE_BY_CLOCK = 8 /* what opened it was the clock, not this run */
};

/* A chart of the series crossed its threshold with an effect that is not to be ignored; the series has been shifted
   already. Opens an alert, joins one, or (`again`: the series was shifted before) updates the one it is in. */
void lw_case_alarm(struct lw_fold *fold, uint32_t series, enum lw_detector detector, enum lw_direction direction,
                   uint32_t change_run, uint32_t run, bool again);

/* A shifted series has returned to its reference, has settled at its new level, or has stopped to bring values that
   could be compared. With the last of its series the alert is closed. */
void lw_case_series_returned(struct lw_fold *fold, uint32_t series, uint32_t run);
void lw_case_series_settled(struct lw_fold *fold, uint32_t series, uint32_t run);
void lw_case_series_stopped(struct lw_fold *fold, uint32_t series);

/* Another detector says the same of a series that is in an open alert: noted, told once. */
void lw_case_confirm(struct lw_fold *fold, uint32_t series, enum lw_detector detector);

/* The user wanted a new level at that run: open alerts about levels and rhythm are acknowledged. */
void lw_case_acknowledge(struct lw_fold *fold, uint32_t run);

/* Opens an alert of another kind; the caller fills in what is special to it. LW_FOLD_NONE when memory is out. */
uint32_t lw_case_open(struct lw_fold *fold, enum lw_alert_kind kind, enum lw_impact impact, enum lw_severity severity,
                      enum lw_detector detector, uint32_t opened_run, uint32_t requirement);
void lw_case_touch(struct lw_fold *fold, uint32_t index, enum lw_case_touch touch);
void lw_case_close(struct lw_fold *fold, uint32_t index, enum lw_alert_state state, uint32_t run);

/* A copy of an open case as it stands today: events say what was known then, a report says what is known now. */
struct lw_case lw_case_today(struct lw_fold *fold, uint32_t index);

/* Tells what happened in this run: revisions, sentences, and the happenings in the order of the alerts. */
void lw_case_tell(struct lw_fold *fold, uint32_t run);

#endif
