#define _DEFAULT_SOURCE

#include "engine/flow/reconcile/account.h"

#include "engine/base/fault.h"

#include <stdlib.h>

/* Makes room for one more item of `size` bytes. */
static enum lw_err grow(void **items, size_t n, size_t *capacity, size_t size, struct lw_fault *fault)
{
    size_t bigger = *capacity == 0 ? 64 : *capacity * 2;
    void *moved;

    if (n < *capacity)
        return LW_ERR_OK;
    moved = reallocarray(*items, bigger, size);
    if (moved == NULL)
        return lw_fault_memory(fault, "the numbers of an export");
    *items = moved;
    *capacity = bigger;
    return LW_ERR_OK;
}

static void put_name(char name[LW_ACCOUNT_NAME], struct lw_str text)
{
    size_t n = text.len < LW_ACCOUNT_NAME - 1 ? text.len : LW_ACCOUNT_NAME - 1;

    if (n > 0)
        memcpy(name, text.at, n);
    name[n] = '\0';
}

static struct lw_account *find(const struct lw_accounts *accounts, struct lw_str session)
{
    for (size_t i = accounts->n; i-- > 0;) {
        if (lw_str_equal(lw_str_from(accounts->all[i].session), session))
            return &accounts->all[i];
    }
    return NULL;
}

static enum lw_err find_or_add(struct lw_accounts *accounts, struct lw_str session, struct lw_account **out,
                               struct lw_fault *fault)
{
    void *all = accounts->all;
    enum lw_err err;

    *out = find(accounts, session);
    if (*out != NULL)
        return LW_ERR_OK;
    err = grow(&all, accounts->n, &accounts->capacity, sizeof(*accounts->all), fault);
    accounts->all = all;
    if (err != LW_ERR_OK)
        return err;
    *out = &accounts->all[accounts->n++];
    **out = (struct lw_account){.n = 0};
    put_name((*out)->session, session);
    return LW_ERR_OK;
}

static enum lw_err add_loss(struct lw_account *account, const struct lw_own_event *event, struct lw_fault *fault)
{
    void *losses = account->losses;
    struct lw_account_loss *loss;
    enum lw_err err = grow(&losses, account->losses_n, &account->losses_capacity, sizeof(*account->losses), fault);

    account->losses = losses;
    if (err != LW_ERR_OK)
        return err;
    loss = &account->losses[account->losses_n];
    *loss =
        (struct lw_account_loss){.seq = event->seq, .count = event->count, .first = event->first, .last = event->last};
    put_name(loss->class_, event->class_);
    account->losses_n++;
    return LW_ERR_OK;
}

static size_t kind_of(struct lw_str kind)
{
    size_t i = 0;

    while (i < LW_EVENT_COUNT && !lw_str_equal(kind, lw_str_from(lw_event_kind_id((enum lw_event_kind)i))))
        i++;
    return i;
}

enum lw_err lw_accounts_add(struct lw_accounts *accounts, const struct lw_own_event *event, struct lw_fault *fault)
{
    struct lw_account *account;
    enum lw_err err = find_or_add(accounts, event->session, &account, fault);
    size_t kind = kind_of(event->kind);
    void *entries;

    if (err == LW_ERR_OK && kind == LW_EVENT_LOSS && event->first > 0 && event->last >= event->first)
        err = add_loss(account, event, fault);
    if (err != LW_ERR_OK)
        return err;
    entries = account->entries;
    err = grow(&entries, account->n, &account->capacity, sizeof(*account->entries), fault);
    account->entries = entries;
    if (err != LW_ERR_OK)
        return err;
    account->entries[account->n++] =
        (struct lw_account_entry){.seq = event->seq, .id = event->id_hash, .body = event->body};
    account->kinds[kind]++;
    return LW_ERR_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct lw_account_entry *left = a, *right = b;

    if (left->seq != right->seq)
        return left->seq < right->seq ? -1 : 1;
    if (left->id != right->id)
        return left->id < right->id ? -1 : 1;
    return (left->body > right->body) - (left->body < right->body);
}

static int loss_by_number(const void *a, const void *b)
{
    const struct lw_account_loss *left = a, *right = b;

    return (left->seq > right->seq) - (left->seq < right->seq);
}

