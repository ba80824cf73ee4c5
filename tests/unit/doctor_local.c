#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/flow/service/doctor_local.h"
#include "engine/store/store.h"
#include "tests/kit/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
    file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    CU_ASSERT_EQUAL(chmod(path, mode), 0);
}

/* `yaml` with @ for the folder of the test. */
static struct lw_config *config_of(const char *yaml)
{
    struct lw_config *config = NULL;
    struct lw_buf errors = {.ceiling = 1 << 20};
    struct lw_buf text = {.ceiling = 1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    char path[512];

    for (; *yaml != '\0'; yaml++) {
        if (*yaml == '@')
            lw_buf_text(&text, folder);
        else
            lw_buf_char(&text, *yaml);
    }
    lw_buf_char(&text, '\0');
    write_file("leeway.yaml", text.at, 0644);
    snprintf(path, sizeof(path), "%s/leeway.yaml", folder);
    if (lw_config_open(&config, path, NULL, 0, &errors, &fault) != LW_ERR_OK)
        printf("# %.*s\n", (int)errors.len, errors.at);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    lw_buf_close(&errors);
    lw_buf_close(&text);
    return config;
}

/* What is found, one JSON object per line; terminated. */
static const char *found(const struct lw_config *config)
{
    static char text[1 << 16];
    struct lw_findings findings = {.text = {.ceiling = sizeof(text) - 1}, .json = true};

    lw_doctor_local(config, &findings);
    CU_ASSERT_EQUAL(findings.text.error, LW_ERR_OK);
    snprintf(text, sizeof(text), "%.*s", (int)findings.text.len, findings.text.len > 0 ? findings.text.at : "");
    lw_buf_close(&findings.text);
    return text;
}

/* Whether a line has all of these. */
static bool has(const char *text, const char *level, const char *what, const char *word)
{
    char level_text[32];
    char what_text[64];

    snprintf(level_text, sizeof(level_text), "\"level\":\"%s\"", level);
    snprintf(what_text, sizeof(what_text), "\"what\":\"%s\"", what);
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        char copy[4096];

        snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
        if (strstr(copy, level_text) && strstr(copy, what_text) && strstr(copy, word))
            return true;
        line = end + 1;
    }
    printf("# no %s of %s with '%s' in:\n# %s\n", level, what, word, text);
    return false;
}

static void make_store(void)
{
    struct lw_store_limits limits = {.spool = 0};
    struct lw_store *store = NULL;
    char path[512];

    snprintf(path, sizeof(path), "%s/leeway.db", folder);
    CU_ASSERT_EQUAL_FATAL(lw_store_open(&store, path, LW_STORE_OWN, &limits, NULL), LW_ERR_OK);
    lw_store_close(store);
}

#define SINKS                                                                                                          \
    "sinks:\n"                                                                                                         \
    "  - {type: loggly, name: good, url: \"https://logs-01.loggly.com\", token_file: @/good.token, spool: 1MiB}\n"     \
    "  - {type: webhook, name: gone, url_file: @/gone.url, format: slack, spool: 1MiB}\n"

static void secrets_files_and_a_store_to_be_are_looked_at(void)
{
    struct lw_config *config;
    const char *text;

    folder = kit_temporary_directory();
    write_file("good.token", "0123456789abcdef\n", 0600);
    write_file("metrics.ndjson", "", 0644);
    config = config_of("store: @/leeway.db\n"
                       "sources:\n"
                       "  - {type: file, name: there, path: @/metrics.ndjson}\n"
                       "  - {type: file, name: missing, path: @/nowhere.ndjson}\n" SINKS);
    text = found(config);
    CU_ASSERT(has(text, "ok", "sink good", "good.token"));
    CU_ASSERT(has(text, "fail", "sink gone", "gone.url: No such file"));
    CU_ASSERT(has(text, "ok", "source there", "can be read"));
    CU_ASSERT(has(text, "warn", "source missing", "No such file"));
    CU_ASSERT(has(text, "warn", "daemon", "leeway watch"));
    CU_ASSERT(has(text, "ok", "store", "is not there yet"));
    CU_ASSERT_PTR_NULL(strstr(text, "0123456789abcdef"));
    make_store();
    text = found(config);
    CU_ASSERT(has(text, "ok", "store", "models: 0"));
    lw_config_close(config);
}

static void a_store_that_is_none_is_said_to_be(void)
{
    struct lw_config *config;

    folder = kit_temporary_directory();
    write_file("leeway.db", "this is no database, and long enough to be seen not to be one at all\n", 0600);
    config = config_of("store: @/leeway.db\nsources: [{type: stdin}]\nsinks: [{type: stdout}]\n");
    CU_ASSERT(has(found(config), "fail", "store", "leeway.db"));
    lw_config_close(config);
}

static void every_allocation_may_fail_fixture(struct lw_config **config)
{
    folder = kit_temporary_directory();
    write_file("good.token", "0123456789abcdef\n", 0600);
    write_file("metrics.ndjson", "", 0644);
    write_file("leeway.db", "", 0600);
    make_store();
    *config = config_of("store: @/leeway.db\nsources: [{type: file, name: there, path: @/metrics.ndjson}]\n"
                        "sinks: [{type: loggly, name: good, url: \"https://logs-01.loggly.com\", token_file: "
                        "@/good.token, spool: 1MiB}]\n");
}

/* Either a finding says what could not be looked at, or the text as a whole is marked as incomplete. */
static bool look(void *self, bool failed)
{
    struct lw_findings findings = {.text = {.ceiling = 1 << 16}, .columns = 80};
    bool complete;

    lw_doctor_local(self, &findings);
    complete = findings.text.error == LW_ERR_OK && findings.counts[LW_FINDING_FAIL] == 0;
    lw_buf_close(&findings.text);
    return complete == !failed;
}

static void every_allocation_may_fail(void)
{
    struct lw_config *config;

    every_allocation_may_fail_fixture(&config);
    CU_ASSERT(kit_alloc_torture(look, config) > 0);
    lw_config_close(config);
}

KIT_SUITE("doctor_local",
          {"secrets, files and a store to be are looked at", secrets_files_and_a_store_to_be_are_looked_at},
          {"a store that is none is said to be", a_store_that_is_none_is_said_to_be},
          {"every allocation may fail", every_allocation_may_fail})
