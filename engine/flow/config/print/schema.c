#include "engine/flow/config/print/schema.h"

#include "engine/base/json/json_out.h"
#include "engine/flow/config/keys.h"

#include <string.h>

#define KINDS_MOST 32

static void text(struct lw_json_out *out, const char *key, const char *value)
{
    lw_json_key(out, key);
    lw_json_text(out, value);
}

/* A number of bytes or ms, or a text of a pattern. */
static void number_or(struct lw_json_out *out, double least, bool zero, const char *pattern)
{
    lw_json_key(out, "anyOf");
    lw_json_array(out);
    lw_json_object(out);
    if (zero) {
        lw_json_key(out, "const");
        lw_json_int(out, 0);
    } else {
        text(out, "type", "number");
        lw_json_key(out, "minimum");
        lw_json_number(out, least);
    }
    lw_json_object_end(out);
    lw_json_object(out);
    text(out, "type", "string");
    text(out, "pattern", pattern);
    lw_json_object_end(out);
    lw_json_array_end(out);
}

static void words(struct lw_json_out *out, const char *values)
{
    const char *word;
    size_t length;

    lw_json_key(out, "enum");
    lw_json_array(out);
    for (size_t i = 0; (word = lw_keys_word(values, i, &length)) != NULL; i++)
        lw_json_str(out, (struct lw_str){.at = word, .len = length});
    lw_json_array_end(out);
}

static void reference(struct lw_json_out *out, const struct lw_key *key)
{
    static const char *const names[LW_MAP_COUNT] = {
        [LW_MAP_BLOCK] = "#/$defs/settings",      [LW_MAP_CADENCE] = "#/$defs/cadence",
        [LW_MAP_IGNORE] = "#/$defs/ignore_below", [LW_MAP_EXCLUDE] = "#/$defs/exclude",
        [LW_MAP_SOURCE] = "#/$defs/source",       [LW_MAP_SINK] = "#/$defs/sink",
        [LW_MAP_HTTP] = "#/$defs/http",           [LW_MAP_LOG] = "#/$defs/log",
    };

    text(out, "$ref", key->of == LW_MAP_BLOCK && key->type == LW_KEY_LIST ? "#/$defs/model" : names[key->of]);
}

static void items(struct lw_json_out *out, const struct lw_key *key)
{
    text(out, "type", "array");
    lw_json_key(out, "uniqueItems");
    lw_json_bool(out, true);
    lw_json_key(out, "items");
    lw_json_object(out);
    if (key->type == LW_KEY_CHOICES) {
        words(out, key->values);
    } else {
        text(out, "type", "string");
        text(out, "pattern", key->type == LW_KEY_RULES ? "[<>]" : ".");
    }
    lw_json_object_end(out);
    if (key->type == LW_KEY_CHOICES) {
        lw_json_key(out, "minItems");
        lw_json_int(out, 1);
    }
}

static void nested(struct lw_json_out *out, const struct lw_key *key)
{
    if (key->type == LW_KEY_MAP) {
        reference(out, key);
        return;
    }
    text(out, "type", key->type == LW_KEY_LIST ? "array" : "object");
    lw_json_key(out, key->type == LW_KEY_LIST ? "items" : "additionalProperties");
    lw_json_object(out);
    reference(out, key);
    lw_json_object_end(out);
}

static void whole(struct lw_json_out *out, const struct lw_key *key)
{
    text(out, "type", "integer");
    lw_json_key(out, "minimum");
    lw_json_number(out, key->least);
    lw_json_key(out, "maximum");
    lw_json_number(out, key->most);
}

static void prices(struct lw_json_out *out)
{
    text(out, "type", "object");
    lw_json_key(out, "additionalProperties");
    lw_json_object(out);
    text(out, "type", "number");
    lw_json_key(out, "minimum");
    lw_json_int(out, 0);
    lw_json_object_end(out);
}

