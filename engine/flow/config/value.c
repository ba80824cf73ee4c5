#include "engine/flow/config/value.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"
#include "engine/base/time_text.h"
#include "engine/decode/decode.h"
#include "engine/decode/table/columns.h"
#include "engine/flow/cli/options.h"
#include "engine/flow/cli/wording.h"
#include "engine/flow/config/config.h"
#include "engine/flow/config/cron.h"
#include "engine/flow/config/pattern.h"

#include <math.h>
#include <stdio.h>

#define BUDGET_LEAST 20 /* a chart that alarms more often than this is none */
#define BUDGET_MOST  1e6
#define SHOWN        60

struct reading {
    const struct lw_key *key;
    struct lw_arena *arena;
    struct lw_complaints *complaints;
    struct lw_fault *fault;
    void *base;
};

/* ---- forms of scalars ---- */

static bool has_prefix(struct lw_str text, const char *prefix)
{
    size_t n = strlen(prefix);

    return text.len >= n && memcmp(text.at, prefix, n) == 0;
}

/* 127.0.0.0/8, ::1 in brackets or not, and the name for them. */
static bool is_loopback(struct lw_str host)
{
    if (lw_str_equal(host, LW_STR("localhost")) || lw_str_equal(host, LW_STR("[::1]")) ||
        lw_str_equal(host, LW_STR("::1")))
        return true;
    for (size_t i = 0; i < host.len; i++) {
        if ((host.at[i] < '0' || host.at[i] > '9') && host.at[i] != '.')
            return false;
    }
    return has_prefix(host, "127.");
}

/* The host of "HOST:PORT" or "HOST"; an IPv6 address with its brackets. */
static struct lw_str host_of(struct lw_str text)
{
    const char *end = text.len > 0 && text.at[0] == '[' ? memchr(text.at, ']', text.len) : NULL;
    size_t n = 0;

    if (end != NULL)
        return (struct lw_str){.at = text.at, .len = (size_t)(end - text.at) + 1};
    while (n < text.len && text.at[n] != ':' && text.at[n] != '/' && text.at[n] != '?' && text.at[n] != '#')
        n++;
    return (struct lw_str){.at = text.at, .len = n};
}

bool lw_value_is_url(struct lw_str text)
{
    bool safe = has_prefix(text, "https://");
    size_t scheme = safe ? 8 : 7;
    struct lw_str rest = {.at = text.at + scheme, .len = text.len - scheme};
    struct lw_str host;

    if (!safe && !has_prefix(text, "http://"))
        return false;
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.at[i] <= ' ' || rest.at[i] == '@' || rest.at[i] == '\\')
            return false;
    }
    host = host_of(rest);
    return host.len > 0 && (safe || is_loopback(host));
}

bool lw_value_is_listen(struct lw_str text, bool *loopback)
{
    struct lw_str host = host_of(text);
    struct lw_str port = {.at = text.at + host.len, .len = text.len - host.len};
    unsigned number = 0;

    if (host.len == 0 || port.len < 2 || port.len > 6 || port.at[0] != ':')
        return false;
    for (size_t i = 1; i < port.len; i++) {
        if (port.at[i] < '0' || port.at[i] > '9')
            return false;
        number = number * 10 + (unsigned)(port.at[i] - '0');
    }
    *loopback = is_loopback(host);
    return number <= 65535;
}

bool lw_value_size(struct lw_str text, uint64_t *bytes)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {
        {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0},
        {"kB", 1e3},     {"MB", 1e6},        {"GB", 1e9},           {"TB", 1e12},
        {"B", 1.0},      {"", 1.0},
    };
    size_t n = text.len;
    double number;

    while (n > 0 &&
           ((text.at[n - 1] >= 'a' && text.at[n - 1] <= 'z') || (text.at[n - 1] >= 'A' && text.at[n - 1] <= 'Z')))
        n--;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!lw_str_equal((struct lw_str){.at = text.at + n, .len = text.len - n}, lw_str_from(units[i].name)))
            continue;
        if (!lw_scan_decimal(lw_wording_trim((struct lw_str){.at = text.at, .len = n}), &number))
            return false;
        number *= units[i].factor;
        if (!(number >= 0 && number <= 9007199254740992.0) || number != floor(number))
            return false;
        *bytes = (uint64_t)number;
        return true;
    }
    return false;
}

