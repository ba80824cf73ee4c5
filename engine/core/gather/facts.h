/* What is known of one run besides its datapoints. Merged by rank and content, never by order of arrival. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_FACTS_H
#define LEEWAY_ENGINE_CORE_GATHER_FACTS_H

#include "engine/base/names.h"
#include "engine/core/gather/memory.h"
#include "leeway/point.h"
#include "leeway/reject.h"
#include "leeway/str.h"

#include <stdbool.h>

/* Facts of which one wins: the greater (rank, time, number, text); see facts.c for which of these count. */
enum lw_facts_slot {
    LW_FACTS_STATUS,
    LW_FACTS_SECONDARY,
    LW_FACTS_CREATED,
    LW_FACTS_STARTED,
    LW_FACTS_ENDED,
    LW_FACTS_TRAINING_SECONDS,
    LW_FACTS_BILLABLE_SECONDS,
    LW_FACTS_INSTANCE_TYPE,
    LW_FACTS_INSTANCE_COUNT,
    LW_FACTS_FAILURE,
    LW_FACTS_MODEL_TAG,    /* leeway:model */
    LW_FACTS_PIPELINE_TAG, /* sagemaker:pipeline-execution-arn */
    LW_FACTS_TUNING_JOB,
    LW_FACTS_PIPELINE, /* text: step, key: execution */
    LW_FACTS_SLOTS
};

enum lw_facts_flag {
    LW_FACTS_SPOT = 1,
    LW_FACTS_NO_CLOCK = 2,
    LW_FACTS_OUT_OF_TIME = 4, /* a secondary status or phase MaxRuntimeExceeded or MaxWaitTimeExceeded was seen */
    LW_FACTS_INTERRUPTED = 8  /* a phase Interrupted or Restarting was seen */
};

/* Facts of which there are many: phases, final metrics, NaNs. One entry per identity. */
struct lw_facts_item {
    uint32_t name; /* phase or metric */
    uint8_t kind;  /* enum lw_fact_kind: PHASE, FINAL_METRIC or NOT_A_NUMBER */
    uint8_t rank;
    uint8_t has_at, has_until;
    int64_t at, until;
    double number;
};

/* Zero-initialised it is valid and knows nothing. */
struct lw_facts {
    struct lw_fact slots[LW_FACTS_SLOTS]; /* rank 0: not known */
    uint32_t flags;                       /* enum lw_facts_flag */
    struct lw_facts_item *items;
    size_t items_n, items_bytes, items_clean; /* the first items_clean are in order and unique */
};

/* Whether the numbers and times of a fact may enter, else the reason. */
LW_MUST_USE bool lw_facts_valid(const struct lw_fact *fact, enum lw_reject *reason);
/* Takes in a valid fact. false when memory is out. */
LW_MUST_USE bool lw_facts_add(struct lw_facts *facts, const struct lw_fact *fact, const struct lw_names *names,
                              struct lw_memory *memory);
/* Whether taking in the valid fact would change nothing, whatever else comes. */
LW_MUST_USE bool lw_facts_knows(const struct lw_facts *facts, const struct lw_fact *fact, const struct lw_names *names);
LW_MUST_USE bool lw_facts_absorb(struct lw_facts *facts, const struct lw_facts *other, const struct lw_names *names,
                                 struct lw_memory *memory);
/* Puts the items in order and drops duplicates: by (kind, name, rank falling, at). Until the next add. */
void lw_facts_settle(struct lw_facts *facts);
static inline const struct lw_fact *lw_facts_slot(const struct lw_facts *facts, enum lw_facts_slot slot)
{
    return facts != NULL && facts->slots[slot].rank != 0 ? &facts->slots[slot] : NULL;
}
/* The greatest time that a fact speaks of as an event of the run; false when there is none. */
bool lw_facts_latest(const struct lw_facts *facts, int64_t *at);
void lw_facts_clear(struct lw_facts *facts, struct lw_memory *memory);

#endif
