/* Messages of webhooks, parsed by json-c and compared with the rules of Slack and PagerDuty. */
#include "engine/sink/webhook.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALERT(severity, state, id, message)                                                                            \
    "{\"timestamp\":\"2026-11-22T10:00:00.000Z\",\"lw_event\":\"alert\",\"lw_severity\":\"" severity                   \
    "\",\"lw_state\":\"" state "\",\"lw_origin\":\"prod\",\"lw_model\":\"churn-xgb\",\"lw_message\":\"" message        \
    "\",\"lw_alert_id\":\"" id "\",\"trainingJobName\":\"run-7\",\"lw_detectors\":\"cusum\",\"lw_id\":\"x\"}"

static const char routing_key[] = "R0123456789";

static json_object *rendered(enum lw_delivery_format format, enum lw_event_kind kind, const char *lines)
{
    struct lw_buf out = {.ceiling = 8 << 20};
    json_object *object = NULL;

    if (lw_webhook_render(format, kind, lw_str_from(lines), lw_str_from(routing_key), &out, NULL) == LW_ERR_OK) {
        lw_buf_char(&out, '\0');
        object = json_tokener_parse(out.at);
    }
    lw_buf_close(&out);
    return object;
}

static const char *text_at(json_object *object, const char *path)
{
    char copy[128];
    char *left = copy;

    snprintf(copy, sizeof(copy), "%s", path);
    while (object && *left) {
        char *dot = strchr(left, '.');

        if (dot)
            *dot = '\0';
        object = *left >= '0' && *left <= '9' ? json_object_array_get_idx(object, (size_t)strtoul(left, NULL, 10))
                                              : json_object_object_get(object, left);
        left = dot ? dot + 1 : left + strlen(left);
    }
    return object ? json_object_get_string(object) : "(none)";
}

static void json_is_the_event_itself(void)
{
    static const char one[] = "{\"a\": 1}\n", two[] = "{\"a\": 1}\n{\"b\":2}\n";
    struct lw_buf out = {.ceiling = 1000};

    CU_ASSERT_EQUAL(
        lw_webhook_render(LW_DELIVERY_JSON, LW_EVENT_METRIC, lw_str_from(one), (struct lw_str){0}, &out, NULL),
        LW_ERR_OK);
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("{\"a\": 1}")));
    lw_buf_clear(&out);
    CU_ASSERT_EQUAL(
        lw_webhook_render(LW_DELIVERY_JSON, LW_EVENT_METRIC, lw_str_from(two), (struct lw_str){0}, &out, NULL),
        LW_ERR_OK);
    CU_ASSERT(lw_str_equal(lw_buf_view(&out), LW_STR("[{\"a\": 1},{\"b\":2}]")));
    CU_ASSERT_EQUAL(lw_webhook_group(LW_DELIVERY_JSON, LW_EVENT_METRIC, lw_str_from(two)), 2);
    lw_buf_close(&out);
}

static void slack_says_what_happened(void)
{
    json_object *message =
        rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT, ALERT("page", "open", "ID1", "churn-xgb: accuracy fell") "\n");

    CU_ASSERT_STRING_EQUAL(text_at(message, "text"), "[page open] churn-xgb: accuracy fell");
    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.type"), "section");
    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.text.type"), "mrkdwn");
    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.text.text"),
                           ":rotating_light: *page* open: churn-xgb: accuracy fell\n`leeway ack ID1`");
    CU_ASSERT_EQUAL(json_object_array_length(json_object_object_get(message, "blocks")), 1);
    json_object_put(message);
    message =
        rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT, ALERT("page", "resolved", "ID1", "churn-xgb: accuracy fell") "\n");
    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.text.text"),
                           ":white_check_mark: *page* resolved: churn-xgb: accuracy fell");
    json_object_put(message);
    message =
        rendered(LW_DELIVERY_SLACK, LW_EVENT_RUN,
                 "{\"lw_verdict\":\"ok\",\"lw_status\":\"completed\",\"lw_model\":\"m\",\"trainingJobName\":\"r\"}\n");
    CU_ASSERT_STRING_EQUAL(text_at(message, "text"), "run r of m: completed, ok");
    json_object_put(message);
    message = rendered(LW_DELIVERY_SLACK, LW_EVENT_LOSS,
                       "{\"lw_class\":\"spool_full\",\"lw_message\":\"metrics\",\"lw_count\":12}\n");
    CU_ASSERT_STRING_EQUAL(text_at(message, "text"), "leeway gave up 12 events: spool_full metrics");
    json_object_put(message);
}

