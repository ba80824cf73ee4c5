#define _XOPEN_SOURCE 700
#include "engine/flow/analyze/intake.h"

#include "engine/base/fault.h"
#include "engine/base/time_text.h"
#include "engine/core/step.h"
#include "engine/flow/analyze/progress.h"
#include "engine/flow/analyze/tally.h"
#include "engine/flow/analyze/unmatched.h"
#include "engine/source/file.h"
#include "engine/source/unpack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD   ((size_t)64 << 10) /* of a file is looked at to recognise it */
#define POINTS 512                /* in one batch */

/* A file that was read, for the case that it is named again. */
struct identity {
    dev_t device;
    ino_t inode;
};

struct lw_intake {
    const struct lw_settings *settings;
    const struct lw_session *session;
    struct lw_step *step;
    struct lw_arena arena;
    struct lw_tally tally;
    struct lw_progress progress;
    struct lw_buf files;      /* struct lw_report_file */
    struct lw_buf identities; /* struct identity */
    struct lw_buf warnings;   /* struct lw_str */
    uint64_t datapoints, duplicates;
    size_t unusable, empty;
    lw_time first, last; /* of all datapoints with a time */
    bool has_span;
    bool nothing;       /* options or an empty export leave no run */
    bool stopped;       /* by --strict */
    bool standard_read; /* standard input has been */
};

/* One input while it is read. */
struct reading {
    struct lw_intake *intake;
    struct lw_report_file file;
    struct lw_decode_options options;
    struct lw_unpack *unpack;
    struct lw_decoder *decoder;
    struct lw_buf head;
    uint64_t facts;
    uint64_t own;          /* events that leeway itself had written */
    bool broken;           /* reading ended in an error: a record that is cut off follows from that */
    bool empty;            /* a list without anything in it */
    struct lw_str trouble; /* with the first record that is of no use, in words */
    size_t points_n;
    struct lw_point points[POINTS];
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

static enum lw_err give_points(struct reading *reading, struct lw_fault *fault)
{
    size_t n = reading->points_n;

    reading->points_n = 0;
    if (n == 0)
        return LW_ERR_OK;
    return lw_step_take(reading->intake->step, reading->points, n, NULL, 0, fault);
}

static enum lw_err take_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                               struct lw_fault *fault)
{
    struct reading *reading = self;
    struct lw_intake *intake = reading->intake;
    struct lw_str path = reading->file.path;

    if (reading->broken && lw_tally_is_bad(reason))
        return LW_ERR_OK;
    reading->file.rejected++;
    reading->own += reason == LW_REJECT_OWN_EVENT;
    if (intake->settings->strict && lw_tally_is_bad(reason)) {
        intake->stopped = true;
        return lw_fault_set_at(fault, LW_ERR_FORMAT, line, byte,
                               "%.*s:%" PRIu64 ": %s%s%.60s: mend the record, or leave out --strict to skip it",
                               (int)(path.len < 80 ? path.len : 80), path.at, line, lw_reject_text(reason),
                               detail != NULL && detail[0] != '\0' ? ": " : "", detail != NULL ? detail : "");
    }
    if (!lw_tally_add(&intake->tally, reason, path, line, detail, &intake->arena))
        return lw_fault_memory(fault, "what was skipped");
    if (reading->trouble.len == 0)
        reading->trouble =
            lw_arena_format(&intake->arena, "line %" PRIu64 ": %s%s%.80s%s", line, lw_reject_text(reason),
                            detail != NULL && detail[0] != '\0' ? " (" : "", detail != NULL ? detail : "",
                            detail != NULL && detail[0] != '\0' ? ")" : "");
    return LW_ERR_OK;
}

static void see_time(struct lw_intake *intake, lw_time time)
{
    if (!intake->has_span || time.ms < intake->first.ms)
        intake->first = time;
    if (!intake->has_span || time.ms > intake->last.ms)
        intake->last = time;
    intake->has_span = true;
}

static enum lw_err take_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct reading *reading = self;

    if ((point->flags & LW_POINT_STEP) == 0)
        see_time(reading->intake, (lw_time){point->at});
    reading->file.datapoints++;
    reading->points[reading->points_n++] = *point;
    return reading->points_n == POINTS ? give_points(reading, fault) : LW_ERR_OK;
}

