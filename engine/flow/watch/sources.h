/* The sources and sinks that the configuration names, opened. */
#ifndef LEEWAY_ENGINE_FLOW_WATCH_SOURCES_H
#define LEEWAY_ENGINE_FLOW_WATCH_SOURCES_H

#include "engine/base/http/http.h"
#include "engine/flow/config/config.h"
#include "engine/sink/delivery.h"
#include "engine/source/source.h"

struct lw_push;

/* What a source needs beside its part of the configuration. */
struct lw_sources_with {
    const struct lw_config *config;
    const struct lw_source_calls *calls;
    struct lw_str mark;
    bool once; /* a followed file is read to its end as it is now */
};
/* *push: the pushed source's own handle for the server; untouched for other types. */
LW_MUST_USE enum lw_err lw_sources_open(struct lw_source *out, const struct lw_config_source *source,
                                        const struct lw_sources_with *with, struct lw_push **push,
                                        struct lw_fault *fault);

LW_MUST_USE enum lw_err lw_sources_delivery(struct lw_delivery **out, const struct lw_config_sink *sink,
                                            uint32_t number, uint64_t seed, const struct lw_outbox *outbox,
                                            const struct lw_http *http, const struct lw_world *world,
                                            struct lw_fault *fault);

#endif
