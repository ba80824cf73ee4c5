#include "tests/kit/decoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB "DEMO-imageclassification-2019-06-12-14-03-27"

static void decode_file(struct kit_decoded *out, const char *path, const struct lw_decode_options *options)
{
    size_t n;
    char *text = kit_data(path, &n);

    kit_decode(out, LW_FORMAT_LOG_EVENTS, options, text, n);
    free(text);
}

/* The one message of the samples: at 1560348413000 Epoch[0] had train:accuracy 0.025. */
static void names_the_run_after_the_stream(void)
{
    static const char *const paths[] = {"payloads/filter_log_events.json", "payloads/logs_subscription.decoded.json"};
    static struct kit_decoded out;

    for (size_t i = 0; i < 2; i++) {
        decode_file(&out, paths[i], NULL);
        CU_ASSERT_EQUAL(out.points, 1);
        CU_ASSERT_EQUAL(out.records, 1);
        CU_ASSERT(strstr(out.text, "point ||" JOB "|train:accuracy 1560348413000 ") != NULL);
    }
}

static void names_the_run_after_the_file(void)
{
    static struct kit_decoded out;
    struct lw_decode_options options = {.path = LW_STR("logs/job-7.json")};

    decode_file(&out, "payloads/get_log_events.json", &options);
    CU_ASSERT(strstr(out.text, "point ||job-7|train:accuracy 1560348413000 ") != NULL);
}

static void names_the_run_after_the_user(void)
{
    static struct kit_decoded out;
    struct lw_decode_options options = {.path = LW_STR("logs/job-7.json"), .run = LW_STR("mine"), .model = LW_STR("m")};

    decode_file(&out, "payloads/get_log_events.json", &options);
    CU_ASSERT(strstr(out.text, "point |m|mine|train:accuracy 1560348413000 ") != NULL);
    decode_file(&out, "payloads/filter_log_events.json", &options);
    CU_ASSERT(strstr(out.text, "point |m|mine|train:accuracy 1560348413000 ") != NULL);
}

#define EVENT(time, message) "{\"timestamp\":" time ",\"message\":\"" message "\"}"
#define OF(stream, time, message)                                                                                      \
    "{\"logStreamName\":\"" stream "\",\"timestamp\":" time ",\"message\":\"" message "\"}"

static void keeps_streams_apart(void)
{
    static struct kit_decoded out;
    static const char text[] = "{\"events\":[" OF("a/algo-1-1", "1560348413000", "Epoch[0] Train-accuracy=0.1") "," OF(
        "b/algo-1-1", "1560348414000", "Epoch[0] Train-accuracy=0.2") "," OF("a/algo-1-1", "1560348415000",
                                                                             "Epoch[1] Train-accuracy=0.3") "]}";

    kit_decode(&out, LW_FORMAT_LOG_EVENTS, NULL, text, sizeof(text) - 1);
    CU_ASSERT_EQUAL(out.points, 3);
    CU_ASSERT(strstr(out.text, "point ||a|train:accuracy 1560348413000 average=0.1\n") != NULL);
    CU_ASSERT(strstr(out.text, "point ||b|train:accuracy 1560348414000 average=0.2\n") != NULL);
    CU_ASSERT(strstr(out.text, "point ||a|train:accuracy 1560348415000 average=0.3\n") != NULL);
}

static void waits_for_the_stream(void)
{
    static struct kit_decoded out;
    static const char late[] = "{\"logEvents\":[" EVENT(
        "1560348413000",
        "Epoch[0] Train-accuracy=0.5") "],"
                                       "\"logStream\":\"a/algo-1-1\",\"messageType\":\"DATA_MESSAGE\"}\n"
                                       "{\"logEvents\":[" EVENT("1", "Epoch[0] Train-accuracy=0.5") "," EVENT(
                                           "1", "x") "],"
                                                     "\"messageType\":\"CONTROL_MESSAGE\"}";

    kit_decode(&out, LW_FORMAT_LOG_EVENTS, NULL, late, sizeof(late) - 1);
    CU_ASSERT_EQUAL(out.points, 1);
    CU_ASSERT(strstr(out.text, "point ||a|train:accuracy 1560348413000 ") != NULL);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_CONTROL_MESSAGE], 2);
    CU_ASSERT_EQUAL(out.records, 3);
}