static int loss_by_first(const void *a, const void *b)
{
    const struct lw_account_loss *left = a, *right = b;

    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    return loss_by_number(a, b);
}

/* A loss that was delivered twice tells of its events once. */
static void settle_losses(struct lw_account *account)
{
    struct lw_account_loss *losses = account->losses;
    size_t kept = 0;

    if (account->losses_n > 1)
        qsort(losses, account->losses_n, sizeof(*losses), loss_by_number);
    for (size_t i = 0; i < account->losses_n; i++) {
        if (kept == 0 || losses[i].seq != losses[kept - 1].seq)
            losses[kept++] = losses[i];
    }
    account->losses_n = kept;
    if (kept > 1)
        qsort(losses, kept, sizeof(*losses), loss_by_first);
}

static int by_session(const void *a, const void *b)
{
    const struct lw_account *left = a, *right = b;

    return strcmp(left->session, right->session);
}

static void count_missing(void *self, uint64_t first, uint64_t last, bool told)
{
    struct lw_account *account = self;

    account->missing += last - first + 1;
    if (told)
        account->told += last - first + 1;
}

/* Losses name ranges and counts: numbers in between may have been delivered all the same, so no more are told of than are
   counted. */
static void limit_told(struct lw_account *account)
{
    uint64_t counted = 0;

    for (size_t i = 0; i < account->losses_n; i++)
        counted = counted > UINT64_MAX - account->losses[i].count ? UINT64_MAX : counted + account->losses[i].count;
    if (account->told > counted)
        account->told = counted;
}

static void settle(struct lw_account *account, bool whole)
{
    struct lw_account_entry *entries = account->entries;

    if (account->n > 1)
        qsort(entries, account->n, sizeof(*entries), by_number);
    settle_losses(account);
    for (size_t i = 0; i < account->n; i++) {
        bool same_seq = i > 0 && entries[i].seq == entries[i - 1].seq;

        if (!same_seq) {
            account->distinct++;
        } else if (by_number(&entries[i], &entries[i - 1]) == 0) {
            account->copies++;
        } else if (account->differing++ == 0) {
            account->first_differing = entries[i].seq;
        }
    }
    account->first = whole ? 1 : entries[0].seq;
    account->last = entries[account->n - 1].seq;
    lw_account_missing(account, count_missing, account);
    limit_told(account);
}

void lw_accounts_settle(struct lw_accounts *accounts, bool whole)
{
    if (accounts->n > 1)
        qsort(accounts->all, accounts->n, sizeof(*accounts->all), by_session);
    for (size_t i = 0; i < accounts->n; i++)
        settle(&accounts->all[i], whole);
}

/* From `first` on, up to where the answer changes: whether the losses, sorted by their first number, name it. */
static uint64_t stretch(const struct lw_account *account, uint64_t first, uint64_t last, bool *told)
{
    uint64_t named = 0;
    size_t i = 0;

    for (; i < account->losses_n && account->losses[i].first <= first; i++)
        named = account->losses[i].last > named ? account->losses[i].last : named;
    *told = named >= first;
    if (*told)
        return named < last ? named : last;
    if (i < account->losses_n && account->losses[i].first <= last)
        return account->losses[i].first - 1;
    return last;
}

void lw_account_missing(const struct lw_account *account,
                        void (*range)(void *self, uint64_t first, uint64_t last, bool told), void *self)
{
    uint64_t next = account->first;

    for (size_t i = 0; i < account->n; i++) {
        uint64_t seq = account->entries[i].seq;

        while (next < seq) {
            bool told;
            uint64_t end = stretch(account, next, seq - 1, &told);

            range(self, next, end, told);
            next = end + 1;
        }
        if (next == seq)
            next = seq + 1;
    }
}

bool lw_account_complete(const struct lw_account *account)
{
    return account->missing == account->told && account->differing == 0;
}

void lw_accounts_close(struct lw_accounts *accounts)
{
    for (size_t i = 0; i < accounts->n; i++) {
        free(accounts->all[i].entries);
        free(accounts->all[i].losses);
    }
    free(accounts->all);
    *accounts = (struct lw_accounts){0};
}
