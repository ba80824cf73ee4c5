#include "engine/flow/config/fill.h"

#include "engine/base/fault.h"
#include "engine/flow/cli/options.h"
#include "engine/flow/config/config.h"
#include "engine/flow/config/pattern.h"
#include "engine/flow/config/value.h"

#include <stdio.h>

/* What a value is read into while it is only checked. */
union scratch {
    struct lw_config config;
    struct lw_config_model model;
    struct lw_config_exclude exclude;
    struct lw_config_source source;
    struct lw_config_sink sink;
};

static const char *const titles[LW_MAP_COUNT] = {
    [LW_MAP_TOP] = "the configuration",
    [LW_MAP_BLOCK] = "a block of models",
    [LW_MAP_CADENCE] = "cadence",
    [LW_MAP_IGNORE] = "ignore_below",
    [LW_MAP_EXCLUDE] = "exclude",
    [LW_MAP_SOURCE] = "a source",
    [LW_MAP_SINK] = "a sink",
    [LW_MAP_HTTP] = "http",
    [LW_MAP_LOG] = "log",
};

static bool is_nested(const struct lw_key *key)
{
    return key->type == LW_KEY_MAP || key->type == LW_KEY_LIST || key->type == LW_KEY_PROFILES;
}

uint32_t lw_fill_kind(enum lw_map in, const struct lw_node *node)
{
    const struct lw_node *type = lw_tree_member(node, "type");
    int place;

    if ((in != LW_MAP_SOURCE && in != LW_MAP_SINK) || type == NULL || type->kind != LW_NODE_SCALAR)
        return 0;
    place = lw_keys_choice(lw_keys_find(in, "type")->values, type->text.at, type->text.len);
    return place < 0 ? 0 : LW_KEY_KIND((unsigned)place);
}

static enum lw_err worse(enum lw_err a, enum lw_err b)
{
    if (a == LW_ERR_NOMEM || b == LW_ERR_OK)
        return a;
    return b;
}

/* ---- what does not go together ---- */

static enum lw_err complain(const struct lw_fill *fill, const struct lw_node *node, const char *sentence)
{
    lw_complaints_add(fill->complaints, node->place, "%s", sentence);
    return LW_ERR_USAGE;
}

static bool has(const struct lw_node *node, const char *key)
{
    return lw_tree_member(node, key) != NULL;
}

static enum lw_err relate_cadence(const struct lw_fill *fill, const struct lw_node *node)
{
    if (has(node, "every") && has(node, "cron"))
        return complain(fill, lw_tree_member(node, "cron"), "'every' and 'cron' exclude each other: keep one of them");
    return LW_ERR_OK;
}

static enum lw_err relate_exclude(const struct lw_fill *fill, const struct lw_node *node)
{
    if (lw_tree_count(node) > 1)
        return complain(fill, node,
                        "an entry of exclude names one thing: 'tuning', 'tag' or 'match'; write one entry for each");
    if (lw_tree_count(node) == 0)
        return complain(fill, node, "an entry of exclude names one thing: 'tuning', 'tag' or 'match'");
    return LW_ERR_OK;
}

static enum lw_err relate_sink(const struct lw_fill *fill, const struct lw_node *node)
{
    const struct lw_node *format = lw_tree_member(node, "format");
    bool pagerduty = format != NULL && lw_str_equal(format->text, LW_STR("pagerduty"));

    if (lw_fill_kind(LW_MAP_SINK, node) != LW_KEY_KIND(LW_SINK_WEBHOOK))
        return LW_ERR_OK;
    if (has(node, "url") && has(node, "url_file"))
        return complain(fill, lw_tree_member(node, "url"), "'url' and 'url_file' exclude each other: keep one of them");
    if (pagerduty && !has(node, "token_file"))
        return complain(fill, node, "pagerduty needs 'token_file', a file with the routing key of the service");
    if (!pagerduty && !has(node, "url") && !has(node, "url_file"))
        return complain(fill, node,
                        "a webhook needs 'url_file', a file with its address (or 'url', if it is no secret)");
    return LW_ERR_OK;
}

