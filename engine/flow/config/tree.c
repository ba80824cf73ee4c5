#include "engine/flow/config/tree.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct lw_arena *arena;
    struct lw_complaints *complaints;
    size_t nodes;
    enum lw_err err; /* why reading had to stop */
};

struct lw_node *lw_tree_node(struct lw_arena *arena, enum lw_node_kind kind, struct lw_str text, struct lw_place place)
{
    struct lw_node *node = lw_arena_take(arena, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->place = place;
    node->text = lw_arena_text(arena, text);
    return node->text.at != NULL ? node : NULL;
}

void lw_tree_append(struct lw_node *parent, struct lw_node *child)
{
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->child = child;
    parent->last = child;
    child->next = NULL;
}

struct lw_node *lw_tree_member(const struct lw_node *map, const char *key)
{
    struct lw_str name = lw_str_from(key);

    if (map == NULL || map->kind != LW_NODE_MAP)
        return NULL;
    for (struct lw_node *node = map->child; node != NULL; node = node->next) {
        if (lw_str_equal(node->key, name))
            return node;
    }
    return NULL;
}

size_t lw_tree_count(const struct lw_node *node)
{
    size_t n = 0;

    if (node == NULL)
        return 0;
    for (const struct lw_node *child = node->child; child != NULL; child = child->next)
        n++;
    return n;
}

void lw_tree_put(struct lw_node *map, struct lw_node *member)
{
    struct lw_node **link = &map->child;
    struct lw_node *before = NULL;

    while (*link != NULL && !lw_str_equal((*link)->key, member->key)) {
        before = *link;
        link = &(*link)->next;
    }
    if (*link == NULL) {
        lw_tree_append(map, member);
        return;
    }
    member->next = (*link)->next;
    if (map->last == *link)
        map->last = member;
    if (before != NULL)
        before->next = member;
    else
        map->child = member;
}

static uint32_t bounded(size_t n)
{
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static struct lw_place place_of(const yaml_mark_t *start, const yaml_mark_t *end)
{
    struct lw_place place = {.line = bounded(start->line) + 1, .column = bounded(start->column) + 1, .width = 1};

    if (end->line == start->line && end->column > start->column)
        place.width = bounded(end->column - start->column);
    return place;
}

static enum lw_err memory(struct reader *reader)
{
    reader->err = LW_ERR_NOMEM;
    return LW_ERR_NOMEM;
}

static enum lw_err stop(struct reader *reader, struct lw_place place, const char *sentence)
{
    lw_complaints_add(reader->complaints, place, "%s", sentence);
    reader->err = LW_ERR_USAGE;
    return LW_ERR_USAGE;
}

/* What libyaml says, put so that it tells where and what: its texts name the rule that was broken. */
static enum lw_err syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
    struct lw_place place = place_of(&parser->problem_mark, &parser->problem_mark);

    if (parser->error == YAML_MEMORY_ERROR)
        return memory(reader);
    if (parser->error == YAML_READER_ERROR) {
        uint32_t line = 1;

        for (size_t i = 0; i < parser->problem_offset && i < reader->complaints->text.len; i++)
            line += reader->complaints->text.at[i] == '\n';
        place = (struct lw_place){.line = line, .column = 1, .width = 1};
        lw_complaints_add(reader->complaints, place, "%s: write the file as UTF-8 without control characters", problem);
    } else if (parser->context != NULL && parser->context_mark.line != parser->problem_mark.line) {
        lw_complaints_add(reader->complaints, place, "this is no YAML: %s, %s (which began in line %zu)", problem,
                          parser->context, parser->context_mark.line + 1);
    } else {
        lw_complaints_add(
            reader->complaints, place,
            "this is no YAML: %s (indent with blanks, and quote texts that hold ': ' or ' #' or begin with "
            "one of *&!%%@`[{)",
            problem);
    }
    reader->err = LW_ERR_USAGE;
    return LW_ERR_USAGE;
}

static enum lw_err next(struct reader *reader, yaml_event_t *event)
{
    if (!yaml_parser_parse(&reader->parser, event))
        return syntax(reader);
    return LW_ERR_OK;
}

static bool is_printable(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
            return false;
    }
    return true;
}

/* What would make a document mean more than it says is refused, in the words of whoever wrote it. */
static void refuse(struct reader *reader, struct lw_place place, const void *anchor, const void *tag)
{
    if (anchor != NULL)
        lw_complaints_add(reader->complaints, place,
                          "anchors (&name) are not used here: put what several models share into a profile");
    if (tag != NULL)
        lw_complaints_add(reader->complaints, place, "tags (!name) are not used here: write the plain value");
}

static enum lw_err read_node(struct reader *reader, yaml_event_t *event, unsigned depth, struct lw_node **out);

static enum lw_err read_list(struct reader *reader, struct lw_node *list, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        struct lw_node *item = NULL;
        enum lw_err err = next(reader, &event);

        if (err != LW_ERR_OK)
            return err;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return LW_ERR_OK;
        }
        err = read_node(reader, &event, depth, &item);
        if (err != LW_ERR_OK)
            return err;
        lw_tree_append(list, item);
    }
}

static enum lw_err read_member(struct reader *reader, struct lw_node *map, const struct lw_node *key, unsigned depth)
{
    yaml_event_t event;
    struct lw_node *value = NULL;
    struct lw_node *before = key->kind == LW_NODE_SCALAR ? lw_tree_member(map, key->text.at) : NULL;
    enum lw_err err = next(reader, &event);

