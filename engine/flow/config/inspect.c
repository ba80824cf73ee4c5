#include "engine/flow/config/inspect.h"

#include "engine/base/fault.h"
#include "engine/flow/config/check.h"
#include "engine/flow/config/print/example.h"
#include "engine/flow/config/print/schema.h"
#include "engine/flow/config/print/show.h"
#include "engine/store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX  ((size_t)64 << 20)
#define ARENA_MAX ((size_t)256 << 20)

static enum lw_exit finish(struct lw_session *session, struct lw_buf *text, enum lw_exit done)
{
    enum lw_exit exit =
        lw_session_write(lw_options_value(session->options, "output"), lw_buf_view(text), text->error, done);

    lw_buf_close(text);
    return exit;
}

/* Opens what holds; what is wrong goes to standard error. */
static enum lw_exit open_config(struct lw_session *session, struct lw_config **config)
{
    struct lw_buf errors = {.ceiling = TEXT_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    const char *store = lw_options_value(session->options, "store");
    struct lw_config_given given = {.key = "store", .value = store, .origin = "--store"};
    enum lw_err err =
        lw_config_open(config, lw_options_value(session->options, "config"), &given, store != NULL, &errors, &fault);
    enum lw_exit exit = LW_EXIT_DONE;

    if (err == LW_ERR_USAGE) {
        fwrite(errors.at, 1, errors.len, stderr);
        exit = LW_EXIT_USAGE;
    } else if (err != LW_ERR_OK) {
        exit = lw_session_fail(&fault);
    }
    lw_buf_close(&errors);
    return exit;
}

static enum lw_exit run_show(struct lw_session *session)
{
    struct lw_buf text = {.ceiling = TEXT_MAX};
    struct lw_config *config = NULL;
    enum lw_exit exit = open_config(session, &config);

    if (exit != LW_EXIT_DONE)
        return exit;
    lw_show_write(config, lw_options_has(session->options, "origin"), &text);
    lw_config_close(config);
    return finish(session, &text, LW_EXIT_DONE);
}

/* ---- check ---- */

struct collected {
    struct lw_arena *arena;
    struct lw_buf list; /* of struct lw_check_known */
};

static enum lw_err collect(void *self, const struct lw_store_model *model, struct lw_fault *fault)
{
    struct collected *collected = self;
    struct lw_check_known known = {.run = lw_arena_text(collected->arena, model->last_run),
                                   .model = lw_arena_text(collected->arena, model->model)};

    lw_buf_bytes(&collected->list, &known, sizeof(known));
    if (known.run.at == NULL || known.model.at == NULL || collected->list.error != LW_ERR_OK)
        return lw_fault_memory(fault, "the models of the store");
    return LW_ERR_OK;
}

/* The models of the store, where there is one that can be read. */
static enum lw_err collect_known(const struct lw_config *config, struct collected *collected, bool *found)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_store *store = NULL;
    enum lw_err err;

    *found = false;
    if (access(config->store, F_OK) != 0)
        return LW_ERR_OK;
    err = lw_store_open(&store, config->store, LW_STORE_READ, NULL, &fault);
    if (err == LW_ERR_OK)
        err = lw_store_models(store, collect, collected, &fault);
    lw_store_close(store);
    if (err == LW_ERR_OK)
        *found = true;
    else if (err != LW_ERR_NOMEM)
        lw_session_note("the models are not looked at: %s", fault.text);
    return err == LW_ERR_NOMEM ? err : LW_ERR_OK;
}

static void put_summary(struct lw_buf *text, const struct lw_config *config, const struct lw_check_result *result,
                        bool found)
{
    lw_buf_format(text, "%s: ", config->path != NULL ? config->path : "no file, the defaults hold");
    if (result->errors + result->warnings == 0)
        lw_buf_text(text, "good");
    else
        lw_buf_format(text, "%zu error%s, %zu warning%s", result->errors, result->errors == 1 ? "" : "s",
                      result->warnings, result->warnings == 1 ? "" : "s");
    lw_buf_format(text, " (models: %zu, sources: %zu, sinks: %zu%s)\n", config->models_n - 1, config->sources_n,
                  config->sinks_n, found ? "" : "; no store to hold the models against");
}

static enum lw_exit run_check(struct lw_session *session)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct collected collected = {.arena = &arena, .list = {.ceiling = ARENA_MAX}};
    struct lw_buf text = {.ceiling = TEXT_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_check_result result = {0};
    struct lw_config *config = NULL;
    bool found = false;
    enum lw_exit exit = open_config(session, &config);
    enum lw_err err = LW_ERR_OK;

    if (exit != LW_EXIT_DONE)
        return exit;
    err = collect_known(config, &collected, &found);
    if (err == LW_ERR_OK)
        err = lw_check_config(config, (const struct lw_check_known *)(const void *)collected.list.at,
                              collected.list.len / sizeof(struct lw_check_known), found, &text, &result, &fault);
    if (err != LW_ERR_OK) {
        exit = lw_session_fail(&fault);
    } else {
        put_summary(&text, config, &result, found);
        if (result.errors > 0)
            exit = LW_EXIT_USAGE;
        else if (result.warnings > 0 && lw_options_has(session->options, "strict"))
            exit = LW_EXIT_FOUND;
        exit = finish(session, &text, exit);
    }
    lw_buf_close(&text);
    lw_buf_close(&collected.list);
    lw_arena_close(&arena);
    lw_config_close(config);
    return exit;
}

static enum lw_exit run_schema(struct lw_session *session)
{
    struct lw_buf text = {.ceiling = TEXT_MAX};

    lw_schema_write(&text);
    return finish(session, &text, LW_EXIT_DONE);
}

static enum lw_exit run_example(struct lw_session *session)
{
    struct lw_buf text = {.ceiling = TEXT_MAX};

    lw_example_write(&text);
    return finish(session, &text, LW_EXIT_DONE);
}

enum lw_exit lw_inspect_run(struct lw_session *session)
{
    static const char *const names[] = {"check", "show", "schema", "example"};
    static enum lw_exit (*const runs[])(struct lw_session *) = {run_check, run_show, run_schema, run_example};
    const struct lw_options *options = session->options;
    const char *word = options->operands_n > 0 ? options->operands[0] : "";
    const char *nearest = lw_options_nearest(word, names, 4);
    struct lw_fault fault = {.code = LW_ERR_OK};

    for (size_t i = 0; i < 4 && options->operands_n == 1; i++) {
        if (strcmp(names[i], word) == 0)
            return runs[i](session);
    }
    (void)lw_fault_set(&fault, LW_ERR_USAGE, "say what to do with the configuration: leeway config %s",
                       nearest != NULL ? nearest : "check|show|schema|example");
    return lw_session_fail(&fault);
}
