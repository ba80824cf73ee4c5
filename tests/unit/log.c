#include "tests/kit/decoded.h"

#include "engine/base/json/json_out.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Logs of real jobs, against what another program read in them: tests/data/sagemaker/README.md says where that is wrong. */

#define MOST 1024

struct seen {
    struct lw_names *names;
    struct lw_point points[MOST];
    bool matched[MOST];
    size_t points_n, heartbeats;
    struct lw_fact facts[MOST];
    size_t facts_n;
    uint64_t rejects, not_finite;
};

static enum lw_err on_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct seen *seen = self;

    (void)fault;
    if (point->flags & LW_POINT_HEARTBEAT) {
        seen->heartbeats++;
        return LW_ERR_OK;
    }
    CU_ASSERT_FATAL(seen->points_n < MOST);
    seen->points[seen->points_n++] = *point;
    return LW_ERR_OK;
}

static enum lw_err on_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct seen *seen = self;

    (void)fault;
    CU_ASSERT_FATAL(seen->facts_n < MOST);
    seen->facts[seen->facts_n++] = *fact;
    return LW_ERR_OK;
}

static enum lw_err on_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                             struct lw_fault *fault)
{
    struct seen *seen = self;

    (void)line, (void)byte, (void)detail, (void)fault;
    seen->rejects++;
    seen->not_finite += reason == LW_REJECT_NOT_FINITE;
    return LW_ERR_OK;
}

