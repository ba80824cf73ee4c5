#define _DEFAULT_SOURCE

#include "engine/flow/config/init.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/base/time_text.h"
#include "engine/flow/analyze/intake.h"
#include "engine/flow/config/print/show.h"
#include "engine/flow/config/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX     ((size_t)64 << 20)
#define ARENA_MAX    ((size_t)1 << 30)
#define SOURCES_MOST 20
#define PREFIX_LEAST 3

struct entry {
    const struct lw_judged *model;
    struct lw_str match; /* pattern of its jobs; len 0: none could be made */
};

/* ---- patterns ---- */

/* Whether YAML takes the text: names in data may hold anything. */
static enum lw_err is_yaml(struct lw_str text, bool *good, struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = (size_t)1 << 20};
    struct lw_buf line = {.ceiling = (size_t)1 << 18};
    struct lw_complaints complaints = {.errors = NULL};
    struct lw_node *root = NULL;
    enum lw_err err = LW_ERR_OK;

    lw_show_text(&line, text, true);
    if (line.error == LW_ERR_NOMEM)
        err = lw_fault_memory(fault, "the configuration");
    else if (line.error == LW_ERR_OK)
        err = lw_tree_read(lw_buf_view(&line), &arena, &complaints, &root, fault);
    *good = err == LW_ERR_OK && line.error == LW_ERR_OK && root != NULL && lw_str_equal(root->text, text);
    lw_arena_close(&arena);
    lw_buf_close(&line);
    return err == LW_ERR_NOMEM ? err : LW_ERR_OK;
}

static struct lw_str name_of(const struct lw_judged *model, size_t run)
{
    return lw_run_str(model->runs[run].run, model->runs[run].run->name);
}

static bool begins(struct lw_str text, struct lw_str with)
{
    return text.len >= with.len && (with.len == 0 || memcmp(text.at, with.at, with.len) == 0);
}

/* What all names of its runs begin with: the name of the model where that is so, with the separator behind it. */
static struct lw_str stem_of(const struct lw_judged *model, bool *exact)
{
    struct lw_str stem = model->runs_n > 0 ? name_of(model, 0) : model->model;
    bool all = true;

    *exact = true;
    for (size_t i = 0; i < model->runs_n; i++) {
        struct lw_str name = name_of(model, i);
        size_t n = 0;

        while (n < stem.len && n < name.len && stem.at[n] == name.at[n])
            n++;
        *exact = *exact && n == name.len && n == stem.len;
        stem.len = n;
        all = all && begins(name, model->model);
    }
    if (*exact || !all || model->model.len == 0)
        return stem;
    if (stem.len > model->model.len && (stem.at[model->model.len] == '-' || stem.at[model->model.len] == '_'))
        stem.len = model->model.len + 1;
    else
        stem.len = model->model.len;
    return stem;
}

static enum lw_err make_pattern(struct entry *entry, struct lw_arena *arena, struct lw_fault *fault)
{
    struct lw_buf pattern = {.ceiling = 8192};
    bool exact, good = false;
    struct lw_str stem = stem_of(entry->model, &exact);
    enum lw_err err = is_yaml(stem, &good, fault);

    if (err != LW_ERR_OK || !good || (!exact && stem.len < PREFIX_LEAST) || stem.len == 0)
        return err;
    for (size_t i = 0; i < stem.len; i++) {
        if (strchr("*?[\\", stem.at[i]) != NULL)
            lw_buf_char(&pattern, '\\');
        lw_buf_char(&pattern, stem.at[i]);
    }
    if (!exact)
        lw_buf_char(&pattern, '*');
    if (pattern.error == LW_ERR_OK) {
        entry->match = lw_arena_text(arena, lw_buf_view(&pattern));
        if (entry->match.at == NULL)
            err = lw_fault_memory(fault, "the configuration");
    }
    lw_buf_close(&pattern);
    return err;
}

/* A longer pattern comes first, since the first match wins: "churn-xgb-*" before "churn-*". */
static int by_length(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    if (left->match.len != right->match.len)
        return left->match.len < right->match.len ? 1 : -1;
    return lw_str_compare(left->match, right->match);
}

