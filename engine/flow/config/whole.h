/* A configuration with what it was made from: for showing and checking it. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_WHOLE_H
#define LEEWAY_ENGINE_FLOW_CONFIG_WHOLE_H

#include "engine/flow/config/config.h"
#include "engine/flow/config/cron.h"
#include "engine/flow/config/pattern.h"
#include "engine/flow/config/tree.h"

/* What rules.schedule of a block points to. */
struct lw_config_schedule {
    struct lw_cron cron;
    const struct lw_zone *zone;
};

/* One block beside its public part. */
struct lw_config_block {
    struct lw_node *node;       /* merged; of the built-in block the defaults alone */
    struct lw_pattern *pattern; /* of `regex`, or NULL; owned */
    struct lw_config_schedule schedule;
};

/* `config` is the first member: a struct lw_config that lw_config_open gave is one of these. Everything lies in the
   arena. */
struct lw_config_whole {
    struct lw_config config;
    struct lw_arena arena;
    struct lw_node *root; /* the document, with environment and command line laid over it */
    struct lw_str text;   /* of the file */
    struct lw_config_model *models;
    struct lw_config_block *blocks; /* as many as models */
    struct lw_config_source *sources;
    struct lw_config_sink *sinks;
    struct lw_config_exclude *exclude;
};

static inline const struct lw_config_whole *lw_config_whole(const struct lw_config *config)
{
    return (const struct lw_config_whole *)(const void *)config;
}

/* Puts the structs together from the checked tree. LW_ERR_USAGE: what does not go together was complained of. */
struct lw_fill;
LW_MUST_USE enum lw_err lw_assemble(struct lw_config_whole *whole, const struct lw_fill *fill);

#endif
