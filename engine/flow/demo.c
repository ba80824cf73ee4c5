#include "engine/flow/demo.h"

#include "engine/base/fault.h"
#include "engine/flow/analyze/analyze.h"
#include "engine/flow/analyze/intake.h"
#include "engine/flow/place.h"
#include "engine/flow/simulate/simulate.h"

#include <stdio.h>

#define OUTPUT_CEILING  ((size_t)256 << 20)
#define HISTORY_CEILING ((size_t)64 << 20)
#define LOGS_MOST       4

/* The real jobs, by model. Files of the folder `logs`. */
static const struct {
    const char *model, *what;
    const char *logs[LOGS_MOST];
} real[] = {
    {"mnist",
     "Four training jobs of the same digit classifier, from their logs. One log carries no times.",
     {"ic_lineage-auto-tracking-example_194966b_c18.txt", "ic_lineage-tracking-example_f594997_c12.txt",
      "ic_mxnet-mnist_9f1b58f_c9.txt", "ic_mxnet-mnist_bab8878_c11.txt"}},
    {"deepar",
     "Four training jobs of the same forecaster, over two years.",
     {"qm_deepar-synthetic-outputs_339b9c1_c30.txt", "qm_deepar-synthetic-outputs_5df1897_c30.txt",
      "qm_deepar-synthetic_9a7e5c0_c35.txt", "qm_deepar-synthetic_bcee4f2_c30.txt"}},
    {"image-classification",
     "A single job of SageMaker's image classification.",
     {"ic_Image-classification-fulltraining-highlevel_aea571b_c16.txt"}},
};
#define REAL_COUNT (sizeof(real) / sizeof(real[0]))

/* The simulated history: what is planted. */
#define HISTORY_FILE "simulated.ndjson"
static const char *const drifts[] = {"duration:x2@20-24", "validation:accuracy:-0.02@46"};
static const char *const gap = "30m@53";
#define HISTORY_RUNS 60
/* After the real jobs, so that the end of all data is that of the history and nothing is overdue in one report. */
#define HISTORY_START    "2022-02-01"
#define HISTORY_START_MS INT64_C(1643673600000)
#define HISTORY_SEED     3

static enum lw_err simulate(struct lw_buf *history, struct lw_fault *fault)
{
    struct lw_plan plan = lw_plan_default();
    enum lw_err err = LW_ERR_OK;

    plan.runs = HISTORY_RUNS;
    plan.seed = HISTORY_SEED;
    plan.start.ms = HISTORY_START_MS;
    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]) && err == LW_ERR_OK; i++)
        err = lw_plan_drift(&plan, lw_str_from(drifts[i]), fault);
    if (err == LW_ERR_OK)
        err = lw_plan_gap(&plan, lw_str_from(gap), fault);
    if (err != LW_ERR_OK)
        return err;
    lw_simulate_write(&plan, history);
    return history->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the simulated history");
}

static enum lw_err read_real(struct lw_intake *intake, const char *folder, size_t i, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t j = 0; j < LOGS_MOST && real[i].logs[j] != NULL && err == LW_ERR_OK; j++) {
        char path[LW_PLACE_MAX + 128];
        char label[128];

        snprintf(path, sizeof(path), "%s/logs/%s", folder, real[i].logs[j]);
        snprintf(label, sizeof(label), "logs/%s", real[i].logs[j]);
        err = lw_intake_file(intake, path, label, lw_str_from(real[i].model), fault);
    }
    return err;
}

/* Comment lines and the command, as someone would have typed it. */
static void write_real_command(struct lw_buf *out, size_t i)
{
    lw_buf_format(out, "# %s\n$ leeway analyze --model %s", real[i].what, real[i].model);
    for (size_t j = 0; j < LOGS_MOST && real[i].logs[j] != NULL; j++)
        lw_buf_format(out, " \\\n    logs/%s", real[i].logs[j]);
    lw_buf_text(out, "\n\n");
}

