#define _DEFAULT_SOURCE

#include "tests/kit/kit.h"

#include "engine/source/follow/follow.h"
#include "tests/kit/alloc.h"
#include "tests/kit/calls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ROOM ((size_t)8 << 20)

static const char *in_folder(const char *name)
{
    static char path[4][512];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", kit_temporary_directory(), name);
    return path[turn];
}

static void put(const char *name, const char *mode, const char *bytes, size_t n)
{
    FILE *file = fopen(in_folder(name), mode);

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, n, file), n);
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
}

static void put_text(const char *name, const char *text)
{
    put(name, "ab", text, strlen(text));
}

static void move(const char *from, const char *to)
{
    CU_ASSERT_EQUAL_FATAL(rename(in_folder(from), in_folder(to)), 0);
}

/* A follower with what a loop and a store would keep of it. */
struct follower {
    struct lw_source source;
    struct lw_world world;
    struct lw_follow_options options;
    struct lw_span_holder {
        int64_t ms;
    } ticks;
    char path[512];
    char mark[4096];
    size_t mark_n;
    char *text; /* documents after one another; a '|' where one begins, a '#' where one ends */
    size_t n, batches, parts;
    bool caught_up, ended;
    size_t largest;
};

static void note(void *self, enum lw_note level, const char *text)
{
    (void)self, (void)level, (void)text;
}

static void start(struct follower *follower)
{
    const struct lw_source_calls calls = {.world = &follower->world};

    CU_ASSERT_EQUAL_FATAL(lw_follow_open(&follower->source, &follower->options, &calls,
                                         (struct lw_str){follower->mark, follower->mark_n}, NULL),
                          LW_ERR_OK);
}

static void stop(struct follower *follower)
{
    follower->source.kind->close(follower->source.state);
}

static void begin(struct follower *follower, const char *name)
{
    *follower = (struct follower){.world = {.note = note}, .text = calloc(1, ROOM)};
    snprintf(follower->path, sizeof(follower->path), "%s", in_folder(name));
    follower->options.path = follower->path;
    start(follower);
}

static void finish(struct follower *follower)
{
    stop(follower);
    free(follower->text);
}

static void add(struct follower *follower, const char *bytes, size_t n)
{
    CU_ASSERT_FATAL(follower->n + n < ROOM);
    memcpy(follower->text + follower->n, bytes, n);
    follower->n += n;
    follower->text[follower->n] = '\0';
}

/* One call of work, and what came of it, stored. false: nothing was ready. */
static bool turn(struct follower *follower, bool durable)
{
    const struct lw_source_batch *batch;
    lw_span next = {-1};

    CU_ASSERT_EQUAL_FATAL(follower->source.kind->work(follower->source.state, (lw_time){1000},
                                                      (lw_span){follower->ticks.ms}, &next, NULL),
                          LW_ERR_OK);
    batch = follower->source.kind->ready(follower->source.state);
    CU_ASSERT(batch != NULL || next.ms > follower->ticks.ms);
    if (batch == NULL)
        return false;
    CU_ASSERT_EQUAL(next.ms, LW_SOURCE_NEVER);
    follower->batches++;
    for (size_t i = 0; i < batch->parts_n && durable; i++) {
        const struct lw_source_part *part = &batch->parts[i];

        follower->largest = part->bytes.len > follower->largest ? part->bytes.len : follower->largest;
        follower->parts++;
        if (part->begins)
            add(follower, "|", 1);
        add(follower, part->bytes.at, part->bytes.len);
        if (part->ends)
            add(follower, "#", 1);
    }
    if (durable) {
        follower->caught_up = batch->caught_up;
        follower->ended = batch->ended;
        CU_ASSERT_FATAL(batch->mark.len <= sizeof(follower->mark));
        if (batch->mark.len > 0)
            memcpy(follower->mark, batch->mark.at, batch->mark.len);
        follower->mark_n = batch->mark.len;
    }
    follower->source.kind->taken(follower->source.state, durable);
    return true;
}

/* Until nothing comes for a while. */
static void drain(struct follower *follower)
{
    for (int idle = 0; idle < 6; follower->ticks.ms += 400)
        idle = turn(follower, true) ? 0 : idle + 1;
}