    if (err == LW_ERR_OK)
        err = read_node(reader, &event, depth, &value);
    if (err != LW_ERR_OK)
        return err;
    value->key = key->text;
    value->key_place = key->place;
    if (key->kind != LW_NODE_SCALAR)
        lw_complaints_add(reader->complaints, key->place, "a key is a single word, not a list or a map");
    else if (before != NULL)
        lw_complaints_add(reader->complaints, key->place, "'%.60s' was given before, in line %u: keep one of them",
                          key->text.at, (unsigned)before->key_place.line);
    else
        lw_tree_append(map, value);
    return LW_ERR_OK;
}

static enum lw_err read_map(struct reader *reader, struct lw_node *map, unsigned depth)
{
    for (size_t n = 0;; n++) {
        yaml_event_t event;
        struct lw_node *key = NULL;
        enum lw_err err = next(reader, &event);

        if (err != LW_ERR_OK)
            return err;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return LW_ERR_OK;
        }
        err = read_node(reader, &event, depth, &key);
        if (err == LW_ERR_OK && n == LW_TREE_MEMBERS_MAX)
            err = stop(reader, key->place, "a map has more than 1000 keys");
        if (err == LW_ERR_OK)
            err = read_member(reader, map, key, depth);
        if (err != LW_ERR_OK)
            return err;
    }
}

static struct lw_node *read_scalar(struct reader *reader, const yaml_event_t *event, struct lw_place place)
{
    struct lw_str text = {.at = (const char *)event->data.scalar.value, .len = event->data.scalar.length};
    struct lw_node *node;

    if (!is_printable(text)) {
        lw_complaints_add(reader->complaints, place, "a control character is in this text: leave it out");
        text.len = 0;
    }
    node = lw_tree_node(reader->arena, LW_NODE_SCALAR, text, place);
    if (node != NULL)
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

/* Deletes the event. Recursion is bounded by LW_TREE_DEPTH_MAX. */
static enum lw_err read_node(struct reader *reader, yaml_event_t *event, unsigned depth, struct lw_node **out)
{
    struct lw_place place = place_of(&event->start_mark, &event->end_mark);
    struct lw_node *node = NULL;
    yaml_event_type_t type = event->type;

    if (type == YAML_SCALAR_EVENT) {
        refuse(reader, place, event->data.scalar.anchor, event->data.scalar.tag);
        node = read_scalar(reader, event, place);
    } else if (type == YAML_SEQUENCE_START_EVENT) {
        refuse(reader, place, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        node = lw_tree_node(reader->arena, LW_NODE_LIST, LW_STR(""), place);
    } else if (type == YAML_MAPPING_START_EVENT) {
        refuse(reader, place, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        node = lw_tree_node(reader->arena, LW_NODE_MAP, LW_STR(""), place);
    } else {
        /* In place of a value only an alias is left. */
        lw_complaints_add(reader->complaints, place,
                          "aliases (*name) are not used here: write the value again; a text that begins with * needs "
                          "quotes");
        node = lw_tree_node(reader->arena, LW_NODE_SCALAR, LW_STR(""), place);
    }
    yaml_event_delete(event);
    if (node == NULL)
        return memory(reader);
    if (++reader->nodes > LW_TREE_NODES_MAX)
        return stop(reader, place, "the file has more than 50000 values");
    if (depth >= LW_TREE_DEPTH_MAX && node->kind != LW_NODE_SCALAR)
        return stop(reader, place, "lists and maps are nested more than 12 deep");
    *out = node;
    if (type == YAML_SEQUENCE_START_EVENT)
        return read_list(reader, node, depth + 1);
    if (type == YAML_MAPPING_START_EVENT)
        return read_map(reader, node, depth + 1);
    return LW_ERR_OK;
}

/* The events around the one document. */
static enum lw_err read_stream(struct reader *reader, struct lw_node **root)
{
    yaml_event_t event;
    struct lw_node *node = NULL;
    enum lw_err err;

    for (;;) {
        yaml_event_type_t type;
        struct lw_place place;

        err = next(reader, &event);
        if (err != LW_ERR_OK)
            return err;
        type = event.type;
        place = place_of(&event.start_mark, &event.end_mark);
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            if (type == YAML_STREAM_END_EVENT)
                break;
            continue;
        }
        if (type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
            if (node != NULL)
                return stop(reader, place, "a second document begins here: a configuration is one document");
            continue;
        }
        err = read_node(reader, &event, 0, &node);
        if (err != LW_ERR_OK)
            return err;
    }
    *root = node;
    return LW_ERR_OK;
}

enum lw_err lw_tree_read(struct lw_str text, struct lw_arena *arena, struct lw_complaints *complaints,
                         struct lw_node **root, struct lw_fault *fault)
{
    struct reader reader = {.arena = arena, .complaints = complaints};
    size_t before = complaints->n;
    enum lw_err err;

    *root = NULL;
    if (text.len > LW_TREE_BYTES_MAX) {
        lw_complaints_add(complaints, (struct lw_place){.line = 1, .column = 1, .width = 1},
                          "the file is larger than 1 MiB");
        return LW_ERR_USAGE;
    }
    if (!yaml_parser_initialize(&reader.parser))
        return lw_fault_memory(fault, "the configuration");
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.at != NULL ? text.at : ""), text.len);
    err = read_stream(&reader, root);
    yaml_parser_delete(&reader.parser);
    if (err == LW_ERR_NOMEM)
        return lw_fault_memory(fault, "the configuration");
    return complaints->n > before ? LW_ERR_USAGE : err;
}
