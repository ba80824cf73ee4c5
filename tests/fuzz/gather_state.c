/* Any bytes as the saved state of open runs: refused, or loaded so that saving gives a state that loads again and closes
   to the same runs. The checksum is put right first, since no fuzzer would find it. */
#include "engine/core/gather/gather.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of saved.c: where total size and checksum lie, and where the header ends. */
#define SIZE_AT   16
#define CHECK_AT  24
#define HEADER_AT (64 + 8 * (size_t)LW_REJECT_COUNT)

struct opened {
    struct lw_names *names;
    struct lw_gather *gather;
};

static struct opened open_gather(const struct lw_rules *rules)
{
    struct opened opened = {0};

    if (lw_names_open(&opened.names, 1 << 22, NULL) != LW_ERR_OK ||
        lw_gather_open(&opened.gather, rules, opened.names, 1 << 24, NULL) != LW_ERR_OK)
        abort();
    return opened;
}

static void close_gather(struct opened *opened)
{
    lw_gather_close(opened->gather);
    lw_names_close(opened->names);
}

static void close_runs(struct opened *opened, struct lw_buf *bytes)
{
    struct lw_arena arena = {.ceiling = 1 << 26};
    struct lw_histories histories;

    if (lw_gather_close_all(opened->gather, &arena, &histories, NULL) == LW_ERR_OK)
        for (size_t i = 0; i < histories.models_n; i++)
            for (size_t r = 0; r < histories.models[i].runs_n; r++) {
                const struct lw_run *run = histories.models[i].runs[r];

                if (lw_run_check(run, run->bytes) != LW_ERR_OK)
                    abort();
                lw_buf_bytes(bytes, run, run->bytes);
            }
    lw_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_rules rules = lw_rules_default();
    struct opened first = open_gather(&rules), second = open_gather(&rules);
    struct lw_buf state = {.ceiling = 1 << 24}, a = {.ceiling = 1 << 26}, b = {.ceiling = 1 << 26};
    char *bytes = malloc(size ? size : 1);

    if (bytes == NULL)
        abort();
    memcpy(bytes, data, size);
    if (size >= HEADER_AT) {
        uint64_t total = size, check = 0;

        memcpy(bytes + SIZE_AT, &total, sizeof(total));
        memcpy(bytes + CHECK_AT, &check, sizeof(check));
        check = lw_names_hash((struct lw_str){bytes, HEADER_AT}) ^
                (lw_names_hash((struct lw_str){bytes + HEADER_AT, size - HEADER_AT}) * 31);
        memcpy(bytes + CHECK_AT, &check, sizeof(check));
    }
    if (lw_gather_load(first.gather, bytes, size, NULL) == LW_ERR_OK) {
        if (lw_gather_save(first.gather, &state, NULL) != LW_ERR_OK ||
            lw_gather_load(second.gather, state.at, state.len, NULL) != LW_ERR_OK)
            abort();
        close_runs(&first, &a);
        close_runs(&second, &b);
        if (a.len != b.len || (a.len > 0 && memcmp(a.at, b.at, a.len) != 0))
            abort();
    }
    lw_buf_close(&a);
    lw_buf_close(&b);
    lw_buf_close(&state);
    close_gather(&first);
    close_gather(&second);
    free(bytes);
    return 0;
}
