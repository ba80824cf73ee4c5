#include "engine/flow/analyze/intake_state.h"

#include "engine/base/fault.h"
#include "engine/core/step.h"
#include "engine/source/file.h"
#include "engine/source/unpack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEAD   ((size_t)64 << 10) /* of a file is looked at to recognise it */
#define POINTS 512                /* in one batch */

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

/* What a file is in no known format for, where its first bytes tell. PowerShell writes what a program prints as UTF-16. */
static enum lw_err unknown_format(struct lw_str head, struct lw_fault *fault)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *sentence;
    } signs[] = {
        {"\xff\xfe", 2, "is UTF-16 text: write it anew with iconv -f UTF-16 -t UTF-8"},
        {"\xfe\xff", 2, "is UTF-16 text: write it anew with iconv -f UTF-16 -t UTF-8"},
        {"\x28\xb5\x2f\xfd", 4, "is packed with zstd: unpack it first, gzip alone is read as it is"},
        {"BZh", 3, "is packed with bzip2: unpack it first, gzip alone is read as it is"},
        {"\xfd\x37zXZ", 5, "is packed with xz: unpack it first, gzip alone is read as it is"},
        {"PK\x03\x04", 4, "is packed with zip: unpack it first, gzip alone is read as it is"},
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (head.len >= signs[i].n && memcmp(head.at, signs[i].bytes, signs[i].n) == 0)
            return lw_fault_set(fault, LW_ERR_FORMAT, "%s", signs[i].sentence);
    return lw_fault_set(fault, LW_ERR_FORMAT,
                        "is in no known format: `leeway help analyze` lists them, --input-format forces one");
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
        return unknown_format(head, fault);
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
        return lw_intake_note_file(intake, &reading->file, fault);
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
        reading->file.error = lw_intake_sentence(intake, fault, reading->file.path);
    else
        reading->file.error = why_unusable(reading);
    if (reading->file.error.at == NULL)
        return lw_fault_memory(fault, "an error of a file");
    intake->empty += reading->empty;
    return lw_intake_note_file(intake, &reading->file, fault);
}

/* What has become a duplicate through the last file is put to its account. */
static enum lw_err count_duplicates(struct lw_intake *intake, struct lw_fault *fault)
{
    uint64_t duplicates = intake->duplicates;
    enum lw_err err = lw_step_duplicates(intake->step, &duplicates, fault);

    lw_intake_last_file(intake)->duplicates = duplicates - intake->duplicates;
    intake->duplicates = duplicates;
    return err;
}

enum lw_err lw_intake_read(struct lw_intake *intake, const char *path, const char *label, struct lw_str model,
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
