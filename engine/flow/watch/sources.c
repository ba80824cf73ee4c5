#include "engine/flow/watch/sources.h"

#include "engine/base/fault.h"
#include "engine/decode/decode.h"
#include "engine/source/aws/cloudwatch.h"
#include "engine/source/follow/follow.h"
#include "engine/source/loggly/retrieval.h"
#include "engine/source/push/push.h"
#include "engine/source/standard_input.h"

/* A training log says in earlier lines what later ones mean: its decoder cannot begin in the middle. */
static bool is_whole(void *self, struct lw_str head)
{
    const struct lw_columns columns = {.time = {.len = 0}};

    (void)self;
    return lw_decode_sniff(head, (struct lw_str){.len = 0}, &columns) == LW_FORMAT_LOG;
}

static enum lw_err open_file(struct lw_source *out, const struct lw_config_source *source,
                             const struct lw_sources_with *with, struct lw_fault *fault)
{
    const struct lw_follow_options options = {.path = source->path,
                                              .format = lw_str_from(source->format),
                                              .origin = lw_str_from(source->origin),
                                              .until_end = source->until_end,
                                              .whole = is_whole};

    return lw_follow_open(out, &options, with->calls, with->mark, fault);
}

static enum lw_err open_standard_input(struct lw_source *out, const struct lw_config_source *source,
                                       const struct lw_sources_with *with, struct lw_fault *fault)
{
    const struct lw_standard_input_options options = {
        .file = 0, .format = lw_str_from(source->format), .origin = lw_str_from(source->origin)};

    return lw_standard_input_open(out, &options, with->calls, fault);
}

static enum lw_err open_cloudwatch(struct lw_source *out, const struct lw_config_source *source,
                                   const struct lw_sources_with *with, struct lw_fault *fault)
{
    const struct lw_cloudwatch_options options = {
        .regions = source->regions,
        .regions_n = source->regions_n,
        .role_arn = source->role_arn,
        .external_id = source->external_id,
        .profile = source->profile,
        .endpoint = source->endpoint,
        .ca_file = source->ca_file,
        .poll = source->poll,
        .live = source->live,
        .lookback = with->config->lookback,
        .seed = (uint64_t)with->calls->world->now(with->calls->world->self).ms,
    };

    return lw_cloudwatch_open(out, &options, with->mark, with->calls, fault);
}

static enum lw_err open_loggly(struct lw_source *out, const struct lw_config_source *source,
                               const struct lw_sources_with *with, struct lw_fault *fault)
{
    const struct lw_retrieval_options options = {
        .subdomain = source->subdomain,
        .endpoint = source->endpoint,
        .token_file = source->token_file,
        .query = source->query,
        .ca_file = source->ca_file,
        .origin = lw_str_from(source->origin),
        .poll = source->poll,
        .lookback = with->config->lookback,
    };

    return lw_retrieval_open(out, &options, with->calls, with->mark, fault);
}

static enum lw_err open_push(struct lw_source *out, const struct lw_config_source *source,
                             const struct lw_sources_with *with, struct lw_push **push, struct lw_fault *fault)
{
    const struct lw_push_options options = {.origin = source->origin, .format = source->format};
    enum lw_err err = lw_push_open(out, &options, with->calls, with->mark, fault);

    if (err == LW_ERR_OK)
        *push = out->state;
    return err;
}

enum lw_err lw_sources_open(struct lw_source *out, const struct lw_config_source *source,
                            const struct lw_sources_with *with, struct lw_push **push, struct lw_fault *fault)
{
    switch (source->type) {
    case LW_SOURCE_FILE:
        return open_file(out, source, with, fault);
    case LW_SOURCE_CLOUDWATCH:
        return open_cloudwatch(out, source, with, fault);
    case LW_SOURCE_LOGGLY:
        return open_loggly(out, source, with, fault);
    case LW_SOURCE_HTTP:
        return open_push(out, source, with, push, fault);
    case LW_SOURCE_STDIN:
        return open_standard_input(out, source, with, fault);
    }
    return lw_fault_set(fault, LW_ERR_CONFIG, "a source of an unknown type");
}

enum lw_err lw_sources_delivery(struct lw_delivery **out, const struct lw_config_sink *sink, uint32_t number,
                                uint64_t seed, const struct lw_outbox *outbox, const struct lw_http *http,
                                const struct lw_world *world, struct lw_fault *fault)
{
    static const enum lw_delivery_type types[] = {[LW_SINK_LOGGLY] = LW_DELIVERY_LOGGLY,
                                                  [LW_SINK_WEBHOOK] = LW_DELIVERY_WEBHOOK,
                                                  [LW_SINK_FILE] = LW_DELIVERY_FILE,
                                                  [LW_SINK_STDOUT] = LW_DELIVERY_STDOUT};
    static const enum lw_delivery_format formats[] = {[LW_WEBHOOK_JSON] = LW_DELIVERY_JSON,
                                                      [LW_WEBHOOK_SLACK] = LW_DELIVERY_SLACK,
                                                      [LW_WEBHOOK_PAGERDUTY] = LW_DELIVERY_PAGERDUTY};
    const struct lw_delivery_options options = {.type = types[sink->type],
                                                .format = formats[sink->format],
                                                .sink = number,
                                                .name = sink->name,
                                                .url = sink->url,
                                                .url_file = sink->url_file,
                                                .token_file = sink->token_file,
                                                .ca_file = sink->ca_file,
                                                .proxy = sink->proxy,
                                                .path = sink->path,
                                                .tags = sink->tags,
                                                .tags_n = sink->tags_n,
                                                .seed = seed};

    return lw_delivery_open(out, &options, outbox, http, world, fault);
}
