#include "engine/flow/simulate/simulate.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"
#include "engine/flow/simulate/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_CEILING ((size_t)4 << 30)
#define RUNS_MAX       100000
#define EPOCHS_MAX     10000
#define MINUTES_MAX    (7 * 24 * 60) /* of one run */
#define NAME_MAX_BYTES 200

/* Calibration: the four MNIST training jobs in tests/data/sagemaker (10 epochs each). Accuracy by epoch, mean of the four;
   standard deviations of the final values; run times and start-up times of the repeated jobs there. */
#define CURVE_EPOCHS 10
static const double validation_curve[CURVE_EPOCHS] = {0.39258, 0.85228, 0.91895, 0.94035, 0.95117,
                                                      0.95863, 0.96340, 0.96650, 0.96768, 0.96855};
static const double train_curve[CURVE_EPOCHS] = {0.13891, 0.74191, 0.89228, 0.93070, 0.94770,
                                                 0.95832, 0.96515, 0.97018, 0.97372, 0.97671};
#define FINAL_SD_VALIDATION 0.0023
#define FINAL_SD_TRAIN      0.0010
#define OWN_SHARE           0.8   /* of the final variance that is the run's own; the rest comes from epoch to epoch */
#define EARLY_SD_VALIDATION 0.115 /* of what is not learnt yet, between runs */
#define EARLY_SD_TRAIN      0.020
#define DURATION_SD         0.12 /* on the log scale */
#define STARTUP_MEAN        180.0
#define STARTUP_SD          40.0 /* seconds from the order to the first epoch */
#define GAP_SD              0.10 /* on the log scale, where a gap is planned */

/* One simulated run. */
struct run {
    uint32_t number;    /* from 1 */
    int64_t start, end; /* ms; start of training, end of the last epoch */
    double offset[2];   /* of the run's metrics: validation, train */
    double early[2];
    char name[NAME_MAX_BYTES + 32];
    struct lw_random random;
};

/* Statistics of one minute of one metric. */
struct minute {
    double sum, min, max;
    uint32_t count;
};

static void add_value(struct minute *minute, double value)
{
    minute->min = minute->count == 0 ? value : fmin(minute->min, value);
    minute->max = minute->count == 0 ? value : fmax(minute->max, value);
    minute->sum += value;
    minute->count++;
}

/* Six decimals, as the training logs print them. */
static double rounded(double value)
{
    return round(value * 1e6) / 1e6;
}

/* One event, fields in the order of the integration's second version. */
static void write_event(struct lw_buf *out, int64_t at, const struct minute *minute, const char *metric,
                        const char *dimension, const char *value)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    lw_json_key(&json, "timestamp");
    lw_json_time(&json, (lw_time){at});
    lw_json_key(&json, "sampleCount");
    lw_json_uint(&json, minute->count);
    lw_json_key(&json, "average");
    lw_json_number(&json, minute->sum / minute->count);
    lw_json_key(&json, "sum");
    lw_json_number(&json, minute->sum);
    lw_json_key(&json, "minimum");
    lw_json_number(&json, minute->min);
    lw_json_key(&json, "maximum");
    lw_json_number(&json, minute->max);
    lw_json_key(&json, "metricName");
    lw_json_text(&json, metric);
    lw_json_key(&json, "namespace");
    lw_json_text(&json, "/aws/sagemaker/TrainingJobs");
    lw_json_key(&json, dimension);
    lw_json_text(&json, value);
    lw_json_object_end(&json);
    lw_buf_char(out, '\n');
}

/* The learning curve at a share of the training that is done, 0..1. */
static double curve_at(const double *curve, double done)
{
    double place = done * (CURVE_EPOCHS - 1);
    size_t before = (size_t)place;

    if (before >= CURVE_EPOCHS - 1)
        return curve[CURVE_EPOCHS - 1];
    return curve[before] + (curve[before + 1] - curve[before]) * (place - (double)before);
}

static double epoch_value(const struct lw_plan *plan, struct run *run, bool train, uint32_t epoch)
{
    static const double sds[] = {FINAL_SD_VALIDATION, FINAL_SD_TRAIN};
    const double *curve = train ? train_curve : validation_curve;
    double done = plan->epochs > 1 ? epoch / (double)(plan->epochs - 1) : 1.0;
    double value = curve_at(curve, done);
    double last = curve[CURVE_EPOCHS - 1];
    double drifted = lw_plan_apply(plan, train ? LW_PLAN_TRAIN : LW_PLAN_VALIDATION, run->number, last);

    /* A drift of the final value shows in the curve in proportion to what has been learnt. */
    value += (drifted - last) * (value / last);
    value += run->offset[train] * (value / last);
    value += run->early[train] * (1 - value / last);
    value += sds[train] * sqrt(1 - OWN_SHARE) * lw_random_normal(&run->random);
    return rounded(fmin(fmax(value, 0.0), 1.0));
}