static void bounds_what_waits(void)
{
    static struct kit_decoded out;
    char *text = malloc(3u << 20);
    size_t n;

    CU_ASSERT_FATAL(text != NULL);
    n = (size_t)sprintf(text, "{\"logEvents\":[{\"timestamp\":1000,\"message\":\"");
    memset(text + n, 'x', 700000);
    n += 700000;
    n += (size_t)sprintf(text + n, "\"},{\"timestamp\":1000,\"message\":\"");
    memset(text + n, 'y', 700000);
    n += 700000;
    n += (size_t)sprintf(text + n, "\"},%s],\"logStream\":\"a/b\",\"messageType\":\"DATA_MESSAGE\"}",
                         EVENT("1560348413000", "Epoch[0] Train-accuracy=0.5"));
    kit_decode(&out, LW_FORMAT_LOG_EVENTS, NULL, text, n);
    CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TOO_LARGE], 1);
    CU_ASSERT_EQUAL(out.points, 1);
    CU_ASSERT_EQUAL(out.records, 3);
    free(text);
}

static void reads_single_events(void)
{
    static struct kit_decoded out;
    static const char text[] =
        EVENT("1560348413000", "Epoch[0] Train-accuracy=0.5\\nEpoch[0] Validation-accuracy=0.25") "\n[" OF(
            "b", "1560348414000", "Epoch[0] Train-accuracy=0.2") "]";
    struct lw_decode_options options = {.path = LW_STR("a.ndjson")};

    kit_decode(&out, LW_FORMAT_LOG_EVENTS, &options, text, sizeof(text) - 1);
    CU_ASSERT_EQUAL(out.points, 3);
    CU_ASSERT(strstr(out.text, "|train:accuracy 1560348413000 ") != NULL);
    CU_ASSERT(strstr(out.text, "|validation:accuracy 1560348413000 ") != NULL);
    CU_ASSERT(strstr(out.text, "point ||b|train:accuracy 1560348414000 ") != NULL);
}

static void tells_what_is_wrong(void)
{
    static const struct {
        const char *text, *calls;
    } cases[] = {
        {"{\"events\":[{\"timestamp\":1}]}", "reject unknown_record 1:11 an event without a message\n"},
        {"{\"a\":1}", "reject unknown_record 1:0 an event without a message\n"},
        {"{\"events\":[7]}", "reject unknown_record 1:11 7\n"},
        {"{\"events\":[" EVENT("\"noon\"", "Epoch[0] Train-accuracy=0.1") "]}", "reject bad_time 1:24 noon\n"},
        {"{\"events\":[],\"nextToken\":\"x\"}", ""},
    };
    static struct kit_decoded out;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kit_decode(&out, LW_FORMAT_LOG_EVENTS, NULL, cases[i].text, strlen(cases[i].text));
        CU_ASSERT_STRING_EQUAL(out.text, cases[i].calls);
    }
}

static const char sample[] = "{\"events\":[" OF("a/algo-1-1", "1560348413000", "Epoch[0] Train-accuracy=0.1") "," EVENT(
    "\"x\"",
    "y") ",7]}\n{bad}\n"
         "{\"logEvents\":[" EVENT(
             "1560348413000",
             "Epoch[0] Train-accuracy=0.5") "],\"messageType\":\"DATA_MESSAGE\","
                                            "\"logStream\":\"b/algo-1-1\"}\n[" EVENT(
                                                "1560348414000",
                                                "Training seconds: 5") "]\n"
                                                                       "{\"logEvents\":[" EVENT(
                                                                           "1560348414000",
                                                                           "Epoch[3] Train-accuracy=0.5") ",{\"mess";

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(71);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOG_EVENTS, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    static struct kit_decoded out;

    for (size_t n = 0; n < sizeof(sample); n++) {
        kit_decode(&out, LW_FORMAT_LOG_EVENTS, NULL, sample, n);
        CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
        CU_ASSERT(out.points <= 4);
    }
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_LOG_EVENTS, NULL, sample, sizeof(sample) - 1);
}

KIT_SUITE("decode/log_events", {"the run is the log stream up to its first slash", names_the_run_after_the_stream},
          {"without a stream the run is the file", names_the_run_after_the_file},
          {"--run goes before both", names_the_run_after_the_user},
          {"interleaved streams are kept apart", keeps_streams_apart},
          {"a stream or type that comes late is waited for", waits_for_the_stream},
          {"what waits is bounded", bounds_what_waits},
          {"single events and messages of several lines are read", reads_single_events},
          {"what is not used is rejected with its reason", tells_what_is_wrong},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
