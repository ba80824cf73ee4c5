#include "engine/base/fault.h"
#include "engine/base/time_text.h"
#include "engine/flow/turn/turn_state.h"

#include <inttypes.h>
#include <stdio.h>

#define MAINTAIN_EACH (1 * LW_MINUTE)
#define SILENCE_EACH  (10 * LW_SECOND)
#define LAGS_MAX      ((size_t)2000)

/* --- signs of life --- */

/* Seconds that each source is behind: since it was last read with success. */
static struct lw_str write_lags(struct lw_turn *turn, lw_time now, char *text, size_t room)
{
    size_t len = 0;

    for (size_t i = 0; i < turn->inputs_n; i++) {
        const struct lw_turn_input *input = &turn->inputs[i];
        struct lw_source_health health = {.requests = 0};
        int n;

        input->source.kind->health(input->source.state, &health);
        if (health.has_last_success)
            n = snprintf(text + len, room - len, "%s%s=%" PRId64, len > 0 ? "," : "", input->config->name,
                         (now.ms - health.last_success.ms) / LW_SECOND);
        else
            n = snprintf(text + len, room - len, "%s%s=never", len > 0 ? "," : "", input->config->name);
        if (n < 0 || (size_t)n >= room - len)
            break;
        len += (size_t)n;
    }
    return (struct lw_str){.at = text, .len = len};
}

static enum lw_err beat(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    char lags[LAGS_MAX] = "";
    lw_time now = lw_turn_now(turn);
    struct lw_event_heartbeat event = {.lags = write_lags(turn, now, lags, sizeof(lags))};

    (void)self;
    for (size_t i = 0; i < turn->inputs_n; i++) {
        const struct lw_turn_input *input = &turn->inputs[i];

        if (input->has_newest && (!event.has_last_datapoint || input->newest.ms > event.last_datapoint.ms)) {
            event.last_datapoint = input->newest;
            event.has_last_datapoint = true;
        }
    }
    return lw_courier_heartbeat(turn->courier, now, &event, fault);
}

static enum lw_err tell_losses(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    (void)self;
    return lw_courier_losses(turn->courier, lw_turn_now(turn), fault);
}

static enum lw_err heartbeat(struct lw_turn *turn, struct lw_fault *fault)
{
    lw_span ticks = turn->options.world->ticks(turn->options.world->self);
    bool done;
    enum lw_err err = lw_turn_commit(turn, tell_losses, NULL, &done, fault);

    if (err == LW_ERR_OK && done)
        err = lw_turn_commit(turn, beat, NULL, &done, fault);
    turn->heartbeat_at.ms = ticks.ms + turn->config->heartbeat.ms;
    return err;
}

/* --- silent sources --- */

static enum lw_err tell_silence(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    const struct lw_turn_input *input = self;
    struct lw_source_health health = {.requests = 0};
    char message[LW_MESSAGE_MAX];
    char since[LW_TIME_SHORT];
    char saved[LW_SILENCE_TEXT];
    const struct lw_turn_own_alert own = {
        .kind = "source_silent",
        .since = input->silence.since,
        .model = lw_str_from(input->config->name),
        .series = LW_STR("source_silent"),
        .message = message,
        .severity = LW_SEVERITY_PAGE,
        .state = input->silence.silent ? LW_ALERT_OPEN : LW_ALERT_RESOLVED,
        .transition = input->silence.silent ? LW_TRANSITION_OPEN : LW_TRANSITION_RESOLVE,
        .revision = input->silence.silent ? 1 : 2,
    };
    enum lw_err err;

    input->source.kind->health(input->source.state, &health);
    lw_time_short(input->silence.since, true, since);
    if (!input->silence.silent)
        snprintf(message, sizeof(message), "Source %.60s speaks again; it was silent since %s UTC.",
                 input->config->name, since);
    else if (health.trouble[0] != '\0')
        snprintf(message, sizeof(message),
                 "Source %.60s cannot be read since %s UTC: %.90s. Overdue alerts of its models are held back.",
                 input->config->name, since, health.trouble);
    else
        snprintf(message, sizeof(message),
                 "Source %.60s gives nothing since %s UTC, longer than ever before: does its shipper run? Overdue "
                 "alerts of its models are held back.",
                 input->config->name, since);
    lw_silence_save(&input->silence, saved);
    err = lw_store_put(turn->store, LW_KIND_SILENT, lw_str_from(input->config->name), lw_str_from(saved), fault);
    return err == LW_ERR_OK ? lw_turn_own_alert(turn, &own, fault) : err;
}

/* A source that speaks again lets its models be judged up to now: what is overdue then is overdue. */
static void queue_models_of(struct lw_turn *turn, uint32_t source)
{
    for (uint32_t i = 0; i < lw_roster_count(turn->roster); i++) {
        if (lw_roster_model(turn->roster, i)->source == source)
            lw_roster_queue(turn->roster, i);
    }
}