static void read_text(struct seen *seen, enum lw_format format, const char *path, const char *text, size_t n)
{
    static const struct lw_decode_calls calls = {on_point, on_fact, on_reject};
    const struct lw_decode_options options = {.path = lw_str_from(path)};
    struct lw_decoder *decoder = NULL;

    memset(seen, 0, sizeof(*seen));
    CU_ASSERT_EQUAL(lw_decode_sniff((struct lw_str){text, n < 65536 ? n : 65536}, options.path, &options.columns),
                    format);
    CU_ASSERT_EQUAL_FATAL(lw_names_open(&seen->names, 1 << 24, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_decode_open(&decoder, format, &options, seen->names, &calls, seen, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_decode_push(decoder, text, n, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_decode_finish(decoder, NULL), LW_ERR_OK);
    lw_decode_close(decoder);
}

static void read_log(struct seen *seen, const char *file)
{
    char path[256];
    size_t n;
    char *text;

    snprintf(path, sizeof(path), "sagemaker/logs/%s", file);
    text = kit_data(path, &n);
    read_text(seen, LW_FORMAT_LOG, path, text, n);
    free(text);
}

static const char *name(const struct seen *seen, uint32_t id)
{
    return lw_names_text(seen->names, id).at;
}

/* The next field of a line of CSV without quotes. */
static char *field(char **line)
{
    char *at = *line;
    char *comma = at + strcspn(at, ",\r\n");

    *line = *comma == ',' ? comma + 1 : comma;
    *comma = '\0';
    return at;
}

/* The fact of a kind; NULL when it was not given, a failure when it was given more than once. */
static const struct lw_fact *fact(const struct seen *seen, enum lw_fact_kind kind)
{
    const struct lw_fact *found = NULL;

    for (size_t i = 0; i < seen->facts_n; i++) {
        if (seen->facts[i].kind == kind) {
            CU_ASSERT_PTR_NULL(found);
            found = &seen->facts[i];
        }
        CU_ASSERT_EQUAL(seen->facts[i].rank, LW_RANK_LOG);
    }
    return found;
}

static void check_time(const struct seen *seen, enum lw_fact_kind kind, const char *want)
{
    const struct lw_fact *found = fact(seen, kind);
    lw_time time;

    CU_ASSERT_FATAL(found != NULL && found->has_at && lw_time_read(lw_str_from(want), NULL, &time));
    CU_ASSERT_EQUAL(found->at.ms, time.ms);
}

static void check_number(const struct seen *seen, enum lw_fact_kind kind, const char *want)
{
    const struct lw_fact *found = fact(seen, kind);

    if (*want == '\0') {
        CU_ASSERT_PTR_NULL(found);
    } else {
        CU_ASSERT_FATAL(found != NULL);
        CU_ASSERT_EQUAL(found->number, strtod(want, NULL));
    }
}

static size_t count_completed(const struct seen *seen)
{
    size_t n = 0;

    for (size_t i = 0; i < seen->facts_n; i++)
        n += seen->facts[i].kind == LW_FACT_STATUS && seen->facts[i].number == LW_STATUS_COMPLETED;
    return n;
}

static void what_the_logs_say_of_the_runs(void)
{
    static struct seen seen;
    size_t n, rows = 0;
    char *text = kit_data("sagemaker/runs.csv", &n);
    char *line = text + strcspn(text, "\n") + 1;

    for (; *line != '\0'; rows++) {
        char *next = line + strcspn(line, "\n") + 1;
        const char *file = field(&line);
        char run[256];

        field(&line); /* characters */
        read_log(&seen, file);
        snprintf(run, sizeof(run), "%.*s", (int)(strlen(file) - 4), file);
        for (size_t i = 0; i < seen.points_n; i++)
            CU_ASSERT_STRING_EQUAL(name(&seen, seen.points[i].run), run);
        for (size_t i = 0; i < seen.facts_n; i++)
            CU_ASSERT_STRING_EQUAL(name(&seen, seen.facts[i].run), run);
        if (strcmp(field(&line), "1") == 0) { /* has status lines */
            check_time(&seen, LW_FACT_CREATED, field(&line));
            check_time(&seen, LW_FACT_ENDED, field(&line));
            CU_ASSERT(count_completed(&seen) >= 1);
            CU_ASSERT_PTR_NOT_NULL(fact(&seen, LW_FACT_STARTED));
        } else {
            CU_ASSERT_STRING_EQUAL(field(&line), "");
            CU_ASSERT_STRING_EQUAL(field(&line), "");
            CU_ASSERT_PTR_NULL(fact(&seen, LW_FACT_CREATED));
        }
        check_number(&seen, LW_FACT_TRAINING_SECONDS, field(&line));
        check_number(&seen, LW_FACT_BILLABLE_SECONDS, field(&line));
        lw_names_close(seen.names);
        line = next;
    }
    CU_ASSERT_EQUAL(rows, 15);
    free(text);
}

/* A point of that metric and value that no other row has taken. `finer`: to be found as the finer of two prints. */
static bool match(struct seen *seen, const char *metric, const char *value, bool finer)
{
    double want = strtod(value, NULL);

    for (size_t i = 0; i < seen->points_n; i++) {
        const struct lw_point *point = &seen->points[i];

        if (seen->matched[i] || strcmp(name(seen, point->metric), metric) != 0 ||
            !(finer ? fabs(point->average - want) < 1e-6 : point->average == want))
            continue;
        CU_ASSERT_EQUAL(point->known, LW_KNOWN_AVERAGE);
        CU_ASSERT_EQUAL(point->count, 1);
        seen->matched[i] = true;
        return true;
    }
    return false;
}

static bool said_not_a_number(const struct seen *seen, const char *metric)
{
    for (size_t i = 0; i < seen->facts_n; i++) {
        if (seen->facts[i].kind == LW_FACT_NOT_A_NUMBER && strcmp(name(seen, seen->facts[i].key), metric) == 0)
            return seen->facts[i].has_at;
    }
    return false;
}

static void end_file(struct seen *seen, const char *file, size_t rows)
{
    size_t left = 0;

    if (seen->names == NULL)
        return;
    for (size_t i = 0; i < seen->points_n; i++)
        left += !seen->matched[i];
    CU_ASSERT_EQUAL(left, 0);
    if (left > 0)
        printf("# %s: %zu points of %zu are in none of %zu rows\n", file, left, seen->points_n, rows);
    CU_ASSERT_EQUAL(seen->points_n + seen->not_finite, rows);
    CU_ASSERT_EQUAL(seen->rejects, seen->not_finite);
    lw_names_close(seen->names);
}

/* Every value of the table is a point of the log, and every point of the log is in the table. */
static void every_value_that_the_logs_print(void)
{
    static struct seen seen;
    size_t n, rows = 0, of_file = 0;
    char *text = kit_data("sagemaker/epoch_metrics.csv", &n);
    char *line = text + strcspn(text, "\n") + 1;
    const char *current = "";

    seen.names = NULL;
    for (; *line != '\0'; rows++) {
        char *next = line + strcspn(line, "\n") + 1;
        const char *file = field(&line);
        const char *metric, *value;
        bool printed_twice;

        if (strcmp(file, current) != 0) {
            end_file(&seen, current, of_file);
            read_log(&seen, file);
            current = file;
            of_file = 0;
        }
        field(&line); /* the epoch: see the next test */
        metric = field(&line);
        value = field(&line);
        of_file++;
        /* Six digits of a value of which the next line prints all: the finer one is given twice, so that the point and
           its duplicate are counted. */
        printed_twice = strstr(file, "ipinsights") != NULL && strlen(value) <= 8 && strcmp(metric, "epoch_time_s") != 0;
        if (strcmp(value, "nan") == 0) {
            CU_ASSERT(said_not_a_number(&seen, metric));
        } else if (!match(&seen, metric, value, printed_twice)) {
            CU_FAIL("a value of the table is no point");
            printf("# %s %s %s\n", file, metric, value);
        }
        line = next;
    }
    end_file(&seen, current, of_file);
    CU_ASSERT_EQUAL(rows, 290);
    free(text);
}

/* Where epochs are printed, their values lie on the axis in the order of the epochs: as steps, or in time. */
static void values_lie_on_the_axis_in_the_order_of_their_epochs(void)
{
    static struct seen seen;
    size_t n;
    char *text = kit_data("sagemaker/epoch_metrics.csv", &n);
    char *line = text + strcspn(text, "\n") + 1;
    const char *current = "", *series = "";
    int64_t last = INT64_MIN;
    size_t steps = 0, times = 0;

    seen.names = NULL;
    while (*line != '\0') {
        char *next = line + strcspn(line, "\n") + 1;
        const char *file = field(&line);
        const char *epoch = field(&line);
        const char *metric = field(&line);
        double value = strtod(field(&line), NULL);

        if (strcmp(file, current) != 0) {
            if (seen.names != NULL)
                lw_names_close(seen.names);
            read_log(&seen, file);
        }
        if (strcmp(file, current) != 0 || strcmp(metric, series) != 0 || *epoch == '\0')
            last = INT64_MIN;
        current = file;
        series = metric;
        /* Equal values occur: the first one that is further on the axis is meant. */
        for (size_t i = 0; i < seen.points_n && *epoch != '\0'; i++) {
            const struct lw_point *point = &seen.points[i];

            if (strcmp(name(&seen, point->metric), metric) != 0 || point->average != value || point->at <= last)
                continue;
            steps += (point->flags & LW_POINT_STEP) && point->at == atoll(epoch);
            times += (point->flags & LW_POINT_STEP) == 0;
            last = point->at;
            break;
        }
        line = next;
    }
    lw_names_close(seen.names);
    CU_ASSERT_EQUAL(steps, 4 * 30); /* the four logs of MXNet's script mode have no stamps */
    /* Image classification 4, DeepAR 4 x 20, linear learner 10, IP Insights 10 and 5 times, segmentation 30. */
    CU_ASSERT_EQUAL(times, 4 + 80 + 10 + 15 + 30);
    free(text);
}

/* The lines of progress, which the table does not have: read off the log by eye. */
static void the_log_of_keras_has_two_epochs(void)
{
    static const struct {
        const char *metric;
        int64_t at;
        double value;
    } want[] = {
        {"train:loss", 1, 1.7865},      {"train:acc", 1, 0.3387},      {"validation:loss", 1, 1.7133},
        {"validation:acc", 1, 0.3899},  {"train:loss", 2, 1.3805},     {"train:acc", 2, 0.5005},
        {"validation:loss", 2, 1.2432}, {"validation:acc", 2, 0.5437},
    };
    static struct seen seen;
    lw_time time;

    read_log(&seen, "keras_tensorflow-keras-CIFAR10_4039f42_c8.txt");
    CU_ASSERT_EQUAL_FATAL(seen.points_n, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < seen.points_n; i++) {
        CU_ASSERT_STRING_EQUAL(name(&seen, seen.points[i].metric), want[i].metric);
        CU_ASSERT_EQUAL(seen.points[i].at, want[i].at);
        CU_ASSERT_EQUAL(seen.points[i].average, want[i].value);
        CU_ASSERT_EQUAL(seen.points[i].flags, LW_POINT_STEP);
    }
    CU_ASSERT_EQUAL(seen.rejects, 0);
    /* Local mode: no status lines; the first and the last stamp of the container stand in for them. */
    CU_ASSERT(lw_time_read(LW_STR("2020-04-29T02:25:54.502Z"), NULL, &time));
    CU_ASSERT_EQUAL(fact(&seen, LW_FACT_STARTED)->at.ms, time.ms);
    CU_ASSERT(lw_time_read(LW_STR("2020-04-29T02:27:20.632Z"), NULL, &time));
    CU_ASSERT_EQUAL(fact(&seen, LW_FACT_ENDED)->at.ms, time.ms);
    CU_ASSERT_PTR_NULL(fact(&seen, LW_FACT_NO_CLOCK));
    CU_ASSERT_EQUAL(count_completed(&seen), 2); /* the toolkit's SUCCESS, and the SDK's "Job Complete" */
    lw_names_close(seen.names);
}

static void a_log_without_any_time_says_so(void)
{
    static struct seen seen;

    read_log(&seen, "ic_mxnet-mnist_9f1b58f_c9.txt");
    CU_ASSERT_EQUAL(seen.facts_n, 1);
    CU_ASSERT_PTR_NOT_NULL(fact(&seen, LW_FACT_NO_CLOCK));
    lw_names_close(seen.names);
}

/* Of the image classification: 21:46:34 Downloading, 21:47:14 Training, printed again at 21:48:14, 21:50:55 Uploading. */
static void phases_reach_from_one_status_line_to_the_next(void)
{
    static const struct {
        const char *phase;
        int64_t from, until; /* seconds after 21:42:50; -1: open */
    } want[] = {{"Starting", 0, 224},
                {"Downloading", 224, 264},
                {"Training", 264, 485},
                {"Uploading", 485, 485},
                {"Completed", 485, -1}};
    static struct seen seen;
    size_t n = 0;
    lw_time start;

    read_log(&seen, "ic_Image-classification-fulltraining-highlevel_aea571b_c16.txt");
    CU_ASSERT(lw_time_read(LW_STR("2021-06-09 21:42:50"), NULL, &start));
    for (size_t i = 0; i < seen.facts_n; i++) {
        const struct lw_fact *phase = &seen.facts[i];

        if (phase->kind != LW_FACT_PHASE)
            continue;
        CU_ASSERT_FATAL(n < sizeof(want) / sizeof(want[0]));
        CU_ASSERT_STRING_EQUAL(name(&seen, phase->text), want[n].phase);
        CU_ASSERT_EQUAL(phase->at.ms - start.ms, want[n].from * 1000);
        CU_ASSERT_EQUAL(phase->has_until, want[n].until >= 0);
        CU_ASSERT(want[n].until < 0 || phase->until.ms - start.ms == want[n].until * 1000);
        n++;
    }
    CU_ASSERT_EQUAL(n, sizeof(want) / sizeof(want[0]));
    /* The values have the stamps of their lines; Train and Validation are 28 s apart. */
    CU_ASSERT_EQUAL(seen.points_n, 4);
    CU_ASSERT_EQUAL(seen.points[0].at, start.ms + (7 * 60 + 3) * 1000);
    CU_ASSERT_EQUAL(seen.points[3].at, start.ms + (7 * 60 + 31) * 1000);
    lw_names_close(seen.names);
}

/* The document of linear learner has 32 candidates per epoch: signs of life, not curves. */
static void documents_of_counters_are_signs_of_life(void)
{
    static struct seen seen;

    read_log(&seen, "qm_fair-linear-learner_339f7da_c16.txt");
    CU_ASSERT_EQUAL(seen.points_n, 15);
    CU_ASSERT(seen.heartbeats > 320);
    lw_names_close(seen.names);
}

/* Each line as the message of an event, a second apart. */
static void events_of(struct lw_buf *buf, const char *text)
{
    struct lw_json_out out = {.buf = buf};
    int64_t at = 1600000000000;

    lw_json_object(&out);
    lw_json_key(&out, "events");
    lw_json_array(&out);
    for (const char *line = text; *line != '\0'; at += 1000) {
        size_t n = strcspn(line, "\n");

        lw_json_object(&out);
        lw_json_key(&out, "logStreamName");
        lw_json_text(&out, "job/algo-1-1600000000");
        lw_json_key(&out, "timestamp");
        lw_json_int(&out, at);
        lw_json_key(&out, "message");
        lw_json_str(&out, (struct lw_str){line, n});
        lw_json_object_end(&out);
        line += n + (line[n] == '\n');
    }
    lw_json_array_end(&out);
    lw_json_object_end(&out);
}

/* The same values in the same order, on the clock of the events. */
static void the_lines_of_a_log_read_the_same_as_messages_of_events(void)
{
    static const char *const files[] = {
        "ic_Image-classification-fulltraining-highlevel_aea571b_c16.txt",
        "ic_mxnet-mnist_bab8878_c11.txt",
        "keras_tensorflow-keras-CIFAR10_4039f42_c8.txt",
        "qm_deepar-synthetic_bcee4f2_c30.txt",
        "qm_fair-linear-learner_339f7da_c16.txt",
        "qm_ipinsights-tutorial_f2bbc8a_c32.txt",
        "qm_semantic-segmentation-pascalvoc_a4f9e5c_c28.txt",
        "qm_sm-k-nearest-neighbors-multi-class-classificatio_c8a3c70_c16.txt",
    };
    static struct seen lines, events;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct lw_buf buf = {.ceiling = 1 << 22};
        char path[256];
        size_t n;
        char *text;

        snprintf(path, sizeof(path), "sagemaker/logs/%s", files[i]);
        text = kit_data(path, &n);
        events_of(&buf, text);
        CU_ASSERT_EQUAL_FATAL(buf.error, LW_ERR_OK);
        read_log(&lines, files[i]);
        read_text(&events, LW_FORMAT_LOG_EVENTS, "events.json", buf.at, buf.len);
        CU_ASSERT_EQUAL(events.points_n, lines.points_n);
        CU_ASSERT_EQUAL(events.heartbeats, lines.heartbeats);
        CU_ASSERT_EQUAL(events.rejects, lines.rejects);
        for (size_t k = 0; k < events.points_n; k++) {
            char value[64];

            snprintf(value, sizeof(value), "%.17g", events.points[k].average);
            CU_ASSERT(match(&lines, name(&events, events.points[k].metric), value, false));
            CU_ASSERT_EQUAL(events.points[k].flags, 0);
            CU_ASSERT_STRING_EQUAL(name(&events, events.points[k].run), "job");
            CU_ASSERT(events.points[k].at >= 1600000000000);
        }
        lw_names_close(lines.names);
        lw_names_close(events.names);
        lw_buf_close(&buf);
        free(text);
    }
}

/* Small pieces of real logs for what must hold at every byte. */
static const char piece[] =
    "2021-06-09 21:47:14 Training - Downloading the training image.....Docker entrypoint called with argument(s): "
    "train\n"
    "[06/09/2021 21:48:35 INFO 139813094373184] Epoch[0] Batch [20]#011Speed: 115.876 "
    "samples/sec#011accuracy=0.004464\n"
    "\n2021-06-09 21:48:14 Training - Training image download completed. Training in progress."
    "[06/09/2021 21:49:53 INFO 139813094373184] Epoch[0] Train-accuracy=0.025000\r\n"
    "[06/09/2021 21:49:53 INFO 139813094373184] #quality_metric: host=algo-1, epoch=0, train accuracy "
    "<score>=0.0250001\n"
    "[0]#011train-rmse:9.9#011validation-rmse:nan\n"
    "#metrics {\"Metrics\": {\"update.time\": {\"count\": 1, \"max\": 3, \"sum\": 3.0, \"min\": 3}}, \"EndTime\": "
    "1593340791.4}\n"
    "Epoch 1/2\n1/2 [==>..] - ETA: 1s - loss: 0.5\b\b\b2/2 [====] - 1s 2ms/step - loss: 0.4 - val_loss: 0.3\n"
    "2021-06-09 21:50:55 Failed - Training job failed\nBillable seconds: 252\n";

static void any_cut_gives_the_same(void)
{
    struct kit_random random = kit_seed(3);
    size_t n;
    char *text = kit_data("sagemaker/logs/ic_Image-classification-fulltraining-highlevel_aea571b_c16.txt", &n);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOG, NULL, piece, sizeof(piece) - 1, 1, &random));
    CU_ASSERT(kit_decode_cuts(LW_FORMAT_LOG, NULL, text, n, 0, &random));
    free(text);
}

