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

KIT_SUITE("people_store",
          {"alerts are listed as grave as they were told", alerts_are_listed_as_grave_as_they_were_told},
          {"alerts that are only observed are listed apart", alerts_that_are_only_observed_are_listed_apart},
          {"a list that is cut keeps what was told", a_list_that_is_cut_keeps_what_was_told})
