#define _POSIX_C_SOURCE 200809L

#include "engine/flow/config/check.h"
#include "engine/flow/config/init.h"
#include "engine/flow/config/keys.h"
#include "engine/flow/config/print/example.h"
#include "engine/flow/config/print/schema.h"
#include "engine/flow/config/print/show.h"
#include "engine/flow/config/tree.h"
#include "engine/flow/config/value.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)4 << 20)

static struct lw_fault fault;

static struct lw_config *open_text(struct lw_str text)
{
    static char path[256];
    struct lw_buf errors = {.ceiling = TEXT_MAX};
    struct lw_config *config = NULL;
    FILE *file;

    snprintf(path, sizeof(path), "%s/leeway.yaml", kit_temporary_directory());
    file = fopen(path, "wb");
    if (file == NULL || fwrite(text.at, 1, text.len, file) != text.len || fclose(file) != 0)
        abort();
    CU_ASSERT_EQUAL(lw_config_open(&config, path, NULL, 0, &errors, &fault), LW_ERR_OK);
    if (config == NULL)
        printf("# %.*s\n", (int)errors.len, errors.at);
    lw_buf_close(&errors);
    return config;
}

/* What the check tells with these models in the store. */
static const char *told(const char *text, const struct lw_check_known *known, size_t n, struct lw_check_result *result)
{
    static struct lw_buf out = {.ceiling = TEXT_MAX};
    struct lw_config *config = open_text(lw_str_from(text));

    lw_buf_clear(&out);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(lw_check_config(config, known, n, true, &out, result, &fault), LW_ERR_OK);
    lw_config_close(config);
    lw_buf_char(&out, '\0');
    return out.at;
}

#define KNOWN(job, family)                                                                                             \
    {                                                                                                                  \
        .run = {job, sizeof(job) - 1}, .model = { family, sizeof(family) - 1 }                                         \
    }
static const struct lw_check_known models[] = {
    KNOWN("churn-xgb-2019-06-12-14-03-27", "churn-xgb"),
    KNOWN("fraud-2019-06-12-14-03-27", "fraud"),
};

static void a_model_matched_twice_is_told_with_the_winner(void)
{
    struct lw_check_result result;
    const char *text = told("sources: [{type: stdin}]\n"
                            "models:\n"
                            "  - {match: \"churn-*\"}\n"
                            "  - {regex: \".*-xgb-.*\"}\n"
                            "  - {match: \"fraud-*\"}\n"
                            "  - {match: \"*\"}\n",
                            models, 2, &result);

    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":4: note: 'churn-xgb' matches too, but the block of line 3 wins"));
    CU_ASSERT_EQUAL(result.notes, 1);
    CU_ASSERT_EQUAL(result.warnings, 0);
    CU_ASSERT_EQUAL(result.errors, 0);
}

static void a_rule_for_no_model_is_told(void)
{
    struct lw_check_result result;
    const char *text = told("models: [{match: \"chrun-*\"}, {match: \"fraud-*\"}]\n"
                            "sources: [{type: stdin}]\n"
                            "sinks: [{type: stdout, models: [\"fraud\", \"risk-*\"]}]\n",
                            models, 2, &result);

    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":1: warning: 'chrun-*' matches no model in the store"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":3: warning: 'risk-*' matches no model in the store"));
    CU_ASSERT_EQUAL(result.warnings, 2);
}

static void the_same_pattern_twice_is_told(void)
{
    struct lw_check_result result;
    const char *text = told("sources: [{type: stdin}]\n"
                            "models:\n"
                            "  - {match: \"fraud-*\"}\n"
                            "  - {regex: \"churn.*\"}\n"
                            "  - {match: \"fraud-*\", owner: a}\n",
                            models, 2, &result);

    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, ":5: warning: this block is never reached: that of line 3 matches the same jobs"));
}

static void an_expression_that_takes_too_long_is_told(void)
{
    struct lw_check_known slow = {.run = LW_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc"),
                                  .model = LW_STR("slow")};
    struct lw_check_result result;
    const char *text = told("models: [{regex: \"(a+)+b\"}]\nsources: [{type: stdin}]\n", &slow, 1, &result);

    CU_ASSERT_PTR_NOT_NULL(strstr(text, "warning: the regular expression takes too long for 'aaa"));
}

