#include "engine/source/aws/credentials/credentials_state.h"

#include "engine/base/fault.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_CEILING   ((size_t)256 << 10)
#define ADVISORY        (15 * LW_MINUTE) /* before they expire, they are renewed */
#define HARD_STOP       (10 * LW_SECOND) /* before they expire, they are not used any more */
#define RENEW_PAUSE     (1 * LW_MINUTE)  /* between two attempts while the old ones hold */
#define WAIT_MAX        (5 * LW_MINUTE)
#define PROCESS_TIMEOUT (60 * LW_SECOND)
#define PROCESS_LOOK    ((int64_t)50)

static enum lw_err keep(struct lw_credentials *c, const char **text, struct lw_fault *fault)
{
    struct lw_str kept;

    if (*text == NULL)
        return LW_ERR_OK;
    kept = lw_arena_text(&c->texts, lw_str_from(*text));
    *text = kept.at;
    return kept.at != NULL ? LW_ERR_OK : lw_fault_memory(fault, "credentials");
}

enum lw_err lw_credentials_open(struct lw_credentials **out, const struct lw_credentials_options *options,
                                const struct lw_source_calls *calls, struct lw_fault *fault)
{
    struct lw_credentials *c = calloc(1, sizeof(*c));
    enum lw_err err = LW_ERR_OK;

    if (c == NULL)
        return lw_fault_memory(fault, "credentials");
    c->options = *options;
    c->calls = *calls;
    c->texts.ceiling = c->arena.ceiling = ARENA_CEILING;
    c->body.ceiling = 64 << 10;
    c->random = options->seed + 0x9e3779b97f4a7c15u;
    const char **texts[] = {&c->options.profile, &c->options.role_arn, &c->options.external_id,
                            &c->options.region,  &c->options.endpoint, &c->options.ca_file};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && err == LW_ERR_OK; i++)
        err = keep(c, texts[i], fault);
    c->due.ms = INT64_MIN;
    if (err != LW_ERR_OK) {
        lw_credentials_close(c);
        return err;
    }
    *out = c;
    return LW_ERR_OK;
}

