#include "engine/base/digest.h"
#include "engine/base/fault.h"
#include "engine/base/time_text.h"
#include "engine/flow/turn/numbers.h"
#include "engine/flow/turn/turn_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* More models than this in trouble within this time are one alert: something that they share is broken. */
#define FLEET_MODELS    10u
#define FLEET_WINDOW    (30 * LW_MINUTE)
#define FLEET_EACH      (1 * LW_MINUTE) /* that alert is told anew so often at most */
#define FLEET_NAMES_MAX ((size_t)2000)  /* bytes of names in it */

/* Beside what the sinks get: when none of them can be reached, the log is all there is. */
static void log_alert(struct lw_turn *turn, const struct lw_alert *alert)
{
    lw_turn_note(turn, LW_NOTE_INFO, "alert %s is %s (%s): %s", alert->id, lw_alert_state_name(alert->state),
                 lw_severity_name(alert->severity), alert->message);
}

/* --- alerts of our own --- */

enum lw_err lw_turn_own_alert(struct lw_turn *turn, const struct lw_turn_own_alert *own, struct lw_fault *fault)
{
    char since[24];
    struct lw_str parts[4] = {lw_str_from(own->kind), own->origin, own->model};
    struct lw_alert alert = {.state = own->state,
                             .severity = own->severity,
                             .impact = LW_IMPACT_UNCLEAR,
                             .kind = LW_ALERT_RUN,
                             .series = &own->series,
                             .series_n = own->series.len > 0,
                             .opened_run = LW_NO_RUN,
                             .change_run = LW_NO_RUN,
                             .resolved_run = LW_NO_RUN,
                             .revision = own->revision};
    const struct lw_event_alert event = {
        .origin = own->origin, .model = own->model, .alert = &alert, .transition = own->transition, .test = own->test};
    const struct lw_courier_topic topic = {.model = own->model};
    enum lw_err err;

    snprintf(since, sizeof(since), "%" PRId64, own->since.ms);
    parts[3] = lw_str_from(since);
    err = lw_digest_id(parts, 4, alert.id, fault);
    if (err != LW_ERR_OK)
        return err;
    snprintf(alert.message, sizeof(alert.message), "%s", own->message);
    log_alert(turn, &alert);
    return lw_courier_alert(turn->courier, lw_turn_now(turn), &topic, &event, own->severity, own->digest, fault);
}

/* --- many models at once --- */

static uint32_t in_trouble(struct lw_turn *turn, lw_time now)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < lw_roster_count(turn->roster); i++) {
        const struct lw_roster_model *model = lw_roster_model(turn->roster, i);

        n += model->has_trouble && now.ms - model->trouble.ms <= FLEET_WINDOW;
    }
    return n;
}

static enum lw_err keep_trouble(struct lw_turn *turn, uint32_t at, lw_time now, struct lw_fault *fault)
{
    struct lw_roster_model *model = lw_roster_model(turn->roster, at);
    struct lw_str name = lw_turn_join(turn, model->origin, model->model);
    char text[24];

    if (name.at == NULL)
        return lw_fault_memory(fault, "a model");
    model->trouble = now;
    model->has_trouble = true;
    snprintf(text, sizeof(text), "%" PRId64, now.ms);
    return lw_store_put(turn->store, LW_KIND_TROUBLE, name, lw_str_from(text), fault);
}

static enum lw_err keep_fleet(struct lw_turn *turn, struct lw_fault *fault)
{
    char text[64] = "";

    if (turn->fleet_began.ms != LW_TIME_MIN)
        snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %u %u", turn->fleet_began.ms, turn->fleet_told.ms,
                 turn->fleet_revision, turn->fleet_models);
    return lw_store_put(turn->store, LW_KIND_FLEET, LW_STR("open"), lw_str_from(text), fault);
}

enum lw_err lw_turn_load_fleet(struct lw_turn *turn, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 256};
    bool found = false;
    enum lw_err err = lw_store_get(turn->store, LW_KIND_FLEET, LW_STR("open"), &text, &found, fault);

    turn->fleet_began.ms = LW_TIME_MIN;
    if (err == LW_ERR_OK && found) {
        int64_t n[4];

        if (lw_numbers_read(lw_buf_view(&text), n, 4)) {
            turn->fleet_began.ms = n[0];
            turn->fleet_told.ms = n[1];
            turn->fleet_revision = (uint32_t)n[2];
            turn->fleet_models = (uint32_t)n[3];
        }
    }
    lw_buf_close(&text);
    return err;
}

/* The names of the models in trouble, joined by commas; as many as fit. */
static struct lw_str fleet_names(struct lw_turn *turn, lw_time now, char *text, size_t room)
{
    size_t len = 0;