/* A span needs its unit here: "15" of something is what one gets wrong. */
static bool is_span(struct lw_str text, lw_span *span)
{
    double bare;

    if (lw_scan_decimal(text, &bare) && bare != 0.0)
        return false;
    return lw_span_read(text, span);
}

static bool is_share(struct lw_str text, double *share)
{
    bool percent = text.len > 0 && text.at[text.len - 1] == '%';

    text.len -= percent;
    if (!lw_scan_decimal(lw_wording_trim(text), share))
        return false;
    *share /= percent ? 100.0 : 1.0;
    return *share >= 0 && *share < 1e6;
}

/* ---- complaining ---- */

static enum lw_err wrong(const struct reading *reading, const struct lw_node *node, const char *want)
{
    if (node->kind == LW_NODE_SCALAR && node->text.len > 0)
        lw_complaints_add(reading->complaints, node->place, "'%.*s' is not what '%s' takes: write %s",
                          (int)(node->text.len < SHOWN ? node->text.len : SHOWN), node->text.at, reading->key->name,
                          want);
    else
        lw_complaints_add(reading->complaints, node->place, "'%s' takes something else: write %s", reading->key->name,
                          want);
    return LW_ERR_USAGE;
}

static enum lw_err wrong_form(const struct reading *reading, const struct lw_node *node)
{
    return wrong(reading, node, lw_keys_form(reading->key->type));
}

bool lw_value_bounds(const struct lw_key *key, char text[LW_VALUE_BOUNDS])
{
    char least[LW_SPAN_TEXT], most[LW_SPAN_TEXT];

    if (key->least >= key->most)
        return false;
    if (key->type == LW_KEY_SPAN) {
        lw_span_write((lw_span){(int64_t)key->least}, least);
        lw_span_write((lw_span){(int64_t)key->most}, most);
        snprintf(text, LW_VALUE_BOUNDS, "from %s to %s", least, most);
    } else if (key->type == LW_KEY_SIZE) {
        snprintf(text, LW_VALUE_BOUNDS, "from %.0fMiB to %.0fGiB", key->least / 1048576.0, key->most / 1073741824.0);
    } else {
        snprintf(text, LW_VALUE_BOUNDS, "from %.0f to %.0f", key->least, key->most);
    }
    return true;
}

static enum lw_err wrong_range(const struct reading *reading, const struct lw_node *node)
{
    const struct lw_key *key = reading->key;
    const char *what = key->type == LW_KEY_SPAN ? "span" : key->type == LW_KEY_SIZE ? "size" : "whole number";
    char bounds[LW_VALUE_BOUNDS] = "of another size";
    char want[160];

    (void)lw_value_bounds(key, bounds);
    snprintf(want, sizeof(want), "a %s %s", what, bounds);
    return wrong(reading, node, want);
}

static enum lw_err wrong_choice(const struct reading *reading, const struct lw_node *node)
{
    const char *words[16];
    char copies[256], want[320];
    size_t n = 0, used = 0, length;
    const char *word, *nearest;

    snprintf(want, sizeof(want), "one of %s", reading->key->values);
    for (; n < 16 && (word = lw_keys_word(reading->key->values, n, &length)) != NULL; n++) {
        if (used + length + 1 > sizeof(copies))
            break;
        memcpy(copies + used, word, length);
        copies[used + length] = '\0';
        words[n] = copies + used;
        used += length + 1;
    }
    nearest = node->kind == LW_NODE_SCALAR ? lw_options_nearest(node->text.at, words, n) : NULL;
    if (nearest != NULL)
        snprintf(want, sizeof(want), "'%s'? (one of %s)", nearest, reading->key->values);
    return wrong(reading, node, want);
}

/* ---- scalars ---- */

static void *at(const struct reading *reading)
{
    return (char *)reading->base + reading->key->offset;
}

