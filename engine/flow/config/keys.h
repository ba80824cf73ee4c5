/* The one table of what a configuration may say: reading, checking, showing, the JSON Schema, the annotated example and
   the man page all come from it. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_KEYS_H
#define LEEWAY_ENGINE_FLOW_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The maps of the document. CADENCE, IGNORE, HTTP and LOG lie in the struct of the map around them. */
enum lw_map {
    LW_MAP_TOP,
    LW_MAP_BLOCK, /* of models, profiles and defaults */
    LW_MAP_CADENCE,
    LW_MAP_IGNORE,
    LW_MAP_EXCLUDE,
    LW_MAP_SOURCE,
    LW_MAP_SINK,
    LW_MAP_HTTP,
    LW_MAP_LOG,
    LW_MAP_COUNT
};

/* What a value is, and the C type that it is put into. */
enum lw_key_type {
    LW_KEY_TEXT,     /* const char * */
    LW_KEY_GLOB,     /* const char * */
    LW_KEY_REGEX,    /* const char * */
    LW_KEY_PATH,     /* const char *: of a file */
    LW_KEY_URL,      /* const char *: https, or http to this machine */
    LW_KEY_LISTEN,   /* const char *: ADDRESS:PORT */
    LW_KEY_CRON,     /* const char * */
    LW_KEY_ZONE,     /* const char * */
    LW_KEY_FORMAT,   /* const char *: an input format */
    LW_KEY_COLUMNS,  /* const char *: as --columns */
    LW_KEY_TAG,      /* const char *: KEY=VALUE */
    LW_KEY_BOOL,     /* bool */
    LW_KEY_WHOLE,    /* uint32_t */
    LW_KEY_SHARE,    /* double: 0.05 or 5% */
    LW_KEY_BUDGET,   /* double: runs for one false alarm */
    LW_KEY_SPAN,     /* lw_span */
    LW_KEY_SIZE,     /* uint64_t: bytes */
    LW_KEY_CHOICE,   /* unsigned (an enum): place in `values` */
    LW_KEY_CHOICES,  /* uint32_t: bits 1u << place in `values` */
    LW_KEY_TEXTS,    /* const char *const *, size_t */
    LW_KEY_NAMES,    /* const struct lw_str *, size_t */
    LW_KEY_RULES,    /* const struct lw_requirement *, size_t */
    LW_KEY_PRICES,   /* const struct lw_price *, size_t */
    LW_KEY_START,    /* struct lw_config: notify_from and notify_from_start */
    LW_KEY_MAP,      /* of the map `of`, in the same struct */
    LW_KEY_LIST,     /* of maps `of`; put together by whoever knows their struct */
    LW_KEY_PROFILES, /* a map from names to maps `of` */
    LW_KEY_TYPE_COUNT
};

#define LW_KEY_KIND(type) (1u << (type))

struct lw_key {
    enum lw_map in;
    const char *name;
    enum lw_key_type type;
    enum lw_map of; /* of MAP, LIST, PROFILES */
    size_t offset;  /* in the struct of its map */
    size_t count;   /* where the number of items of a list is put */
    const char
        *preset; /* what holds without it, as it would be written (items of a list separated by blanks); NULL: nothing,
                           or what the surrounding struct holds already */
    const char *values;    /* of CHOICE and CHOICES, separated by blanks, in the order of the enum */
    double least, most;    /* of WHOLE; of SPAN in ms; of SIZE in bytes. both 0: no bounds */
    uint32_t kinds;        /* SOURCE and SINK: types for which it is there, LW_KEY_KIND or-ed; 0: all */
    uint32_t required;     /* types for which it must be given; maps without types: 1 */
    bool own;              /* BLOCK: only in models, neither in profiles nor in defaults */
    const char *help;      /* a sentence without a full stop */
    const char *otherwise; /* what holds without it, in words, where no preset says it */
    const char *example;   /* the value in the annotated example; NULL: the preset, else the key is left out there */
};

extern const struct lw_key lw_keys[];
extern const size_t lw_keys_n;

/* The row of `name` in a map, or NULL. */
const struct lw_key *lw_keys_find(enum lw_map in, const char *name);
/* The known name in a map that a mistyped one is nearest to, or NULL. `kind`: LW_KEY_KIND of a type, or 0: any. */
const char *lw_keys_nearest(enum lw_map in, uint32_t kind, const char *name);
/* Whether the row is there for this kind. */
static inline bool lw_key_holds(const struct lw_key *key, uint32_t kind)
{
    return key->kinds == 0 || kind == 0 || (key->kinds & kind) != 0;
}

/* Place of a word in a list of words separated by blanks, or -1. */
int lw_keys_choice(const char *values, const char *word, size_t length);
/* The nth word of such a list; its length in `length`, NULL behind the last. */
const char *lw_keys_word(const char *values, size_t n, size_t *length);
/* What a value of this type is, for people: "a span of time such as 15m, 1h30m or 90d". */
const char *lw_keys_form(enum lw_key_type type);

#endif