static void it_may_end_at_any_byte(void)
{
    CU_ASSERT(kit_decode_ends(LW_FORMAT_LOG, NULL, piece, sizeof(piece) - 1));
}

static void memory_may_run_out_anywhere(void)
{
    kit_decode_torture(LW_FORMAT_LOG, NULL, piece, sizeof(piece) - 1);
}

static void a_line_of_a_mebibyte_is_read_and_a_longer_one_is_passed_over(void)
{
    static struct kit_decoded decoded;
    const char tail[] = "Epoch[0] Train-x=1\nEpoch[1] Train-x=2\n";
    const size_t line = 1u << 20;
    char *text = malloc(line + 64);

    memset(text, '.', line + 64);
    memcpy(text + line - 18, tail, sizeof(tail) - 1); /* the first line has exactly 1 MiB */
    kit_decode(&decoded, LW_FORMAT_LOG, NULL, text, line - 18 + sizeof(tail) - 1);
    CU_ASSERT_EQUAL(decoded.points, 2);
    CU_ASSERT_EQUAL(decoded.rejects, 0);
    memcpy(text + line - 17, tail, sizeof(tail) - 1);
    text[0] = '.';
    kit_decode(&decoded, LW_FORMAT_LOG, NULL, text, line - 17 + sizeof(tail) - 1);
    CU_ASSERT_EQUAL(decoded.points, 1);
    CU_ASSERT_EQUAL(decoded.reasons[LW_REJECT_TOO_LARGE], 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(decoded.text, "reject too_large 1:0 "));
    CU_ASSERT_EQUAL(decoded.records, 2);
    free(text);
}

KIT_SUITE("log", {"what the logs say of the runs", what_the_logs_say_of_the_runs},
          {"every value that the logs print", every_value_that_the_logs_print},
          {"values lie on the axis in the order of their epochs", values_lie_on_the_axis_in_the_order_of_their_epochs},
          {"the log of Keras has two epochs", the_log_of_keras_has_two_epochs},
          {"a log without any time says so", a_log_without_any_time_says_so},
          {"phases reach from one status line to the next", phases_reach_from_one_status_line_to_the_next},
          {"documents of counters are signs of life", documents_of_counters_are_signs_of_life},
          {"the lines of a log read the same as messages of events",
           the_lines_of_a_log_read_the_same_as_messages_of_events},
          {"any cut gives the same", any_cut_gives_the_same}, {"it may end at any byte", it_may_end_at_any_byte},
          {"memory may run out anywhere", memory_may_run_out_anywhere},
          {"a line of a mebibyte is read and a longer one is passed over",
           a_line_of_a_mebibyte_is_read_and_a_longer_one_is_passed_over})
