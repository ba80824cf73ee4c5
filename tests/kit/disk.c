#define _GNU_SOURCE
#include "tests/kit/disk.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- Memory --- */

static sqlite3_mem_methods real_memory;
static uint64_t memory_calls, memory_nth;
static int64_t memory_held;
static bool memory_forever;

static bool memory_fails(void)
{
    uint64_t n = ++memory_calls;

    return memory_nth != 0 && (n == memory_nth || (n > memory_nth && memory_forever));
}

static void *take(int n)
{
    void *at = memory_fails() ? NULL : real_memory.xMalloc(n);

    memory_held += at != NULL;
    return at;
}

static void *retake(void *at, int n)
{
    return memory_fails() ? NULL : real_memory.xRealloc(at, n);
}

static void give(void *at)
{
    memory_held -= at != NULL;
    real_memory.xFree(at);
}

void kit_disk_memory_fail(uint64_t nth, bool forever)
{
    memory_calls = 0;
    memory_nth = nth;
    memory_forever = forever;
}

uint64_t kit_disk_memory_calls(void)
{
    return memory_calls;
}

int64_t kit_disk_memory_outstanding(void)
{
    return memory_held;
}

/* --- Recording --- */

enum change { CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_SYNC };

struct record {
    enum change change;
    int file; /* 0: the database, 1: its log */
    sqlite3_int64 at;
    int n;
    char *bytes;
};

static struct record *records;
static size_t records_n, records_capacity;
static char recorded_path[512];
static char *base[2];
static size_t base_n[2];
static bool recording;

static void note(int file, enum change change, sqlite3_int64 at, const void *bytes, int n)
{
    struct record record = {.change = change, .file = file, .at = at, .n = n};

    if (!recording || file < 0)
        return;
    if (records_n == records_capacity) {
        records_capacity = records_capacity ? 2 * records_capacity : 1024;
        records = realloc(records, records_capacity * sizeof(*records));
        assert(records);
    }
    if (bytes != NULL) {
        record.bytes = malloc((size_t)n);
        assert(record.bytes);
        memcpy(record.bytes, bytes, (size_t)n);
    }
    records[records_n++] = record;
}

static char *whole_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t capacity = 0;

    *n = 0;
    while (file != NULL && !feof(file)) {
        if (*n == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            bytes = realloc(bytes, capacity);
            assert(bytes);
        }
        *n += fread(bytes + *n, 1, capacity - *n, file);
    }
    if (file != NULL)
        fclose(file);
    return bytes;
}

void kit_disk_record_start(const char *path)
{
    char wal[600];

    kit_disk_record_stop();
    snprintf(recorded_path, sizeof(recorded_path), "%s", path);
    snprintf(wal, sizeof(wal), "%s-wal", path);
    base[0] = whole_file(path, &base_n[0]);
    base[1] = whole_file(wal, &base_n[1]);
    recording = true;
}

void kit_disk_record_stop(void)
{
    for (size_t i = 0; i < records_n; i++)
        free(records[i].bytes);
    free(records);
    free(base[0]);
    free(base[1]);
    records = NULL;
    base[0] = base[1] = NULL;
    records_n = records_capacity = 0;
    recording = false;
}

uint64_t kit_disk_recorded(void)
{
    return records_n;
}

struct image {
    char *bytes;
    size_t n, capacity;
};

static void need(struct image *image, size_t n)
{
    if (n > image->capacity) {
        image->capacity = 2 * n;
        image->bytes = realloc(image->bytes, image->capacity);
        assert(image->bytes);
    }
    if (n > image->n) {
        memset(image->bytes + image->n, 0, n - image->n);
        image->n = n;
    }
}

static void apply(struct image *image, const struct record *record, size_t from, size_t to)
{
    if (record->change == CHANGE_TRUNCATE) {
        need(image, (size_t)record->at);
        image->n = (size_t)record->at;
    } else if (record->change == CHANGE_WRITE) {
        need(image, (size_t)record->at + to);
        memcpy(image->bytes + record->at + from, record->bytes + from, to - from);
    }
}

/* Each sector is there or not by itself. */
static void tear(struct image *image, const struct record *record, struct kit_random *random)
{
    for (size_t from = 0; from < (size_t)record->n; from += 512) {
        size_t to = from + 512 < (size_t)record->n ? from + 512 : (size_t)record->n;

        if (kit_random_bits(random) % 2 == 0)
            apply(image, record, from, to);
    }
}

static void cut_file(int file, uint64_t nth, struct kit_random *random, const char *to)
{
    struct image image = {.capacity = base_n[file] + 1};
    size_t synced = 0;
    FILE *out;

    image.bytes = malloc(image.capacity);
    assert(image.bytes);
    if (base_n[file] > 0)
        memcpy(image.bytes, base[file], base_n[file]);
    image.n = base_n[file];
    for (size_t i = 0; i < nth; i++)
        if (records[i].file == file && records[i].change == CHANGE_SYNC)
            synced = i;
    for (size_t i = 0; i < nth; i++) {
        if (records[i].file != file)
            continue;
        if (i < synced || kit_random_bits(random) % 2 == 0)
            apply(&image, &records[i], 0, (size_t)records[i].n);
        else if (records[i].change == CHANGE_WRITE && kit_random_bits(random) % 2 == 0)
            tear(&image, &records[i], random);
    }
    out = fopen(to, "wb");
    assert(out && fwrite(image.bytes, 1, image.n, out) == image.n);
    fclose(out);
    free(image.bytes);
}

