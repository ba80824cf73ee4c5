#include "leeway/judged.h"

#include <stddef.h>

/* An out-of-range value can only come from a damaged caller; the empty text is the answer that does least harm. */
#define WORD(table, at) ((size_t)(at) < sizeof(table) / sizeof((table)[0]) ? (table)[(size_t)(at)] : "")

const char *lw_verdict_name(enum lw_verdict verdict)
{
    static const char *const names[] = {
        [LW_VERDICT_OK] = "ok",           [LW_VERDICT_INSUFFICIENT] = "insufficient_data",
        [LW_VERDICT_WARNING] = "warning", [LW_VERDICT_DRIFT] = "drift",
        [LW_VERDICT_ERROR] = "error",
    };
    return WORD(names, verdict);
}

const char *lw_detector_name(enum lw_detector detector)
{
    static const char *const names[] = {
        [LW_DETECT_KS] = "ks",           [LW_DETECT_CUSUM] = "cusum",     [LW_DETECT_CHANGEPOINT] = "changepoint",
        [LW_DETECT_CADENCE] = "cadence", [LW_DETECT_OVERDUE] = "overdue", [LW_DETECT_THRESHOLD] = "threshold",
        [LW_DETECT_QUALITY] = "quality",
    };
    return WORD(names, detector);
}

const char *lw_direction_name(enum lw_direction direction)
{
    static const char *const names[] = {
        [LW_DIRECTION_NONE] = "", [LW_DIRECTION_UP] = "up", [LW_DIRECTION_DOWN] = "down"};
    return WORD(names, direction);
}

const char *lw_alert_state_name(enum lw_alert_state state)
{
    static const char *const names[] = {
        [LW_ALERT_OPEN] = "open",       [LW_ALERT_RESOLVED] = "resolved",   [LW_ALERT_ACKNOWLEDGED] = "acknowledged",
        [LW_ALERT_SETTLED] = "settled", [LW_ALERT_RETRACTED] = "retracted", [LW_ALERT_STALE] = "stale",
    };
    return WORD(names, state);
}

const char *lw_severity_name(enum lw_severity severity)
{
    static const char *const names[] = {
        [LW_SEVERITY_INFO] = "info", [LW_SEVERITY_TICKET] = "ticket", [LW_SEVERITY_PAGE] = "page"};
    return WORD(names, severity);
}

const char *lw_impact_name(enum lw_impact impact)
{
    static const char *const names[] = {
        [LW_IMPACT_WORSE] = "worse", [LW_IMPACT_BETTER] = "better", [LW_IMPACT_UNCLEAR] = "unclear"};
    return WORD(names, impact);
}

const char *lw_alert_kind_name(enum lw_alert_kind kind)
{
    static const char *const names[] = {
        [LW_ALERT_LEVEL] = "level",         [LW_ALERT_RHYTHM] = "rhythm", [LW_ALERT_OVERDUE] = "overdue",
        [LW_ALERT_THRESHOLD] = "threshold", [LW_ALERT_RUN] = "run",
    };
    return WORD(names, kind);
}

const char *lw_transition_name(enum lw_transition transition)
{
    static const char *const names[] = {
        [LW_TRANSITION_OPEN] = "open",       [LW_TRANSITION_UPDATE] = "update",
        [LW_TRANSITION_RESOLVE] = "resolve", [LW_TRANSITION_ACKNOWLEDGE] = "acknowledge",
        [LW_TRANSITION_SETTLE] = "settle",   [LW_TRANSITION_RETRACT] = "retract",
        [LW_TRANSITION_STALE] = "stale",
    };
    return WORD(names, transition);
}

enum lw_verdict lw_verdict_worse(enum lw_verdict a, enum lw_verdict b)
{
    /* The enumeration rises in gravity, but for insufficient_data, which says nothing and so gives way to ok. */
    if (a == LW_VERDICT_INSUFFICIENT)
        return b;
    if (b == LW_VERDICT_INSUFFICIENT)
        return a;
    return a > b ? a : b;
}
