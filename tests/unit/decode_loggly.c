#include "tests/kit/decoded.h"

#include <stdlib.h>
#include <string.h>

/* The samples of an event, as both generations of Loggly's integration send it: with and without a unit. */
#define EVENT_V1                                                                                                       \
    "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"sampleCount\":1,\"average\":0.7421875,\"sum\":0.7421875,"           \
    "\"minimum\":0.7421875,\"maximum\":0.7421875,\"unit\":\"None\",\"metricName\":\"validation:accuracy\","            \
    "\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":\"ic-full-2019-06-12-13-55-01\"}\n"
#define HOST_V2                                                                                                        \
    "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"sampleCount\":1,\"average\":97.1,\"sum\":97.1,\"minimum\":97.1,"    \
    "\"maximum\":97.1,\"metricName\":\"GPUUtilization\",\"namespace\":\"/aws/sagemaker/TrainingJobs\","                \
    "\"host\":\"ic-full-2019-06-12-13-55-01/algo-1\"}\n"
#define POINT_V1                                                                                                       \
    "point ||ic-full-2019-06-12-13-55-01|validation:accuracy 1560348180000 cloudwatch sum=0.7421875 min=0.7421875 "    \
    "max=0.7421875 count=1 average=0.7421875\n"
#define POINT_V2                                                                                                       \
    "point ||ic-full-2019-06-12-13-55-01|GPUUtilization 1560348180000 cloudwatch heartbeat sum=97.1 min=97.1 "         \
    "max=97.1 "                                                                                                        \
    "count=1 average=97.1\n"

static void reads_events(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL, EVENT_V1 HOST_V2, POINT_V1 POINT_V2);
}

static void reads_free_order(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"trainingJobName\":\"a-1\",\"maximum\":3,\"namespace\":\"aws/sagemaker/trainingjobs\",\"sum\":6,"
                "\"metricName\":\"loss\",\"minimum\":1,\"average\":2,\"timestamp\":\"2024-02-29T23:59:59.999Z\","
                "\"sampleCount\":3}",
                "point ||a-1|loss 1709251199999 cloudwatch sum=6 min=1 max=3 count=3 average=2\n");
}

static void reads_without_namespace(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"timestamp\":\"2019-06-12T14:03:00Z\",\"average\":2,\"metricName\":\"m\",\"trainingJobName\":\"r\"}",
                "point ||r|m 1560348180000 cloudwatch average=2\n");
}

static void reads_an_array(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL, "[" EVENT_V1 "," HOST_V2 "]", POINT_V1 POINT_V2);
}

static void takes_labels_of_the_user(void)
{
    struct lw_decode_options options = {.origin = LW_STR("prod"), .model = LW_STR("churn")};

    KIT_DECODES(LW_FORMAT_LOGGLY, &options,
                "{\"timestamp\":1560348180000,\"average\":2,\"metricName\":\"m\",\"trainingJobName\":\"r\"}",
                "point prod|churn|r|m 1560348180000 cloudwatch average=2\n");
}

static void reads_zone_less_stamps(void)
{
    struct lw_zone *zone;
    struct lw_fault fault;
    struct lw_decode_options options = {0};

    CU_ASSERT_EQUAL_FATAL(lw_zone_open(&zone, LW_STR("+02:00"), &fault), LW_ERR_OK);
    options.zone = zone;
    KIT_DECODES(LW_FORMAT_LOGGLY, &options,
                "{\"timestamp\":\"2019-06-12 16:03:00.250000\",\"average\":2,\"metricName\":\"m\",\"trainingJobName\":"
                "\"r\"}",
                "point ||r|m 1560348180250 cloudwatch average=2\n");
    lw_zone_close(zone);
}

static void takes_back_own_metrics(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"lw_event\":\"metric\",\"lw_id\":\"x\",\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"average\":2,"
                "\"metricName\":\"m\",\"trainingJobName\":\"r\"}\n"
                "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"lw_event\":\"alert\",\"trainingJobName\":\"r\"}\n"
                "{\"lw_event\":\"summary\",\"metricName\":\"m\",\"trainingJobName\":\"r\",\"lw_mean\":1}\n",
                "point ||r|m 1560348180000 cloudwatch average=2\n"
                "reject own_event 2:124 \n"
                "reject own_event 3:206 m\n");
}