static enum lw_err look_for_silence(struct lw_turn *turn, struct lw_fault *fault)
{
    lw_time now = lw_turn_sure(turn);
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < turn->inputs_n && err == LW_ERR_OK; i++) {
        struct lw_turn_input *input = &turn->inputs[i];
        struct lw_source_health health = {.requests = 0};
        struct lw_silence before = input->silence;
        bool changed = false;
        bool done = false;

        if (input->ended)
            continue;
        input->source.kind->health(input->source.state, &health);
        lw_silence_look(&input->silence, health.trouble[0] != '\0', now, &changed);
        if (!changed)
            continue;
        err = lw_turn_commit(turn, tell_silence, input, &done, fault);
        if (!done)
            input->silence = before;
        else if (!input->silence.silent)
            queue_models_of(turn, input->number);
    }
    return err;
}

/* --- the digest of what began before the first start --- */

bool lw_turn_settled(struct lw_turn *turn)
{
    for (size_t i = 0; i < turn->inputs_n; i++) {
        if (!turn->inputs[i].caught_up || turn->inputs[i].pending)
            return false;
    }
    return turn->closing_done && lw_roster_waiting(turn->roster) == 0;
}

/* Once what was there has been read and judged. Runs that are still open may close soon; they are not waited for long. */
#define DIGEST_PATIENCE (1 * LW_HOUR)

static bool is_time_for_digest(struct lw_turn *turn, lw_time now)
{
    struct lw_live_counts counts;

    if (!lw_turn_settled(turn))
        return false;
    lw_live_count(turn->live, &counts);
    return (counts.units_open == 0 && lw_roster_count(turn->roster) > 0) || turn->options.once ||
           now.ms - turn->started.ms > DIGEST_PATIENCE;
}

struct digest {
    struct lw_turn *turn;
    uint64_t models, runs, alerts;
    char names[LAGS_MAX];
    size_t names_len;
};

/* Of models with `alert: observe` nothing is ever sent. */
static enum lw_err is_observed(struct lw_turn *turn, struct lw_str run, bool *observed, struct lw_fault *fault)
{
    struct lw_config_matched matched;
    enum lw_err err = lw_config_match(turn->config, run, &turn->arena, &matched, fault);

    if (err == LW_ERR_OK)
        *observed = turn->config->models[matched.block].alert == LW_ALERT_AS_OBSERVE;
    return err;
}

static enum lw_err count_model(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct digest *digest = self;
    const struct lw_told_alert *alerts = NULL;
    size_t n = 0;
    uint64_t open = 0;
    bool observed = false;
    enum lw_err err;

    if (model->has_last_end && model->last_end.ms <= digest->turn->first_start.ms) {
        digest->models++;
        digest->runs += model->runs;
    }
    err = is_observed(digest->turn, model->last_run, &observed, fault);
    if (err == LW_ERR_OK && !observed && model->told.len > 0)
        err = lw_live_told(model->told, &digest->turn->arena, &alerts, &n, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < n; i++)
        open += alerts[i].alert.state == LW_ALERT_OPEN && alerts[i].alert.has_evidence &&
                alerts[i].alert.evidence.ms < digest->turn->notify_from.ms;
    digest->alerts += open;
    if (open > 0 && digest->names_len + model->model.len + 2 < sizeof(digest->names)) {
        if (digest->names_len > 0)
            digest->names[digest->names_len++] = ',';
        memcpy(digest->names + digest->names_len, model->model.at, model->model.len);
        digest->names_len += model->model.len;
    }
    return err;
}

static enum lw_err tell_digest(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    struct digest digest = {.turn = turn};
    char message[LW_MESSAGE_MAX];
    struct lw_turn_own_alert own = {.kind = "digest",
                                    .since = turn->first_start,
                                    .model = LW_STR("digest"),
                                    .message = message,
                                    .severity = LW_SEVERITY_INFO,
                                    .state = LW_ALERT_OPEN,
                                    .transition = LW_TRANSITION_OPEN,
                                    .revision = 1,
                                    .digest = true};
    enum lw_err err = lw_store_models(turn->store, count_model, &digest, fault);

    (void)self;
    if (err != LW_ERR_OK)
        return err;
    own.series = (struct lw_str){.at = digest.names, .len = digest.names_len};
    snprintf(message, sizeof(message),
             "leeway begins to watch: %" PRIu64 " model%s with %" PRIu64 " run%s %s there already.%s", digest.models,
             digest.models == 1 ? "" : "s", digest.runs, digest.runs == 1 ? "" : "s", digest.runs == 1 ? "was" : "were",
             digest.alerts == 0 ? " No alert of them is open." : "");
    if (digest.alerts > 0) {
        size_t n = strlen(message);

        snprintf(message + n, sizeof(message) - n,
                 " %" PRIu64 " alert%s that began before (`leeway alerts`): told here once, and not again one by one.",
                 digest.alerts, digest.alerts == 1 ? " is open" : "s are open");
    }
    if (digest.alerts > 0 || digest.models > 0)
        err = lw_turn_own_alert(turn, &own, fault);
    if (err == LW_ERR_OK)
        err = lw_store_put(turn->store, LW_KIND_META, LW_STR("digest"), LW_STR("1"), fault);
    return err;
}

