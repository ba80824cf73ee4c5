#include "engine/core/gather/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which members of a fact decide between two of the same rank, in this order. */
enum order { ORDER_LATEST = 1, ORDER_EARLIEST = 2, ORDER_GREATEST = 4, ORDER_TEXT = 8, ORDER_FINAL = 16 };

static const struct {
    uint8_t slot; /* enum lw_facts_slot + 1; 0: not kept in a slot */
    uint8_t order;
} kinds[] = {
    [LW_FACT_STATUS] = {LW_FACTS_STATUS + 1, ORDER_FINAL | ORDER_LATEST | ORDER_GREATEST},
    [LW_FACT_SECONDARY] = {LW_FACTS_SECONDARY + 1, ORDER_LATEST | ORDER_TEXT},
    [LW_FACT_CREATED] = {LW_FACTS_CREATED + 1, ORDER_EARLIEST},
    [LW_FACT_STARTED] = {LW_FACTS_STARTED + 1, ORDER_EARLIEST},
    [LW_FACT_ENDED] = {LW_FACTS_ENDED + 1, ORDER_LATEST},
    [LW_FACT_TRAINING_SECONDS] = {LW_FACTS_TRAINING_SECONDS + 1, ORDER_GREATEST},
    [LW_FACT_BILLABLE_SECONDS] = {LW_FACTS_BILLABLE_SECONDS + 1, ORDER_GREATEST},
    [LW_FACT_INSTANCE_TYPE] = {LW_FACTS_INSTANCE_TYPE + 1, ORDER_TEXT},
    [LW_FACT_INSTANCE_COUNT] = {LW_FACTS_INSTANCE_COUNT + 1, ORDER_GREATEST},
    [LW_FACT_FAILURE] = {LW_FACTS_FAILURE + 1, ORDER_LATEST | ORDER_TEXT},
    [LW_FACT_TUNING_JOB] = {LW_FACTS_TUNING_JOB + 1, ORDER_TEXT},
    [LW_FACT_PIPELINE] = {LW_FACTS_PIPELINE + 1, ORDER_TEXT},
    [LW_FACT_NO_CLOCK] = {0, 0},
};

static bool terminal(const struct lw_fact *fact)
{
    return fact->number == LW_STATUS_STOPPED || fact->number == LW_STATUS_FAILED || fact->number == LW_STATUS_COMPLETED;
}

/* Greater: `a` wins. Of texts the one that comes first in the alphabet wins, which is as good as any fixed choice. */
static int compare_facts(const struct lw_fact *a, const struct lw_fact *b, uint8_t order, const struct lw_names *names)
{
    int result = 0;

    /* A final status is never taken back, so it wins over one that is not, whoever says it. */
    if (order & ORDER_FINAL)
        result = (int)terminal(a) - (int)terminal(b);
    if (result == 0)
        result = (int)a->rank - (int)b->rank;
    if (result == 0 && (order & (ORDER_LATEST | ORDER_EARLIEST)))
        result = (int)a->has_at - (int)b->has_at;
    if (result == 0 && (order & ORDER_LATEST))
        result = (a->at.ms > b->at.ms) - (a->at.ms < b->at.ms);
    if (result == 0 && (order & ORDER_EARLIEST))
        result = (a->at.ms < b->at.ms) - (a->at.ms > b->at.ms);
    if (result == 0 && (order & ORDER_GREATEST))
        result = (a->number > b->number) - (a->number < b->number);
    if (result == 0 && (order & ORDER_TEXT))
        result = lw_str_compare(lw_names_text(names, b->text), lw_names_text(names, a->text));
    if (result == 0 && (order & ORDER_TEXT))
        result = lw_str_compare(lw_names_text(names, b->key), lw_names_text(names, a->key));
    return result;
}

static bool time_valid(uint8_t has, lw_time time)
{
    return !has || (time.ms >= LW_TIME_MIN && time.ms <= LW_TIME_MAX);
}