/* ---- what is told of a model ---- */

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* The usual time from start to start; 0 where too little is known. */
static enum lw_err usual_gap(const struct lw_judged *model, lw_span *gap, struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    int64_t *gaps = lw_arena_array(&arena, model->runs_n, sizeof(*gaps));
    size_t n = 0;

    gap->ms = 0;
    if (gaps == NULL)
        return lw_fault_memory(fault, "the configuration");
    for (size_t i = 1; i < model->runs_n; i++) {
        const struct lw_run *before = model->runs[i - 1].run, *run = model->runs[i].run;

        if (before->has_start && run->has_start && run->start.ms > before->start.ms)
            gaps[n++] = run->start.ms - before->start.ms;
    }
    qsort(gaps, n, sizeof(*gaps), by_number);
    if (n >= 2)
        gap->ms = gaps[n / 2];
    lw_arena_close(&arena);
    return LW_ERR_OK;
}

static void put_time(struct lw_buf *out, const char *before, lw_time time)
{
    char text[LW_TIME_SHORT];

    lw_time_short(time, true, text);
    lw_buf_format(out, "%s%s", before, text);
}

static void put_facts(struct lw_buf *out, const struct lw_judged *model, lw_span gap)
{
    const struct lw_run *first = model->runs[0].run, *last = model->runs[model->runs_n - 1].run;
    const struct lw_metric *primary = lw_run_metric(last, model->primary);
    char text[LW_SPAN_TEXT], number[LW_NUMBER_TEXT];

    lw_buf_format(out, ": %zu run%s", model->runs_n, model->runs_n == 1 ? "" : "s");
    if (first->has_start && last->has_end) {
        put_time(out, ", ", first->start);
        put_time(out, " to ", last->end);
    }
    if (gap.ms > 0) {
        lw_span_write(gap, text);
        lw_buf_format(out, ", usually every %s", text);
    }
    if (primary != NULL && primary->summary.count > 0) {
        (void)lw_number_digits(primary->summary.last, 6, number);
        lw_buf_text(out, "; ");
        lw_show_text(out, model->primary, true);
        lw_buf_format(out, " was %s last", number);
    }
    lw_buf_char(out, '\n');
}

/* One block. The name of the model is not stated: it follows from the names of the jobs, as it did here. */
static enum lw_err put_model(struct lw_buf *out, const struct entry *entry, bool again, struct lw_fault *fault)
{
    char text[LW_SPAN_TEXT];
    bool good = false;
    lw_span gap;
    enum lw_err err = is_yaml(entry->model->model, &good, fault);

    if (err == LW_ERR_OK && good)
        err = is_yaml(entry->model->primary, &good, fault);
    if (err == LW_ERR_OK)
        err = usual_gap(entry->model, &gap, fault);
    if (err != LW_ERR_OK || entry->model->runs_n == 0)
        return err;
    if (!good) {
        lw_buf_text(out, "  # a model whose name YAML does not take\n");
        return LW_ERR_OK;
    }
    lw_buf_text(out, "\n  # ");
    lw_show_text(out, entry->model->model, true);
    put_facts(out, entry->model, gap);
    if (entry->match.len == 0) {
        lw_buf_text(out, "  # (its jobs have no name in common that a pattern could be made of)\n");
        return LW_ERR_OK;
    }
    if (again)
        lw_buf_text(out, "  # (the block above is for it too)\n");
    lw_buf_text(out, again ? "  # - match: " : "  - match: ");
    lw_show_text(out, entry->match, true);
    lw_buf_char(out, '\n');
    if (gap.ms > 0 && !again) {
        lw_span_write(gap, text);
        lw_buf_format(out, "    # cadence: {every: %s}   # without it, the rhythm is learnt\n", text);
    }
    return LW_ERR_OK;
}

/* ---- parts of the file ---- */

static void put_head(const struct lw_report *report, struct lw_buf *out)
{
    lw_buf_format(out,
                  "# The configuration of `leeway watch`, made by `leeway init` from %zu file%s with %zu model%s.\n"
                  "# What is commented out is a default or a proposal; `leeway config example` shows every key.\n"
                  "# `leeway config check` reads this file, `leeway config show --origin` says what holds.\n"
                  "\n"
                  "# store: /var/lib/leeway/leeway.db\n"
                  "# false_alarms: 1 per 370 runs   # of one model, all charts together\n"
                  "# quiet_period: 15m              # a run that is silent for that long has ended\n"
                  "\n"
                  "# No alert of a model goes beyond a ticket, until its block says `alert: page`.\n"
                  "defaults: {alert: ticket}\n",
                  report->files_n, report->files_n == 1 ? "" : "s", report->models_n, report->models_n == 1 ? "" : "s");
}

