/* The reader of zone files and of the rules in their footers, with files that are made of the input: counts of changes and
   types, then changes, indexes, types, and the rule. The parser is compiled in, because the program reads files of the
   system only. */
#include "engine/base/zone.c"

static uint8_t next(const uint8_t **at, const uint8_t *end)
{
    return *at < end ? *(*at)++ : 0;
}

static void put_count(struct lw_buf *file, uint8_t count)
{
    lw_buf_bytes(file, "\0\0\0", 3);
    lw_buf_char(file, (char)count);
}

/* RFC 8536 section 3.1: magic, version, 15 bytes unused, six counts. */
static void put_header(struct lw_buf *file, uint8_t changes, uint8_t types)
{
    static const char unused[15] = {0};

    lw_buf_text(file, "TZif2");
    lw_buf_bytes(file, unused, sizeof(unused));
    put_count(file, 0);
    put_count(file, 0);
    put_count(file, 0);
    put_count(file, changes);
    put_count(file, types);
    put_count(file, 1);
}

static void check_zone(const struct lw_buf *file, int64_t local)
{
    struct lw_fault fault;
    struct lw_zone *zone = NULL;

    if (parse_file(file, LW_STR("fuzz"), &zone, &fault) != LW_ERR_OK)
        return;
    for (int64_t step = -3; step <= 3; step++) {
        int64_t utc = lw_zone_utc(zone, local + step * 5400);

        if (utc - local > 2 * OFFSET_MOST + 6 * 5400 || local - utc > 2 * OFFSET_MOST + 6 * 5400)
            abort();
    }
    lw_zone_close(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_buf file = {.ceiling = 1 << 20};
    const uint8_t *end = data + size;
    uint8_t changes;
    uint8_t types;
    int64_t local;

    if (size < 8)
        return 0;
    changes = next(&data, end) % 16;
    types = next(&data, end) % 4;
    local = (int64_t)((uint64_t)next(&data, end) << 32 | (uint64_t)next(&data, end) << 24) - ((int64_t)1 << 36);
    put_header(&file, 0, 1);
    lw_buf_bytes(&file, "\0\0\0\0\0\0", 7); /* the first block: one type, one letter */
    put_header(&file, changes, types);
    lw_buf_bytes(&file, data, (size_t)(end - data));
    check_zone(&file, local);
    lw_buf_clear(&file);
    lw_buf_bytes(&file, data, (size_t)(end - data));
    check_zone(&file, local);
    lw_buf_close(&file);
    return 0;
}
