#include "engine/base/fault.h"
#include "engine/flow/config/fill.h"
#include "engine/flow/config/whole.h"
#include "engine/flow/place.h"

#include <stdio.h>
#include <stdlib.h>

#define SOCKET_MOST 107 /* of sun_path, without the end: unix(7) */

static enum lw_err memory(const struct lw_fill *fill)
{
    return lw_fault_memory(fill->fault, "the configuration");
}

static enum lw_err complain(const struct lw_fill *fill, const struct lw_node *node, const char *key, const char *what)
{
    const struct lw_node *member = lw_tree_member(node, key);

    lw_complaints_add(fill->complaints, member != NULL ? member->place : node->place, "%s: %s", key, what);
    return LW_ERR_USAGE;
}

/* ---- paths ---- */

static enum lw_err default_store(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    char path[LW_PLACE_MAX];

    if (lw_place_store(path, NULL) != LW_ERR_OK)
        return complain(fill, whole->root, "store", "there is no home directory: say where the store is to be");
    whole->config.store = lw_arena_format(&whole->arena, "%s", path).at;
    return whole->config.store != NULL ? LW_ERR_OK : memory(fill);
}

static enum lw_err put_paths(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    struct lw_config *config = &whole->config;
    size_t n;
    enum lw_err err = LW_ERR_OK;

    if (config->store == NULL)
        err = default_store(whole, fill);
    if (err != LW_ERR_OK)
        return err;
    if (config->control == NULL) {
        n = strlen(config->store);
        if (n > 3 && strcmp(config->store + n - 3, ".db") == 0)
            n -= 3;
        config->control = lw_arena_format(&whole->arena, "%.*s.sock", (int)n, config->store).at;
    }
    if (config->control == NULL)
        return memory(fill);
    if (strlen(config->control) > SOCKET_MOST)
        return complain(fill, whole->root, "control",
                        "the path of the socket is longer than 107 bytes, which no system takes: give a shorter one");
    return LW_ERR_OK;
}

/* ---- models ---- */

static lw_time next_run(const void *schedule, lw_time after)
{
    const struct lw_config_schedule *when = schedule;

    return lw_cron_next(&when->cron, when->zone, after);
}

static enum lw_err schedule(struct lw_config_model *model, struct lw_config_block *block, const struct lw_fill *fill)
{
    enum lw_err err = lw_zone_open(&model->zone, lw_str_from(model->timezone), fill->fault);

    if (err == LW_ERR_OK)
        err = lw_cron_read(lw_str_from(model->cron), &block->schedule.cron, fill->fault);
    if (err != LW_ERR_OK)
        return err;
    block->schedule.zone = model->zone;
    model->rules.next = next_run;
    model->rules.schedule = &block->schedule;
    return LW_ERR_OK;
}

static enum lw_err one_direction(const struct lw_config_model *model, const struct lw_config_block *block,
                                 const struct lw_fill *fill)
{
    for (size_t i = 0; i < model->rules.higher_n; i++) {
        for (size_t j = 0; j < model->rules.lower_n; j++) {
            if (lw_str_equal(model->rules.higher[i], model->rules.lower[j]))
                return complain(fill, block->node, "lower_is_better",
                                "a metric is in 'higher_is_better' too: keep one direction");
        }
    }
    return LW_ERR_OK;
}

static enum lw_err fill_model(struct lw_config_whole *whole, size_t i, const struct lw_node *own,
                              const struct lw_fill *fill)
{
    struct lw_config_model *model = &whole->models[i];
    struct lw_config_block *block = &whole->blocks[i];
    const struct lw_node *use = lw_tree_member(own, "use");
    const struct lw_node *profile =
        use != NULL ? lw_tree_member(lw_tree_member(whole->root, "profiles"), use->text.at) : NULL;
    struct lw_node *near = lw_fill_merge(&whole->arena, own, profile);
    enum lw_err err;

    block->node = near != NULL ? lw_fill_merge(&whole->arena, near, lw_tree_member(whole->root, "defaults")) : NULL;
    if (block->node == NULL)
        return memory(fill);
    model->rules = whole->config.rules;
    model->line = own != NULL ? own->place.line : 0;
    err = lw_fill_map(fill, LW_MAP_BLOCK, block->node, model);
    if (err != LW_ERR_OK)
        return err;
    model->rules.primary = lw_str_from(model->primary);
    if (own == NULL)
        model->match = "*";
    if (model->rules.tolerance.ms > 0 && model->rules.cadence.ms == 0 && model->cron == NULL)
        return complain(fill, block->node, "cadence",
                        "'tolerance' goes with 'every' or 'cron': say when runs are expected");
    if (model->cron != NULL)
        err = schedule(model, block, fill);
    if (err == LW_ERR_OK && model->regex != NULL)
        err = lw_pattern_open(&block->pattern, lw_str_from(model->regex), fill->fault);
    return err == LW_ERR_OK ? one_direction(model, block, fill) : err;
}

