#define _GNU_SOURCE
#include "tests/kit/daemon.h"
#include "tests/kit/kit.h"

#include "engine/base/fault.h"
#include "engine/flow/people/people.h"
#include "engine/flow/service/lists.h"
#include "tests/kit/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS                                                                                                         \
    "defaults: {require: [\"validation:accuracy >= 0.8\"]}\n"                                                          \
    "notify_from: 2020-01-01\n"                                                                                        \
    "models:\n"                                                                                                        \
    "  - {match: \"capped-*\", alert: ticket}\n"                                                                       \
    "  - {match: \"seen-*\", alert: observe}\n"                                                                        \
    "  - {match: \"told-*\", alert: page}\n"                                                                           \
    "sinks: [{type: file, name: out, path: /nonexistent/out.ndjson, events: [alert]}]\n"

static const lw_time epoch = {1750000000000}; /* 2025-06-15T15:06:40Z */

static struct kit_daemon daemon_;
static struct lw_buf text;

/* An hourly run of a model whose accuracy is below what is required in the last two of twelve. */
static void write_model(const char *model)
{
    for (int run = 0; run < 12; run++) {
        for (int i = 0; i < 6; i++)
            lw_buf_format(&text,
                          "{\"time\":%lld,\"model\":\"%s\",\"run\":\"%s-%04d\",\"metric\":\"validation:accuracy\","
                          "\"value\":%.4f}\n",
                          (long long)(epoch.ms + run * LW_HOUR + i * LW_MINUTE), model, model, run,
                          (run < 10 ? 0.9 : 0.7) + 0.001 * ((run * 7 + i * 3) % 5));
    }
}

static void open_daemon(void)
{
    text = (struct lw_buf){.ceiling = 1 << 24};
    write_model("capped");
    write_model("seen");
    write_model("told");
    lw_buf_char(&text, '\0');
    kit_daemon_open(&daemon_, BLOCKS, epoch);
    kit_daemon_give(&daemon_, text.at, true);
    kit_daemon_run(&daemon_, (lw_time){epoch.ms + 13 * LW_HOUR});
}

static void close_daemon(void)
{
    kit_daemon_close(&daemon_);
    lw_buf_close(&text);
}

/* What /v1/alerts answers; terminated. */
static const char *listed(const char *model, uint32_t limit)
{
    static struct lw_buf out = {.ceiling = 1 << 20};

    lw_buf_clear(&out);
    CU_ASSERT_EQUAL_FATAL(
        lw_lists_alerts(daemon_.store, daemon_.config, LW_STR(""), lw_str_from(model), limit, daemon_.now, &out, NULL),
        LW_ERR_OK);
    lw_buf_char(&out, '\0');
    return out.at;
}

static unsigned count(const char *in, const char *word)
{
    unsigned n = 0;

    for (const char *at = strstr(in, word); at != NULL; at = strstr(at + 1, word))
        n++;
    return n;
}

static void alerts_are_listed_as_grave_as_they_were_told(void)
{
    struct lw_buf events = {.ceiling = 1 << 20};

    open_daemon();
    kit_daemon_events(&daemon_, 0, &events);
    lw_buf_char(&events, '\0');
    CU_ASSERT(count(events.at, "\"lw_model\":\"told\"") > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(listed("told", 100), "\"severity\":\"page\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(events.at, "\"lw_severity\":\"page\""));
    CU_ASSERT(count(events.at, "\"lw_model\":\"capped\"") > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(listed("capped", 100), "\"severity\":\"ticket\""));
    CU_ASSERT_PTR_NULL(strstr(listed("capped", 100), "\"severity\":\"page\""));
    lw_buf_close(&events);
    close_daemon();
}

static void alerts_that_are_only_observed_are_listed_apart(void)
{
    struct lw_buf events = {.ceiling = 1 << 20};
    const char *apart;

    open_daemon();
    kit_daemon_events(&daemon_, 0, &events);
    lw_buf_char(&events, '\0');
    CU_ASSERT_EQUAL(count(events.at, "\"lw_model\":\"seen\""), 0);
    apart = strstr(listed("", 100), "\"observed\":[{");
    CU_ASSERT_PTR_NOT_NULL_FATAL(apart);
    CU_ASSERT_PTR_NOT_NULL(strstr(apart, "\"model\":\"seen\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(apart, "\"severity\":\"page\"")); /* as it would be told under `alert: page` */
    CU_ASSERT_PTR_NULL(strstr(apart, "\"model\":\"told\""));
    CU_ASSERT_EQUAL(count(listed("", 100), "\"model\":\"seen\""), count(apart, "\"model\":\"seen\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(listed("seen", 100), "\"alerts\":[],"));
    CU_ASSERT_PTR_NOT_NULL(strstr(listed("told", 100), "\"observed\":[]}"));
    lw_buf_close(&events);
    close_daemon();
}

static void a_list_that_is_cut_keeps_what_was_told(void)
{
    unsigned all;
    unsigned told;

    open_daemon();
    all = count(listed("", 100), "\"id\":");
    told = all - count(listed("", 100), "\"model\":\"seen\"");
    CU_ASSERT(told >= 2 && all > told);
    CU_ASSERT_EQUAL(count(listed("", 1), "\"id\":"), 1);
    CU_ASSERT_EQUAL(count(listed("", told), "\"id\":"), told);
    CU_ASSERT_EQUAL(count(listed("", told), "\"model\":\"seen\""), 0);
    close_daemon();
}

/* --- memory that is out --- */

