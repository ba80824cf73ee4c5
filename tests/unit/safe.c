#include "tests/kit/kit.h"

#include "engine/report/page/safe.h"

#include <string.h>

static const char *written(struct lw_str text, size_t columns, bool utf8, size_t *used)
{
    static struct lw_buf out = {.ceiling = 4096};

    lw_buf_clear(&out);
    *used = lw_safe_write(&out, text, columns, utf8);
    lw_buf_char(&out, '\0');
    return out.at;
}

static void plain_text_is_written_as_it_is(void)
{
    size_t used;

    CU_ASSERT_STRING_EQUAL(written(LW_STR("churn-2019"), 80, true, &used), "churn-2019");
    CU_ASSERT_EQUAL(used, 10);
}

static void control_characters_become_question_marks(void)
{
    size_t used;

    CU_ASSERT_STRING_EQUAL(written(LW_STR("a\033[2J\r\n\177b"), 80, true, &used), "a?[2J???b");
    /* C1 (U+009B is a CSI in eight bits), and the marks that turn the direction of writing. */
    CU_ASSERT_STRING_EQUAL(written(LW_STR("a\xc2\x9b"
                                          "b"),
                                   80, true, &used),
                           "a?b");
    CU_ASSERT_STRING_EQUAL(written(LW_STR("\xe2\x80\xae"
                                          "evil"),
                                   80, true, &used),
                           "?evil");
    CU_ASSERT_EQUAL(used, 5);
}

static void bytes_that_are_not_utf8_do_not_get_through(void)
{
    static const char *const bad[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"};
    size_t used;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *out = written(lw_str_from(bad[i]), 80, true, &used);

        CU_ASSERT_EQUAL(used, strlen(bad[i]));
        for (size_t at = 0; out[at] != '\0'; at += 3)
            CU_ASSERT_EQUAL(memcmp(out + at, "\xef\xbf\xbd", 3), 0);
    }
}

static void wide_characters_count_twice_and_marks_not_at_all(void)
{
    CU_ASSERT_EQUAL(lw_safe_width(LW_STR("\xe6\xa8\xa1\xe5\x9e\x8b")), 4); /* two ideographs */
    CU_ASSERT_EQUAL(lw_safe_width(LW_STR("e\xcc\x81")), 1);                /* e and a combining accent */
    CU_ASSERT_EQUAL(lw_safe_width(LW_STR("\xc3\xbc")), 1);
    CU_ASSERT_EQUAL(lw_safe_width(LW_STR("\xf0\x9f\x9a\xa2")), 2); /* a ship */
}

static void what_is_too_long_loses_its_middle(void)
{
    size_t used;

    CU_ASSERT_STRING_EQUAL(written(LW_STR("training-2019-06-12"), 10, true, &used), "tra\xe2\x80\xa6"
                                                                                    "-06-12");
    CU_ASSERT_EQUAL(used, 10);
    CU_ASSERT_STRING_EQUAL(written(LW_STR("training-2019-06-12"), 10, false, &used), "tr..-06-12");
    CU_ASSERT_EQUAL(used, 10);
    for (size_t columns = 1; columns < 12; columns++) {
        (void)written(LW_STR("\xe6\xa8\xa1\xe5\x9e\x8b\xe6\xa8\xa1\xe5\x9e\x8b\xe6\xa8\xa1\xe5\x9e\x8b"), columns, true,
                      &used);
        CU_ASSERT(used <= columns);
    }
}

static void without_utf8_other_letters_become_question_marks(void)
{
    size_t used;

    CU_ASSERT_STRING_EQUAL(written(LW_STR("m\xc3\xbc"), 80, false, &used), "m?");
}

static void words_are_wrapped_at_the_width(void)
{
    struct lw_buf out = {.ceiling = 4096};

    lw_safe_wrap(&out, LW_STR("one two three four"), 2, 4, 12, true);
    lw_buf_char(&out, '\0');
    CU_ASSERT_STRING_EQUAL(out.at, "one two\n    three\n    four\n");
    lw_buf_close(&out);
}

KIT_SUITE("safe", {"plain text is written as it is", plain_text_is_written_as_it_is},
          {"control characters become question marks", control_characters_become_question_marks},
          {"bytes that are not UTF-8 do not get through", bytes_that_are_not_utf8_do_not_get_through},
          {"wide characters count twice, and marks not at all", wide_characters_count_twice_and_marks_not_at_all},
          {"what is too long loses its middle", what_is_too_long_loses_its_middle},
          {"without UTF-8 other letters become question marks", without_utf8_other_letters_become_question_marks},
          {"words are wrapped at the width", words_are_wrapped_at_the_width})