static enum lw_err relate_http(const struct lw_fill *fill, const struct lw_node *node)
{
    const struct lw_node *listen = lw_tree_member(node, "listen");
    bool tls = has(node, "certificate") && has(node, "key");
    bool loopback = false;

    if (has(node, "certificate") != has(node, "key"))
        return complain(fill, node, "'certificate' and 'key' go together: give both, or none of them");
    if (listen == NULL)
        return lw_tree_count(node) == 0 ? LW_ERR_OK
                                        : complain(fill, node, "http needs 'listen', as in \"127.0.0.1:8321\"");
    if (listen->kind != LW_NODE_SCALAR || !lw_value_is_listen(listen->text, &loopback) || loopback)
        return LW_ERR_OK;
    if (!tls || !has(node, "token_file"))
        return complain(fill, listen,
                        "an address that others can reach needs 'certificate', 'key' and 'token_file': give them, or "
                        "listen on 127.0.0.1");
    return LW_ERR_OK;
}

static enum lw_err relate(const struct lw_fill *fill, enum lw_map in, const struct lw_node *node)
{
    static enum lw_err (*const relations[LW_MAP_COUNT])(const struct lw_fill *, const struct lw_node *) = {
        [LW_MAP_CADENCE] = relate_cadence,
        [LW_MAP_EXCLUDE] = relate_exclude,
        [LW_MAP_SINK] = relate_sink,
        [LW_MAP_HTTP] = relate_http,
    };

    return relations[in] != NULL ? relations[in](fill, node) : LW_ERR_OK;
}

/* A name with $groups, held against the regular expression beside it. */
static enum lw_err relate_name(const struct lw_fill *fill, const struct lw_node *name, const struct lw_node *regex)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_pattern *pattern = NULL;
    enum lw_err err = LW_ERR_OK;

    if (name == NULL || name->kind != LW_NODE_SCALAR)
        return LW_ERR_OK;
    if (regex != NULL && regex->kind == LW_NODE_SCALAR)
        err = lw_pattern_open(&pattern, regex->text, &fault);
    /* That the expression itself is wrong was told where it stands. */
    if (err == LW_ERR_USAGE)
        return LW_ERR_OK;
    if (err == LW_ERR_OK)
        err = lw_pattern_check(pattern, name->text, &fault);
    lw_pattern_close(pattern);
    if (err == LW_ERR_NOMEM)
        return lw_fault_memory(fill->fault, "the configuration");
    if (err != LW_ERR_OK)
        lw_complaints_add(fill->complaints, name->place, "name: %s", fault.text);
    return err;
}

static enum lw_err relate_profile(const struct lw_fill *fill, const struct lw_node *use, const struct lw_node *root)
{
    const struct lw_node *profiles = lw_tree_member(root, "profiles");
    const char *names[64];
    const char *nearest;
    size_t n = 0;

    if (use == NULL || use->kind != LW_NODE_SCALAR || lw_tree_member(profiles, use->text.at) != NULL)
        return LW_ERR_OK;
    if (profiles != NULL && profiles->kind == LW_NODE_MAP) {
        for (const struct lw_node *profile = profiles->child; profile != NULL && n < 64; profile = profile->next)
            names[n++] = profile->key.at;
    }
    nearest = lw_options_nearest(use->text.at, names, n);
    if (nearest != NULL)
        lw_complaints_add(fill->complaints, use->place, "there is no profile '%.60s': did you mean '%.60s'?",
                          use->text.at, nearest);
    else
        lw_complaints_add(fill->complaints, use->place, "there is no profile '%.60s': write it under 'profiles'",
                          use->text.at);
    return LW_ERR_USAGE;
}

static enum lw_err relate_block(const struct lw_fill *fill, const struct lw_node *block, const struct lw_node *root)
{
    const struct lw_node *match = lw_tree_member(block, "match");
    const struct lw_node *regex = lw_tree_member(block, "regex");
    enum lw_err err = LW_ERR_OK;

    if (block->kind != LW_NODE_MAP)
        return LW_ERR_OK;
    if (match == NULL && regex == NULL)
        err = complain(fill, block,
                       "a block of models needs 'match' (as in \"churn-*\") or 'regex': which jobs it is for");
    else if (match != NULL && regex != NULL)
        err = complain(fill, regex, "'match' and 'regex' exclude each other: keep one of them");
    err = worse(err, relate_name(fill, lw_tree_member(block, "name"), regex));
    return worse(err, relate_profile(fill, lw_tree_member(block, "use"), root));
}

