#include "engine/core/judge/message.h"

#include "engine/base/time_text.h"
#include "engine/core/judge/sentence.h"
#include "engine/core/judge/chart/series.h"

#include <math.h>
#include <stdio.h>

/* "effect -0.019", "effect +12 %" */
#define EFFECT_TEXT 48
static void effect_text(const struct lw_fold *fold, const struct lw_remark *remark, char text[EFFECT_TEXT])
{
    double unit;
    bool absolute = false;

    text[0] = '\0';
    if (!(remark->known & LW_REMARK_EFFECT))
        return;
    if (remark->series != LW_FOLD_NONE) {
        double level = fold->series[remark->series].level.mean;

        absolute = lw_series_absolute(fold, remark->series, level, level, &unit);
    }
    if (absolute)
        (void)snprintf(text, EFFECT_TEXT, ", effect %+.3g points", 100.0 * remark->effect);
    else
        (void)snprintf(text, EFFECT_TEXT, ", effect %+.3g %%", 100.0 * remark->effect);
}

static const char *statistic_name(const struct lw_fold *fold, const struct lw_remark *remark)
{
    if (remark->detector == LW_DETECT_CHANGEPOINT)
        return "score";
    if (remark->series != LW_FOLD_NONE && fold->series[remark->series].kind == LW_SERIES_CURVE)
        return "C";
    return remark->direction == LW_DIRECTION_DOWN ? "C-" : "C+";
}

static struct lw_str chart_text(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    char effect[EFFECT_TEXT];
    char run[LW_SENTENCE_RUN] = "";
    const char *name = statistic_name(fold, remark);
    char caveat[64] = "";

    /* Neighbouring runs that resemble each other shorten the time to a false alarm; it takes 30 to see. */
    if (remark->detector == LW_DETECT_CHANGEPOINT || remark->extra < 0.0)
        (void)snprintf(caveat, sizeof(caveat), "; the budget holds for independent runs");
    else if (remark->extra > 0.0)
        (void)snprintf(caveat, sizeof(caveat), "; scaled for an autocorrelation of %.2f", remark->extra);

    effect_text(fold, remark, effect);
    if (remark->change_run != LW_NO_RUN)
        lw_sentence_run(fold, remark->change_run, run);
    switch (remark->text) {
    case LW_REMARK_HALF:
        return lw_arena_format(arena, "%s %.2f over half of %.2f%s, since run %s%s", name, remark->statistic,
                               remark->threshold, effect, run, caveat);
    case LW_REMARK_SMALL:
        return lw_arena_format(arena, "%s %.2f over %.2f, but what changed is no reason for an alarm%s", name,
                               remark->statistic, remark->threshold, effect);
    default:
        return lw_arena_format(arena, "%s %.2f over %.2f%s, since run %s%s", name, remark->statistic, remark->threshold,
                               effect, run, caveat);
    }
}

static struct lw_str p_text(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    char effect[EFFECT_TEXT];

    effect_text(fold, remark, effect);
    return lw_arena_format(arena, "D %.3f, p %.3g (%s; the smallest possible is %.2g)%s", remark->statistic,
                           remark->p_value, lw_p_method_name((enum lw_p_method)remark->p_method), remark->attainable_p,
                           effect);
}

static struct lw_str gap_text(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    char effect[EFFECT_TEXT];
    char gap[LW_SPAN_TEXT];
    char due[LW_SPAN_TEXT];

    lw_span_write((lw_span){(int64_t)(fmin(remark->statistic, 1e12) * 1000.0)}, gap);
    if (remark->text == LW_REMARK_OVERDUE) {
        lw_span_write((lw_span){(int64_t)(fmin(remark->threshold, 1e12) * 1000.0)}, due);
        return lw_arena_format(arena, "came after %s, was due within %s", gap, due);
    }
    effect_text(fold, remark, effect);
    return lw_arena_format(arena, "gap %s is odd, p %.2g (predictive)%s; two in a row are charted", gap,
                           remark->p_value, effect);
}

static struct lw_str rule_text(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    struct lw_str rule = fold->rules->requirements[remark->requirement - 1].text;
    int n = rule.len < 150 ? (int)rule.len : 150;
    char level[LW_SENTENCE_LEVEL];

    lw_sentence_ruled(fold, remark->requirement - 1, remark->statistic, level);
    return lw_arena_format(arena, "%s breaks '%.*s'", level, n, rule.at);
}

static struct lw_str failure_text(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    struct lw_str reason = lw_run_str(fold->runs[remark->run], fold->runs[remark->run]->failure);
    int n = reason.len < 180 ? (int)reason.len : 180;

    if (n == 0)
        return LW_STR("failed, without a reason in the data");
    /* Not in the middle of a character. */
    while ((size_t)n < reason.len && n > 0 && ((unsigned char)reason.at[n] & 0xC0) == 0x80)
        n--;
    return lw_arena_format(arena, "failed: %.*s", n, reason.at);
}