/* A text, of a pattern where one says enough. A bare number is a text where one is wanted. */
static void plain(struct lw_json_out *out, enum lw_key_type type)
{
    static const char *const patterns[LW_KEY_TYPE_COUNT] = {
        [LW_KEY_URL] = "^https?://[^ @]+$",
        [LW_KEY_LISTEN] = "^.+:[0-9]{1,5}$",
        [LW_KEY_CRON] = "^(@[a-z]+|\\S+[ \\t]+\\S+[ \\t]+\\S+[ \\t]+\\S+[ \\t]+\\S+)$",
        [LW_KEY_TAG] = "^[^=]+=",
        [LW_KEY_COLUMNS] = "^[a-z]+=",
        [LW_KEY_BUDGET] = "^[0-9.eE+ ]+(/|per )[0-9.eE+ ]+(runs?)?$",
        [LW_KEY_START] = "^(start|[0-9].*)$",
    };

    if (patterns[type] != NULL) {
        text(out, "type", "string");
        text(out, "pattern", patterns[type]);
        return;
    }
    lw_json_key(out, "type");
    lw_json_array(out);
    lw_json_text(out, "string");
    lw_json_text(out, "number");
    lw_json_array_end(out);
    lw_json_key(out, "minLength");
    lw_json_int(out, 1);
}

static void form(struct lw_json_out *out, const struct lw_key *key)
{
    switch (key->type) {
    case LW_KEY_BOOL:
        text(out, "type", "boolean");
        return;
    case LW_KEY_WHOLE:
        whole(out, key);
        return;
    case LW_KEY_SHARE:
        number_or(out, 0, false, "^[0-9.]+ *%$");
        return;
    case LW_KEY_SPAN:
        number_or(out, 0, true, "^(0|([0-9.]+(ms|[wdhms]) ?)+)$");
        return;
    case LW_KEY_SIZE:
        number_or(out, key->least, false, "^[0-9.]+ ?([kMGT]?B|[KMGT]iB)$");
        return;
    case LW_KEY_CHOICE:
        words(out, key->values);
        return;
    case LW_KEY_CHOICES:
    case LW_KEY_TEXTS:
    case LW_KEY_NAMES:
    case LW_KEY_RULES:
        items(out, key);
        return;
    case LW_KEY_PRICES:
        prices(out);
        return;
    case LW_KEY_MAP:
    case LW_KEY_LIST:
    case LW_KEY_PROFILES:
        nested(out, key);
        return;
    case LW_KEY_TEXT:
    case LW_KEY_GLOB:
    case LW_KEY_REGEX:
    case LW_KEY_PATH:
    case LW_KEY_URL:
    case LW_KEY_LISTEN:
    case LW_KEY_CRON:
    case LW_KEY_ZONE:
    case LW_KEY_FORMAT:
    case LW_KEY_COLUMNS:
    case LW_KEY_TAG:
    case LW_KEY_BUDGET:
    case LW_KEY_START:
    case LW_KEY_TYPE_COUNT:
        plain(out, key->type);
        return;
    }
}

static void property(struct lw_json_out *out, const struct lw_key *key)
{
    lw_json_key(out, key->name);
    lw_json_object(out);
    text(out, "description", key->help);
    form(out, key);
    if (key->preset != NULL && key->type != LW_KEY_TEXTS && key->type != LW_KEY_BOOL && key->type != LW_KEY_WHOLE)
        text(out, "default", key->preset);
    lw_json_object_end(out);
}

/* The members of an object schema for the keys of a map, of one kind (0: any). */
static void object(struct lw_json_out *out, enum lw_map in, uint32_t kind, bool own)
{
    text(out, "type", "object");
    lw_json_key(out, "additionalProperties");
    lw_json_bool(out, false);
    lw_json_key(out, "properties");
    lw_json_object(out);
    for (size_t i = 0; i < lw_keys_n; i++) {
        if (lw_keys[i].in == in && lw_key_holds(&lw_keys[i], kind) && (own || !lw_keys[i].own))
            property(out, &lw_keys[i]);
    }
    lw_json_object_end(out);
}

static void required(struct lw_json_out *out, const char *a, const char *b)
{
    lw_json_key(out, "required");
    lw_json_array(out);
    lw_json_text(out, a);
    if (b != NULL)
        lw_json_text(out, b);
    lw_json_array_end(out);
}