static enum lw_err fill_models(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    const struct lw_node *list = lw_tree_member(whole->root, "models");
    const struct lw_node *own = list != NULL ? list->child : NULL;
    size_t n = lw_tree_count(list) + 1;
    enum lw_err err = LW_ERR_OK;

    whole->models = lw_arena_array(&whole->arena, n, sizeof(*whole->models));
    whole->blocks = lw_arena_array(&whole->arena, n, sizeof(*whole->blocks));
    if (whole->models == NULL || whole->blocks == NULL)
        return memory(fill);
    whole->config.models = whole->models;
    whole->config.models_n = n;
    for (size_t i = 0; i < n; i++) {
        enum lw_err one = fill_model(whole, i, own, fill);

        if (one != LW_ERR_OK)
            err = one;
        if (err != LW_ERR_OK && err != LW_ERR_USAGE)
            return err;
        own = own != NULL ? own->next : NULL;
    }
    return err;
}

/* ---- sources, sinks, exclude ---- */

static struct lw_str joined(struct lw_arena *arena, const char *const *texts, size_t n)
{
    struct lw_str all = LW_STR("");

    for (size_t i = 0; i < n && all.at != NULL; i++)
        all = lw_arena_format(arena, "%s%s%s", all.at, i > 0 ? "," : "", texts[i]);
    return all;
}

/* "file:/var/log/x", "cloudwatch:us-east-1", "loggly:acme", "http". */
static struct lw_str source_name(const struct lw_config_source *source, struct lw_arena *arena)
{
    struct lw_str regions;

    switch (source->type) {
    case LW_SOURCE_FILE:
        return lw_arena_format(arena, "file:%s", source->path);
    case LW_SOURCE_CLOUDWATCH:
        regions = joined(arena, source->regions, source->regions_n);
        if (regions.at == NULL)
            return regions;
        return lw_arena_format(arena, "cloudwatch%s%s%s%s", regions.len > 0 ? ":" : "", regions.at,
                               source->role_arn != NULL ? "@" : "", source->role_arn != NULL ? source->role_arn : "");
    case LW_SOURCE_LOGGLY:
        return lw_arena_format(arena, "loggly:%s", source->subdomain);
    case LW_SOURCE_HTTP:
        return LW_STR("http");
    case LW_SOURCE_STDIN:
        return LW_STR("stdin");
    }
    return (struct lw_str){.at = NULL};
}

static struct lw_str sink_name(const struct lw_config_sink *sink, struct lw_arena *arena)
{
    static const char *const forms[] = {[LW_WEBHOOK_JSON] = "webhook:json",
                                        [LW_WEBHOOK_SLACK] = "webhook:slack",
                                        [LW_WEBHOOK_PAGERDUTY] = "webhook:pagerduty"};

    switch (sink->type) {
    case LW_SINK_LOGGLY:
        return LW_STR("loggly");
    case LW_SINK_WEBHOOK:
        return lw_str_from(forms[sink->format]);
    case LW_SINK_FILE:
        return lw_arena_format(arena, "file:%s", sink->path);
    case LW_SINK_STDOUT:
        return LW_STR("stdout");
    }
    return (struct lw_str){.at = NULL};
}

static void complain_of_name(const struct lw_fill *fill, const struct lw_node *node, const char *kind, const char *name)
{
    lw_complaints_add(fill->complaints, node->place, "two %s are named '%.100s': give one of them another 'name'", kind,
                      name);
}

static enum lw_err fill_sources(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    const struct lw_node *list = lw_tree_member(whole->root, "sources");
    const struct lw_node *node = list != NULL ? list->child : NULL;
    size_t n = lw_tree_count(list);
    enum lw_err err = LW_ERR_OK;

    whole->sources = lw_arena_array(&whole->arena, n, sizeof(*whole->sources));
    if (whole->sources == NULL)
        return memory(fill);
    whole->config.sources = whole->sources;
    whole->config.sources_n = n;
    for (size_t i = 0; i < n; i++, node = node->next) {
        struct lw_config_source *source = &whole->sources[i];
        enum lw_err one = lw_fill_map(fill, LW_MAP_SOURCE, node, source);

        if (one != LW_ERR_OK)
            return one;
        if (source->name == NULL)
            source->name = source_name(source, &whole->arena).at;
        if (source->name == NULL)
            return memory(fill);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(whole->sources[j].name, source->name) == 0) {
                complain_of_name(fill, node, "sources", source->name);
                err = LW_ERR_USAGE;
            }
        }
        if (source->type == LW_SOURCE_HTTP && whole->config.http.listen == NULL)
            err = complain(fill, node, "type", "a source of type http needs 'http: {listen: ...}'");
    }
    return err;
}

