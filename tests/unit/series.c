#include "engine/decode/aws/series.h"
#include "tests/kit/kit.h"

#include <string.h>

static struct lw_names *names;

static struct lw_series of_label(const char *label, const struct lw_decode_options *options)
{
    struct lw_emit emit = {.options = options};
    struct lw_series series;

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 1u << 20, NULL), LW_ERR_OK);
    emit.names = names;
    CU_ASSERT_EQUAL_FATAL(lw_names_add(names, options->run, &emit.run, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_names_add(names, options->metric, &emit.metric, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_series_of_label(&emit, lw_str_from(label), &series, NULL), LW_ERR_OK);
    return series;
}

static int is(struct lw_series series, const char *run, const char *metric, enum lw_known known, int heartbeat)
{
    int same = series.good && lw_str_equal(lw_names_text(names, series.point.run), lw_str_from(run)) &&
               lw_str_equal(lw_names_text(names, series.point.metric), lw_str_from(metric)) && series.known == known &&
               ((series.point.flags & LW_POINT_HEARTBEAT) != 0) == heartbeat;

    lw_names_close(names);
    return same;
}

static const struct lw_decode_options of_run = {.run = {"given", 5}};

static void reads_full_labels(void)
{
    static const struct lw_decode_options none;

    CU_ASSERT(is(of_label("job/train:accuracy/Average", &none), "job", "train:accuracy", LW_KNOWN_AVERAGE, 0));
    CU_ASSERT(is(of_label("job/m/SAMPLECOUNT", &none), "job", "m", LW_KNOWN_COUNT, 0));
    CU_ASSERT(is(of_label("job/algo-2/CPUUtilization/Maximum", &none), "job", "CPUUtilization", LW_KNOWN_MAX, 1));
    CU_ASSERT(is(of_label("job/CPUUtilization/Maximum", &none), "job", "CPUUtilization", LW_KNOWN_MAX, 1));
    CU_ASSERT(is(of_label("job/m/Average", &of_run), "job", "m", LW_KNOWN_AVERAGE, 0));
}

static void completes_short_labels(void)
{
    struct lw_decode_options options = {.run = LW_STR("given"), .stat = LW_STR("Sum"), .metric = LW_STR("named")};

    CU_ASSERT(is(of_label("train:accuracy", &of_run), "given", "train:accuracy", LW_KNOWN_AVERAGE, 0));
    CU_ASSERT(is(of_label("train:accuracy Minimum", &of_run), "given", "train:accuracy", LW_KNOWN_MIN, 0));
    CU_ASSERT(is(of_label("m/Sum", &of_run), "given", "m", LW_KNOWN_SUM, 0));
    CU_ASSERT(is(of_label("a/b", &of_run), "given", "a/b", LW_KNOWN_AVERAGE, 0));
    CU_ASSERT(is(of_label("/Average", &of_run), "given", "/Average", LW_KNOWN_AVERAGE, 0));
    CU_ASSERT(is(of_label("x", &options), "given", "named", LW_KNOWN_SUM, 0));
    CU_ASSERT(is(of_label("x Maximum", &options), "given", "named", LW_KNOWN_MAX, 0));
    CU_ASSERT(is(of_label("", &options), "given", "named", LW_KNOWN_SUM, 0));
}

static int fails(struct lw_series series, enum lw_reject reason)
{
    lw_names_close(names);
    return !series.good && series.reason == reason && series.detail[0] != '\0';
}

static void refuses_the_rest(void)
{
    static const struct lw_decode_options none;

    CU_ASSERT(fails(of_label("train:accuracy", &none), LW_REJECT_NO_RUN));
    CU_ASSERT(fails(of_label("", &of_run), LW_REJECT_NO_METRIC));
    CU_ASSERT(fails(of_label("job/m/p99", &none), LW_REJECT_UNKNOWN_RECORD));
    CU_ASSERT(fails(of_label("job/m/IQM", &none), LW_REJECT_UNKNOWN_RECORD));
    CU_ASSERT(fails(of_label("job/m/TM(10%:90%)", &none), LW_REJECT_UNKNOWN_RECORD));
}

KIT_SUITE("series", {"a full label names job, metric and statistic", reads_full_labels},
          {"what a label does not say the user says", completes_short_labels},
          {"a label without a run, a metric, or with another statistic is refused", refuses_the_rest})
