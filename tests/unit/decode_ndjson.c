#include "tests/kit/decoded.h"

#include <string.h>

static void reads_usual_names(void)
{
    KIT_DECODES(LW_FORMAT_NDJSON, NULL,
                "{\"time\":1560348180,\"model\":\"churn\",\"run\":\"r1\",\"metric\":\"acc\",\"value\":0.5}\n"
                "{\"value\":0.25,\"metricName\":\"acc\",\"job\":\"r2\",\"ts\":\"2019-06-12T14:03:00+00:00\"}\n"
                "{\"@timestamp\":\"2019-06-12T14:03:00Z\",\"run_id\":17,\"name\":\"acc\",\"value\":\"1e-3\"}\n",
                "point |churn|r1|acc 1560348180000 average=0.5\n"
                "point ||r2|acc 1560348180000 average=0.25\n"
                "point ||17|acc 1560348180000 average=0.001\n");
}

static void reads_statistic_sets(void)
{
    KIT_DECODES(
        LW_FORMAT_NDJSON, NULL,
        "[{\"timestamp\":1560348180000,\"run\":\"r\",\"metric\":\"m\",\"min\":1,\"max\":3,\"sum\":6,\"count\":3},"
        "{\"timestamp\":1560348180000,\"run\":\"r\",\"metric\":\"m\",\"mean\":2,\"count\":4}]",
        "point ||r|m 1560348180000 sum=6 min=1 max=3 count=3\n"
        "point ||r|m 1560348180000 count=4 average=2\n");
}

static void reads_data_without_runs(void)
{
    struct lw_decode_options options = {.run = LW_STR("mine"), .metric = LW_STR("loss"), .model = LW_STR("m")};

    KIT_DECODES(LW_FORMAT_NDJSON, NULL, "{\"time\":1560348180,\"metric\":\"acc\",\"value\":0.5}",
                "point |||acc 1560348180000 average=0.5\n");
    KIT_DECODES(LW_FORMAT_NDJSON, &options,
                "{\"time\":1560348180,\"value\":0.5}\n{\"time\":1560348180,\"run\":\"r\",\"metric\":\"a\",\"value\":1,"
                "\"model\":\"x\"}",
                "point |m|mine|loss 1560348180000 average=0.5\n"
                "point |m|r|a 1560348180000 average=1\n");
}

static void reads_mapped_names(void)
{
    struct lw_decode_options options = {0};

    CU_ASSERT_EQUAL(lw_columns_read(&options.columns, LW_STR("time=when,value=v,run=execution,metric=what"), NULL),
                    LW_ERR_OK);
    KIT_DECODES(LW_FORMAT_NDJSON, &options,
                "{\"when\":1560348180,\"v\":0.5,\"execution\":\"e\",\"what\":\"acc\",\"value\":9,\"time\":\"no\"}",
                "point ||e|acc 1560348180000 average=0.5\n");
}

static void reads_steps(void)
{
    static struct kit_decoded out;
    const char *text = "{\"epoch\":3,\"run\":\"r\",\"metric\":\"m\",\"value\":1}\n"
                       "{\"epoch\":3,\"time\":1560348180,\"run\":\"s\",\"metric\":\"m\",\"value\":1}";

    kit_decode(&out, LW_FORMAT_NDJSON, NULL, text, strlen(text));
    CU_ASSERT(strstr(out.text, "point ||r|m 3 step average=1\n") != NULL);
    CU_ASSERT(strstr(out.text, "point ||s|m 1560348180000 average=1\n") != NULL);
    CU_ASSERT(strstr(out.text, "fact NO_CLOCK ||r number=0 rank=1\n") != NULL);
    CU_ASSERT_EQUAL(out.points, 2);
    CU_ASSERT_EQUAL(out.facts, 1);
}

static void tells_what_is_wrong(void)
{
#define FRONT "{\"run\":\"r\",\"metric\":\"m\","
    static const struct {
        const char *text, *calls;
    } cases[] = {
        {"{}", "reject unknown_record 1:0 \n"},
        {"{\"level\":\"info\"}", "reject unknown_record 1:0 \n"},
        {"5", "reject unknown_record 1:0 5\n"},
        {FRONT "\"value\":1}", "reject no_time 1:0 m\n"},
        {FRONT "\"time\":\"x\",\"value\":1}", "reject bad_time 1:0 x\n"},
        {FRONT "\"time\":1560348180}", "reject no_value 1:0 \n"},
        {FRONT "\"time\":1560348180,\"value\":null}", "reject no_value 1:0 \n"},
        {FRONT "\"time\":1560348180,\"count\":4}", "reject no_value 1:0 \n"},
        {FRONT "\"time\":1560348180,\"value\":\"nan\"}",
         "fact NOT_A_NUMBER ||r key=m at=1560348180000 number=0 rank=1\nreject not_finite 1:0 nan\n"},
        {FRONT "\"time\":1560348180,\"value\":true}", "reject bad_value 1:0 true\n"},
        {FRONT "\"time\":1560348180,\"value\":1,\"count\":0}", "reject bad_count 1:0 0\n"},
        {FRONT "\"time\":1560348180,\"min\":1,\"max\":0}", "reject min_over_max 1:0 1 over 0\n"},
        {FRONT "\"step\":1.5,\"value\":0}", "reject bad_time 1:0 1.5\n"},
        {FRONT "\"step\":1e300,\"value\":0}", "reject bad_time 1:0 1e300\n"},
        {"{\"time\":1560348180,\"value\":1}", "reject no_metric 1:0 \n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        KIT_DECODES(LW_FORMAT_NDJSON, NULL, cases[i].text, cases[i].calls);
}

static const char sample[] =
    "{\"time\":1560348180,\"model\":\"churn\",\"run\":\"r1\",\"metric\":\"acc\",\"value\":0.5}\n"
    "{\"a\":{\"time\":1}}\n{bad}\n[{\"step\":1,\"run\":7,\"metric\":\"m\",\"min\":1,\"max\":2},3]\n"
    "{\"time\":\"x\",\"val";

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(81);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_NDJSON, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_NDJSON, NULL, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_NDJSON, NULL, sample, sizeof(sample) - 1);
}

KIT_SUITE("decode/ndjson", {"the usual names are understood", reads_usual_names},
          {"statistic sets are read", reads_statistic_sets},
          {"records without a run are taken; the user's run, metric and model are used", reads_data_without_runs},
          {"mapped names replace the usual ones", reads_mapped_names}, {"a step stands in for a time", reads_steps},
          {"what is not used is rejected with its reason", tells_what_is_wrong},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