static void takes_events_without_a_run(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"average\":1,\"metricName\":\"m\",\"unit\":\"None\","
                "\"namespace\":\"/aws/sagemaker/TrainingJobs\"}\n",
                "point |||m 1560348180000 cloudwatch average=1\n");
}

static void tells_what_is_wrong(void)
{
#define FRONT "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"metricName\":\"m\","
    static const struct {
        const char *text, *calls;
    } cases[] = {
        {"{\"a\":1}", "reject unknown_record 1:0 \n"},
        {"{}", "reject unknown_record 1:0 \n"},
        {"17", "reject unknown_record 1:0 17\n"},
        {"\"text\"", "reject unknown_record 1:0 text\n"},
        {FRONT "\"average\":1,\"instanceId\":\"i-1\",\"namespace\":\"AWS/EC2\"}", "reject not_a_run 1:0 AWS/EC2\n"},
        {FRONT "\"average\":1,\"instanceId\":\"i-1\"}", "reject not_a_run 1:0 m\n"},
        {FRONT "\"average\":1,\"host\":\"no-slash\"}", "reject not_a_run 1:0 m\n"},
        {FRONT "\"average\":1,\"trainingJobName\":\"\"}", "reject not_a_run 1:0 m\n"},
        {FRONT "\"average\":1,\"trainingJobName\":5}", "reject not_a_run 1:0 m\n"},
        {FRONT "\"trainingJobName\":\"r\"}", "reject no_value 1:0 \n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":null}", "reject no_value 1:0 \n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":\"NaN\"}", "reject not_finite 1:0 NaN\n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":\"-Infinity\"}", "reject not_finite 1:0 -Infinity\n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":1e999}", "reject not_finite 1:0 1e999\n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":\"n/a\"}", "reject bad_value 1:0 n/a\n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":[1]}", "reject bad_value 1:0 \n"},
        {FRONT "\"trainingJobName\":\"r\",\"average\":1,\"sampleCount\":0}", "reject bad_count 1:0 0\n"},
        {FRONT "\"trainingJobName\":\"r\",\"minimum\":2,\"maximum\":1.5}", "reject min_over_max 1:0 2 over 1.5\n"},
        {"{\"metricName\":\"m\",\"trainingJobName\":\"r\",\"average\":1}", "reject no_time 1:0 m\n"},
        {"{\"timestamp\":\"yesterday\",\"metricName\":\"m\",\"trainingJobName\":\"r\",\"average\":1}",
         "reject bad_time 1:0 yesterday\n"},
        {"{\"timestamp\":\"2019-02-29T14:03:00.000Z\",\"metricName\":\"m\",\"trainingJobName\":\"r\",\"average\":1}",
         "reject bad_time 1:0 2019-02-29T14:03:00.000Z\n"},
        {"{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"trainingJobName\":\"r\",\"average\":1}",
         "reject no_metric 1:0 \n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        KIT_DECODES(LW_FORMAT_LOGGLY, NULL, cases[i].text, cases[i].calls);
#undef FRONT
}

static void takes_text_numbers(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"metricName\":\"m\",\"trainingJobName\":\"r\","
                "\"average\":\"0.5\"}",
                "point ||r|m 1560348180000 cloudwatch average=0.5\n");
}

static void goes_on_after_bad_lines(void)
{
    static struct kit_decoded out;
    const char *text = EVENT_V1 "{\"timestamp\": nonsense}\n" HOST_V2 "\n\n{\"cut\":";

    kit_decode(&out, LW_FORMAT_LOGGLY, NULL, text, strlen(text));
    CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out.points, 2);
    CU_ASSERT_EQUAL(out.records, 4);
    CU_ASSERT_EQUAL(out.rejects, 2);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_BAD_JSON], 1);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TRUNCATED], 1);
}

static void ignores_what_is_nested(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"x\":{\"average\":9,\"metricName\":\"no\"},\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"average\":2,"
                "\"metricName\":\"m\",\"trainingJobName\":\"r\",\"tags\":[{\"lw_event\":\"alert\"}]}",
                "point ||r|m 1560348180000 cloudwatch average=2\n");
}

