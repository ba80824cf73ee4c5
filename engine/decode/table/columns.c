#include "engine/decode/table/columns.h"

#include "engine/base/fault.h"

#include <string.h>

/* Names as they are after folding: lower case, without blanks, '_', '-' and '.'. */
#define LONGEST_NAME 32

static const struct {
    const char *name;
    enum lw_column column;
} usual[] = {
    {"time", LW_COLUMN_TIME},         {"timestamp", LW_COLUMN_TIME},
    {"ts", LW_COLUMN_TIME},           {"datetime", LW_COLUMN_TIME},
    {"date", LW_COLUMN_TIME},         {"eventtime", LW_COLUMN_TIME},
    {"walltime", LW_COLUMN_TIME},     {"timems", LW_COLUMN_TIME},
    {"timestampms", LW_COLUMN_TIME},  {"step", LW_COLUMN_STEP},
    {"epoch", LW_COLUMN_STEP},        {"iteration", LW_COLUMN_STEP},
    {"iter", LW_COLUMN_STEP},         {"round", LW_COLUMN_STEP},
    {"globalstep", LW_COLUMN_STEP},   {"origin", LW_COLUMN_ORIGIN},
    {"account", LW_COLUMN_ORIGIN},    {"accountid", LW_COLUMN_ORIGIN},
    {"model", LW_COLUMN_MODEL},       {"modelname", LW_COLUMN_MODEL},
    {"run", LW_COLUMN_RUN},           {"runid", LW_COLUMN_RUN},
    {"runname", LW_COLUMN_RUN},       {"job", LW_COLUMN_RUN},
    {"jobname", LW_COLUMN_RUN},       {"jobid", LW_COLUMN_RUN},
    {"trainingjob", LW_COLUMN_RUN},   {"trainingjobname", LW_COLUMN_RUN},
    {"metric", LW_COLUMN_METRIC},     {"metricname", LW_COLUMN_METRIC},
    {"name", LW_COLUMN_METRIC},       {"key", LW_COLUMN_METRIC},
    {"series", LW_COLUMN_METRIC},     {"value", LW_COLUMN_VALUE},
    {"val", LW_COLUMN_VALUE},         {"average", LW_COLUMN_VALUE},
    {"avg", LW_COLUMN_VALUE},         {"mean", LW_COLUMN_VALUE},
    {"metricvalue", LW_COLUMN_VALUE}, {"min", LW_COLUMN_MIN},
    {"minimum", LW_COLUMN_MIN},       {"max", LW_COLUMN_MAX},
    {"maximum", LW_COLUMN_MAX},       {"sum", LW_COLUMN_SUM},
    {"total", LW_COLUMN_SUM},         {"count", LW_COLUMN_COUNT},
    {"samplecount", LW_COLUMN_COUNT}, {"samples", LW_COLUMN_COUNT},
    {"n", LW_COLUMN_COUNT},           {"@timestamp", LW_COLUMN_TIME},
};

static const struct lw_str *mapped(const struct lw_columns *columns, enum lw_column column)
{
    const struct lw_str *const texts[LW_COLUMN_COUNT_OF] = {
#define ROW(name, key) [LW_COLUMN_##name] = &columns->key,
        LW_COLUMN_LIST(ROW)
#undef ROW
    };

    return texts[column];
}

const char *lw_columns_key(enum lw_column column)
{
    static const char *const keys[LW_COLUMN_COUNT_OF] = {
#define ROW(name, key) [LW_COLUMN_##name] = #key,
        LW_COLUMN_LIST(ROW)
#undef ROW
    };

    return (size_t)column < sizeof(keys) / sizeof(keys[0]) ? keys[column] : NULL;
}

/* Lengths only grow to LONGEST_NAME: what is longer is none of the usual names. */
static size_t fold(struct lw_str name, char folded[LONGEST_NAME])
{
    size_t n = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (c == ' ' || c == '_' || c == '-' || c == '.')
            continue;
        if (n == LONGEST_NAME)
            return 0;
        folded[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return n;
}

enum lw_column lw_columns_find(const struct lw_columns *columns, struct lw_str name)
{
    unsigned rank;

    return lw_columns_find_ranked(columns, name, &rank);
}

enum lw_column lw_columns_find_ranked(const struct lw_columns *columns, struct lw_str name, unsigned *rank)
{
    char folded[LONGEST_NAME];
    struct lw_str key;

    *rank = 0;
    if (name.len == 0)
        return LW_COLUMN_NONE;
    for (int column = LW_COLUMN_NONE + 1; column < LW_COLUMN_COUNT_OF; column++) {
        if (lw_str_equal(*mapped(columns, (enum lw_column)column), name))
            return (enum lw_column)column;
    }
    key = (struct lw_str){folded, fold(name, folded)};
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        *rank = (unsigned)i + 1;
        if (lw_str_equal(key, lw_str_from(usual[i].name)))
            return mapped(columns, usual[i].column)->len > 0 ? LW_COLUMN_NONE : usual[i].column;
    }
    return LW_COLUMN_NONE;
}

static enum lw_err bad_pair(struct lw_str pair, struct lw_fault *fault)
{
    return lw_fault_set(
        fault, LW_ERR_USAGE,
        "--columns: '%.*s' is not KEY=COLUMN; the keys are time, step, origin, model, run, metric, value, "
        "min, max, sum, count",
        (int)(pair.len < 60 ? pair.len : 60), pair.len > 0 ? pair.at : "");
}

static enum lw_err read_pair(struct lw_columns *columns, struct lw_str pair, struct lw_fault *fault)
{
    const char *equals = pair.len > 0 ? memchr(pair.at, '=', pair.len) : NULL;
    struct lw_str key, name;

    if (equals == NULL)
        return bad_pair(pair, fault);
    key = (struct lw_str){pair.at, (size_t)(equals - pair.at)};
    name = (struct lw_str){equals + 1, pair.len - key.len - 1};
    if (name.len == 0)
        return bad_pair(pair, fault);
#define TAKE(column, field)                                                                                            \
    if (lw_str_equal(key, LW_STR(#field))) {                                                                           \
        columns->field = name;                                                                                         \
        return LW_ERR_OK;                                                                                              \
    }
    LW_COLUMN_LIST(TAKE)
#undef TAKE
    return bad_pair(pair, fault);
}

enum lw_err lw_columns_read(struct lw_columns *columns, struct lw_str text, struct lw_fault *fault)
{
    struct lw_columns read = *columns;
    size_t from = 0;

    while (from <= text.len) {
        const char *comma = from < text.len ? memchr(text.at + from, ',', text.len - from) : NULL;
        size_t to = comma != NULL ? (size_t)(comma - text.at) : text.len;
        enum lw_err err = read_pair(&read, (struct lw_str){text.at + from, to - from}, fault);

        if (err != LW_ERR_OK)
            return err;
        from = to + 1;
    }
    *columns = read;
    return LW_ERR_OK;
}