/* ---- keys and values ---- */

static enum lw_err check_map(const struct lw_fill *fill, enum lw_map in, const struct lw_node *node, bool own);

static enum lw_err unknown(const struct lw_fill *fill, enum lw_map in, uint32_t kind, const struct lw_node *member)
{
    const char *nearest = lw_keys_nearest(in, kind, member->key.at);
    const char *hint = nearest;
    const char *where = titles[in];

    if (hint != NULL) {
        lw_complaints_add(fill->complaints, member->key_place, "unknown key '%.60s': did you mean '%s'?",
                          member->key.at, hint);
        return LW_ERR_USAGE;
    }
    for (size_t i = 0; i < lw_keys_n && hint == NULL; i++) {
        if (strcmp(lw_keys[i].name, member->key.at) == 0)
            hint = titles[lw_keys[i].in];
    }
    if (hint != NULL)
        lw_complaints_add(fill->complaints, member->key_place, "'%.60s' is no key of %s: it belongs into %s",
                          member->key.at, where, hint);
    else
        lw_complaints_add(fill->complaints, member->key_place,
                          "unknown key '%.60s' in %s: `leeway config example` shows what there is", member->key.at,
                          where);
    return LW_ERR_USAGE;
}

static enum lw_err check_list(const struct lw_fill *fill, const struct lw_key *key, const struct lw_node *node)
{
    enum lw_err err = LW_ERR_OK;

    for (const struct lw_node *item = node->child; item != NULL && err != LW_ERR_NOMEM; item = item->next)
        err = worse(err, check_map(fill, key->of, item, key->type == LW_KEY_LIST));
    return err;
}

static enum lw_err check_value(const struct lw_fill *fill, const struct lw_key *key, const struct lw_node *node)
{
    enum lw_node_kind wanted = key->type == LW_KEY_LIST ? LW_NODE_LIST : LW_NODE_MAP;
    union scratch scratch;

    if (!is_nested(key)) {
        memset(&scratch, 0, sizeof(scratch));
        return lw_value_read(key, node, fill->arena, fill->complaints, &scratch, fill->fault);
    }
    if (node->kind != wanted) {
        lw_complaints_add(fill->complaints, node->place, "'%s' takes something else: write %s", key->name,
                          lw_keys_form(key->type));
        return LW_ERR_USAGE;
    }
    return key->type == LW_KEY_MAP ? check_map(fill, key->of, node, false) : check_list(fill, key, node);
}

static enum lw_err check_member(const struct lw_fill *fill, enum lw_map in, uint32_t kind, const struct lw_node *member,
                                bool own)
{
    const struct lw_key *key = lw_keys_find(in, member->key.at);

    if (key == NULL)
        return unknown(fill, in, kind, member);
    if (!lw_key_holds(key, kind)) {
        lw_complaints_add(fill->complaints, member->key_place, "'%s' does not belong to %s of this type", key->name,
                          titles[in]);
        return LW_ERR_USAGE;
    }
    if (key->own && !own) {
        lw_complaints_add(fill->complaints, member->key_place,
                          "'%s' belongs into a block of 'models', neither into 'defaults' nor into a profile",
                          key->name);
        return LW_ERR_USAGE;
    }
    return check_value(fill, key, member);
}

static enum lw_err check_required(const struct lw_fill *fill, enum lw_map in, uint32_t kind, const struct lw_node *node)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < lw_keys_n; i++) {
        const struct lw_key *key = &lw_keys[i];
        bool demanded = key->required == UINT32_MAX || (key->required & kind) != 0;

        if (key->in != in || !demanded || has(node, key->name))
            continue;
        if (key->values != NULL)
            lw_complaints_add(fill->complaints, node->place, "%s needs '%s': one of %s", titles[in], key->name,
                              key->values);
        else
            lw_complaints_add(fill->complaints, node->place, "%s of this type needs '%s': %s", titles[in], key->name,
                              lw_keys_form(key->type));
        err = LW_ERR_USAGE;
    }
    return err;
}

