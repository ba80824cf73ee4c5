#include "engine/decode/reader.h"
#include "engine/decode/table/columns.h"

/* Plain records: one object per line (or an array of them), one observation each, under the usual names of columns or
   those that the user says. What is nested is passed over. */

#define KEYS 64 /* what keys were found to mean; keys are few and come again with every record */

struct key {
    char text[31];
    uint8_t len; /* 0: not used */
    uint8_t column;
};

struct plain {
    struct lw_reader reader;
    uint32_t depth; /* of the members of the open record */
    uint64_t line, byte;
    uint8_t column; /* of the key that was read last */
    uint32_t seen;  /* columns that had a value, as bits */
    struct lw_point point;
    bool spoiled, not_a_number;
    enum lw_reject reason;
    char detail[LW_EMIT_DETAIL];
    int64_t step;
    bool timed;    /* a record of this input had a time */
    uint32_t told; /* the run that was told last to have none */
    struct key keys[KEYS];
};

/* Steps beyond this are not whole numbers any more as JSON carries them. */
#define STEP_MAX 9007199254740992.0

#define BIT(column) (1u << (column))

static enum lw_column column_of(struct plain *plain, struct lw_str name)
{
    const struct lw_columns *columns = &plain->reader.emit->options->columns;
    struct key *key;

    if (name.len == 0 || name.len > sizeof(key->text))
        return lw_columns_find(columns, name);
    key = &plain->keys[(name.len * 7 + (unsigned char)name.at[0] + (unsigned char)name.at[name.len - 1]) % KEYS];
    if (key->len != name.len || memcmp(key->text, name.at, name.len) != 0) {
        key->column = (uint8_t)lw_columns_find(columns, name);
        key->len = (uint8_t)name.len;
        memcpy(key->text, name.at, name.len);
    }
    return (enum lw_column)key->column;
}

static void start(struct plain *plain, const struct lw_token *token)
{
    const struct lw_emit *emit = plain->reader.emit;

    plain->reader.open = true;
    plain->depth = token->depth + 1;
    plain->line = token->line;
    plain->byte = token->byte;
    plain->column = LW_COLUMN_NONE;
    plain->seen = 0;
    plain->point = lw_emit_blank_point(emit);
    plain->point.run = emit->run;
    plain->point.metric = emit->metric;
    plain->spoiled = plain->not_a_number = false;
}

static void spoil(struct plain *plain, enum lw_reject reason, struct lw_str text)
{
    if (plain->spoiled)
        return;
    plain->spoiled = true;
    plain->reason = reason;
    lw_emit_detail(text, plain->detail);
}

/* Runs and models are often numbered: a number is taken as it is written. */
static enum lw_err take_name(struct plain *plain, const struct lw_token *token, struct lw_fault *fault)
{
    const struct lw_emit *emit = plain->reader.emit;
    uint32_t *id = NULL;

    if ((token->kind != LW_TOKEN_STRING && token->kind != LW_TOKEN_NUMBER) || token->text.len == 0)
        return LW_ERR_OK;
    if (plain->column == LW_COLUMN_ORIGIN)
        id = &plain->point.origin;
    else if (plain->column == LW_COLUMN_MODEL && emit->model == 0)
        id = &plain->point.model;
    else if (plain->column == LW_COLUMN_RUN)
        id = &plain->point.run;
    else if (plain->column == LW_COLUMN_METRIC)
        id = &plain->point.metric;
    return id == NULL ? LW_ERR_OK : lw_memo_name(&plain->reader.memo, plain->reader.emit, token->text, id, fault);
}

static bool take_time(struct plain *plain, const struct lw_token *token)
{
    lw_time at;

    if (!lw_memo_time(&plain->reader.memo, token, plain->reader.emit->options->zone, &at)) {
        spoil(plain, LW_REJECT_BAD_TIME, token->text);
        return false;
    }
    plain->point.at = at.ms;
    return true;
}

static bool take_number(struct plain *plain, const struct lw_token *token, enum lw_column column)
{
    struct lw_point *point = &plain->point;
    enum lw_reject reason;
    double value;

    if (!lw_memo_number(token, &value, &reason)) {
        plain->not_a_number |= reason == LW_REJECT_NOT_FINITE && column != LW_COLUMN_COUNT && column != LW_COLUMN_STEP;
        spoil(plain, reason, token->text);
        return false;
    }
    if (column == LW_COLUMN_VALUE)
        point->average = value, point->known |= LW_KNOWN_AVERAGE;
    else if (column == LW_COLUMN_MIN)
        point->min = value, point->known |= LW_KNOWN_MIN;
    else if (column == LW_COLUMN_MAX)
        point->max = value, point->known |= LW_KNOWN_MAX;
    else if (column == LW_COLUMN_SUM)
        point->sum = value, point->known |= LW_KNOWN_SUM;
    else if (column == LW_COLUMN_COUNT)
        point->count = value, point->known |= LW_KNOWN_COUNT;
    else if (value >= -STEP_MAX && value <= STEP_MAX && (double)(int64_t)value == value)
        plain->step = (int64_t)value;
    else
        return spoil(plain, LW_REJECT_BAD_TIME, token->text), false;
    return true;
}

/* Of several keys that mean the same thing the first one counts. */
static enum lw_err take(struct plain *plain, const struct lw_token *token, struct lw_fault *fault)
{
    enum lw_column column = (enum lw_column)plain->column;
    bool taken = true;