void kit_disk_cut(uint64_t nth, struct kit_random *random, const char *to)
{
    static const char *const beside[] = {"-shm", "-wal", ".lock", ".water"};
    char name[600];

    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", to, beside[i]);
        unlink(name);
    }
    cut_file(0, nth, random, to);
    snprintf(name, sizeof(name), "%s-wal", to);
    cut_file(1, nth, random, name);
}

/* --- Failing --- */

static sqlite3_vfs *real_vfs;
static uint64_t calls, failing;
static enum kit_disk_fault failing_as;
static bool failing_on;

void kit_disk_fail(uint64_t nth, enum kit_disk_fault fault, bool forever)
{
    calls = 0;
    failing = nth;
    failing_as = fault;
    failing_on = forever;
}

uint64_t kit_disk_calls(void)
{
    return calls;
}

/* `code`: what this call returns for a failing device; `room`: it needs room on the disk. */
static int failure(int code, bool room)
{
    uint64_t n = ++calls;

    if (failing == 0 || n < failing || (n > failing && !failing_on))
        return SQLITE_OK;
    if (failing_as == KIT_DISK_IO)
        return code;
    return room ? SQLITE_FULL : SQLITE_OK;
}

struct disk_file {
    sqlite3_file base;
    int file; /* of the recording, or -1 */
    sqlite3_file *real;
};

#define REAL(file) (((struct disk_file *)(void *)(file))->real)
#define FILE_OF(f) (((struct disk_file *)(void *)(f))->file)

static int disk_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int disk_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    int rc = failure(SQLITE_IOERR_READ, false);

    return rc != SQLITE_OK ? rc : REAL(file)->pMethods->xRead(REAL(file), to, n, at);
}

static int disk_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
    int rc = failure(SQLITE_IOERR_WRITE, true);

    if (rc == SQLITE_OK)
        rc = REAL(file)->pMethods->xWrite(REAL(file), from, n, at);
    if (rc == SQLITE_OK)
        note(FILE_OF(file), CHANGE_WRITE, at, from, n);
    return rc;
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = failure(SQLITE_IOERR_TRUNCATE, false);

    if (rc == SQLITE_OK)
        rc = REAL(file)->pMethods->xTruncate(REAL(file), size);
    if (rc == SQLITE_OK)
        note(FILE_OF(file), CHANGE_TRUNCATE, size, NULL, 0);
    return rc;
}

static int disk_sync(sqlite3_file *file, int flags)
{
    int rc = failure(SQLITE_IOERR_FSYNC, false);

    (void)flags; /* the real sync is spared: this disk is the judge of what lasts */
    if (rc == SQLITE_OK)
        note(FILE_OF(file), CHANGE_SYNC, 0, NULL, 0);
    return rc;
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int rc = failure(SQLITE_IOERR_FSTAT, false);

    return rc != SQLITE_OK ? rc : REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int disk_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int disk_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int disk_check_lock(sqlite3_file *file, int *out)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}

static int disk_control(sqlite3_file *file, int op, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), op, argument);
}

static int disk_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int disk_traits(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    int rc = failure(SQLITE_IOERR_SHMMAP, extend != 0);

    return rc != SQLITE_OK ? rc : REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}

static int disk_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags);
}

static void disk_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int disk_shm_unmap(sqlite3_file *file, int remove)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static int file_of(const char *name)
{
    size_t n = strlen(recorded_path);

    if (!recording || name == NULL || strncmp(name, recorded_path, n) != 0)
        return -1;
    return name[n] == '\0' ? 0 : strcmp(name + n, "-wal") == 0 ? 1 : -1;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct disk_file *disk = (struct disk_file *)(void *)file;
    int rc = failure(SQLITE_CANTOPEN, false);

    (void)vfs;
    file->pMethods = NULL;
    if (rc != SQLITE_OK)
        return rc;
    disk->real = (sqlite3_file *)(void *)(disk + 1);
    disk->file = file_of(name);
    rc = real_vfs->xOpen(real_vfs, name, disk->real, flags, out);
    if (disk->real->pMethods != NULL)
        file->pMethods = &methods;
    return rc;
}

void kit_disk_install(void)
{
    static sqlite3_vfs vfs;
    static sqlite3_mem_methods memory;

    assert(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) == SQLITE_OK);
    memory = real_memory;
    memory.xMalloc = take;
    memory.xRealloc = retake;
    memory.xFree = give;
    assert(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) == SQLITE_OK);
    assert(sqlite3_initialize() == SQLITE_OK);
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "kit-disk";
    vfs.szOsFile = (int)sizeof(struct disk_file) + real_vfs->szOsFile;
    vfs.pNext = NULL;
    vfs.xOpen = disk_open;
    assert(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