static enum lw_err put_models(const struct lw_report *report, struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct entry *entries = lw_arena_array(&arena, report->models_n, sizeof(*entries));
    enum lw_err err = entries != NULL ? LW_ERR_OK : lw_fault_memory(fault, "the configuration");
    size_t active = 0;

    for (size_t i = 0; i < report->models_n && err == LW_ERR_OK; i++) {
        entries[i].model = &report->models[i];
        err = make_pattern(&entries[i], &arena, fault);
        active += entries[i].match.len > 0;
    }
    if (err == LW_ERR_OK) {
        qsort(entries, report->models_n, sizeof(*entries), by_length);
        lw_buf_text(out, "\n# The first block that matches the name of a job wins.\n");
        lw_buf_text(out, active > 0 ? "models:\n" : "# models:\n");
    }
    for (size_t i = 0; i < report->models_n && err == LW_ERR_OK; i++) {
        bool again = i > 0 && entries[i].match.len > 0 && lw_str_equal(entries[i].match, entries[i - 1].match);

        err = put_model(out, &entries[i], again, fault);
    }
    lw_arena_close(&arena);
    return err;
}

static bool is_of(struct lw_str format, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= format.len; i++) {
        if (memcmp(format.at + i, word, n) == 0)
            return true;
    }
    return false;
}

/* The file itself, where it is one that can be named again; whether it was written. */
static enum lw_err put_file(const struct lw_report_file *file, struct lw_buf *out, bool *written,
                            struct lw_fault *fault)
{
    char path[PATH_MAX], real[PATH_MAX];
    struct stat about;
    bool good = false;
    enum lw_err err;

    *written = false;
    if (file->path.len >= sizeof(path) || file->error.len > 0)
        return LW_ERR_OK;
    memcpy(path, file->path.at, file->path.len);
    path[file->path.len] = '\0';
    if (realpath(path, real) == NULL || stat(real, &about) != 0 || !S_ISREG(about.st_mode))
        return LW_ERR_OK;
    err = is_yaml(lw_str_from(real), &good, fault);
    if (err != LW_ERR_OK || !good)
        return err;
    lw_buf_text(out, "  - {type: file, path: ");
    lw_show_text(out, lw_str_from(real), true);
    lw_buf_format(out, ", until_end: true}   # %.*s\n", (int)file->format.len, file->format.at);
    *written = true;
    return LW_ERR_OK;
}

static enum lw_err put_sources(const struct lw_report *report, struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_buf list = {.ceiling = TEXT_MAX};
    bool loggly = false, cloud = false, written;
    size_t n = 0;
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < report->files_n && err == LW_ERR_OK; i++) {
        struct lw_str format = report->files[i].format;

        loggly = loggly || is_of(format, "loggly");
        cloud = cloud || is_of(format, "metric") || is_of(format, "training-jobs");
        if (n == SOURCES_MOST)
            continue;
        err = put_file(&report->files[i], &list, &written, fault);
        n += written;
    }
    lw_buf_text(
        out,
        "\n# What was looked at is read once more, to its end. Without `until_end` a file is followed as it grows.\n");
    lw_buf_text(out, n > 0 ? "sources:\n" : "# sources:\n");
    if (list.error == LW_ERR_OK)
        lw_buf_str(out, lw_buf_view(&list));
    else
        err = lw_fault_memory(fault, "the configuration");
    if (n == SOURCES_MOST && n < report->files_n)
        lw_buf_format(out, "  # and %zu more files, which are left out here\n", report->files_n - n);
    if (loggly)
        lw_buf_text(out, "  # The data come from Loggly; live they are read from there:\n"
                         "  # - {type: loggly, subdomain: SUBDOMAIN, token_file: /etc/leeway/loggly-api.token}\n");
    if (cloud)
        lw_buf_text(out, "  # The data come from AWS; live they are read from there:\n"
                         "  # - {type: cloudwatch, regions: [us-east-1]}\n");
    lw_buf_close(&list);
    return err;
}

enum lw_err lw_init_write(const struct lw_report *report, struct lw_buf *out, struct lw_fault *fault)
{
    enum lw_err err;

