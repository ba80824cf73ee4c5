#include "engine/flow/analyze/analyze.h"

#include "engine/base/fault.h"
#include "engine/flow/analyze/intake.h"
#include "engine/flow/cli/output.h"

#define OUTPUT_CEILING ((size_t)16 << 30)

/* Where a long report goes while it is written. */
struct target {
    struct lw_output_file *file;
    struct lw_fault fault;
};

static enum lw_err drain(void *self, struct lw_str bytes)
{
    struct target *target = self;

    return lw_output_put(target->file, bytes, &target->fault);
}

static void write_form(const struct lw_report *report, const struct lw_settings *settings, struct lw_buf *out)
{
    switch (settings->form) {
    case LW_FORM_TEXT:
        lw_report_text(report, &settings->style, out);
        break;
    case LW_FORM_JSON:
        lw_report_json(report, out);
        break;
    case LW_FORM_NDJSON:
        lw_report_ndjson(report, out);
        break;
    }
}

/* All of it, through memory that does not grow with it. */
static enum lw_err write_report(const struct lw_report *report, const struct lw_settings *settings,
                                struct target *target)
{
    struct lw_buf out = {.ceiling = OUTPUT_CEILING, .drain = drain, .drain_to = target};
    enum lw_err err;

    write_form(report, settings, &out);
    err = out.error;
    if (err != LW_ERR_OK && target->fault.text[0] == '\0')
        err = lw_fault_set(&target->fault, err, "the output does not fit into memory: analyze fewer models at once");
    if (err == LW_ERR_OK)
        err = lw_output_put(target->file, lw_buf_view(&out), &target->fault);
    if (err == LW_ERR_OK)
        err = lw_output_end(target->file, &target->fault);
    lw_buf_close(&out);
    return err;
}

enum lw_exit lw_analyze_show(const struct lw_report *report, const struct lw_settings *settings, enum lw_exit done)
{
    struct target target = {.fault = {.code = LW_ERR_OK}};
    enum lw_err err = lw_output_open(&target.file, settings->output, &target.fault);

    if (err == LW_ERR_OK)
        err = write_report(report, settings, &target);
    lw_output_close(target.file);
    return err == LW_ERR_OK ? done : lw_session_fail(&target.fault);
}

/* Whether a verdict that the user wants to fail on was found. */
static bool is_found(const struct lw_report *report, const struct lw_settings *settings)
{
    for (size_t i = 0; i < report->models_n; i++) {
        enum lw_verdict verdict = report->models[i].verdict;
        bool drift = verdict == LW_VERDICT_DRIFT || verdict == LW_VERDICT_ERROR;

        if ((settings->fail_drift && drift) || (settings->fail_warning && (drift || verdict == LW_VERDICT_WARNING)) ||
            (settings->fail_insufficient && verdict == LW_VERDICT_INSUFFICIENT))
            return true;
    }
    return false;
}

static enum lw_exit exit_code(const struct lw_report *report, const struct lw_settings *settings,
                              const struct lw_intake *intake)
{
    if (lw_intake_unusable(intake) > 0)
        return LW_EXIT_INPUT;
    return is_found(report, settings) ? LW_EXIT_FOUND : LW_EXIT_DONE;
}

static enum lw_err read_all(const struct lw_options *options, struct lw_intake *intake, struct lw_report *report,
                            struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < options->operands_n && err == LW_ERR_OK; i++)
        err = lw_intake_path(intake, options->operands[i], fault);
    if (err == LW_ERR_OK)
        err = lw_intake_end(intake, report, fault);
    return err;
}

enum lw_exit lw_analyze_run(struct lw_session *session)
{
    struct lw_settings settings = lw_settings_default(session);
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_intake *intake = NULL;
    struct lw_report report;
    enum lw_exit exit;
    enum lw_err err = lw_settings_read(session, &settings, &fault);

    if (err == LW_ERR_OK && session->options->operands_n == 0)
        err = lw_fault_set(&fault, LW_ERR_USAGE,
                           "name the files to analyze, or - for standard input: leeway analyze "
                           "FILE... (`leeway demo` shows it on real data)");
    if (err == LW_ERR_OK)
        err = lw_intake_open(&intake, &settings, session, &fault);
    if (err == LW_ERR_OK)
        err = read_all(session->options, intake, &report, &fault);
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else
        exit = lw_analyze_show(&report, &settings, exit_code(&report, &settings, intake));
    lw_intake_close(intake);
    lw_settings_close(&settings);
    return exit;
}
