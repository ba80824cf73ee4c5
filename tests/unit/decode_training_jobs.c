#include "tests/kit/decoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void decode_file(struct kit_decoded *out, const char *path)
{
    size_t n;
    char *text = kit_data(path, &n);

    kit_decode(out, LW_FORMAT_TRAINING_JOBS, NULL, text, n);
    free(text);
}

static int has_line(const struct kit_decoded *out, const char *line)
{
    if (strstr(out->text, line) != NULL)
        return 1;
    return 0;
}

/* The values are those of the document itself; both forms hold the same job. */
static void reads_a_described_job(void)
{
    static const char *const paths[] = {"payloads/describe_training_job.wire.json",
                                        "payloads/describe_training_job.cli_v2.json"};
#define HEAD "123456789012/us-west-2||sagemaker-xgboost-2021-02-23-03-18-53-351"
    static const char *const lines[] = {
        "fact STATUS " HEAD " at=1614050620372 number=5 rank=2\n",
        "fact SECONDARY " HEAD " text=Completed number=0 rank=2\n",
        "fact CREATED " HEAD " at=1614050333533 number=0 rank=2\n",
        "fact STARTED " HEAD " at=1614050477235 number=0 rank=2\n",
        "fact ENDED " HEAD " at=1614050541411 number=0 rank=2\n",
        "fact TRAINING_SECONDS " HEAD " number=64 rank=2\n",
        "fact BILLABLE_SECONDS " HEAD " number=64 rank=2\n",
        "fact INSTANCE_TYPE " HEAD " text=ml.m4.xlarge number=0 rank=2\n",
        "fact INSTANCE_COUNT " HEAD " number=1 rank=2\n",
        "fact PHASE " HEAD " text=Starting at=1614050333533 until=1614050477235 number=0 rank=2\n",
        "fact PHASE " HEAD " text=Downloading at=1614050477235 until=1614050495341 number=0 rank=2\n",
        "fact PHASE " HEAD " text=Training at=1614050495341 until=1614050532679 number=0 rank=2\n",
        "fact PHASE " HEAD " text=Uploading at=1614050532679 until=1614050541411 number=0 rank=2\n",
        "fact PHASE " HEAD " text=Completed at=1614050541411 until=1614050541411 number=0 rank=2\n",
        "fact FINAL_METRIC " HEAD " key=train:error at=1614050531000 number=0.034570001065731049 rank=2\n",
        "fact FINAL_METRIC " HEAD " key=validation:error at=1614050531000 number=0.063000001013278961 rank=2\n",
    };
    static struct kit_decoded out;

    for (size_t i = 0; i < 2; i++) {
        decode_file(&out, paths[i]);
        CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
        CU_ASSERT_EQUAL(out.records, 1);
        CU_ASSERT_EQUAL(out.rejects, 0);
        CU_ASSERT_EQUAL(out.facts, sizeof(lines) / sizeof(lines[0]));
        for (size_t j = 0; j < sizeof(lines) / sizeof(lines[0]); j++) {
            CU_ASSERT(has_line(&out, lines[j]));
            if (!has_line(&out, lines[j]))
                CU_FAIL(lines[j]);
        }
    }
}

static void reads_lists(void)
{
    static struct kit_decoded out;

    decode_file(&out, "payloads/list_training_jobs.wire.json");
#define DEMO "123456789012/us-east-1||DEMO-imageclassification-2019-06-12-14-03-27"
    CU_ASSERT_STRING_EQUAL(out.text, "fact STATUS " DEMO " at=1560348800001 number=5 rank=2\n"
                                     "fact CREATED " DEMO " at=1560348207512 number=0 rank=2\n"
                                     "fact ENDED " DEMO " at=1560348800001 number=0 rank=2\n"
                                     "fact SECONDARY " DEMO " text=Completed number=0 rank=2\n");
}

static void reads_state_changes(void)
{
    static struct kit_decoded out;

    decode_file(&out, "payloads/eventbridge_training_job_state_change.json");
#define KMEANS "123456789012/us-east-1||89c96cc8-dded-4739-afcc-6f1dc936701d"
    CU_ASSERT_STRING_EQUAL(out.text, "fact STATUS " KMEANS " at=1583831889050 number=5 rank=2\n"
                                     "fact SECONDARY " KMEANS " text=Completed number=0 rank=2\n"
                                     "fact INSTANCE_TYPE " KMEANS " text=InstanceType number=0 rank=2\n"
                                     "fact INSTANCE_COUNT " KMEANS " number=3 rank=2\n"
                                     "fact CREATED " KMEANS " at=1583831889050 number=0 rank=2\n"
                                     "fact STARTED " KMEANS " at=1583831889050 number=0 rank=2\n"
                                     "fact ENDED " KMEANS " at=1583831889050 number=0 rank=2\n");
}