bool lw_facts_valid(const struct lw_fact *fact, enum lw_reject *reason)
{
    bool ok = true;

    *reason = LW_REJECT_COUNT;
    if (fact->kind > LW_FACT_NO_CLOCK || fact->rank == 0)
        *reason = LW_REJECT_UNKNOWN_RECORD;
    else if (!time_valid(fact->has_at, fact->at) || !time_valid(fact->has_until, fact->until) ||
             (fact->has_at && fact->has_until && fact->until.ms < fact->at.ms))
        *reason = LW_REJECT_BAD_TIME;
    if (*reason != LW_REJECT_COUNT)
        return false;
    switch ((enum lw_fact_kind)fact->kind) {
    case LW_FACT_CREATED:
    case LW_FACT_STARTED:
    case LW_FACT_ENDED:
    case LW_FACT_PHASE:
        *reason = LW_REJECT_NO_TIME;
        return fact->has_at;
    case LW_FACT_STATUS:
        ok = fact->number >= LW_STATUS_UNKNOWN && fact->number <= LW_STATUS_COMPLETED;
        break;
    case LW_FACT_TRAINING_SECONDS:
    case LW_FACT_BILLABLE_SECONDS:
        /* A hundred years: beyond it a number of seconds would not fit a span. */
        ok = fact->number >= 0.0 && fact->number <= 3.2e9;
        break;
    case LW_FACT_INSTANCE_COUNT:
        ok = fact->number >= 0.0 && fact->number <= 1e9;
        break;
    case LW_FACT_FINAL_METRIC:
        *reason = LW_REJECT_NOT_FINITE;
        return isfinite(fact->number);
    case LW_FACT_SECONDARY:
    case LW_FACT_INSTANCE_TYPE:
    case LW_FACT_FAILURE:
    case LW_FACT_TAG:
    case LW_FACT_TUNING_JOB:
    case LW_FACT_PIPELINE:
    case LW_FACT_SPOT:
    case LW_FACT_NOT_A_NUMBER:
    case LW_FACT_NO_CLOCK:
        break;
    }
    *reason = LW_REJECT_BAD_VALUE;
    return ok;
}

static void keep(struct lw_facts *facts, enum lw_facts_slot slot, const struct lw_fact *fact, uint8_t order,
                 const struct lw_names *names)
{
    struct lw_fact *kept = &facts->slots[slot];

    if (kept->rank == 0 || compare_facts(fact, kept, order, names) > 0)
        *kept = *fact;
}

static uint32_t flags_of_status(struct lw_str text)
{
    if (lw_str_equal(text, LW_STR("MaxRuntimeExceeded")) || lw_str_equal(text, LW_STR("MaxWaitTimeExceeded")))
        return LW_FACTS_OUT_OF_TIME;
    if (lw_str_equal(text, LW_STR("Interrupted")) || lw_str_equal(text, LW_STR("Restarting")))
        return LW_FACTS_INTERRUPTED;
    return 0;
}

static int compare_times(uint8_t has_a, int64_t a, uint8_t has_b, int64_t b)
{
    if (has_a != has_b)
        return has_a ? 1 : -1;
    return has_a ? (a > b) - (a < b) : 0;
}

/* (kind, name, rank falling, at falling for final metrics and rising else, until and number falling): of equal identity
   the first is the one that stays. The name counts by its number here, which is only an order inside of one process. */
static int compare_items(const void *left, const void *right)
{
    const struct lw_facts_item *a = left, *b = right;
    int order;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->name != b->name)
        return a->name < b->name ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank > b->rank ? -1 : 1;
    order = compare_times(a->has_at, a->at, b->has_at, b->at);
    if (order != 0)
        return a->kind == LW_FACT_FINAL_METRIC ? -order : order;
    order = compare_times(a->has_until, a->until, b->has_until, b->until);
    if (order != 0)
        return -order;
    return (a->number < b->number) - (a->number > b->number);
}

/* A NaN of the same metric and time is one, whoever reports it; a phase is (text, begin); a metric has one final value. */
static bool same_item(const struct lw_facts_item *a, const struct lw_facts_item *b)
{
    if (a->kind != b->kind || a->name != b->name)
        return false;
    if (a->kind == LW_FACT_FINAL_METRIC)
        return true;
    if (a->kind == LW_FACT_PHASE && a->rank != b->rank)
        return false;
    return compare_times(a->has_at, a->at, b->has_at, b->at) == 0;
}