static void write_metric_minute(const struct lw_plan *plan, struct run *run, bool train, uint32_t *epoch,
                                int64_t minute_start, struct lw_buf *out)
{
    struct minute minute = {.count = 0};
    double length = (double)(run->end - run->start) / plan->epochs;

    while (*epoch < plan->epochs) {
        int64_t ends = run->start + (int64_t)llround(length * (*epoch + 1));

        /* The last epoch ends where the run does. */
        if (ends > minute_start + LW_MINUTE - 1)
            break;
        add_value(&minute, epoch_value(plan, run, train, *epoch));
        (*epoch)++;
    }
    if (minute.count > 0)
        write_event(out, minute_start, &minute, train ? "train:accuracy" : "validation:accuracy", "trainingJobName",
                    run->name);
}

static void write_host_minute(struct run *run, const char *host, int64_t minute_start, struct lw_buf *out)
{
    static const struct {
        const char *metric;
        double mean, sd;
    } metrics[] = {{"CPUUtilization", 68, 6}, {"GPUUtilization", 93, 3}};

    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        struct minute minute = {.count = 0};
        double value = metrics[i].mean + metrics[i].sd * lw_random_normal(&run->random);

        add_value(&minute, round(fmin(fmax(value, 0), 100) * 100) / 100);
        write_event(out, minute_start, &minute, metrics[i].metric, "host", host);
    }
}

static void write_run(const struct lw_plan *plan, struct run *run, struct lw_buf *out)
{
    char host[sizeof(run->name) + 16];
    uint32_t epochs[2] = {0, 0};

    snprintf(host, sizeof(host), "%s/algo-1", run->name);
    for (int64_t minute = run->start - run->start % LW_MINUTE; minute <= run->end; minute += LW_MINUTE) {
        write_metric_minute(plan, run, true, &epochs[1], minute, out);
        write_metric_minute(plan, run, false, &epochs[0], minute, out);
        write_host_minute(run, host, minute, out);
    }
}

/* SageMaker's SDK names a job after its base name and the time of the order: model-YYYY-MM-DD-HH-MM-SS. */
static void name_run(const struct lw_plan *plan, int64_t ordered, struct run *run)
{
    char when[LW_TIME_TEXT];
    size_t used = plan->model.len < NAME_MAX_BYTES ? plan->model.len : NAME_MAX_BYTES;

    lw_time_write((lw_time){ordered}, when);
    when[19] = '\0'; /* without the fraction */
    for (size_t i = 0; when[i] != '\0'; i++) {
        if (when[i] == 'T' || when[i] == ':')
            when[i] = '-';
    }
    memcpy(run->name, plan->model.at, used);
    snprintf(run->name + used, sizeof(run->name) - used, "-%s", when);
}

/* Orders are placed on the cadence; where a gap is planned, so long after the end of the run before. */
static void schedule(const struct lw_plan *plan, const struct run *before, struct run *run)
{
    double startup = fmax(60, STARTUP_MEAN + STARTUP_SD * lw_random_normal(&run->random));
    double noise = exp(GAP_SD * lw_random_normal(&run->random));
    double seconds = (double)plan->duration.ms / 1000 * exp(DURATION_SD * lw_random_normal(&run->random));
    int64_t ordered = plan->start.ms + plan->every.ms * (int64_t)(run->number - 1);
    double usual = fmax(60, (double)(plan->every.ms - plan->duration.ms) / 1000);
    double gap = lw_plan_apply(plan, LW_PLAN_GAP, run->number, usual);

    if (before != NULL && gap != usual) {
        run->start = before->end + (int64_t)llround(gap * noise * 1000);
        ordered = run->start - (int64_t)llround(startup * 1000);
    } else {
        run->start = ordered + (int64_t)llround(startup * 1000);
        if (before != NULL && run->start < before->end + LW_MINUTE)
            run->start = before->end + LW_MINUTE;
    }
    seconds = fmin(fmax(lw_plan_apply(plan, LW_PLAN_DURATION, run->number, seconds), 1), MINUTES_MAX * 60.0);
    run->end = run->start + (int64_t)llround(seconds * 1000);
    name_run(plan, ordered - ordered % LW_SECOND, run);
}

void lw_simulate_write(const struct lw_plan *plan, struct lw_buf *out)
{
    struct run before = {.number = 0};

    for (uint32_t number = 1; number <= plan->runs && out->error == LW_ERR_OK; number++) {
        struct run run = {.number = number, .random = lw_random_stream(plan->seed, number)};
        double shared = lw_random_normal(&run.random);

        /* Training and validation of one run are good or bad together. */
        run.offset[0] = FINAL_SD_VALIDATION * sqrt(OWN_SHARE) * (0.6 * shared + 0.8 * lw_random_normal(&run.random));
        run.offset[1] = FINAL_SD_TRAIN * sqrt(OWN_SHARE) * (0.6 * shared + 0.8 * lw_random_normal(&run.random));
        run.early[0] = EARLY_SD_VALIDATION * lw_random_normal(&run.random);
        run.early[1] = EARLY_SD_TRAIN * lw_random_normal(&run.random);
        schedule(plan, number > 1 ? &before : NULL, &run);
        write_run(plan, &run, out);
        before = run;
    }
}