static bool is_text_type(enum lw_key_type type)
{
    return type <= LW_KEY_TAG;
}

/* Whether a text is of the form that its key demands. LW_ERR_USAGE is complained of. */
static enum lw_err check_text(const struct reading *reading, const struct lw_node *node)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_zone *zone = NULL;
    struct lw_columns columns;
    enum lw_format format;
    bool loopback;
    enum lw_err err = LW_ERR_OK;

    if (memchr(node->text.at, '\n', node->text.len) != NULL)
        return wrong(reading, node, "one line");
    if (reading->key->type == LW_KEY_URL && !lw_value_is_url(node->text))
        return wrong_form(reading, node);
    if (reading->key->type == LW_KEY_LISTEN && !lw_value_is_listen(node->text, &loopback))
        return wrong_form(reading, node);
    if (reading->key->type == LW_KEY_FORMAT && !lw_format_find(node->text, &format))
        return wrong_form(reading, node);
    if (reading->key->type == LW_KEY_TAG && (node->text.at[0] == '=' || strchr(node->text.at, '=') == NULL))
        return wrong_form(reading, node);
    if (reading->key->type == LW_KEY_ZONE) {
        err = lw_zone_open(&zone, node->text, &fault);
        lw_zone_close(zone);
    } else if (reading->key->type == LW_KEY_COLUMNS) {
        err = lw_columns_read(&columns, node->text, &fault);
    } else if (reading->key->type == LW_KEY_CRON) {
        struct lw_cron cron;

        err = lw_cron_read(node->text, &cron, &fault);
    } else if (reading->key->type == LW_KEY_REGEX) {
        struct lw_pattern *pattern = NULL;

        err = lw_pattern_open(&pattern, node->text, &fault);
        lw_pattern_close(pattern);
    }
    if (err == LW_ERR_NOMEM)
        return lw_fault_memory(reading->fault, "the configuration");
    if (err != LW_ERR_OK) {
        lw_complaints_add(reading->complaints, node->place, "%s: %s", reading->key->name, fault.text);
        return LW_ERR_USAGE;
    }
    return LW_ERR_OK;
}

static enum lw_err read_text(const struct reading *reading, const struct lw_node *node)
{
    enum lw_err err = check_text(reading, node);
    const char *text = node->text.at;

    if (err == LW_ERR_OK)
        memcpy(at(reading), &text, sizeof(text));
    return err;
}

static enum lw_err read_number(const struct reading *reading, const struct lw_node *node)
{
    const struct lw_key *key = reading->key;
    double number;
    uint64_t bytes = 0;
    lw_span span;
    uint32_t whole;

    if (key->type == LW_KEY_SPAN) {
        if (!is_span(node->text, &span))
            return wrong_form(reading, node);
        number = (double)span.ms;
    } else if (key->type == LW_KEY_SIZE) {
        if (!lw_value_size(node->text, &bytes))
            return wrong_form(reading, node);
        number = (double)bytes;
    } else if (!lw_scan_decimal(node->text, &number) || number != floor(number)) {
        return wrong_form(reading, node);
    }
    if (number < key->least || number > key->most)
        return wrong_range(reading, node);
    whole = key->type == LW_KEY_WHOLE ? (uint32_t)number : 0;
    if (key->type == LW_KEY_SPAN)
        memcpy(at(reading), &span, sizeof(span));
    else if (key->type == LW_KEY_SIZE)
        memcpy(at(reading), &bytes, sizeof(bytes));
    else
        memcpy(at(reading), &whole, sizeof(whole));
    return LW_ERR_OK;
}

static enum lw_err read_share(const struct reading *reading, const struct lw_node *node)
{
    double share;

    if (!is_share(node->text, &share))
        return wrong_form(reading, node);
    memcpy(at(reading), &share, sizeof(share));
    return LW_ERR_OK;
}

static enum lw_err read_budget(const struct reading *reading, const struct lw_node *node)
{
    double runs;

    if (!lw_wording_budget(node->text, &runs) || runs < BUDGET_LEAST || runs > BUDGET_MOST)
        return wrong_form(reading, node);
    memcpy(at(reading), &runs, sizeof(runs));
    return LW_ERR_OK;
}

