#include "engine/flow/turn/turn_state.h"

static void tell_sources(struct lw_turn *turn, struct lw_metrics *metrics)
{
    for (size_t i = 0; i < turn->inputs_n; i++) {
        const struct lw_turn_input *input = &turn->inputs[i];

        turn->told_sources[i] = (struct lw_metrics_source){.name = input->config->name,
                                                           .kind = input->source.kind->id,
                                                           .watermark = input->watermark,
                                                           .has_watermark = input->has_watermark,
                                                           .caught_up = input->caught_up};
        input->source.kind->health(input->source.state, &turn->told_sources[i].health);
        /* All kinds counted alike, by what the decoders found. */
        turn->told_sources[i].health.records = input->records;
        for (size_t j = 0; j < LW_REJECT_COUNT; j++)
            metrics->rejected[j] += lw_feed_tally(input->feed)->rows[j].count;
    }
    metrics->sources = turn->told_sources;
    metrics->sources_n = turn->inputs_n;
}

static void tell_sinks(struct lw_turn *turn, struct lw_metrics *metrics)
{
    static const char *const kinds[] = {"loggly", "webhook", "file", "stdout"};

    for (size_t i = 0; i < turn->config->sinks_n; i++) {
        struct lw_metrics_sink *told = &turn->told_sinks[i];

        *told =
            (struct lw_metrics_sink){.name = turn->config->sinks[i].name, .kind = kinds[turn->config->sinks[i].type]};
        for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
            struct lw_store_lane state;

            lw_store_lane(turn->store, lw_turn_sink(turn, i), (enum lw_lane)lane, &state);
            told->lanes[lane] = (struct lw_metrics_lane){.rows = state.rows,
                                                         .events = state.events,
                                                         .bytes = state.bytes,
                                                         .oldest = state.oldest,
                                                         .has_oldest = state.has_oldest};
        }
    }
    metrics->sinks = turn->told_sinks;
    metrics->sinks_n = turn->config->sinks_n;
}

void lw_turn_metrics(struct lw_turn *turn, struct lw_metrics *metrics)
{
    struct lw_live_counts live;
    struct lw_store_gauges gauges;

    *metrics = turn->counts;
    metrics->now = lw_turn_now(turn);
    metrics->started = turn->started;
    lw_live_count(turn->live, &live);
    metrics->duplicates = live.duplicates;
    metrics->late = live.late;
    metrics->units_open = live.units_open;
    metrics->points_held = live.points_held;
    metrics->bytes_held = live.bytes_held;
    for (size_t i = 0; i < LW_REJECT_COUNT; i++)
        metrics->rejected[i] += live.rejected[i];
    metrics->models = lw_roster_count(turn->roster);
    metrics->alert_events = lw_courier_alerts(turn->courier);
    if (lw_store_gauges(turn->store, &gauges, NULL) == LW_ERR_OK) {
        metrics->store_bytes = gauges.bytes;
        metrics->losses = gauges.losses;
        metrics->alerts[LW_ALERT_OPEN] = gauges.alerts_open;
    }
    tell_sources(turn, metrics);
    tell_sinks(turn, metrics);
}

struct lw_metrics_sink *lw_turn_sinks(struct lw_turn *turn)
{
    return turn->told_sinks;
}
