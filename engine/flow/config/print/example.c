#include "engine/flow/config/print/example.h"

#include "engine/flow/config/keys.h"
#include "engine/flow/config/value.h"

#include <string.h>

#define COLUMNS 100
#define NAME    16 /* column in which the help of an inner key begins */

void lw_example_comment(struct lw_buf *out, const char *prefix, struct lw_str text)
{
    size_t indent = strlen(prefix), column = indent;
    size_t at = 0;

    lw_buf_text(out, prefix);
    while (at < text.len) {
        size_t n = 0;

        while (at + n < text.len && text.at[at + n] != ' ')
            n++;
        if (column > indent && column + 1 + n > COLUMNS) {
            lw_buf_format(out, "\n%s", prefix);
            column = indent;
        } else if (column > indent) {
            lw_buf_char(out, ' ');
            column++;
        }
        lw_buf_bytes(out, text.at + at, n);
        column += n;
        at += n;
        while (at < text.len && text.at[at] == ' ')
            at++;
    }
    lw_buf_char(out, '\n');
}

/* "(cloudwatch, loggly)" where a key is not for all types. */
static void put_kinds(struct lw_buf *out, const struct lw_key *key)
{
    const char *values, *word;
    const char *before = " (";
    size_t length;

    if (key->kinds == 0)
        return;
    values = lw_keys_find(key->in, "type")->values;
    for (unsigned i = 0; (word = lw_keys_word(values, i, &length)) != NULL; i++) {
        if ((key->kinds & LW_KEY_KIND(i)) != 0) {
            lw_buf_format(out, "%s%.*s", before, (int)length, word);
            before = ", ";
        }
    }
    lw_buf_char(out, ')');
}

static void put_facts(struct lw_buf *out, const struct lw_key *key)
{
    char bounds[LW_VALUE_BOUNDS];

    put_kinds(out, key);
    if (key->values != NULL)
        lw_buf_format(out, "; one of: %.*s", (int)(strlen(key->values) - (key->values[strlen(key->values) - 1] == ' ')),
                      key->values);
    if (lw_value_bounds(key, bounds))
        lw_buf_format(out, "; %s", bounds);
    if (key->preset != NULL)
        lw_buf_format(out, "; default %s", key->preset);
    else if (key->otherwise != NULL)
        lw_buf_format(out, "; default: %s", key->otherwise);
}

/* The keys of an inner map, one paragraph each, the names in a column of their own. */
static void put_inner(struct lw_buf *out, enum lw_map in, const char *margin, bool own, bool shared)
{
    for (size_t i = 0; i < lw_keys_n; i++) {
        const struct lw_key *key = &lw_keys[i];
        struct lw_buf text = {.ceiling = 4096}, lines = {.ceiling = 8192};
        char prefix[64] = "";
        size_t indent;

        if (key->in != in || (key->own ? !own : !shared))
            continue;
        lw_buf_text(&text, key->help);
        put_facts(&text, key);
        memset(prefix, ' ', sizeof(prefix) - 1);
        indent = strlen(margin) + NAME + 2;
        memcpy(prefix, margin, strlen(margin));
        prefix[indent < sizeof(prefix) ? indent : sizeof(prefix) - 1] = '\0';
        lw_example_comment(&lines, prefix, lw_buf_view(&text));
        /* The name stands in the margin of the first line. */
        lw_buf_text(out, margin);
        lw_buf_format(out, "%-*s  ", NAME, key->name);
        if (lines.len > indent && text.error == LW_ERR_OK)
            lw_buf_bytes(out, lines.at + indent, lines.len - indent);
        if (text.error != LW_ERR_OK || lines.error != LW_ERR_OK)
            out->error = LW_ERR_NOMEM;
        lw_buf_close(&text);
        lw_buf_close(&lines);
        if (key->type == LW_KEY_MAP)
            put_inner(out, key->of, in == LW_MAP_BLOCK ? "#                   " : "#   ", true, true);
    }
}

static void put_help(struct lw_buf *out, const struct lw_key *key)
{
    struct lw_buf text = {.ceiling = 4096};

    lw_buf_text(&text, key->help);
    put_facts(&text, key);
    lw_example_comment(out, "# ", lw_buf_view(&text));
    if (text.error != LW_ERR_OK)
        out->error = text.error;
    lw_buf_close(&text);
    if (key->type == LW_KEY_PROFILES)
        lw_buf_text(out, "# Each takes the same keys as the defaults.\n");
    else if (key->type == LW_KEY_LIST && key->of == LW_MAP_BLOCK)
        put_inner(out, key->of, "#   ", true, false);
    else if (key->type == LW_KEY_MAP || key->type == LW_KEY_LIST)
        put_inner(out, key->of, "#   ", false, true);
    if (key->type == LW_KEY_LIST && key->of == LW_MAP_BLOCK)
        lw_buf_text(out, "# and the keys of the defaults.\n");
}

void lw_example_write(struct lw_buf *out)
{
    lw_buf_text(out,
                "# The configuration of `leeway watch`: every key, with what it means; leeway.yaml(5) says more.\n"
                "# Everything has a default, and what is not needed is best left out. `leeway config check` reads\n"
                "# it, `leeway config show --origin` shows what holds. It is looked for in ./leeway.yaml,\n"
                "# $XDG_CONFIG_HOME/leeway/leeway.yaml and /etc/leeway/leeway.yaml; the first one is taken.\n");
    for (size_t i = 0; i < lw_keys_n; i++) {
        const struct lw_key *key = &lw_keys[i];
        const char *value = key->example != NULL ? key->example : key->preset;

        if (key->in != LW_MAP_TOP)
            continue;
        lw_buf_char(out, '\n');
        put_help(out, key);
        if (value == NULL)
            lw_buf_format(out, "# %s: ...\n", key->name);
        else
            lw_buf_format(out, "%s:%s%s\n", key->name, value[0] == '\n' ? "" : " ", value);
    }
}
