#include "engine/report/text/alarms.h"

#include "engine/base/time_text.h"

#include <stdio.h>

/* Open before stale (nobody knows how it went on) before what is over. */
static int standing(const struct lw_alert *alert)
{
    if (alert->state == LW_ALERT_OPEN)
        return 2;
    return alert->state == LW_ALERT_STALE;
}

static bool is_graver(const struct lw_alert *a, const struct lw_alert *b)
{
    if (standing(a) != standing(b))
        return standing(a) > standing(b);
    return a->severity > b->severity;
}

const struct lw_alert *lw_alarms_gravest(const struct lw_judged *model)
{
    const struct lw_alert *gravest = NULL;

    for (size_t i = 0; i < model->alerts_n; i++) {
        const struct lw_alert *alert = &model->alerts[i];

        if (alert->state != LW_ALERT_RETRACTED && (gravest == NULL || is_graver(alert, gravest)))
            gravest = alert;
    }
    return gravest;
}

size_t lw_alarms_open(const struct lw_judged *model)
{
    size_t n = 0;

    for (size_t i = 0; i < model->alerts_n; i++)
        n += model->alerts[i].state == LW_ALERT_OPEN;
    return n;
}

static enum lw_tint tint_of(const struct lw_alert *alert)
{
    if (standing(alert) == 0)
        return LW_TINT_FAINT;
    if (alert->impact == LW_IMPACT_BETTER)
        return LW_TINT_GOOD;
    return alert->severity == LW_SEVERITY_INFO ? LW_TINT_NOTICE : LW_TINT_BAD;
}

static const char *impact_words(enum lw_impact impact)
{
    static const char *const words[] = {
        [LW_IMPACT_WORSE] = "for the worse",
        [LW_IMPACT_BETTER] = "for the better",
        [LW_IMPACT_UNCLEAR] = "for better or worse",
    };

    return words[impact];
}

/* "run 42, 3 Jun 18:00": where and when. */
static void write_run(const struct lw_judged *model, uint32_t run, struct lw_page *page)
{
    char when[LW_TIME_SHORT];

    lw_page_format(page, "run %u", (unsigned)run + 1);
    if (run < model->runs_n && model->runs[run].run->has_start) {
        lw_time_short(model->runs[run].run->start, true, when);
        lw_page_format(page, " (%s)", when);
    }
}

/* What lies behind the sentence: when it began, when it was noticed, by what, and the id to refer to it. */
static void write_evidence(const struct lw_judged *model, const struct lw_alert *alert, struct lw_page *page)
{
    struct lw_buf line = {.ceiling = 4096};
    struct lw_page inner = *page;
    size_t named = 0;

    inner.out = &line;
    if (alert->change_run != LW_NO_RUN) {
        lw_page_text(&inner, "began with ");
        write_run(model, alert->change_run, &inner);
        lw_page_text(&inner, ", ");
    }
    if (alert->opened_run != LW_NO_RUN) {
        lw_page_text(&inner, "noticed at ");
        write_run(model, alert->opened_run, &inner);
    } else if (alert->has_evidence) {
        char when[LW_TIME_SHORT];

        lw_time_short(alert->evidence, true, when);
        lw_page_format(&inner, "noticed at %s", when);
    }
    if (alert->resolved_run != LW_NO_RUN) {
        lw_page_format(&inner, ", %s at ", lw_alert_state_name(alert->state));
        write_run(model, alert->resolved_run, &inner);
    }
    for (unsigned detector = LW_DETECT_KS; detector <= LW_DETECT_QUALITY; detector++) {
        if (alert->detectors & 1u << detector)
            lw_page_format(&inner, "%s %s", named++ == 0 ? "; by" : " and",
                           lw_detector_name((enum lw_detector)detector));
    }
    lw_page_format(&inner, "; id %s", alert->id);
    lw_page_pad(page, 4);
    lw_page_tint(page, LW_TINT_FAINT);
    lw_page_wrap_line(page, &line, 4, 4);
    lw_page_plain(page);
}

static void write_alert(const struct lw_judged *model, size_t i, struct lw_page *page)
{
    const struct lw_alert *alert = &model->alerts[i];

    lw_page_tint(page, tint_of(alert));
    lw_page_format(page, "A%zu %s", i + 1, lw_alert_state_name(alert->state));
    lw_page_plain(page);
    lw_page_format(page, ", %s, %s\n", lw_severity_name(alert->severity), impact_words(alert->impact));
    lw_page_pad(page, 4);
    lw_page_wrap(page, lw_str_from(alert->message), 4, 4);
    if (alert->series_n > 1) {
        struct lw_buf line = {.ceiling = 65536};

        lw_buf_text(&line, "shows in ");
        for (uint32_t j = 0; j < alert->series_n; j++) {
            lw_buf_text(&line, j > 0 ? ", " : "");
            lw_buf_str(&line, alert->series[j]);
        }
        lw_page_pad(page, 4);
        lw_page_wrap_line(page, &line, 4, 4);
    }
    if (alert->reason[0] != '\0') {
        lw_page_pad(page, 4);
        lw_page_wrap(page, lw_str_from(alert->reason), 4, 4);
    }
    write_evidence(model, alert, page);
}

void lw_alarms_write(const struct lw_judged *model, struct lw_page *page)
{
    if (model->alerts_n == 0)
        return;
    lw_page_heading(page, "Alerts");
    /* Open ones first: what is over is history. */
    for (int wanted = 2; wanted >= 0; wanted--) {
        for (size_t i = 0; i < model->alerts_n; i++) {
            if (standing(&model->alerts[i]) == wanted)
                write_alert(model, i, page);
        }
    }
}
