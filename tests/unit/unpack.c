#include "tests/kit/kit.h"

#include "engine/source/unpack.h"
#include "tests/kit/alloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

struct seen {
    char *text;
    size_t n, capacity;
    size_t largest; /* call */
    size_t calls, fail_at;
};

static enum lw_err on_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct seen *seen = self;

    (void)fault;
    CU_ASSERT(n > 0);
    seen->calls++;
    seen->largest = n > seen->largest ? n : seen->largest;
    if (seen->n + n <= seen->capacity)
        memcpy(seen->text + seen->n, bytes, n);
    seen->n += n;
    return seen->calls == seen->fail_at ? LW_ERR_LIMIT : LW_ERR_OK;
}

/* One gzip member, made by zlib. */
static size_t pack(const char *text, size_t n, unsigned char *out, size_t room)
{
    z_stream stream = {0};
    size_t made;

    CU_ASSERT_EQUAL_FATAL(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (const Bytef *)text;
    stream.avail_in = (uInt)n;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    CU_ASSERT_EQUAL_FATAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    made = room - stream.avail_out;
    deflateEnd(&stream);
    return made;
}

/* Everything in chunks of `chunk` bytes, each in memory of exactly its size. */
static enum lw_err unpack_cut(struct seen *seen, const void *bytes, size_t n, size_t chunk, struct lw_fault *fault)
{
    struct lw_unpack *unpack = NULL;
    enum lw_err err;

    seen->n = seen->calls = seen->largest = 0;
    err = lw_unpack_open(&unpack, on_bytes, seen, fault);
    CU_ASSERT_EQUAL_FATAL(err, LW_ERR_OK);
    for (size_t at = 0; at < n && err == LW_ERR_OK; at += chunk) {
        size_t size = chunk < n - at ? chunk : n - at;
        char *copy = malloc(size);

        memcpy(copy, (const char *)bytes + at, size);
        err = lw_unpack_push(unpack, copy, size, fault);
        free(copy);
    }
    if (err == LW_ERR_OK)
        err = lw_unpack_finish(unpack, fault);
    lw_unpack_close(unpack);
    return err;
}

static char text_room[1 << 20];

static void gives(const void *bytes, size_t n, const char *want, size_t want_n)
{
    struct seen seen = {.text = text_room, .capacity = sizeof(text_room)};

    for (size_t chunk = 1; chunk <= n + 1; chunk++) {
        CU_ASSERT_EQUAL(unpack_cut(&seen, bytes, n, chunk, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL(seen.n, want_n);
        CU_ASSERT(seen.n == want_n && (want_n == 0 || memcmp(seen.text, want, want_n) == 0));
    }
}

static void plain_data_pass_through(void)
{
    gives("time,value\n1,2\n", 15, "time,value\n1,2\n", 15);
    gives("", 0, "", 0);
    gives("x", 1, "x", 1);
    gives("\x1f", 1, "\x1f", 1);
    gives("\x1fz", 2, "\x1fz", 2);
    gives("z\x1f\x8b", 3, "z\x1f\x8b", 3);
}

static void a_member_is_unpacked_however_it_is_cut(void)
{
    unsigned char packed[256];
    size_t n = pack("{\"a\":1}\n{\"a\":2}\n", 16, packed, sizeof(packed));

    gives(packed, n, "{\"a\":1}\n{\"a\":2}\n", 16);
    n = pack("", 0, packed, sizeof(packed));
    gives(packed, n, "", 0);
}

static void members_that_follow_one_another_are_one_stream(void)
{
    unsigned char packed[512];
    size_t n = pack("first ", 6, packed, sizeof(packed));

    n += pack("", 0, packed + n, sizeof(packed) - n);
    n += pack("second", 6, packed + n, sizeof(packed) - n);
    gives(packed, n, "first second", 12);
    memset(packed + n, 0, 100);
    gives(packed, n + 100, "first second", 12);
}

static void a_member_cut_off_at_any_byte_is_an_error_with_its_place(void)
{
    unsigned char packed[512];
    struct seen seen = {.text = text_room, .capacity = sizeof(text_room)};
    size_t first = pack("first ", 6, packed, sizeof(packed));
    size_t n = first + pack("second", 6, packed + first, sizeof(packed) - first);

    for (size_t cut = 2; cut < n; cut++) {
        struct lw_fault fault = {0};
        enum lw_err err = unpack_cut(&seen, packed, cut, 7, &fault);

        CU_ASSERT_EQUAL(err, cut == first ? LW_ERR_OK : LW_ERR_FORMAT);
        if (err == LW_ERR_OK)
            continue;
        CU_ASSERT(fault.byte == cut || (cut == first + 1 && fault.byte == first));
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "gzip"));
    }
}

static void a_damaged_byte_never_passes_unseen(void)
{
    unsigned char packed[256];
    const char text[] = "Epoch[0] Train-accuracy=0.025 Epoch[0] Validation-accuracy=0.063";
    struct seen seen = {.text = text_room, .capacity = sizeof(text_room)};
    size_t n = pack(text, sizeof(text) - 1, packed, sizeof(packed));
    size_t unseen = 0;

    /* Bytes 4 to 9 are time, flags of the packer and its system: any value is good. Byte 3 says which parts of the header
       follow. */
    for (size_t at = 10; at < n; at++) {
        struct lw_fault fault = {0};
        enum lw_err err;

        packed[at] ^= 0x10;
        err = unpack_cut(&seen, packed, n, n, &fault);
        /* The bits that fill up the last byte of the packed data mean nothing. */
        if (err == LW_ERR_OK) {
            CU_ASSERT(seen.n == sizeof(text) - 1 && memcmp(seen.text, text, seen.n) == 0);
        } else {
            CU_ASSERT(err == LW_ERR_FORMAT && fault.byte > 0 && fault.byte <= n);
        }
        unseen += err == LW_ERR_OK;
        packed[at] ^= 0x10;
    }
    CU_ASSERT(unseen <= 1);
}

static void something_else_behind_a_member_is_an_error_at_its_byte(void)
{
    unsigned char packed[256];
    struct seen seen = {.text = text_room, .capacity = sizeof(text_room)};
    struct lw_fault fault = {0};
    size_t n = pack("x", 1, packed, sizeof(packed));

    memcpy(packed + n, "plain", 5);
    for (size_t chunk = 1; chunk < n + 5; chunk++) {
        CU_ASSERT_EQUAL(unpack_cut(&seen, packed, n + 5, chunk, &fault), LW_ERR_FORMAT);
        CU_ASSERT_EQUAL(fault.byte, n);
        CU_ASSERT_EQUAL(seen.n, 1);
    }
    packed[n] = 0;
    CU_ASSERT_EQUAL(unpack_cut(&seen, packed, n + 5, 3, &fault), LW_ERR_FORMAT);
    CU_ASSERT_EQUAL(fault.byte, n + 1);
}

static void after_damage_nothing_more_is_taken(void)
{
    unsigned char packed[64];
    struct seen seen = {.text = text_room, .capacity = sizeof(text_room)};
    struct lw_unpack *unpack = NULL;
    size_t n = pack("x", 1, packed, sizeof(packed));

    packed[n - 1] ^= 1;
    CU_ASSERT_EQUAL(lw_unpack_open(&unpack, on_bytes, &seen, NULL), LW_ERR_OK);
    CU_ASSERT_FALSE(lw_unpack_packed(unpack));
    CU_ASSERT_EQUAL(lw_unpack_push(unpack, (const char *)packed, n, NULL), LW_ERR_FORMAT);
    CU_ASSERT_TRUE(lw_unpack_packed(unpack));
    CU_ASSERT_EQUAL(lw_unpack_push(unpack, (const char *)packed, n, NULL), LW_ERR_FORMAT);
    CU_ASSERT_EQUAL(lw_unpack_finish(unpack, NULL), LW_ERR_FORMAT);
    lw_unpack_close(unpack);
    lw_unpack_close(NULL);
}

/* 64 MiB of zeros are 64 KiB packed: they come out in small pieces, however large the push. */
static void a_bomb_comes_out_in_small_pieces(void)
{
    size_t n = (size_t)64 << 20;
    unsigned char *packed = malloc(1 << 20);
    char *zeros = calloc(n, 1);
    struct seen seen = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(zeros);
    CU_ASSERT_EQUAL(unpack_cut(&seen, packed, pack(zeros, n, packed, 1 << 20), 1 << 20, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen.n, n);
    CU_ASSERT(seen.largest <= LW_UNPACK_OUT);
    free(zeros);
    free(packed);
}

static void an_error_of_the_caller_ends_the_unpacking(void)
{
    unsigned char packed[64];
    struct seen seen = {.text = text_room, .capacity = sizeof(text_room), .fail_at = 1};
    size_t n = pack("x", 1, packed, sizeof(packed));

    CU_ASSERT_EQUAL(unpack_cut(&seen, packed, n, n, NULL), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(unpack_cut(&seen, "plain", 5, 5, NULL), LW_ERR_LIMIT);
}

/* zlib allocates inside of its library, out of reach of this test; what is ours is the state. */
static bool open_and_close(void *self, bool failed)
{
    struct lw_unpack *unpack = NULL;
    struct lw_fault fault = {0};
    enum lw_err err = lw_unpack_open(&unpack, on_bytes, self, &fault);

    lw_unpack_close(unpack);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void memory_may_run_out(void)
{
    struct seen seen = {0};

    CU_ASSERT_EQUAL(kit_alloc_torture(open_and_close, &seen), 1);
}

KIT_SUITE("unpack", {"plain data pass through", plain_data_pass_through},
          {"a member is unpacked however it is cut", a_member_is_unpacked_however_it_is_cut},
          {"members that follow one another are one stream", members_that_follow_one_another_are_one_stream},
          {"a member cut off at any byte is an error with its place",
           a_member_cut_off_at_any_byte_is_an_error_with_its_place},
          {"a damaged byte never passes unseen", a_damaged_byte_never_passes_unseen},
          {"something else behind a member is an error at its byte",
           something_else_behind_a_member_is_an_error_at_its_byte},
          {"after damage nothing more is taken", after_damage_nothing_more_is_taken},
          {"a bomb comes out in small pieces", a_bomb_comes_out_in_small_pieces},
          {"an error of the caller ends the unpacking", an_error_of_the_caller_ends_the_unpacking},
          {"memory may run out", memory_may_run_out})
