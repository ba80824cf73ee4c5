/* Any bytes as the record of an open unit: refused, or loaded so that it saves, closes and loads again. The checks are put
   right first, since no fuzzer would find them: that of the record, and that of the gather that begins at the first place
   where its magic stands. */
#include "engine/core/live.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of live_unit.c and saved.c. */
#define UNIT_HEADER   (48 + 8 * 6)
#define GATHER_MAGIC  UINT64_C(0x31307665706f776c)
#define GATHER_HEADER (64 + 8 * (size_t)LW_REJECT_COUNT)
#define SIZE_AT       16
#define CHECK_AT      24

static void mend(char *at, size_t n, size_t header)
{
    uint64_t zero = 0, bytes = n, check;

    if (n < header)
        return;
    memcpy(at + SIZE_AT, &bytes, sizeof(bytes));
    memcpy(at + CHECK_AT, &zero, sizeof(zero));
    check = lw_names_hash((struct lw_str){at, header}) ^ (lw_names_hash((struct lw_str){at + header, n - header}) * 31);
    memcpy(at + CHECK_AT, &check, sizeof(check));
}

static void mend_all(char *at, size_t n)
{
    for (size_t i = 0; i + 8 <= n; i += 8) {
        uint64_t magic;

        memcpy(&magic, at + i, sizeof(magic));
        if (magic == GATHER_MAGIC) {
            mend(at + i, n - i, GATHER_HEADER);
            break;
        }
    }
    mend(at, n, UNIT_HEADER);
}

static void use(struct lw_live *live)
{
    struct lw_arena arena = {.ceiling = 1 << 26};
    struct lw_live_closed closed;
    struct lw_live_counts counts;
    const struct lw_live_record *records;
    bool found = true;
    size_t n;

    while (found && lw_live_close_next(live, (lw_time){0}, true, &arena, &closed, &found, NULL) == LW_ERR_OK && found)
        for (size_t i = 0; i < closed.runs_n; i++)
            if (lw_run_check(closed.runs[i], closed.runs[i]->bytes) != LW_ERR_OK)
                abort();
    lw_live_count(live, &counts);
    if (lw_live_dirty(live, &arena, &records, &n, NULL) == LW_ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            struct lw_live *other = NULL;
            struct lw_rules rules = lw_rules_default();

            if (lw_live_open(&other, &rules, NULL, 1 << 26, NULL) != LW_ERR_OK)
                abort();
            if (lw_live_load(other, 0, records[i].key, records[i].bytes, (lw_time){0}, NULL) == LW_ERR_STATE)
                abort();
            lw_live_close(other);
        }
        (void)lw_live_rollback(live, NULL);
    }
    lw_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lw_str keys[] = {{"run/job", 7}, {"tuning/job", 10}, {"model/m", 7}};
    struct lw_rules rules = lw_rules_default();
    struct lw_live *live = NULL;
    char *bytes;

    if (size < 1)
        return 0;
    bytes = malloc(size);
    if (bytes == NULL || lw_live_open(&live, &rules, NULL, 1 << 26, NULL) != LW_ERR_OK)
        abort();
    memcpy(bytes, data + 1, size - 1);
    mend_all(bytes, size - 1);
    if (lw_live_load(live, 0, keys[data[0] % 3], (struct lw_str){bytes, size - 1}, (lw_time){0}, NULL) == LW_ERR_OK)
        use(live);
    lw_live_close(live);
    free(bytes);
    return 0;
}