static void cuts_a_long_detail(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"metricName\":\"m\",\"timestamp\":\"0123456789012345678901234567890123456789012345678901234567"
                "8\xc3\xa4\xc3\xb6\",\"trainingJobName\":\"r\",\"average\":1}",
                "reject bad_time 1:0 01234567890123456789012345678901234567890123456789012345678\n");
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL,
                "{\"metricName\":\"m\",\"timestamp\":\"a\\u001b[31mb\\n\",\"trainingJobName\":\"r\",\"average\":1}",
                "reject bad_time 1:0 a?[31mb?\n");
}

static void counts_bytes_after_a_mark(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY, NULL, "\xef\xbb\xbf" EVENT_V1 "{}", POINT_V1 "reject unknown_record 2:275 \n");
}

static const char sample[] =
    "\xef\xbb\xbf" EVENT_V1 HOST_V2 "{\"a\":1}\n{bad}\n[" EVENT_V1 "," HOST_V2 ", 5]\n" EVENT_V1 "{\"cu";

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(11);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOGGLY, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_LOGGLY, NULL, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_LOGGLY, NULL, sample, sizeof(sample) - 1);
}

/* The remembered names, days and numbers must never stand in for others. */
static void remembers_nothing_wrong(void)
{
    enum { N = 3000 };
    static struct kit_decoded out;
    struct kit_random random = kit_seed(12);
    char *text = malloc(N * 400), *want = malloc(N * 400);
    size_t n = 0, want_n = 0;

    CU_ASSERT_FATAL(text != NULL && want != NULL);
    for (int i = 0; i < 300; i++) {
        unsigned job = (unsigned)(kit_random_bits(&random) % 50), metric = (unsigned)(kit_random_bits(&random) % 7);
        unsigned day = (unsigned)(kit_random_bits(&random) % 28) + 1, hour = (unsigned)(kit_random_bits(&random) % 24);
        double a = (double)(kit_random_bits(&random) % 8) / 8, b = a + (double)(kit_random_bits(&random) % 3) / 8;

        n += (size_t)sprintf(text + n,
                             "{\"timestamp\":\"2021-02-%02uT%02u:00:00.%03uZ\",\"minimum\":%g,\"maximum\":%g,"
                             "\"metricName\":\"m%u\",\"trainingJobName\":\"job-%ux-2021\"}\n",
                             day, hour, metric * 100 + 7, a, b, metric, job);
        want_n +=
            (size_t)sprintf(want + want_n, "point ||job-%ux-2021|m%u %lld cloudwatch min=%g max=%g\n", job, metric,
                            1612137600000ll + ((long long)(day - 1) * 24 + hour) * 3600000 + metric * 100 + 7, a, b);
    }
    kit_decode(&out, LW_FORMAT_LOGGLY, NULL, text, n);
    CU_ASSERT_EQUAL(out.points, 300);
    CU_ASSERT_STRING_EQUAL(out.text, want);
    free(text);
    free(want);
}

KIT_SUITE("decode/loggly", {"events of both generations are datapoints and heartbeats", reads_events},
          {"keys come in any order", reads_free_order},
          {"a training job without namespace is taken", reads_without_namespace},
          {"an array of events is read", reads_an_array},
          {"origin and model of the user are on every point", takes_labels_of_the_user},
          {"stamps without a zone are in the given one", reads_zone_less_stamps},
          {"of leeway's own events only metrics are taken back", takes_back_own_metrics},
          {"an event without any dimension is a datapoint without a run", takes_events_without_a_run},
          {"what is not used is rejected with its reason, place and text", tells_what_is_wrong},
          {"a number in quotes is a number", takes_text_numbers},
          {"after a bad line reading goes on", goes_on_after_bad_lines},
          {"nested objects are passed over", ignores_what_is_nested},
          {"a detail is short, whole characters, printable", cuts_a_long_detail},
          {"offsets count a byte order mark", counts_bytes_after_a_mark},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory},
          {"what is remembered never stands in for something else", remembers_nothing_wrong})
