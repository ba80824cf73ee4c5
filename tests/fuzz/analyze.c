/* Any bytes through the whole turn: read, decoded, gathered, judged, shown in every form. The JSON must be JSON, and the
   text must hold no control character. */
#include "engine/flow/analyze/intake.h"
#include "engine/report/text/families.h"

#include <json-c/json.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
    if (!holds)
        abort();
}

static void show(const struct lw_report *report)
{
    struct lw_report_style style = {.columns = 80, .utf8 = true};
    struct lw_buf out = {.ceiling = (size_t)64 << 20};
    struct json_object *document;

    lw_report_json(report, &out);
    lw_buf_char(&out, '\0');
    demand(out.error == LW_ERR_OK);
    document = json_tokener_parse(out.at);
    demand(document != NULL);
    json_object_put(document);
    lw_buf_clear(&out);
    lw_report_ndjson(report, &out);
    lw_buf_clear(&out);
    lw_report_text(report, &style, &out);
    lw_families_write(report, &style, &out);
    demand(out.error == LW_ERR_OK);
    for (size_t i = 0; i < out.len; i++)
        demand(((unsigned char)out.at[i] >= 0x20 && out.at[i] != 0x7f) || out.at[i] == '\n');
    lw_buf_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_settings settings = {.rules = lw_rules_default(), .format = LW_FORMAT_AUTO};
    struct lw_session session = {.quiet = true};
    struct lw_str bytes = {.at = (const char *)data, .len = size};
    struct lw_intake *intake = NULL;
    struct lw_report report;
    struct lw_fault fault;

    if (lw_intake_open(&intake, &settings, &session, &fault) == LW_ERR_OK &&
        lw_intake_bytes(intake, "input", bytes, &fault) == LW_ERR_OK &&
        lw_intake_end(intake, &report, &fault) == LW_ERR_OK)
        show(&report);
    lw_intake_close(intake);
    return 0;
}
