#include "engine/flow/analyze/intake_state.h"

#include "engine/base/fault.h"
#include "engine/base/time_text.h"
#include "engine/flow/analyze/unmatched.h"

enum lw_err lw_intake_warn(struct lw_intake *intake, struct lw_str sentence, struct lw_fault *fault)
{
    if (sentence.at != NULL)
        lw_buf_bytes(&intake->warnings, &sentence, sizeof(sentence));
    if (sentence.at == NULL || intake->warnings.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a warning");
    return LW_ERR_OK;
}

/* A sentence about the whole. Told on standard error too: a program that reads the report would not see it. */
static enum lw_err warn_loudly(struct lw_intake *intake, struct lw_str sentence, struct lw_fault *fault)
{
    if (sentence.at != NULL && !intake->session->quiet)
        lw_session_note("%.*s", (int)sentence.len, sentence.at);
    return lw_intake_warn(intake, sentence, fault);
}

/* How many runs --since and --until leave out. */
static enum lw_err warn_of_window(struct lw_intake *intake, const struct lw_output *output, struct lw_fault *fault)
{
    const struct lw_rules *rules = &intake->settings->rules;
    char since[LW_TIME_SHORT];
    char until[LW_TIME_SHORT];

    if (output->runs_outside == 0)
        return LW_ERR_OK;
    lw_time_short(rules->since, true, since);
    lw_time_short(rules->until, true, until);
    return lw_intake_warn(intake,
                          lw_arena_format(&intake->arena, "%zu %s left out, each as a whole: the end is %s%s%s%s%s%s",
                                          output->runs_outside, output->runs_outside == 1 ? "run is" : "runs are",
                                          rules->has_since ? "before " : "", rules->has_since ? since : "",
                                          rules->has_since && rules->has_until ? ", or " : "",
                                          rules->has_until ? "at " : "", rules->has_until ? until : "",
                                          rules->has_until ? " or later" : ""),
                          fault);
}

static enum lw_err warn_of_names(struct lw_intake *intake, const struct lw_output *output, struct lw_fault *fault)
{
    struct lw_unmatched unmatched;
    enum lw_err err;

    /* Without any data no name can be found, and that there are none is the news. */
    if (output->models_n == 0)
        return LW_ERR_OK;
    if (lw_unmatched_find(&intake->settings->rules, output->models, output->models_n, &intake->arena, &unmatched) !=
        LW_ERR_OK)
        return lw_fault_memory(fault, "a warning");
    if (unmatched.useless.len > 0)
        return lw_fault_set(fault, LW_ERR_USAGE, "%.*s", (int)unmatched.useless.len, unmatched.useless.at);
    err = LW_ERR_OK;
    for (size_t i = 0; i < unmatched.n && err == LW_ERR_OK; i++)
        err = warn_loudly(intake, unmatched.sentences[i], fault);
    return err;
}

/* Why there is no run at all, where the options or an empty export are the reason. */
static enum lw_err warn_of_nothing(struct lw_intake *intake, const struct lw_output *output, struct lw_fault *fault)
{
    const struct lw_settings *settings = intake->settings;
    char first[LW_TIME_SHORT];
    char last[LW_TIME_SHORT];

    if (output->models_n > 0 || intake->unusable > 0)
        return LW_ERR_OK;
    if (intake->empty > 0 && intake->empty == intake->files.len / sizeof(struct lw_report_file)) {
        intake->nothing = true;
        return warn_loudly(intake, LW_STR("the export is empty: it has no record in it"), fault);
    }
    if (output->runs_outside > 0 && intake->has_span) {
        intake->nothing = true;
        lw_time_short(intake->first, true, first);
        lw_time_short(intake->last, true, last);
        return warn_loudly(intake,
                           lw_arena_format(&intake->arena,
                                           "no run is left: the data go from %s to %s, --since and --until leave out "
                                           "all of it",
                                           first, last),
                           fault);
    }
    if (settings->rules.model_pattern.len > 0 && output->rejected[LW_REJECT_OTHER_MODEL] > 0) {
        intake->nothing = true;
        return warn_loudly(intake,
                           lw_arena_format(&intake->arena,
                                           "no model matches --model-pattern %.*s: `leeway models` shows the names",
                                           (int)settings->rules.model_pattern.len, settings->rules.model_pattern.at),
                           fault);
    }
    return LW_ERR_OK;
}

/* Silence up to a time that is before the last datapoint cannot be judged. */
static enum lw_err warn_of_now(struct lw_intake *intake, const struct lw_output *output, struct lw_fault *fault)
{
    const struct lw_rules *rules = &intake->settings->rules;
    const lw_time end = rules->has_until && output->has_data_end ? output->data_end : intake->last;
    char last[LW_TIME_SHORT];

    if (!rules->has_now || !intake->has_span || rules->now.ms >= end.ms)
        return LW_ERR_OK;
    lw_time_short(end, true, last);
    return warn_loudly(
        intake,
        lw_arena_format(&intake->arena, "--now is before the end of the data, %s: they are judged all the same", last),
        fault);
}

static struct lw_str file_name(struct lw_str path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.at[i - 1] == '/')
            return (struct lw_str){path.at + i, path.len - i};
    return path;
}

/* A log is named after its file: `job-1/train.log` and `job-2/train.log` become one run, and nobody would see it. */
static enum lw_err warn_of_same_logs(struct lw_intake *intake, const struct lw_output *output, struct lw_fault *fault)
{
    const struct lw_report_file *files = (const void *)intake->files.at;
    size_t n = intake->files.len / sizeof(*files);
    struct lw_str name = {.len = 0};
    size_t same = 0;

    (void)output;
    for (size_t i = 0; i < n && intake->settings->decode.run.len == 0 && same == 0; i++) {
        name = file_name(files[i].path);
        for (size_t k = i + 1; k < n && lw_str_equal(files[i].format, LW_STR("log")); k++)
            same += lw_str_equal(files[k].format, LW_STR("log")) && lw_str_equal(file_name(files[k].path), name);
    }
    if (same == 0)
        return LW_ERR_OK;
    return lw_intake_warn(intake,
                          lw_arena_format(&intake->arena,
                                          "%zu logs are named %.*s: a log is named after its file, so they were taken "
                                          "for one run; where they are several, rename them",
                                          same + 1, (int)name.len, name.at),
                          fault);
}

enum lw_err lw_intake_warn_of(struct lw_intake *intake, const struct lw_output *output, struct lw_fault *fault)
{
    static enum lw_err (*const sentences[])(struct lw_intake *, const struct lw_output *, struct lw_fault *) = {
        warn_of_window, warn_of_names, warn_of_nothing, warn_of_now, warn_of_same_logs};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < output->warnings_n && err == LW_ERR_OK; i++)
        err = lw_intake_warn(intake, output->warnings[i], fault);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]) && err == LW_ERR_OK; i++)
        err = sentences[i](intake, output, fault);
    return err;
}
