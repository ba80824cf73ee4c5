/* Any bytes as a store: refused, or opened, and then everything can be read and a turn written without harm. The bytes are
   a patch of a whole store (offset, length, bytes, again), since no fuzzer would make one up; a first byte of 0xff means
   that the rest is the whole file. */
#include "engine/store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[128];
static unsigned char *whole;
static size_t whole_n;

static void fill(struct lw_store *store)
{
    uint64_t seq;
    uint32_t sink;

    if (lw_store_sink(store, LW_STR("loggly"), &sink, NULL) != LW_ERR_OK || lw_store_begin(store, NULL) != LW_ERR_OK ||
        lw_store_put(store, "mark", LW_STR("source"), LW_STR("12"), NULL) != LW_ERR_OK ||
        lw_store_unit_put(store, LW_STR("unit"), 0, true, LW_STR("bytes"), (lw_time){1}, NULL) != LW_ERR_OK)
        abort();
    for (int i = 0; i < 8; i++)
        if (lw_store_seq(store, sink, &seq, NULL) != LW_ERR_OK ||
            lw_store_outbox_add(store, sink, (enum lw_event_kind)(i % LW_EVENT_COUNT), seq, LW_STR("{\"a\":1}"),
                                (lw_time){1}, NULL) != LW_ERR_OK)
            abort();
    if (lw_store_commit(store, NULL) != LW_ERR_OK)
        abort();
}

static void write_whole(const unsigned char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        abort();
}

static void remove_all(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock", ".water", ".new"};
    char name[160];

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void make_whole(void)
{
    struct lw_store *store = NULL;
    FILE *file;

    snprintf(path, sizeof(path), "%s/leeway-fuzz-%ld.db", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
             (long)getpid());
    atexit(remove_all);
    remove_all();
    if (lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL) != LW_ERR_OK)
        abort();
    fill(store);
    lw_store_close(store);
    whole = malloc((size_t)1 << 20);
    file = fopen(path, "rb");
    if (whole == NULL || file == NULL)
        abort();
    whole_n = fread(whole, 1, (size_t)1 << 20, file);
    fclose(file);
}

static enum lw_err text(void *self, struct lw_str name, struct lw_str bytes, struct lw_fault *fault)
{
    (void)fault;
    *(size_t *)self += name.len + bytes.len;
    return LW_ERR_OK;
}

static enum lw_err unit(void *self, struct lw_str key, uint32_t source, struct lw_str bytes, struct lw_fault *fault)
{
    (void)source;
    return text(self, key, bytes, fault);
}

static enum lw_err model(void *self, const struct lw_store_model *read, struct lw_fault *fault)
{
    return text(self, read->model, read->told, fault);
}

static enum lw_err dead(void *self, const struct lw_store_dead *read, struct lw_fault *fault)
{
    return text(self, read->reason, read->body, fault);
}

static enum lw_err loss(void *self, const struct lw_store_loss *read, struct lw_fault *fault)
{
    return text(self, read->class_, read->reason, fault);
}

static bool row(void *context, const struct lw_outbox_row *read)
{
    for (size_t i = 0; i < read->bytes.len; i++)
        *(size_t *)context += (unsigned char)read->bytes.at[i];
    return true;
}

static void use(struct lw_store *store)
{
    struct lw_outbox outbox = lw_store_outbox(store);
    struct lw_arena arena = {.ceiling = (size_t)1 << 24};
    const struct lw_run *const *runs;
    struct lw_store_info info;
    size_t sum = 0, n;
    bool more = true;

    (void)!lw_store_each(store, "mark", text, &sum, NULL);
    (void)!lw_store_units_open(store, unit, &sum, NULL);
    (void)!lw_store_models(store, model, &sum, NULL);
    (void)!lw_store_runs_get(store, LW_STR(""), LW_STR("model"), &arena, &runs, &n, NULL);
    for (uint32_t sink = 0; sink < 3; sink++)
        for (int lane = 0; lane < LW_LANE_COUNT; lane++)
            (void)!outbox.read(outbox.self, sink, (enum lw_lane)lane, 0, row, &sum, NULL);
    (void)!lw_store_dead_each(store, dead, &sum, NULL);
    (void)!lw_store_info(store, &info, NULL);
    if (lw_store_begin(store, NULL) == LW_ERR_OK) {
        (void)!lw_store_put(store, "mark", LW_STR("source"), LW_STR("13"), NULL);
        (void)!lw_store_losses_tell(store, loss, &sum, NULL);
        if (lw_store_commit(store, NULL) != LW_ERR_OK)
            lw_store_rollback(store);
    }
    for (int i = 0; i < 4 && more; i++)
        if (lw_store_maintain(store, (lw_time){INT64_C(1) << 41}, &more, NULL) != LW_ERR_OK)
            break;
    lw_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_store *store = NULL;
    unsigned char *bytes;

    if (whole == NULL)
        make_whole();
    remove_all();
    if (size > 0 && data[0] == 0xff) {
        write_whole(data + 1, size - 1);
    } else {
        bytes = malloc(whole_n);
        if (bytes == NULL)
            abort();
        memcpy(bytes, whole, whole_n);
        while (size > 3) {
            size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % whole_n;
            size_t n = data[3] % 16 + 1u;

            data += 4;
            size -= 4;
            for (size_t i = 0; i < n && i < size && at + i < whole_n; i++)
                bytes[at + i] = data[i];
            data += n < size ? n : size;
            size -= n < size ? n : size;
        }
        write_whole(bytes, whole_n);
        free(bytes);
    }
    if (lw_store_open(&store, path, LW_STORE_OWN, NULL, NULL) == LW_ERR_OK)
        use(store);
    lw_store_close(store);
    return 0;
}
