#include "engine/decode/format.h"
#include "engine/decode/table/columns.h"

/* Which format a content is, by what only that format has: keys of JSON wherever they stand, names of columns, texts that
   training logs print. Nothing is parsed strictly here, so that a head that ends in the middle, or has a bad record, is
   still recognised. */

#define HEAD ((size_t)64 * 1024)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct lw_str cut(struct lw_str text, size_t n)
{
    return (struct lw_str){text.at + n, text.len - n};
}

static struct lw_str without_blanks(struct lw_str text)
{
    while (text.len > 0 && is_blank(text.at[0]))
        text = cut(text, 1);
    return text;
}

static bool contains(struct lw_str text, struct lw_str part)
{
    const char *at = text.at;
    size_t left = text.len;

    while (left >= part.len) {
        const char *hit = memchr(at, part.at[0], left - part.len + 1);

        if (hit == NULL)
            return false;
        if (memcmp(hit, part.at, part.len) == 0)
            return true;
        left -= (size_t)(hit - at) + 1;
        at = hit + 1;
    }
    return false;
}

/* Keys that tell formats apart. Keys that occur in several are told by their company. */
#define KEY_LIST(X)                                                                                                    \
    X(METRIC_DATA_RESULTS, "MetricDataResults")                                                                        \
    X(DATAPOINTS, "Datapoints")                                                                                        \
    X(JOB_SUMMARIES, "TrainingJobSummaries")                                                                           \
    X(JOB_ARN, "TrainingJobArn")                                                                                       \
    X(JOB_ALGORITHM, "AlgorithmSpecification")                                                                         \
    X(JOB_STATUS, "TrainingJobStatus")                                                                                 \
    X(LOGMSG, "logmsg")                                                                                                \
    X(LOGTYPES, "logtypes")                                                                                            \
    X(RAW, "raw")                                                                                                      \
    X(UNPARSED, "unparsed")                                                                                            \
    X(TOTAL_EVENTS, "total_events")                                                                                    \
    X(EVENTS, "events")                                                                                                \
    X(EVENT, "event")                                                                                                  \
    X(JSON, "json")                                                                                                    \
    X(LOG_EVENTS, "logEvents")                                                                                         \
    X(LOG_STREAM_NAME, "logStreamName")                                                                                \
    X(INGESTION_TIME, "ingestionTime")                                                                                 \
    X(SEARCHED, "searchedLogStreams")                                                                                  \
    X(NEXT_FORWARD, "nextForwardToken")                                                                                \
    X(MESSAGE_TYPE, "messageType")                                                                                     \
    X(MESSAGE, "message")                                                                                              \
    X(METRIC_STREAM, "metric_stream_name")                                                                             \
    X(METRIC_NAME_SNAKE, "metric_name")                                                                                \
    X(DIMENSIONS, "dimensions")                                                                                        \
    X(METRIC_NAME, "metricName")                                                                                       \
    X(SAMPLE_COUNT, "sampleCount")                                                                                     \
    X(MINIMUM, "minimum")                                                                                              \
    X(MAXIMUM, "maximum")                                                                                              \
    X(NAMESPACE, "namespace")                                                                                          \
    X(OWN, "lw_event")                                                                                                 \
    X(FETCHED, "lw_fetched")

enum key {
#define KEY_ENUM(name, text) KEY_##name,
    KEY_LIST(KEY_ENUM)
#undef KEY_ENUM
        KEY_COUNT
};

struct keys {
    uint64_t seen;
    uint64_t columns; /* keys that plain NDJSON knows, as bits of enum lw_column; only of objects at the top */
    bool array;       /* the document is an array */
};

static void note_key(struct keys *keys, struct lw_str name, int depth, const struct lw_columns *columns)
{
    static const struct lw_str texts[KEY_COUNT] = {
#define KEY_TEXT(name, text) [KEY_##name] = {text, sizeof(text) - 1},
        KEY_LIST(KEY_TEXT)
#undef KEY_TEXT
    };

    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (lw_str_equal(name, texts[i]))
            keys->seen |= (uint64_t)1 << i;
    }
    if (depth == (keys->array ? 2 : 1))
        keys->columns |= (uint64_t)1 << lw_columns_find(columns, name);
}

/* The end of the string that begins after its quote; text.len when it is cut off. */
static size_t string_end(struct lw_str text, size_t at)
{
    while (at < text.len && text.at[at] != '"' && text.at[at] != '\n')
        at += text.at[at] == '\\' ? 2 : 1;
    return at < text.len ? at : text.len;
}

/* Every string that is followed by a colon is a key. */
static struct keys read_keys(struct lw_str text, const struct lw_columns *columns)
{
    struct keys keys = {.array = text.at[0] == '['};
    int depth = 0;
    size_t at = 0;