static enum lw_err read_count(const struct lw_options *options, const char *name, double most, double *value,
                              struct lw_fault *fault)
{
    const char *text = lw_options_value(options, name);

    if (text == NULL)
        return LW_ERR_OK;
    if (!lw_scan_decimal(lw_str_from(text), value) || *value < 0 || *value > most || *value != floor(*value))
        return lw_fault_set(fault, LW_ERR_USAGE, "--%s %.40s: write a whole number up to %.0f", name, text, most);
    return LW_ERR_OK;
}

static enum lw_err read_span(const struct lw_options *options, const char *name, lw_span *span, struct lw_fault *fault)
{
    const char *text = lw_options_value(options, name);

    if (text == NULL)
        return LW_ERR_OK;
    if (!lw_span_read(lw_str_from(text), span) || span->ms < LW_SECOND || span->ms > 366 * LW_DAY)
        return lw_fault_set(fault, LW_ERR_USAGE, "--%s %.40s: write a span such as 10m, 1h or 1d", name, text);
    return LW_ERR_OK;
}

static enum lw_err read_changes(const struct lw_options *options, struct lw_arena *arena, struct lw_plan *plan,
                                struct lw_fault *fault)
{
    size_t n;
    const struct lw_str *drifts = lw_options_values(options, "drift", arena, &n);
    enum lw_err err = LW_ERR_OK;

    if (drifts == NULL)
        return lw_fault_memory(fault, "the command line");
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = lw_plan_drift(plan, drifts[i], fault);
    if (err != LW_ERR_OK)
        return err;
    drifts = lw_options_values(options, "gap", arena, &n);
    if (drifts == NULL)
        return lw_fault_memory(fault, "the command line");
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = lw_plan_gap(plan, drifts[i], fault);
    return err;
}

static enum lw_err read_plan(const struct lw_options *options, struct lw_arena *arena, struct lw_plan *plan,
                             struct lw_fault *fault)
{
    double runs = plan->runs;
    double epochs = plan->epochs;
    double seed = (double)plan->seed;
    const char *start = lw_options_value(options, "start");
    enum lw_err err = read_count(options, "runs", RUNS_MAX, &runs, fault);

    if (err == LW_ERR_OK)
        err = read_count(options, "epochs", EPOCHS_MAX, &epochs, fault);
    if (err == LW_ERR_OK)
        err = read_count(options, "seed", 9007199254740991.0, &seed, fault);
    if (err == LW_ERR_OK)
        err = read_span(options, "every", &plan->every, fault);
    if (err == LW_ERR_OK)
        err = read_span(options, "duration", &plan->duration, fault);
    if (err == LW_ERR_OK)
        err = read_changes(options, arena, plan, fault);
    if (err != LW_ERR_OK)
        return err;
    if (runs < 1 || epochs < 1)
        return lw_fault_set(fault, LW_ERR_USAGE, "--runs and --epochs begin at 1");
    if (start != NULL && !lw_time_read(lw_str_from(start), NULL, &plan->start))
        return lw_fault_set(fault, LW_ERR_USAGE, "--start %.40s: write a time such as 2019-06-01T00:00Z", start);
    if (plan->start.ms < 0 || plan->start.ms > LW_TIME_MAX / 2)
        return lw_fault_set(fault, LW_ERR_USAGE, "--start %.40s: write a time from 1970 on", start);
    if (lw_options_has(options, "model"))
        plan->model = lw_str_from(lw_options_value(options, "model"));
    if (plan->model.len == 0 || plan->model.len > NAME_MAX_BYTES)
        return lw_fault_set(fault, LW_ERR_USAGE, "--model: write a name of 1 to %d bytes", NAME_MAX_BYTES);
    for (uint32_t i = 0; i < plan->changes_n; i++) {
        if (plan->changes[i].first > runs)
            return lw_fault_set(fault, LW_ERR_USAGE,
                                "a change from run %u on never happens: there are %.0f runs, see --runs",
                                (unsigned)plan->changes[i].first, runs);
    }
    plan->runs = (uint32_t)runs;
    plan->epochs = (uint32_t)epochs;
    plan->seed = (uint64_t)seed;
    return LW_ERR_OK;
}

enum lw_exit lw_simulate_run(struct lw_session *session)
{
    const struct lw_options *options = session->options;
    struct lw_plan plan = lw_plan_default();
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_buf out = {.ceiling = OUTPUT_CEILING};
    enum lw_exit exit;

    if (options->operands_n > 0) {
        (void)lw_fault_set(&fault, LW_ERR_USAGE, "simulate reads no file: leave '%.60s' out, or name it with -o",
                           options->operands[0]);
        return lw_session_fail(&fault);
    }
    if (read_plan(options, session->arena, &plan, &fault) != LW_ERR_OK)
        return lw_session_fail(&fault);
    lw_simulate_write(&plan, &out);
    exit = lw_session_write(lw_options_value(options, "output"), lw_buf_view(&out), out.error, LW_EXIT_DONE);
    lw_buf_close(&out);
    return exit;
}
