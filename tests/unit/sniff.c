#include "engine/decode/format.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_format(struct lw_str text, const char *path, const struct lw_columns *columns, enum lw_format want)
{
    enum lw_format got = lw_decode_sniff(text, lw_str_from(path), columns);

    if (got == want)
        return 1;
    printf("# got %s, want %s: %.*s\n", lw_format_id(got), lw_format_id(want), (int)(text.len < 100 ? text.len : 100),
           text.at);
    return 0;
}

#define SNIFFS(text, format) CU_ASSERT(is_format(LW_STR(text), "", NULL, LW_FORMAT_##format))

static void knows_the_payloads(void)
{
    static const struct {
        const char *path;
        enum lw_format format;
    } files[] = {
        {"describe_training_job.cli_v2.json", LW_FORMAT_TRAINING_JOBS},
        {"describe_training_job.wire.json", LW_FORMAT_TRAINING_JOBS},
        {"eventbridge_training_job_state_change.json", LW_FORMAT_TRAINING_JOBS},
        {"list_training_jobs.wire.json", LW_FORMAT_TRAINING_JOBS},
        {"filter_log_events.json", LW_FORMAT_LOG_EVENTS},
        {"get_log_events.json", LW_FORMAT_LOG_EVENTS},
        {"logs_subscription.decoded.json", LW_FORMAT_LOG_EVENTS},
        {"get_metric_data.cli.json", LW_FORMAT_METRIC_DATA},
        {"get_metric_data.response.wire.json", LW_FORMAT_METRIC_DATA},
        {"metric_stream.ndjson", LW_FORMAT_METRIC_STREAM},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[128];
        size_t n;
        char *text;

        snprintf(path, sizeof(path), "payloads/%s", files[i].path);
        text = kit_data(path, &n);
        CU_ASSERT(is_format((struct lw_str){text, n}, "", NULL, files[i].format));
        /* Also when only the beginning is there, as long as it says anything. */
        CU_ASSERT(is_format((struct lw_str){text, n * 9 / 10}, "", NULL, files[i].format));
        free(text);
    }
}

#define EVENT                                                                                                          \
    "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"sampleCount\":1,\"average\":1,\"sum\":1,\"minimum\":1,\"maximum\":" \
    "1,"                                                                                                               \
    "\"metricName\":\"m\",\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":\"r\"}"

static void knows_loggly(void)
{
    SNIFFS(EVENT "\n" EVENT, LOGGLY);
    SNIFFS("{\"trainingJobName\":\"r\",\"minimum\":1,\"metricName\":\"m\"", LOGGLY);
    SNIFFS("{\"lw_event\":\"run\",\"timestamp\":\"x\"}", LOGGLY);
    SNIFFS("not json at all\n\n" EVENT, LOGGLY);
    SNIFFS("{bad json}\n" EVENT, LOGGLY);
    SNIFFS("Name\":\"r\"}\n" EVENT, LOGGLY);
    SNIFFS("{\"bad\": json}\n" EVENT, LOGGLY);
    SNIFFS("[" EVENT "]", LOGGLY_EXPORT);
    SNIFFS("{\"total_events\":1,\"page\":0,\"events\":[]}", LOGGLY_EXPORT);
    SNIFFS("{\"events\":[{\"id\":\"a\",\"timestamp\":1,\"logmsg\":\"{\\\"metricName\\\":1}\"", LOGGLY_EXPORT);
    SNIFFS("{ \"events\" : [ { \"event\" : { \"json\" : " EVENT, LOGGLY_EXPORT);
    SNIFFS("{\"id\":\"a\",\"logtypes\":[\"json\"],\"event\":{}}", LOGGLY_EXPORT);
    SNIFFS("[{\"event\":{\"json\":{\"message\":\"x\",\"logStreamName\":\"y\"}}}]", LOGGLY_EXPORT);
    SNIFFS("{\"raw\":\"{}\"}", LOGGLY_EXPORT);
    SNIFFS("timestamp,json.metricName,json.average\n1,2,3\n", LOGGLY_CSV);
    SNIFFS("\"id\",\"timestamp\",\"logmsg\"\n", LOGGLY_CSV);
    SNIFFS("id,timestamp,raw,tags\n", LOGGLY_CSV);
    SNIFFS("timestamp,raw,value\n", CSV);
}

static void knows_aws(void)
{
    SNIFFS("{\"Label\":\"CPUUtilization\",\"Datapoints\":[]}", METRIC_STATISTICS);
    SNIFFS("{\n    \"Datapoints\": [\n", METRIC_STATISTICS);
    SNIFFS("{\"TrainingJobSummaries\":[]}", TRAINING_JOBS);
    SNIFFS("[{\"TrainingJobName\":\"a\",\"TrainingJobStatus\":\"Failed\"}]", TRAINING_JOBS);
    SNIFFS("{\"events\":[],\"searchedLogStreams\":[]}", LOG_EVENTS);
    SNIFFS("{\"logEvents\":[]}", LOG_EVENTS);
    SNIFFS("{\"timestamp\":1,\"message\":\"Epoch[0] Train-accuracy=1\",\"ingestionTime\":2}", LOG_EVENTS);
    SNIFFS("{\"metric_name\":\"m\",\"dimensions\":{\"TrainingJobName\":\"r\"}}", METRIC_STREAM);
}

