/* Reading an export for reconcile: nothing crashes, the answer does not depend on the cuts, and the numbers add up. */
#include "engine/flow/reconcile/account.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum lw_err on_event(void *self, const struct lw_own_event *event, struct lw_fault *fault)
{
    return lw_accounts_add(self, event, fault);
}

struct ranges {
    uint64_t n, told, next;
};

static void on_range(void *self, uint64_t first, uint64_t last, bool told)
{
    struct ranges *ranges = self;

    assert(first >= ranges->next && last >= first);
    ranges->next = last + 1;
    ranges->n += last - first + 1;
    ranges->told += told ? last - first + 1 : 0;
}

static void read_all(struct lw_accounts *accounts, const uint8_t *data, size_t size, size_t step)
{
    static const struct lw_own_calls calls = {.event = on_event};
    struct lw_own *own;

    assert(lw_own_open(&own, &calls, accounts, NULL) == LW_ERR_OK);
    for (size_t at = 0; at < size; at += step) {
        size_t n = step < size - at ? step : size - at;
        char *piece = malloc(n);

        assert(piece != NULL);
        memcpy(piece, data + at, n);
        assert(lw_own_push(own, piece, n, NULL) == LW_ERR_OK);
        free(piece);
    }
    assert(lw_own_finish(own, NULL) == LW_ERR_OK);
    lw_own_close(own);
    lw_accounts_settle(accounts, size % 2 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_accounts whole = {0}, cut = {0};

    if (size == 0)
        return 0;
    read_all(&whole, data + 1, size - 1, size);
    read_all(&cut, data + 1, size - 1, 1 + data[0] % 37u);
    assert(whole.n == cut.n);
    for (size_t i = 0; i < whole.n; i++) {
        const struct lw_account *a = &whole.all[i], *b = &cut.all[i];
        struct ranges ranges = {0};

        assert(strcmp(a->session, b->session) == 0 && a->n == b->n && a->missing == b->missing && a->told == b->told);
        assert(a->differing == b->differing && a->copies == b->copies && a->distinct == b->distinct);
        assert(a->distinct + a->copies + a->differing == a->n && a->told <= a->missing);
        assert(a->first > a->last || a->distinct + a->missing == a->last - a->first + 1);
        lw_account_missing(a, on_range, &ranges);
        assert(ranges.n == a->missing && ranges.told >= a->told);
    }
    lw_accounts_close(&whole);
    lw_accounts_close(&cut);
    return 0;
}