#define JOB(name, more) "{\"TrainingJobName\":\"" name "\"" more "}"

static void reads_all_holders(void)
{
    KIT_DECODES(LW_FORMAT_TRAINING_JOBS, NULL,
                JOB("a", ",\"CreationTime\":1") "[" JOB("b", ",\"CreationTime\":2") "," JOB(
                    "c", ",\"CreationTime\":3") "]\n"
                                                "{\"NextToken\":\"x\",\"TrainingJobSummaries\":[]}\n"
                                                "{\"TrainingJobSummaries\":[" JOB("d", ",\"CreationTime\":4") "," JOB(
                                                    "e", ",\"CreationTime\":5") "],"
                                                                                "\"NextToken\":\"x\"}\n"
                                                                                "{\"Results\":[{\"TrainingJob\":" JOB(
                                                                                    "f", ",\"CreationTime\":6") "}]}",
                "fact CREATED ||a at=1000 number=0 rank=2\nfact CREATED ||b at=2000 number=0 rank=2\n"
                "fact CREATED ||c at=3000 number=0 rank=2\nfact CREATED ||d at=4000 number=0 rank=2\n"
                "fact CREATED ||e at=5000 number=0 rank=2\nfact CREATED ||f at=6000 number=0 rank=2\n");
}

static void reads_tags_spot_and_tuning(void)
{
    KIT_DECODES(
        LW_FORMAT_TRAINING_JOBS, NULL,
        "{\"Tags\":[{\"Value\":\"churn\",\"Key\":\"leeway:model\"},{\"Key\":\"empty\",\"Value\":\"\"}],"
        "\"EnableManagedSpotTraining\":true,\"TuningJobArn\":\"arn:aws:sagemaker:eu-west-1:1:"
        "hyper-parameter-tuning-job/tune-7\",\"FailureReason\":\"OutOfMemory\",\"TrainingJobStatus\":\"Failed\","
        "\"TrainingJobName\":\"r\"}\n"
        "{\"Tags\":{\"team\":\"a\",\"x\":5},\"TrainingJobName\":\"s\",\"EnableManagedSpotTraining\":false}",
        "fact STATUS ||r number=4 rank=2\n"
        "fact TAG ||r key=leeway:model text=churn number=0 rank=2\n"
        "fact TAG ||r key=empty number=0 rank=2\n"
        "fact SPOT ||r number=1 rank=2\n"
        "fact TUNING_JOB ||r text=tune-7 number=0 rank=2\n"
        "fact FAILURE ||r text=OutOfMemory number=0 rank=2\n"
        "fact TAG ||s key=team text=a number=0 rank=2\n");
}

static void reads_trials(void)
{
    KIT_DECODES(
        LW_FORMAT_TRAINING_JOBS, NULL,
        "{\"TrainingJobSummaries\":[{\"TrainingJobName\":\"t-001-1a2b3c4d\",\"TrainingJobStatus\":\"Completed\","
        "\"FinalHyperParameterTuningJobObjectiveMetric\":{\"MetricName\":\"validation:auc\",\"Value\":0.75},"
        "\"ObjectiveStatus\":\"Succeeded\",\"TunedHyperParameters\":{\"eta\":\"0.2\"}}]}",
        "fact STATUS ||t-001-1a2b3c4d number=5 rank=2\n"
        "fact FINAL_METRIC ||t-001-1a2b3c4d key=validation:auc number=0.75 rank=2\n");
}

static void reads_clusters_of_several_kinds(void)
{
    KIT_DECODES(LW_FORMAT_TRAINING_JOBS, NULL,
                JOB("r",
                    ",\"ResourceConfig\":{\"InstanceGroups\":[{\"InstanceType\":\"ml.c5.xlarge\",\"InstanceCount\":1},"
                    "{\"InstanceCount\":2,\"InstanceType\":\"ml.p3.2xlarge\"}]}"),
                "fact INSTANCE_TYPE ||r text=ml.c5.xlarge+ml.p3.2xlarge number=0 rank=2\n"
                "fact INSTANCE_COUNT ||r number=3 rank=2\n");
}

static void reads_jobs_in_progress(void)
{
    KIT_DECODES(LW_FORMAT_TRAINING_JOBS, NULL,
                JOB("r",
                    ",\"TrainingJobStatus\":\"InProgress\",\"SecondaryStatusTransitions\":[{\"Status\":\"Training\","
                    "\"StartTime\":1614050495.341}],\"TrainingEndTime\":null"),
                "fact STATUS ||r number=1 rank=2\n"
                "fact PHASE ||r text=Training at=1614050495341 number=0 rank=2\n");
}

