#define _DEFAULT_SOURCE

#include "tests/kit/kit.h"

#include "engine/source/standard_input.h"
#include "tests/kit/alloc.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define ROOM ((size_t)4 << 20)

struct reader {
    struct lw_source source;
    int ends[2];
    char *text;
    size_t n, largest;
    unsigned begins, ends_seen, batches;
    bool ended, caught_up;
};

static void begin(struct reader *reader)
{
    const struct lw_source_calls calls = {.world = NULL};
    struct lw_standard_input_options options;

    *reader = (struct reader){.text = calloc(1, ROOM)};
    CU_ASSERT_EQUAL_FATAL(pipe(reader->ends), 0);
    options = (struct lw_standard_input_options){.file = reader->ends[0], .origin = LW_STR("here")};
    CU_ASSERT_EQUAL_FATAL(lw_standard_input_open(&reader->source, &options, &calls, NULL), LW_ERR_OK);
}

static void finish(struct reader *reader)
{
    reader->source.kind->close(reader->source.state);
    close(reader->ends[0]);
    if (reader->ends[1] >= 0)
        close(reader->ends[1]);
    free(reader->text);
}

static void send(struct reader *reader, const char *bytes, size_t n)
{
    CU_ASSERT_EQUAL(write(reader->ends[1], bytes, n), (ssize_t)n);
}

static void hang_up(struct reader *reader)
{
    close(reader->ends[1]);
    reader->ends[1] = -1;
}

static bool turn(struct reader *reader, bool durable)
{
    const struct lw_source_batch *batch;
    lw_span next = {-1};

    CU_ASSERT_EQUAL_FATAL(reader->source.kind->work(reader->source.state, (lw_time){7}, (lw_span){100}, &next, NULL),
                          LW_ERR_OK);
    batch = reader->source.kind->ready(reader->source.state);
    if (batch == NULL) {
        CU_ASSERT(next.ms > 100);
        return false;
    }
    for (size_t i = 0; i < batch->parts_n && durable; i++) {
        const struct lw_source_part *part = &batch->parts[i];

        CU_ASSERT(lw_str_equal(part->origin, LW_STR("here")) && lw_str_equal(part->format, LW_STR("auto")));
        CU_ASSERT_FATAL(reader->n + part->bytes.len < ROOM);
        memcpy(reader->text + reader->n, part->bytes.at, part->bytes.len);
        reader->n += part->bytes.len;
        reader->largest = part->bytes.len > reader->largest ? part->bytes.len : reader->largest;
        reader->begins += part->begins;
        reader->ends_seen += part->ends;
    }
    if (durable) {
        reader->ended = batch->ended;
        reader->caught_up = batch->caught_up;
        reader->batches++;
    }
    reader->source.kind->taken(reader->source.state, durable);
    return true;
}

static void what_is_there_is_read_without_waiting(void)
{
    struct reader reader;

    begin(&reader);
    CU_ASSERT_FALSE(turn(&reader, true));
    send(&reader, "one\ntw", 6);
    CU_ASSERT(turn(&reader, true));
    CU_ASSERT_FALSE(turn(&reader, true));
    send(&reader, "o\n", 2);
    CU_ASSERT(turn(&reader, true));
    CU_ASSERT_STRING_EQUAL(reader.text, "one\ntwo\n");
    CU_ASSERT(!reader.ended && !reader.caught_up && reader.begins == 1);
    hang_up(&reader);
    CU_ASSERT(turn(&reader, true));
    CU_ASSERT(reader.ended && reader.caught_up && reader.ends_seen == 1 && reader.begins == 1);
    CU_ASSERT_FALSE(turn(&reader, true));
    finish(&reader);
}

static void an_empty_input_ends_without_a_document(void)
{
    struct reader reader;

    begin(&reader);
    hang_up(&reader);
    CU_ASSERT(turn(&reader, true));
    CU_ASSERT(reader.ended && reader.begins == 0 && reader.ends_seen == 0);
    finish(&reader);
}

static void what_could_not_be_stored_is_offered_again(void)
{
    struct reader reader;

    begin(&reader);
    send(&reader, "line\n", 5);
    CU_ASSERT(turn(&reader, false));
    send(&reader, "more\n", 5);
    CU_ASSERT(turn(&reader, true));
    CU_ASSERT_STRING_EQUAL(reader.text, "line\n");
    CU_ASSERT(turn(&reader, true));
    CU_ASSERT_STRING_EQUAL(reader.text, "line\nmore\n");
    finish(&reader);
}

static size_t pack(const char *text, size_t n, unsigned char *out, size_t room)
{
    z_stream stream = {0};

    CU_ASSERT_EQUAL_FATAL(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    CU_ASSERT_EQUAL_FATAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

static void packed_input_is_unpacked_in_batches(void)
{
    static unsigned char packed[1 << 16];
    size_t n = (size_t)3 << 20;
    char *text = malloc(n);
    struct lw_source_health health;
    struct reader reader;
    size_t packed_n;

    memset(text, 'a', n);
    packed_n = pack(text, n, packed, sizeof(packed));
    begin(&reader);
    send(&reader, (const char *)packed, packed_n);
    hang_up(&reader);
    while (!reader.ended)
        CU_ASSERT_FATAL(turn(&reader, true));
    CU_ASSERT(reader.n == n && memcmp(reader.text, text, n) == 0 && reader.largest <= LW_SOURCE_BATCH_MAX);
    CU_ASSERT(reader.batches > 3);
    finish(&reader);
    begin(&reader);
    send(&reader, (const char *)packed, packed_n - 3);
    hang_up(&reader);
    while (!reader.ended)
        CU_ASSERT_FATAL(turn(&reader, true));
    reader.source.kind->health(reader.source.state, &health);
    CU_ASSERT(reader.n == n && health.errors == 1 && strstr(health.trouble, "gzip") != NULL);
    finish(&reader);
    free(text);
}

static bool read_little(void *self, bool failed)
{
    const struct lw_source_calls calls = {.world = NULL};
    struct lw_standard_input_options options = {0};
    struct lw_fault fault = {0};
    struct lw_source source;
    int ends[2], failures = 0;
    size_t n = 0;
    lw_span next;

    (void)self;
    if (pipe(ends) != 0 || write(ends[1], "abc\n", 4) != 4)
        return false;
    close(ends[1]);
    options.file = ends[0];
    if (lw_standard_input_open(&source, &options, &calls, &fault) != LW_ERR_OK) {
        close(ends[0]);
        return failed && fault.code == LW_ERR_NOMEM;
    }
    for (int i = 0; i < 6; i++) {
        const struct lw_source_batch *batch;

        failures += source.kind->work(source.state, (lw_time){0}, (lw_span){0}, &next, &fault) != LW_ERR_OK;
        batch = source.kind->ready(source.state);
        if (batch != NULL && batch->parts_n > 0)
            n += batch->parts[0].bytes.len;
        source.kind->taken(source.state, true);
    }
    source.kind->close(source.state);
    close(ends[0]);
    return failed ? failures > 0 && fault.code == LW_ERR_NOMEM && (n == 4 || failures == 6) : n == 4 && failures == 0;
}

static void memory_may_run_out_anywhere(void)
{
    CU_ASSERT(kit_alloc_torture(read_little, NULL) > 3);
}

KIT_SUITE("standard_input", {"what is there is read without waiting", what_is_there_is_read_without_waiting},
          {"an empty input ends without a document", an_empty_input_ends_without_a_document},
          {"what could not be stored is offered again", what_could_not_be_stored_is_offered_again},
          {"packed input is unpacked in batches", packed_input_is_unpacked_in_batches},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