static void restart(struct follower *follower)
{
    stop(follower);
    start(follower);
}

static void lines_are_handed_out_as_they_are_written(void)
{
    struct follower f;

    begin(&f, "grow");
    drain(&f);
    CU_ASSERT(f.caught_up && f.parts == 0);
    put_text("grow", "{\"a\":1}\n{\"a\":2}\n");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n");
    CU_ASSERT(f.caught_up);
    put_text("grow", "{\"a\"");
    drain(&f);
    put_text("grow", ":3}\n");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    CU_ASSERT_FALSE(f.ended);
    finish(&f);
}

static void a_restart_goes_on_behind_the_mark_and_before_an_unfinished_line(void)
{
    struct follower f;

    begin(&f, "again");
    put_text("again", "{\"a\":1}\n{\"a\"");
    drain(&f);
    restart(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\"|{\"a\"");
    put_text("again", ":2}\n");
    drain(&f);
    restart(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\"|{\"a\":2}\n");
    put_text("again", "{\"a\":3}\n");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\"|{\"a\":2}\n|{\"a\":3}\n");
    finish(&f);
}

static void the_first_line_of_a_table_comes_again_after_a_restart(void)
{
    struct follower f;

    begin(&f, "table");
    put_text("table", "time,value\n1,2\n");
    drain(&f);
    restart(&f);
    put_text("table", "3,4\n");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|time,value\n1,2\n|time,value\n3,4\n");
    finish(&f);
}

static void a_document_of_several_lines_is_read_again_from_its_start(void)
{
    struct follower f;

    begin(&f, "document");
    put_text("document", "{\n \"events\": [\n 1,\n");
    drain(&f);
    restart(&f);
    put_text("document", " 2]}\n");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\n \"events\": [\n 1,\n|{\n \"events\": [\n 1,\n 2]}\n");
    finish(&f);
}

static bool is_log(void *self, struct lw_str head)
{
    (void)self;
    return head.len > 3 && memcmp(head.at, "[0m", 3) == 0;
}