static enum lw_err take_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct reading *reading = self;

    reading->facts++;
    return lw_step_take(reading->intake->step, NULL, 0, fact, 1, fault);
}

/* A log is named after its file, without what gzip added to the name. */
static void drop_suffix(struct reading *reading)
{
    struct lw_str *path = &reading->options.path;

    if (lw_unpack_packed(reading->unpack) && path->len > 3 && memcmp(path->at + path->len - 3, ".gz", 3) == 0)
        path->len -= 3;
}

/* The head is complete: the format is known or cannot be. */
static enum lw_err begin_decoding(struct reading *reading, struct lw_fault *fault)
{
    static const struct lw_decode_calls calls = {.point = take_point, .fact = take_fact, .reject = take_reject};
    struct lw_str head = lw_buf_view(&reading->head);
    enum lw_format format = reading->intake->settings->format;
    enum lw_err err;

    if (head.len == 0)
        return lw_fault_set(fault, LW_ERR_FORMAT, "is empty: name a file with metrics in it");
    drop_suffix(reading);
    if (format == LW_FORMAT_AUTO)
        format = lw_decode_sniff(head, reading->options.path, &reading->options.columns);
    if (format == LW_FORMAT_AUTO)
        return lw_fault_set(fault, LW_ERR_FORMAT,
                            "is in no known format: `leeway help analyze` lists them, "
                            "--input-format forces one");
    reading->file.format = lw_str_from(lw_format_id(format));
    err = lw_decode_open(&reading->decoder, format, &reading->options, lw_step_names(reading->intake->step), &calls,
                         reading, fault);
    if (err == LW_ERR_OK)
        err = lw_decode_push(reading->decoder, head.at, head.len, fault);
    return err;
}

static enum lw_err take_unpacked(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct reading *reading = self;

    if (reading->decoder != NULL)
        return lw_decode_push(reading->decoder, bytes, n, fault);
    lw_buf_bytes(&reading->head, bytes, n);
    if (reading->head.error != LW_ERR_OK)
        return lw_fault_memory(fault, "the head of a file");
    return reading->head.len >= HEAD ? begin_decoding(reading, fault) : LW_ERR_OK;
}

static enum lw_err take_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct reading *reading = self;

    reading->file.bytes += n;
    lw_progress_bytes(&reading->intake->progress, n);
    return lw_unpack_push(reading->unpack, bytes, n, fault);
}

/* Bytes in memory come in the same pieces as those of a file, since the head is held for no more. */
static enum lw_err take_memory(struct reading *reading, struct lw_str bytes, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t at = 0; at < bytes.len && err == LW_ERR_OK; at += LW_FILE_CHUNK) {
        size_t left = bytes.len - at;

        err = take_bytes(reading, bytes.at + at, left < LW_FILE_CHUNK ? left : LW_FILE_CHUNK, fault);
    }
    return err;
}

/* The end of the input: what waited is decoded. After an error of reading or unpacking too, for what came before it. */
static enum lw_err finish_decoding(struct reading *reading, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    if (reading->decoder == NULL)
        err = begin_decoding(reading, fault);
    if (err == LW_ERR_OK)
        err = lw_decode_finish(reading->decoder, fault);
    if (err == LW_ERR_OK)
        err = give_points(reading, fault);
    return err;
}

static enum lw_err pour(struct reading *reading, const char *path, const struct lw_str *bytes, struct lw_fault *fault)
{
    enum lw_err err;

    if (bytes == NULL)
        err = lw_file_read(path, take_bytes, reading, fault);
    else
        err = take_memory(reading, *bytes, fault);
    if (err == LW_ERR_OK)
        err = lw_unpack_finish(reading->unpack, fault);
    return err;
}

/* Errors of one file, after which the others go on. */
static bool is_of_file(const struct lw_intake *intake, enum lw_err err)
{
    return !intake->stopped && (err == LW_ERR_IO || err == LW_ERR_FORMAT || err == LW_ERR_USAGE);
}

static enum lw_err note_file(struct lw_intake *intake, const struct lw_report_file *file, struct lw_fault *fault)
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

/* The sentence of a fault, kept; without the path where it names that itself, since it is told with the path. */
static struct lw_str keep_sentence(struct lw_intake *intake, const struct lw_fault *fault, struct lw_str path)
{
    const char *text = fault->text;
    const char *named = path.at != NULL ? strstr(text, path.at) : NULL;

