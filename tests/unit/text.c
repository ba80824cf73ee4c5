#include "tests/kit/kit.h"
#include "tests/kit/report.h"

#include "engine/report/safe.h"
#include "engine/report/text.h"

#include <stdbool.h>
#include <string.h>

static struct lw_buf written(uint32_t columns, bool colour, bool utf8)
{
    struct kit_report kit;
    struct lw_report_style style = {.columns = columns, .colour = colour, .utf8 = utf8};
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    lw_text_write(&kit.report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_EQUAL(out.error, LW_ERR_OK);
    kit_report_free(&kit);
    return out;
}

static bool says(uint32_t columns, bool utf8, const char *what)
{
    struct lw_buf out = written(columns, false, utf8);
    bool found = strstr(out.at, what) != NULL;

    lw_buf_close(&out);
    return found;
}

static size_t widest(const struct lw_buf *out)
{
    size_t most = 0;

    for (const char *line = out->at; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t width = lw_safe_width((struct lw_str){.at = line, .len = (size_t)(end - line)});

        most = width > most ? width : most;
        line = end + 1;
    }
    return most;
}

static void no_line_is_wider_than_the_terminal(void)
{
    for (uint32_t columns = 40; columns <= 200; columns += 7) {
        struct lw_buf plain = written(columns, false, false);
        struct lw_buf rich = written(columns, false, true);

        CU_ASSERT(widest(&plain) <= columns);
        CU_ASSERT(widest(&rich) <= columns);
        lw_buf_close(&plain);
        lw_buf_close(&rich);
    }
}

static void the_first_line_says_what_changed_in_which_model(void)
{
    struct lw_buf out = written(160, false, false);
    char *end = strchr(out.at, '\n');

    *end = '\0';
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "drift"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "churn"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "60 runs"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "validation:accuracy 0.9520"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "0.9710 -> 0.9510 since run 40, 2 Jun 15:00"));
    lw_buf_close(&out);
}

static void long_histories_are_folded_around_the_alerts(void)
{
    struct lw_buf out = written(80, false, false);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "... 35 runs ..."));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A1 begins"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A1 found"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A2 over"));
    lw_buf_close(&out);
}

static void control_characters_in_names_are_harmless(void)
{
    struct lw_buf out = written(80, false, true);

    CU_ASSERT_PTR_NULL(memchr(out.at, '\033', out.len));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "?[31mred"));
    lw_buf_close(&out);
}

static void without_utf8_every_byte_is_ascii(void)
{
    struct lw_buf out = written(100, true, false);
    bool ascii = true;

    for (size_t i = 0; i < out.len; i++)
        ascii = ascii && (unsigned char)out.at[i] < 0x80;
    CU_ASSERT(ascii);
    lw_buf_close(&out);
}

static void colours_are_written_only_when_wanted(void)
{
    struct lw_buf plain = written(80, false, true);
    struct lw_buf rich = written(80, true, true);

    CU_ASSERT_PTR_NULL(strchr(plain.at, '\033'));
    CU_ASSERT_PTR_NOT_NULL(strchr(rich.at, '\033'));
    lw_buf_close(&plain);
    lw_buf_close(&rich);
}

static void it_says_from_which_run_on_what_is_judged(void)
{
    CU_ASSERT(says(100, false, "from run 5 on (1 more): cusum of loss"));
    CU_ASSERT(says(100, false, "from run 12 on (8 more): ks of loss"));
    CU_ASSERT(says(100, false, "0.2000"));
}

static void what_was_skipped_is_told_with_its_first_place(void)
{
    CU_ASSERT(says(120, false, "5 x bad_time: a time that cannot be read; first at export.json:17"));
    CU_ASSERT(says(120, false, "photo.png: not a known format"));
    CU_ASSERT(says(120, false, "other: two runs overlap"));
}

static void alerts_are_told_in_their_own_words(void)
{
    CU_ASSERT(says(200, false, "churn: validation:accuracy fell 2.0 points"));
    CU_ASSERT(says(200, false, "A1 open, ticket, for the worse"));
    CU_ASSERT(says(200, false, "id abcdefghijklmnopqrstuvwxyz"));
    CU_ASSERT(says(200, false, "curve:train:accuracy (ks), run 51: the learning curve is unlike the others"));
}

static void of_many_models_those_that_need_a_person_come_first_and_are_told(void)
{
    struct kit_report kit;
    struct lw_judged models[30];
    struct lw_report_style style = {.columns = 100};
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    for (size_t i = 0; i < 30; i++)
        models[i] = kit.models[i != 17];
    kit.report.models = models;
    kit.report.models_n = 30;
    lw_text_write(&kit.report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_EQUAL(strncmp(out.at, "drift", 5), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "-- churn"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "-- new"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "29 models without warnings"));
    lw_buf_close(&out);
    kit_report_free(&kit);
}

static void a_report_without_runs_says_so(void)
{
    struct lw_report report = {.files_n = 0};
    struct lw_report_style style = {.columns = 80};
    struct lw_buf out = {.ceiling = 4096};

    lw_text_write(&report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "No run was found"));
    lw_buf_close(&out);
}

KIT_SUITE("text", {"no line is wider than the terminal", no_line_is_wider_than_the_terminal},
          {"the first line says what changed in which model", the_first_line_says_what_changed_in_which_model},
          {"long histories are folded around the alerts", long_histories_are_folded_around_the_alerts},
          {"control characters in names are harmless", control_characters_in_names_are_harmless},
          {"without UTF-8 every byte is ASCII", without_utf8_every_byte_is_ascii},
          {"colours are written only when wanted", colours_are_written_only_when_wanted},
          {"it says from which run on what is judged", it_says_from_which_run_on_what_is_judged},
          {"what was skipped is told with its first place", what_was_skipped_is_told_with_its_first_place},
          {"alerts are told in their own words", alerts_are_told_in_their_own_words},
          {"of many models those that need a person come first, and are told",
           of_many_models_those_that_need_a_person_come_first_and_are_told},
          {"a report without runs says so", a_report_without_runs_says_so})