    for (uint32_t i = 0; i < lw_roster_count(turn->roster); i++) {
        const struct lw_roster_model *model = lw_roster_model(turn->roster, i);

        if (!model->has_trouble || now.ms - model->trouble.ms > FLEET_WINDOW)
            continue;
        if (len + model->model.len + 6 > room) {
            memcpy(text + len, ",...", 4);
            return (struct lw_str){.at = text, .len = len + 4};
        }
        if (len > 0)
            text[len++] = ',';
        memcpy(text + len, model->model.at, model->model.len);
        len += model->model.len;
    }
    return (struct lw_str){.at = text, .len = len};
}

static enum lw_err tell_fleet(struct lw_turn *turn, lw_time now, uint32_t models, bool over, struct lw_fault *fault)
{
    char names[FLEET_NAMES_MAX];
    char message[LW_MESSAGE_MAX];
    struct lw_str list = fleet_names(turn, now, names, sizeof(names));
    const struct lw_turn_own_alert own = {
        .kind = "fleet",
        .since = turn->fleet_began,
        .model = LW_STR("fleet"),
        .series = list,
        .message = message,
        .severity = LW_SEVERITY_PAGE,
        .state = over ? LW_ALERT_SETTLED : LW_ALERT_OPEN,
        .transition = over                        ? LW_TRANSITION_SETTLE
                      : turn->fleet_revision == 1 ? LW_TRANSITION_OPEN
                                                  : LW_TRANSITION_UPDATE,
        .revision = turn->fleet_revision,
    };

    if (over)
        snprintf(message, sizeof(message),
                 "No further models got into trouble for 30 minutes. What is still open: `leeway alerts`.");
    else
        snprintf(message, sizeof(message),
                 "%u models got into trouble within 30 minutes: look for what they share (data, platform, a release) "
                 "first. Their single alerts are in `leeway alerts`: %.*s",
                 models, (int)(list.len < 80 ? list.len : 80), list.at);
    return lw_turn_own_alert(turn, &own, fault);
}

enum lw_err lw_turn_fleet(struct lw_turn *turn, lw_time now, struct lw_fault *fault)
{
    uint32_t models;
    bool over;

    if (turn->fleet_began.ms == LW_TIME_MIN || now.ms - turn->fleet_told.ms < FLEET_EACH)
        return LW_ERR_OK;
    models = in_trouble(turn, now);
    over = models == 0;
    if (!over && models <= turn->fleet_models)
        return LW_ERR_OK;
    turn->fleet_models = models;
    turn->fleet_revision++;
    turn->fleet_told = now;
    if (tell_fleet(turn, now, models, over, fault) != LW_ERR_OK)
        return fault->code;
    if (over)
        turn->fleet_began.ms = LW_TIME_MIN;
    return keep_fleet(turn, fault);
}

/* A model got into trouble. *single: it is told by itself; else it is part of the alert for many. */
static enum lw_err count_trouble(struct lw_turn *turn, uint32_t at, lw_time now, bool *single, struct lw_fault *fault)
{
    uint32_t models;
    enum lw_err err = keep_trouble(turn, at, now, fault);

    *single = turn->fleet_began.ms == LW_TIME_MIN;
    if (err != LW_ERR_OK || !*single)
        return err;
    models = in_trouble(turn, now);
    if (models <= FLEET_MODELS)
        return LW_ERR_OK;
    *single = false;
    turn->fleet_began = now;
    turn->fleet_told = now;
    turn->fleet_revision = 1;
    turn->fleet_models = models;
    err = tell_fleet(turn, now, models, false, fault);
    return err == LW_ERR_OK ? keep_fleet(turn, fault) : err;
}

/* --- the alerts of one model --- */

/* When what the alert tells of began: the end of the run that opened it, or its deadline. */
static lw_time began(const struct lw_judged *judged, const struct lw_alert *alert)
{
    if (alert->kind != LW_ALERT_OVERDUE && alert->opened_run < judged->runs_n &&
        judged->runs[alert->opened_run].run->has_end)
        return judged->runs[alert->opened_run].run->end;
    return alert->has_evidence ? alert->evidence : (lw_time){LW_TIME_MAX};
}

static struct lw_str run_name(const struct lw_judged *judged, uint32_t run)
{
    if (run >= judged->runs_n)
        return (struct lw_str){.len = 0};
    return lw_run_str(judged->runs[run].run, judged->runs[run].run->name);
}

/* The gravest severity that an alert which goes on was sent with, as its number. */
#define KIND_SENT "sent"