    if (named != NULL && strncmp(named + path.len, ": ", 2) == 0)
        text = named + path.len + 2;
    return lw_arena_text(&intake->arena, lw_str_from(text));
}

/* Nothing but blanks and an empty list: an export without anything in it, of whatever format. */
static bool is_empty_list(struct lw_str text)
{
    char seen[2];
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == ' ' || text.at[i] == '\t' || text.at[i] == '\r' || text.at[i] == '\n')
            continue;
        if (n == 2)
            return false;
        seen[n++] = text.at[i];
    }
    return n == 2 && seen[0] == '[' && seen[1] == ']';
}

/* Why a file that was read to its end is of no use; empty when it is of use; .at is NULL when memory is out. */
static struct lw_str why_unusable(struct reading *reading)
{
    if (reading->file.datapoints + reading->facts + reading->own > 0)
        return LW_STR("");
    if (reading->file.records + reading->file.rejected == 0) {
        reading->empty = true;
        return LW_STR("");
    }
    if (reading->trouble.len == 0)
        reading->trouble = LW_STR("nothing that is known");
    return lw_arena_format(&reading->intake->arena,
                           "no usable record among %" PRIu64 ", read as %.*s: %.*s; or force another --input-format",
                           reading->file.records, (int)reading->file.format.len, reading->file.format.at,
                           (int)reading->trouble.len, reading->trouble.at);
}

static enum lw_err settle_file(struct reading *reading, enum lw_err err, struct lw_fault *fault)
{
    struct lw_intake *intake = reading->intake;
    struct lw_fault after;

    if (err != LW_ERR_OK && !is_of_file(intake, err))
        return err;
    reading->broken = err != LW_ERR_OK;
    if (!reading->broken && reading->decoder == NULL && is_empty_list(lw_buf_view(&reading->head))) {
        intake->empty++;
        return note_file(intake, &reading->file, fault);
    }
    if (err == LW_ERR_OK) {
        err = finish_decoding(reading, fault);
    } else if ((reading->decoder != NULL || reading->head.len > 0) && finish_decoding(reading, &after) != LW_ERR_OK &&
               !is_of_file(intake, after.code)) {
        *fault = after;
        return after.code;
    }
    if (err != LW_ERR_OK && !is_of_file(intake, err))
        return err;
    if (reading->decoder != NULL)
        reading->file.records = lw_decode_records(reading->decoder);
    if (err != LW_ERR_OK)
        reading->file.error = keep_sentence(intake, fault, reading->file.path);
    else
        reading->file.error = why_unusable(reading);
    if (reading->file.error.at == NULL)
        return lw_fault_memory(fault, "an error of a file");
    intake->empty += reading->empty;
    return note_file(intake, &reading->file, fault);
}

static struct lw_report_file *last_file(struct lw_intake *intake)
{
    return (struct lw_report_file *)(void *)(intake->files.at + intake->files.len) - 1;
}

/* What has become a duplicate through the last file is put to its account. */
static enum lw_err count_duplicates(struct lw_intake *intake, struct lw_fault *fault)
{
    uint64_t duplicates = intake->duplicates;
    enum lw_err err = lw_step_duplicates(intake->step, &duplicates, fault);

    last_file(intake)->duplicates = duplicates - intake->duplicates;
    intake->duplicates = duplicates;
    return err;
}

/* From the file at `path`, or from `bytes` where path is NULL. */
static enum lw_err read_input(struct lw_intake *intake, const char *path, const char *label, struct lw_str model,
                              const struct lw_str *bytes, struct lw_fault *fault)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    bool standard = path != NULL && strcmp(path, "-") == 0;
    enum lw_err err;

    if (reading == NULL)
        return lw_fault_memory(fault, "reading a file");
    reading->intake = intake;
    reading->head.ceiling = HEAD + LW_FILE_CHUNK;
    reading->options = intake->settings->decode;
    reading->options.path = standard ? LW_STR("stdin") : lw_str_from(label);
    if (model.len > 0)
        reading->options.model = model;
    reading->file.path = lw_arena_text(&intake->arena, lw_str_from(label));
    err = lw_unpack_open(&reading->unpack, take_unpacked, reading, fault);
    if (err == LW_ERR_OK) {
        err = pour(reading, path, bytes, fault);
        err = settle_file(reading, err, fault);
    }
    if (err == LW_ERR_OK)
        err = count_duplicates(intake, fault);
    lw_unpack_close(reading->unpack);
    lw_decode_close(reading->decoder);
    lw_buf_close(&reading->head);
    free(reading);
    return err;
}