    while (at < text.len) {
        char c = text.at[at++];

        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
        if (c != '"')
            continue;
        struct lw_str name = {text.at + at, string_end(text, at) - at};

        at += name.len + (at + name.len < text.len);
        if (without_blanks(cut(text, at)).len > 0 && without_blanks(cut(text, at)).at[0] == ':')
            note_key(&keys, name, depth, columns);
    }
    return keys;
}

#define HAS(key)    (((keys->seen >> KEY_##key) & 1) != 0)
#define COLUMN(key) (((keys->columns >> LW_COLUMN_##key) & 1) != 0)

/* From the most telling to the least. An export of Loggly may hold anything as a message, so that its own keys go before
   those of its messages. */
static enum lw_format format_of_keys(const struct keys *keys)
{
    if (HAS(FETCHED))
        return LW_FORMAT_FETCHED;
    if (HAS(LOGMSG) || HAS(LOGTYPES) || HAS(UNPARSED) || HAS(TOTAL_EVENTS) || (HAS(EVENT) && HAS(JSON)))
        return LW_FORMAT_LOGGLY_EXPORT;
    if (HAS(METRIC_DATA_RESULTS))
        return LW_FORMAT_METRIC_DATA;
    if (HAS(JOB_SUMMARIES) || HAS(JOB_ARN) || HAS(JOB_STATUS) || HAS(JOB_ALGORITHM))
        return LW_FORMAT_TRAINING_JOBS;
    if (HAS(DATAPOINTS))
        return LW_FORMAT_METRIC_STATISTICS;
    if (HAS(LOG_EVENTS) || HAS(MESSAGE_TYPE) || HAS(SEARCHED) || HAS(NEXT_FORWARD) ||
        (HAS(MESSAGE) && (HAS(LOG_STREAM_NAME) || HAS(INGESTION_TIME) || HAS(EVENTS))))
        return LW_FORMAT_LOG_EVENTS;
    if (HAS(METRIC_STREAM) || (HAS(METRIC_NAME_SNAKE) && HAS(DIMENSIONS)))
        return LW_FORMAT_METRIC_STREAM;
    if (HAS(OWN) || (HAS(METRIC_NAME) && (HAS(SAMPLE_COUNT) || HAS(MINIMUM) || HAS(MAXIMUM) || HAS(NAMESPACE))))
        return keys->array || HAS(EVENTS) ? LW_FORMAT_LOGGLY_EXPORT : LW_FORMAT_LOGGLY;
    if ((COLUMN(TIME) || COLUMN(STEP)) &&
        (COLUMN(VALUE) || COLUMN(MIN) || COLUMN(MAX) || COLUMN(SUM) || COLUMN(METRIC)))
        return LW_FORMAT_NDJSON;
    return HAS(EVENTS) || HAS(RAW) ? LW_FORMAT_LOGGLY_EXPORT : LW_FORMAT_AUTO;
}

/* "[" also begins lines of logs ("[06/09/2021 ...", "[0]#011train-..."), "{" a dictionary that Python printed. */
static bool looks_like_json(struct lw_str text)
{
    struct lw_str rest = without_blanks(cut(text, 1));
    char next = rest.len > 0 ? rest.at[0] : '\0';

    if (text.at[0] == '{')
        return next == '"' || next == '}';
    return text.at[0] == '[' && (next == '{' || next == '[' || next == ']');
}

/* What training logs print, of all algorithms and frameworks whose lines are read, and of SageMaker around them. */
static bool has_log_texts(struct lw_str text)
{
    static const char *const texts[] = {
        "Epoch[",
        "#quality_metric",
        "#metrics {",
        "]#011train-",
        "]\ttrain-",
        "]#011validation-",
        "]\tvalidation-",
        "- ETA:",
        "val_accuracy:",
        "val_loss:",
        " - loss: ",
        "Training seconds:",
        "Billable seconds:",
        "Starting - ",
        "Downloading - ",
        "Training - ",
        "Uploading - ",
        "Train-accuracy=",
        "Validation-accuracy=",
        " INFO ",
        "INFO:",
        "[INFO]",
        " WARNING ",
        " ERROR ",
        "sagemaker-containers",
        "sagemaker-training-toolkit",
        "sagemaker_containers",
        "SM_TRAINING_ENV",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (contains(text, lw_str_from(texts[i])))
            return true;
    }
    return false;
}

static struct lw_str first_line(struct lw_str text)
{
    const char *end = text.len > 0 ? memchr(text.at, '\n', text.len) : NULL;

