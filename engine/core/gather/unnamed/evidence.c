#include "engine/core/gather/unnamed/evidence.h"

#include "leeway/sort.h"

#include <math.h>
#include <string.h>

/* Prior probabilities, each per step; they only have to be of the right size, since evidence is mostly far from even. */
#define INTERRUPTED  0.003 /* a run is paused, or taken up from a checkpoint */
#define RESUMED      0.6   /* of these: nothing is lost */
#define ODD          0.001 /* a value of a run that fits to nothing */
#define ODD_START    0.05  /* a run that starts elsewhere than the others */
#define MISSING_MIN  0.01
#define MISSING_MAX  0.30
#define LOG_ROOT_2PI 0.91893853320467274178
#define ROOT_2       1.41421356237309504880

/* A robust standard deviation from a median of absolute values: 1 / Phi^-1(3/4). */
#define MAD_TO_SIGMA 1.4826

static double log_normal_density(double x, double sigma)
{
    return -0.5 * (x / sigma) * (x / sigma) - log(sigma) - LOG_ROOT_2PI;
}

static double log_sum(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;

    return high + log1p(exp(low - high));
}

static double part_of_range(const struct lw_evidence_metric *metric, double share, double chance)
{
    return log(chance / (share * metric->range));
}

/* A step of an undisturbed run: an improvement of any size, or a fall by noise. */
static double log_usual(const struct lw_evidence_metric *metric, double step)
{
    double fall = step < 0.0 ? step : 0.0;

    return log_sum(log_normal_density(fall, metric->noise * ROOT_2) + log1p(-ODD), part_of_range(metric, 1.0, ODD));
}

/* Less than half of the way lost: evenly spread. */
static double log_restart(const struct lw_evidence_metric *metric, double step)
{
    if (step < 0.0 && step > -0.5 * metric->range)
        return part_of_range(metric, 0.5, 1.0);
    return part_of_range(metric, 1.0, 0.02);
}

/* As other runs begin; before any is known: somewhere in the worse half. */
static double log_fresh(const struct lw_evidence_metric *metric, double value)
{
    double odd = part_of_range(metric, 1.0, ODD_START);

    if (metric->start_spread > 0.0)
        return log_sum(log_normal_density(value - metric->start, metric->start_spread) + log1p(-ODD_START), odd);
    if (value < metric->lowest + 0.5 * metric->range)
        return part_of_range(metric, 0.5, 1.0 - ODD_START);
    return odd;
}

/* Silence for n periods: of single points that are missing, or anything (1/n - 1/(n + 1), which sums to 1). */
static double log_missing(const struct lw_evidence *evidence, double periods)
{
    return (periods - 1.0) * log(evidence->missing) + log1p(-evidence->missing);
}

static double log_any_silence(double periods)
{
    return -log(periods) - log1p(periods);
}

static double favour(const struct lw_evidence_cell *cell)
{
    return (double)(cell->fresh - cell->usual);
}

/* Where in stamps[from..to] a step of a metric votes. */
static size_t place(const int64_t *stamps, const struct lw_evidence_cell *cells, size_t from, size_t to)
{
    size_t best = from;

    for (size_t k = from + 1; k <= to; k++) {
        bool voted = cells[k].period > 0.0F, best_voted = cells[best].period > 0.0F;

        if (voted != best_voted ? voted
            : voted             ? favour(&cells[k]) > favour(&cells[best])
                                : stamps[k] - stamps[k - 1] > stamps[best] - stamps[best - 1])
            best = k;
    }
    return best;
}

static void vote(const struct lw_evidence_metric *metric, size_t i, struct lw_evidence_cell *cell)
{
    double value, step, usual, fresh;

    if (cell->period == 0.0F || (float)metric->period < cell->period)
        cell->period = (float)metric->period;
    if (metric->sign == 0)
        return;
    value = metric->sign * metric->value[i];
    step = value - metric->sign * metric->value[i - 1];
    usual = log_usual(metric, step);
    fresh = log_fresh(metric, value);
    cell->usual += (float)usual;
    cell->restart += (float)log_restart(metric, step);
    cell->fresh += (float)fresh;
    cell->resets += fresh > usual;
}

static void weigh_metric(const struct lw_evidence_metric *metric, const int64_t *stamps, size_t n,
                         struct lw_evidence_cell *cells)
{
    size_t k = 0;

    for (size_t i = 0; i < metric->n; i++) {
        size_t from = k + 1;

        /* Several values of one stamp make no step. */
        if (i > 0 && metric->at[i] == metric->at[i - 1])
            continue;
        while (k < n && stamps[k] < metric->at[i])
            k++;
        if (i > 0)
            vote(metric, i, &cells[place(stamps, cells, from, k)]);
    }
}

/* The metric that comes after `last` in the order of (period, index); NULL at the end. */
static const struct lw_evidence_metric *next_metric(const struct lw_evidence *evidence,
                                                    const struct lw_evidence_metric *last)
{
    const struct lw_evidence_metric *next = NULL;

    for (size_t j = 0; j < evidence->metrics_n; j++) {
        const struct lw_evidence_metric *metric = &evidence->metrics[j];
        bool after = last == NULL || metric->period > last->period || (metric->period == last->period && metric > last);

        if (after && (next == NULL || metric->period < next->period))
            next = metric;
    }
    return next;
}

