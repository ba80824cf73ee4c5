#include "engine/decode/memo.h"
#include "tests/kit/kit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct lw_token string(const char *text)
{
    return (struct lw_token){.kind = LW_TOKEN_STRING, .text = lw_str_from(text)};
}

/* The short way for JavaScript's form must say exactly what the general reader says, also to what only looks like it. */
static void reads_stamps_as_the_general_reader(void)
{
    static const char digits[] = "0123456789";
    static const char others[] = "-:TZ. +x/9\xc3";
    static struct lw_memo memo;
    struct kit_random random = kit_seed(91);
    unsigned good = 0;

    for (int i = 0; i < 200000; i++) {
        char text[32] = "2019-06-12T14:03:00.000Z";
        int changes = (int)(kit_random_bits(&random) % 4);
        lw_time quick = {0}, slow = {0};
        struct lw_token token;
        bool is_time;

        for (int change = 0; change < changes; change++) {
            size_t at = (size_t)(kit_random_bits(&random) % 24);
            bool odd = kit_random_bits(&random) % 12 == 0;

            text[at] = odd                                  ? others[kit_random_bits(&random) % (sizeof(others) - 1)]
                       : text[at] >= '0' && text[at] <= '9' ? digits[kit_random_bits(&random) % 10]
                                                            : text[at];
        }
        token = string(text);
        is_time = lw_memo_time(&memo, &token, NULL, &quick);
        good += is_time;
        if (is_time != lw_time_read(token.text, NULL, &slow) || quick.ms != slow.ms) {
            printf("# %s\n", text);
            CU_FAIL("the readers differ");
            return;
        }
    }
    CU_ASSERT(good > 50000 && good < 199000);
}

static void reads_numbers_as_times(void)
{
    static struct lw_memo memo;
    static const struct {
        const char *text;
        double number;
        int64_t ms;
    } cases[] = {
        {"1614050333.533", 1614050333.533, 1614050333533}, /* of a real answer; as a double it lies below .533 */
        {"1560348420000", 1560348420000.0, 1560348420000},
        {"1560348420", 1560348420.0, 1560348420000},
        {"1.56034842E9", 1.56034842e9, 1560348420000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct lw_token token = {
            .kind = LW_TOKEN_NUMBER, .text = lw_str_from(cases[i].text), .number = cases[i].number};
        lw_time time = {0};

        CU_ASSERT(lw_memo_time(&memo, &token, NULL, &time));
        CU_ASSERT_EQUAL(time.ms, cases[i].ms);
    }
}

static void knows_numbers_and_their_lack(void)
{
    static const struct {
        const char *text;
        enum lw_reject reason;
    } bad[] = {{"NaN", LW_REJECT_NOT_FINITE},    {"-nan", LW_REJECT_NOT_FINITE}, {"Infinity", LW_REJECT_NOT_FINITE},
               {"+INF", LW_REJECT_NOT_FINITE},   {"inf.", LW_REJECT_BAD_VALUE},  {"", LW_REJECT_BAD_VALUE},
               {"0x10", LW_REJECT_BAD_VALUE},    {" 1", LW_REJECT_BAD_VALUE},    {"-", LW_REJECT_BAD_VALUE},
               {"infinite", LW_REJECT_BAD_VALUE}};
    const struct lw_token overflow = {.kind = LW_TOKEN_NUMBER, .text = LW_STR("1e999"), .number = NAN};
    const struct lw_token truth = {.kind = LW_TOKEN_TRUE, .text = LW_STR("true")};
    enum lw_reject reason;
    struct lw_token token;
    double value = 0;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        token = string(bad[i].text);
        CU_ASSERT(!lw_memo_number(&token, &value, &reason));
        CU_ASSERT_EQUAL(reason, bad[i].reason);
    }
    CU_ASSERT(!lw_memo_number(&overflow, &value, &reason) && reason == LW_REJECT_NOT_FINITE);
    CU_ASSERT(!lw_memo_number(&truth, &value, &reason) && reason == LW_REJECT_BAD_VALUE);
    token = string("+1.5e-3");
    CU_ASSERT(lw_memo_number(&token, &value, &reason) && value == 1.5e-3);
}

/* Texts that fall into one slot, or are too long for any, get the ids that the names give them. */
static void gives_the_ids_of_the_names(void)
{
    static struct lw_memo memo;
    struct kit_random random = kit_seed(92);
    struct lw_emit emit = {0};
    struct lw_names *names;

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&names, 1u << 24, NULL), LW_ERR_OK);
    emit.names = names;
    for (int i = 0; i < 20000; i++) {
        char text[200];
        size_t n = (size_t)(kit_random_bits(&random) % 3 == 0 ? kit_random_bits(&random) % 150 : 9);
        uint32_t quick, slow;

        memset(text, 'a', sizeof(text));
        n += (size_t)snprintf(text + n, 20, "%u", (unsigned)(kit_random_bits(&random) % 2000));
        CU_ASSERT_EQUAL_FATAL(lw_memo_name(&memo, &emit, (struct lw_str){text, n}, &quick, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL_FATAL(lw_names_add(names, (struct lw_str){text, n}, &slow, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL_FATAL(quick, slow);
    }
    lw_names_close(names);
}

KIT_SUITE("memo", {"stamps are read as by the general reader", reads_stamps_as_the_general_reader},
          {"numbers are seconds or milliseconds, to the millisecond", reads_numbers_as_times},
          {"what is not a number says which way", knows_numbers_and_their_lack},
          {"names have the ids that the table gives", gives_the_ids_of_the_names})
