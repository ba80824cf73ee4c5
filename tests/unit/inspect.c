#include "engine/flow/config/inspect.h"

#include "engine/flow/cli/command.h"
#include "engine/store/store.h"
#include "tests/kit/kit.h"
#include "tests/kit/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char place[200];

static char *below(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", place, name);
    return path;
}

/* A store with one run of the model that kit_run_make gives its runs. */
static void make_store(const char *path, const char *job)
{
    struct lw_store *store = NULL;
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_run *run = kit_run_make(&(struct kit_run){.name = job, .start = 1000, .end = 2000});
    const struct lw_run *runs[] = {run};

    CU_ASSERT_EQUAL_FATAL(lw_store_open(&store, path, LW_STORE_OWN, NULL, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_store_begin(store, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_store_runs_put(store, LW_STR("unit"), runs, 1, (lw_time){5000}, NULL, NULL, &fault), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_store_commit(store, &fault), LW_ERR_OK);
    lw_store_close(store);
    free(run);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(fputs(text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

/* Runs `leeway config check`; what it wrote is in `told`. */
static enum lw_exit check(const char *config, const char *store, char told[4096])
{
    struct lw_arena arena = {.ceiling = (size_t)1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_options options;
    struct lw_session session = {.arena = &arena, .options = &options};
    char word[] = "check", c[] = "-c", s[] = "--store", o[] = "-o";
    char config_path[256], store_path[256], out_path[256];
    char *const argv[] = {word, c, config_path, s, store_path, o, below("out", out_path)};
    enum lw_exit exit;
    FILE *file;

    snprintf(config_path, sizeof(config_path), "%s", config);
    snprintf(store_path, sizeof(store_path), "%s", store);
    CU_ASSERT_EQUAL_FATAL(lw_options_read(&lw_command_config, 7, argv, &arena, &options, &fault), LW_ERR_OK);
    exit = lw_inspect_run(&session);
    file = fopen(out_path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    told[fread(told, 1, 4095, file)] = '\0';
    fclose(file);
    lw_arena_close(&arena);
    return exit;
}

static void blocks_are_held_against_the_store(void)
{
    char config[256], store[256], told[4096];

    snprintf(place, sizeof(place), "%s", kit_temporary_directory());
    make_store(below("leeway.db", store), "churn-2019-06-12-14-03-27");
    write_text(below("leeway.yaml", config), "sources: [{type: stdin}]\n"
                                             "models:\n"
                                             "  - {match: \"churn-*\"}\n"
                                             "  - {match: \"c*\"}\n"
                                             "  - {match: \"fraud-*\"}\n");
    CU_ASSERT_EQUAL(check(config, store, told), LW_EXIT_DONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(told, ":4: note: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(told, "matches too, but the block of line 3 wins"));
    CU_ASSERT_PTR_NOT_NULL(strstr(told, ":5: warning: 'fraud-*' matches no model in the store"));
    CU_ASSERT_PTR_NOT_NULL(strstr(told, "0 errors, 1 warning (models: 3, sources: 1, sinks: 1)"));
}

static void a_store_that_is_none_is_passed_over(void)
{
    char config[256], store[256], told[4096];

    write_text(below("broken.db", store),
               "this is no store, and long enough to be taken for more than an empty file\n");
    write_text(below("leeway.yaml", config), "sources: [{type: stdin}]\nmodels: [{match: \"fraud-*\"}]\n");
    CU_ASSERT_EQUAL(check(config, store, told), LW_EXIT_DONE);
    CU_ASSERT_PTR_NULL(strstr(told, "matches no model"));
    CU_ASSERT_PTR_NOT_NULL(strstr(told, "good (models: 1, sources: 1, sinks: 1; no store"));
}

KIT_SUITE("inspect", {"blocks are held against the models of the store", blocks_are_held_against_the_store},
          {"a store that is none is passed over", a_store_that_is_none_is_passed_over})