void lw_evidence_weigh(const struct lw_evidence *evidence, const int64_t *stamps, size_t n,
                       struct lw_evidence_cell *cells)
{
    memset(cells, 0, n * sizeof(*cells));
    for (const struct lw_evidence_metric *metric = next_metric(evidence, NULL); metric != NULL;
         metric = next_metric(evidence, metric))
        weigh_metric(metric, stamps, n, cells);
}

struct lw_evidence_step lw_evidence_judge(const struct lw_evidence *evidence, const struct lw_evidence_cell *cell,
                                          int64_t distance)
{
    struct lw_evidence_step result = {.ratio = -(double)INFINITY, .silence = 1.0};
    double normal, resumed, restarted;

    if (cell->period == 0.0F)
        return result;
    result.silence = fmax(1.0, round((double)distance / (double)cell->period));
    normal = (double)cell->usual + log_missing(evidence, result.silence) + log1p(-INTERRUPTED);
    resumed = (double)cell->usual + log_any_silence(result.silence) + log(INTERRUPTED * RESUMED);
    restarted = (double)cell->restart + log_any_silence(result.silence) + log(INTERRUPTED * (1.0 - RESUMED));
    result.ratio = (double)cell->fresh + log_any_silence(result.silence) - log_sum(log_sum(normal, resumed), restarted);
    result.resets = cell->resets;
    if (normal < resumed || normal < restarted)
        result.kind = restarted > resumed ? LW_EVIDENCE_RESTARTED : LW_EVIDENCE_RESUMED;
    return result;
}

/* Against a first value that could be anywhere in the range. */
double lw_evidence_first(const struct lw_evidence *evidence)
{
    double fresh = 0.0, anywhere = 0.0;

    for (size_t j = 0; j < evidence->metrics_n; j++) {
        const struct lw_evidence_metric *metric = &evidence->metrics[j];

        if (metric->sign == 0 || metric->n == 0)
            continue;
        fresh += log_fresh(metric, metric->sign * metric->value[0]);
        anywhere += part_of_range(metric, 1.0, 1.0);
    }
    return 1.0 / (1.0 + exp(anywhere - fresh));
}

static double median(double *values, size_t n)
{
    if (n == 0)
        return 0.0;
    lw_sort_doubles(values, n);
    return n % 2 ? values[n / 2] : values[n / 2 - 1] / 2.0 + values[n / 2] / 2.0;
}

static double median_distance(double *values, size_t n)
{
    double middle = median(values, n);

    for (size_t i = 0; i < n; i++)
        values[i] = fabs(values[i] - middle);
    return median(values, n);
}

/* Sudden large changes go against the direction in which runs improve; the third moment of the differences shows their
   sign. Where it is small for its own error (sqrt(6/n) for a normal distribution), the direction stays open. */
static int sign_by_shape(const struct lw_evidence_metric *metric)
{
    double mean = (metric->value[metric->n - 1] - metric->value[0]) / (double)(metric->n - 1), m2 = 0.0, m3 = 0.0;
    double skew, count = (double)(metric->n - 1);

    for (size_t i = 1; i < metric->n; i++) {
        double d = metric->value[i] - metric->value[i - 1] - mean;

        m2 += d * d;
        m3 += d * d * d;
    }
    m2 /= count;
    if (!(m2 > 0.0) || !isfinite(m2))
        return 0;
    skew = m3 / count / (m2 * sqrt(m2));
    if (!(fabs(skew) > fmax(0.5, 4.0 * sqrt(6.0 / count))))
        return 0;
    return skew < 0.0 ? 1 : -1;
}

/* Noise from second differences, which a smooth course leaves small: their variance is 6 noise^2. */
static double noise_of(double *differences, size_t n)
{
    for (size_t i = 0; i < n; i++)
        differences[i] = fabs(differences[i]);
    return MAD_TO_SIGMA * median(differences, n) / sqrt(6.0);
}

/* Densities over a range are multiples of its inverse. */
static bool is_range(double range)
{
    return range > 0.0 && isfinite(range) && isfinite(2.0 / range);
}

static void believe_noise(struct lw_evidence_metric *metric, double noise)
{
    metric->noise = fmax(noise, 1e-3 * metric->range);
    /* A range that noise alone could make tells nothing of resets (98 % of it lie within 4.7 sigma). */
    if (!(metric->range > 6.0 * metric->noise) || !is_range(metric->range))
        metric->sign = 0;
}

