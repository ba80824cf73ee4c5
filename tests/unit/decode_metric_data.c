#include "tests/kit/decoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB "DEMO-imageclassification-2019-06-12-14-03-27"

static void decode_file(struct kit_decoded *out, const char *path, const struct lw_decode_options *options)
{
    size_t n;
    char *text = kit_data(path, &n);

    kit_decode(out, LW_FORMAT_METRIC_DATA, options, text, n);
    free(text);
}

static void reads_both_versions(void)
{
    static struct kit_decoded out;
    struct lw_decode_options options = {.run = LW_STR(JOB)};
    static const char want[] = "point ||" JOB "|train:accuracy 1560348420000 cloudwatch average=0.025\n"
                               "point ||" JOB "|train:accuracy 1560348540000 cloudwatch average=0.0791\n"
                               "point ||" JOB "|CPUUtilization 1560348420000 cloudwatch heartbeat average=187.25\n";

    decode_file(&out, "payloads/get_metric_data.cli.json", &options);
    CU_ASSERT_STRING_EQUAL(out.text, want);
    CU_ASSERT_EQUAL(out.records, 3);
    decode_file(&out, "payloads/get_metric_data.response.wire.json", &options);
    CU_ASSERT_STRING_EQUAL(out.text, want);
}

static void guesses_no_run(void)
{
    static struct kit_decoded out;

    decode_file(&out, "payloads/get_metric_data.cli.json", NULL);
    CU_ASSERT_EQUAL(out.points, 0);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_NO_RUN], 3);
    CU_ASSERT(strstr(out.text, "pass --run NAME") != NULL);
}

#define RESULT(id, label, times, values)                                                                               \
    "{\"Id\":\"" id "\",\"Label\":\"" label "\",\"Timestamps\":[" times "],\"Values\":[" values "],\"StatusCode\":"    \
    "\"Complete\"}"
#define ANSWER(results) "{\"Messages\":[],\"MetricDataResults\":[" results "]}\n"
#define T1              "1560348420.0"
#define T2              "\"2019-06-12T14:09:00Z\""

static void reads_labels(void)
{
    KIT_DECODES(
        LW_FORMAT_METRIC_DATA, NULL,
        ANSWER(RESULT("a", "job-1/train:accuracy/Average", T1 "," T2, "1,2") "," RESULT(
            "b", "job-1/train:accuracy/sum", T1,
            "3") "," RESULT("c", "job-1/a/b/Minimum", T1,
                            "4") "," RESULT("d", "job-1/m/Maximum", T1,
                                            "5") "," RESULT("e", "job-1/m/SampleCount", T1,
                                                            "6") "," RESULT("f", "job-1/algo-1/GPUUtilization/Average",
                                                                            T1, "7")),
        "point ||job-1|train:accuracy 1560348420000 cloudwatch average=1\n"
        "point ||job-1|train:accuracy 1560348540000 cloudwatch average=2\n"
        "point ||job-1|train:accuracy 1560348420000 cloudwatch sum=3\n"
        "point ||job-1|a/b 1560348420000 cloudwatch min=4\n"
        "point ||job-1|m 1560348420000 cloudwatch max=5\n"
        "point ||job-1|m 1560348420000 cloudwatch count=6\n"
        "point ||job-1|GPUUtilization 1560348420000 cloudwatch heartbeat average=7\n");
}

static void takes_what_the_user_says(void)
{
    struct lw_decode_options options = {
        .run = LW_STR("r"), .metric = LW_STR("m"), .stat = LW_STR("Maximum"), .origin = LW_STR("o")};

    KIT_DECODES(LW_FORMAT_METRIC_DATA, &options,
                ANSWER(RESULT("a", "whatever", T1, "1") "," RESULT("b", "x Sum", T1, "2") "," RESULT(
                    "c", "x/Minimum", T1, "3") "," RESULT("d", "job/y/Average", T1, "4")),
                "point o||r|m 1560348420000 cloudwatch max=1\n"
                "point o||r|m 1560348420000 cloudwatch sum=2\n"
                "point o||r|m 1560348420000 cloudwatch min=3\n"
                "point o||job|y 1560348420000 cloudwatch average=4\n");
}

static void refuses_other_statistics(void)
{
    struct lw_decode_options options = {.run = LW_STR("r"), .stat = LW_STR("p90")};

    KIT_DECODES(LW_FORMAT_METRIC_DATA, &options,
                ANSWER(RESULT("a", "job/m/p99", T1 "," T2, "1,2") "," RESULT("b", "m tm90", T1,
                                                                             "1") "," RESULT("c", "m", T1, "1")),
                "reject unknown_record 1:36 p99\nreject unknown_record 1:36 p99\n"
                "reject unknown_record 1:157 tm90\nreject unknown_record 1:250 p90\n");
}

static void reads_values_first(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_DATA, NULL,
                ANSWER("{\"Values\":[1,2],\"Timestamps\":[" T1 "," T2 "],\"Label\":\"j/m/Sum\"}"),
                "point ||j|m 1560348420000 cloudwatch sum=1\npoint ||j|m 1560348540000 cloudwatch sum=2\n");
}