static void so_is_what_the_caller_says_is_one(void)
{
    struct follower f;

    begin(&f, "log");
    stop(&f);
    f.options.whole = is_log;
    start(&f);
    put_text("log", "[0m one\n[0m two\n");
    drain(&f);
    restart(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|[0m one\n[0m two\n|[0m one\n[0m two\n");
    finish(&f);
}

static void after_a_batch_that_could_not_be_stored_it_comes_again(void)
{
    struct follower f;

    begin(&f, "unstored");
    put_text("unstored", "h\n1\n");
    CU_ASSERT(turn(&f, true));
    put_text("unstored", "2\n");
    CU_ASSERT(turn(&f, false));
    CU_ASSERT_STRING_EQUAL(f.text, "|h\n1\n");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|h\n1\n|h\n2\n");
    finish(&f);
}

static void the_rest_of_a_renamed_file_comes_before_the_new_one(void)
{
    struct follower f;

    begin(&f, "name");
    put_text("name", "{\"a\":1}\n");
    drain(&f);
    put_text("name", "{\"a\":2}\n");
    move("name", "name.1");
    put_text("name", "{\"b\":1}\n");
    CU_ASSERT(turn(&f, true));
    put_text("name.1", "{\"a\":3}\n"); /* a writer that has not opened the new one yet */
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n|{\"b\":1}\n");
    finish(&f);
}

static void several_rotations_while_stopped_lose_nothing(void)
{
    struct follower f;

    begin(&f, "roll");
    put_text("roll", "{\"a\":1}\n");
    drain(&f);
    stop(&f);
    put_text("roll", "{\"a\":2}\n");
    move("roll", "roll.1");
    put_text("roll", "{\"b\":1}\n");
    move("roll.1", "roll.2");
    move("roll", "roll.1");
    put_text("roll", "{\"c\":1}\n");
    start(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n|{\"a\":2}\n|{\"b\":1}\n|{\"c\":1}\n");
    CU_ASSERT(f.caught_up);
    finish(&f);
    begin(&f, "dated");
    put_text("dated", "1\n");
    drain(&f);
    stop(&f);
    move("dated", "dated-20260101");
    put_text("dated", "2\n");
    move("dated", "dated-20260102");
    put_text("dated", "3\n");
    start(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|1\n|2\n|3\n");
    finish(&f);
}

static void an_emptied_file_begins_anew(void)
{
    struct follower f;

    begin(&f, "cut");
    put_text("cut", "{\"a\":1}\n{\"a\":2}\n");
    drain(&f);
    put("cut", "wb", "{\"b\":1}\n", 8);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n|{\"b\":1}\n");
    put("cut", "wb", "{\"c\":1}\n{\"c\":2}\n{\"c\":3}\n", 24); /* longer than what was read: told by its bytes */
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n|{\"b\":1}\n|{\"c\":1}\n{\"c\":2}\n{\"c\":3}\n");
    stop(&f);
    put("cut", "wb", "{\"d\":1}\n{\"d\":2}\n{\"d\":3}\n{\"d\":4}\n", 32); /* the same while stopped */
    start(&f);
    drain(&f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "{\"c\":3}\n|{\"d\":1}\n{\"d\":2}\n{\"d\":3}\n{\"d\":4}\n"));
    finish(&f);
}

static void what_a_copy_has_of_an_emptied_file_is_read_first(void)
{
    struct follower f;

    begin(&f, "copied");
    put_text("copied", "{\"a\":1}\n");
    drain(&f);
    put("copied.1", "wb", "{\"a\":1}\n{\"a\":2}\n", 16);
    put("copied", "wb", "{\"b\":1}\n", 8);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n|{\"b\":1}\n");
    stop(&f);
    put("copied.1", "wb", "{\"b\":1}\n{\"b\":2}\n", 16);
    put("copied", "wb", "{\"c\":1}\n", 8);
    start(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n{\"a\":2}\n|{\"b\":1}\n|{\"b\":2}\n|{\"c\":1}\n");
    finish(&f);
}

/* A file that is removed frees its inode; the next one often gets it. */
static void a_new_file_with_an_old_inode_is_a_new_file(void)
{
    struct follower f;

    for (int i = 0; i < 20; i++) {
        begin(&f, "reused");
        put("reused", "wb", "{\"a\":1}\n", 8);
        drain(&f);
        stop(&f);
        CU_ASSERT_EQUAL(unlink(in_folder("reused")), 0);
        put("reused", "wb", "{\"b\":1}\n{\"b\":2}\n", 16);
        start(&f);
        drain(&f);
        CU_ASSERT_STRING_EQUAL(f.text, "|{\"a\":1}\n|{\"b\":1}\n{\"b\":2}\n");
        finish(&f);
    }
}

static void a_file_that_is_not_there_is_trouble_and_caught_up(void)
{
    struct lw_source_health health;
    struct follower f;

    begin(&f, "later");
    drain(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT_PTR_NOT_NULL(strstr(health.trouble, "as soon as it is there"));
    CU_ASSERT(f.caught_up && f.batches == 1 && !health.has_last_success);
    CU_ASSERT_EQUAL_FATAL(mkdir(in_folder("later"), 0700), 0);
    drain(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT_PTR_NOT_NULL(strstr(health.trouble, "no regular file"));
    CU_ASSERT_EQUAL_FATAL(rmdir(in_folder("later")), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(in_folder("later"), 0600), 0);
    drain(&f);
    CU_ASSERT_EQUAL_FATAL(unlink(in_folder("later")), 0);
    put_text("later", "x\n");
    drain(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT_STRING_EQUAL(health.trouble, "");
    CU_ASSERT_STRING_EQUAL(f.text, "|x\n");
    CU_ASSERT(health.has_last_success && health.bytes == 2);
    finish(&f);
}

static void begin_once(struct follower *f, const char *name)
{
    begin(f, name);
    stop(f);
    f->options.until_end = true;
    start(f);
}

static void until_the_end_means_with_the_last_line_and_once(void)
{
    struct follower f;

    put_text("once", "a\nb\nc");
    begin_once(&f, "once");
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|a\nb\nc#");
    CU_ASSERT(f.ended && f.caught_up);
    f.ended = false;
    restart(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|a\nb\nc#");
    CU_ASSERT(f.ended);
    put_text("once", "\nd\n");
    restart(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|a\nb\nc#|a\n\nd\n#");
    finish(&f);
}

static void an_empty_file_ends_without_a_document(void)
{
    struct follower f;

    put_text("empty", "");
    begin_once(&f, "empty");
    drain(&f);
    CU_ASSERT(f.ended && f.parts == 0);
    finish(&f);
}

static size_t pack(const char *text, size_t n, char *out, size_t room)
{
    z_stream stream = {0};

    CU_ASSERT_EQUAL_FATAL(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)n;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    CU_ASSERT_EQUAL_FATAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

static void a_packed_file_is_unpacked_when_read_once_and_not_followed(void)
{
    size_t n = (size_t)3 << 20;
    char *text = malloc(n), *packed = malloc(n);
    struct lw_source_health health;
    struct follower f;
    size_t packed_n;

    for (size_t i = 0; i < n; i++)
        text[i] = i % 100 == 99 ? '\n' : (char)('a' + i / 100 % 26);
    packed_n = pack(text, n, packed, n);
    put("packed", "wb", packed, packed_n);
    begin_once(&f, "packed");
    CU_ASSERT(turn(&f, true));
    restart(&f); /* in the middle: from the start */
    f.n = 0;
    drain(&f);
    CU_ASSERT(f.ended && f.n == n + 2 && memcmp(f.text + 1, text, n) == 0);
    CU_ASSERT(f.largest <= LW_SOURCE_BATCH_MAX);
    restart(&f);
    f.n = 0;
    drain(&f);
    CU_ASSERT(f.ended && f.n == 0);
    finish(&f);
    put("packed", "wb", packed, packed_n - 5);
    begin_once(&f, "packed");
    drain(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT(f.ended && health.errors == 1 && strstr(health.trouble, "damaged") != NULL);
    finish(&f);
    begin(&f, "packed");
    drain(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT(f.parts == 0 && strstr(health.trouble, "until_end") != NULL);
    finish(&f);
    free(text);
    free(packed);
}

/* What a document has in the end is behind the last '|': it may have been begun anew. */
static void a_reading_that_fails_is_not_the_end(void)
{
    static const char text[] = "time,loss\n1750000000,1\n1750000060,2\n";
    static const char *const names[] = {"fails", "fails.gz"};
    char packed[200];

    put("fails", "wb", text, sizeof(text) - 1);
    put("fails.gz", "wb", packed, pack(text, sizeof(text) - 1, packed, sizeof(packed)));
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t nth = 1; nth < 30; nth++) {
            struct follower f;
            const char *last;

            begin_once(&f, names[i]);
            kit_calls_fail(nth, EIO, false);
            drain(&f);
            kit_calls_fail(0, EIO, false);
            drain(&f);
            last = strrchr(f.text, '|');
            CU_ASSERT_PTR_NOT_NULL_FATAL(last);
            CU_ASSERT(f.ended && strncmp(last + 1, text, sizeof(text) - 1) == 0 && last[sizeof(text)] == '#');
            if (strncmp(last + 1, text, sizeof(text) - 1) != 0)
                printf("#   %s, call %u: %.200s\n", names[i], (unsigned)nth, f.text);
            finish(&f);
        }
    }
}

static void a_line_longer_than_a_batch_comes_in_parts_and_again_after_a_restart(void)
{
    size_t n = 2 * LW_SOURCE_BATCH_MAX + 12345;
    char *text = malloc(n);
    struct follower f;

    memset(text, 'x', n);
    put_text("long", "{\"a\":1}\n");
    put("long", "ab", text, n);
    begin(&f, "long");
    CU_ASSERT(turn(&f, true) && turn(&f, true));
    CU_ASSERT(f.largest <= LW_SOURCE_BATCH_MAX);
    restart(&f);
    f.n = 0;
    put_text("long", "\n{\"a\":2}\n");
    drain(&f);
    CU_ASSERT_EQUAL(f.n, 1 + n + 9);
    CU_ASSERT_STRING_EQUAL(f.text + 1 + n, "\n{\"a\":2}\n");
    restart(&f);
    f.n = 0;
    drain(&f);
    CU_ASSERT_EQUAL(f.n, 0);
    finish(&f);
    free(text);
}

static void a_mark_of_another_path_or_a_damaged_one_begins_at_the_start(void)
{
    struct follower f;

    put_text("marked", "1\n");
    begin(&f, "marked");
    drain(&f);
    stop(&f);
    for (size_t i = 0; i < f.mark_n; i++) {
        char kept = f.mark[i];

        f.mark[i] = '~';
        start(&f);
        stop(&f);
        f.mark[i] = kept;
    }
    f.mark_n--;
    start(&f);
    drain(&f);
    CU_ASSERT_STRING_EQUAL(f.text, "|1\n|1\n");
    finish(&f);
}

/* A writer that numbers its lines, rotates, copies and truncates at random; a reader that is stopped and started at random.
   Every line is read, in order but for those that come again after a restart. */
struct play {
    struct follower f;
    struct kit_random random;
    unsigned written, rotations;
};

static unsigned below(struct play *play, unsigned n)
{
    return (unsigned)(kit_random_bits(&play->random) % n);
}

static void write_lines(struct play *play)
{
    char line[64];

    for (unsigned n = below(play, 6); n > 0; n--) {
        snprintf(line, sizeof(line), "{\"n\":%u}\n", ++play->written);
        if (below(play, 4) == 0 && strlen(line) > 3) { /* in two pieces, with a look between them */
            put("play", "ab", line, 3);
            turn(&play->f, below(play, 8) != 0);
            put_text("play", line + 3);
        } else {
            put_text("play", line);
        }
    }
}

static void shift(void)
{
    char from[32], to[32];

    for (int i = 8; i >= 1; i--) {
        snprintf(from, sizeof(from), "play.%d", i);
        snprintf(to, sizeof(to), "play.%d", i + 1);
        (void)rename(in_folder(from), in_folder(to));
    }
}

static void copy_and_empty(void)
{
    static char bytes[1 << 16];
    FILE *file = fopen(in_folder("play"), "rb");
    size_t n = file != NULL ? fread(bytes, 1, sizeof(bytes), file) : 0;

    if (file != NULL)
        fclose(file);
    put("play.1", "wb", bytes, n);
    put("play", "wb", "", 0);
}

static void disturb(struct play *play, bool copying)
{
    switch (below(play, 8)) {
    case 0:
        if (play->rotations++ % 6 == 5)
            drain(&play->f); /* not more rotations than files are kept */
        shift();
        if (copying)
            copy_and_empty();
        else
            (void)rename(in_folder("play"), in_folder("play.1"));
        break;
    case 1:
        restart(&play->f);
        break;
    case 2:
        drain(&play->f);
        break;
    default:
        play->f.ticks.ms += 300;
        turn(&play->f, below(play, 6) != 0);
    }
}

static void check_play(const struct play *play)
{
    unsigned next = 1;

    for (const char *at = play->f.text; (at = strstr(at, "{\"n\":")) != NULL; at += 5) {
        char *end;
        unsigned n = (unsigned)strtoul(at + 5, &end, 10);

        if (end[0] != '}')
            continue; /* the beginning of a line, which comes again */
        CU_ASSERT_FATAL(n <= next);
        next += n == next;
    }
    CU_ASSERT_EQUAL(next - 1, play->written);
}

static void play_once(uint64_t seed, bool copying)
{
    struct play play = {.random = {seed}};
    char name[32];

    for (int i = 0; i <= 9; i++) {
        snprintf(name, sizeof(name), i == 0 ? "play" : "play.%d", i);
        unlink(in_folder(name));
    }
    begin(&play.f, "play");
    put_text("play", "{\"n\":1}\n"); /* what was rotated before the first look is not read */
    play.written = 1;
    drain(&play.f);
    for (int i = 0; i < 150; i++) {
        write_lines(&play);
        disturb(&play, copying);
    }
    drain(&play.f);
    check_play(&play);
    finish(&play.f);
}

static void random_rotations_and_restarts_lose_no_line(void)
{
    struct kit_random random = kit_seed(20261122);

    for (int i = 0; i < 60; i++)
        play_once(kit_random_bits(&random), false);
}

static void random_truncations_with_copies_lose_no_line(void)
{
    struct kit_random random = kit_seed(20261123);

    for (int i = 0; i < 60; i++)
        play_once(kit_random_bits(&random), true);
}

static bool open_and_read(void *self, bool failed)
{
    const struct lw_world world = {.note = note};
    const struct lw_source_calls calls = {.world = &world};
    struct lw_source source;
    struct lw_fault fault = {0};
    lw_span next;
    char mark[2048];
    size_t mark_n = 0;
    enum lw_err err = LW_ERR_OK;

    for (int run = 0; run < 2 && err == LW_ERR_OK; run++) {
        err = lw_follow_open(&source, self, &calls, (struct lw_str){mark, mark_n}, &fault);
        if (err != LW_ERR_OK)
            break;
        for (int i = 0; i < 4 && err == LW_ERR_OK; i++) {
            const struct lw_source_batch *batch;

            err = source.kind->work(source.state, (lw_time){0}, (lw_span){i * 1000}, &next, &fault);
            batch = source.kind->ready(source.state);
            if (batch == NULL)
                continue;
            memcpy(mark, batch->mark.at, batch->mark.len);
            mark_n = batch->mark.len;
            source.kind->taken(source.state, true);
        }
        source.kind->close(source.state);
        put_text("memory", "more\n");
    }
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void memory_may_run_out_anywhere(void)
{
    struct lw_follow_options options = {.path = in_folder("memory")};

    put_text("memory", "a\nb\n");
    put_text("memory.1", "a\nb\n");
    CU_ASSERT(kit_alloc_torture(open_and_read, &options) > 8);
}

KIT_SUITE("follow", {"lines are handed out as they are written", lines_are_handed_out_as_they_are_written},
          {"a restart goes on behind the mark, and before an unfinished line",
           a_restart_goes_on_behind_the_mark_and_before_an_unfinished_line},
          {"the first line of a table comes again after a restart",
           the_first_line_of_a_table_comes_again_after_a_restart},
          {"a document of several lines is read again from its start",
           a_document_of_several_lines_is_read_again_from_its_start},
          {"so is what the caller says is one", so_is_what_the_caller_says_is_one},
          {"after a batch that could not be stored it comes again",
           after_a_batch_that_could_not_be_stored_it_comes_again},
          {"the rest of a renamed file comes before the new one", the_rest_of_a_renamed_file_comes_before_the_new_one},
          {"several rotations while stopped lose nothing", several_rotations_while_stopped_lose_nothing},
          {"an emptied file begins anew", an_emptied_file_begins_anew},
          {"what a copy has of an emptied file is read first", what_a_copy_has_of_an_emptied_file_is_read_first},
          {"a new file with an old inode is a new file", a_new_file_with_an_old_inode_is_a_new_file},
          {"a file that is not there is trouble, and caught up", a_file_that_is_not_there_is_trouble_and_caught_up},
          {"until the end means with the last line, and once", until_the_end_means_with_the_last_line_and_once},
          {"an empty file ends without a document", an_empty_file_ends_without_a_document},
          {"a packed file is unpacked when read once, and not followed",
           a_packed_file_is_unpacked_when_read_once_and_not_followed},
          {"a reading that fails is not the end", a_reading_that_fails_is_not_the_end},
          {"a line longer than a batch comes in parts, and again after a restart",
           a_line_longer_than_a_batch_comes_in_parts_and_again_after_a_restart},
          {"a mark of another path, or a damaged one, begins at the start",
           a_mark_of_another_path_or_a_damaged_one_begins_at_the_start},
          {"random rotations and restarts lose no line", random_rotations_and_restarts_lose_no_line},
          {"random truncations with copies lose no line", random_truncations_with_copies_lose_no_line},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
