/* Writes N metric events as Loggly's CloudWatch integration sends them, one JSON object per line: the input of the ingest
   figures. The same seed gives the same bytes. usage: events [N [SEED]] > FILE (default: 1000000 events, seed 1) */
#include "engine/base/json/json_out.h"
#include "engine/base/time_text.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static uint64_t random_bits(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#define METRICS 4
#define POINTS  25 /* minutes of a run, one event per metric and minute */

/* Half of the values are short decimals, as algorithms print them; the others carry all digits, as means do. */
static double value_of(unsigned metric, unsigned minute)
{
    double level = (metric % 2 == 0 ? 0.55 : 0.5) + 0.4 * minute / (minute + 3.0);
    double noise = (double)(random_bits() >> 11) * 0x1p-53 * 0.02;

    if (random_bits() & 1)
        return (double)(uint64_t)((level + noise) * 1e6) / 1e6;
    return level + noise;
}

static void put_event(struct lw_json_out *out, uint64_t run, unsigned minute, unsigned metric)
{
    static const char *const names[METRICS] = {"train:accuracy", "validation:accuracy", "train:loss",
                                               "validation:loss"};
    static const char *const models[] = {"image-classification", "churn-xgboost", "deepar-electricity",
                                         "recommender-nightly"};
    lw_time start = {1560348000000 + (int64_t)(run / 4) * LW_HOUR + (int64_t)(run % 4) * LW_MINUTE};
    lw_time at = {start.ms + minute * LW_MINUTE};
    double value = value_of(metric, minute);
    char stamp[LW_TIME_TEXT];
    char job[64];

    lw_time_write(start, stamp);
    snprintf(job, sizeof(job), "%s-%.10s-%.2s-%.2s-%.2s-%.3s", models[run % 4], stamp, stamp + 11, stamp + 14,
             stamp + 17, stamp + 20);
    lw_json_object(out);
    lw_json_key(out, "timestamp");
    lw_json_time(out, at);
    lw_json_key(out, "sampleCount");
    lw_json_int(out, 1);
    lw_json_key(out, "average");
    lw_json_number(out, value);
    lw_json_key(out, "sum");
    lw_json_number(out, value);
    lw_json_key(out, "minimum");
    lw_json_number(out, value);
    lw_json_key(out, "maximum");
    lw_json_number(out, value);
    lw_json_key(out, "unit");
    lw_json_text(out, "None");
    lw_json_key(out, "metricName");
    lw_json_text(out, names[metric]);
    lw_json_key(out, "namespace");
    lw_json_text(out, "/aws/sagemaker/TrainingJobs");
    lw_json_key(out, "trainingJobName");
    lw_json_text(out, job);
    lw_json_object_end(out);
    lw_buf_char(out->buf, '\n');
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct lw_buf buf = {.ceiling = 1 << 20};

    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (uint64_t i = 0; i < n; i++) {
        struct lw_json_out out = {.buf = &buf};
        uint64_t run = i / (METRICS * POINTS);

        put_event(&out, run, (unsigned)(i / METRICS % POINTS), (unsigned)(i % METRICS));
        if (buf.len > 65536 || i + 1 == n) {
            if (buf.error != LW_ERR_OK || fwrite(buf.at, 1, buf.len, stdout) != buf.len)
                return 1;
            lw_buf_clear(&buf);
        }
    }
    lw_buf_close(&buf);
    return fflush(stdout) == 0 ? 0 : 1;
}