static void tells_what_is_wrong(void)
{
    static const struct {
        const char *text, *calls;
    } cases[] = {
        {"{}", "reject unknown_record 1:0 \n"},
        {"{\"a\":{\"TrainingJobName\":\"r\"}}", "reject unknown_record 1:0 \n"},
        {"{\"TrainingJobStatus\":\"Completed\"}", "reject no_run 1:0 a job without TrainingJobName\n"},
        {"{\"TrainingJobSummaries\":[7]}", "reject unknown_record 1:25 7\n"},
        {JOB("r", ",\"TrainingJobStatus\":\"Deleting\""), "reject unknown_record 1:43 Deleting\n"},
        {JOB("r", ",\"CreationTime\":\"dawn\""), "reject bad_time 1:38 dawn\n"},
        {JOB("r", ",\"BillableTimeInSeconds\":-1"), "reject bad_value 1:47 -1\n"},
        {JOB("r", ",\"BillableTimeInSeconds\":\"NaN\""), "reject not_finite 1:47 NaN\n"},
        {JOB("r", ",\"FinalMetricDataList\":[{\"MetricName\":\"m\"}]"),
         "reject unknown_record 1:63 an incomplete transition, final metric or tag\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        KIT_DECODES(LW_FORMAT_TRAINING_JOBS, NULL, cases[i].text, cases[i].calls);
}

static void bounds_the_facts_of_a_job(void)
{
    static struct kit_decoded out;
    enum { TAGS = 20000 };
    char *text = malloc(TAGS * 24 + 100);
    size_t n;

    CU_ASSERT_FATAL(text != NULL);
    n = (size_t)sprintf(text, "{\"TrainingJobName\":\"r\",\"Tags\":[");
    for (int i = 0; i < TAGS; i++)
        n += (size_t)sprintf(text + n, "%s{\"Key\":\"k\",\"Value\":\"v\"}", i > 0 ? "," : "");
    n += (size_t)sprintf(text + n, "]}");
    kit_decode(&out, LW_FORMAT_TRAINING_JOBS, NULL, text, n);
    CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out.facts, 12000);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TOO_LARGE], 1);
    free(text);
}

static const char sample[] = "{\"TrainingJobSummaries\":[" JOB(
    "a", ",\"CreationTime\":4,\"TrainingJobArn\":\"arn:aws:sagemaker:eu:1:training-job/"
         "a\"") "," JOB("b", ",\"FinalMetricDataList\":[{\"MetricName\":\"m\",\"Value\":0."
                             "5,\"Timestamp\":7}]") "]}\n{bad}\n"
                                                    "[" JOB("c", ",\"Tags\":{\"team\":"
                                                                 "\"a\"},"
                                                                 "\"ResourceConfig\":{"
                                                                 "\"InstanceGroups\":[{"
                                                                 "\"InstanceType\":\"x\"}]"
                                                                 "}") "]\n" JOB("d", ",\"SecondaryStatusTransitions\":["
                                                                                     "{\"Status\":\"Training\","
                                                                                     "\"StartTime\":1}],"
                                                                                     "\"TuningJobArn\":\"a/t\"");

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(61);
    size_t n;
    char *text = kit_data("payloads/describe_training_job.wire.json", &n);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_TRAINING_JOBS, NULL, sample, sizeof(sample) - 1, 1, &random));
    CU_ASSERT(kit_decode_cuts(LW_FORMAT_TRAINING_JOBS, NULL, text, n, 0, &random));
    free(text);
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_TRAINING_JOBS, NULL, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_TRAINING_JOBS, NULL, sample, sizeof(sample) - 1);
}

KIT_SUITE("decode/training_jobs",
          {"a described job gives all its facts, from the wire and from the CLI", reads_a_described_job},
          {"a list gives status and times", reads_lists},
          {"a state change of EventBridge is a job", reads_state_changes},
          {"jobs are found in documents, arrays, pages and search results", reads_all_holders},
          {"tags, spot and tuning jobs are facts", reads_tags_spot_and_tuning},
          {"trials of a tuning job have their objective", reads_trials},
          {"instance groups are joined", reads_clusters_of_several_kinds},
          {"a job in progress has no ends", reads_jobs_in_progress},
          {"what is not used is rejected with its reason", tells_what_is_wrong},
          {"the facts of one job are bounded", bounds_the_facts_of_a_job},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