/* splitmix64 */
static uint64_t draw(struct lw_credentials *c)
{
    uint64_t z = c->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void lw_credentials_wake(struct lw_credentials *c)
{
    if (c->calls.wake != NULL)
        c->calls.wake(c->calls.self);
}

void lw_credentials_wipe_body(struct lw_credentials *c)
{
    if (c->body.at != NULL)
        OPENSSL_cleanse(c->body.at, c->body.len);
    lw_buf_clear(&c->body);
}

/* What was obtained on the way is forgotten. */
static void forget(struct lw_credentials *c)
{
    lw_keys_wipe(&c->made);
    OPENSSL_cleanse(c->imds_token, sizeof(c->imds_token));
    lw_plan_wipe(&c->plan);
    lw_arena_reset(&c->arena);
    lw_process_close(&c->process);
    lw_credentials_wipe_body(c);
    c->step = LW_CREDENTIALS_NONE;
}

/* Full jitter: somewhere between half a second and 2^attempts seconds. */
void lw_credentials_fail(struct lw_credentials *c, const char *sentence)
{
    int64_t most = LW_SECOND << (c->attempts < 9 ? c->attempts + 1 : 9);

    snprintf(c->trouble, sizeof(c->trouble), "%s", sentence);
    forget(c);
    c->failed = true;
    c->attempts++;
    most = most < WAIT_MAX ? most : WAIT_MAX;
    /* Relative; work adds the ticks, which are not known here. */
    c->due.ms = 500 + (int64_t)(draw(c) % (uint64_t)most);
    lw_credentials_wake(c);
}

static void succeed(struct lw_credentials *c)
{
    c->current = c->made;
    c->usable = true;
    c->refused = false;
    c->attempts = 0;
    c->trouble[0] = '\0';
    forget(c);
    lw_credentials_wake(c);
}

void lw_credentials_fail_with(struct lw_credentials *c, const struct lw_fault *fault)
{
    char sentence[200];

    /* Some say it themselves. */
    snprintf(sentence, sizeof(sentence), "%s%.175s",
             strstr(fault->text, "no AWS credentials") != NULL ? "" : "no AWS credentials: ", fault->text);
    lw_credentials_fail(c, sentence);
}

void lw_credentials_go_on(struct lw_credentials *c)
{
    if (c->role >= c->plan.roles_n) {
        succeed(c);
        return;
    }
    c->step = LW_CREDENTIALS_ASSUME;
    lw_credentials_wake(c);
}

static enum lw_err begin_process(struct lw_credentials *c, lw_span ticks, struct lw_fault *fault)
{
    char **words;
    enum lw_err err = lw_process_split(c->plan.command, &c->arena, &words, fault);

    if (err == LW_ERR_OK)
        err = lw_process_start(&c->process, words, (lw_span){ticks.ms + PROCESS_TIMEOUT}, fault);
    if (err == LW_ERR_NOMEM)
        return err;
    if (err != LW_ERR_OK)
        lw_credentials_fail_with(c, fault);
    return LW_ERR_OK;
}

static enum lw_err work_process(struct lw_credentials *c, lw_span ticks, struct lw_fault *fault)
{
    bool done = false;
    enum lw_err err;

    if (c->process.pid == 0) {
        err = begin_process(c, ticks, fault);
        if (err != LW_ERR_OK || c->step == LW_CREDENTIALS_NONE)
            return err;
    }
    if (lw_process_poll(&c->process, ticks, &done, fault) != LW_ERR_OK) {
        lw_credentials_fail_with(c, fault);
        return LW_ERR_OK;
    }
    if (!done) {
        c->next.ms = c->next.ms < ticks.ms + PROCESS_LOOK ? c->next.ms : ticks.ms + PROCESS_LOOK;
        return LW_ERR_OK;
    }
    err = lw_keys_read(&c->made, (struct lw_str){c->process.bytes, c->process.len}, fault);
    if (err == LW_ERR_NOMEM)
        return err;
    lw_process_close(&c->process);
    if (err == LW_ERR_OK)
        lw_credentials_go_on(c);
    else
        lw_credentials_fail_with(c, fault);
    return LW_ERR_OK;
}

static enum lw_err begin(struct lw_credentials *c, struct lw_fault *fault)
{
    static const enum lw_credentials_step first[] = {[LW_PLAN_PROCESS] = LW_CREDENTIALS_PROCESS,
                                                     [LW_PLAN_WEB_IDENTITY] = LW_CREDENTIALS_WEB,
                                                     [LW_PLAN_CONTAINER] = LW_CREDENTIALS_CONTAINER,
                                                     [LW_PLAN_INSTANCE] = LW_CREDENTIALS_TOKEN};
    enum lw_err err = lw_plan_make(&c->plan, &c->options, &c->arena, fault);

    if (err == LW_ERR_NOMEM) {
        forget(c);
        return err;
    }
    c->role = 0;
    if (err != LW_ERR_OK) {
        lw_credentials_fail_with(c, fault);
    } else if (c->plan.base == LW_PLAN_KEYS) {
        c->made = c->plan.keys;
        lw_credentials_go_on(c);
    } else {
        c->step = first[c->plan.base];
    }
    return LW_ERR_OK;
}

static bool holds(const struct lw_credentials *c, lw_time now)
{
    return c->usable && (!c->current.has_expiry || now.ms < c->current.expires.ms - HARD_STOP);
}

static bool is_due(const struct lw_credentials *c, lw_time now)
{
    return !c->usable || c->refused || (c->current.has_expiry && now.ms >= c->current.expires.ms - ADVISORY);
}

/* The steps that need no reply follow one another at once. */
static enum lw_err work_step(struct lw_credentials *c, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    switch (c->step) {
    case LW_CREDENTIALS_NONE:
        return LW_ERR_OK;
    case LW_CREDENTIALS_PLAN:
        return begin(c, fault);
    case LW_CREDENTIALS_PROCESS:
        return work_process(c, ticks, fault);
    case LW_CREDENTIALS_WEB:
        return lw_credentials_ask_web(c, now, fault);
    case LW_CREDENTIALS_CONTAINER:
        return lw_credentials_ask_container(c, fault);
    case LW_CREDENTIALS_TOKEN:
    case LW_CREDENTIALS_ROLE:
    case LW_CREDENTIALS_INSTANCE:
        return lw_credentials_ask_instance(c, fault);
    case LW_CREDENTIALS_ASSUME:
        return lw_credentials_ask_assume(c, now, fault);
    }
    return LW_ERR_OK;
}

static void lower(lw_span *next, int64_t ticks)
{
    if (ticks < next->ms)
        next->ms = ticks;
}

enum lw_err lw_credentials_work(struct lw_credentials *c, lw_time now, lw_span ticks, lw_span *next,
                                struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    enum lw_credentials_step before = LW_CREDENTIALS_NONE;
    struct lw_fault own = {.code = LW_ERR_OK};

    /* Its sentence becomes the trouble, whether the caller wants it or not. */
    if (fault == NULL)
        fault = &own;
    if (c->failed) {
        c->failed = false;
        c->due.ms += ticks.ms;
    }
    if (c->step == LW_CREDENTIALS_NONE && is_due(c, now) && ticks.ms >= c->due.ms) {
        c->step = LW_CREDENTIALS_PLAN;
        /* The same ones may be given again while they hold; then not at once again. */
        c->due.ms = ticks.ms + RENEW_PAUSE;
    }
    c->next = *next;
    while (err == LW_ERR_OK && !c->asked && c->step != LW_CREDENTIALS_NONE &&
           !(c->step == LW_CREDENTIALS_PROCESS && before == LW_CREDENTIALS_PROCESS)) {
        before = c->step;
        err = work_step(c, now, ticks, fault);
    }
    if (err != LW_ERR_OK)
        return err;
    *next = c->next;
    if (c->failed) {
        c->failed = false;
        c->due.ms += ticks.ms;
    }
    if (c->step == LW_CREDENTIALS_NONE && is_due(c, now))
        lower(next, c->due.ms);
    else if (c->usable && c->current.has_expiry)
        lower(next, ticks.ms + (c->current.expires.ms - ADVISORY > now.ms ? c->current.expires.ms - ADVISORY - now.ms
                                                                          : RENEW_PAUSE));
    return LW_ERR_OK;
}

const struct lw_keys *lw_credentials_keys(const struct lw_credentials *c, lw_time now)
{
    return holds(c, now) && !c->refused ? &c->current : NULL;
}

void lw_credentials_refused(struct lw_credentials *c)
{
    c->refused = true;
}

const char *lw_credentials_trouble(const struct lw_credentials *c)
{
    return c->trouble;
}

uint64_t lw_credentials_requests(const struct lw_credentials *c)
{
    return c->requests;
}

void lw_credentials_close(struct lw_credentials *c)
{
    if (c == NULL)
        return;
    if (c->asked)
        c->calls.http->cancel(c->calls.http->self, c->request);
    forget(c);
    lw_keys_wipe(&c->current);
    lw_buf_close(&c->body);
    lw_arena_close(&c->arena);
    lw_arena_close(&c->texts);
    free(c);
}