static void joins_an_id_over_results(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_DATA, NULL,
                ANSWER(RESULT("a", "j/m/Sum", T1, "1") ",{\"Id\":\"a\",\"Timestamps\":[" T2 "],\"Values\":[2]},"
                                                       "{\"Id\":\"b\",\"Timestamps\":[" T2 "],\"Values\":[2]}"),
                "point ||j|m 1560348420000 cloudwatch sum=1\npoint ||j|m 1560348540000 cloudwatch sum=2\n"
                "reject no_metric 1:192 the file names no metric: pass --metric NAME\n");
}

static void refuses_uneven_arrays(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_DATA, NULL,
                ANSWER(RESULT("a", "j/m/Sum", T1 "," T2, "1") "," RESULT("b", "j/m/Sum", T1, "1")),
                "reject uneven_arrays 1:36 2 times, 1 values\npoint ||j|m 1560348420000 cloudwatch sum=1\n");
}

static void rejects_single_entries(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_DATA, NULL,
                "{\"MetricDataResults\":[{\"Label\":\"j/m/Sum\",\n\"Timestamps\":[\"x\"," T1 "," T1 "," T2 "],\n"
                "\"Values\":[1,null,\"NaN\",4]}]}",
                "reject bad_time 2:56 x\nreject bad_value 3:123 null\nreject not_finite 3:128 NaN\n"
                "point ||j|m 1560348540000 cloudwatch sum=4\n");
}

static void tells_of_missing_data(void)
{
    KIT_DECODES(
        LW_FORMAT_METRIC_DATA, NULL,
        ANSWER("{\"Id\":\"a\",\"Label\":\"j/m/Sum\",\"StatusCode\":\"Complete\",\"Timestamps\":[],\"Values\":[]},"
               "{\"Label\":\"j/m/Sum\",\"StatusCode\":\"Forbidden\",\"Timestamps\":[],\"Values\":[]}"),
        "reject no_value 1:117 Forbidden\n");
    KIT_DECODES(LW_FORMAT_METRIC_DATA, NULL, "{\"a\":1}\n3\n{\"MetricDataResults\":[3,[]]}",
                "reject unknown_record 1:6 \nreject unknown_record 2:8 3\nreject unknown_record 3:32 3\n"
                "reject unknown_record 3:34 \n");
}

static void reads_documents_in_a_row(void)
{
    KIT_DECODES(LW_FORMAT_METRIC_DATA, NULL,
                ANSWER(RESULT("a", "j/m/Sum", T1, "1"))
                    ANSWER(RESULT("a", "k/m/Sum", T1, "2")) "[" ANSWER(RESULT("a", "l/m/Sum", T1, "3")) "]",
                "point ||j|m 1560348420000 cloudwatch sum=1\npoint ||k|m 1560348420000 cloudwatch sum=2\n"
                "point ||l|m 1560348420000 cloudwatch sum=3\n");
}

static char *large_answer(size_t entries, size_t *n)
{
    char *text = malloc(entries * 24 + 200);

    if (text == NULL)
        abort();
    *n = (size_t)sprintf(text, "{\"MetricDataResults\":[{\"Label\":\"j/m/Average\",\"Values\":[");
    for (size_t i = 0; i < entries; i++)
        *n += (size_t)sprintf(text + *n, "%s0.%zu", i > 0 ? "," : "", i % 97);
    *n += (size_t)sprintf(text + *n, "],\"Timestamps\":[");
    for (size_t i = 0; i < entries; i++)
        *n += (size_t)sprintf(text + *n, "%s%zu", i > 0 ? "," : "", 1560348420 + i * 60);
    *n += (size_t)sprintf(text + *n, "]}]}");
    return text;
}

static void reads_the_largest_arrays(void)
{
    static struct kit_decoded out;
    size_t n;
    char *text = large_answer(100800, &n);

    kit_decode(&out, LW_FORMAT_METRIC_DATA, NULL, text, n);
    CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out.points, 100800);
    CU_ASSERT_EQUAL(out.records, 100800);
    free(text);
    text = large_answer(100801, &n);
    kit_decode(&out, LW_FORMAT_METRIC_DATA, NULL, text, n);
    CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out.points, 0);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TOO_LARGE], 1);
    free(text);
}

static const char sample[] =
    ANSWER(RESULT("a", "j/m/Sum", T1 "," T2, "1,2") "," RESULT("b", "m", T1, "1")) "{bad}\n" ANSWER(
        RESULT("a", "j/m/Sum", T1, "1")) "{\"MetricDataResults\":[" RESULT("a", "j/m/p99", T1, "1") ",{\"Id\"";

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(41);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_METRIC_DATA, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_METRIC_DATA, NULL, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_METRIC_DATA, NULL, sample, sizeof(sample) - 1);
}

KIT_SUITE("decode/metric_data", {"both versions of the CLI are read, --run names the run", reads_both_versions},
          {"without a run nothing is guessed", guesses_no_run},
          {"a label job/metric/statistic names the series", reads_labels},
          {"--run, --metric and --stat name what the label does not", takes_what_the_user_says},
          {"statistics that are no member of a set are refused", refuses_other_statistics},
          {"values may come before their times", reads_values_first},
          {"one id may be split over several results", joins_an_id_over_results},
          {"times and values of different number are not used", refuses_uneven_arrays},
          {"a bad entry does not spoil its neighbours", rejects_single_entries},
          {"a result that may have had data says so", tells_of_missing_data},
          {"several documents follow one another", reads_documents_in_a_row},
          {"100800 entries are read, more are refused", reads_the_largest_arrays},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