static void write_history_command(struct lw_buf *out)
{
    lw_buf_text(
        out, "# Simulated, not real: a model that is trained every hour. Planted: runs 20 to 24 take twice as long,\n"
             "# validation:accuracy falls by 0.02 from run 46 on, the gap is 30 minutes from run 53 on.\n");
    lw_buf_format(out, "$ leeway simulate --runs %d --every 1h --start %s --seed %d", HISTORY_RUNS, HISTORY_START,
                  HISTORY_SEED);
    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++)
        lw_buf_format(out, " \\\n    --drift '%s'", drifts[i]);
    lw_buf_format(out, " \\\n    --gap '%s' -o %s\n$ leeway analyze %s\n\n", gap, HISTORY_FILE, HISTORY_FILE);
}

/* Reads one group (REAL_COUNT: the simulated history) and appends its report. */
static enum lw_err show_group(struct lw_session *session, const struct lw_settings *settings, const char *folder,
                              size_t i, struct lw_str history, struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_intake *intake = NULL;
    struct lw_report report;
    enum lw_err err = lw_intake_open(&intake, settings, session, fault);

    if (i < REAL_COUNT)
        write_real_command(out, i);
    else
        write_history_command(out);
    if (err == LW_ERR_OK && i < REAL_COUNT)
        err = read_real(intake, folder, i, fault);
    else if (err == LW_ERR_OK)
        err = lw_intake_bytes(intake, HISTORY_FILE, history, fault);
    if (err == LW_ERR_OK)
        err = lw_intake_end(intake, &report, fault);
    if (err == LW_ERR_OK)
        lw_report_text(&report, &settings->style, out);
    lw_buf_text(out, i < REAL_COUNT ? "\n\n" : "");
    lw_intake_close(intake);
    return err;
}

static enum lw_exit show_text(struct lw_session *session, const struct lw_settings *settings, const char *folder,
                              struct lw_str history)
{
    struct lw_buf out = {.ceiling = OUTPUT_CEILING};
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = LW_ERR_OK;
    enum lw_exit exit;

    lw_buf_format(&out, "# The data lie in %s\n\n", folder);
    for (size_t i = 0; i <= REAL_COUNT && err == LW_ERR_OK; i++)
        err = show_group(session, settings, folder, i, history, &out, &fault);
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else
        exit = lw_session_write(settings->output, lw_buf_view(&out), out.error, LW_EXIT_DONE);
    lw_buf_close(&out);
    return exit;
}

/* For programs: everything in one report. */
static enum lw_exit show_document(struct lw_session *session, const struct lw_settings *settings, const char *folder,
                                  struct lw_str history)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_intake *intake = NULL;
    struct lw_report report;
    enum lw_exit exit;
    enum lw_err err = lw_intake_open(&intake, settings, session, &fault);

    for (size_t i = 0; i < REAL_COUNT && err == LW_ERR_OK; i++)
        err = read_real(intake, folder, i, &fault);
    if (err == LW_ERR_OK)
        err = lw_intake_bytes(intake, HISTORY_FILE, history, &fault);
    if (err == LW_ERR_OK)
        err = lw_intake_end(intake, &report, &fault);
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else
        exit = lw_analyze_show(&report, settings, lw_intake_unusable(intake) > 0 ? LW_EXIT_INPUT : LW_EXIT_DONE);
    lw_intake_close(intake);
    return exit;
}

enum lw_exit lw_demo_run(struct lw_session *session)
{
    struct lw_settings settings = lw_settings_default(session);
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_buf history = {.ceiling = HISTORY_CEILING};
    char folder[LW_PLACE_MAX];
    enum lw_exit exit;
    enum lw_err err = lw_settings_show(session, &settings, &fault);

    if (err == LW_ERR_OK && session->options->operands_n > 0)
        err = lw_fault_set(&fault, LW_ERR_USAGE, "demo reads its own data: use `leeway analyze` for other files");
    if (err == LW_ERR_OK)
        err = lw_place_demo(folder, &fault);
    if (err == LW_ERR_OK && lw_options_has(session->options, "dir")) {
        printf("%s\n", folder);
        return LW_EXIT_DONE;
    }
    if (err == LW_ERR_OK)
        err = simulate(&history, &fault);
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else if (settings.form == LW_FORM_TEXT)
        exit = show_text(session, &settings, folder, lw_buf_view(&history));
    else
        exit = show_document(session, &settings, folder, lw_buf_view(&history));
    lw_buf_close(&history);
    return exit;
}
