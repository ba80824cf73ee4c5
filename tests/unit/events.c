#include "tests/kit/kit.h"
#include "tests/kit/report.h"

#include "engine/report/events.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 64

struct key {
    char name[64];
    enum json_type type;
};

static char *lines(void)
{
    struct kit_report kit;
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    lw_events_write(&kit.report, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_EQUAL_FATAL(out.error, LW_ERR_OK);
    kit_report_free(&kit);
    return out.at;
}

/* Calls `each` with every line as a parsed object. */
static size_t for_each(void (*each)(struct json_object *event, void *self), void *self)
{
    char *all = lines();
    size_t n = 0;

    for (char *line = strtok(all, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct json_object *event = json_tokener_parse(line);

        CU_ASSERT_PTR_NOT_NULL_FATAL(event);
        each(event, self);
        json_object_put(event);
        n++;
    }
    free(all);
    return n;
}

static const char *text(struct json_object *event, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(event, key, &value) ? json_object_get_string(value) : "";
}

static void count_kind(struct json_object *event, void *self)
{
    size_t *counts = self;

    counts[0] += strcmp(text(event, "lw_event"), "run") == 0;
    counts[1] += strcmp(text(event, "lw_event"), "summary") == 0;
    counts[2] += strcmp(text(event, "lw_event"), "alert") == 0;
}

static void every_run_metric_and_step_of_an_alert_is_an_event(void)
{
    size_t counts[3] = {0, 0, 0};

    CU_ASSERT_EQUAL(for_each(count_kind, counts), 64 + 124 + 3);
    CU_ASSERT_EQUAL(counts[0], 64);
    CU_ASSERT_EQUAL(counts[1], 124);
    CU_ASSERT_EQUAL(counts[2], 3);
}

static void collect_keys(struct json_object *event, void *self)
{
    struct key *keys = self;

    json_object_object_foreach(event, name, value)
    {
        size_t i = 0;

        while (keys[i].name[0] != '\0' && strcmp(keys[i].name, name) != 0)
            i++;
        CU_ASSERT_FATAL(i < KEYS_MAX - 1);
        if (keys[i].name[0] == '\0') {
            strncpy(keys[i].name, name, sizeof(keys[i].name) - 1);
            keys[i].type = json_object_get_type(value);
        }
        /* An integer is a number like any other. */
        CU_ASSERT(keys[i].type == json_object_get_type(value) ||
                  (keys[i].type != json_type_string && json_object_get_type(value) != json_type_string));
        CU_ASSERT(json_object_get_type(value) != json_type_object && json_object_get_type(value) != json_type_array &&
                  json_object_get_type(value) != json_type_null);
    }
}

static void keys_are_few_flat_and_of_one_type(void)
{
    struct key keys[KEYS_MAX] = {{.name = ""}};
    size_t n = 0;

    for_each(collect_keys, keys);
    while (keys[n].name[0] != '\0')
        n++;
    CU_ASSERT(n <= 45);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT(strncmp(keys[i].name, "lw_", 3) == 0 || strcmp(keys[i].name, "timestamp") == 0 ||
                  strcmp(keys[i].name, "trainingJobName") == 0 || strcmp(keys[i].name, "metricName") == 0);
}

static void collect_ids(struct json_object *event, void *self)
{
    char(*ids)[32] = self;
    size_t n = 0;

    while (ids[n][0] != '\0') {
        CU_ASSERT_STRING_NOT_EQUAL(ids[n], text(event, "lw_id"));
        n++;
    }
    CU_ASSERT_EQUAL(strlen(text(event, "lw_id")), 26);
    strncpy(ids[n], text(event, "lw_id"), 31);
    CU_ASSERT_EQUAL((size_t)atol(text(event, "lw_seq")), n + 1);
}

static void ids_differ_and_numbers_count_up(void)
{
    static char ids[256][32];

    for_each(collect_ids, ids);
}

static void the_same_report_gives_the_same_bytes(void)
{
    char *first = lines();
    char *second = lines();

    CU_ASSERT_STRING_EQUAL(first, second);
    free(first);
    free(second);
}

static void see_alert(struct json_object *event, void *self)
{
    size_t *seen = self;

    if (strcmp(text(event, "lw_event"), "alert") != 0 || (*seen)++ > 0)
        return;
    CU_ASSERT_STRING_EQUAL(text(event, "lw_series"), "validation:accuracy,generalization_gap:accuracy");
    CU_ASSERT_STRING_EQUAL(text(event, "lw_detectors"), "ks,cusum");
    CU_ASSERT_STRING_EQUAL(text(event, "lw_change_run"), "churn-2019-06-02-15-00-00");
    CU_ASSERT_STRING_EQUAL(text(event, "trainingJobName"), "churn-2019-06-02-17-00-00");
    CU_ASSERT_STRING_EQUAL(text(event, "timestamp"), "2019-06-02T18:00:00.000Z");
    CU_ASSERT_STRING_EQUAL(text(event, "lw_state"), "open");
}

static void an_alert_event_carries_the_decision(void)
{
    size_t seen = 0;

    for_each(see_alert, &seen);
    CU_ASSERT_EQUAL(seen, 3);
}

static void see_session(struct json_object *event, void *self)
{
    char *session = self;

    if (strcmp(text(event, "lw_event"), "alert") != 0)
        return;
    CU_ASSERT_EQUAL(strlen(text(event, "lw_session")), 26);
    if (session[0] != '\0')
        CU_ASSERT_STRING_EQUAL(text(event, "lw_session"), session);
    strncpy(session, text(event, "lw_session"), 31);
}

static void the_session_of_alerts_is_the_same_for_the_same_runs(void)
{
    char session[32] = "";

    (void)for_each(see_session, session);
    (void)for_each(see_session, session);
    CU_ASSERT_EQUAL(strlen(session), 26);
}

KIT_SUITE("events",
          {"the session of alerts is the same for the same runs", the_session_of_alerts_is_the_same_for_the_same_runs},
          {"every run, metric and step of an alert is an event", every_run_metric_and_step_of_an_alert_is_an_event},
          {"keys are few, flat, and of one type each", keys_are_few_flat_and_of_one_type},
          {"ids differ, and sequence numbers count up", ids_differ_and_numbers_count_up},
          {"the same report gives the same bytes", the_same_report_gives_the_same_bytes},
          {"an alert event carries the decision", an_alert_event_carries_the_decision})
