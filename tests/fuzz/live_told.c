/* Any bytes as the record of what was told of a model's alerts: refused, or read so that the record written from it reads
   the same. The check is put right first, since no fuzzer would find it. */
#include "engine/core/live.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of live_record.c. */
#define HEADER   32
#define SIZE_AT  16
#define CHECK_AT 24

static void mend(char *at, size_t n)
{
    uint64_t zero = 0, bytes = n, check;

    if (n < HEADER)
        return;
    memcpy(at + SIZE_AT, &bytes, sizeof(bytes));
    memcpy(at + CHECK_AT, &zero, sizeof(zero));
    check = lw_names_hash((struct lw_str){at, HEADER}) ^ (lw_names_hash((struct lw_str){at + HEADER, n - HEADER}) * 31);
    memcpy(at + CHECK_AT, &check, sizeof(check));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_arena arena = {.ceiling = 1 << 26};
    struct lw_judged nothing = {0};
    struct lw_buf after = {.ceiling = 1 << 26}, again = {.ceiling = 1 << 26};
    const struct lw_alert_event *events;
    const struct lw_told_alert *alerts;
    char *bytes = malloc(size ? size : 1);
    size_t n, events_n;

    if (bytes == NULL)
        abort();
    memcpy(bytes, data, size);
    mend(bytes, size);
    if (lw_live_difference((struct lw_str){bytes, size}, &nothing, &arena, &events, &events_n, &after, NULL) ==
        LW_ERR_OK) {
        if (events_n != 0 || lw_live_told(lw_buf_view(&after), &arena, &alerts, &n, NULL) != LW_ERR_OK)
            abort();
        if (lw_live_difference(lw_buf_view(&after), &nothing, &arena, &events, &events_n, &again, NULL) != LW_ERR_OK ||
            again.len != after.len || memcmp(again.at, after.at, after.len) != 0)
            abort();
    }
    lw_buf_close(&after);
    lw_buf_close(&again);
    lw_arena_close(&arena);
    free(bytes);
    return 0;
}
