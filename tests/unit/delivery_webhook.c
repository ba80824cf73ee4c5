/* Delivery to webhooks: one message per event, more than 20 a minute as one, Slack's pace; in virtual time. */
#define _GNU_SOURCE
#include "engine/sink/delivery.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct rig {
    struct kit_outbox box;
    struct kit_http http;
    struct kit_world world;
    struct lw_delivery *delivery;
    struct lw_delivery_status status;
    int64_t next;
    char secret[256];
};

static void write_secret(struct rig *rig, const char *text)
{
    FILE *file;

    snprintf(rig->secret, sizeof(rig->secret), "%s/secret", kit_temporary_directory());
    file = fopen(rig->secret, "w");
    fputs(text, file);
    fclose(file);
    chmod(rig->secret, 0600);
}

static void open_rig(struct rig *rig, const struct lw_delivery_options *options)
{
    struct lw_outbox outbox = kit_outbox(&rig->box);
    struct lw_http http = kit_http(&rig->http);
    struct lw_world world = kit_world(&rig->world);

    rig->world.now = 1700000000000;
    CU_ASSERT_EQUAL_FATAL(lw_delivery_open(&rig->delivery, options, &outbox, &http, &world, NULL), LW_ERR_OK);
}

static void close_rig(struct rig *rig)
{
    lw_delivery_close(rig->delivery);
    kit_outbox_close(&rig->box);
    kit_http_close(&rig->http);
}

static void work(struct rig *rig)
{
    lw_span next = {0};

    CU_ASSERT_EQUAL(
        lw_delivery_work(rig->delivery, (lw_time){rig->world.now}, (lw_span){rig->world.ticks}, &next, NULL),
        LW_ERR_OK);
    rig->next = next.ms;
    lw_delivery_status(rig->delivery, &rig->status);
}

static void pass(struct rig *rig, int64_t milliseconds)
{
    rig->world.now += milliseconds;
    rig->world.ticks += milliseconds;
}

static void alert(struct rig *rig, unsigned n, const char *state)
{
    char line[256];

    snprintf(line, sizeof(line),
             "{\"lw_severity\":\"page\",\"lw_state\":\"%s\",\"lw_alert_id\":\"A%u\",\"lw_message\":\"m%u\"}\n", state,
             n, n);
    kit_outbox_add(&rig->box, LW_EVENT_ALERT, line);
}

static struct kit_asked *last(struct rig *rig)
{
    return &rig->http.asked[rig->http.asked_n - 1];
}

static void answer(struct rig *rig, int status)
{
    kit_http_reply(&rig->http, rig->http.asked_n - 1, status, "ok", NULL);
    work(rig);
}

/* Answers all that is asked, and lets time pass where it is waited for, for so long. */
static void run(struct rig *rig, int64_t milliseconds, int status)
{
    int64_t until = rig->world.ticks + milliseconds;

    work(rig);
    while (rig->world.ticks < until) {
        if (kit_http_open(&rig->http) > 0)
            answer(rig, status);
        else if (rig->next > until)
            pass(rig, until - rig->world.ticks);
        else if (rig->next > rig->world.ticks)
            pass(rig, rig->next - rig->world.ticks);
        work(rig);
    }
}

static void json_goes_one_by_one(void)
{
    const struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .url = "https://hooks.example.org/x"};
    struct rig rig = {0};

    open_rig(&rig, &options);
    for (unsigned i = 0; i < 20; i++)
        alert(&rig, i, "open");
    run(&rig, 30000, 200);
    CU_ASSERT_EQUAL(rig.http.asked_n, 20);
    CU_ASSERT_STRING_EQUAL(rig.http.asked[0].url, "https://hooks.example.org/x");
    CU_ASSERT_STRING_EQUAL(rig.http.asked[0].type, "application/json");
    CU_ASSERT_STRING_EQUAL(rig.http.asked[0].authorization, "");
    CU_ASSERT_STRING_EQUAL(
        rig.http.asked[19].body,
        "{\"lw_severity\":\"page\",\"lw_state\":\"open\",\"lw_alert_id\":\"A19\",\"lw_message\":\"m19\"}");
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    close_rig(&rig);
}