static void one_of(struct lw_json_out *out, const char *const *names, size_t n)
{
    lw_json_key(out, "oneOf");
    lw_json_array(out);
    for (size_t i = 0; i < n; i++) {
        lw_json_object(out);
        required(out, names[i], NULL);
        lw_json_object_end(out);
    }
    lw_json_array_end(out);
}

/* One variant: the keys that this type has, and those that it must have. */
static void variant(struct lw_json_out *out, enum lw_map in, uint32_t kind, struct lw_str type)
{
    lw_json_object(out);
    lw_json_key(out, "title");
    lw_json_str(out, type);
    lw_json_key(out, "allOf");
    lw_json_array(out);
    lw_json_object(out);
    lw_json_key(out, "properties");
    lw_json_object(out);
    lw_json_key(out, "type");
    lw_json_object(out);
    lw_json_key(out, "const");
    lw_json_str(out, type);
    lw_json_object_end(out);
    lw_json_object_end(out);
    lw_json_object_end(out);
    lw_json_array_end(out);
    object(out, in, kind, true);
    lw_json_key(out, "required");
    lw_json_array(out);
    for (size_t i = 0; i < lw_keys_n; i++) {
        if (lw_keys[i].in == in && (lw_keys[i].required & kind) != 0)
            lw_json_text(out, lw_keys[i].name);
    }
    lw_json_array_end(out);
    lw_json_object_end(out);
}

static void variants(struct lw_json_out *out, enum lw_map in)
{
    const char *values = lw_keys_find(in, "type")->values;
    const char *word;
    size_t length;

    lw_json_key(out, "oneOf");
    lw_json_array(out);
    for (size_t i = 0; i < KINDS_MOST && (word = lw_keys_word(values, i, &length)) != NULL; i++)
        variant(out, in, LW_KEY_KIND(i), (struct lw_str){.at = word, .len = length});
    lw_json_array_end(out);
}

static void define(struct lw_json_out *out)
{
    static const char *const which[] = {"match", "regex"};
    static const char *const exclude[] = {"tuning", "tag", "match"};

    lw_json_key(out, "settings");
    lw_json_object(out);
    object(out, LW_MAP_BLOCK, 0, false);
    lw_json_object_end(out);
    lw_json_key(out, "model");
    lw_json_object(out);
    object(out, LW_MAP_BLOCK, 0, true);
    one_of(out, which, 2);
    lw_json_object_end(out);
    lw_json_key(out, "cadence");
    lw_json_object(out);
    object(out, LW_MAP_CADENCE, 0, true);
    lw_json_key(out, "not");
    lw_json_object(out);
    required(out, "every", "cron");
    lw_json_object_end(out);
    lw_json_object_end(out);
    lw_json_key(out, "ignore_below");
    lw_json_object(out);
    object(out, LW_MAP_IGNORE, 0, true);
    lw_json_object_end(out);
    lw_json_key(out, "exclude");
    lw_json_object(out);
    object(out, LW_MAP_EXCLUDE, 0, true);
    one_of(out, exclude, 3);
    lw_json_object_end(out);
    lw_json_key(out, "source");
    lw_json_object(out);
    variants(out, LW_MAP_SOURCE);
    lw_json_object_end(out);
    lw_json_key(out, "sink");
    lw_json_object(out);
    variants(out, LW_MAP_SINK);
    lw_json_object_end(out);
    lw_json_key(out, "http");
    lw_json_object(out);
    object(out, LW_MAP_HTTP, 0, true);
    lw_json_object_end(out);
    lw_json_key(out, "log");
    lw_json_object(out);
    object(out, LW_MAP_LOG, 0, true);
    lw_json_object_end(out);
}

void lw_schema_write(struct lw_buf *buf)
{
    struct lw_json_out out = {.buf = buf, .indent = true};

    lw_json_object(&out);
    text(&out, "$schema", "https://json-schema.org/draft/2020-12/schema");
    text(&out, "title", "leeway.yaml");
    text(&out, "description", "The configuration of `leeway watch`");
    object(&out, LW_MAP_TOP, 0, true);
    lw_json_key(&out, "$defs");
    lw_json_object(&out);
    define(&out);
    lw_json_object_end(&out);
    lw_json_object_end(&out);
    lw_buf_char(buf, '\n');
}