static void begin_metric(struct lw_evidence_metric *metric, double *room)
{
    size_t n = metric->n, kept = 0;
    double first_noise, second_noise, low, high;

    metric->sign = metric->better == LW_BETTER_HIGHER ? 1 : metric->better == LW_BETTER_LOWER ? -1 : 0;
    metric->start_spread = 0.0;
    metric->period = 0.0;
    for (size_t i = 1; i < n; i++)
        if (metric->at[i] > metric->at[i - 1])
            room[kept++] = (double)(metric->at[i] - metric->at[i - 1]);
    metric->period = fmax(median(room, kept), 1.0);
    if (n < 3) {
        metric->sign = 0;
        return;
    }
    if (metric->sign == 0)
        metric->sign = sign_by_shape(metric);
    for (size_t i = 1; i < n; i++)
        room[i - 1] = metric->value[i] - metric->value[i - 1];
    first_noise = MAD_TO_SIGMA * median_distance(room, n - 1) / ROOT_2;
    for (size_t i = 2; i < n; i++)
        room[i - 2] = metric->value[i] - 2.0 * metric->value[i - 1] + metric->value[i - 2];
    second_noise = noise_of(room, n - 2);
    for (size_t i = 0; i < n; i++)
        room[i] = metric->sign * metric->value[i];
    lw_sort_doubles(room, n);
    low = room[n / 50];
    high = room[n - 1 - n / 50];
    metric->range = high - low;
    metric->lowest = low;
    believe_noise(metric, fmin(first_noise, second_noise));
}

bool lw_evidence_begin(struct lw_evidence *evidence, struct lw_memory *memory, struct lw_scratch *room)
{
    evidence->missing = 0.05;
    for (size_t j = 0; j < evidence->metrics_n; j++) {
        if (!lw_memory_scratch(memory, room, evidence->metrics[j].n + 1, sizeof(double)))
            return false;
        begin_metric(&evidence->metrics[j], room->at);
    }
    return true;
}

/* Fills `out` with something of each run of the metric; runs are told by the stamps at which they begin. */
enum wanted { WANT_FIRST, WANT_WAY, WANT_SECOND_DIFFERENCES, WANT_DISTANCES };

static size_t collect(const struct lw_evidence_metric *metric, const int64_t *first, size_t n, enum wanted wanted,
                      double *out)
{
    size_t kept = 0, run = 0, in_run = 0;
    double begin = 0.0, best = 0.0;

    for (size_t i = 0; i < metric->n; i++) {
        double value = metric->sign * metric->value[i];
        bool fresh = i == 0;

        while (run + 1 < n && metric->at[i] >= first[run + 1]) {
            run++;
            fresh = true;
        }
        if (fresh) {
            if (wanted == WANT_WAY && in_run > 1)
                out[kept++] = best - begin;
            begin = best = value;
            in_run = 0;
            if (wanted == WANT_FIRST)
                out[kept++] = value;
        }
        best = fmax(best, value);
        in_run++;
        if (wanted == WANT_SECOND_DIFFERENCES && in_run > 2)
            out[kept++] = metric->value[i] - 2.0 * metric->value[i - 1] + metric->value[i - 2];
        if (wanted == WANT_DISTANCES && in_run > 1 && metric->at[i] > metric->at[i - 1])
            out[kept++] = (double)(metric->at[i] - metric->at[i - 1]);
    }
    if (wanted == WANT_WAY && in_run > 1)
        out[kept++] = best - begin;
    return kept;
}

static void learn_metric(struct lw_evidence_metric *metric, const int64_t *first, size_t n, double *room)
{
    size_t kept = collect(metric, first, n, WANT_DISTANCES, room);
    double spread;

    if (kept > 0)
        metric->period = fmax(median(room, kept), 1.0);
    if (metric->sign == 0)
        return;
    kept = collect(metric, first, n, WANT_WAY, room);
    if (is_range(median(room, kept)))
        metric->range = median(room, kept);
    kept = collect(metric, first, n, WANT_SECOND_DIFFERENCES, room);
    if (kept >= 10)
        believe_noise(metric, noise_of(room, kept));
    kept = collect(metric, first, n, WANT_FIRST, room);
    metric->start = median(room, kept);
    spread = fmax(MAD_TO_SIGMA * median_distance(room, kept), 0.02 * metric->range);
    metric->start_spread = hypot(spread, metric->noise);
}

static double learn_missing(const struct lw_evidence_metric *metric, const int64_t *first, size_t n, double *room)
{
    size_t kept = collect(metric, first, n, WANT_DISTANCES, room), more = 0;

    for (size_t i = 0; i < kept; i++)
        more += room[i] > 1.5 * metric->period;
    return kept > 0 ? (double)more / (double)kept : 0.0;
}

bool lw_evidence_learn(struct lw_evidence *evidence, const int64_t *first, size_t n, struct lw_memory *memory,
                       struct lw_scratch *room)
{
    double missing = 0.0;

    for (size_t j = 0; j < evidence->metrics_n; j++) {
        if (!lw_memory_scratch(memory, room, evidence->metrics[j].n + 1, sizeof(double)))
            return false;
        learn_metric(&evidence->metrics[j], first, n, room->at);
        missing = fmax(missing, learn_missing(&evidence->metrics[j], first, n, room->at));
    }
    evidence->missing = fmin(fmax(missing, MISSING_MIN), MISSING_MAX);
    return true;
}