static void more_than_twenty_go_as_one(void)
{
    const struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .url = "https://hooks.example.org/x"};
    struct rig rig = {0};

    open_rig(&rig, &options);
    for (unsigned i = 0; i < 21; i++)
        alert(&rig, i, "open");
    work(&rig);
    CU_ASSERT_EQUAL(rig.http.asked_n, 1);
    CU_ASSERT_EQUAL(last(&rig)->body[0], '[');
    CU_ASSERT_PTR_NOT_NULL(strstr(last(&rig)->body, "\"A20\""));
    answer(&rig, 200);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rig.status.events, 21);
    close_rig(&rig);
}

/* One alert a second for ten minutes: at most 20 messages in any minute, none lost, none waits over a minute. */
static void a_steady_stream_is_paced(void)
{
    const struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .url = "https://hooks.example.org/x"};
    struct rig rig = {0};
    int64_t sent[2000];
    size_t n = 0;

    open_rig(&rig, &options);
    for (unsigned i = 0; i < 600; i++) {
        size_t before = rig.http.asked_n;

        alert(&rig, i, "open");
        run(&rig, 1000, 200);
        for (size_t k = before; k < rig.http.asked_n && n < 2000; k++)
            sent[n++] = (int64_t)i * 1000;
    }
    run(&rig, 61000, 200);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rig.status.events, 600);
    for (size_t k = 20; k < n; k++)
        CU_ASSERT(sent[k] - sent[k - 20] >= 59000);
    CU_ASSERT(n <= 220);
    close_rig(&rig);
}

static void a_bearer_token_is_sent(void)
{
    struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .url = "https://hooks.example.org/x"};
    struct rig rig = {0};

    write_secret(&rig, "tok\n");
    options.token_file = rig.secret;
    open_rig(&rig, &options);
    alert(&rig, 1, "open");
    work(&rig);
    CU_ASSERT_STRING_EQUAL(last(&rig)->authorization, "Bearer tok");
    close_rig(&rig);
}

static void slack_takes_one_a_second(void)
{
    struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .format = LW_DELIVERY_SLACK};
    struct rig rig = {0};

    write_secret(&rig, "https://hooks.slack.example/services/T/B/X");
    options.url_file = rig.secret;
    open_rig(&rig, &options);
    for (unsigned i = 0; i < 3; i++)
        alert(&rig, i, "open");
    kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{}\n{}\n");
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 1);
    CU_ASSERT_STRING_EQUAL(last(&rig)->url, "https://hooks.slack.example/services/T/B/X");
    answer(&rig, 200);
    CU_ASSERT_EQUAL(rig.http.asked_n, 1);
    CU_ASSERT_EQUAL(rig.next - rig.world.ticks, 1000);
    pass(&rig, 1000);
    work(&rig);
    CU_ASSERT_EQUAL(rig.http.asked_n, 2);
    run(&rig, 5000, 200);
    CU_ASSERT_EQUAL(rig.http.asked_n, 3);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0); /* metrics have no form there: passed over, and told */
    CU_ASSERT_EQUAL(rig.status.skipped, 2);
    close_rig(&rig);
}

static void pagerduty_acknowledges_with_202(void)
{
    struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .format = LW_DELIVERY_PAGERDUTY};
    struct rig rig = {0};

    write_secret(&rig, "ROUTINGKEY");
    options.token_file = rig.secret;
    open_rig(&rig, &options);
    alert(&rig, 1, "open");
    work(&rig);
    CU_ASSERT_STRING_EQUAL(last(&rig)->url, "https://events.pagerduty.com/v2/enqueue");
    CU_ASSERT_PTR_NOT_NULL(strstr(last(&rig)->body, "\"routing_key\":\"ROUTINGKEY\""));
    CU_ASSERT_STRING_EQUAL(last(&rig)->authorization, "");
    answer(&rig, 200);
    CU_ASSERT_EQUAL(rig.status.results[LW_DELIVERY_RESULT_AMBIGUOUS], 1);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 1);
    pass(&rig, rig.next - rig.world.ticks);
    work(&rig);
    CU_ASSERT_STRING_EQUAL(rig.http.asked[0].body, rig.http.asked[1].body);
    answer(&rig, 202);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    close_rig(&rig);
}