    if (token->kind == LW_TOKEN_NULL || token->kind == LW_TOKEN_OBJECT_END || token->kind == LW_TOKEN_ARRAY_END ||
        (plain->seen & BIT(column)))
        return LW_ERR_OK;
    switch (column) {
    case LW_COLUMN_NONE:
    case LW_COLUMN_COUNT_OF:
        return LW_ERR_OK;
    case LW_COLUMN_TIME:
        taken = take_time(plain, token);
        break;
    case LW_COLUMN_STEP:
    case LW_COLUMN_VALUE:
    case LW_COLUMN_MIN:
    case LW_COLUMN_MAX:
    case LW_COLUMN_SUM:
    case LW_COLUMN_COUNT:
        taken = take_number(plain, token, column);
        break;
    case LW_COLUMN_ORIGIN:
    case LW_COLUMN_MODEL:
    case LW_COLUMN_RUN:
    case LW_COLUMN_METRIC:
        plain->seen |= BIT(column);
        return take_name(plain, token, fault);
    }
    plain->seen |= taken ? BIT(column) : 0;
    return LW_ERR_OK;
}

static enum lw_err say(struct plain *plain, enum lw_fact_kind kind, uint32_t key, struct lw_fault *fault)
{
    struct lw_fact fact = lw_emit_blank_fact(plain->reader.emit, kind, LW_RANK_LOG);

    fact.origin = plain->point.origin;
    fact.model = plain->point.model;
    fact.run = plain->point.run;
    if (kind == LW_FACT_NOT_A_NUMBER) {
        fact.key = key;
        fact.has_at = true;
        fact.at.ms = plain->point.at;
    }
    return lw_emit_fact(plain->reader.emit, &fact, fault);
}

/* The record is one of metrics and has a place on an axis; its numbers may still be bad. */
static enum lw_err give(struct plain *plain, struct lw_fault *fault)
{
    struct lw_emit *emit = plain->reader.emit;
    struct lw_point *point = &plain->point;
    enum lw_err err = LW_ERR_OK;

    if (plain->not_a_number)
        err = say(plain, LW_FACT_NOT_A_NUMBER, point->metric, fault);
    if (err == LW_ERR_OK && plain->spoiled)
        return lw_emit_reject(emit, plain->reason, plain->line, plain->byte, plain->detail, fault);
    if (err == LW_ERR_OK && !plain->timed && point->run != 0 && point->run != plain->told) {
        plain->told = point->run;
        err = say(plain, LW_FACT_NO_CLOCK, 0, fault);
    }
    if (point->known == LW_KNOWN_COUNT) /* how many, but not of what */
        point->known = 0;
    if (point->known == LW_KNOWN_AVERAGE) /* a single value */
        point->count = 1;
    return err == LW_ERR_OK ? lw_emit_point(emit, point, plain->line, plain->byte, fault) : err;
}

static enum lw_err finish_record(struct plain *plain, struct lw_fault *fault)
{
    const uint32_t of_value = BIT(LW_COLUMN_TIME) | BIT(LW_COLUMN_STEP) | BIT(LW_COLUMN_VALUE) | BIT(LW_COLUMN_MIN) |
                              BIT(LW_COLUMN_MAX) | BIT(LW_COLUMN_SUM);
    const uint32_t of_place = BIT(LW_COLUMN_TIME) | BIT(LW_COLUMN_STEP);
    struct lw_emit *emit = plain->reader.emit;

    plain->reader.open = false;
    emit->records++;
    if (!plain->spoiled && (plain->seen & of_value) == 0)
        return lw_emit_reject(emit, LW_REJECT_UNKNOWN_RECORD, plain->line, plain->byte, NULL, fault);
    if (plain->point.metric == 0)
        return lw_emit_reject(emit, LW_REJECT_NO_METRIC, plain->line, plain->byte, NULL, fault);
    if (plain->spoiled && (plain->seen & of_place) == 0)
        return lw_emit_reject(emit, plain->reason, plain->line, plain->byte, plain->detail, fault);
    if ((plain->seen & of_place) == 0)
        return lw_emit_reject_text(emit, LW_REJECT_NO_TIME, plain->line, plain->byte,
                                   lw_names_text(emit->names, plain->point.metric), fault);
    if ((plain->seen & BIT(LW_COLUMN_TIME)) == 0) {
        plain->point.at = plain->step;
        plain->point.flags = LW_POINT_STEP;
    }
    plain->timed |= (plain->seen & BIT(LW_COLUMN_TIME)) != 0;
    return give(plain, fault);
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct plain *plain = self;

    if (!plain->reader.open) {
        if (token->kind == LW_TOKEN_ARRAY || token->kind == LW_TOKEN_ARRAY_END)
            return LW_ERR_OK;
        if (token->kind != LW_TOKEN_OBJECT)
            return lw_reader_unknown(&plain->reader, token, fault);
        start(plain, token);
        return LW_ERR_OK;
    }
    if (token->depth < plain->depth)
        return finish_record(plain, fault);
    if (token->depth > plain->depth)
        return LW_ERR_OK;
    if (token->kind != LW_TOKEN_KEY)
        return take(plain, token, fault);
    plain->column = (uint8_t)column_of(plain, token->text);
    return LW_ERR_OK;
}

static enum lw_err open_plain(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = lw_reader_bad};

    return lw_reader_open(state, sizeof(struct plain), &calls, NULL, 0, emit, fault);
}

const struct lw_format_decoder lw_format_ndjson = {
    .format = LW_FORMAT_NDJSON,
    .open = open_plain,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = lw_reader_close,
};