static enum lw_err check_map(const struct lw_fill *fill, enum lw_map in, const struct lw_node *node, bool own)
{
    uint32_t kind = lw_fill_kind(in, node);
    enum lw_err err = LW_ERR_OK;

    if (node->kind != LW_NODE_MAP) {
        lw_complaints_add(fill->complaints, node->place, "%s is a map: write keys with values, {key: value}",
                          titles[in]);
        return LW_ERR_USAGE;
    }
    for (const struct lw_node *member = node->child; member != NULL && err != LW_ERR_NOMEM; member = member->next)
        err = worse(err, check_member(fill, in, kind, member, own));
    err = worse(err, check_required(fill, in, kind, node));
    return worse(err, relate(fill, in, node));
}

enum lw_err lw_fill_check(const struct lw_fill *fill, const struct lw_node *root)
{
    const struct lw_node *models = lw_tree_member(root, "models");
    enum lw_err err = check_map(fill, LW_MAP_TOP, root, false);

    if (models == NULL || models->kind != LW_NODE_LIST)
        return err;
    for (const struct lw_node *block = models->child; block != NULL && err != LW_ERR_NOMEM; block = block->next)
        err = worse(err, relate_block(fill, block, root));
    return err;
}

enum lw_err lw_fill_map(const struct lw_fill *fill, enum lw_map in, const struct lw_node *node, void *base)
{
    uint32_t kind = lw_fill_kind(in, node);
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < lw_keys_n && err == LW_ERR_OK; i++) {
        const struct lw_key *key = &lw_keys[i];
        const struct lw_node *value;

        if (key->in != in || !lw_key_holds(key, kind))
            continue;
        value = lw_tree_member(node, key->name);
        if (key->type == LW_KEY_MAP && key->of != LW_MAP_BLOCK) {
            err = lw_fill_map(fill, key->of, value, base);
            continue;
        }
        if (is_nested(key))
            continue;
        if (value == NULL && key->preset != NULL) {
            value = lw_value_preset(key, fill->arena);
            if (value == NULL)
                return lw_fault_memory(fill->fault, "the configuration");
        }
        if (value != NULL)
            err = lw_value_read(key, value, fill->arena, fill->complaints, base, fill->fault);
    }
    return err;
}

/* ---- merging ---- */

static struct lw_node *copy(struct lw_arena *arena, const struct lw_node *node)
{
    struct lw_node *copied = lw_arena_take(arena, sizeof(*copied));

    if (copied == NULL)
        return NULL;
    *copied = *node;
    copied->next = NULL;
    return copied;
}

/* Only one of these says when runs come: one of them that is nearer covers the other that is farther. */
static bool is_covered(const struct lw_node *near, struct lw_str key)
{
    bool clock = lw_str_equal(key, LW_STR("every")) || lw_str_equal(key, LW_STR("cron"));

    return clock && (has(near, "every") || has(near, "cron"));
}

struct lw_node *lw_fill_merge(struct lw_arena *arena, const struct lw_node *near, const struct lw_node *far)
{
    struct lw_place place = {.origin = NULL};
    struct lw_node *merged = lw_tree_node(arena, LW_NODE_MAP, LW_STR(""), near != NULL ? near->place : place);

    for (const struct lw_node *node = near != NULL ? near->child : NULL; merged != NULL && node != NULL;
         node = node->next) {
        const struct lw_node *other = lw_tree_member(far, node->key.at);
        struct lw_node *member =
            node->kind == LW_NODE_MAP && other != NULL ? lw_fill_merge(arena, node, other) : copy(arena, node);

        if (member == NULL)
            return NULL;
        member->key = node->key;
        member->key_place = node->key_place;
        lw_tree_append(merged, member);
    }
    for (const struct lw_node *node = far != NULL ? far->child : NULL; merged != NULL && node != NULL;
         node = node->next) {
        struct lw_node *member;

        if (has(near, node->key.at) || is_covered(near, node->key))
            continue;
        member = copy(arena, node);
        if (member == NULL)
            return NULL;
        lw_tree_append(merged, member);
    }
    return merged;
}