/* 30 alerts open and resolve at once: one trigger for all, and each resolve by itself, in order, at the stated pace. */
static void pagerduty_groups_triggers_alone(void)
{
    struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .format = LW_DELIVERY_PAGERDUTY};
    struct rig rig = {0};

    write_secret(&rig, "ROUTINGKEY");
    options.token_file = rig.secret;
    open_rig(&rig, &options);
    for (unsigned i = 0; i < 30; i++)
        alert(&rig, i, "open");
    for (unsigned i = 0; i < 30; i++)
        alert(&rig, i, "resolved");
    run(&rig, 59000, 202);
    CU_ASSERT_EQUAL(rig.http.asked_n, 20);
    run(&rig, 120000, 202);
    CU_ASSERT_EQUAL(rig.http.asked_n, 31);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.http.asked[0].body, "30 alerts at once"));
    for (size_t i = 1; i < rig.http.asked_n; i++) {
        char key[64];

        snprintf(key, sizeof(key), "\"event_action\":\"resolve\",\"dedup_key\":\"A%zu\"", i - 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(rig.http.asked[i].body, key));
    }
    close_rig(&rig);
}

static void unreadable_events_are_dead_and_the_rest_goes(void)
{
    const struct lw_delivery_options options = {
        .type = LW_DELIVERY_WEBHOOK, .format = LW_DELIVERY_SLACK, .url = "https://hooks.example.org/x"};
    struct rig rig = {0};

    open_rig(&rig, &options);
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"lw_state\":\"open\"}\n");
    alert(&rig, 1, "open");
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "rubbish\n");
    run(&rig, 5000, 200);
    CU_ASSERT_EQUAL(rig.http.asked_n, 1);
    CU_ASSERT_EQUAL(rig.box.dead_n, 2);
    CU_ASSERT_EQUAL(rig.status.dead, 2);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_STRING_EQUAL(rig.box.dead[0].reason, "the alert has no lw_alert_id of 1 to 255 bytes");
    close_rig(&rig);
}

static void a_group_with_a_bad_one_is_halved(void)
{
    const struct lw_delivery_options options = {.type = LW_DELIVERY_WEBHOOK, .url = "https://hooks.example.org/x"};
    struct rig rig = {0};
    unsigned rounds = 0;

    open_rig(&rig, &options);
    for (unsigned i = 0; i < 40; i++)
        alert(&rig, i, i == 29 ? "poison" : "open");
    work(&rig);
    while (kit_outbox_owed(&rig.box) > 0 && rounds++ < 1000) {
        if (kit_http_open(&rig.http) > 0)
            answer(&rig, strstr(last(&rig)->body, "poison") ? 422 : 200);
        else
            pass(&rig, 1000);
        work(&rig);
    }
    CU_ASSERT_EQUAL(rig.box.dead_n, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.box.dead[0].event, "\"A29\""));
    CU_ASSERT_EQUAL(rig.status.events, 39);
    close_rig(&rig);
}

KIT_SUITE("delivery_webhook", {"generic JSON goes one by one", json_goes_one_by_one},
          {"more than 20 at once go as one", more_than_twenty_go_as_one},
          {"a steady stream is 20 messages a minute at most", a_steady_stream_is_paced},
          {"a bearer token is sent where one is given", a_bearer_token_is_sent},
          {"Slack takes one message a second", slack_takes_one_a_second},
          {"PagerDuty acknowledges with 202", pagerduty_acknowledges_with_202},
          {"PagerDuty: triggers are grouped, each resolve goes by itself", pagerduty_groups_triggers_alone},
          {"an event that cannot be rendered is dead, the rest goes", unreadable_events_are_dead_and_the_rest_goes},
          {"a group with a bad event is halved", a_group_with_a_bad_one_is_halved})
