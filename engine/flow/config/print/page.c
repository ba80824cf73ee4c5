#include "engine/flow/config/print/page.h"

#include "engine/flow/cli/man.h"
#include "engine/flow/config/keys.h"
#include "engine/flow/config/overlay.h"
#include "engine/flow/config/value.h"

#include <string.h>

static void put_values(struct lw_buf *out, const char *values, bool several)
{
    const char *word;
    size_t length;

    lw_buf_text(out, several ? "A list of some of" : "One of");
    for (size_t i = 0; (word = lw_keys_word(values, i, &length)) != NULL; i++) {
        lw_buf_text(out, i > 0 ? " ,\n.Cm " : "\n.Cm ");
        lw_man_text(out, (struct lw_str){.at = word, .len = length});
    }
    lw_buf_text(out, " .\n");
}

static void put_kinds(struct lw_buf *out, const struct lw_key *key)
{
    const char *values, *word;
    size_t length, n = 0;

    if (key->kinds == 0)
        return;
    values = lw_keys_find(key->in, "type")->values;
    lw_buf_text(out, "Only of the type");
    for (unsigned i = 0; (word = lw_keys_word(values, i, &length)) != NULL; i++) {
        if ((key->kinds & LW_KEY_KIND(i)) != 0)
            lw_buf_format(out, "%s\n.Cm %.*s", n++ > 0 ? " ," : "", (int)length, word);
    }
    lw_buf_text(out, " .\n");
}

static void put_key(struct lw_buf *out, const struct lw_key *key)
{
    char bounds[LW_VALUE_BOUNDS];

    lw_buf_text(out, ".It Cm ");
    lw_man_text(out, lw_str_from(key->name));
    lw_buf_char(out, '\n');
    lw_man_text(out, lw_str_from(key->help));
    lw_buf_text(out, ".\n");
    put_kinds(out, key);
    if (key->values != NULL) {
        put_values(out, key->values, key->type == LW_KEY_CHOICES);
    } else {
        lw_buf_text(out, "Takes\n");
        lw_man_text(out, lw_str_from(lw_keys_form(key->type)));
        if (lw_value_bounds(key, bounds)) {
            lw_buf_text(out, ",\n");
            lw_man_text(out, lw_str_from(bounds));
        }
        lw_buf_text(out, ".\n");
    }
    if (key->preset == NULL && key->otherwise == NULL)
        return;
    lw_buf_text(out, "Default:\n");
    lw_man_text(out, lw_str_from(key->preset != NULL ? key->preset : key->otherwise));
    lw_buf_text(out, ".\n");
}

void lw_page_keys(struct lw_buf *out)
{
    static const struct {
        enum lw_map map;
        const char *title, *text;
    } sections[] = {
        {LW_MAP_TOP, "The document", ""},
        {LW_MAP_BLOCK, "Settings of models",
         "These are the keys of an entry of\n.Cm models ;\nthose of\n.Cm defaults\nand of each profile are the same "
         "without\n"
         ".Cm match , regex , name\nand\n.Cm use .\n"},
        {LW_MAP_CADENCE, "cadence", ""},
        {LW_MAP_IGNORE, "ignore_below", ""},
        {LW_MAP_EXCLUDE, "Entries of exclude", "Each names one thing.\n"},
        {LW_MAP_SOURCE, "Entries of sources", ""},
        {LW_MAP_SINK, "Entries of sinks", ""},
        {LW_MAP_HTTP, "http", ""},
        {LW_MAP_LOG, "log", ""},
    };

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        lw_buf_format(out, ".Ss %s\n%s.Bl -tag -width Ds\n", sections[i].title, sections[i].text);
        for (size_t j = 0; j < lw_keys_n; j++) {
            if (lw_keys[j].in == sections[i].map)
                put_key(out, &lw_keys[j]);
        }
        lw_buf_text(out, ".El\n");
    }
}

void lw_page_variables(struct lw_buf *out)
{
    char name[LW_OVERLAY_NAME];

    lw_buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < lw_keys_n; i++) {
        const struct lw_key *key = &lw_keys[i];

        if (!lw_overlay_variable(key, name))
            continue;
        lw_buf_format(out, ".It Ev %s\nIn place of\n.Cm %s", name, key->in == LW_MAP_HTTP ? "http." : "");
        lw_buf_text(out, key->in == LW_MAP_LOG ? "log." : "");
        lw_man_text(out, lw_str_from(key->name));
        lw_buf_text(out, " .\n");
    }
    lw_buf_text(out, ".El\n");
}
