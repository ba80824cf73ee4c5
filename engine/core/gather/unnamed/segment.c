#include "engine/core/gather/unnamed/segment.h"

#include "engine/core/gather/unnamed/interleave.h"
#include "leeway/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often runs begin, per step, before their lengths are known. With too few runs to learn from, the share that was
   found takes its place, since many steps give chance many occasions; not less than the least, which one clear reset
   outweighs. */
#define FIRST_HAZARD (1.0 / 30.0)
#define LEAST_HAZARD (1.0 / 400.0)
/* Learnt lengths: this share of runs may have any length (crashed, stopped, changed). */
#define ODD_LENGTH 0.1
#define LOG_OF_ANY 10.0 /* any length: 1 / (10 L), that is a span of e^10 between the shortest and the longest */
/* A boundary needs evidence of its own: lengths that would like one are not enough. */
#define LEAST_RATIO 0.5
/* A run begins at one of so many candidates before its end, or at the best of all those before them. */
#define REACH  64u
#define ROUNDS 8
#define ROOT_2 1.41421356237309504880

struct candidate {
    size_t k;        /* index of the stamp at which a run would begin; 0: begin of the data; n: their end */
    double ratio;    /* evidence */
    double best;     /* of all cuts up to here that have a boundary here */
    double forward;  /* logarithm of the sum over these cuts */
    double backward; /* the same from here to the end */
    uint32_t from;   /* where the run before begins, in the best of them */
    bool taken;
};

/* Probability of the length of a run, in periods. */
struct lengths {
    bool learnt;
    double hazard; /* while they are not learnt */
    double log_median, spread;
    double period; /* ms */
};

static double log_add(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;

    return isinf(low) ? high : high + log1p(exp(low - high));
}

static double log_length(const struct lengths *lengths, double length)
{
    double z, usual;

    if (!lengths->learnt)
        return log(lengths->hazard) + (length - 1.0) * log1p(-lengths->hazard);
    z = (log(length) - lengths->log_median) / lengths->spread;
    usual = -0.5 * z * z - log(lengths->spread * length) - 0.91893853320467274178 + log1p(-ODD_LENGTH);
    return log_add(usual, log(ODD_LENGTH / (LOG_OF_ANY * length)));
}

/* A run at an edge of the data is cut off: it is at least that long. */
static double log_at_least(const struct lengths *lengths, double length)
{
    double z, usual, odd;

    if (!lengths->learnt)
        return (length - 1.0) * log1p(-lengths->hazard);
    z = (log(length) - lengths->log_median) / lengths->spread;
    usual = (1.0 - ODD_LENGTH) * 0.5 * erfc(z / ROOT_2);
    odd = ODD_LENGTH * fmax(1.0 - log(length) / LOG_OF_ANY, 1e-6);
    return log(usual + odd);
}

static double length_of(const struct lengths *lengths, const int64_t *stamps, size_t from, size_t to)
{
    return (double)(stamps[to - 1] - stamps[from]) / lengths->period + 1.0;
}

static double log_run(const struct lengths *lengths, const int64_t *stamps, size_t n, const struct candidate *from,
                      const struct candidate *to)
{
    double length = length_of(lengths, stamps, from->k, to->k);

    return from->k == 0 || to->k == n ? log_at_least(lengths, length) : log_length(lengths, length);
}

static void find_best(const struct lengths *lengths, const int64_t *stamps, size_t n, struct candidate *all,
                      uint32_t count)
{
    uint32_t anchor = 0;

    all[0].best = 0.0;
    for (uint32_t b = 1; b < count; b++) {
        uint32_t begin = b > REACH ? b - REACH : 0;

        if (begin > 0 && all[begin - 1].best > all[anchor].best)
            anchor = begin - 1;
        all[b].from = anchor;
        all[b].best = all[anchor].best + log_run(lengths, stamps, n, &all[anchor], &all[b]);
        for (uint32_t a = begin; a < b; a++) {
            double score = all[a].best + log_run(lengths, stamps, n, &all[a], &all[b]);

            if (score > all[b].best) {
                all[b].best = score;
                all[b].from = a;
            }
        }
        all[b].best += all[b].ratio;
    }
    for (uint32_t b = 0; b < count; b++)
        all[b].taken = false;
    for (uint32_t b = count - 1; b > 0; b = all[b].from)
        all[b].taken = true;
    all[0].taken = true;
}