void lw_facts_settle(struct lw_facts *facts)
{
    size_t kept = 0;

    if (facts->items_clean == facts->items_n)
        return;
    qsort(facts->items, facts->items_n, sizeof(*facts->items), compare_items);
    for (size_t i = 0; i < facts->items_n; i++)
        if (kept == 0 || !same_item(&facts->items[kept - 1], &facts->items[i]))
            facts->items[kept++] = facts->items[i];
    facts->items_n = kept;
    facts->items_clean = kept;
}

static bool add_item(struct lw_facts *facts, const struct lw_facts_item *item, struct lw_memory *memory)
{
    size_t size = sizeof(*item), have = facts->items_bytes / size;

    if (facts->items_n == have) {
        lw_facts_settle(facts);
        if (facts->items_n >= have / 2) {
            size_t bytes = (have == 0 ? 8 : 2 * have) * size;
            void *items = lw_memory_grow(memory, facts->items, facts->items_bytes, bytes);

            if (items == NULL)
                return false;
            facts->items = items;
            facts->items_bytes = bytes;
        }
    }
    facts->items[facts->items_n++] = *item;
    return true;
}

static struct lw_facts_item item_of(const struct lw_fact *fact)
{
    struct lw_facts_item item;

    /* Also the bytes between the members, since items are saved as they are. */
    memset(&item, 0, sizeof(item));
    item.name = fact->kind == LW_FACT_PHASE ? fact->text : fact->key;
    item.kind = fact->kind;
    /* Who reports a NaN makes no difference to it. */
    item.rank = fact->kind == LW_FACT_NOT_A_NUMBER ? 1 : fact->rank;
    item.has_at = fact->has_at;
    item.has_until = fact->has_until;
    item.at = fact->has_at ? fact->at.ms : 0;
    item.until = fact->has_until ? fact->until.ms : 0;
    item.number = fact->kind == LW_FACT_FINAL_METRIC ? fact->number + 0.0 : 0.0;
    return item;
}

static bool add_many(struct lw_facts *facts, const struct lw_fact *fact, struct lw_memory *memory)
{
    struct lw_facts_item item = item_of(fact);

    return add_item(facts, &item, memory);
}

/* One of the same identity that stands before it, or is the same, covers it. */
static bool knows_item(const struct lw_facts *facts, const struct lw_fact *fact)
{
    struct lw_facts_item item = item_of(fact);

    for (size_t i = 0; i < facts->items_n; i++)
        if (same_item(&facts->items[i], &item) && compare_items(&facts->items[i], &item) <= 0)
            return true;
    return false;
}

/* Of tags only two are kept; in which slot, or none. */
static bool tag_slot(const struct lw_fact *fact, const struct lw_names *names, enum lw_facts_slot *slot)
{
    struct lw_str key = lw_names_text(names, fact->key);
    bool model = lw_str_equal(key, LW_STR("leeway:model"));

    *slot = model ? LW_FACTS_MODEL_TAG : LW_FACTS_PIPELINE_TAG;
    return model || lw_str_equal(key, LW_STR("sagemaker:pipeline-execution-arn"));
}

static bool knows_slot(const struct lw_facts *facts, enum lw_facts_slot slot, const struct lw_fact *fact, uint8_t order,
                       const struct lw_names *names)
{
    const struct lw_fact *kept = &facts->slots[slot];

    return kept->rank != 0 && compare_facts(fact, kept, order, names) <= 0;
}

bool lw_facts_knows(const struct lw_facts *facts, const struct lw_fact *fact, const struct lw_names *names)
{
    uint32_t flags = flags_of_status(lw_names_text(names, fact->text));
    enum lw_facts_slot slot;

    switch ((enum lw_fact_kind)fact->kind) {
    case LW_FACT_PHASE:
        return (flags & ~facts->flags) == 0 && knows_item(facts, fact);
    case LW_FACT_FINAL_METRIC:
    case LW_FACT_NOT_A_NUMBER:
        return knows_item(facts, fact);
    case LW_FACT_SPOT:
        return fact->number != 1.0 || (facts->flags & LW_FACTS_SPOT) != 0;
    case LW_FACT_NO_CLOCK:
        return (facts->flags & LW_FACTS_NO_CLOCK) != 0;
    case LW_FACT_TAG:
        return !tag_slot(fact, names, &slot) || knows_slot(facts, slot, fact, ORDER_TEXT, names);
    case LW_FACT_SECONDARY:
        if (flags & ~facts->flags)
            return false;
        break;
    case LW_FACT_STATUS:
    case LW_FACT_CREATED:
    case LW_FACT_STARTED:
    case LW_FACT_ENDED:
    case LW_FACT_TRAINING_SECONDS:
    case LW_FACT_BILLABLE_SECONDS:
    case LW_FACT_INSTANCE_TYPE:
    case LW_FACT_INSTANCE_COUNT:
    case LW_FACT_FAILURE:
    case LW_FACT_TUNING_JOB:
    case LW_FACT_PIPELINE:
        break;
    }
    slot = (enum lw_facts_slot)(kinds[fact->kind].slot - 1);
    return knows_slot(facts, slot, fact, kinds[fact->kind].order, names);
}

