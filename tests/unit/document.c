#include "tests/kit/kit.h"
#include "tests/kit/report.h"

#include "engine/report/document.h"

#include <json-c/json.h>
#include <string.h>

static struct json_object *parsed(void)
{
    struct kit_report kit;
    struct lw_buf out = {.ceiling = 1 << 20};
    struct json_object *document;

    kit_report_fill(&kit);
    lw_document_write(&kit.report, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_EQUAL_FATAL(out.error, LW_ERR_OK);
    document = json_tokener_parse(out.at);
    CU_ASSERT_PTR_NOT_NULL_FATAL(document);
    lw_buf_close(&out);
    kit_report_free(&kit);
    return document;
}

/* A path of keys and indices, "models/0/alerts/0/state". */
static struct json_object *at(struct json_object *document, const char *path)
{
    struct json_object *found = NULL;
    char pointer[256] = "/";

    strncat(pointer, path, sizeof(pointer) - 2);
    return json_pointer_get(document, pointer, &found) == 0 ? found : NULL;
}

static const char *text(struct json_object *document, const char *path)
{
    struct json_object *found = at(document, path);

    return found != NULL ? json_object_get_string(found) : "(absent)";
}

static void the_document_says_which_schema_it_follows(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "schema"), "leeway.report/1");
    CU_ASSERT_EQUAL(json_object_object_length(document), 4);
    json_object_put(document);
}

static void the_summary_counts_everything(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "summary/models"), "2");
    CU_ASSERT_STRING_EQUAL(text(document, "summary/runs"), "64");
    CU_ASSERT_STRING_EQUAL(text(document, "summary/datapoints"), "1280");
    CU_ASSERT_STRING_EQUAL(text(document, "summary/findings"), "4");
    CU_ASSERT_STRING_EQUAL(text(document, "summary/alerts"), "2");
    CU_ASSERT_STRING_EQUAL(text(document, "summary/verdict"), "drift");
    json_object_put(document);
}

static void what_is_not_known_is_absent(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_PTR_NULL(at(document, "models/0/runs/0/gap_s"));
    CU_ASSERT_PTR_NULL(at(document, "models/0/runs/0/status"));
    CU_ASSERT_PTR_NULL(at(document, "models/0/runs/0/cost"));
    CU_ASSERT_PTR_NULL(at(document, "models/1/origin"));
    CU_ASSERT_PTR_NULL(at(document, "models/1/runs/3/start"));
    CU_ASSERT_PTR_NULL(at(document, "models/1/runs/3/duration_s"));
    CU_ASSERT_PTR_NULL(at(document, "models/1/runs/0/metrics/loss/skewness"));
    CU_ASSERT_PTR_NULL(at(document, "input/files/1/format"));
    CU_ASSERT_PTR_NULL(at(document, "models/0/findings/1/change_run"));
    CU_ASSERT_PTR_NULL(at(document, "models/0/alerts/0/resolved_run"));
    json_object_put(document);
}

static void runs_are_named_not_numbered(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "models/0/alerts/0/opened_run"), "churn-2019-06-02-17-00-00");
    CU_ASSERT_STRING_EQUAL(text(document, "models/0/alerts/0/change_run"), "churn-2019-06-02-15-00-00");
    CU_ASSERT_STRING_EQUAL(text(document, "models/0/findings/0/run"), "churn-2019-06-02-17-00-00");
    CU_ASSERT_STRING_EQUAL(text(document, "models/0/alerts/1/resolved_run"), "churn-2019-06-02-21-00-00");
    json_object_put(document);
}

static void times_are_utc_with_milliseconds(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "models/0/runs/0/start"), "2019-06-01T00:00:00.000Z");
    CU_ASSERT_STRING_EQUAL(text(document, "models/0/runs/0/end"), "2019-06-01T00:10:00.000Z");
    json_object_put(document);
}

static void derived_numbers_have_twelve_digits_and_read_ones_their_own(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "models/0/findings/1/p_value"), "0.333333333333");
    CU_ASSERT_STRING_EQUAL(text(document, "models/0/runs/0/metrics/train:accuracy/stddev"), "0.333333333333");
    CU_ASSERT_STRING_EQUAL(text(document, "models/0/runs/0/metrics/train:accuracy/last"), "0.976");
    json_object_put(document);
}

static void a_key_with_a_control_character_is_escaped(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "models/1/runs/0/run"), "\033[31mred");
    json_object_put(document);
}

static void rejections_name_reason_count_and_first_place(void)
{
    struct json_object *document = parsed();

    CU_ASSERT_STRING_EQUAL(text(document, "input/rejected/0/reason"), "bad_time");
    CU_ASSERT_STRING_EQUAL(text(document, "input/rejected/0/count"), "5");
    CU_ASSERT_STRING_EQUAL(text(document, "input/rejected/0/first/line"), "17");
    CU_ASSERT_STRING_EQUAL(text(document, "input/rejected/0/first/detail"), "\"yesterday\"");
    json_object_put(document);
}

KIT_SUITE("document", {"the document says which schema it follows", the_document_says_which_schema_it_follows},
          {"the summary counts everything", the_summary_counts_everything},
          {"what is not known is absent", what_is_not_known_is_absent},
          {"runs are named, not numbered", runs_are_named_not_numbered},
          {"times are UTC with milliseconds", times_are_utc_with_milliseconds},
          {"derived numbers have twelve digits, and read ones their own",
           derived_numbers_have_twelve_digits_and_read_ones_their_own},
          {"a key with a control character is escaped", a_key_with_a_control_character_is_escaped},
          {"rejections name reason, count and first place", rejections_name_reason_count_and_first_place})