static void find_posteriors(const struct lengths *lengths, const int64_t *stamps, size_t n, struct candidate *all,
                            uint32_t count)
{
    all[0].forward = 0.0;
    for (uint32_t b = 1; b < count; b++) {
        all[b].forward = -(double)INFINITY;
        for (uint32_t a = b > REACH ? b - REACH : 0; a < b; a++)
            all[b].forward = log_add(all[b].forward, all[a].forward + log_run(lengths, stamps, n, &all[a], &all[b]));
        all[b].forward += all[b].ratio;
    }
    all[count - 1].backward = 0.0;
    for (uint32_t a = count - 1; a-- > 0;) {
        all[a].backward = -(double)INFINITY;
        for (uint32_t b = a + 1; b < count && b <= a + REACH; b++)
            all[a].backward = log_add(all[a].backward,
                                      all[b].backward + all[b].ratio + log_run(lengths, stamps, n, &all[a], &all[b]));
    }
}

/* Pooled stamps of all metrics, ascending, each once. Merging one metric after the other keeps them sorted. */
static bool pool(const struct lw_evidence *evidence, struct lw_memory *memory, struct lw_segment_room *room, size_t *n)
{
    size_t have = 0;

    for (size_t j = 0; j < evidence->metrics_n; j++) {
        const struct lw_evidence_metric *metric = &evidence->metrics[j];
        size_t a = 0, b = 0, kept = 0;
        const int64_t *stamps;
        int64_t *out;

        if (!lw_memory_scratch(memory, &room->passing, have + metric->n + 1, sizeof(int64_t)))
            return false;
        stamps = room->stamps.at;
        out = room->passing.at;
        while (a < have || b < metric->n) {
            int64_t at = b == metric->n || (a < have && stamps[a] <= metric->at[b]) ? stamps[a++] : metric->at[b++];

            if (kept == 0 || out[kept - 1] != at)
                out[kept++] = at;
        }
        if (!lw_memory_scratch(memory, &room->stamps, kept + 1, sizeof(int64_t)))
            return false;
        memcpy(room->stamps.at, out, kept * sizeof(*out));
        have = kept;
    }
    *n = have;
    return true;
}

static bool find_candidates(const struct lw_evidence *evidence, size_t n, struct lw_memory *memory,
                            struct lw_segment_room *room, uint32_t *count)
{
    const int64_t *stamps = room->stamps.at;
    struct lw_evidence_cell *cells;
    uint32_t kept = 1;

    if (n > UINT32_MAX / 2 || !lw_memory_scratch(memory, &room->cells, n, sizeof(struct lw_evidence_cell)) ||
        !lw_memory_extend(memory, &room->candidates, 2, sizeof(struct candidate)))
        return false;
    cells = room->cells.at;
    lw_evidence_weigh(evidence, stamps, n, cells);
    for (size_t k = 1; k < n; k++) {
        struct lw_evidence_step step = lw_evidence_judge(evidence, &cells[k], stamps[k] - stamps[k - 1]);

        if (step.ratio < LEAST_RATIO)
            continue;
        if (!lw_memory_extend(memory, &room->candidates, kept + 3, sizeof(struct candidate)))
            return false;
        ((struct candidate *)room->candidates.at)[kept++] = (struct candidate){.k = k, .ratio = step.ratio};
    }
    if (!lw_memory_extend(memory, &room->candidates, kept + 3, sizeof(struct candidate)))
        return false;
    ((struct candidate *)room->candidates.at)[0] = (struct candidate){.k = 0};
    ((struct candidate *)room->candidates.at)[kept++] = (struct candidate){.k = n};
    *count = kept;
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Lengths of the runs that are whole: neither the first nor the last. */
static bool learn_lengths(struct lengths *lengths, const int64_t *stamps, const struct candidate *all, uint32_t count,
                          struct lw_memory *memory, struct lw_scratch *room)
{
    size_t kept = 0, from = SIZE_MAX;
    double *values;

    if (!lw_memory_scratch(memory, room, count, sizeof(double)))
        return false;
    values = room->at;
    for (uint32_t i = 1; i + 1 < count; i++) {
        if (!all[i].taken)
            continue;
        if (from != SIZE_MAX)
            values[kept++] = log(length_of(lengths, stamps, from, all[i].k));
        from = all[i].k;
    }
    lengths->learnt = kept >= 4;
    if (!lengths->learnt)
        return true;
    qsort(values, kept, sizeof(*values), ascending);
    lengths->log_median = values[kept / 2];
    for (size_t i = 0; i < kept; i++)
        values[i] = fabs(values[i] - lengths->log_median);
    qsort(values, kept, sizeof(*values), ascending);
    lengths->spread = fmax(1.4826 * values[kept / 2], 0.15);
    return true;
}

/* The stamps at which runs begin; whether they are others than before. */
static bool take_firsts(const int64_t *stamps, const struct candidate *all, uint32_t count, struct lw_memory *memory,
                        struct lw_scratch *firsts, size_t *n, bool *changed)
{
    size_t kept = 0;
    int64_t *out;