static enum lw_err gravest_sent(struct lw_turn *turn, const char *id, enum lw_severity *gravest, bool *sent,
                                struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 256};
    enum lw_err err = lw_store_get(turn->store, KIND_SENT, lw_str_from(id), &text, sent, fault);

    *gravest = LW_SEVERITY_INFO;
    if (err == LW_ERR_OK && *sent && text.len == 1 && text.at[0] <= '0' + LW_SEVERITY_PAGE)
        *gravest = (enum lw_severity)(text.at[0] - '0');
    lw_buf_close(&text);
    return err;
}

/* Stale is no end: a pager shows it as an open incident. */
static bool has_ended(enum lw_alert_state state)
{
    return state == LW_ALERT_RESOLVED || state == LW_ALERT_SETTLED || state == LW_ALERT_RETRACTED;
}

static enum lw_err keep_sent(struct lw_turn *turn, const struct lw_alert *alert, enum lw_severity gravest,
                             struct lw_fault *fault)
{
    char number = (char)('0' + gravest);

    return lw_store_put(turn->store, KIND_SENT, lw_str_from(alert->id),
                        (struct lw_str){.at = &number, .len = !has_ended(alert->state)}, fault);
}

/* An alert that was sent is ended where it was sent to, though it would not be sent now: an incident must not stay open
   because the configuration changed, or because late data made it less grave. */
static enum lw_err send(struct lw_turn *turn, const struct lw_turn_verdict *verdict, const struct lw_alert *alert,
                        enum lw_transition transition, struct lw_str occasion, struct lw_fault *fault)
{
    const struct lw_judged *judged = verdict->judged;
    const struct lw_courier_topic topic = {.model = judged->model, .owner = verdict->block->owner};
    struct lw_alert told = *alert;
    const struct lw_event_alert event = {.origin = judged->origin,
                                         .model = judged->model,
                                         .opened = run_name(judged, alert->opened_run),
                                         .change = run_name(judged, alert->change_run),
                                         .alert = &told,
                                         .transition = transition,
                                         .occasion = occasion};

    enum lw_severity gravest;
    bool sent;
    enum lw_err err = gravest_sent(turn, alert->id, &gravest, &sent, fault);

    told.severity = lw_config_severity(verdict->block->alert, alert->severity);
    if (err != LW_ERR_OK || (verdict->block->alert == LW_ALERT_AS_OBSERVE && (!sent || !has_ended(alert->state))))
        return err;
    if (told.severity > gravest)
        gravest = told.severity;
    err = keep_sent(turn, alert, gravest, fault);
    if (err != LW_ERR_OK)
        return err;
    log_alert(turn, &told);
    return lw_courier_alert(turn->courier, verdict->now, &topic, &event, gravest, false, fault);
}

/* An alert that was told as acknowledged: updates of it hold back. */
static enum lw_err is_acknowledged(struct lw_turn *turn, const char *id, bool *acknowledged, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 256};
    enum lw_err err = lw_store_get(turn->store, LW_KIND_ACKED, lw_str_from(id), &text, acknowledged, fault);

    lw_buf_close(&text);
    return err;
}

/* An alert that was never told by itself ends without a word too: it was part of the alert for many. */
#define KIND_QUIET "quiet"

static enum lw_err is_quiet(struct lw_turn *turn, const char *id, bool *quiet, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = 256};
    enum lw_err err = lw_store_get(turn->store, KIND_QUIET, lw_str_from(id), &text, quiet, fault);

    lw_buf_close(&text);
    return err;
}

static enum lw_err tell_event(struct lw_turn *turn, const struct lw_turn_verdict *verdict,
                              const struct lw_alert_event *event, struct lw_fault *fault)
{
    const struct lw_alert *alert = &event->alert;
    bool held = false;
    bool quiet = false;
    enum lw_err err = is_acknowledged(turn, alert->id, &held, fault);

    if (err == LW_ERR_OK)
        err = is_quiet(turn, alert->id, &quiet, fault);
    if (err != LW_ERR_OK)
        return err;
    if (event->transition == LW_TRANSITION_OPEN) {
        bool single = true;

        if (lw_config_severity(verdict->block->alert, alert->severity) > LW_SEVERITY_INFO)
            err = count_trouble(turn, verdict->at, verdict->now, &single, fault);
        if (err == LW_ERR_OK && !single)
            err = lw_store_put(turn->store, KIND_QUIET, lw_str_from(alert->id), LW_STR("1"), fault);
        if (err != LW_ERR_OK || !single)
            return err;
    }
    if (quiet || (held && event->transition == LW_TRANSITION_UPDATE))
        return LW_ERR_OK;
    return send(turn, verdict, alert, event->transition, (struct lw_str){.len = 0}, fault);
}

/* The oldest runs of a model go, and from then on it is judged from a later one: charts that start there see the past a
   little differently. What has ended long ago is not told anew for that. */
struct past {
    bool shortened;
    const struct lw_told_alert *told; /* before */
    size_t told_n;
};

