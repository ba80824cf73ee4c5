#define _XOPEN_SOURCE 700
#include "engine/flow/analyze/intake_state.h"

#include "engine/base/fault.h"
#include "engine/source/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file that was read, for the case that it is named again. */
struct identity {
    dev_t device;
    ino_t inode;
};

enum lw_err lw_intake_open(struct lw_intake **out, const struct lw_settings *settings, const struct lw_session *session,
                           struct lw_fault *fault)
{
    struct lw_intake *intake = calloc(1, sizeof(*intake));
    enum lw_err err;

    if (intake == NULL)
        return lw_fault_memory(fault, "reading the input");
    intake->settings = settings;
    intake->session = session;
    intake->arena.ceiling = LW_INTAKE_NOTES_CEILING;
    intake->files.ceiling = LW_INTAKE_NOTES_CEILING;
    intake->identities.ceiling = LW_INTAKE_NOTES_CEILING;
    intake->warnings.ceiling = LW_INTAKE_NOTES_CEILING;
    intake->progress = lw_progress_begin(lw_world_real(), session->terminal.err);
    err = lw_step_open(&intake->step, &settings->rules, LW_INTAKE_STEP_CEILING, fault);
    if (err == LW_ERR_OK && settings->threads > 1)
        err = lw_step_threads(intake->step, settings->threads, fault);
    if (err != LW_ERR_OK) {
        lw_intake_close(intake);
        return err;
    }
    *out = intake;
    return LW_ERR_OK;
}

void lw_intake_close(struct lw_intake *intake)
{
    if (intake == NULL)
        return;
    lw_step_close(intake->step);
    lw_arena_close(&intake->arena);
    lw_buf_close(&intake->files);
    lw_buf_close(&intake->identities);
    lw_buf_close(&intake->warnings);
    free(intake);
}

size_t lw_intake_unusable(const struct lw_intake *intake)
{
    return intake->unusable + intake->nothing;
}

enum lw_err lw_intake_note_file(struct lw_intake *intake, const struct lw_report_file *file, struct lw_fault *fault)
{
    lw_buf_bytes(&intake->files, file, sizeof(*file));
    if (intake->files.error != LW_ERR_OK)
        return lw_fault_memory(fault, "the list of files");
    intake->datapoints += file->datapoints;
    if (file->error.len > 0) {
        intake->unusable++;
        lw_progress_end(&intake->progress);
        if (intake->session->quiet)
            return LW_ERR_OK;
        lw_session_note("%.*s: %.*s", (int)(file->path.len < 100 ? file->path.len : 100), file->path.at,
                        (int)(file->error.len < 200 ? file->error.len : 200), file->error.at);
    }
    return LW_ERR_OK;
}

struct lw_str lw_intake_sentence(struct lw_intake *intake, const struct lw_fault *fault, struct lw_str path)
{
    const char *text = fault->text;
    const char *named = path.at != NULL ? strstr(text, path.at) : NULL;

    if (named != NULL && strncmp(named + path.len, ": ", 2) == 0)
        text = named + path.len + 2;
    return lw_arena_text(&intake->arena, lw_str_from(text));
}

struct lw_report_file *lw_intake_last_file(struct lw_intake *intake)
{
    return (struct lw_report_file *)(void *)(intake->files.at + intake->files.len) - 1;
}

/* true when this very file was read already; else remembers it. Pipes and devices have no such identity. */
static bool is_known(struct lw_intake *intake, const char *path)
{
    struct stat status;
    struct identity identity = {.device = 0};
    const struct identity *known = (const struct identity *)(const void *)intake->identities.at;
    size_t n = intake->identities.len / sizeof(identity);

    if (strcmp(path, "-") == 0) {
        bool again = intake->standard_read;

        intake->standard_read = true;
        return again;
    }
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    identity.device = status.st_dev;
    identity.inode = status.st_ino;
    for (size_t i = 0; i < n; i++) {
        if (known[i].device == identity.device && known[i].inode == identity.inode)
            return true;
    }
    lw_buf_bytes(&intake->identities, &identity, sizeof(identity));
    return false;
}

enum lw_err lw_intake_file(struct lw_intake *intake, const char *path, const char *label, struct lw_str model,
                           struct lw_fault *fault)
{
    if (is_known(intake, path))
        return lw_intake_warn(
            intake, lw_arena_format(&intake->arena, "%s is named more than once: it was read once", path), fault);
    return lw_intake_read(intake, path, label != NULL ? label : path, model, NULL, fault);
}

enum lw_err lw_intake_bytes(struct lw_intake *intake, const char *label, struct lw_str bytes, struct lw_fault *fault)
{
    return lw_intake_read(intake, NULL, label, (struct lw_str){.len = 0}, &bytes, fault);
}

enum lw_err lw_intake_path(struct lw_intake *intake, const char *path, struct lw_fault *fault)
{
    struct lw_file_list list = {.n = 0};
    enum lw_err err = lw_file_list_add(&list, path, fault);

    if (err == LW_ERR_IO) {
        struct lw_report_file file = {.path = lw_arena_text(&intake->arena, lw_str_from(path))};

        file.error = lw_intake_sentence(intake, fault, file.path);
        if (file.path.at == NULL || file.error.at == NULL)
            return lw_fault_memory(fault, "an error of a file");

        return lw_intake_note_file(intake, &file, fault);
    }
    for (size_t i = 0; err == LW_ERR_OK && i < list.n; i++)
        err = lw_intake_file(intake, list.paths[i], NULL, (struct lw_str){.len = 0}, fault);
    lw_file_list_close(&list);
    return err;
}

enum lw_err lw_intake_end(struct lw_intake *intake, struct lw_report *report, struct lw_fault *fault)
{
    struct lw_report_reject *rejects = lw_arena_array(&intake->arena, LW_REJECT_COUNT, sizeof(*rejects));
    struct lw_output output;
    enum lw_err err;

    lw_progress_end(&intake->progress);
    if (rejects == NULL)
        return lw_fault_memory(fault, "what was skipped");
    err = lw_step_end(intake->step, &output, fault);
    if (err == LW_ERR_OK)
        err = lw_intake_warn_of(intake, &output, fault);
    if (err != LW_ERR_OK)
        return err;
    /* Sets of different statistics are joined only now; what was left over of them came to light with the last file. */
    if (intake->files.len > 0 && output.duplicates > intake->duplicates)
        lw_intake_last_file(intake)->duplicates += output.duplicates - intake->duplicates;
    for (size_t i = 0; i < LW_REJECT_COUNT; i++)
        lw_tally_count(&intake->tally, (enum lw_reject)i, output.rejected[i]);
    *report = (struct lw_report){
        .files = (const struct lw_report_file *)(const void *)intake->files.at,
        .files_n = intake->files.len / sizeof(struct lw_report_file),
        .rejects = rejects,
        .rejects_n = lw_tally_rows(&intake->tally, rejects),
        .models = output.models,
        .models_n = output.models_n,
        .warnings = (const struct lw_str *)(const void *)intake->warnings.at,
        .warnings_n = intake->warnings.len / sizeof(struct lw_str),
        .datapoints = intake->datapoints,
    };
    return LW_ERR_OK;
}