/* What a sink gets and where it is, where that depends on its type. */
static void fill_sink_presets(struct lw_config_sink *sink, bool severe)
{
    static const uint32_t alerts = 1u << LW_EVENT_ALERT;
    static const uint32_t runs = 1u << LW_EVENT_RUN;

    if (sink->events == 0 && sink->type == LW_SINK_LOGGLY)
        sink->events = (1u << LW_EVENT_COUNT) - 1;
    else if (sink->events == 0)
        sink->events = sink->type == LW_SINK_WEBHOOK ? alerts : alerts | runs;
    /* A pager is for pages: an improvement wakes nobody. */
    if (!severe && sink->type == LW_SINK_WEBHOOK && sink->format == LW_WEBHOOK_PAGERDUTY)
        sink->min_severity = LW_SEVERITY_PAGE;
    if (sink->url != NULL || sink->url_file != NULL)
        return;
    if (sink->type == LW_SINK_LOGGLY)
        sink->url = "https://logs-01.loggly.com";
    else if (sink->type == LW_SINK_WEBHOOK && sink->format == LW_WEBHOOK_PAGERDUTY)
        sink->url = "https://events.pagerduty.com/v2/enqueue";
}

static enum lw_err fill_sinks(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    const struct lw_node *list = lw_tree_member(whole->root, "sinks");
    const struct lw_node *node = list != NULL ? list->child : NULL;
    size_t n = list != NULL ? lw_tree_count(list) : 1;
    enum lw_err err = LW_ERR_OK;

    whole->sinks = lw_arena_array(&whole->arena, n, sizeof(*whole->sinks));
    if (whole->sinks == NULL)
        return memory(fill);
    whole->config.sinks = whole->sinks;
    whole->config.sinks_n = n;
    for (size_t i = 0; i < n; i++, node = node != NULL ? node->next : NULL) {
        struct lw_config_sink *sink = &whole->sinks[i];
        enum lw_err one = LW_ERR_OK;

        if (node == NULL)
            sink->type = LW_SINK_STDOUT; /* where nothing is said, one wants to see it */
        one = lw_fill_map(fill, LW_MAP_SINK, node, sink);
        if (one != LW_ERR_OK)
            return one;
        fill_sink_presets(sink, lw_tree_member(node, "min_severity") != NULL);
        if (sink->name == NULL)
            sink->name = sink_name(sink, &whole->arena).at;
        if (sink->name == NULL)
            return memory(fill);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(whole->sinks[j].name, sink->name) == 0) {
                complain_of_name(fill, node, "sinks", sink->name);
                err = LW_ERR_USAGE;
            }
        }
    }
    return err;
}

static enum lw_err fill_exclude(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    const struct lw_node *list = lw_tree_member(whole->root, "exclude");
    const struct lw_node *node = list != NULL ? list->child : NULL;
    size_t n = lw_tree_count(list);
    enum lw_err err = LW_ERR_OK;

    whole->exclude = lw_arena_array(&whole->arena, n, sizeof(*whole->exclude));
    if (whole->exclude == NULL)
        return memory(fill);
    whole->config.exclude = whole->exclude;
    whole->config.exclude_n = n;
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++, node = node->next)
        err = lw_fill_map(fill, LW_MAP_EXCLUDE, node, &whole->exclude[i]);
    return err;
}

enum lw_err lw_assemble(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    static enum lw_err (*const parts[])(struct lw_config_whole *, const struct lw_fill *) = {
        put_paths, fill_models, fill_sources, fill_sinks, fill_exclude};
    enum lw_err err, all = LW_ERR_OK;

    whole->config.rules = lw_rules_default();
    err = lw_fill_map(fill, LW_MAP_TOP, whole->root, &whole->config);
    if (err != LW_ERR_OK)
        return err;
    whole->config.rules.quiet = whole->config.quiet_period;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        err = parts[i](whole, fill);
        if (err != LW_ERR_OK && err != LW_ERR_USAGE)
            return err;
        if (err != LW_ERR_OK)
            all = err;
    }
    return all;
}
