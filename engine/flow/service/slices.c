#include "engine/flow/service/slices.h"

#include "engine/base/json/json_out.h"

#include <stdio.h>

#define TELL_EACH ((int64_t)60000000) /* microseconds */

/* What a person reads, and the label of it. */
static const struct {
    const char *id, *words;
} kinds[LW_SLICE_COUNT] = {
    [LW_SLICE_SOURCE] = {"source", "asking the sources"},
    [LW_SLICE_DECODE] = {"decode", "decoding"},
    [LW_SLICE_GATHER] = {"gather", "gathering datapoints"},
    [LW_SLICE_CLOSE] = {"close", "closing runs"},
    [LW_SLICE_HISTORY] = {"history", "reading the history of a model"},
    [LW_SLICE_JUDGE] = {"judge", "judging a model"},
    [LW_SLICE_TELL] = {"tell", "writing what was judged"},
    [LW_SLICE_COMMIT] = {"commit", "the commit (the disk)"},
    [LW_SLICE_CHECKPOINT] = {"checkpoint", "the checkpoint of the store (the disk)"},
    [LW_SLICE_RETENTION] = {"retention", "removing what is too old"},
    [LW_SLICE_CARE] = {"care", "heartbeat and silence"},
    [LW_SLICE_DELIVER] = {"deliver", "deliveries"},
    [LW_SLICE_REPLY] = {"reply", "what came from a sink or a source"},
    [LW_SLICE_HTTP] = {"http", "an HTTP request"},
    [LW_SLICE_CONTROL] = {"control", "a request of a person"},
    [LW_SLICE_RELOAD] = {"reload", "opening everything anew"},
};

const char *lw_slice_id(enum lw_slice kind)
{
    return kinds[kind].id;
}

static int64_t wall_of(const struct lw_world *world)
{
    return world->micros != NULL ? world->micros(world->self) : world->ticks(world->self).ms * 1000;
}

static int64_t cpu_of(const struct lw_world *world)
{
    return world->cpu != NULL ? world->cpu(world->self) : 0;
}

void lw_slices_open(struct lw_slices *slices, const struct lw_world *world)
{
    *slices = (struct lw_slices){.world = world};
}

void lw_slices_begin(struct lw_slices *slices, enum lw_slice kind)
{
    if (slices == NULL)
        return;
    slices->open = true;
    slices->kind = kind;
    slices->began = slices->since = wall_of(slices->world);
    slices->cpu_began = slices->cpu_since = cpu_of(slices->world);
    memset(slices->taken, 0, sizeof(slices->taken));
}

enum lw_slice lw_slices_turn(struct lw_slices *slices, enum lw_slice kind)
{
    enum lw_slice before;
    int64_t wall, cpu;

    if (slices == NULL || !slices->open)
        return kind;
    wall = wall_of(slices->world);
    cpu = cpu_of(slices->world);
    before = slices->kind;
    if (wall > slices->since) {
        slices->taken[before] += wall - slices->since;
        slices->wall[before] += (uint64_t)(wall - slices->since);
    }
    if (cpu > slices->cpu_since)
        slices->cpu[before] += (uint64_t)(cpu - slices->cpu_since);
    slices->since = wall;
    slices->cpu_since = cpu;
    slices->kind = kind;
    return before;
}

/* "a slice of 83 ms (12 ms of it on the processor), most of it the commit (the disk): history 3, judge 10, commit 68" */
static void tell(struct lw_slices *slices, enum lw_note level, enum lw_slice most, int64_t whole)
{
    char text[400];
    int n;

    n = snprintf(text, sizeof(text),
                 "a slice of %lld ms (%lld ms of it on the processor), most of it %s:", (long long)(whole / 1000),
                 (long long)((slices->cpu_since - slices->cpu_began) / 1000), kinds[most].words);
    for (size_t i = 0; i < LW_SLICE_COUNT; i++) {
        if (slices->taken[i] >= 1000 && n < 300)
            n += snprintf(text + n, sizeof(text) - (size_t)n, " %s %lld ms", kinds[i].id,
                          (long long)(slices->taken[i] / 1000));
    }
    if (level == LW_NOTE_INFO && slices->untold > 0)
        snprintf(text + n, sizeof(text) - (size_t)n, " (%llu more since the last that was told)",
                 (unsigned long long)slices->untold);
    slices->world->note(slices->world->self, level, text);
}

void lw_slices_end(struct lw_slices *slices)
{
    enum lw_slice most = LW_SLICE_SOURCE;
    int64_t whole;

    if (slices == NULL || !slices->open)
        return;
    (void)lw_slices_turn(slices, LW_SLICE_SOURCE);
    slices->open = false;
    for (size_t i = 1; i < LW_SLICE_COUNT; i++) {
        if (slices->taken[i] > slices->taken[most])
            most = (enum lw_slice)i;
    }
    whole = slices->since > slices->began ? slices->since - slices->began : 0;
    lw_metrics_observe(&slices->whole[most], (uint64_t)whole);
    if (whole <= LW_SLICE_LONG)
        return;
    if (slices->has_told && slices->since - slices->told_at < TELL_EACH) {
        slices->untold++;
        tell(slices, LW_NOTE_DEBUG, most, whole);
        return;
    }
    tell(slices, LW_NOTE_INFO, most, whole);
    slices->has_told = true;
    slices->told_at = slices->since;
    slices->untold = 0;
}

static void write_work(struct lw_buf *out, const char *name, const char *help, const uint64_t *micros)
{
    lw_buf_format(out, "# HELP leeway_%s %s\n# TYPE leeway_%s counter\n", name, help, name);
    for (size_t i = 0; i < LW_SLICE_COUNT; i++) {
        char text[LW_NUMBER_TEXT];

        lw_number_shortest((double)micros[i] / 1e6, text);
        lw_buf_format(out, "leeway_%s{kind=\"%s\"} %s\n", name, kinds[i].id, text);
    }
}

void lw_slices_write(const struct lw_slices *slices, struct lw_buf *out)
{
    struct lw_metrics_labelled whole[LW_SLICE_COUNT];

    for (size_t i = 0; i < LW_SLICE_COUNT; i++)
        whole[i] = (struct lw_metrics_labelled){.value = kinds[i].id, .histogram = &slices->whole[i]};
    lw_metrics_write_labelled("slice_seconds",
                              "Pieces of work of the loop, by what took most of each: over 0.05 is a defect.", "kind",
                              whole, LW_SLICE_COUNT, out);
    write_work(out, "work_seconds_total", "Time that the loop was away for each kind of work.", slices->wall);
    write_work(out, "work_cpu_seconds_total", "Time of the processor for it; the rest waited, most of it for the disk.",
               slices->cpu);
}
