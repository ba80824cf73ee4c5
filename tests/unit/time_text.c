#include "tests/kit/kit.h"

#include "engine/base/time_text.h"

static void reads_the_usual_forms(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2019-06-12T14:03:00.000Z", 1560348180000},
        {"1560348180", 1560348180000},
        {"1560348180000", 1560348180000},
        {"2019-06-12T16:03:00+02:00", 1560348180000},
        {"2019-06-12 14:03:00.5", 1560348180500},
        {"06/12/2019 14:03:00", 1560348180000},
        {"2019-06-12", 1560297600000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lw_time time = {0};

        CU_ASSERT(lw_time_read(lw_str_from(cases[i].text), NULL, &time));
        CU_ASSERT_EQUAL(time.ms, cases[i].ms);
    }
}

static void writes_what_it_reads(void)
{
    char text[LW_TIME_TEXT];

    lw_time_write((lw_time){1560348180000}, text);
    CU_ASSERT_STRING_EQUAL(text, "2019-06-12T14:03:00.000Z");
    lw_time_write((lw_time){LW_TIME_MIN}, text);
    CU_ASSERT_STRING_EQUAL(text, "0001-01-01T00:00:00.000Z");
    lw_time_write((lw_time){LW_TIME_MAX}, text);
    CU_ASSERT_STRING_EQUAL(text, "9999-12-31T23:59:59.999Z");
}

KIT_SUITE("time_text", {"the usual forms are read", reads_the_usual_forms},
          {"times are written in ISO 8601", writes_what_it_reads})