static void slack_text_is_escaped(void)
{
    json_object *message = rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT,
                                    ALERT("ticket", "open", "I", "<!channel> a&b \\n\\\"x\\\" \\u00e9") "\n");

    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.text.text"),
                           ":warning: *ticket* open: &lt;!channel&gt; a&amp;b  \"x\" \xc3\xa9\n`leeway ack I`");
    CU_ASSERT_STRING_EQUAL(text_at(message, "text"), "[ticket open] &lt;!channel&gt; a&amp;b  \"x\" \xc3\xa9");
    json_object_put(message);
}

static void a_test_says_so(void)
{
    static const char alert[] =
        "{\"lw_severity\":\"page\",\"lw_state\":\"open\",\"lw_model\":\"m\",\"lw_message\":\"hello\","
        "\"lw_alert_id\":\"T\",\"lw_test\":true}\n";
    static const char says_so[] =
        "{\"lw_severity\":\"page\",\"lw_state\":\"open\",\"lw_model\":\"m\",\"lw_message\":\"TEST: hello\","
        "\"lw_alert_id\":\"T\",\"lw_test\":true}\n";
    json_object *message = rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT, alert);

    CU_ASSERT_STRING_EQUAL(text_at(message, "text"), "TEST [page open] hello");
    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.text.text"), ":rotating_light: *TEST* *page* open: hello");
    json_object_put(message);
    message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, alert);
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.summary"), "TEST hello");
    json_object_put(message);
    message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, says_so);
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.summary"), "TEST: hello");
    json_object_put(message);
    message = rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT, says_so);
    CU_ASSERT_STRING_EQUAL(text_at(message, "text"), "[page open] TEST: hello");
    json_object_put(message);
}

static void pagerduty_follows_the_state(void)
{
    static const struct {
        const char *alert, *action;
    } table[] = {
        {ALERT("page", "open", "ID1", "m"), "trigger"},      {ALERT("page", "stale", "ID1", "m"), "trigger"},
        {ALERT("page", "resolved", "ID1", "m"), "resolve"},  {ALERT("page", "settled", "ID1", "m"), "resolve"},
        {ALERT("page", "retracted", "ID1", "m"), "resolve"}, {ALERT("page", "acknowledged", "ID1", "m"), "acknowledge"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        json_object *message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, table[i].alert);

        CU_ASSERT_STRING_EQUAL(text_at(message, "event_action"), table[i].action);
        CU_ASSERT_STRING_EQUAL(text_at(message, "dedup_key"), "ID1");
        CU_ASSERT_STRING_EQUAL(text_at(message, "routing_key"), routing_key);
        CU_ASSERT_EQUAL(json_object_object_get(message, "payload") != NULL, strcmp(table[i].action, "trigger") == 0);
        json_object_put(message);
    }
}

static void pagerduty_has_its_fields(void)
{
    json_object *message =
        rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, ALERT("ticket", "open", "ID1", "accuracy fell") "\n");

    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.summary"), "accuracy fell");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.severity"), "error");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.source"), "prod");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.timestamp"), "2026-11-22T10:00:00.000Z");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.component"), "churn-xgb");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.group"), "run-7");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.class"), "cusum");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.custom_details.lw_alert_id"), "ID1");
    json_object_put(message);
    message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, ALERT("page", "open", "I", "x"));
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.severity"), "critical");
    json_object_put(message);
    message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, ALERT("info", "open", "I", "x"));
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.severity"), "info");
    json_object_put(message);
}