uint32_t lw_message_runs_needed(const struct lw_fold *fold, const struct lw_remark *remark)
{
    if (remark->text == LW_REMARK_BASELINE && (double)fold->baseline_runs < remark->extra)
        return 0;
    return remark->runs_needed;
}

static struct lw_str baseline_text(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    double missing = remark->extra - (double)fold->baseline_runs;

    if (missing > 0.0)
        return lw_arena_format(arena, "%.0f more baseline run%s must be named: %u of %.0f are in the history", missing,
                               missing == 1.0 ? "" : "s", fold->baseline_runs, remark->extra);
    return lw_arena_format(arena, "before the baseline is complete: judged after %u more of its runs",
                           remark->runs_needed);
}

static const char *const constants[LW_REMARK_TEXTS] = {
    [LW_REMARK_FINE] = "within its limits",
    [LW_REMARK_REFERENCE] = "one of the stated baseline",
    [LW_REMARK_NEARER] = "nearer to the reference again; three in a row resolve",
    [LW_REMARK_RETURNED] = "the third in a row that is back at the reference",
    [LW_REMARK_SETTLED] = "the new level is the reference from now on",
    [LW_REMARK_CONFIRMS] = "away from the reference, as the open alert says",
    [LW_REMARK_RESTART] = "source of the duration, instance type or count changed: a new chart begins",
    [LW_REMARK_HOLDS] = "holds",
    [LW_REMARK_STOPPED] = "stopped by a person: not judged",
    [LW_REMARK_OUT_OF_TIME] = "ran out of time: its duration is a lower bound",
    [LW_REMARK_IN_PROGRESS] = "in progress when the data end: not judged",
    [LW_REMARK_INTERLEAVED] = "overlaps another run that cannot be told apart: not judged",
    [LW_REMARK_MISSING] = "missing, though earlier runs had it",
    [LW_REMARK_FLAT] = "a flat line, though earlier runs had none",
    [LW_REMARK_CLIPPED] = "outside of the range of its scale: charted at the limit",
};

static struct lw_str written(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    char effect[EFFECT_TEXT];

    effect_text(fold, remark, effect);
    switch ((enum lw_remark_text)remark->text) {
    case LW_REMARK_LEARNING:
        return lw_arena_format(arena, "too little history: judged after %u more run%s", remark->runs_needed,
                               remark->runs_needed == 1 ? "" : "s");
    case LW_REMARK_BASELINE:
        return baseline_text(fold, remark, arena);
    case LW_REMARK_HALF:
    case LW_REMARK_SMALL:
    case LW_REMARK_ALARM:
        return chart_text(fold, remark, arena);
    case LW_REMARK_SINGLE:
        return lw_arena_format(arena, "one odd run, p %.2g%s; a second in a row counts in full", remark->p_value,
                               effect);
    case LW_REMARK_IDENTICAL:
        return lw_arena_format(arena, "differs after %.0f identical values%s", remark->extra, effect);
    case LW_REMARK_UNLIKE:
        return lw_arena_format(arena, "the third in a row that differs the same way after %.0f identical values%s",
                               remark->extra, effect);
    case LW_REMARK_P:
        return p_text(fold, remark, arena);
    case LW_REMARK_ONE_GAP:
    case LW_REMARK_OVERDUE:
        return gap_text(fold, remark, arena);
    case LW_REMARK_BROKEN:
        return rule_text(fold, remark, arena);
    case LW_REMARK_FAILED:
        return failure_text(fold, remark, arena);
    case LW_REMARK_INCOMPLETE:
        return lw_arena_format(arena, "%.0f points, under half of what is usual: taken as incomplete", remark->extra);
    case LW_REMARK_NOT_A_NUMBER:
        return lw_arena_format(arena, "%.0f value%s printed as NaN or infinite", remark->extra,
                               remark->extra == 1.0 ? " was" : "s were");
    case LW_REMARK_NOT_CHARTED:
        return lw_arena_format(arena, "%.0f metrics beyond the first %d are not charted", remark->extra,
                               LW_FOLD_METRICS);
    case LW_REMARK_FINE:
    case LW_REMARK_REFERENCE:
    case LW_REMARK_NEARER:
    case LW_REMARK_RETURNED:
    case LW_REMARK_SETTLED:
    case LW_REMARK_CONFIRMS:
    case LW_REMARK_RESTART:
    case LW_REMARK_HOLDS:
    case LW_REMARK_STOPPED:
    case LW_REMARK_OUT_OF_TIME:
    case LW_REMARK_IN_PROGRESS:
    case LW_REMARK_INTERLEAVED:
    case LW_REMARK_MISSING:
    case LW_REMARK_FLAT:
    case LW_REMARK_CLIPPED:
    case LW_REMARK_TEXTS:
        break;
    }
    return (struct lw_str){.at = "", .len = 0};
}

const char *lw_message_of(const struct lw_fold *fold, const struct lw_remark *remark, struct lw_arena *arena)
{
    if (remark->text < LW_REMARK_TEXTS && constants[remark->text])
        return constants[remark->text];
    return written(fold, remark, arena).at;
}
