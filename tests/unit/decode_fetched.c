#include "tests/kit/kit.h"

#include "tests/kit/decoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATISTICS                                                                                                     \
    "{\"lw_fetched\":\"get-metric-statistics\",\"origin\":\"1/us-east-1\",\"run\":\"J-1\",\"metric\":\"loss\","        \
    "\"body\":{\"Label\":\"loss\",\"Datapoints\":[{\"Timestamp\":60.0,\"SampleCount\":2.0,\"Average\":0.5,\"Sum\":1."  \
    "0,"                                                                                                               \
    "\"Minimum\":0.25,\"Maximum\":0.75,\"Unit\":\"None\"}]}}\n"
#define JOB                                                                                                            \
    "{\"lw_fetched\":\"training-jobs\",\"label\":\"x\",\"body\":{\"TrainingJobName\":\"J-1\",\"TrainingJobArn\":"      \
    "\"arn:aws:sagemaker:us-east-1:1:training-job/"                                                                    \
    "j-1\",\"TrainingJobStatus\":\"Completed\",\"LastModifiedTime\":5}}\n"
#define EVENT                                                                                                          \
    "{\"lw_fetched\":\"loggly-export\",\"body\":{\"id\":\"a\",\"timestamp\":120000,\"event\":{\"json\":{"              \
    "\"timestamp\":"                                                                                                   \
    "\"1970-01-01T00:02:00Z\",\"sampleCount\":1,\"average\":3,\"sum\":3,\"minimum\":3,\"maximum\":3,\"metricName\":"   \
    "\"loss\",\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":\"J-1\"}}}}\n"

static void every_line_is_read_as_the_document_that_it_holds(void)
{
    KIT_DECODES(LW_FORMAT_FETCHED, NULL, STATISTICS JOB EVENT,
                "point 1/us-east-1||J-1|loss 60000 cloudwatch sum=1 min=0.25 max=0.75 count=2 average=0.5\n"
                "fact STATUS 1/us-east-1||J-1 at=5000 number=5 rank=2\n"
                "point ||J-1|loss 120000 cloudwatch sum=3 min=3 max=3 count=1 average=3\n");
}

static void what_the_line_says_of_its_body_goes_before_options(void)
{
    struct lw_decode_options options = {.run = LW_STR("other"), .metric = LW_STR("other"), .origin = LW_STR("o")};

    KIT_DECODES(LW_FORMAT_FETCHED, &options, STATISTICS EVENT,
                "point 1/us-east-1||J-1|loss 60000 cloudwatch sum=1 min=0.25 max=0.75 count=2 average=0.5\n"
                "point o||J-1|loss 120000 cloudwatch sum=3 min=3 max=3 count=1 average=3\n");
}

static void a_file_of_them_is_recognised(void)
{
    CU_ASSERT_EQUAL(lw_decode_sniff(LW_STR(STATISTICS JOB), LW_STR("x"), NULL), LW_FORMAT_FETCHED);
    CU_ASSERT_EQUAL(lw_decode_sniff(LW_STR(JOB), LW_STR("x"), NULL), LW_FORMAT_FETCHED);
    CU_ASSERT_EQUAL(lw_decode_sniff(LW_STR(EVENT), LW_STR("x"), NULL), LW_FORMAT_FETCHED);
}

static void other_lines_are_counted_with_their_place(void)
{
    struct kit_decoded *out = calloc(1, sizeof(*out));
    const char *text =
        JOB "\n{\"a\":1}\n{\"lw_fetched\":\"auto\",\"body\":{}}\nnonsense\n"
            "{\"lw_fetched\":\"training-jobs\",\"body\":{\"x\":1}}\n"
            "{\"lw_fetched\":\"training-jobs\",\"body\":{}, \"late\":1}\n{\"lw_fetched\":\"loggly\"}\n" JOB;

    kit_decode(out, LW_FORMAT_FETCHED, NULL, text, strlen(text));
    CU_ASSERT_EQUAL(out->err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out->facts, 2);
    CU_ASSERT_EQUAL(out->rejects, 6);
    CU_ASSERT_EQUAL(out->records, 8);
    CU_ASSERT_PTR_NOT_NULL(strstr(out->text, " 3:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out->text, " 5:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out->text, " 6:"));
    free(out);
}

static void a_bad_value_is_found_at_its_byte(void)
{
    static const char text[] = JOB JOB "{\"lw_fetched\":\"training-jobs\",\"body\":{\"TrainingJobName\":\"J\","
                                       "\"TrainingJobStatus\":\"Odd\"}}\n";
    struct kit_decoded *out = calloc(1, sizeof(*out));
    char want[64];

    kit_decode(out, LW_FORMAT_FETCHED, NULL, text, strlen(text));
    snprintf(want, sizeof(want), " 3:%zu ", (size_t)(strstr(text, "\"Odd\"") - text));
    CU_ASSERT_PTR_NOT_NULL(strstr(out->text, want));
    free(out);
}

static void cuts_and_ends_change_nothing(void)
{
    struct kit_random random = kit_seed(11);
    static const char text[] = STATISTICS JOB "{\"x\n" EVENT EVENT;

    kit_decode_cuts(LW_FORMAT_FETCHED, NULL, text, sizeof(text) - 1, 1, &random);
    kit_decode_ends(LW_FORMAT_FETCHED, NULL, text, sizeof(text) - 1);
    kit_decode_torture(LW_FORMAT_FETCHED, NULL, text, sizeof(text) - 1);
}

KIT_SUITE("decode_fetched",
          {"every line is read as the document that it holds", every_line_is_read_as_the_document_that_it_holds},
          {"what the line says of its body goes before options", what_the_line_says_of_its_body_goes_before_options},
          {"a file of them is recognised", a_file_of_them_is_recognised},
          {"other lines are counted with their place", other_lines_are_counted_with_their_place},
          {"a bad value is found at its byte", a_bad_value_is_found_at_its_byte},
          {"cuts and ends change nothing", cuts_and_ends_change_nothing})