/* Presets are texts in the table: each must be a value of its own key. */
static void every_preset_is_a_value_of_its_key(void)
{
    struct lw_arena arena = {.ceiling = TEXT_MAX};
    struct lw_complaints complaints = {.errors = NULL, .first = &fault};
    static char base[4096];

    for (size_t i = 0; i < lw_keys_n; i++) {
        struct lw_node *node;

        CU_ASSERT_TRUE(lw_keys[i].help[0] != '\0' && lw_keys[i].help[strlen(lw_keys[i].help) - 1] != '.');
        if (lw_keys[i].preset == NULL)
            continue;
        node = lw_value_preset(&lw_keys[i], &arena);
        CU_ASSERT_PTR_NOT_NULL_FATAL(node);
        if (lw_value_read(&lw_keys[i], node, &arena, &complaints, base, &fault) != LW_ERR_OK) {
            printf("# %s\n", lw_keys[i].name);
            CU_FAIL("the preset is read");
        }
    }
    lw_arena_close(&arena);
}

static void the_example_names_every_key(void)
{
    struct lw_buf text = {.ceiling = TEXT_MAX}, schema = {.ceiling = TEXT_MAX};

    lw_example_write(&text);
    lw_schema_write(&schema);
    lw_buf_char(&text, '\0');
    lw_buf_char(&schema, '\0');
    CU_ASSERT_EQUAL_FATAL(text.error, LW_ERR_OK);
    for (size_t i = 0; i < lw_keys_n; i++) {
        char quoted[64];

        CU_ASSERT_PTR_NOT_NULL(strstr(text.at, lw_keys[i].name));
        snprintf(quoted, sizeof(quoted), "\"%s\": {", lw_keys[i].name);
        CU_ASSERT_PTR_NOT_NULL(strstr(schema.at, quoted));
    }
    lw_buf_close(&text);
    lw_buf_close(&schema);
}

static void texts_that_yaml_would_take_otherwise_are_quoted(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"plain", "plain"},
        {"1 per 370 runs", "1 per 370 runs"},
        {"a: b", "\"a: b\""},
        {"a #b", "\"a #b\""},
        {"true", "\"true\""},
        {"~", "\"~\""},
        {"", "\"\""},
        {"- a", "\"- a\""},
        {"a\"\\", "\"a\\\"\\\\\""},
        {"a\nb\x01", "\"a\\nb\\x01\""},
        {"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\xc3\xbc", "\"\\u0085\\u2028\\ufeff\xc3\xbc\""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_buf out = {.ceiling = 1024};

        lw_show_text(&out, lw_str_from(rows[i].text), false);
        CU_ASSERT_TRUE(lw_str_equal(lw_buf_view(&out), lw_str_from(rows[i].want)));
        lw_buf_close(&out);
    }
}

static bool shows(void *self, bool failed)
{
    struct lw_buf out = {.ceiling = TEXT_MAX};
    struct lw_check_result result;
    enum lw_err err = lw_check_config(self, models, 2, true, &out, &result, &fault);

    lw_show_write(self, true, &out);
    if (err == LW_ERR_OK)
        err = out.error;
    lw_buf_close(&out);
    return failed ? err == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    struct lw_config *config =
        open_text(LW_STR("models: [{regex: \"c(.*)\", name: \"$1\", cadence: {cron: \"@daily\"}}]\n"));

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    /* A regular expression keeps the room for its backtracking from its first match on. */
    CU_ASSERT_TRUE(shows(config, false));
    CU_ASSERT_TRUE(kit_alloc_torture(shows, config) > 0);
    lw_config_close(config);
}

KIT_SUITE("config_check",
          {"a model matched twice is told with the winner", a_model_matched_twice_is_told_with_the_winner},
          {"a rule for no model is told", a_rule_for_no_model_is_told},
          {"the same pattern twice is told", the_same_pattern_twice_is_told},
          {"an expression that takes too long is told", an_expression_that_takes_too_long_is_told},
          {"every preset is a value of its key", every_preset_is_a_value_of_its_key},
          {"example and schema name every key", the_example_names_every_key},
          {"texts that YAML would take otherwise are quoted", texts_that_yaml_would_take_otherwise_are_quoted},
          {"every allocation of showing and checking may fail", every_allocation_may_fail})
