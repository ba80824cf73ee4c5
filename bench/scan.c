/* How fast are metric events scanned? The scanner alone (tokens called out, fields recognised, numbers converted) beside
   json-c extracting the same fields, alternating, from memory, on one thread. usage: scan FILE (made by bench/events) */
#define _POSIX_C_SOURCE 200809L
#include "engine/base/scan/scan.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 5
#define CHUNK  ((size_t)256 << 10)

enum field { TIMESTAMP, COUNT, AVERAGE, SUM, MINIMUM, MAXIMUM, UNIT, METRIC, SPACE, JOB, FIELDS };

static const struct lw_str names[FIELDS] = {
    [TIMESTAMP] = {"timestamp", 9}, [COUNT] = {"sampleCount", 11},
    [AVERAGE] = {"average", 7},     [SUM] = {"sum", 3},
    [MINIMUM] = {"minimum", 7},     [MAXIMUM] = {"maximum", 7},
    [UNIT] = {"unit", 4},           [METRIC] = {"metricName", 10},
    [SPACE] = {"namespace", 9},     [JOB] = {"trainingJobName", 15},
};

/* What both readers must agree on. */
struct harvest {
    uint64_t records;
    uint64_t text[FIELDS]; /* bytes */
    double number[FIELDS]; /* sums */
    enum field field;
};

/* The names differ in their lengths but for two pairs. */
static enum field field_of(struct lw_str key)
{
    static const enum field by_length[16] = {
        [0] = FIELDS,  [1] = FIELDS,  [2] = FIELDS,  [3] = SUM,   [4] = UNIT,    [5] = FIELDS,
        [6] = FIELDS,  [7] = AVERAGE, [8] = FIELDS,  [9] = SPACE, [10] = METRIC, [11] = COUNT,
        [12] = FIELDS, [13] = FIELDS, [14] = FIELDS, [15] = JOB};
    enum field field = key.len < 16 ? by_length[key.len] : FIELDS;

    if (field == AVERAGE && key.at[0] == 'm')
        field = key.at[1] == 'i' ? MINIMUM : MAXIMUM;
    else if (field == SPACE && key.at[0] == 't')
        field = TIMESTAMP;
    return field < FIELDS && memcmp(names[field].at, key.at, key.len) == 0 ? field : FIELDS;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct harvest *harvest = self;
    (void)fault;
    if (token->kind == LW_TOKEN_KEY)
        harvest->field = field_of(token->text);
    else if (token->kind == LW_TOKEN_STRING && harvest->field < FIELDS)
        harvest->text[harvest->field] += token->text.len;
    else if (token->kind == LW_TOKEN_NUMBER && harvest->field < FIELDS)
        harvest->number[harvest->field] += token->number;
    else if (token->kind == LW_TOKEN_OBJECT_END)
        harvest->records++;
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    (void)self;
    (void)reason;
    (void)byte;
    (void)fault;
    fprintf(stderr, "line %llu: %s\n", (unsigned long long)line, detail);
    return LW_ERR_FORMAT;
}

static void with_scanner(const char *data, size_t size, struct harvest *harvest)
{
    struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct lw_scan *scan;
    enum lw_err err = lw_scan_open(&scan, &calls, harvest, NULL);

    for (size_t at = 0; err == LW_ERR_OK && at < size; at += CHUNK)
        err = lw_scan_push(scan, data + at, size - at < CHUNK ? size - at : CHUNK, NULL);
    if (err != LW_ERR_OK || lw_scan_finish(scan, NULL) != LW_ERR_OK)
        abort();
    lw_scan_close(scan);
}

static void with_json_c(const char *data, size_t size, struct harvest *harvest)
{
    struct json_tokener *tokener = json_tokener_new();
    const char *end = data + size;

    while (data < end) {
        const char *feed = memchr(data, '\n', (size_t)(end - data));
        struct json_object *record;

        json_tokener_reset(tokener);
        record = json_tokener_parse_ex(tokener, data, (int)(feed - data));
        if (record == NULL)
            abort();
        for (unsigned i = 0; i < FIELDS; i++) {
            struct json_object *value;

            if (!json_object_object_get_ex(record, names[i].at, &value))
                continue;
            if (json_object_is_type(value, json_type_string))
                harvest->text[i] += (uint64_t)json_object_get_string_len(value);
            else
                harvest->number[i] += json_object_get_double(value);
        }
        harvest->records++;
        json_object_put(record);
        data = feed + 1;
    }
    json_tokener_free(tokener);
}

static double seconds(void)
{
    struct timespec at;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *data;
    long length;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) <= 0)
        return NULL;
    rewind(file);
    data = malloc((size_t)length);
    if (data != NULL && fread(data, 1, (size_t)length, file) != (size_t)length)
        abort();
    fclose(file);
    *size = (size_t)length;
    return data;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    size_t size = 0;
    char *data = argc > 1 ? read_file(argv[1], &size) : NULL;
    double ours[ROUNDS];
    double theirs[ROUNDS];
    double ratio[ROUNDS];

    if (data == NULL) {
        fprintf(stderr, "usage: scan FILE (a file of bench/events)\n");
        return 2;
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct harvest one = {.field = FIELDS};
        struct harvest two = {.field = FIELDS};
        double start = seconds();
        double middle;

        with_scanner(data, size, &one);
        middle = seconds();
        with_json_c(data, size, &two);
        ours[i] = (double)size / (middle - start) / 1e6;
        theirs[i] = (double)size / (seconds() - middle) / 1e6;
        ratio[i] = ours[i] / theirs[i];
        two.field = one.field;
        if (memcmp(&one, &two, sizeof(one)) != 0) {
            fprintf(stderr, "scan: the two readers disagree\n");
            return 1;
        }
        if (i == 0)
            printf("%llu events of %.0f bytes\n", (unsigned long long)one.records, (double)size / (double)one.records);
    }
    qsort(ours, ROUNDS, sizeof(double), by_size);
    qsort(theirs, ROUNDS, sizeof(double), by_size);
    qsort(ratio, ROUNDS, sizeof(double), by_size);
    printf("scan alone: %.0f MB/s; json-c %s: %.0f MB/s; ratio %.1f (%.1f to %.1f in %d alternating rounds)\n",
           ours[ROUNDS / 2], json_c_version(), theirs[ROUNDS / 2], ratio[ROUNDS / 2], ratio[0], ratio[ROUNDS - 1],
           ROUNDS);
    free(data);
    return 0;
}