    if (!lw_memory_extend(memory, firsts, count, sizeof(int64_t)))
        return false;
    out = firsts->at;
    *changed = false;
    for (uint32_t i = 0; i + 1 < count; i++) {
        if (!all[i].taken)
            continue;
        *changed = *changed || kept >= *n || out[kept] != stamps[all[i].k];
        out[kept++] = stamps[all[i].k];
    }
    *changed = *changed || kept != *n;
    *n = kept;
    return true;
}

static double usual_period(const struct lw_evidence *evidence)
{
    double period = 0.0;

    for (size_t j = 0; j < evidence->metrics_n; j++)
        if (evidence->metrics[j].n > 1 && (period == 0.0 || evidence->metrics[j].period < period))
            period = evidence->metrics[j].period;
    return fmax(period, 1.0);
}

static void fill_inside(const struct lw_evidence *evidence, const struct lw_evidence_cell *cells, const int64_t *stamps,
                        size_t from, size_t to, double period, struct lw_segment *segment)
{
    for (size_t k = from + 1; k < to; k++) {
        struct lw_evidence_step step = lw_evidence_judge(evidence, &cells[k], stamps[k] - stamps[k - 1]);

        if (step.kind == LW_EVIDENCE_NORMAL)
            continue;
        segment->flags |= step.kind == LW_EVIDENCE_RESUMED ? LW_RUN_RESUMED : LW_RUN_RESTARTED;
        segment->pause += (int64_t)fmax((double)(stamps[k] - stamps[k - 1]) - period, 0.0);
    }
}

static bool make_segments(const struct lw_evidence *evidence, const struct lengths *lengths, size_t n,
                          struct candidate *all, uint32_t count, struct lw_memory *memory, struct lw_segment_room *room,
                          size_t *segments_n)
{
    const int64_t *stamps = room->stamps.at;
    const struct lw_evidence_cell *cells = room->cells.at;
    struct lw_segment *segments;
    double whole;
    size_t kept = 0;

    if (!lw_memory_scratch(memory, &room->segments, count, sizeof(struct lw_segment)))
        return false;
    segments = room->segments.at;
    find_posteriors(lengths, stamps, n, all, count);
    whole = all[count - 1].forward;
    for (uint32_t i = 0, end; i + 1 < count; i = end) {
        size_t k = all[i].k;
        struct lw_evidence_step begin = {0};

        if (i > 0)
            begin = lw_evidence_judge(evidence, &cells[k], stamps[k] - stamps[k - 1]);
        for (end = i + 1; !all[end].taken;)
            end++;
        segments[kept] = (struct lw_segment){
            .first = stamps[k],
            .last = stamps[all[end].k - 1],
            .confidence =
                i == 0 ? lw_evidence_first(evidence) : fmin(exp(all[i].forward + all[i].backward - whole), 1.0),
            .silence = begin.silence,
            .resets = begin.resets,
        };
        fill_inside(evidence, cells, stamps, k, all[end].k, lengths->period, &segments[kept]);
        kept++;
    }
    *segments_n = kept;
    return true;
}

bool lw_segment_cut(struct lw_evidence *evidence, struct lw_memory *memory, struct lw_segment_room *room,
                    size_t *segments_n)
{
    struct lengths lengths = {.hazard = FIRST_HAZARD};
    struct candidate *all = NULL;
    size_t n, firsts = 0;
    uint32_t count = 0;

    *segments_n = 0;
    if (!pool(evidence, memory, room, &n) || !lw_evidence_begin(evidence, memory, &room->passing))
        return false;
    if (n == 0)
        return true;
    for (int round = 0; round < ROUNDS; round++) {
        bool changed;

        lengths.period = usual_period(evidence);
        if (!find_candidates(evidence, n, memory, room, &count))
            return false;
        all = room->candidates.at;
        find_best(&lengths, room->stamps.at, n, all, count);
        if (!take_firsts(room->stamps.at, all, count, memory, &room->firsts, &firsts, &changed))
            return false;
        if (!changed)
            break;
        if (firsts < 4) {
            lengths.learnt = false;
            lengths.hazard = fmax(fmin((double)firsts / (double)n, lengths.hazard), LEAST_HAZARD);
            continue;
        }
        if (!lw_evidence_learn(evidence, room->firsts.at, firsts, memory, &room->passing) ||
            !learn_lengths(&lengths, room->stamps.at, all, count, memory, &room->passing))
            return false;
    }
    return make_segments(evidence, &lengths, n, all, count, memory, room, segments_n) &&
           lw_interleave_mark(evidence, memory, room, segments_n);
}

void lw_segment_close(struct lw_segment_room *room, struct lw_memory *memory)
{
    struct lw_scratch *all[] = {&room->stamps, &room->cells,    &room->candidates,
                                &room->firsts, &room->segments, &room->passing};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        lw_memory_drop(memory, all[i]);
}