bool lw_facts_add(struct lw_facts *facts, const struct lw_fact *fact, const struct lw_names *names,
                  struct lw_memory *memory)
{
    struct lw_str text = lw_names_text(names, fact->text);
    enum lw_facts_slot slot;

    switch ((enum lw_fact_kind)fact->kind) {
    case LW_FACT_PHASE:
        facts->flags |= flags_of_status(text);
        return add_many(facts, fact, memory);
    case LW_FACT_FINAL_METRIC:
    case LW_FACT_NOT_A_NUMBER:
        return add_many(facts, fact, memory);
    case LW_FACT_SPOT:
        if (fact->number == 1.0)
            facts->flags |= LW_FACTS_SPOT;
        return true;
    case LW_FACT_NO_CLOCK:
        facts->flags |= LW_FACTS_NO_CLOCK;
        return true;
    case LW_FACT_TAG:
        if (tag_slot(fact, names, &slot))
            keep(facts, slot, fact, ORDER_TEXT, names);
        return true;
    case LW_FACT_SECONDARY:
        facts->flags |= flags_of_status(text);
        break;
    case LW_FACT_STATUS:
    case LW_FACT_CREATED:
    case LW_FACT_STARTED:
    case LW_FACT_ENDED:
    case LW_FACT_TRAINING_SECONDS:
    case LW_FACT_BILLABLE_SECONDS:
    case LW_FACT_INSTANCE_TYPE:
    case LW_FACT_INSTANCE_COUNT:
    case LW_FACT_FAILURE:
    case LW_FACT_TUNING_JOB:
    case LW_FACT_PIPELINE:
        break;
    }
    keep(facts, (enum lw_facts_slot)(kinds[fact->kind].slot - 1), fact, kinds[fact->kind].order, names);
    return true;
}

bool lw_facts_absorb(struct lw_facts *facts, const struct lw_facts *other, const struct lw_names *names,
                     struct lw_memory *memory)
{
    for (size_t i = 0; i < LW_FACTS_SLOTS; i++) {
        const struct lw_fact *fact = &other->slots[i];

        if (fact->rank != 0 && !lw_facts_add(facts, fact, names, memory))
            return false;
    }
    for (size_t i = 0; i < other->items_n; i++)
        if (!add_item(facts, &other->items[i], memory))
            return false;
    facts->flags |= other->flags;
    return true;
}

bool lw_facts_latest(const struct lw_facts *facts, int64_t *at)
{
    static const enum lw_facts_slot slots[] = {LW_FACTS_CREATED, LW_FACTS_STARTED, LW_FACTS_ENDED};
    bool found = false;

    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        const struct lw_fact *fact = lw_facts_slot(facts, slots[i]);

        if (fact != NULL && (!found || fact->at.ms > *at)) {
            *at = fact->at.ms;
            found = true;
        }
    }
    for (size_t i = 0; i < facts->items_n; i++) {
        const struct lw_facts_item *item = &facts->items[i];
        int64_t latest = item->has_until ? item->until : item->at;

        if (item->kind == LW_FACT_PHASE && (!found || latest > *at)) {
            *at = latest;
            found = true;
        }
    }
    return found;
}

void lw_facts_clear(struct lw_facts *facts, struct lw_memory *memory)
{
    lw_memory_give(memory, facts->items, facts->items_bytes);
    *facts = (struct lw_facts){0};
}
