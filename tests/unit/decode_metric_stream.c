#include "tests/kit/decoded.h"

#include <stdlib.h>
#include <string.h>

#define JOB "DEMO-imageclassification-2019-06-12-14-03-27"

static void reads_a_stream(void)
{
    static struct kit_decoded out;
    size_t n;
    char *text = kit_data("payloads/metric_stream.ndjson", &n);

    kit_decode(&out, LW_FORMAT_METRIC_STREAM, NULL, text, n);
    CU_ASSERT_STRING_EQUAL(out.text,
                           "point 123456789012/us-east-1||" JOB "|train:accuracy 1560348420000 cloudwatch sum=0.025 "
                           "min=0.025 max=0.025 count=1\n"
                           "point 123456789012/us-east-1||" JOB "|CPUUtilization 1560348420000 cloudwatch heartbeat "
                           "sum=187.25 min=187.25 max=187.25 count=1\n");
    CU_ASSERT_EQUAL(out.records, 2);
    free(text);
}

static void reads_free_order(void)
{
    struct lw_decode_options options = {.origin = LW_STR("here"), .model = LW_STR("mine")};
    static const char text[] =
        "{\"value\":{\"p99\":9,\"count\":2,\"max\":3,\"min\":1,\"sum\":4},\"timestamp\":1560348420000,"
        "\"dimensions\":{\"TrainingJobName\":\"r\"},\"metric_name\":\"m\",\"region\":\"eu\"}";

    KIT_DECODES(LW_FORMAT_METRIC_STREAM, &options, text,
                "point here|mine|r|m 1560348420000 cloudwatch sum=4 min=1 max=3 count=2\n");
}

static void keeps_origins_apart(void)
{
#define RECORD(account, region)                                                                                        \
    "{\"account_id\":\"" account "\",\"region\":\"" region "\",\"metric_name\":\"m\",\"dimensions\":"                  \
    "{\"TrainingJobName\":\"r\"},\"timestamp\":1560348420000,\"value\":{\"sum\":1}}\n"
    KIT_DECODES(LW_FORMAT_METRIC_STREAM, NULL, RECORD("1", "a") RECORD("1", "b") RECORD("2", "b") RECORD("", "b"),
                "point 1/a||r|m 1560348420000 cloudwatch sum=1\npoint 1/b||r|m 1560348420000 cloudwatch sum=1\n"
                "point 2/b||r|m 1560348420000 cloudwatch sum=1\npoint ||r|m 1560348420000 cloudwatch sum=1\n");
}

static void prefers_the_job_to_its_host(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_STREAM, NULL,
                "{\"metric_name\":\"m\",\"dimensions\":{\"Host\":\"h/algo-1\",\"TrainingJobName\":\"r\"},"
                "\"timestamp\":1560348420000,\"value\":{\"sum\":1}}",
                "point ||r|m 1560348420000 cloudwatch sum=1\n");
    KIT_DECODES(LW_FORMAT_METRIC_STREAM, NULL,
                "{\"metric_name\":\"m\",\"dimensions\":{\"TrainingJobName\":\"r\",\"Host\":\"h/algo-1\"},"
                "\"timestamp\":1560348420000,\"value\":{\"sum\":1}}",
                "point ||r|m 1560348420000 cloudwatch sum=1\n");
}

static void tells_what_is_wrong(void)
{
#define FRONT "{\"metric_name\":\"m\",\"timestamp\":1560348420000,"
#define RUN   "\"dimensions\":{\"TrainingJobName\":\"r\"},"
    static const struct {
        const char *text, *calls;
    } cases[] = {
        {"{\"a\":1}", "reject unknown_record 1:0 \n"},
        {"[3]", "reject unknown_record 1:1 3\n"},
        {FRONT "\"namespace\":\"AWS/EC2\",\"dimensions\":{\"InstanceId\":\"i\"},\"value\":{\"sum\":1}}",
         "reject not_a_run 1:0 AWS/EC2\n"},
        {FRONT "\"dimensions\":{},\"value\":{\"sum\":1}}", "reject not_a_run 1:0 m\n"},
        {FRONT "\"dimensions\":[\"TrainingJobName\"],\"value\":{\"sum\":1}}", "reject not_a_run 1:0 m\n"},
        {FRONT RUN "\"value\":{}}", "reject no_value 1:0 \n"},
        {FRONT RUN "\"value\":{\"p50\":3}}", "reject no_value 1:0 \n"},
        {FRONT RUN "\"value\":{\"sum\":\"x\"}}", "reject bad_value 1:0 x\n"},
        {FRONT RUN "\"value\":{\"sum\":1,\"count\":-1}}", "reject bad_count 1:0 -1\n"},
        {FRONT RUN "\"value\":{\"min\":1,\"max\":0}}", "reject min_over_max 1:0 1 over 0\n"},
        {"{" RUN "\"timestamp\":1560348420000,\"value\":{\"sum\":1}}", "reject no_metric 1:0 \n"},
        {"{" RUN "\"metric_name\":\"m\",\"value\":{\"sum\":1}}", "reject no_time 1:0 m\n"},
        {"{" RUN "\"metric_name\":\"m\",\"timestamp\":true,\"value\":{\"sum\":1}}", "reject bad_time 1:0 true\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        KIT_DECODES(LW_FORMAT_METRIC_STREAM, NULL, cases[i].text, cases[i].calls);
}

static const char sample[] =
    RECORD("1", "a") "{\"value\":{\"sum\":[1,{}]}}\n" RECORD("1", "b") "{oops}\n[" RECORD("3", "c") "]";

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(31);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_METRIC_STREAM, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_METRIC_STREAM, NULL, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_METRIC_STREAM, NULL, sample, sizeof(sample) - 1);
}

KIT_SUITE("decode/metric_stream", {"a stream gives datapoints and heartbeats with their origin", reads_a_stream},
          {"keys come in any order, percentiles are passed over", reads_free_order},
          {"accounts and regions are kept apart", keeps_origins_apart},
          {"a job's own dimension goes before its host", prefers_the_job_to_its_host},
          {"what is not used is rejected with its reason", tells_what_is_wrong},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
