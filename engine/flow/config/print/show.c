#include "engine/flow/config/print/show.h"

#include "engine/flow/config/fill.h"
#include "engine/flow/config/whole.h"

#include <string.h>

#define ORIGIN_COLUMN 60

struct showing {
    const struct lw_config_whole *whole;
    struct lw_buf *out;
    bool origin;
};

static bool is_plain(struct lw_str text)
{
    static const char *const words[] = {"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"};

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        bool inner = i > 0 && (c == '.' || c == '-' || c == '+' || c == '%' || c == ' ');

        if (!letter && !inner && c != '/')
            return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (lw_str_equal(text, lw_str_from(words[i])))
            return false;
    }
    return text.len > 0 && text.at[text.len - 1] != ' ';
}

/* A character beyond ASCII that YAML takes for the end of a line or refuses unless it is escaped: C1 controls, U+2028 and
   U+2029, U+FEFF, U+FFFE and U+FFFF. Its number and length in bytes, or 0. */
static unsigned special(struct lw_str text, size_t at, size_t *length)
{
    const unsigned char *c = (const unsigned char *)text.at + at;
    size_t left = text.len - at;

    *length = 2;
    if (left >= 2 && c[0] == 0xc2 && c[1] < 0xa0)
        return c[1];
    *length = 3;
    if (left >= 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9))
        return 0x2000u | (c[2] & 0x3fu);
    if (left >= 3 && c[0] == 0xef && ((c[1] == 0xbb && c[2] == 0xbf) || (c[1] == 0xbf && c[2] >= 0xbe)))
        return 0xf000u | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
    return 0;
}

void lw_show_text(struct lw_buf *out, struct lw_str text, bool quoted)
{
    size_t length;
    unsigned number;

    if (!quoted && is_plain(text)) {
        lw_buf_str(out, text);
        return;
    }
    lw_buf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        number = special(text, i, &length);
        if (number != 0) {
            lw_buf_format(out, "\\u%04x", number);
            i += length - 1;
            continue;
        }
        if (c == '"' || c == '\\')
            lw_buf_format(out, "\\%c", c);
        else if (c == '\n')
            lw_buf_text(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            lw_buf_format(out, "\\x%02x", c);
        else
            lw_buf_char(out, (char)c);
    }
    lw_buf_char(out, '"');
}

static size_t column_of(const struct lw_buf *out)
{
    size_t n = 0;

    while (n < out->len && out->at[out->len - 1 - n] != '\n')
        n++;
    return n;
}

/* Ends a line with where its value comes from. */
static void end(const struct showing *showing, const struct lw_node *node)
{
    static const struct lw_place nowhere = {.origin = NULL};
    size_t column = column_of(showing->out);

    if (showing->origin) {
        lw_buf_text(showing->out, "  ");
        for (size_t i = column + 2; i < ORIGIN_COLUMN; i++)
            lw_buf_char(showing->out, ' ');
        lw_buf_text(showing->out, "# ");
        lw_complaints_place(showing->out, showing->whole->config.path, node != NULL ? node->place : nowhere);
    }
    lw_buf_char(showing->out, '\n');
}

/* A list in brackets, a map in braces, or a text. */
static void put_value(const struct showing *showing, const struct lw_key *key, const struct lw_node *node)
{
    bool map = node->kind == LW_NODE_MAP;
    bool text = key->type <= LW_KEY_TAG || key->type == LW_KEY_TEXTS || key->type == LW_KEY_NAMES;

    if (key->type == LW_KEY_BOOL) {
        lw_buf_str(showing->out, node->text);
        return;
    }
    if (node->kind == LW_NODE_SCALAR) {
        lw_show_text(showing->out, node->text, node->quoted && text);
        return;
    }
    lw_buf_char(showing->out, map ? '{' : '[');
    for (const struct lw_node *item = node->child; item != NULL; item = item->next) {
        if (map) {
            lw_show_text(showing->out, item->key, false);
            lw_buf_text(showing->out, ": ");
        }
        lw_show_text(showing->out, item->text, item->quoted && !map);
        if (item->next != NULL)
            lw_buf_text(showing->out, ", ");
    }
    lw_buf_char(showing->out, map ? '}' : ']');
}

/* What holds though nothing says it: a path or name that was worked out, kinds of events. false: nothing does. */
static bool put_default(const struct showing *showing, const struct lw_key *key, const void *base)
{
    const char *text = NULL, *word;
    uint32_t bits = 0;
    size_t length, n = 0;

    if (key->preset != NULL) {
        bool list = key->type == LW_KEY_TEXTS;

        lw_buf_format(showing->out, list ? "%s: [%s]" : "%s: %s", key->name, key->preset);
        return true;
    }
    if (key->type <= LW_KEY_TAG)
        memcpy(&text, (const char *)base + key->offset, sizeof(text));
    if (key->type == LW_KEY_CHOICE) {
        unsigned place;

        memcpy(&place, (const char *)base + key->offset, sizeof(place));
        word = lw_keys_word(key->values, place, &length);
        lw_buf_format(showing->out, "%s: %.*s", key->name, (int)length, word);
        return true;
    }
    if (key->type == LW_KEY_CHOICES)
        memcpy(&bits, (const char *)base + key->offset, sizeof(bits));
    if (text == NULL && bits == 0)
        return false;
    lw_buf_format(showing->out, "%s: ", key->name);
    if (text != NULL) {
        lw_show_text(showing->out, lw_str_from(text), false);
        return true;
    }
    for (unsigned i = 0; (word = lw_keys_word(key->values, i, &length)) != NULL; i++) {
        if ((bits & 1u << i) != 0)
            lw_buf_format(showing->out, "%s%.*s", n++ > 0 ? ", " : "[", (int)length, word);
    }
    lw_buf_char(showing->out, ']');
    return true;
}