static char *many(unsigned n, const char *state, size_t message)
{
    struct lw_buf lines = {.ceiling = 64 << 20};
    char *text = malloc(message + 1);

    memset(text, '<', message);
    text[message] = '\0';
    for (unsigned i = 0; i < n; i++)
        lw_buf_format(&lines,
                      "{\"lw_severity\":\"%s\",\"lw_state\":\"%s\",\"lw_alert_id\":\"A%u\",\"lw_message\":\"%s\"}\n",
                      i == 2 ? "page" : "ticket", state, i, text);
    lw_buf_char(&lines, '\0');
    free(text);
    return lines.at;
}

/* Slack: 50 blocks, 3000 characters of a section, and (undocumented) about 13 200 in all. */
static void slack_groups_keep_its_limits(void)
{
    static const size_t sizes[] = {10, 300, 5000, 100000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *lines = many(100, "open", sizes[i]), *end = lines;
        uint32_t n = lw_webhook_group(LW_DELIVERY_SLACK, LW_EVENT_ALERT, lw_str_from(lines));
        size_t total = 0;
        json_object *message, *blocks;

        CU_ASSERT(n >= 1 && n <= 49);
        for (uint32_t k = 0; k < n; k++)
            end = strchr(end, '\n') + 1;
        *end = '\0';
        message = rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT, lines);
        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        blocks = json_object_object_get(message, "blocks");
        total = strlen(text_at(message, "text"));
        CU_ASSERT(json_object_array_length(blocks) <= 50);
        for (size_t k = 0; k < json_object_array_length(blocks); k++) {
            size_t length = strlen(text_at(json_object_array_get_idx(blocks, k), "text.text"));

            CU_ASSERT(length <= 3000);
            total += length;
        }
        CU_ASSERT(total <= 12000);
        json_object_put(message);
        free(lines);
    }
}

static void pagerduty_groups_only_what_triggers(void)
{
    char *open = many(30, "open", 10), *resolved = many(30, "resolved", 10);
    char *mixed = malloc(strlen(open) + strlen(resolved) + 1);
    json_object *message, *again;

    CU_ASSERT_EQUAL(lw_webhook_group(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, lw_str_from(open)), 30);
    CU_ASSERT_EQUAL(lw_webhook_group(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, lw_str_from(resolved)), 1);
    sprintf(mixed, "%s%s", open, resolved);
    CU_ASSERT_EQUAL(lw_webhook_group(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, lw_str_from(mixed)), 30);
    message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, open);
    again = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, open);
    CU_ASSERT_STRING_EQUAL(text_at(message, "event_action"), "trigger");
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.severity"), "critical");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_at(message, "payload.summary"), "30 alerts at once"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_at(message, "payload.summary"), "by hand"));
    CU_ASSERT_STRING_EQUAL(text_at(message, "payload.custom_details.alerts.29.lw_alert_id"), "A29");
    CU_ASSERT_STRING_EQUAL(text_at(message, "dedup_key"), text_at(again, "dedup_key"));
    CU_ASSERT(strlen(text_at(message, "dedup_key")) == 26);
    json_object_put(message);
    json_object_put(again);
    free(open);
    free(resolved);
    free(mixed);
}

static void summaries_are_bounded(void)
{
    char *line = many(1, "open", 5000);
    json_object *message = rendered(LW_DELIVERY_PAGERDUTY, LW_EVENT_ALERT, line);
    size_t n = strlen(text_at(message, "payload.summary"));

    CU_ASSERT(n > 800 && n <= 1024);
    json_object_put(message);
    message = rendered(LW_DELIVERY_SLACK, LW_EVENT_ALERT, line);
    n = strlen(text_at(message, "blocks.0.text.text"));
    CU_ASSERT(n > 2000 && n <= 3000);
    CU_ASSERT_STRING_EQUAL(text_at(message, "blocks.0.text.text") + n - 7, "&lt;..."); /* entities are not cut */
    json_object_put(message);
    free(line);
}