static enum lw_err warn(struct lw_intake *intake, struct lw_str sentence, struct lw_fault *fault)
{
    if (sentence.at != NULL)
        lw_buf_bytes(&intake->warnings, &sentence, sizeof(sentence));
    if (sentence.at == NULL || intake->warnings.error != LW_ERR_OK)
        return lw_fault_memory(fault, "a warning");
    return LW_ERR_OK;
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
        return warn(intake, lw_arena_format(&intake->arena, "%s is named more than once: it was read once", path),
                    fault);
    return read_input(intake, path, label != NULL ? label : path, model, NULL, fault);
}

enum lw_err lw_intake_bytes(struct lw_intake *intake, const char *label, struct lw_str bytes, struct lw_fault *fault)
{
    return read_input(intake, NULL, label, (struct lw_str){.len = 0}, &bytes, fault);
}

enum lw_err lw_intake_path(struct lw_intake *intake, const char *path, struct lw_fault *fault)
{
    struct lw_file_list list = {.n = 0};
    enum lw_err err = lw_file_list_add(&list, path, fault);

    if (err == LW_ERR_IO) {
        struct lw_report_file file = {.path = lw_arena_text(&intake->arena, lw_str_from(path))};

        file.error = keep_sentence(intake, fault, file.path);
        if (file.path.at == NULL || file.error.at == NULL)
            return lw_fault_memory(fault, "an error of a file");

        return note_file(intake, &file, fault);
    }
    for (size_t i = 0; err == LW_ERR_OK && i < list.n; i++)
        err = lw_intake_file(intake, list.paths[i], NULL, (struct lw_str){.len = 0}, fault);
    lw_file_list_close(&list);
    return err;
}

/* A sentence about the whole. Told on standard error too: a program that reads the report would not see it. */
static enum lw_err warn_loudly(struct lw_intake *intake, struct lw_str sentence, struct lw_fault *fault)
{
    if (sentence.at != NULL && !intake->session->quiet)
        lw_session_note("%.*s", (int)sentence.len, sentence.at);
    return warn(intake, sentence, fault);
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
    return warn(intake,
                lw_arena_format(&intake->arena, "%zu %s left out, each as a whole: the end is %s%s%s%s%s%s",
                                output->runs_outside, output->runs_outside == 1 ? "run is" : "runs are",
                                rules->has_since ? "before " : "", rules->has_since ? since : "",
                                rules->has_since && rules->has_until ? ", or " : "", rules->has_until ? "at " : "",
                                rules->has_until ? until : "", rules->has_until ? " or later" : ""),
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

enum lw_err lw_intake_end(struct lw_intake *intake, struct lw_report *report, struct lw_fault *fault)
{
    struct lw_report_reject *rejects = lw_arena_array(&intake->arena, LW_REJECT_COUNT, sizeof(*rejects));
    struct lw_output output;
    enum lw_err err;

    lw_progress_end(&intake->progress);
    if (rejects == NULL)
        return lw_fault_memory(fault, "what was skipped");
    err = lw_step_end(intake->step, &output, fault);
    if (err != LW_ERR_OK)
        return err;
    for (size_t i = 0; i < output.warnings_n && err == LW_ERR_OK; i++)
        err = warn(intake, output.warnings[i], fault);
    if (err == LW_ERR_OK)
        err = warn_of_window(intake, &output, fault);
    if (err == LW_ERR_OK)
        err = warn_of_names(intake, &output, fault);
    if (err == LW_ERR_OK)
        err = warn_of_nothing(intake, &output, fault);
    if (err == LW_ERR_OK)
        err = warn_of_now(intake, &output, fault);
    if (err != LW_ERR_OK)
        return err;
    /* Sets of different statistics are joined only now; what was left over of them came to light with the last file. */
    if (intake->files.len > 0 && output.duplicates > intake->duplicates)
        last_file(intake)->duplicates += output.duplicates - intake->duplicates;
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