/* Quoted, it would be a text; yes, no, on and off are words. */
static enum lw_err read_bool(const struct reading *reading, const struct lw_node *node)
{
    bool value = lw_str_equal(node->text, LW_STR("true"));

    if (node->quoted || (!value && !lw_str_equal(node->text, LW_STR("false"))))
        return wrong_form(reading, node);
    memcpy(at(reading), &value, sizeof(value));
    return LW_ERR_OK;
}

static enum lw_err read_choice(const struct reading *reading, const struct lw_node *node)
{
    int place = lw_keys_choice(reading->key->values, node->text.at, node->text.len);
    unsigned value = (unsigned)place;

    if (place < 0)
        return wrong_choice(reading, node);
    memcpy(at(reading), &value, sizeof(value));
    return LW_ERR_OK;
}

static enum lw_err read_start(const struct reading *reading, const struct lw_node *node)
{
    struct lw_config *config = reading->base;
    lw_time time = {0};
    bool start = lw_str_equal(node->text, LW_STR("start"));

    if (!start && !lw_time_read(node->text, NULL, &time))
        return wrong_form(reading, node);
    config->notify_from_start = start;
    config->notify_from = time;
    return LW_ERR_OK;
}

/* ---- lists ---- */

static enum lw_err check_item(const struct reading *reading, const struct lw_node *item)
{
    if (item->kind != LW_NODE_SCALAR || item->text.len == 0)
        return wrong_form(reading, item);
    for (const struct lw_node *other = item->next; other != NULL; other = other->next) {
        if (other->kind == LW_NODE_SCALAR && lw_str_equal(other->text, item->text)) {
            lw_complaints_add(reading->complaints, other->place, "'%.60s' is in the list twice", other->text.at);
            return LW_ERR_USAGE;
        }
    }
    return LW_ERR_OK;
}

static size_t item_size(enum lw_key_type type)
{
    if (type == LW_KEY_TEXTS)
        return sizeof(const char *);
    if (type == LW_KEY_NAMES)
        return sizeof(struct lw_str);
    return type == LW_KEY_RULES ? sizeof(struct lw_requirement) : sizeof(struct lw_price);
}

static enum lw_err read_item(const struct reading *reading, const struct lw_node *item, void *slot)
{
    enum lw_key_type type = reading->key->type;
    struct lw_price price = {.instance = item->key};
    enum lw_err err;

    if (type == LW_KEY_PRICES) {
        if (item->kind != LW_NODE_SCALAR || !lw_scan_decimal(item->text, &price.per_hour) || price.per_hour < 0 ||
            item->key.len == 0)
            return wrong(reading, item, "a price per hour such as 0.90");
        memcpy(slot, &price, sizeof(price));
        return LW_ERR_OK;
    }
    err = check_item(reading, item);
    if (err != LW_ERR_OK)
        return err;
    if (type == LW_KEY_TEXTS) {
        memcpy(slot, &item->text.at, sizeof(item->text.at));
    } else if (type == LW_KEY_NAMES) {
        memcpy(slot, &item->text, sizeof(item->text));
    } else {
        struct lw_requirement requirement;

        if (!lw_wording_requirement(item->text, &requirement))
            return wrong(reading, item, "SERIES >= NUMBER (or >, <=, <), as in \"validation:accuracy >= 0.8\"");
        memcpy(slot, &requirement, sizeof(requirement));
    }
    return LW_ERR_OK;
}

static enum lw_err read_items(const struct reading *reading, const struct lw_node *node)
{
    const struct lw_key *key = reading->key;
    size_t n = lw_tree_count(node), size = item_size(key->type);
    char *items = lw_arena_array(reading->arena, n, size);
    char *slot = items;
    enum lw_err err = LW_ERR_OK;

