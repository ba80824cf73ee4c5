#include "tests/kit/kit.h"

#include "engine/flow/service/slices.h"

#include <stdio.h>
#include <string.h>

/* A world whose clocks the test turns. */
struct clocks {
    int64_t micros, cpu;
    char told[10][400];
    enum lw_note level[10];
    size_t told_n;
};

static int64_t micros(void *self)
{
    return ((struct clocks *)self)->micros;
}

static int64_t cpu(void *self)
{
    return ((struct clocks *)self)->cpu;
}

static lw_span ticks(void *self)
{
    return (lw_span){((struct clocks *)self)->micros / 1000};
}

static void note(void *self, enum lw_note level, const char *text)
{
    struct clocks *clocks = self;

    if (clocks->told_n < 10) {
        snprintf(clocks->told[clocks->told_n], sizeof(clocks->told[0]), "%s", text);
        clocks->level[clocks->told_n++] = level;
    }
}

static struct lw_world world_of(struct clocks *clocks)
{
    return (struct lw_world){.self = clocks, .ticks = ticks, .note = note, .micros = micros, .cpu = cpu};
}

static void work(struct clocks *clocks, int64_t wall_ms, int64_t cpu_ms)
{
    clocks->micros += wall_ms * 1000;
    clocks->cpu += cpu_ms * 1000;
}

/* Decodes, gathers, commits for as many ms each. */
static void slice(struct lw_slices *slices, struct clocks *clocks, int64_t decode, int64_t gather, int64_t commit)
{
    enum lw_slice before;

    lw_slices_begin(slices, LW_SLICE_DECODE);
    work(clocks, decode, decode);
    CU_ASSERT_EQUAL(lw_slices_turn(slices, LW_SLICE_GATHER), LW_SLICE_DECODE);
    work(clocks, gather / 2, gather / 2);
    before = lw_slices_turn(slices, LW_SLICE_COMMIT);
    work(clocks, commit, 0);
    (void)lw_slices_turn(slices, before);
    work(clocks, gather - gather / 2, gather - gather / 2);
    lw_slices_end(slices);
}

static bool has(const struct lw_slices *slices, const char *line)
{
    struct lw_buf text = {.ceiling = (size_t)1 << 20};
    bool found;

    lw_slices_write(slices, &text);
    lw_buf_char(&text, '\0');
    found = text.error == LW_ERR_OK && strstr(text.at, line) != NULL;
    if (!found)
        printf("# missing: %s\n", line);
    lw_buf_close(&text);
    return found;
}

static void a_slice_counts_for_what_took_most_of_it(void)
{
    struct clocks clocks = {.micros = 1};
    struct lw_world world = world_of(&clocks);
    struct lw_slices slices;

    lw_slices_open(&slices, &world);
    slice(&slices, &clocks, 1, 2, 10);
    slice(&slices, &clocks, 1, 6, 4);
    CU_ASSERT(has(&slices, "\nleeway_slice_seconds_bucket{kind=\"commit\",le=\"0.01\"} 0\n"));
    CU_ASSERT(has(&slices, "\nleeway_slice_seconds_bucket{kind=\"commit\",le=\"0.02\"} 1\n"));
    CU_ASSERT(has(&slices, "\nleeway_slice_seconds_sum{kind=\"commit\"} 0.013\n"));
    CU_ASSERT(has(&slices, "\nleeway_slice_seconds_count{kind=\"gather\"} 1\n"));
    CU_ASSERT(has(&slices, "\nleeway_slice_seconds_count{kind=\"decode\"} 0\n"));
    CU_ASSERT(has(&slices, "\nleeway_work_seconds_total{kind=\"decode\"} 0.002\n"));
    CU_ASSERT(has(&slices, "\nleeway_work_seconds_total{kind=\"gather\"} 0.008\n"));
    CU_ASSERT(has(&slices, "\nleeway_work_seconds_total{kind=\"commit\"} 0.014\n"));
    CU_ASSERT(has(&slices, "\nleeway_work_cpu_seconds_total{kind=\"commit\"} 0\n"));
    CU_ASSERT_EQUAL(clocks.told_n, 0);
}

static void a_long_one_is_told_with_what_took_the_time(void)
{
    struct clocks clocks = {.micros = 1};
    struct lw_world world = world_of(&clocks);
    struct lw_slices slices;

    lw_slices_open(&slices, &world);
    slice(&slices, &clocks, 5, 10, 35); /* 50 ms is no defect */
    CU_ASSERT_EQUAL(clocks.told_n, 0);
    slice(&slices, &clocks, 5, 10, 68);
    CU_ASSERT_EQUAL_FATAL(clocks.told_n, 1);
    CU_ASSERT_EQUAL(clocks.level[0], LW_NOTE_INFO);
    CU_ASSERT_STRING_EQUAL(
        clocks.told[0],
        "a slice of 83 ms (15 ms of it on the processor), most of it the commit (the disk): decode 5 ms "
        "gather 10 ms commit 68 ms");
}

static void once_a_minute_with_how_many_more(void)
{
    struct clocks clocks = {.micros = 1};
    struct lw_world world = world_of(&clocks);
    struct lw_slices slices;

    lw_slices_open(&slices, &world);
    for (int i = 0; i < 4; i++)
        slice(&slices, &clocks, 60, 0, 0);
    CU_ASSERT_EQUAL_FATAL(clocks.told_n, 4);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(clocks.level[i], i == 0 ? LW_NOTE_INFO : LW_NOTE_DEBUG);
    work(&clocks, 60000, 0);
    slice(&slices, &clocks, 60, 0, 0);
    CU_ASSERT_EQUAL_FATAL(clocks.told_n, 5);
    CU_ASSERT_EQUAL(clocks.level[4], LW_NOTE_INFO);
    CU_ASSERT_PTR_NOT_NULL(strstr(clocks.told[4], "(3 more since the last that was told)"));
}

static void outside_of_a_slice_and_without_anybody_who_counts_nothing_happens(void)
{
    struct clocks clocks = {.micros = 1};
    struct lw_world world = world_of(&clocks);
    struct lw_slices slices;

    lw_slices_begin(NULL, LW_SLICE_JUDGE);
    CU_ASSERT_EQUAL(lw_slices_turn(NULL, LW_SLICE_COMMIT), LW_SLICE_COMMIT);
    lw_slices_end(NULL);
    world.micros = NULL; /* as fine as the ticks */
    world.cpu = NULL;
    lw_slices_open(&slices, &world);
    (void)lw_slices_turn(&slices, LW_SLICE_COMMIT);
    work(&clocks, 100, 0);
    lw_slices_end(&slices);
    CU_ASSERT(has(&slices, "\nleeway_work_seconds_total{kind=\"commit\"} 0\n"));
    slice(&slices, &clocks, 0, 0, 7);
    CU_ASSERT(has(&slices, "\nleeway_work_seconds_total{kind=\"commit\"} 0.007\n"));
    CU_ASSERT_EQUAL(clocks.told_n, 0);
}

KIT_SUITE("slices", {"a slice counts for what took most of it", a_slice_counts_for_what_took_most_of_it},
          {"a long one is told with what took the time", a_long_one_is_told_with_what_took_the_time},
          {"once a minute, with how many more there were", once_a_minute_with_how_many_more},
          {"outside of a slice, and without anybody who counts, nothing happens",
           outside_of_a_slice_and_without_anybody_who_counts_nothing_happens})
