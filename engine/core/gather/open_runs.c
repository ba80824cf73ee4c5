#include "engine/core/gather/open_runs.h"

#include <string.h>

/* All begin small: where data never end each open run is a gather of its own, and there are thousands of them. */
#define PAGE         LW_OPEN_PAGE
#define PAGE_POINTER sizeof(struct lw_open_curve *)
#define PAGES_FIRST  1u
#define SLOTS_FIRST  4u
#define RUNS_FIRST   1u

static uint32_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a * 0x9e3779b97f4a7c15u) ^ b;

    x = (x ^ (x >> 32)) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(x >> 32);
}

static uint32_t hash_of_run(uint32_t origin, uint32_t model, uint32_t run)
{
    return mix(((uint64_t)origin << 32) ^ run, model);
}

static uint32_t hash_of_curve(uint32_t run, uint32_t metric, bool steps)
{
    return mix(((uint64_t)run << 32) ^ metric, steps);
}

static uint32_t hash_at(const struct lw_open_runs *open, const struct lw_open_table *table, uint32_t index)
{
    const struct lw_open_run *run;

    if (table == &open->by_curve)
        return lw_open_runs_at(open, index)->hash;
    run = &open->runs[index];
    return hash_of_run(run->origin, run->model, run->run);
}

/* Makes sure that one more entry fits: at most half of the slots are used. */
static bool table_room(struct lw_open_runs *open, struct lw_open_table *table, struct lw_memory *memory)
{
    size_t have = table->slots != NULL ? (size_t)table->mask + 1 : 0;
    size_t want = have == 0 ? SLOTS_FIRST : 2 * have;
    uint32_t *slots;

    if (have > 0 && (size_t)table->used * 2 < have)
        return true;
    slots = lw_memory_take(memory, want * sizeof(*slots));
    if (slots == NULL)
        return false;
    memset(slots, 0, want * sizeof(*slots));
    for (size_t i = 0; i < have; i++) {
        size_t at;

        if (table->slots[i] == 0)
            continue;
        at = hash_at(open, table, table->slots[i] - 1) & (want - 1);
        while (slots[at] != 0)
            at = (at + 1) & (want - 1);
        slots[at] = table->slots[i];
    }
    lw_memory_give(memory, table->slots, have * sizeof(*slots));
    table->slots = slots;
    table->mask = (uint32_t)(want - 1);
    return true;
}

static bool run_room(struct lw_open_runs *open, struct lw_memory *memory)
{
    size_t size = sizeof(*open->runs);
    uint32_t want = open->runs_room == 0 ? RUNS_FIRST : open->runs_room + open->runs_room / 2 + 1;
    void *runs;

    if (open->runs_n < open->runs_room)
        return true;
    if (open->runs_room > UINT32_MAX / 4)
        return false;
    runs = lw_memory_grow(memory, open->runs, open->runs_room * size, want * size);
    if (runs == NULL)
        return false;
    open->runs = runs;
    open->runs_room = want;
    return true;
}

static bool page_room(struct lw_open_runs *open, struct lw_memory *memory)
{
    uint32_t page = open->curves_n / PAGE;

    if (open->curves_n % PAGE != 0)
        return true;
    if (open->curves_n > UINT32_MAX / 4)
        return false;
    if (page == open->pages_room) {
        uint32_t want = open->pages_room == 0 ? PAGES_FIRST : 2 * open->pages_room;
        void *pages = lw_memory_grow(memory, open->pages, open->pages_room * PAGE_POINTER, want * PAGE_POINTER);

        if (pages == NULL)
            return false;
        open->pages = pages;
        open->pages_room = want;
    }
    open->pages[page] = lw_memory_take(memory, PAGE * sizeof(struct lw_open_curve));
    return open->pages[page] != NULL;
}

static bool same_run(const struct lw_open_run *at, uint32_t origin, uint32_t model, uint32_t run)
{
    return at->run == run && at->origin == origin && at->model == model;
}

uint32_t lw_open_runs_run(struct lw_open_runs *open, uint32_t origin, uint32_t model, uint32_t run,
                          struct lw_memory *memory)
{
    struct lw_open_table *table = &open->by_run;
    uint32_t at;

