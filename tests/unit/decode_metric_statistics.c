#include "tests/kit/decoded.h"

#include <string.h>

#define POINTS                                                                                                         \
    "\"Datapoints\":[{\"Timestamp\":\"2014-04-09T11:18:00Z\",\"Average\":2,\"Sum\":4,\"Minimum\":1,\"Maximum\":3,"     \
    "\"SampleCount\":2,\"Unit\":\"None\"},{\"Unit\":\"Percent\",\"Maximum\":44.79,\"Timestamp\":1397042220.0}]"
#define CALLS(metric, more)                                                                                            \
    "point ||r|" metric " 1397042280000 cloudwatch" more " sum=4 min=1 max=3 count=2 average=2\n"                      \
    "point ||r|" metric " 1397042220000 cloudwatch" more " max=44.79\n"

static const struct lw_decode_options of_run = {.run = {"r", 1}};

static void reads_in_either_order(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &of_run, "{\"Label\":\"loss\"," POINTS "}", CALLS("loss", ""));
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &of_run, "{" POINTS ",\"Label\":\"loss\"}", CALLS("loss", ""));
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &of_run,
                "{" POINTS ",\"Label\":\"loss\"}\n[{\"Label\":\"CPUUtilization\"," POINTS "}]",
                CALLS("loss", "") CALLS("CPUUtilization", " heartbeat"));
}

static void takes_what_the_user_says(void)
{
    struct lw_decode_options options = {.run = LW_STR("r"), .metric = LW_STR("mine")};

    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &options, "{\"Label\":\"loss\"," POINTS "}", CALLS("mine", ""));
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &options, "{" POINTS "}", CALLS("mine", ""));
}

/* As CloudWatch names an instance in the dimension Host. */
static void knows_an_instance_as_the_run(void)
{
    struct lw_decode_options options = {.run = LW_STR("r/algo-2")};

    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &options, "{\"Label\":\"CPUUtilization\"," POINTS "}",
                CALLS("CPUUtilization", " heartbeat"));
    options.run = LW_STR("r");
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &options, "{\"Label\":\"CPUUtilization\"," POINTS "}",
                CALLS("CPUUtilization", " heartbeat"));
}

static void guesses_nothing(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, NULL, "{\"Label\":\"loss\"," POINTS "}",
                "reject no_run 1:30 the file names no run: pass --run NAME\n"
                "reject no_run 1:141 the file names no run: pass --run NAME\n");
    KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &of_run, "{" POINTS "}",
                "reject no_metric 1:15 the file names no metric: pass --metric NAME\n"
                "reject no_metric 1:126 the file names no metric: pass --metric NAME\n");
}

static void tells_what_is_wrong(void)
{
#define FRONT "{\"Label\":\"m\",\"Datapoints\":["
    static const struct {
        const char *text, *calls;
    } cases[] = {
        {"{\"a\":1}", "reject unknown_record 1:6 \n"},
        {"{\"Label\":\"m\",\"Datapoints\":[]}", ""},
        {FRONT "{\"Average\":1},5,[7]]}",
         "reject no_time 1:27 \nreject unknown_record 1:41 5\nreject unknown_record 1:43 \n"},
        {FRONT "{\"Timestamp\":1397042280}]}", "reject no_value 1:27 \n"},
        {FRONT "{\"Timestamp\":1397042280,\"Average\":null}]}", "reject no_value 1:27 \n"},
        {FRONT "{\"Timestamp\":\"noon\",\"Average\":1}]}", "reject bad_time 1:40 noon\n"},
        {FRONT "{\"Timestamp\":1397042280,\"Average\":\"x\",\"Sum\":\"y\"}]}", "reject bad_value 1:61 x\n"},
        {FRONT "{\"Timestamp\":1397042280,\"SampleCount\":0}]}", "reject bad_count 1:27 0\n"},
        {FRONT "{\"Timestamp\":1397042280,\"Minimum\":2,\"Maximum\":1}]}", "reject min_over_max 1:27 2 over 1\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        KIT_DECODES(LW_FORMAT_METRIC_STATISTICS, &of_run, cases[i].text, cases[i].calls);
}

static void keeps_what_is_complete(void)
{
    static struct kit_decoded out;
    const char *text = "{\"Label\":\"m\"," POINTS;

    kit_decode(&out, LW_FORMAT_METRIC_STATISTICS, &of_run, text, strlen(text));
    CU_ASSERT_EQUAL(out.points, 2);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TRUNCATED], 1);
    text = "{" POINTS; /* the label that would have come is lost with the rest */
    kit_decode(&out, LW_FORMAT_METRIC_STATISTICS, &of_run, text, strlen(text));
    CU_ASSERT_EQUAL(out.points, 0);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_NO_METRIC], 2);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TRUNCATED], 1);
}

static const char sample[] =
    "{\"Label\":\"loss\"," POINTS "}\n{bad\n{" POINTS ",\"Label\":\"acc\"}\n[{" POINTS "},{\"Label";

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(51);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_METRIC_STATISTICS, &of_run, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_METRIC_STATISTICS, &of_run, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_METRIC_STATISTICS, &of_run, sample, sizeof(sample) - 1);
}

KIT_SUITE("decode/metric_statistics", {"the label may come before or after the datapoints", reads_in_either_order},
          {"--metric replaces the label", takes_what_the_user_says},
          {"knows an instance as the run", knows_an_instance_as_the_run},
          {"without a run or a metric nothing is guessed", guesses_nothing},
          {"what is not used is rejected with its reason", tells_what_is_wrong},
          {"of a document that is cut off the complete datapoints count", keeps_what_is_complete},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