static void knows_plain_tables(void)
{
    struct lw_columns columns = {.time = LW_STR("when"), .value = LW_STR("v")};

    SNIFFS("time,model,run,metric,value\n1,a,b,c,d\n", CSV);
    SNIFFS("Timestamp;Value\r\n", CSV);
    SNIFFS("\"time\"\t\"metric\"\t\"value\"", CSV);
    SNIFFS("{\"time\":1,\"metric\":\"m\",\"value\":1}", NDJSON);
    SNIFFS("[{\"ts\":1,\"job\":\"r\",\"name\":\"m\",\"mean\":1}]", NDJSON);
    SNIFFS("{\"time\":1,\"metricName\":\"m\",\"trainingJobName\":\"r\",\"value\":1}", NDJSON);
    SNIFFS("when,v\n1,2\n", AUTO);
    CU_ASSERT(is_format(LW_STR("when,v\n1,2\n"), "", &columns, LW_FORMAT_CSV));
    CU_ASSERT(is_format(LW_STR("{\"when\":1,\"v\":2}"), "", &columns, LW_FORMAT_NDJSON));
    SNIFFS("a,b,c\n1,2,3\n", AUTO);
    SNIFFS("{\"a\":{\"time\":1,\"value\":2}}", AUTO);
}

static void knows_logs(void)
{
    SNIFFS("[06/09/2021 21:48:35 INFO 139813094373184] Epoch[0] Train-accuracy=0.025000", LOG);
    SNIFFS("INFO:root:Epoch[0] Train-accuracy=0.132550", LOG);
    SNIFFS("#quality_metric: host=algo-1, epoch=0, train loss <loss>=0.44", LOG);
    SNIFFS("#metrics {\"StartTime\":1623183361.33}", LOG);
    SNIFFS("[0]#011train-rmse:9.92248#011validation-rmse:9.71771", LOG);
    SNIFFS("[0]\ttrain-rmse:9.92248\tvalidation-rmse:9.71771", LOG);
    SNIFFS("Epoch 1/10\n 1/60 [..] - ETA: 4s - loss: 0.5", LOG);
    SNIFFS("2021-06-09 21:44:37 Starting - Preparing the instances for training", LOG);
    SNIFFS("hello\nworld\nBillable seconds: 64\n", LOG);
    SNIFFS("{\"eta\": 0.2}\n[0]#011train-rmse:9.92248", LOG);
    SNIFFS("nothing that is known", AUTO);
    CU_ASSERT(is_format(LW_STR("nothing that is known"), "a/b.log", NULL, LW_FORMAT_LOG));
    CU_ASSERT(is_format(LW_STR("a,b\n"), "b.csv", NULL, LW_FORMAT_CSV));
}

static void looks_through_marks_and_blanks(void)
{
    SNIFFS("\xef\xbb\xbf" EVENT, LOGGLY);
    SNIFFS("\xef\xbb\xbf\r\n\n  \t" EVENT, LOGGLY);
    SNIFFS("\n\ntime,value\n", CSV);
    SNIFFS("", AUTO);
    SNIFFS(" \n\t", AUTO);
    SNIFFS("\xef\xbb\xbf", AUTO);
    SNIFFS("{", AUTO);
    SNIFFS("[", AUTO);
    SNIFFS("{\"", AUTO);
    SNIFFS("{\"a\\", AUTO);
    SNIFFS("{}", AUTO);
    SNIFFS("PK\3\4\0\0\0\0time,value", AUTO);
}

static void survives_any_end(void)
{
    static const char text[] = "[{\"event\":{\"json\":" EVENT "},\"logmsg\":\"\\\"\\\\\"}]";

    for (size_t n = 0; n < sizeof(text); n++) {
        char *copy = malloc(n + 1);

        if (copy == NULL)
            abort();
        memcpy(copy, text, n);
        lw_decode_sniff((struct lw_str){copy, n}, (struct lw_str){0}, NULL);
        free(copy);
    }
    SNIFFS("[{\"event\":{\"json\":" EVENT, LOGGLY_EXPORT);
}

static void names_formats(void)
{
    enum lw_format format;

    for (int i = 0; i < LW_FORMAT_COUNT; i++) {
        CU_ASSERT(lw_format_find(lw_str_from(lw_format_id((enum lw_format)i)), &format));
        CU_ASSERT_EQUAL(format, (enum lw_format)i);
        CU_ASSERT(strlen(lw_format_text((enum lw_format)i)) > 0);
    }
    CU_ASSERT(!lw_format_find(LW_STR("xml"), &format));
}

KIT_SUITE("sniff", {"every payload is known by its content", knows_the_payloads},
          {"Loggly's events, exports and tables are told apart", knows_loggly},
          {"answers of AWS are told apart", knows_aws},
          {"plain tables and records are known by their columns", knows_plain_tables},
          {"logs are known by what they print", knows_logs},
          {"byte order marks and blanks do not matter, other content is unknown", looks_through_marks_and_blanks},
          {"a head that ends anywhere is no trouble", survives_any_end},
          {"every format has a name that finds it", names_formats})