static enum lw_err fleet(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    (void)self;
    return lw_turn_fleet(turn, lw_turn_now(turn), fault);
}

/* Retention and checkpoints are no part of a turn: what fails here is tried again the next time. */
enum lw_err lw_turn_maintain(struct lw_turn *turn, bool *busy, struct lw_fault *fault)
{
    struct lw_fault trouble = {.code = LW_ERR_OK};
    enum lw_err err;

    (void)lw_slices_turn(turn->options.slices,
                         lw_store_wants_checkpoint(turn->store) ? LW_SLICE_CHECKPOINT : LW_SLICE_RETENTION);
    err = lw_store_maintain(turn->store, lw_turn_now(turn), busy, &trouble);

    if (err == LW_ERR_OK)
        return LW_ERR_OK;
    *busy = false;
    if (lw_turn_is_deadly(err)) {
        turn->dead = true;
        turn->death = trouble;
        *fault = trouble;
        return err;
    }
    lw_turn_note(turn, LW_NOTE_WARNING, "the store cannot be tidied now: %s", trouble.text);
    return LW_ERR_OK;
}

/* Notes that ended: what they held back is told now. */
static void end_notes(struct lw_turn *turn, lw_time now)
{
    for (size_t i = 0; i < turn->notes.n; i++) {
        const struct lw_people_note *note = &turn->notes.notes[i];
        uint32_t at;

        if (!note->has_until || note->until.ms > now.ms || note->until.ms < turn->notes_next.ms)
            continue;
        for (at = 0; at < lw_roster_count(turn->roster); at++) {
            if (lw_str_equal(lw_roster_model(turn->roster, at)->model, note->model))
                lw_roster_queue(turn->roster, at);
        }
    }
    turn->notes_next = lw_people_next(&turn->notes, now);
}

enum lw_err lw_turn_care(struct lw_turn *turn, bool *busy, struct lw_fault *fault)
{
    lw_time now = lw_turn_now(turn);
    lw_span ticks = turn->options.world->ticks(turn->options.world->self);
    bool done = false;
    enum lw_err err = LW_ERR_OK;

    *busy = false;
    (void)lw_slices_turn(turn->options.slices, LW_SLICE_CARE);
    if (now.ms >= turn->notes_next.ms)
        end_notes(turn, now);
    if (!turn->digest_done && is_time_for_digest(turn, lw_turn_sure(turn))) {
        err = lw_turn_commit(turn, tell_digest, NULL, &done, fault);
        turn->digest_done = done;
    }
    if (err == LW_ERR_OK && turn->config->heartbeat.ms > 0 && !turn->options.once && ticks.ms >= turn->heartbeat_at.ms)
        err = heartbeat(turn, fault);
    if (err == LW_ERR_OK && ticks.ms >= turn->silence_at.ms) {
        turn->silence_at.ms = ticks.ms + SILENCE_EACH;
        err = look_for_silence(turn, fault);
        if (err == LW_ERR_OK && turn->fleet_began.ms != LW_TIME_MIN)
            err = lw_turn_commit(turn, fleet, NULL, &done, fault);
    }
    if (err == LW_ERR_OK && (turn->maintenance || ticks.ms >= turn->maintain_at.ms)) {
        /* A loss does not wait for the next heartbeat, which may be an hour away. */
        if (ticks.ms >= turn->maintain_at.ms && !turn->options.once)
            err = lw_turn_commit(turn, tell_losses, NULL, &done, fault);
        if (err != LW_ERR_OK)
            return err;
        turn->maintain_at.ms = ticks.ms + MAINTAIN_EACH;
        err = lw_turn_maintain(turn, &turn->maintenance, fault);
        *busy = turn->maintenance;
    }
    return err;
}

struct testing {
    struct lw_str who;
};

static enum lw_err test(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    const struct testing *testing = self;
    char message[LW_MESSAGE_MAX];
    const struct lw_turn_own_alert own = {.kind = "test",
                                          .since = lw_turn_now(turn),
                                          .model = LW_STR("leeway-test"),
                                          .message = message,
                                          .severity = LW_SEVERITY_PAGE,
                                          .state = LW_ALERT_OPEN,
                                          .transition = LW_TRANSITION_OPEN,
                                          .revision = 1,
                                          .test = true};

    snprintf(message, sizeof(message), "TEST: %.*s%stried whether alerts arrive. Nothing is wrong.",
             (int)(testing->who.len < 60 ? testing->who.len : 60), testing->who.len > 0 ? testing->who.at : "",
             testing->who.len > 0 ? " " : "somebody ");
    return lw_turn_own_alert(turn, &own, fault);
}

enum lw_err lw_turn_test_alert(struct lw_turn *turn, struct lw_str who, struct lw_fault *fault)
{
    struct testing testing = {.who = who};
    bool done = false;
    enum lw_err err = lw_turn_commit(turn, test, &testing, &done, fault);

    if (err == LW_ERR_OK && !done)
        return lw_fault_set(fault, LW_ERR_FULL, "the store takes nothing now: is the disk full?");
    return err;
}
