/* The account of an export: what a page says about our events, and every allocation failing on the way. */
#include "engine/flow/reconcile/account.h"
#include "engine/base/fault.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include <stdio.h>

/* Seven events of two sessions in the four forms a message comes in. Of session a: 1, 2 twice, 5 (a loss that tells of 3),
   7 with two bodies; of session b: 4. One object is incomplete, one is of others. */
static const char page[] =
    "{\"events\":["
    "{\"id\":\"x\",\"event\":{\"json\":{\"lw_event\":\"run\",\"lw_session\":\"a\",\"lw_seq\":1,\"lw_id\":\"i1\"}}},"
    "{\"id\":\"x\",\"logmsg\":\"{\\\"lw_event\\\":\\\"run\\\",\\\"lw_session\\\":\\\"a\\\",\\\"lw_seq\\\":2,"
    "\\\"lw_id\\\":\\\"i2\\\"}\"},"
    "{\"id\":\"x\",\"raw\":\"{\\\"lw_id\\\":\\\"i2\\\",\\\"lw_seq\\\":2,\\\"lw_session\\\":\\\"a\\\",\\\"lw_event\\\":"
    "\\\"run\\\"}\"},"
    "{\"id\":\"x\",\"logmsg\":\"not ours\"},{\"lw_event\":\"\",\"lw_session\":\"a\",\"lw_id\":\"\",\"lw_seq\":0}]}\n"
    "{\"lw_event\":\"loss\",\"lw_session\":\"a\",\"lw_seq\":5,\"lw_id\":\"i5\",\"lw_class\":\"spool_full\","
    "\"lw_count\":1,\"lw_first\":3,\"lw_last\":3}\n"
    "{\"lw_event\":\"run\",\"lw_session\":\"a\",\"lw_seq\":7,\"lw_id\":\"i7\",\"v\":1}\n"
    "{\"lw_event\":\"run\",\"lw_session\":\"a\",\"lw_seq\":7,\"lw_id\":\"i7\",\"v\":2}\n"
    "{\"lw_event\":\"run\",\"lw_session\":\"a\"}\n"
    "{\"lw_event\":\"alert\",\"lw_session\":\"b\",\"lw_seq\":4,\"lw_id\":\"i4\"}\n";

static enum lw_err on_event(void *self, const struct lw_own_event *event, struct lw_fault *fault)
{
    return lw_accounts_add(self, event, fault);
}

static enum lw_err read_page(struct lw_accounts *accounts, struct lw_own_rest *rest, size_t step,
                             struct lw_fault *fault)
{
    static const struct lw_own_calls calls = {.event = on_event};
    struct lw_own *own;
    enum lw_err err = lw_own_open(&own, &calls, accounts, fault);

    if (err != LW_ERR_OK)
        return err;
    for (size_t at = 0; err == LW_ERR_OK && at < sizeof(page) - 1; at += step)
        err = lw_own_push(own, page + at, sizeof(page) - 1 - at < step ? sizeof(page) - 1 - at : step, fault);
    if (err == LW_ERR_OK)
        err = lw_own_finish(own, fault);
    *rest = *lw_own_rest(own);
    lw_own_close(own);
    return err;
}

static void write_range(void *self, uint64_t first, uint64_t last, bool told)
{
    char *text = self;
    size_t n = strlen(text);

    (void)snprintf(text + n, 100 - n, "%llu-%llu%s ", (unsigned long long)first, (unsigned long long)last,
                   told ? " told" : "");
}

static void counts_what_came_for_any_cut(void)
{
    for (size_t step = 1; step < sizeof(page); step++) {
        struct lw_accounts accounts = {0};
        struct lw_own_rest rest;
        char ranges[100] = "";

        CU_ASSERT_EQUAL_FATAL(read_page(&accounts, &rest, step, NULL), LW_ERR_OK);
        lw_accounts_settle(&accounts, true);
        CU_ASSERT_EQUAL(rest.others, 1);
        CU_ASSERT_EQUAL(rest.incomplete, 1);
        CU_ASSERT_EQUAL_FATAL(accounts.n, 2);
        CU_ASSERT_EQUAL(accounts.all[0].distinct, 4);
        CU_ASSERT_EQUAL(accounts.all[0].copies, 1);
        CU_ASSERT_EQUAL(accounts.all[0].differing, 1);
        CU_ASSERT_EQUAL(accounts.all[0].first_differing, 7);
        lw_account_missing(&accounts.all[0], write_range, ranges);
        CU_ASSERT_STRING_EQUAL(ranges, "3-3 told 4-4 6-6 ");
        CU_ASSERT_FALSE(lw_account_complete(&accounts.all[0]));
        CU_ASSERT_EQUAL(accounts.all[1].missing, 3);
        lw_accounts_close(&accounts);
    }
}

static bool read_and_close(void *self, bool failed)
{
    struct lw_accounts accounts = {0};
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = read_page(&accounts, self, 50, &fault);

    if (err == LW_ERR_OK)
        lw_accounts_settle(&accounts, true);
    lw_accounts_close(&accounts);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void survives_every_failing_allocation(void)
{
    struct lw_own_rest rest;

    CU_ASSERT(kit_alloc_torture(read_and_close, &rest) >= 6);
}

KIT_SUITE("account", {"events are counted wherever they stand, for any cut", counts_what_came_for_any_cut},
          {"every failing allocation is survived", survives_every_failing_allocation})
