#include "engine/flow/config/overlay.h"

#include "engine/base/fault.h"

#include <stdio.h>
#include <stdlib.h>

/* The name of the map that a key of it lies in, as the document writes it; "" for the top. */
static const char *prefix_of(enum lw_map in)
{
    if (in == LW_MAP_HTTP)
        return "http";
    return in == LW_MAP_LOG ? "log" : "";
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

bool lw_overlay_variable(const struct lw_key *key, char name[LW_OVERLAY_NAME])
{
    const char *prefix = prefix_of(key->in);
    bool held = key->in == LW_MAP_TOP || prefix[0] != '\0';

    if (!held || key->type == LW_KEY_PRICES || key->type == LW_KEY_MAP || key->type == LW_KEY_LIST ||
        key->type == LW_KEY_PROFILES || key->type == LW_KEY_TEXTS)
        return false;
    snprintf(name, LW_OVERLAY_NAME, "LEEWAY_%s%s%s", prefix, prefix[0] != '\0' ? "_" : "", key->name);
    for (char *at = name; *at != '\0'; at++)
        *at = upper(*at);
    return true;
}

/* The map that a key is to be put into; made where the document has none. NULL: memory, or it is no map (which is told
   elsewhere). */
static struct lw_node *map_for(const struct lw_fill *fill, struct lw_node *root, const char *prefix, size_t length,
                               struct lw_place place)
{
    struct lw_str key = {.at = prefix, .len = length};
    struct lw_node *map;

    if (length == 0)
        return root;
    key = lw_arena_text(fill->arena, key);
    if (key.at == NULL)
        return NULL;
    map = lw_tree_member(root, key.at);
    if (map == NULL) {
        map = lw_tree_node(fill->arena, LW_NODE_MAP, LW_STR(""), place);
        if (map == NULL)
            return NULL;
        map->key = key;
        map->key_place = place;
        lw_tree_append(root, map);
    }
    return map;
}

static enum lw_err put(const struct lw_fill *fill, struct lw_node *map, const char *key, const char *value,
                       const char *origin)
{
    struct lw_str name = lw_arena_text(fill->arena, lw_str_from(origin));
    struct lw_place place = {.origin = name.at};
    struct lw_node *node = lw_tree_node(fill->arena, LW_NODE_SCALAR, lw_str_from(value), place);

    if (name.at == NULL || node == NULL)
        return lw_fault_memory(fill->fault, "the configuration");
    node->key = lw_arena_text(fill->arena, lw_str_from(key));
    node->key_place = place;
    if (node->key.at == NULL)
        return lw_fault_memory(fill->fault, "the configuration");
    lw_tree_put(map, node);
    return LW_ERR_OK;
}

enum lw_err lw_overlay_environment(const struct lw_fill *fill, struct lw_node *root)
{
    char name[LW_OVERLAY_NAME];

    for (size_t i = 0; i < lw_keys_n; i++) {
        const char *value = lw_overlay_variable(&lw_keys[i], name) ? getenv(name) : NULL;
        const char *prefix = prefix_of(lw_keys[i].in);
        struct lw_str origin;
        struct lw_node *map;
        enum lw_err err;

        if (value == NULL || value[0] == '\0')
            continue;
        origin = lw_arena_text(fill->arena, lw_str_from(name));
        if (origin.at == NULL)
            return lw_fault_memory(fill->fault, "the configuration");
        map = map_for(fill, root, prefix, strlen(prefix), (struct lw_place){.origin = origin.at});
        if (map == NULL)
            return lw_fault_memory(fill->fault, "the configuration");
        if (map->kind != LW_NODE_MAP)
            continue;
        err = put(fill, map, lw_keys[i].name, value, name);
        if (err != LW_ERR_OK)
            return err;
    }
    return LW_ERR_OK;
}

/* "file:/x", "/x", "-", "http": an entry of sources or sinks. */
static enum lw_err add_entry(const struct lw_fill *fill, struct lw_node *root, enum lw_map of,
                             const struct lw_config_given *given)
{
    const char *values = lw_keys_find(of, "type")->values;
    const char *list_key = of == LW_MAP_SOURCE ? "sources" : "sinks";
    const char *colon = strchr(given->value, ':');
    size_t length = colon != NULL ? (size_t)(colon - given->value) : strlen(given->value);
    bool typed = lw_keys_choice(values, given->value, length) >= 0;
    struct lw_str type = {.at = typed ? given->value : "file", .len = typed ? length : 4};
    const char *path = typed ? (colon != NULL ? colon + 1 : "") : given->value;
    struct lw_str origin = lw_arena_text(fill->arena, lw_str_from(given->origin));
    struct lw_place place = {.origin = origin.at};
    struct lw_node *list = lw_tree_member(root, list_key);
    struct lw_node *entry = lw_tree_node(fill->arena, LW_NODE_MAP, LW_STR(""), place);
    enum lw_err err;

    if (strcmp(given->value, "-") == 0) {
        type = of == LW_MAP_SOURCE ? LW_STR("stdin") : LW_STR("stdout");
        path = "";
    }
    type = lw_arena_text(fill->arena, type);
    if (origin.at == NULL || entry == NULL || type.at == NULL)
        return lw_fault_memory(fill->fault, "the configuration");
    if (list == NULL) {
        list = lw_tree_node(fill->arena, LW_NODE_LIST, LW_STR(""), place);
        if (list == NULL)
            return lw_fault_memory(fill->fault, "the configuration");
        list->key = lw_str_from(list_key);
        list->key_place = place;
        lw_tree_append(root, list);
    }
    if (list->kind != LW_NODE_LIST)
        return LW_ERR_OK;
    err = put(fill, entry, "type", type.at, origin.at);
    if (err == LW_ERR_OK && path[0] != '\0')
        err = put(fill, entry, "path", path, origin.at);
    if (err == LW_ERR_OK)
        lw_tree_append(list, entry);
    return err;
}

static enum lw_err give(const struct lw_fill *fill, struct lw_node *root, const struct lw_config_given *given)
{
    const char *dot = strchr(given->key, '.');
    size_t length = dot != NULL ? (size_t)(dot - given->key) : 0;
    struct lw_str origin;
    struct lw_node *map;

    if (strcmp(given->key, "sources+") == 0)
        return add_entry(fill, root, LW_MAP_SOURCE, given);
    if (strcmp(given->key, "sinks+") == 0)
        return add_entry(fill, root, LW_MAP_SINK, given);
    origin = lw_arena_text(fill->arena, lw_str_from(given->origin));
    if (origin.at == NULL)
        return lw_fault_memory(fill->fault, "the configuration");
    map = map_for(fill, root, given->key, length, (struct lw_place){.origin = origin.at});
    if (map == NULL)
        return lw_fault_memory(fill->fault, "the configuration");
    if (map->kind != LW_NODE_MAP)
        return LW_ERR_OK;
    return put(fill, map, dot != NULL ? dot + 1 : given->key, given->value, given->origin);
}

enum lw_err lw_overlay_given(const struct lw_fill *fill, struct lw_node *root, const struct lw_config_given *given,
                             size_t n)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < n && err == LW_ERR_OK; i++)
        err = give(fill, root, &given[i]);
    return err;
}
