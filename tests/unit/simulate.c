#include "tests/kit/kit.h"

#include "engine/flow/simulate/plan.h"
#include "engine/flow/simulate/simulate.h"

#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 200

/* What is seen of each run in the events. */
struct seen {
    char name[64];
    double last;          /* validation:accuracy of its last minute */
    int64_t first, until; /* minutes of its first and last event */
    double samples;
};

static struct lw_buf events(const struct lw_plan *plan)
{
    struct lw_buf out = {.ceiling = 64 << 20};

    lw_simulate_write(plan, &out);
    CU_ASSERT_EQUAL_FATAL(out.error, LW_ERR_OK);
    lw_buf_char(&out, '\0');
    return out;
}

static const char *text(struct json_object *event, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(event, key, &value) ? json_object_get_string(value) : "";
}

static double number(struct json_object *event, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(event, key, &value) ? json_object_get_double(value) : (double)NAN;
}

/* Minutes since the first of the month. */
static int64_t minute_of(const char *timestamp)
{
    return (atol(timestamp + 8) * 24 + atol(timestamp + 11)) * 60 + atol(timestamp + 14);
}

static size_t see(const struct lw_plan *plan, struct seen *seen)
{
    struct lw_buf out = events(plan);
    size_t n = 0;

    for (char *line = strtok(out.at, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct json_object *event = json_tokener_parse(line);
        const char *name = text(event, "trainingJobName");
        int64_t minute = minute_of(text(event, "timestamp"));

        CU_ASSERT_FATAL(event != NULL && n < RUNS_MAX);
        if (name[0] != '\0' && (n == 0 || strcmp(seen[n - 1].name, name) != 0)) {
            seen[n] = (struct seen){.first = minute};
            strncpy(seen[n++].name, name, 63);
        }
        if (name[0] != '\0' && strcmp(text(event, "metricName"), "validation:accuracy") == 0) {
            seen[n - 1].last = number(event, "maximum");
            seen[n - 1].samples += number(event, "sampleCount");
            CU_ASSERT(number(event, "minimum") <= number(event, "average") + 1e-12);
            CU_ASSERT(number(event, "average") <= number(event, "maximum") + 1e-12);
        }
        if (name[0] != '\0')
            seen[n - 1].until = minute;
        json_object_put(event);
    }
    lw_buf_close(&out);
    return n;
}

static double mean_last(const struct seen *seen, size_t from, size_t to)
{
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += seen[i].last;
    return sum / (double)(to - from);
}

static double mean_minutes(const struct seen *seen, size_t from, size_t to)
{
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += (double)(seen[i].until - seen[i].first);
    return sum / (double)(to - from);
}

static double mean_gap(const struct seen *seen, size_t from, size_t to)
{
    double sum = 0;

    for (size_t i = from; i < to; i++)
        sum += (double)(seen[i].first - seen[i - 1].until);
    return sum / (double)(to - from);
}

static void the_same_seed_gives_the_same_bytes(void)
{
    struct lw_plan plan = lw_plan_default();
    struct lw_buf a = events(&plan);
    struct lw_buf b = events(&plan);
    struct lw_buf c;

    plan.seed = 2;
    c = events(&plan);
    CU_ASSERT_STRING_EQUAL(a.at, b.at);
    CU_ASSERT_STRING_NOT_EQUAL(a.at, c.at);
    lw_buf_close(&a);
    lw_buf_close(&b);
    lw_buf_close(&c);
}

static void a_quiet_history_looks_like_the_real_runs(void)
{
    static struct seen seen[RUNS_MAX];
    struct lw_plan plan = lw_plan_default();
    double mean;
    double square = 0;

    plan.runs = 150;
    CU_ASSERT_EQUAL_FATAL(see(&plan, seen), 150);
    mean = mean_last(seen, 0, 150);
    for (size_t i = 0; i < 150; i++) {
        square += (seen[i].last - mean) * (seen[i].last - mean);
        CU_ASSERT_EQUAL(seen[i].samples, 20);
    }
    /* Four real runs: 0.96855 with standard deviation 0.0023; the sampling error of 150 runs is 6 %. The maximum of a
       minute's two epochs lies a little above the last one. */
    CU_ASSERT(fabs(mean - 0.96855) < 0.001);
    CU_ASSERT(sqrt(square / 149) > 0.0018 && sqrt(square / 149) < 0.0028);
    CU_ASSERT(fabs(mean_minutes(seen, 0, 150) - 10) < 1);
}

static void planted_drifts_show_from_their_run_on(void)
{
    static struct seen seen[RUNS_MAX];
    struct lw_plan plan = lw_plan_default();
    struct lw_fault fault;

    plan.runs = 100;
    CU_ASSERT_EQUAL(lw_plan_drift(&plan, LW_STR("validation:accuracy:-0.02@51"), &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_plan_drift(&plan, LW_STR("duration:x2@51"), &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_plan_gap(&plan, LW_STR("30m@51"), &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(see(&plan, seen), 100);
    CU_ASSERT(fabs(mean_last(seen, 0, 50) - mean_last(seen, 50, 100) - 0.02) < 0.002);
    CU_ASSERT(fabs(mean_minutes(seen, 50, 100) / mean_minutes(seen, 0, 50) - 2) < 0.2);
    CU_ASSERT(fabs(mean_gap(seen, 1, 50) - 50) < 2);
    CU_ASSERT(fabs(mean_gap(seen, 50, 100) - 30) < 2);
}

static void a_drift_may_end(void)
{
    struct lw_plan plan = lw_plan_default();
    struct lw_fault fault;

    CU_ASSERT_EQUAL(lw_plan_drift(&plan, LW_STR("train:accuracy:-10%@20-25"), &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_plan_apply(&plan, LW_PLAN_TRAIN, 19, 1), 1);
    KIT_CLOSE(lw_plan_apply(&plan, LW_PLAN_TRAIN, 20, 1), 0.9, 1e-12);
    KIT_CLOSE(lw_plan_apply(&plan, LW_PLAN_TRAIN, 25, 1), 0.9, 1e-12);
    CU_ASSERT_EQUAL(lw_plan_apply(&plan, LW_PLAN_TRAIN, 26, 1), 1);
}

static void what_is_not_a_change_is_refused(void)
{
    static const char *const drifts[] = {
        "",           "validation:accuracy",      "validation:accuracy:-0.02",     "validation:accuracy:-0.02@",
        "loss:1@2",   "validation:accuracy:x@2",  "validation:accuracy:x-1@2",     "validation:accuracy:1@0",
        "duration:@", "validation:accuracy:1@x1", "validation:accuracy:0.1@30-20", "duration:abc@3",
    };
    static const char *const gaps[] = {"", "30m", "30m@", "@3", "-30m@3", "0@5", "30m@1.5"};
    struct lw_plan plan = lw_plan_default();
    struct lw_fault fault;

    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++)
        CU_ASSERT_EQUAL(lw_plan_drift(&plan, lw_str_from(drifts[i]), &fault), LW_ERR_USAGE);
    for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
        CU_ASSERT_EQUAL(lw_plan_gap(&plan, lw_str_from(gaps[i]), &fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(plan.changes_n, 0);
}

static void fields_stand_in_the_order_of_the_integration(void)
{
    struct lw_plan plan = lw_plan_default();
    struct lw_buf out = events(&plan);
    static const char *const order[] = {"\"timestamp\"",  "\"sampleCount\"", "\"average\"",
                                        "\"sum\"",        "\"minimum\"",     "\"maximum\"",
                                        "\"metricName\"", "\"namespace\"",   "\"trainingJobName\""};
    char *at = strstr(out.at, "\"trainingJobName\"");

    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    *strchr(at, '\n') = '\0';
    while (at > out.at && at[-1] != '\n')
        at--;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        char *found = strstr(at, order[i]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(found);
        at = found;
    }
    lw_buf_close(&out);
}

KIT_SUITE("simulate", {"the same seed gives the same bytes", the_same_seed_gives_the_same_bytes},
          {"a quiet history looks like the real runs", a_quiet_history_looks_like_the_real_runs},
          {"planted drifts show from their run on", planted_drifts_show_from_their_run_on},
          {"a drift may end", a_drift_may_end}, {"what is not a change is refused", what_is_not_a_change_is_refused},
          {"fields stand in the order of the integration", fields_stand_in_the_order_of_the_integration})
