#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/loggly/event.h"
#include "engine/decode/table/csv_body.h"

#include <stdlib.h>

/* An export of Loggly as a table. Fields of the message are columns (json.metricName, ...), or the message is one column
   as text (logmsg, raw); beside them are the keys of Loggly's events, of which the time matters. */
enum what { NOTHING, FIELD, TIME, LOGMSG, RAW };

struct column {
    enum what what;
    size_t at, len; /* of a field: its name in `names` */
};

struct loggly_csv {
    struct lw_emit *emit;
    struct lw_csv_body body;
    struct lw_scan *scan; /* of a message as text */
    struct lw_buf names;
    struct column *columns;
    struct lw_memo memo;
    struct lw_event message, outer;
    uint32_t values; /* JSON values at the top of the text */
    bool bad;
};

/* The name behind `prefix`. */
static bool strip(struct lw_str *name, struct lw_str prefix)
{
    if (name->len <= prefix.len || memcmp(name->at, prefix.at, prefix.len) != 0)
        return false;
    *name = (struct lw_str){name->at + prefix.len, name->len - prefix.len};
    return true;
}

/* Without json.* columns the header may name the fields of the messages themselves. */
static enum what column_of(struct lw_str *name, bool prefixed)
{
    if (strip(name, LW_STR("event.json.")) || strip(name, LW_STR("json.")))
        return FIELD;
    if (lw_str_equal(*name, LW_STR("logmsg")))
        return LOGMSG;
    if (lw_str_equal(*name, LW_STR("raw")))
        return RAW;
    if (prefixed)
        return lw_str_equal(*name, LW_STR("timestamp")) ? TIME : NOTHING;
    return name->len > 0 ? FIELD : NOTHING;
}

static bool is_prefixed(const struct lw_csv_row *row)
{
    for (size_t i = 0; i < row->cells_n; i++) {
        struct lw_str name = row->cells[i];
        enum what what = column_of(&name, true);

        if (what != NOTHING && what != TIME)
            return true;
    }
    return false;
}

static enum lw_err read_header(void *self, const struct lw_csv_row *row, struct lw_fault *fault)
{
    struct loggly_csv *csv = self;
    bool prefixed = is_prefixed(row);

    csv->columns = calloc(row->cells_n, sizeof(*csv->columns));
    if (csv->columns == NULL)
        return lw_fault_memory(fault, "the header of an export");
    for (size_t i = 0; i < row->cells_n; i++) {
        struct lw_str name = row->cells[i];
        struct column *column = &csv->columns[i];

        column->what = column_of(&name, prefixed);
        if (column->what != FIELD)
            continue;
        column->at = csv->names.len;
        column->len = name.len;
        lw_buf_str(&csv->names, name);
    }
    return csv->names.error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the header of an export");
}

static enum lw_err field(struct lw_event *event, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct lw_token token = {.kind = LW_TOKEN_KEY, .text = name};
    enum lw_err err = lw_event_token(event, &token, fault);

    token = (struct lw_token){.kind = LW_TOKEN_STRING, .text = text};
    return err == LW_ERR_OK ? lw_event_token(event, &token, fault) : err;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct loggly_csv *csv = self;

    if (token->depth == 1)
        return lw_event_token(&csv->message, token, fault);
    if (token->depth == 0 && token->kind != LW_TOKEN_OBJECT_END) {
        csv->values++;
        csv->bad = csv->bad || token->kind != LW_TOKEN_OBJECT;
    }
    return LW_ERR_OK;
}

static enum lw_err on_bad_json(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                               struct lw_fault *fault)
{
    struct loggly_csv *csv = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    csv->bad = true;
    return LW_ERR_OK;
}

/* The message from its text. *usable: it is one JSON object, and a metric event. */
static enum lw_err read_text(struct loggly_csv *csv, const struct lw_csv_row *row, struct lw_str text, bool *usable,
                             struct lw_fault *fault)
{
    enum lw_err err;

    *usable = false;
    if (text.len == 0)
        return LW_ERR_OK;
    csv->values = 0;
    csv->bad = false;
    lw_event_start(&csv->message, csv->emit, &csv->memo, row->line, row->byte);
    err = lw_scan_push(csv->scan, text.at, text.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(csv->scan, fault);
    *usable = err == LW_ERR_OK && csv->values == 1 && !csv->bad && lw_event_recognised(&csv->message);
    return err;
}

/* Columns first, then logmsg, then raw: as of the events in JSON. */
static enum lw_err read_row(void *self, const struct lw_csv_row *row, struct lw_fault *fault)
{
    struct loggly_csv *csv = self;
    struct lw_str texts[2] = {{NULL, 0}, {NULL, 0}};
    bool usable;
    enum lw_err err = LW_ERR_OK;

    lw_event_start(&csv->message, csv->emit, &csv->memo, row->line, row->byte);
    lw_event_start(&csv->outer, csv->emit, &csv->memo, row->line, row->byte);
    for (size_t i = 0; i < row->cells_n && err == LW_ERR_OK; i++) {
        const struct column *column = &csv->columns[i];

        if (row->cells[i].len == 0)
            continue;
        if (column->what == FIELD)
            err = field(&csv->message, (struct lw_str){csv->names.at + column->at, column->len}, row->cells[i], fault);
        else if (column->what == TIME)
            err = field(&csv->outer, LW_STR("timestamp"), row->cells[i], fault);
        else if (column->what != NOTHING)
            texts[column->what == RAW] = row->cells[i];
    }
    usable = lw_event_recognised(&csv->message);
    for (size_t i = 0; i < 2 && err == LW_ERR_OK && !usable; i++)
        err = read_text(csv, row, texts[i], &usable, fault);
    if (err != LW_ERR_OK)
        return err;
    if (!usable)
        return lw_emit_reject_text(csv->emit, LW_REJECT_UNKNOWN_RECORD, row->line, row->byte,
                                   texts[0].len > 0 ? texts[0] : texts[1], fault);
    return lw_event_end(&csv->message, lw_event_time(&csv->outer), fault);
}

static void loggly_csv_close(void *state)
{
    struct loggly_csv *csv = state;

    if (csv == NULL)
        return;
    lw_csv_body_close(&csv->body);
    lw_scan_close(csv->scan);
    lw_buf_close(&csv->names);
    free(csv->columns);
    free(csv);
}

static enum lw_err loggly_csv_open(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_csv_body_calls rows = {read_header, read_row};
    static const struct lw_scan_calls tokens = {on_token, on_bad_json};
    struct loggly_csv *csv = calloc(1, sizeof(*csv));
    enum lw_err err;

    if (csv == NULL)
        return lw_fault_memory(fault, "reading an export of Loggly");
    csv->emit = emit;
    csv->names.ceiling = LW_CSV_TABLE_ROW;
    err = lw_csv_body_open(&csv->body, emit, &rows, csv, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_open(&csv->scan, &tokens, csv, fault);
    if (err != LW_ERR_OK) {
        loggly_csv_close(csv);
        return err;
    }
    *state = csv;
    return LW_ERR_OK;
}

static enum lw_err loggly_csv_push(void *state, const char *bytes, size_t n, struct lw_fault *fault)
{
    return lw_csv_body_push(&((struct loggly_csv *)state)->body, bytes, n, fault);
}

static enum lw_err loggly_csv_finish(void *state, struct lw_fault *fault)
{
    return lw_csv_body_finish(&((struct loggly_csv *)state)->body, fault);
}

const struct lw_format_decoder lw_format_loggly_csv = {LW_FORMAT_LOGGLY_CSV, loggly_csv_open, loggly_csv_push,
                                                       loggly_csv_finish, loggly_csv_close};