/* One thing that is asked of the store, with a buffer and an arena of its own. */
struct asking {
    struct lw_buf out;
    struct lw_arena arena;
    struct lw_people_request request;
};

static enum lw_err list_models(struct asking *asking)
{
    return lw_lists_runs(daemon_.store, LW_STR(""), LW_STR(""), 100, &asking->out, NULL);
}

static enum lw_err list_runs(struct asking *asking)
{
    return lw_lists_runs(daemon_.store, LW_STR(""), LW_STR("told"), 100, &asking->out, NULL);
}

static enum lw_err list_alerts(struct asking *asking)
{
    return lw_lists_alerts(daemon_.store, daemon_.config, LW_STR(""), LW_STR(""), 100, daemon_.now, &asking->out, NULL);
}

static enum lw_err do_it(struct asking *asking)
{
    struct lw_people_done done;

    return lw_people_do(daemon_.store, daemon_.config, &asking->request, daemon_.now, &asking->arena, &asking->out,
                        &done, NULL);
}

struct torture {
    enum lw_err (*ask)(struct asking *asking);
    struct lw_people_request request;
    const char *says; /* in what it answers */
};

static size_t notes_in_store(void)
{
    struct lw_arena arena = {.ceiling = 1 << 24};
    struct lw_people_notes notes = {.n = 0};
    size_t damaged = 0;
    size_t n;

    CU_ASSERT_EQUAL_FATAL(lw_people_read(daemon_.store, &arena, &notes, &damaged, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(damaged, 0);
    n = notes.n;
    lw_arena_close(&arena);
    return n;
}

static bool ask_once(void *self, bool failed)
{
    const struct torture *torture = self;
    struct asking asking = {.out = {.ceiling = 1 << 24}, .arena = {.ceiling = 1 << 24}, .request = torture->request};
    enum lw_err err = torture->ask(&asking);
    bool good;

    if (err == LW_ERR_OK)
        err = asking.out.error;
    lw_buf_char(&asking.out, '\0');
    good = failed ? err == LW_ERR_NOMEM : err == LW_ERR_OK && strstr(asking.out.at, torture->says) != NULL;
    lw_buf_close(&asking.out);
    lw_arena_close(&asking.arena);
    return good;
}

static struct lw_str open_id(void)
{
    static char id[LW_ALERT_ID_LENGTH + 1];
    const char *at = listed("told", 1);

    at = strstr(at, "\"id\":\"");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    snprintf(id, sizeof(id), "%.*s", LW_ALERT_ID_LENGTH, at + 6);
    return lw_str_from(id);
}

static void every_allocation_of_lists_may_fail(void)
{
    struct torture lists[] = {
        {.ask = list_models, .says = "\"models\":[{"},
        {.ask = list_runs, .says = "\"run\":\"told-0011\""},
        {.ask = list_alerts, .says = "\"severity\":\"page\""},
    };

    open_daemon();
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        CU_ASSERT(kit_alloc_torture(ask_once, &lists[i]) > 0);
    close_daemon();
}

static void when_memory_is_out_nothing_was_noted(void)
{
    struct torture asked[] = {
        {.request = {.command = LW_PEOPLE_DO_ALERTS}, .says = "\"observed\":[{"},
        {.request = {.command = LW_PEOPLE_DO_ACK, .lasts = {LW_HOUR}}, .says = "acknowledged until"},
        {.request = {.command = LW_PEOPLE_DO_EXPECT, .note = {.model = LW_STR("told"), .run = LW_STR("told-0003")}},
         .says = "from run told-0003 on"},
        {.request = {.command = LW_PEOPLE_DO_EXPECT,
                     .note = {.model = LW_STR("told"), .has_from = true, .from = {epoch.ms + 100 * LW_HOUR}}},
         .says = "from the first run that starts"},
        {.request = {.command = LW_PEOPLE_DO_MUTE,
                     .note = {.model = LW_STR("told"), .has_until = true, .until = {epoch.ms + 100 * LW_HOUR}}},
         .says = "told is muted until"},
    };

    open_daemon();
    asked[1].request.note.alert_id = open_id();
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct asking asking = {.out = {.ceiling = 1 << 20}, .arena = {.ceiling = 1 << 20}};
        size_t before = notes_in_store();
        uint64_t allocations;

        asked[i].ask = do_it;
        asking.request = asked[i].request;
        for (uint64_t nth = 1;; nth++) {
            enum lw_err err;

            kit_alloc_fail(nth, false);
            err = do_it(&asking);
            allocations = kit_alloc_count();
            kit_alloc_fail(0, false);
            lw_arena_close(&asking.arena);
            lw_buf_close(&asking.out);
            if (err == LW_ERR_OK)
                break;
            CU_ASSERT_EQUAL(err, LW_ERR_NOMEM);
            CU_ASSERT_EQUAL(notes_in_store(), before);
        }
        CU_ASSERT(allocations > 0);
        CU_ASSERT_EQUAL(notes_in_store(), before + (asked[i].request.command != LW_PEOPLE_DO_ALERTS));
        CU_ASSERT(kit_alloc_torture(ask_once, &asked[i]) > 0);
    }
    close_daemon();
}

KIT_SUITE("people_store",
          {"alerts are listed as grave as they were told", alerts_are_listed_as_grave_as_they_were_told},
          {"alerts that are only observed are listed apart", alerts_that_are_only_observed_are_listed_apart},
          {"a list that is cut keeps what was told", a_list_that_is_cut_keeps_what_was_told},
          {"every allocation of lists may fail", every_allocation_of_lists_may_fail},
          {"when memory is out nothing was noted", when_memory_is_out_nothing_was_noted})
