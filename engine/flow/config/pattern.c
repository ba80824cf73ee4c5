#include "engine/flow/config/pattern.h"

#include "engine/base/fault.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#define NAME_MOST    64 /* of a group; PCRE2 takes 32 */
#define PATTERN_MOST 4096

struct lw_pattern {
    pcre2_general_context *general;
    pcre2_match_context *bounds;
    pcre2_code *code;
    pcre2_match_data *match;
};

/* Through these, so that what PCRE2 takes is counted and failed like everything else in tests. */
static void *take(PCRE2_SIZE n, void *self)
{
    (void)self;
    return malloc(n);
}

static void give(void *block, void *self)
{
    (void)self;
    free(block);
}

void lw_pattern_close(struct lw_pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_match_data_free(pattern->match);
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->bounds);
    pcre2_general_context_free(pattern->general);
    free(pattern);
}

static enum lw_err compile(struct lw_pattern *pattern, struct lw_str regex, struct lw_fault *fault)
{
    pcre2_compile_context *context = pcre2_compile_context_create(pattern->general);
    int code = 0;
    PCRE2_SIZE place = 0;

    if (context == NULL)
        return lw_fault_memory(fault, "a regular expression");
    pcre2_set_max_pattern_length(context, PATTERN_MOST);
    pcre2_set_parens_nest_limit(context, 50);
    /* Names of jobs are ASCII; \C and callouts have no use here. */
    pattern->code = pcre2_compile((PCRE2_SPTR)regex.at, regex.len,
                                  PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &code,
                                  &place, context);
    pcre2_compile_context_free(context);
    if (pattern->code == NULL) {
        PCRE2_UCHAR text[160];

        if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY)
            return lw_fault_memory(fault, "a regular expression");
        if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
            text[0] = '\0';
        return lw_fault_set(fault, LW_ERR_USAGE, "not a regular expression: %s, at its character %zu",
                            (const char *)text, place + 1);
    }
    return LW_ERR_OK;
}

enum lw_err lw_pattern_open(struct lw_pattern **out, struct lw_str regex, struct lw_fault *fault)
{
    struct lw_pattern *pattern = calloc(1, sizeof(*pattern));
    enum lw_err err = LW_ERR_OK;

    if (pattern == NULL)
        return lw_fault_memory(fault, "a regular expression");
    pattern->general = pcre2_general_context_create(take, give, NULL);
    pattern->bounds = pattern->general != NULL ? pcre2_match_context_create(pattern->general) : NULL;
    if (pattern->bounds == NULL)
        err = lw_fault_memory(fault, "a regular expression");
    else
        err = compile(pattern, regex, fault);
    if (err == LW_ERR_OK) {
        pattern->match = pcre2_match_data_create_from_pattern(pattern->code, pattern->general);
        if (pattern->match == NULL)
            err = lw_fault_memory(fault, "a regular expression");
    }
    if (err != LW_ERR_OK) {
        lw_pattern_close(pattern);
        return err;
    }
    pcre2_set_match_limit(pattern->bounds, LW_PATTERN_STEPS_MAX);
    pcre2_set_depth_limit(pattern->bounds, LW_PATTERN_DEPTH_MAX);
    pcre2_set_heap_limit(pattern->bounds, LW_PATTERN_KIB_MAX);
    *out = pattern;
    return LW_ERR_OK;
}

enum lw_err lw_pattern_match(struct lw_pattern *pattern, struct lw_str text, bool *matched, bool *gave_up,
                             struct lw_fault *fault)
{
    int code = pcre2_match(pattern->code, (PCRE2_SPTR)(text.at != NULL ? text.at : ""), text.len, 0, 0, pattern->match,
                           pattern->bounds);

    if (code == PCRE2_ERROR_NOMEMORY)
        return lw_fault_memory(fault, "a regular expression");
    *matched = code >= 0;
    *gave_up = code < 0 && code != PCRE2_ERROR_NOMATCH;
    return LW_ERR_OK;
}

/* ---- names ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What stands behind a '$' at the front of `rest`: takes it off. Empty: neither a group nor a dollar. */
static struct lw_str take_group(struct lw_str *rest)
{
    bool braced = rest->len > 0 && rest->at[0] == '{';
    struct lw_str group = {.at = rest->at + braced, .len = 0};
    size_t left = rest->len - braced;

    if (left > 0 && group.at[0] == '$' && !braced)
        group.len = 1;
    else if (left > 0 && is_digit(group.at[0]))
        while (group.len < left && is_digit(group.at[group.len]))
            group.len++;
    else
        while (group.len < left && is_word(group.at[group.len]))
            group.len++;
    if (braced && (group.len == left || group.at[group.len] != '}'))
        group.len = 0;
    if (group.len > 0) {
        size_t n = group.len + (braced ? 2u : 0u);

        rest->at += n;
        rest->len -= n;
    }
    return group;
}

/* The number of a group, or -1. */
static int number_of(const struct lw_pattern *pattern, struct lw_str group)
{
    char name[NAME_MOST];
    uint32_t count = 0;
    int number = 0;

    if (group.len == 0 || group.len >= sizeof(name))
        return -1;
    if (is_digit(group.at[0])) {
        for (size_t i = 0; i < group.len && number < 10000; i++)
            number = number * 10 + (group.at[i] - '0');
        if (pattern != NULL)
            (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &count);
        return number <= (int)count ? number : -1;
    }
    if (pattern == NULL)
        return -1;
    memcpy(name, group.at, group.len);
    name[group.len] = '\0';
    number = pcre2_substring_number_from_name(pattern->code, (PCRE2_SPTR)name);
    return number > 0 ? number : -1;
}

enum lw_err lw_pattern_check(const struct lw_pattern *pattern, struct lw_str name, struct lw_fault *fault)
{
    while (name.len > 0) {
        bool dollar = name.at[0] == '$';
        struct lw_str group;

        name.at++;
        name.len--;
        if (!dollar)
            continue;
        group = take_group(&name);
        if (lw_str_equal(group, LW_STR("$")))
            continue;
        if (group.len == 0)
            return lw_fault_set(fault, LW_ERR_USAGE,
                                "behind a '$' the name of a group is missing: write $1, $m, ${m}, or $$ for a dollar");
        if (number_of(pattern, group) < 0)
            return lw_fault_set(
                fault, LW_ERR_USAGE, "'$%.*s' is no group of the regular expression: name one as in (?<%.*s>...)",
                (int)(group.len < 40 ? group.len : 40), group.at, (int)(group.len < 32 ? group.len : 32), group.at);
    }
    return LW_ERR_OK;
}

static void put_group(const struct lw_pattern *pattern, int number, struct lw_str text, struct lw_buf *out)
{
    PCRE2_SIZE *places;

    if (number == 0 || pattern == NULL) {
        lw_buf_str(out, text);
        return;
    }
    places = pcre2_get_ovector_pointer(pattern->match) + (size_t)number * 2;
    if (places[0] != PCRE2_UNSET && places[1] > places[0])
        lw_buf_bytes(out, text.at + places[0], places[1] - places[0]);
}

void lw_pattern_name(struct lw_pattern *pattern, struct lw_str name, struct lw_str text, struct lw_buf *out)
{
    while (name.len > 0) {
        char c = name.at[0];
        struct lw_str group;

        name.at++;
        name.len--;
        if (c != '$') {
            lw_buf_char(out, c);
            continue;
        }
        group = take_group(&name);
        if (lw_str_equal(group, LW_STR("$")))
            lw_buf_char(out, '$');
        else
            put_group(pattern, number_of(pattern, group), text, out);
    }
}
