#include "tests/kit/decoded.h"

#include <stdio.h>
#include <string.h>

/* Written after Loggly's retrieval API: the message parsed (event.json), as text (logmsg), and as sent (raw). */
#define MESSAGE(metric, value)                                                                                         \
    "{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"sampleCount\":1,\"average\":" value ",\"metricName\":\"" metric     \
    "\",\"namespace\":\"/aws/sagemaker/TrainingJobs\",\"trainingJobName\":\"ic-1\"}"
#define TEXT(metric, value)                                                                                            \
    "\"{\\\"timestamp\\\":\\\"2019-06-12T14:03:00.000Z\\\",\\\"sampleCount\\\":1,\\\"average\\\":" value               \
    ",\\\"metricName\\\":\\\"" metric "\\\",\\\"trainingJobName\\\":\\\"ic-1\\\"}\""
#define ID                                                                                                             \
    "\"id\":\"c0ffee00-1111-11e9-8000-22000b000000\",\"timestamp\":1560348180000,\"tags\":[\"CloudwatchMetrics\"]"
#define POINT(metric, value) "point ||ic-1|" metric " 1560348180000 cloudwatch count=1 average=" value "\n"

#define PARSED  "{" ID ",\"event\":{\"json\":" MESSAGE("a", "0.5") ",\"http\":{\"clientHost\":\"203.0.113.7\"}}}"
#define AS_TEXT "{" ID ",\"logmsg\":" TEXT("b", "0.25") ",\"raw\":\"no\",\"event\":{}}"
#define AS_RAW  "{" ID ",\"logmsg\":\"plain\",\"unparsed\":null,\"raw\":" TEXT("c", "0.125") "}"
#define TEXT_FIRST                                                                                                     \
    "{\"raw\":" TEXT("x", "1") ",\"logmsg\":" TEXT("y", "2") ",\"event\":{\"json\":" MESSAGE("d", "4") "}}"
#define PAGE                                                                                                           \
    "{\"total_events\":4,\"page\":0,\"events\":[" PARSED "," AS_TEXT "," AS_RAW "," TEXT_FIRST "],\"next\":\"u\"}"
#define POINTS POINT("a", "0.5") POINT("b", "0.25") POINT("c", "0.125") POINT("d", "4")

static void reads_pages(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, PAGE, POINTS);
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, "{\"next\":null,\"events\":[]}\n" PAGE "\n" PAGE, POINTS POINTS);
}

static void reads_arrays_and_lines(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, "[" PARSED "," AS_TEXT "]", POINT("a", "0.5") POINT("b", "0.25"));
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, PARSED "\n" AS_RAW "\n", POINT("a", "0.5") POINT("c", "0.125"));
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, "[" PAGE "," PARSED "]", POINTS POINT("a", "0.5"));
}

static void reads_the_messages_themselves(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, "[" MESSAGE("a", "0.5") "," MESSAGE("d", "4") "]",
                POINT("a", "0.5") POINT("d", "4"));
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, MESSAGE("a", "0.5") "\n" MESSAGE("d", "4"),
                POINT("a", "0.5") POINT("d", "4"));
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, "{\"events\":[" MESSAGE("a", "0.5") "]}", POINT("a", "0.5"));
}

/* The same events as lines, parsed, as text and bare give the same datapoints. */
static void gives_what_the_lines_give(void)
{
    static struct kit_decoded lines, export;
    static char line[400], escaped[800], events[3][60000], text[20000];
    struct kit_random random = kit_seed(22);
    size_t n = 0, lengths[3] = {0};

    for (int i = 0; i < 40; i++) {
        unsigned job = (unsigned)(kit_random_bits(&random) % 5), minute = (unsigned)(kit_random_bits(&random) % 60);
        double value = kit_random_normal(&random);
        size_t at = 0;

        snprintf(line, sizeof(line),
                 "{\"timestamp\":\"2019-06-12T14:%02u:00.000Z\",\"sampleCount\":%u,\"average\":%.17g,\"metricName\":"
                 "\"m%u\",\"%s\":\"job-%u%s\"}",
                 minute, minute % 3, value, job % 2, i % 4 ? "trainingJobName" : "host", job, i % 4 ? "" : "/algo-1");
        for (const char *c = line; *c != '\0'; c++) {
            if (*c == '"')
                escaped[at++] = '\\';
            escaped[at++] = *c;
        }
        escaped[at] = '\0';
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", line);
        lengths[0] += (size_t)snprintf(events[0] + lengths[0], sizeof(events[0]) - lengths[0],
                                       "%s{\"event\":{\"json\":%s}}", i > 0 ? "," : "[", line);
        lengths[1] += (size_t)snprintf(events[1] + lengths[1], sizeof(events[1]) - lengths[1], "%s{\"%s\":\"%s\"}",
                                       i > 0 ? "," : "{\"events\":[", i % 2 ? "raw" : "logmsg", escaped);
        lengths[2] +=
            (size_t)snprintf(events[2] + lengths[2], sizeof(events[2]) - lengths[2], "%s%s", i > 0 ? "," : "[", line);
    }
    kit_decode(&lines, LW_FORMAT_LOGGLY, NULL, text, n);
    CU_ASSERT(lines.points > 20 && lines.points + lines.rejects == 40);
    for (int i = 0; i < 3; i++) {
        const char *end = i == 1 ? "]}" : "]";

        memcpy(events[i] + lengths[i], end, strlen(end));
        kit_decode(&export, LW_FORMAT_LOGGLY_EXPORT, NULL, events[i], lengths[i] + strlen(end));
        CU_ASSERT_EQUAL(export.points, lines.points);
        CU_ASSERT_EQUAL(export.reasons[LW_REJECT_BAD_COUNT], lines.reasons[LW_REJECT_BAD_COUNT]);
        for (const char *at = lines.text; (at = strstr(at, "point ")) != NULL; at++) {
            size_t length = strcspn(at, "\n");

            snprintf(line, sizeof(line), "%.*s\n", (int)length, at);
            CU_ASSERT(strstr(export.text, line) != NULL);
        }
    }
}

