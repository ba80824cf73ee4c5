/* Documents that come in pieces: what is kept of one whose format is not clear yet, over restarts and ways back. */
#include "engine/flow/turn/input/feed.h"

#include "engine/base/names.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <string.h>

#define LINE_1 "{\"time\":1750000000000,\"run\":\"a-1\",\"metric\":\"loss\",\"value\":1}\n"
#define LINE_2 "{\"time\":1750000001000,\"run\":\"a-1\",\"metric\":\"loss\",\"value\":2}\n"

struct reader {
    struct lw_names *names;
    struct lw_feed *feed;
};

static struct reader open_reader(struct lw_str head)
{
    const struct lw_feed_options options = {.name = "in"};
    struct reader reader;

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&reader.names, 1 << 20, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_feed_open(&reader.feed, &options, reader.names, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_feed_restore(reader.feed, head, NULL), LW_ERR_OK);
    return reader;
}

static void close_reader(struct reader *reader)
{
    lw_feed_close(reader->feed);
    lw_names_close(reader->names);
}

/* Datapoints that one more piece of a file gives. */
static size_t give(struct reader *reader, struct lw_source_part part, const char *bytes)
{
    struct lw_source_batch batch = {.parts = &part, .parts_n = 1};
    struct lw_feed_yield yield;
    struct lw_fault fault = {.code = LW_ERR_OK};

    part.bytes = lw_str_from(bytes);
    part.format = LW_STR("auto");
    part.document = part.label = LW_STR("in.ndjson");
    CU_ASSERT_EQUAL_FATAL(lw_feed_take(reader->feed, &batch, &yield, &fault), LW_ERR_OK);
    return yield.points_n;
}

/* A new process with what the old one left. */
static void restart(struct reader *reader)
{
    char head[1024];
    struct lw_str kept = lw_feed_head(reader->feed);

    CU_ASSERT_FATAL(kept.len < sizeof(head));
    if (kept.len > 0)
        memcpy(head, kept.at, kept.len);
    kept.at = head;
    close_reader(reader);
    *reader = open_reader(kept);
}

static void a_torn_line_that_is_given_again_is_not_kept(void)
{
    struct reader reader = open_reader(LW_STR(""));

    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .unmarked = 4}, "{\"ti"), 0);
    CU_ASSERT_EQUAL(lw_feed_head(reader.feed).len, 0);
    restart(&reader);
    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .unmarked = 6}, "{\"time"), 0);
    restart(&reader);
    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true}, LINE_1 LINE_2), 2);
    close_reader(&reader);
}

static void a_torn_line_in_the_middle_is_not_kept_either(void)
{
    struct reader reader = open_reader(LW_STR(""));

    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .unmarked = 4}, LINE_1 "{\"ti"), 1);
    restart(&reader);
    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .resumes = true, .unmarked = 4}, "{\"ti"), 0);
    restart(&reader);
    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .resumes = true}, LINE_2), 1);
    close_reader(&reader);
}

static void whole_lines_that_say_nothing_are_kept(void)
{
    struct reader reader = open_reader(LW_STR(""));
    const struct lw_source_part first = {.begins = true, .unmarked = 6};
    const struct lw_source_part then = {.begins = true, .resumes = true, .repeated = 5, .unmarked = 0};

    CU_ASSERT_EQUAL(give(&reader, first, "time,\nloss\n17500"), 0);
    CU_ASSERT_EQUAL(lw_feed_head(reader.feed).len, 10);
    restart(&reader);
    CU_ASSERT_EQUAL(lw_feed_head(reader.feed).len, 10);
    (void)give(&reader, then, "time,\n");
    CU_ASSERT_EQUAL(lw_feed_head(reader.feed).len, 11);
    close_reader(&reader);
}

static void a_way_back_to_the_mark_forgets_what_lies_behind_it(void)
{
    struct reader reader = open_reader(LW_STR(""));

    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .unmarked = 4}, "abcd\n{\"ti"), 0);
    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true, .resumes = true, .unmarked = 4}, "{\"ti"), 0);
    CU_ASSERT_EQUAL(lw_feed_head(reader.feed).len, 5);
    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.unmarked = 0}, "me\":1"), 0);
    CU_ASSERT_EQUAL(lw_feed_head(reader.feed).len, 14);
    close_reader(&reader);
}

static void another_document_does_not_begin_with_the_head_of_the_old_one(void)
{
    struct reader reader = open_reader(LW_STR("{\"ti"));

    CU_ASSERT_EQUAL(give(&reader, (struct lw_source_part){.begins = true}, LINE_1), 1);
    close_reader(&reader);
}

KIT_SUITE("feed", {"a torn line that is given again is not kept", a_torn_line_that_is_given_again_is_not_kept},
          {"a torn line in the middle is not kept either", a_torn_line_in_the_middle_is_not_kept_either},
          {"whole lines that say nothing are kept", whole_lines_that_say_nothing_are_kept},
          {"a way back to the mark forgets what lies behind it", a_way_back_to_the_mark_forgets_what_lies_behind_it},
          {"another document does not begin with the head of the old one",
           another_document_does_not_begin_with_the_head_of_the_old_one})
