/* The whole reader of configurations. What it takes is shown, and what is shown reads back to what is shown again; what it
   refuses has its first error in the fault. */
#define _GNU_SOURCE

#include "engine/flow/config/check.h"
#include "engine/flow/config/config.h"
#include "engine/flow/config/print/show.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static enum lw_err open_bytes(struct lw_config **out, const void *bytes, size_t n, struct lw_buf *errors,
                              struct lw_fault *fault)
{
    char path[64];
    int file = memfd_create("leeway.yaml", 0);
    enum lw_err err;

    if (file < 0 || write(file, bytes, n) != (ssize_t)n)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    err = lw_config_open(out, path, NULL, 0, errors, fault);
    close(file);
    return err;
}

static void show(const struct lw_config *config, struct lw_buf *text)
{
    lw_show_write(config, false, text);
    assert(text->error == LW_ERR_OK);
}

static void use(const struct lw_config *config)
{
    struct lw_arena arena = {.ceiling = (size_t)1 << 20};
    struct lw_buf told = {.ceiling = (size_t)64 << 20};
    struct lw_check_known known = {.run = LW_STR("prod-churn-xgb-2019-06-12-14-03-27"),
                                   .model = LW_STR("prod-churn-xgb")};
    struct lw_config_matched matched;
    struct lw_check_result result;

    assert(lw_config_match(config, known.run, &arena, &matched, NULL) == LW_ERR_OK);
    assert(matched.block < config->models_n);
    assert(lw_check_config(config, &known, 1, true, &told, &result, NULL) == LW_ERR_OK);
    for (size_t i = 0; i < config->models_n; i++) {
        const struct lw_rules *rules = &config->models[i].rules;

        assert(rules->next == NULL || rules->next(rules->schedule, (lw_time){0}).ms > 0);
    }
    lw_arena_close(&arena);
    lw_buf_close(&told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_buf errors = {.ceiling = (size_t)16 << 20};
    struct lw_buf first = {.ceiling = (size_t)64 << 20}, second = {.ceiling = (size_t)64 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_config *config = NULL;
    enum lw_err err = open_bytes(&config, data, size, &errors, &fault);

    if (err != LW_ERR_OK) {
        assert(config == NULL && fault.code != LW_ERR_OK && fault.text[0] != '\0');
        assert(err != LW_ERR_USAGE || errors.len > 0);
    } else {
        use(config);
        show(config, &first);
        lw_config_close(config);
        config = NULL;
        err = open_bytes(&config, first.at, first.len, &errors, &fault);
        if (err != LW_ERR_OK)
            fprintf(stderr, "%.*s\n---\n%.*s\n", (int)errors.len, errors.at, (int)first.len, first.at);
        assert(err == LW_ERR_OK);
        show(config, &second);
        assert(lw_str_equal(lw_buf_view(&first), lw_buf_view(&second)));
    }
    lw_config_close(config);
    lw_buf_close(&errors);
    lw_buf_close(&first);
    lw_buf_close(&second);
    return 0;
}