static enum lw_err look_at_past(struct lw_turn *turn, const struct lw_turn_verdict *verdict, struct past *past,
                                struct lw_fault *fault)
{
    const struct lw_judged *judged = verdict->judged;
    struct lw_str name = lw_turn_join(turn, judged->origin, judged->model);
    struct lw_buf text = {.ceiling = 256};
    char first[24];
    int64_t before = 0;
    bool found = false;
    enum lw_err err;

    if (judged->runs_n == 0 || !judged->runs[0].run->has_end)
        return LW_ERR_OK;
    if (name.at == NULL)
        return lw_fault_memory(fault, "a model");
    err = lw_store_get(turn->store, LW_KIND_FIRST, name, &text, &found, fault);
    found = found && err == LW_ERR_OK && lw_numbers_read(lw_buf_view(&text), &before, 1);
    lw_buf_close(&text);
    if (err != LW_ERR_OK || (found && before == judged->runs[0].run->end.ms))
        return err;
    past->shortened = found && before < judged->runs[0].run->end.ms;
    snprintf(first, sizeof(first), "%" PRId64, judged->runs[0].run->end.ms);
    err = lw_store_put(turn->store, LW_KIND_FIRST, name, lw_str_from(first), fault);
    if (err == LW_ERR_OK && past->shortened && verdict->told.len > 0)
        err = lw_live_told(verdict->told, &turn->arena, &past->told, &past->told_n, fault);
    return err;
}

static bool is_over(const struct lw_turn_verdict *verdict, const struct past *past, const struct lw_alert *alert)
{
    if (!past->shortened || began(verdict->judged, alert).ms >= verdict->judged_until.ms)
        return false;
    for (size_t i = 0; i < past->told_n; i++) {
        if (strcmp(past->told[i].alert.id, alert->id) == 0 && !has_ended(past->told[i].alert.state))
            return false;
    }
    for (uint32_t i = 0; i < verdict->judged->alerts_n; i++) {
        const struct lw_alert *now = &verdict->judged->alerts[i];

        if (strcmp(now->id, alert->id) == 0 && !has_ended(now->state))
            return false;
    }
    return true;
}

enum lw_err lw_turn_tell(struct lw_turn *turn, const struct lw_turn_verdict *verdict, struct lw_fault *fault)
{
    struct past past = {.shortened = false};
    enum lw_err err = look_at_past(turn, verdict, &past, fault);

    for (size_t i = 0; err == LW_ERR_OK && i < verdict->events_n; i++) {
        const struct lw_alert *alert = &verdict->events[i].alert;

        /* What began before the first start is in the digest, and in `leeway alerts`. */
        if (began(verdict->judged, alert).ms < turn->notify_from.ms || is_over(verdict, &past, alert))
            continue;
        err = tell_event(turn, verdict, &verdict->events[i], fault);
    }
    return err;
}

/* One alert that is open, and whether somebody takes care of it. */
static enum lw_err tell_note(struct lw_turn *turn, const struct lw_turn_verdict *verdict,
                             const struct lw_told_alert *told, struct lw_fault *fault)
{
    struct lw_alert alert = told->alert;
    struct lw_str id = lw_str_from(told->alert.id);
    lw_time until = {LW_TIME_MAX};
    bool open = told->alert.state == LW_ALERT_OPEN;
    bool now = open && lw_people_acknowledged(&turn->notes, id, verdict->now, &until);
    bool before = false;
    char occasion[32];
    enum lw_err err = is_acknowledged(turn, told->alert.id, &before, fault);

    if (err != LW_ERR_OK || now == before)
        return err;
    snprintf(occasion, sizeof(occasion), "%" PRId64, verdict->now.ms);
    err = lw_store_put(turn->store, LW_KIND_ACKED, id, now ? LW_STR("1") : LW_STR(""), fault);
    if (err != LW_ERR_OK || !open)
        return err;
    alert.state = now ? LW_ALERT_ACKNOWLEDGED : LW_ALERT_OPEN;
    return send(turn, verdict, &alert, now ? LW_TRANSITION_ACKNOWLEDGE : LW_TRANSITION_OPEN, lw_str_from(occasion),
                fault);
}

enum lw_err lw_turn_tell_notes(struct lw_turn *turn, const struct lw_turn_verdict *verdict, struct lw_str told,
                               struct lw_fault *fault)
{
    const struct lw_told_alert *alerts;
    size_t n;
    enum lw_err err;

    if (verdict->block->alert == LW_ALERT_AS_OBSERVE || told.len == 0)
        return LW_ERR_OK;
    err = lw_live_told(told, &turn->arena, &alerts, &n, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < n; i++)
        err = tell_note(turn, verdict, &alerts[i], fault);
    return err;
}
