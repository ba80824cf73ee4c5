#include "tests/kit/kit.h"

#include "leeway/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A record laid out by hand after run.h: two metrics, one with values. */
struct sample {
    struct lw_run run;
    struct lw_metric metrics[2];
    double values[3];
    char text[40];
};

static struct sample sample(const char *name, int64_t end)
{
    struct sample s;
    size_t len = strlen(name);

    memset(&s, 0, sizeof(s));
    s.run.bytes = (uint32_t)sizeof(s);
    s.run.version = LW_RUN_VERSION;
    memcpy(s.text,
           "loss"
           "rmse",
           8);
    memcpy(s.text + 8, name, len);
    s.run.name = (struct lw_run_text){(uint32_t)(offsetof(struct sample, text) + 8), (uint32_t)len};
    s.run.metrics_at = (uint32_t)offsetof(struct sample, metrics);
    s.run.metrics_n = 2;
    s.metrics[0].name = (struct lw_run_text){(uint32_t)offsetof(struct sample, text), 4};
    s.metrics[0].values_at = (uint32_t)offsetof(struct sample, values);
    s.metrics[0].values_n = 3;
    s.metrics[1].name = (struct lw_run_text){(uint32_t)offsetof(struct sample, text) + 4, 4};
    s.values[0] = 1;
    s.values[1] = 1;
    s.values[2] = 2;
    s.run.has_end = 1;
    s.run.end.ms = end;
    return s;
}

static void accepts_a_record_that_fits(void)
{
    struct sample s = sample("job", 5);

    CU_ASSERT_EQUAL(lw_run_check(&s, sizeof(s)), LW_ERR_OK);
}

static void finds_metrics_by_name(void)
{
    struct sample s = sample("job", 5);

    CU_ASSERT_PTR_EQUAL(lw_run_metric(&s.run, LW_STR("loss")), &s.metrics[0]);
    CU_ASSERT_PTR_EQUAL(lw_run_metric(&s.run, LW_STR("rmse")), &s.metrics[1]);
    CU_ASSERT_PTR_NULL(lw_run_metric(&s.run, LW_STR("los")));
    CU_ASSERT_PTR_NULL(lw_run_metric(&s.run, LW_STR("zzz")));
}

#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        struct sample s = sample("job", 5);                                                                            \
        change;                                                                                                        \
        CU_ASSERT_EQUAL(lw_run_check(&s, sizeof(s)), LW_ERR_STATE);                                                    \
    } while (0)

static void refuses_what_does_not_fit(void)
{
    REFUSED(s.run.version++);
    REFUSED(s.run.bytes--);
    REFUSED(s.run.name.at = 0xffffffff);
    REFUSED(s.run.name.len = 0xffffffff);
    REFUSED(s.run.name.at = 4);
    REFUSED(s.run.metrics_n = 0x10000000);
    REFUSED(s.run.metrics_at++);
    REFUSED(s.run.outcome = 7);
    REFUSED(s.run.duration_source = 5);
    REFUSED(s.run.end.ms = INT64_MAX);
    REFUSED(s.run.confidence = 1.5);
    REFUSED(s.run.billable_seconds = (double)NAN);
    REFUSED(s.metrics[0].values_at += 4);
    REFUSED(s.metrics[0].values_n = 4097);
    REFUSED(s.metrics[1].name = s.metrics[0].name);
    REFUSED(s.metrics[1].summary.mean = (double)INFINITY);
    REFUSED(s.metrics[1].summary.trend = 4);
    REFUSED(s.values[1] = 3);
    REFUSED(s.values[2] = (double)NAN);
}

static void refuses_every_shorter_record(void)
{
    struct sample s = sample("job", 5);

    for (size_t n = 0; n < sizeof(s); n++) {
        void *cut = malloc(n ? n : 1);

        memcpy(cut, &s, n);
        CU_ASSERT_EQUAL(lw_run_check(cut, n), LW_ERR_STATE);
        free(cut);
    }
}

static void orders_by_end_then_name_and_unknown_ends_last(void)
{
    struct sample a = sample("a", 5), b = sample("b", 5), later = sample("a", 6), open = sample("A", 0);

    open.run.has_end = 0;
    CU_ASSERT(lw_run_order(&a.run, &b.run) < 0);
    CU_ASSERT(lw_run_order(&later.run, &b.run) > 0);
    CU_ASSERT(lw_run_order(&open.run, &later.run) > 0);
    CU_ASSERT_EQUAL(lw_run_order(&a.run, &a.run), 0);
}

static void every_word_has_a_name(void)
{
    CU_ASSERT_STRING_EQUAL(lw_outcome_name(LW_OUTCOME_OUT_OF_TIME), "out_of_time");
    CU_ASSERT_STRING_EQUAL(lw_outcome_name((enum lw_outcome)99), "unknown");
    CU_ASSERT_STRING_EQUAL(lw_duration_source_name(LW_DURATION_PHASE), "training_phase");
    CU_ASSERT_STRING_EQUAL(lw_trend_name(LW_TREND_DOWN), "down");
}

KIT_SUITE("run", {"accepts a record that fits", accepts_a_record_that_fits},
          {"finds metrics by name", finds_metrics_by_name}, {"refuses what does not fit", refuses_what_does_not_fit},
          {"refuses every shorter record", refuses_every_shorter_record},
          {"orders by end, then name, and unknown ends last", orders_by_end_then_name_and_unknown_ends_last},
          {"every word has a name", every_word_has_a_name})