    if (open->last_run != LW_OPEN_NONE && same_run(&open->runs[open->last_run], origin, model, run))
        return open->last_run;
    if (!table_room(open, table, memory))
        return LW_OPEN_NONE;
    for (at = hash_of_run(origin, model, run) & table->mask; table->slots[at] != 0; at = (at + 1) & table->mask) {
        uint32_t index = table->slots[at] - 1;

        if (same_run(&open->runs[index], origin, model, run)) {
            open->last_run = index;
            return index;
        }
    }
    if (!run_room(open, memory))
        return LW_OPEN_NONE;
    open->runs[open->runs_n] =
        (struct lw_open_run){.origin = origin, .model = model, .run = run, .curves = LW_OPEN_NONE};
    open->last_run = open->runs_n;
    table->slots[at] = ++open->runs_n;
    table->used++;
    return open->last_run;
}

uint32_t lw_open_runs_curve(struct lw_open_runs *open, uint32_t run, uint32_t metric, bool steps,
                            struct lw_memory *memory)
{
    struct lw_open_table *table = &open->by_curve;
    uint32_t hash = hash_of_curve(run, metric, steps), at;
    struct lw_open_curve *curve;

    if (!table_room(open, table, memory))
        return LW_OPEN_NONE;
    for (at = hash & table->mask; table->slots[at] != 0; at = (at + 1) & table->mask) {
        curve = lw_open_runs_at(open, table->slots[at] - 1);
        if (curve->hash == hash && curve->run == run && curve->metric == metric && curve->steps == steps)
            return table->slots[at] - 1;
    }
    if (!page_room(open, memory))
        return LW_OPEN_NONE;
    curve = lw_open_runs_at(open, open->curves_n);
    *curve = (struct lw_open_curve){
        .run = run, .metric = metric, .steps = steps, .hash = hash, .next = open->runs[run].curves};
    open->runs[run].curves = open->curves_n;
    table->slots[at] = ++open->curves_n;
    table->used++;
    return open->curves_n - 1;
}

struct lw_facts *lw_open_runs_facts(struct lw_open_runs *open, uint32_t run, struct lw_memory *memory)
{
    struct lw_facts *facts = open->runs[run].facts;

    if (facts != NULL)
        return facts;
    facts = lw_memory_take(memory, sizeof(*facts));
    if (facts != NULL) {
        *facts = (struct lw_facts){0};
        open->runs[run].facts = facts;
    }
    return facts;
}

static uint64_t divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* All distances between stamps are sums of distances to any one of them, so which one is taken makes no difference. */
void lw_open_runs_beat(struct lw_heartbeat *heartbeat, int64_t at)
{
    if (!heartbeat->seen) {
        *heartbeat = (struct lw_heartbeat){.first = at, .last = at, .seen = true};
        return;
    }
    heartbeat->period =
        divisor(heartbeat->period, (uint64_t)(at > heartbeat->first ? at - heartbeat->first : heartbeat->first - at));
    if (at < heartbeat->first)
        heartbeat->first = at;
    if (at > heartbeat->last)
        heartbeat->last = at;
}

void lw_open_runs_beats(struct lw_heartbeat *heartbeat, const struct lw_heartbeat *other)
{
    if (!other->seen)
        return;
    lw_open_runs_beat(heartbeat, other->first);
    lw_open_runs_beat(heartbeat, other->last);
    heartbeat->period = divisor(heartbeat->period, other->period);
}

static void table_clear(struct lw_open_table *table, struct lw_memory *memory)
{
    if (table->slots != NULL)
        lw_memory_give(memory, table->slots, ((size_t)table->mask + 1) * sizeof(*table->slots));
}

void lw_open_runs_clear(struct lw_open_runs *open, struct lw_memory *memory)
{
    for (uint32_t i = 0; i < open->curves_n; i++)
        lw_curve_clear(&lw_open_runs_at(open, i)->curve, memory);
    for (uint32_t i = 0; i < (open->curves_n + PAGE - 1) / PAGE; i++)
        lw_memory_give(memory, open->pages[i], PAGE * sizeof(struct lw_open_curve));
    lw_memory_give(memory, open->pages, open->pages_room * PAGE_POINTER);
    for (uint32_t i = 0; i < open->runs_n; i++) {
        if (open->runs[i].facts == NULL)
            continue;
        lw_facts_clear(open->runs[i].facts, memory);
        lw_memory_give(memory, open->runs[i].facts, sizeof(struct lw_facts));
    }
    lw_memory_give(memory, open->runs, open->runs_room * sizeof(*open->runs));
    table_clear(&open->by_run, memory);
    table_clear(&open->by_curve, memory);
    *open = (struct lw_open_runs){.last_run = LW_OPEN_NONE};
}
