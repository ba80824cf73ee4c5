#include "tests/kit/decoded.h"

#include <string.h>

#define HEAD                                                                                                           \
    "timestamp,json.timestamp,json.metricName,json.average,json.minimum,json.maximum,json.sum,json.sampleCount,"       \
    "json.namespace,json.trainingJobName,json.host,json.unit\n"

static void reads_columns_of_the_message(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_CSV, NULL,
                HEAD "1560348181000,2019-06-12T14:03:00.000Z,validation:accuracy,0.75,0.5,1,1.5,2,"
                     "/aws/sagemaker/TrainingJobs,ic-1,,None\n"
                     "1560348181000,2019-06-12T14:03:00.000Z,GPUUtilization,97,97,97,97,1,"
                     "/aws/sagemaker/TrainingJobs,,ic-1/algo-1,\n",
                "point ||ic-1|validation:accuracy 1560348180000 cloudwatch sum=1.5 min=0.5 max=1 count=2 average=0.75\n"
                "point ||ic-1|GPUUtilization 1560348180000 cloudwatch heartbeat sum=97 min=97 max=97 count=1 "
                "average=97\n");
}

static void the_time_of_the_event_stands_in_for_that_of_the_message(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_CSV, NULL,
                "timestamp,json.metricName,json.average,json.trainingJobName\n1560348180000,loss,2,r\n",
                "point ||r|loss 1560348180000 cloudwatch average=2\n");
    /* As tools that rewrite exports print it. */
    KIT_DECODES(LW_FORMAT_LOGGLY_CSV, NULL,
                "json.metricName,json.average,json.trainingJobName,timestamp\nloss,2,r,2019-06-12 14:03:00.250000\n",
                "point ||r|loss 1560348180250 cloudwatch average=2\n");
}

static void reads_the_message_as_text(void)
{
    KIT_DECODES(
        LW_FORMAT_LOGGLY_CSV, NULL,
        "id,timestamp,logmsg,raw,tags\n"
        "1,1560348180000,\"{\"\"metricName\"\":\"\"loss\"\",\"\"average\"\":2,\"\"trainingJobName\"\":\"\"r\"\"}\",,x\n"
        "2,1560348240000,hello,\"{\"\"metricName\"\":\"\"loss\"\",\"\"average\"\":1,\"\"trainingJobName\"\":\"\"r\"\"}"
        "\",x\n"
        "3,1560348240000,hello,,x\n",
        "point ||r|loss 1560348180000 cloudwatch average=2\n"
        "point ||r|loss 1560348240000 cloudwatch average=1\n"
        "reject unknown_record 4:208 hello\n");
}

static void a_header_of_bare_fields_is_taken_as_the_messages(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_CSV, NULL,
                "timestamp,metricName,average,trainingJobName\n2019-06-12T14:03:00Z,loss,2,r\n",
                "point ||r|loss 1560348180000 cloudwatch average=2\n");
}

static void other_events_in_the_export_have_their_reasons(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_CSV, NULL,
                "json.timestamp,json.metricName,json.average,json.trainingJobName,json.namespace,json.lw_event\n"
                "2019-06-12T14:03:00Z,loss,x,r,,\n"
                "2019-06-12T14:03:00Z,loss,1,,,\n"
                "2019-06-12T14:03:00Z,loss,1,r,AWS/EC2,\n"
                "2019-06-12T14:03:00Z,,,r,,alert\n"
                "2019-06-12T14:03:00Z,loss,1,r,,metric\n"
                ",loss,1,r,,\n"
                "2019-06-12T14:03:00Z,loss,1\n",
                "reject bad_value 2:94 x\n"
                "point |||loss 1560348180000 cloudwatch average=1\n"
                "reject not_a_run 4:157 AWS/EC2\n"
                "reject own_event 5:196 \n"
                "point ||r|loss 1560348180000 cloudwatch average=1\n"
                "reject no_time 7:266 loss\n"
                "reject bad_row 8:278 fewer cells than the header\n");
}

static const char sample[] = HEAD "1560348181000,2019-06-12T14:03:00.000Z,\"validation:accuracy\",0.75,0.5,1,1.5,2,"
                                  "/aws/sagemaker/TrainingJobs,ic-1,,None\n"
                                  "1560348181000,2019-06-12T14:03:00.000Z,GPUUtilization,97,97,97,97,1,"
                                  "/aws/sagemaker/TrainingJobs,,ic-1/algo-1,\n"
                                  "x\n";
static const char sample_text[] =
    "id,timestamp,logmsg,raw\n"
    "1,1560348180000,\"{\"\"metricName\"\":\"\"loss\"\",\"\"average\"\":2,\"\"trainingJobName\"\":\"\"r\"\"}\",\n"
    "2,1560348180000,hello,{}\n";

static void any_cut_gives_the_same(void)
{
    struct kit_random random = kit_seed(2);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOGGLY_CSV, NULL, sample, sizeof(sample) - 1, 1, &random));
    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOGGLY_CSV, NULL, sample_text, sizeof(sample_text) - 1, 1, &random));
}

static void it_may_end_at_any_byte(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_LOGGLY_CSV, NULL, sample, sizeof(sample) - 1));
    CU_ASSERT(kit_decode_ends(LW_FORMAT_LOGGLY_CSV, NULL, sample_text, sizeof(sample_text) - 1));
}

static void memory_may_run_out_anywhere(void)
{
    kit_decode_torture(LW_FORMAT_LOGGLY_CSV, NULL, sample, sizeof(sample) - 1);
    kit_decode_torture(LW_FORMAT_LOGGLY_CSV, NULL, sample_text, sizeof(sample_text) - 1);
}

KIT_SUITE("loggly_csv", {"reads columns of the message", reads_columns_of_the_message},
          {"the time of the event stands in for that of the message",
           the_time_of_the_event_stands_in_for_that_of_the_message},
          {"reads the message as text", reads_the_message_as_text},
          {"a header of bare fields is taken as the message's", a_header_of_bare_fields_is_taken_as_the_messages},
          {"other events in the export have their reasons", other_events_in_the_export_have_their_reasons},
          {"any cut gives the same", any_cut_gives_the_same}, {"it may end at any byte", it_may_end_at_any_byte},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
