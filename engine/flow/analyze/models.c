#include "engine/flow/analyze/models.h"

#include "engine/base/fault.h"
#include "engine/flow/analyze/intake.h"
#include "engine/report/text/families.h"

#define OUTPUT_CEILING ((size_t)1 << 30)

static enum lw_exit show(const struct lw_report *report, const struct lw_settings *settings, enum lw_exit done)
{
    struct lw_buf out = {.ceiling = OUTPUT_CEILING};
    enum lw_exit exit;

    lw_families_write(report, &settings->style, &out);
    exit = lw_session_write(settings->output, lw_buf_view(&out), out.error, done);
    lw_buf_close(&out);
    return exit;
}

enum lw_exit lw_models_run(struct lw_session *session)
{
    const struct lw_options *options = session->options;
    struct lw_settings settings = lw_settings_default(session);
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_intake *intake = NULL;
    struct lw_report report;
    enum lw_exit exit;
    enum lw_err err = lw_settings_read(session, &settings, &fault);

    if (err == LW_ERR_OK && options->operands_n == 0)
        err = lw_fault_set(&fault, LW_ERR_USAGE,
                           "name the files to look at, or - for standard input: leeway models "
                           "FILE...");
    if (err == LW_ERR_OK)
        err = lw_intake_open(&intake, &settings, session, &fault);
    for (size_t i = 0; i < options->operands_n && err == LW_ERR_OK; i++)
        err = lw_intake_path(intake, options->operands[i], &fault);
    if (err == LW_ERR_OK)
        err = lw_intake_end(intake, &report, &fault);
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else
        exit = show(&report, &settings, lw_intake_unusable(intake) > 0 ? LW_EXIT_INPUT : LW_EXIT_DONE);
    lw_intake_close(intake);
    lw_settings_close(&settings);
    return exit;
}
