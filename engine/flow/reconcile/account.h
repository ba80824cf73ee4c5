/* The account of a session's numbers: which came, which came twice, which are missing, and which of those were told. */
#ifndef LEEWAY_ENGINE_FLOW_RECONCILE_ACCOUNT_H
#define LEEWAY_ENGINE_FLOW_RECONCILE_ACCOUNT_H

#include "engine/base/outbox.h"
#include "engine/flow/reconcile/own.h"

#define LW_ACCOUNT_NAME 64

struct lw_account_entry {
    uint64_t seq, id, body;
};

/* A loss event: that many of the numbers from first to last were given up. */
struct lw_account_loss {
    char class_[LW_ACCOUNT_NAME];
    uint64_t seq; /* its own number */
    uint64_t count, first, last;
};

struct lw_account {
    char session[LW_ACCOUNT_NAME];
    struct lw_account_entry *entries;
    size_t n, capacity;
    struct lw_account_loss *losses; /* those with numbers; one that came twice is in once */
    size_t losses_n, losses_capacity;
    uint64_t kinds[LW_EVENT_COUNT + 1]; /* the last: unknown ones. Copies count */
    /* After settle: */
    uint64_t first, last, distinct;
    uint64_t copies;                     /* of events that came before with the same body: harmless */
    uint64_t differing, first_differing; /* numbers that came with several ids or bodies; the least of them */
    uint64_t missing, told;              /* numbers between first and last; how many of them the losses tell of */
};

/* All sessions of an export. Zero-initialised is valid and empty. */
struct lw_accounts {
    struct lw_account *all;
    size_t n, capacity;
};

LW_MUST_USE enum lw_err lw_accounts_add(struct lw_accounts *accounts, const struct lw_own_event *event,
                                        struct lw_fault *fault);
/* Once everything was added without an error. Sorts and counts; sessions in the order of their names. `whole`: numbers begin at 1, else at the first that came. */
void lw_accounts_settle(struct lw_accounts *accounts, bool whole);
/* Hands out the missing ranges of a settled account in order. `told`: inside of what losses name. */
void lw_account_missing(const struct lw_account *account,
                        void (*range)(void *self, uint64_t first, uint64_t last, bool told), void *self);
/* Nothing is missing untold, no number stands for two events. */
bool lw_account_complete(const struct lw_account *account);
void lw_accounts_close(struct lw_accounts *accounts);

#endif