/* `dash`: the first line is that of an item of a list. Returns whether something was written. */
static bool put_map(const struct showing *showing, enum lw_map in, uint32_t kind, const struct lw_node *node,
                    const void *base, unsigned indent, bool dash);

static void put_indent(const struct showing *showing, unsigned indent, bool *dash)
{
    for (unsigned i = 0; i + (*dash ? 2u : 0u) < indent; i++)
        lw_buf_char(showing->out, ' ');
    if (*dash)
        lw_buf_text(showing->out, "- ");
    *dash = false;
}

/* A map without a line in the document is shown where it has something to show: presets, for one. */
static bool put_inner(const struct showing *showing, const struct lw_key *key, const struct lw_node *node,
                      const void *base, unsigned indent, bool *dash)
{
    size_t before = showing->out->len;
    bool was = *dash;

    if (node == NULL && (key->of == LW_MAP_CADENCE || key->of == LW_MAP_HTTP))
        return false;
    put_indent(showing, indent, dash);
    lw_buf_format(showing->out, "%s:\n", key->name);
    if (put_map(showing, key->of, 0, node, base, indent + 2, false))
        return true;
    showing->out->len = before;
    *dash = was;
    return false;
}

static bool is_shown(const struct lw_key *key, enum lw_map in, uint32_t kind)
{
    /* Profiles are merged; the lists of maps come by themselves. */
    return key->in == in && lw_key_holds(key, kind) && key->type != LW_KEY_LIST && key->type != LW_KEY_PROFILES &&
           !(key->type == LW_KEY_MAP && key->of == LW_MAP_BLOCK) && strcmp(key->name, "use") != 0;
}

static bool put_map(const struct showing *showing, enum lw_map in, uint32_t kind, const struct lw_node *node,
                    const void *base, unsigned indent, bool dash)
{
    bool written = false;

    for (size_t i = 0; i < lw_keys_n; i++) {
        const struct lw_key *key = &lw_keys[i];
        const struct lw_node *value = lw_tree_member(node, key->name);
        size_t before = showing->out->len;
        bool was = dash;

        if (!is_shown(key, in, kind))
            continue;
        if (key->type == LW_KEY_MAP) {
            written = put_inner(showing, key, value, base, indent, &dash) || written;
            continue;
        }
        put_indent(showing, indent, &dash);
        if (value != NULL) {
            lw_buf_format(showing->out, "%s: ", key->name);
            put_value(showing, key, value);
        } else if (!put_default(showing, key, base)) {
            showing->out->len = before;
            dash = was;
            continue;
        }
        end(showing, value);
        written = true;
    }
    return written;
}

static void put_list(const struct showing *showing, const char *name, enum lw_map in, const void *items, size_t size,
                     size_t n, unsigned kinds_at)
{
    const struct lw_node *list = lw_tree_member(showing->whole->root, name);
    const struct lw_node *node = list != NULL ? list->child : NULL;

    if (n == 0 && list == NULL)
        return;
    lw_buf_format(showing->out, n > 0 ? "%s:\n" : "%s: []\n", name);
    for (size_t i = 0; i < n; i++, node = node != NULL ? node->next : NULL) {
        const char *item = (const char *)items + i * size;
        unsigned type;

        memcpy(&type, item + kinds_at, sizeof(type));
        put_map(showing, in, in == LW_MAP_EXCLUDE ? 0 : LW_KEY_KIND(type), node, item, 4, true);
    }
}

/* The built-in last block is shown where the last one of the document does not take everything anyway. */
static void put_models(const struct showing *showing)
{
    const struct lw_config *config = &showing->whole->config;
    const struct lw_config_model *last = config->models_n > 1 ? &config->models[config->models_n - 2] : NULL;
    bool closed = last != NULL && last->match != NULL && strcmp(last->match, "*") == 0;

    lw_buf_text(showing->out, "models:\n");
    for (size_t i = 0; i + closed < config->models_n; i++)
        put_map(showing, LW_MAP_BLOCK, 0, showing->whole->blocks[i].node, &config->models[i], 4, true);
}

void lw_show_write(const struct lw_config *config, bool origin, struct lw_buf *out)
{
    struct showing showing = {.whole = lw_config_whole(config), .out = out, .origin = origin};

    put_map(&showing, LW_MAP_TOP, 0, showing.whole->root, config, 0, false);
    put_models(&showing);
    put_list(&showing, "exclude", LW_MAP_EXCLUDE, config->exclude, sizeof(*config->exclude), config->exclude_n, 0);
    put_list(&showing, "sources", LW_MAP_SOURCE, config->sources, sizeof(*config->sources), config->sources_n,
             offsetof(struct lw_config_source, type));
    put_list(&showing, "sinks", LW_MAP_SINK, config->sinks, sizeof(*config->sinks), config->sinks_n,
             offsetof(struct lw_config_sink, type));
}
