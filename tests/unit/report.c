#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"
#include "tests/kit/report.h"

#include "engine/report/text/families.h"

/* One way of showing a report, and how long its output is when nothing fails. */
struct shown {
    void (*show)(const struct lw_report *report, struct lw_buf *out);
    size_t length;
};

static void as_text(const struct lw_report *report, struct lw_buf *out)
{
    struct lw_report_style style = {.columns = 100, .utf8 = true};

    lw_report_text(report, &style, out);
}

static void as_families(const struct lw_report *report, struct lw_buf *out)
{
    struct lw_report_style style = {.columns = 100};

    lw_families_write(report, &style, out);
}

/* An allocation that fails ends in an error, never in an output that lacks something. */
static bool is_whole_or_error(void *self, bool failed)
{
    struct shown *shown = self;
    static struct kit_report kit;
    static bool filled;
    struct lw_buf out = {.ceiling = 1 << 22};
    bool right;

    if (!filled)
        kit_report_fill(&kit);
    filled = true;
    shown->show(&kit.report, &out);
    if (!failed)
        shown->length = out.len;
    right = failed ? out.error != LW_ERR_OK || out.len == shown->length : out.error == LW_ERR_OK;
    lw_buf_close(&out);
    return right;
}

static void torture(void (*show)(const struct lw_report *report, struct lw_buf *out))
{
    struct shown shown = {.show = show};

    (void)is_whole_or_error(&shown, false); /* the report itself is made once and stays */
    CU_ASSERT(kit_alloc_torture(is_whole_or_error, &shown) > 0);
}

static void text_survives_every_failing_allocation(void)
{
    torture(as_text);
}

static void json_survives_every_failing_allocation(void)
{
    torture(lw_report_json);
}

static void ndjson_survives_every_failing_allocation(void)
{
    torture(lw_report_ndjson);
}

static void families_survive_every_failing_allocation(void)
{
    torture(as_families);
}

static void a_ceiling_is_an_error_too(void)
{
    struct kit_report kit;
    struct lw_buf out = {.ceiling = 1000};

    kit_report_fill(&kit);
    lw_report_json(&kit.report, &out);
    CU_ASSERT_EQUAL(out.error, LW_ERR_LIMIT);
    lw_buf_close(&out);
    kit_report_free(&kit);
}

static void the_verdict_of_all_is_the_gravest(void)
{
    struct lw_judged models[] = {
        {.verdict = LW_VERDICT_OK}, {.verdict = LW_VERDICT_INSUFFICIENT}, {.verdict = LW_VERDICT_DRIFT}};
    struct lw_report report = {.models = models, .models_n = 3};

    CU_ASSERT_EQUAL(lw_report_verdict(&report), LW_VERDICT_DRIFT);
    report.models_n = 2;
    CU_ASSERT_EQUAL(lw_report_verdict(&report), LW_VERDICT_OK);
    report.models_n = 0;
    CU_ASSERT_EQUAL(lw_report_verdict(&report), LW_VERDICT_INSUFFICIENT);
}

KIT_SUITE("report", {"text survives every failing allocation", text_survives_every_failing_allocation},
          {"JSON survives every failing allocation", json_survives_every_failing_allocation},
          {"ndjson survives every failing allocation", ndjson_survives_every_failing_allocation},
          {"families survive every failing allocation", families_survive_every_failing_allocation},
          {"a ceiling is an error too", a_ceiling_is_an_error_too},
          {"the verdict of all is the gravest", the_verdict_of_all_is_the_gravest})