    put_head(report, out);
    err = put_models(report, out, fault);
    if (err == LW_ERR_OK)
        err = put_sources(report, out, fault);
    lw_buf_text(out, "\n# Without sinks, alerts and runs go to standard output.\n"
                     "# sinks:\n"
                     "  # - {type: loggly, token_file: /etc/leeway/loggly.token}\n"
                     "  # - {type: webhook, format: slack, url_file: /etc/leeway/slack.url, min_severity: ticket}\n");
    return err;
}

/* ---- the subcommand ---- */

/* Never over something that is there. */
static enum lw_err save(const char *path, struct lw_str text, struct lw_fault *fault)
{
    int file = lw_again_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int reason = 0;

    if (file < 0 && errno == EEXIST)
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "%.150s is there already and stays as it is: name another file with --output", path);
    if (file < 0)
        return lw_fault_set(fault, LW_ERR_IO, "cannot make %.150s: %s", path, strerror(errno));
    while (text.len > 0 && reason == 0) {
        ssize_t n = write(file, text.at, text.len);

        if (n < 0 && errno != EINTR)
            reason = errno;
        if (n > 0) {
            text.at += n;
            text.len -= (size_t)n;
        }
    }
    if (close(file) != 0 && reason == 0)
        reason = errno;
    if (reason == 0)
        return LW_ERR_OK;
    (void)unlink(path);
    return lw_fault_set(fault, LW_ERR_IO, "cannot write %.150s: %s", path, strerror(reason));
}

static enum lw_exit finish(struct lw_session *session, const struct lw_report *report, enum lw_exit done)
{
    const char *path = lw_options_value(session->options, "output");
    struct lw_buf text = {.ceiling = TEXT_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_exit exit = done;
    enum lw_err err = lw_init_write(report, &text, &fault);

    if (path == NULL)
        path = "leeway.yaml";
    if (err == LW_ERR_OK && text.error != LW_ERR_OK)
        err = lw_fault_set(&fault, text.error, "the configuration does not fit into memory");
    if (err == LW_ERR_OK && strcmp(path, "-") == 0) {
        exit = lw_session_write(NULL, lw_buf_view(&text), text.error, done);
    } else if (err == LW_ERR_OK) {
        err = save(path, lw_buf_view(&text), &fault);
        if (err == LW_ERR_OK)
            printf("%s: %zu model%s found; see `leeway config check -c %s`, then `leeway watch -c %s`\n", path,
                   report->models_n, report->models_n == 1 ? "" : "s", path, path);
    }
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    lw_buf_close(&text);
    return exit;
}

static enum lw_err read_files(struct lw_session *session, struct lw_intake *intake, struct lw_fault *fault)
{
    const struct lw_options *options = session->options;
    size_t n;
    const struct lw_str *from = lw_options_values(options, "from", session->arena, &n);
    enum lw_err err = from != NULL ? LW_ERR_OK : lw_fault_memory(fault, "the command line");

    if (err == LW_ERR_OK && n + options->operands_n == 0)
        err = lw_fault_set(fault, LW_ERR_USAGE, "name the files to look at: leeway init --from FILE...");
    for (size_t i = 0; err == LW_ERR_OK && i < n; i++)
        err = lw_intake_path(intake, from[i].at, fault);
    for (size_t i = 0; err == LW_ERR_OK && i < options->operands_n; i++)
        err = lw_intake_path(intake, options->operands[i], fault);
    return err;
}

enum lw_exit lw_init_run(struct lw_session *session)
{
    struct lw_settings settings = lw_settings_default(session);
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_intake *intake = NULL;
    struct lw_report report;
    enum lw_exit exit;
    enum lw_err err = lw_settings_read(session, &settings, &fault);

    if (err == LW_ERR_OK)
        err = lw_intake_open(&intake, &settings, session, &fault);
    if (err == LW_ERR_OK)
        err = read_files(session, intake, &fault);
    if (err == LW_ERR_OK)
        err = lw_intake_end(intake, &report, &fault);
    if (err != LW_ERR_OK)
        exit = lw_session_fail(&fault);
    else
        exit = finish(session, &report, lw_intake_unusable(intake) > 0 ? LW_EXIT_INPUT : LW_EXIT_DONE);
    lw_intake_close(intake);
    lw_settings_close(&settings);
    return exit;
}