    if (items == NULL)
        return lw_fault_memory(reading->fault, "the configuration");
    for (const struct lw_node *item = node->child; item != NULL; item = item->next, slot += size) {
        enum lw_err one = read_item(reading, item, slot);

        if (one != LW_ERR_OK)
            err = one;
    }
    if (err != LW_ERR_OK)
        return err;
    memcpy(at(reading), &items, sizeof(items));
    memcpy((char *)reading->base + key->count, &n, sizeof(n));
    return LW_ERR_OK;
}

static enum lw_err read_choices(const struct reading *reading, const struct lw_node *node)
{
    enum lw_err err = LW_ERR_OK;
    uint32_t bits = 0;

    if (node->child == NULL)
        return wrong_choice(reading, node);
    for (const struct lw_node *item = node->child; item != NULL; item = item->next) {
        int place =
            item->kind == LW_NODE_SCALAR ? lw_keys_choice(reading->key->values, item->text.at, item->text.len) : -1;

        if (place < 0)
            err = wrong_choice(reading, item);
        else
            bits |= 1u << (unsigned)place;
    }
    if (err == LW_ERR_OK)
        memcpy(at(reading), &bits, sizeof(bits));
    return err;
}

/* ---- all of them ---- */

static enum lw_node_kind wanted_kind(enum lw_key_type type)
{
    if (type == LW_KEY_PRICES)
        return LW_NODE_MAP;
    if (type == LW_KEY_CHOICES || type == LW_KEY_TEXTS || type == LW_KEY_NAMES || type == LW_KEY_RULES)
        return LW_NODE_LIST;
    return LW_NODE_SCALAR;
}

static bool is_nothing(const struct lw_node *node)
{
    return node->kind == LW_NODE_SCALAR &&
           (node->text.len == 0 ||
            (!node->quoted && (lw_str_equal(node->text, LW_STR("~")) || lw_str_equal(node->text, LW_STR("null")))));
}

enum lw_err lw_value_read(const struct lw_key *key, const struct lw_node *node, struct lw_arena *arena,
                          struct lw_complaints *complaints, void *base, struct lw_fault *fault)
{
    static enum lw_err (*const readers[LW_KEY_TYPE_COUNT])(const struct reading *, const struct lw_node *) = {
        [LW_KEY_BOOL] = read_bool,     [LW_KEY_WHOLE] = read_number,    [LW_KEY_SHARE] = read_share,
        [LW_KEY_BUDGET] = read_budget, [LW_KEY_SPAN] = read_number,     [LW_KEY_SIZE] = read_number,
        [LW_KEY_CHOICE] = read_choice, [LW_KEY_CHOICES] = read_choices, [LW_KEY_TEXTS] = read_items,
        [LW_KEY_NAMES] = read_items,   [LW_KEY_RULES] = read_items,     [LW_KEY_PRICES] = read_items,
        [LW_KEY_START] = read_start,
    };
    struct reading reading = {.key = key, .arena = arena, .complaints = complaints, .fault = fault, .base = base};

    if (is_nothing(node)) {
        lw_complaints_add(complaints, node->place, "'%s' has no value: write %s, or leave the key out", key->name,
                          lw_keys_form(key->type));
        return LW_ERR_USAGE;
    }
    if (node->kind != wanted_kind(key->type))
        return wrong_form(&reading, node);
    return is_text_type(key->type) ? read_text(&reading, node) : readers[key->type](&reading, node);
}

struct lw_node *lw_value_preset(const struct lw_key *key, struct lw_arena *arena)
{
    struct lw_place nowhere = {.origin = NULL};
    struct lw_node *list;
    const char *word;
    size_t length;

    if (wanted_kind(key->type) == LW_NODE_SCALAR)
        return lw_tree_node(arena, LW_NODE_SCALAR, lw_str_from(key->preset), nowhere);
    list = lw_tree_node(arena, LW_NODE_LIST, LW_STR(""), nowhere);
    for (size_t i = 0; list != NULL && (word = lw_keys_word(key->preset, i, &length)) != NULL; i++) {
        struct lw_node *item = lw_tree_node(arena, LW_NODE_SCALAR, (struct lw_str){.at = word, .len = length}, nowhere);

        if (item == NULL)
            return NULL;
        lw_tree_append(list, item);
    }
    return list;
}