    if (end != NULL)
        text.len = (size_t)(end - text.at);
    if (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    return text;
}

/* The next name of a header; names hold no separators, so that quotes only need to be taken off. */
static struct lw_str next_name(struct lw_str *line, char separator)
{
    const char *end = memchr(line->at, separator, line->len);
    struct lw_str name = {line->at, end != NULL ? (size_t)(end - line->at) : line->len};

    *line = cut(*line, name.len + (end != NULL));
    while (name.len > 0 && (name.at[0] == ' ' || name.at[0] == '"'))
        name = cut(name, 1);
    while (name.len > 0 && (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '"'))
        name.len--;
    return name;
}

static bool begins_with(struct lw_str text, struct lw_str start)
{
    return text.len >= start.len && memcmp(text.at, start.at, start.len) == 0;
}

/* A header of which a time (or step) and a value or metric are known; of Loggly when it has columns of Loggly's events. */
static enum lw_format format_of_header(struct lw_str line, const struct lw_columns *columns)
{
    static const char separators[] = {',', ';', '\t'};

    for (size_t i = 0; i < sizeof(separators); i++) {
        struct lw_str left = line;
        struct keys found = {0};
        const struct keys *keys = &found;
        bool raw = false;
        size_t names = 0;

        for (; left.len > 0; names++) {
            struct lw_str name = next_name(&left, separators[i]);

            if (begins_with(name, LW_STR("json.")) || begins_with(name, LW_STR("event.json.")) ||
                lw_str_equal(name, LW_STR("logmsg")))
                return LW_FORMAT_LOGGLY_CSV;
            raw = raw || lw_str_equal(name, LW_STR("raw"));
            found.columns |= (uint64_t)1 << lw_columns_find(columns, name);
        }
        if (names > 1 && (COLUMN(TIME) || COLUMN(STEP)) &&
            (COLUMN(VALUE) || COLUMN(MIN) || COLUMN(MAX) || COLUMN(SUM) || COLUMN(METRIC)))
            return LW_FORMAT_CSV;
        if (raw && COLUMN(TIME))
            return LW_FORMAT_LOGGLY_CSV;
    }
    return LW_FORMAT_AUTO;
}

static bool ends_with(struct lw_str text, struct lw_str end)
{
    return text.len >= end.len && memcmp(text.at + text.len - end.len, end.at, end.len) == 0;
}

static enum lw_format format_of_path(struct lw_str path)
{
    static const struct {
        struct lw_str end;
        enum lw_format format;
    } ends[] = {
        {{".csv", 4}, LW_FORMAT_CSV},
        {{".csv.gz", 7}, LW_FORMAT_CSV},
        {{".log", 4}, LW_FORMAT_LOG},
        {{".log.gz", 7}, LW_FORMAT_LOG},
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (ends_with(path, ends[i].end))
            return ends[i].format;
    }
    return LW_FORMAT_AUTO;
}

static enum lw_format format_of_json(struct lw_str text, const struct lw_columns *columns)
{
    struct keys keys = read_keys(text, columns);

    return format_of_keys(&keys);
}

/* A file may begin in the middle of a record, or with a line that is none: the first line that looks like a record tells. */
static enum lw_format format_of_later_line(struct lw_str text, const struct lw_columns *columns)
{
    const char *end;

    while (text.len > 0 && (end = memchr(text.at, '\n', text.len)) != NULL) {
        text = cut(text, (size_t)(end - text.at) + 1);
        if (text.len > 0 && looks_like_json(text))
            return format_of_json(text, columns);
    }
    return LW_FORMAT_AUTO;
}

enum lw_format lw_decode_sniff(struct lw_str head, struct lw_str path, const struct lw_columns *columns)
{
    static const struct lw_columns usual;
    enum lw_format format = LW_FORMAT_AUTO;
    struct lw_str text = head;
    bool json;

    if (text.len > HEAD)
        text.len = HEAD;
    if (begins_with(text, LW_STR("\xef\xbb\xbf")))
        text = cut(text, 3);
    text = without_blanks(text);
    if (text.len == 0 || memchr(text.at, '\0', text.len) != NULL)
        return LW_FORMAT_AUTO;
    if (columns == NULL)
        columns = &usual;
    json = looks_like_json(text);
    format = json ? format_of_json(text, columns) : format_of_header(first_line(text), columns);
    if (format == LW_FORMAT_AUTO && has_log_texts(text))
        return LW_FORMAT_LOG;
    /* A document of JSON that is none of these is not made one by its name. */
    if (json || format != LW_FORMAT_AUTO)
        return format;
    format = format_of_later_line(text, columns);
    return format != LW_FORMAT_AUTO ? format : format_of_path(path);
}