static void what_lacks_a_member_is_dead(void)
{
    static const struct {
        enum lw_delivery_format format;
        enum lw_event_kind kind;
        const char *event;
        enum lw_fit fit;
    } table[] = {
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, ALERT("page", "open", "I", "m"), LW_FIT_SEND},
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, "{", LW_FIT_DEAD},
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, "[]", LW_FIT_DEAD},
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, "{\"lw_state\":\"open\",\"lw_message\":\"x\"}", LW_FIT_DEAD},
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, "{\"lw_alert_id\":\"I\",\"lw_message\":\"x\"}", LW_FIT_DEAD},
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, "{\"lw_alert_id\":\"I\",\"lw_state\":\"open\"}", LW_FIT_DEAD},
        {LW_DELIVERY_SLACK, LW_EVENT_ALERT, "{\"lw_alert_id\":7,\"lw_state\":\"open\",\"lw_message\":\"x\"}",
         LW_FIT_DEAD},
        {LW_DELIVERY_SLACK, LW_EVENT_METRIC, "{}", LW_FIT_SKIP},
        {LW_DELIVERY_SLACK, LW_EVENT_SUMMARY, "{}", LW_FIT_SKIP},
        {LW_DELIVERY_PAGERDUTY, LW_EVENT_RUN, "{}", LW_FIT_SKIP},
        {LW_DELIVERY_PAGERDUTY, LW_EVENT_HEARTBEAT, "{}", LW_FIT_SKIP},
        {LW_DELIVERY_PAGERDUTY, LW_EVENT_LOSS, "{\"lw_class\":\"x\"}", LW_FIT_SEND},
        {LW_DELIVERY_JSON, LW_EVENT_METRIC, "whatever", LW_FIT_SEND},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *reason = NULL;

        CU_ASSERT_EQUAL(lw_webhook_fit(table[i].format, table[i].kind, lw_str_from(table[i].event), &reason),
                        table[i].fit);
        CU_ASSERT(table[i].fit != LW_FIT_DEAD || reason != NULL);
    }
}

static bool renders(void *self, bool failing)
{
    static const enum lw_delivery_format formats[] = {LW_DELIVERY_JSON, LW_DELIVERY_SLACK, LW_DELIVERY_PAGERDUTY};
    static const char lines[] = ALERT("page", "open", "A", "m") "\n" ALERT("page", "open", "B", "n") "\n";
    bool good = true;

    (void)self;
    for (size_t i = 0; i < 3; i++) {
        struct lw_buf out = {.ceiling = 1 << 20};
        const char *reason = NULL;
        enum lw_fit fit =
            lw_webhook_fit(formats[i], LW_EVENT_ALERT, (struct lw_str){lines, strcspn(lines, "\n")}, &reason);
        enum lw_err err = lw_webhook_render(formats[i], LW_EVENT_ALERT, LW_STR(lines), LW_STR("key"), &out, NULL);

        good = good && (fit == LW_FIT_SEND || (failing && fit == LW_FIT_NOMEM));
        good = good && (err == LW_ERR_OK || (failing && err == LW_ERR_NOMEM));
        lw_buf_close(&out);
    }
    return good;
}

static void want_of_memory_is_no_bad_event(void)
{
    CU_ASSERT(kit_alloc_torture(renders, NULL) > 10);
}

KIT_SUITE("webhook", {"generic JSON is the stored event, or an array of them", json_is_the_event_itself},
          {"Slack is told what happened", slack_says_what_happened},
          {"text for Slack is escaped", slack_text_is_escaped}, {"a test alert says so", a_test_says_so},
          {"PagerDuty follows the state of the alert", pagerduty_follows_the_state},
          {"PagerDuty gets its fields", pagerduty_has_its_fields},
          {"a group keeps the limits of Slack", slack_groups_keep_its_limits},
          {"only what triggers is grouped for PagerDuty", pagerduty_groups_only_what_triggers},
          {"long texts are cut at whole characters", summaries_are_bounded},
          {"an event that lacks what its form needs is dead", what_lacks_a_member_is_dead},
          {"a want of memory is no bad event", want_of_memory_is_no_bad_event})
