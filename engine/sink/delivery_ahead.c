#include "engine/sink/delivery_state.h"

#define STEP ((size_t)512 << 10) /* read at once: between two of them the loop sends */

/* Only where there surely is more, and nothing is looked for: a batch that is halved, or a sink that is tried out, is best
   read when its turn comes. What is grouped by time (webhooks) or written (files) gains nothing. */
void lw_delivery_ahead_begin(struct lw_delivery_lane *lane)
{
    const struct lw_delivery *delivery = lane->delivery;
    bool wanted = delivery->options.type == LW_DELIVERY_LOGGLY && lane->batch.full && !lane->batch.gaps &&
                  lane->suspects == 0 && delivery->refusals == 0 && !delivery->held;

    lane->ahead = wanted ? LW_AHEAD_READING : LW_AHEAD_NONE;
    lane->ahead_bytes = lw_delivery_outcome_ramp(lane);
}

static void read_ahead(struct lw_delivery_lane *lane, size_t step)
{
    struct lw_delivery *delivery = lane->delivery;
    const struct lw_batch_limit limit = {.bytes = lane->ahead_bytes};
    bool done = false;

    if (lw_batch_ahead(&lane->next, &lane->batch, &delivery->outbox, delivery->options.sink, lane->which, &limit, step,
                       lw_delivery_fit, delivery, &done, NULL) != LW_ERR_OK)
        lane->ahead = LW_AHEAD_NONE;
    else if (done)
        lane->ahead = LW_AHEAD_READY;
}

bool lw_delivery_ahead_step(struct lw_delivery_lane *lane)
{
    if (lane->ahead == LW_AHEAD_READING)
        read_ahead(lane, STEP);
    return lane->ahead == LW_AHEAD_READING;
}

void lw_delivery_ahead_forget(struct lw_delivery_lane *lane)
{
    lw_batch_clear(&lane->next);
    lane->ahead = LW_AHEAD_NONE;
}

/* A batch that is not full may have grown meanwhile, and one whose rows were given up must not go: both are read anew. */
bool lw_delivery_ahead_use(struct lw_delivery_lane *lane)
{
    struct lw_delivery *delivery = lane->delivery;
    struct lw_batch used = lane->batch;
    bool owed = false;

    if (lane->ahead == LW_AHEAD_READING && lane->next.looked != 0)
        read_ahead(lane, 0);
    if (lane->ahead != LW_AHEAD_READY || !lane->next.full || lane->next.events == 0 ||
        lw_batch_is_owed(&lane->next, &delivery->outbox, delivery->options.sink, lane->which, &owed, NULL) !=
            LW_ERR_OK ||
        !owed) {
        lw_delivery_ahead_forget(lane);
        return false;
    }
    lane->batch = lane->next;
    lane->next = used;
    lw_delivery_ahead_forget(lane);
    return true;
}