static void takes_the_time_of_the_event(void)
{
    KIT_DECODES(
        LW_FORMAT_LOGGLY_EXPORT, NULL,
        "[{\"timestamp\":\"2019-06-12 14:03:01.500000\",\"event\":{\"json\":{\"average\":1,\"metricName\":\"m\","
        "\"trainingJobName\":\"r\"}}}]",
        "point ||r|m 1560348181500 cloudwatch average=1\n");
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL,
                "[{\"logmsg\":\"{\\\"average\\\":1,\\\"metricName\\\":\\\"m\\\",\\\"trainingJobName\\\":\\\"r\\\"}\","
                "\"timestamp\":1560348180000}]",
                "point ||r|m 1560348180000 cloudwatch average=1\n");
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL,
                "[{\"event\":{\"json\":{\"average\":1,\"metricName\":\"m\",\"trainingJobName\":\"r\"}}}]",
                "reject no_time 1:1 m\n");
}

static void rejects_other_messages(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL,
                "{\"events\":[{\"logmsg\":\"GET /index.html\"},\n"
                "{\"event\":{\"json\":{\"level\":\"info\"}},\"logmsg\":\"{}\"},\n"
                "{\"logmsg\":\"{\\\"a\\\":1}\"},{\"logmsg\":\"[1]\",\"raw\":\"{\\\"a\\\"\"},{},5,\"x\",[" PARSED "]]}",
                "reject unknown_record 1:11 GET /index.html\n"
                "reject unknown_record 2:41 \n"
                "reject unknown_record 3:92 {\"a\":1}\n"
                "reject unknown_record 3:115 [1]\n"
                "reject unknown_record 3:147 \n"
                "reject unknown_record 3:150 5\n"
                "reject unknown_record 3:152 x\n"
                "reject unknown_record 3:156 \n");
}

static void takes_back_own_metrics(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL,
                "[{\"event\":{\"json\":{\"lw_event\":\"alert\",\"lw_model\":\"m\"}}},"
                "{\"logmsg\":\"{\\\"lw_event\\\":\\\"run\\\"}\"},"
                "{\"lw_event\":\"metric\",\"timestamp\":1560348180000,\"average\":1,\"metricName\":\"m\","
                "\"trainingJobName\":\"r\"}]",
                "reject own_event 1:1 \nreject own_event 1:56 \npoint ||r|m 1560348180000 cloudwatch average=1\n");
}

static void keeps_what_is_complete(void)
{
    static struct kit_decoded out;
    const char *text = "{\"events\":[" PARSED "," AS_TEXT ",{\"id\":\"cut";

    kit_decode(&out, LW_FORMAT_LOGGLY_EXPORT, NULL, text, strlen(text));
    CU_ASSERT_EQUAL(out.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(out.points, 2);
    CU_ASSERT_EQUAL(out.rejects, 1);
    CU_ASSERT_EQUAL(out.reasons[LW_REJECT_TRUNCATED], 1);
}

static const char sample[] =
    PAGE "\n[" PARSED ",{bad}]\n" AS_TEXT "\n{\"events\":[{\"logmsg\":\"x\"}," MESSAGE("a", "1");

static void cuts_do_not_matter(void)
{
    struct kit_random random = kit_seed(21);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOGGLY_EXPORT, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void ends_anywhere(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_LOGGLY_EXPORT, NULL, sample, sizeof(sample) - 1));
}

static void survives_no_memory(void)
{
    kit_decode_torture(LW_FORMAT_LOGGLY_EXPORT, NULL, sample, sizeof(sample) - 1);
}

static void says_that_the_rest_of_a_document_may_be_lost_with_a_record_that_cannot_be_read(void)
{
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, "{\"events\":[" PARSED ",{\"id\":nope}," AS_TEXT "]}\n" PARSED,
                POINT("a", "0.5") "reject bad_json 1:327 expected true, false or null; what follows in the document "
                                  "may be lost\n" POINT("a", "0.5"));
    /* A line is a document, and no other record is lost with it. */
    KIT_DECODES(LW_FORMAT_LOGGLY_EXPORT, NULL, PARSED "\n{\"id\":nope}\n" PARSED,
                POINT("a", "0.5") "reject bad_json 2:316 expected true, false or null\n" POINT("a", "0.5"));
}

KIT_SUITE("decode/loggly_export",
          {"says that the rest of a document may be lost with a record that cannot be read",
           says_that_the_rest_of_a_document_may_be_lost_with_a_record_that_cannot_be_read},
          {"pages of events are read, by event.json, then logmsg, then raw", reads_pages},
          {"arrays and lines of events are read", reads_arrays_and_lines},
          {"arrays and lines of the messages themselves are read", reads_the_messages_themselves},
          {"all forms of one event are the same datapoint", gives_what_the_lines_give},
          {"a message without a time has that of its event", takes_the_time_of_the_event},
          {"messages that are no metric events are rejected", rejects_other_messages},
          {"of leeway's own events only metrics are taken back", takes_back_own_metrics},
          {"of a page that is cut off the complete events count", keeps_what_is_complete},
          {"cuts into chunks do not matter", cuts_do_not_matter}, {"the input may end after any byte", ends_anywhere},
          {"every failing allocation is a clean error", survives_no_memory})
