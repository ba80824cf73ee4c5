#include "engine/core/gather/saved.h"

#include "engine/base/fault.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Layout: header, names (length, bytes, padding to 8), runs (record and its facts), curves (record and its sets). Names
   are numbered from 1 in the order in which they lie there; 0 is the empty text. Numbers are in the order of bytes of
   the machine; a state from a machine with the other order has another magic number. */
#define MAGIC   UINT64_C(0x31307665706f776c)
#define VERSION UINT32_C(1)

struct header {
    uint64_t magic;
    uint32_t version, rejects;
    uint64_t bytes; /* of everything */
    uint64_t check; /* see check_of */
    uint32_t names, runs, curves, has_data_end;
    int64_t data_end;
    uint64_t duplicates;
    uint64_t rejected[LW_REJECT_COUNT];
};

/* Of everything but the check itself, which counts as 0. */
static uint64_t check_of(const struct header *header, const char *rest, size_t n)
{
    struct header clean = *header;

    clean.check = 0;
    return lw_names_hash((struct lw_str){(const char *)&clean, sizeof(clean)}) ^
           (lw_names_hash((struct lw_str){rest, n}) * 31);
}

struct run_record {
    uint32_t origin, model, run, facts;
    uint32_t flags; /* enum lw_facts_flag */
    uint32_t beats;
    int64_t first, last;
    uint64_t period, points;
};

struct fact_record {
    uint32_t key, text;
    uint8_t kind, rank, has_at, has_until;
    uint32_t none;
    int64_t at, until;
    double number;
};

/* Followed by its sets: a key (time, members that are known, two flags) and either one value for all members or one for
   each that is known. */
struct curve_record {
    uint32_t run, metric, steps, none;
    uint64_t sets, raw;
};

#define KEY_RANGE      128
#define KEY_CLOUDWATCH 32
#define KEY_SINGLE     64 /* one value, count 1, all statistics known */

static const struct {
    uint8_t bit;
    size_t at;
} set_members[] = {
    {LW_KNOWN_SUM, offsetof(struct lw_set, sum)},         {LW_KNOWN_MIN, offsetof(struct lw_set, min)},
    {LW_KNOWN_MAX, offsetof(struct lw_set, max)},         {LW_KNOWN_COUNT, offsetof(struct lw_set, count)},
    {LW_KNOWN_AVERAGE, offsetof(struct lw_set, average)},
};
#define MEMBERS (sizeof(set_members) / sizeof(set_members[0]))

/* Ids of names become numbers of this state. What it takes hangs on the state alone, since the table of names may be
   much larger than that. */
struct numbering {
    const struct lw_names *names;
    uint32_t *ids; /* by number - 1, ascending */
    size_t n;
};

static void number_name(struct numbering *numbering, uint32_t id)
{
    if (lw_names_text(numbering->names, id).len > 0)
        numbering->ids[numbering->n++] = id;
}

static int by_id(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static uint32_t number_of(const struct numbering *numbering, uint32_t id)
{
    const uint32_t *found;

    if (numbering->n == 0 || lw_names_text(numbering->names, id).len == 0)
        return 0;
    found = bsearch(&id, numbering->ids, numbering->n, sizeof(id), by_id);
    return found != NULL ? (uint32_t)(found - numbering->ids) + 1 : 0;
}

/* How many names there can be at most. */
static size_t names_of(const struct lw_open_runs *open)
{
    size_t n = (size_t)open->curves_n;

    for (uint32_t i = 0; i < open->runs_n; i++)
        n += 3 + (open->runs[i].facts != NULL ? (size_t)2 * LW_FACTS_SLOTS + open->runs[i].facts->items_n : 0);
    return n;
}

static void number_all(struct numbering *numbering, const struct lw_open_runs *open)
{
    size_t kept = 0;

    for (uint32_t i = 0; i < open->runs_n; i++) {
        const struct lw_open_run *run = &open->runs[i];

        number_name(numbering, run->origin);
        number_name(numbering, run->model);
        number_name(numbering, run->run);
        for (size_t k = 0; run->facts != NULL && k < LW_FACTS_SLOTS; k++) {
            number_name(numbering, run->facts->slots[k].key);
            number_name(numbering, run->facts->slots[k].text);
        }
        for (size_t k = 0; run->facts != NULL && k < run->facts->items_n; k++)
            number_name(numbering, run->facts->items[k].name);
    }
    for (uint32_t i = 0; i < open->curves_n; i++)
        number_name(numbering, lw_open_runs_at(open, i)->metric);
    if (numbering->n > 1)
        qsort(numbering->ids, numbering->n, sizeof(*numbering->ids), by_id);
    for (size_t i = 0; i < numbering->n; i++)
        if (kept == 0 || numbering->ids[kept - 1] != numbering->ids[i])
            numbering->ids[kept++] = numbering->ids[i];
    numbering->n = kept;
}

static void write_names(const struct numbering *numbering, struct lw_buf *out)
{
    static const char zeros[8];

    for (size_t i = 0; i < numbering->n; i++) {
        struct lw_str text = lw_names_text(numbering->names, numbering->ids[i]);
        uint64_t len = text.len;

        lw_buf_bytes(out, &len, sizeof(len));
        lw_buf_str(out, text);
        lw_buf_bytes(out, zeros, (8 - text.len % 8) % 8);
    }
}

static void write_fact(const struct numbering *numbering, const struct lw_fact *fact, struct lw_buf *out)
{
    struct fact_record record = {.key = number_of(numbering, fact->key),
                                 .text = number_of(numbering, fact->text),
                                 .kind = fact->kind,
                                 .rank = fact->rank,
                                 .has_at = fact->has_at,
                                 .has_until = fact->has_until,
                                 .at = fact->at.ms,
                                 .until = fact->until.ms,
                                 .number = fact->number};

    lw_buf_bytes(out, &record, sizeof(record));
}

static struct lw_fact fact_of_item(const struct lw_facts_item *item)
{
    return (struct lw_fact){.key = item->kind == LW_FACT_PHASE ? 0 : item->name,
                            .text = item->kind == LW_FACT_PHASE ? item->name : 0,
                            .kind = item->kind,
                            .rank = item->rank,
                            .has_at = item->has_at,
                            .has_until = item->has_until,
                            .at = {item->at},
                            .until = {item->until},
                            .number = item->number};
}

static void write_run(const struct numbering *numbering, const struct lw_open_run *run, struct lw_buf *out)
{
    struct run_record record = {.origin = number_of(numbering, run->origin),
                                .model = number_of(numbering, run->model),
                                .run = number_of(numbering, run->run),
                                .beats = run->heartbeat.seen,
                                .first = run->heartbeat.first,
                                .last = run->heartbeat.last,
                                .period = run->heartbeat.period,
                                .points = run->points};
    const struct lw_facts *facts = run->facts;

    if (facts != NULL) {
        record.flags = facts->flags;
        record.facts = (uint32_t)facts->items_n;
        for (size_t i = 0; i < LW_FACTS_SLOTS; i++)
            record.facts += facts->slots[i].rank != 0;
    }
    lw_buf_bytes(out, &record, sizeof(record));
    for (size_t i = 0; facts != NULL && i < LW_FACTS_SLOTS; i++)
        if (facts->slots[i].rank != 0)
            write_fact(numbering, &facts->slots[i], out);
    for (size_t i = 0; facts != NULL && i < facts->items_n; i++) {
        struct lw_fact fact = fact_of_item(&facts->items[i]);

        write_fact(numbering, &fact, out);
    }
}

static bool single(const struct lw_set *set)
{
    return set->known == LW_SET_ALL && set->count == 1.0 && set->min == set->average && set->max == set->average &&
           set->sum == set->average;
}

static void write_set(const struct lw_set *set, struct lw_buf *out)
{
    bool one = single(set);
    int64_t key = set->at * KEY_RANGE + (one ? KEY_SINGLE : 0) + (set->cloudwatch ? KEY_CLOUDWATCH : 0) + set->known;

    lw_buf_bytes(out, &key, sizeof(key));
    for (size_t i = 0; i < MEMBERS; i++)
        if (one ? set_members[i].bit == LW_KNOWN_AVERAGE : (set->known & set_members[i].bit) != 0)
            lw_buf_bytes(out, (const char *)set + set_members[i].at, sizeof(double));
}

static void write_curve(const struct numbering *numbering, const struct lw_open_curve *curve, struct lw_buf *out)
{
    struct curve_record record = {.run = curve->run,
                                  .metric = number_of(numbering, curve->metric),
                                  .steps = curve->steps,
                                  .sets = lw_curve_stored(&curve->curve),
                                  .raw = curve->curve.raw};
    struct lw_curve_cursor cursor = {0};
    struct lw_set set;

    lw_buf_bytes(out, &record, sizeof(record));
    while (lw_curve_next(&curve->curve, &cursor, &set))
        write_set(&set, out);
}

static void write_all(const struct lw_gather *gather, const struct numbering *numbering, struct lw_buf *out)
{
    struct header header = {.magic = MAGIC,
                            .version = VERSION,
                            .rejects = LW_REJECT_COUNT,
                            .names = (uint32_t)numbering->n,
                            .runs = gather->open.runs_n,
                            .curves = gather->open.curves_n,
                            .has_data_end = gather->has_data_end,
                            .data_end = gather->has_data_end ? gather->data_end : 0,
                            .duplicates = gather->duplicates};
    size_t begin = out->len;

    memcpy(header.rejected, gather->rejected, sizeof(header.rejected));
    lw_buf_bytes(out, &header, sizeof(header));
    write_names(numbering, out);
    for (uint32_t i = 0; i < gather->open.runs_n; i++)
        write_run(numbering, &gather->open.runs[i], out);
    for (uint32_t i = 0; i < gather->open.curves_n; i++)
        write_curve(numbering, lw_open_runs_at(&gather->open, i), out);
    if (out->error != LW_ERR_OK)
        return;
    header.bytes = out->len - begin;
    header.check = check_of(&header, out->at + begin + sizeof(header), (size_t)header.bytes - sizeof(header));
    memcpy(out->at + begin, &header, sizeof(header));
}

enum lw_err lw_saved_write(const struct lw_gather *gather, struct lw_buf *out, struct lw_fault *fault)
{
    struct numbering numbering = {.names = gather->names};
    size_t begin = out->len;

    numbering.ids = calloc(names_of(&gather->open) + 1, sizeof(*numbering.ids));
    if (numbering.ids == NULL)
        return lw_fault_memory(fault, "the saved state");
    number_all(&numbering, &gather->open);
    write_all(gather, &numbering, out);
    free(numbering.ids);
    if (out->error == LW_ERR_OK)
        return LW_ERR_OK;
    out->len = begin;
    return lw_fault_set(fault, out->error, "the saved state does not fit into the room that was given for it");
}

struct reader {
    struct lw_gather *gather;
    const char *at;
    size_t left;
    uint32_t *ids; /* of names, by number */
    uint32_t names;
    enum lw_err err; /* LW_ERR_OK: damaged, when a function here says false */
};

static bool read_bytes(struct reader *reader, void *out, size_t n)
{
    if (n > reader->left)
        return false;
    memcpy(out, reader->at, n);
    reader->at += n;
    reader->left -= n;
    return true;
}

static bool out_of_memory(struct reader *reader)
{
    reader->err = reader->gather->memory.full ? LW_ERR_LIMIT : LW_ERR_NOMEM;
    return false;
}

static bool read_names(struct reader *reader, uint32_t n)
{
    /* Each name takes 16 bytes at least, so that a false number cannot ask for much memory. */
    if (n > reader->left / 16)
        return false;
    reader->ids = calloc((size_t)n + 1, sizeof(*reader->ids));
    if (reader->ids == NULL)
        return out_of_memory(reader);
    for (uint32_t i = 1; i <= n; i++) {
        uint64_t len;
        struct lw_str text;

        if (!read_bytes(reader, &len, sizeof(len)) || len == 0 || len > reader->left ||
            (len + 7) / 8 * 8 > reader->left)
            return false;
        text = (struct lw_str){reader->at, (size_t)len};
        reader->err = lw_names_add(reader->gather->names, text, &reader->ids[i], NULL);
        if (reader->err != LW_ERR_OK)
            return false;
        reader->at += (len + 7) / 8 * 8;
        reader->left -= (size_t)((len + 7) / 8 * 8);
    }
    reader->names = n;
    return true;
}

static bool valid_heartbeat(const struct run_record *record)
{
    if (record->beats == 0)
        return true;
    if (record->beats > 1 || record->first < LW_TIME_MIN || record->last > LW_TIME_MAX || record->last < record->first)
        return false;
    if (record->period == 0)
        return record->first == record->last;
    return record->last > record->first && (uint64_t)(record->last - record->first) % record->period == 0;
}

static bool read_fact(struct reader *reader, struct lw_facts *facts, bool named)
{
    struct fact_record record;
    struct lw_fact fact;
    enum lw_reject reason;

    if (!read_bytes(reader, &record, sizeof(record)) || record.key > reader->names || record.text > reader->names ||
        record.has_at > 1 || record.has_until > 1 || isnan(record.number) ||
        (!named && record.kind != LW_FACT_NOT_A_NUMBER)) /* as lw_gather_facts */
        return false;
    fact = (struct lw_fact){.key = reader->ids[record.key],
                            .text = reader->ids[record.text],
                            .kind = record.kind,
                            .rank = record.rank,
                            .has_at = record.has_at,
                            .has_until = record.has_until,
                            .at = {record.at},
                            .until = {record.until},
                            .number = record.number};
    if (!lw_facts_valid(&fact, &reason))
        return false;
    return lw_facts_add(facts, &fact, reader->gather->names, &reader->gather->memory) || out_of_memory(reader);
}

#define FLAGS_ALL ((uint32_t)(LW_FACTS_SPOT | LW_FACTS_NO_CLOCK | LW_FACTS_OUT_OF_TIME | LW_FACTS_INTERRUPTED))

static bool read_run(struct reader *reader, uint32_t index)
{
    struct lw_gather *gather = reader->gather;
    struct run_record record;
    struct lw_facts *facts;
    uint32_t run;

    if (!read_bytes(reader, &record, sizeof(record)) || record.origin > reader->names || record.model > reader->names ||
        record.run > reader->names || (record.flags & ~FLAGS_ALL) || !valid_heartbeat(&record) ||
        (record.run == 0 && (record.beats || record.flags)) || record.facts > reader->left / sizeof(struct fact_record))
        return false;
    run = lw_open_runs_run(&gather->open, reader->ids[record.origin], reader->ids[record.model],
                           reader->ids[record.run], &gather->memory);
    if (run == LW_OPEN_NONE)
        return out_of_memory(reader);
    if (run != index)
        return false;
    gather->open.runs[run].points = record.points;
    if (record.beats)
        gather->open.runs[run].heartbeat = (struct lw_heartbeat){record.first, record.last, record.period, true};
    if (record.facts == 0 && record.flags == 0)
        return true;
    facts = lw_open_runs_facts(&gather->open, run, &gather->memory);
    if (facts == NULL)
        return out_of_memory(reader);
    for (uint32_t i = 0; i < record.facts; i++)
        if (!read_fact(reader, facts, record.run != 0))
            return false;
    facts->flags |= record.flags;
    return true;
}

static bool read_set(struct reader *reader, struct lw_set *set)
{
    struct lw_point point = {0};
    struct lw_set read = {0};
    enum lw_reject reason;
    int64_t key;
    unsigned bits;

    if (!read_bytes(reader, &key, sizeof(key)))
        return false;
    bits = (unsigned)((uint64_t)key % KEY_RANGE);
    read.known = bits & LW_SET_ALL;
    for (size_t i = 0; i < MEMBERS; i++)
        if (bits & KEY_SINGLE ? set_members[i].bit == LW_KNOWN_AVERAGE : (bits & set_members[i].bit) != 0)
            if (!read_bytes(reader, (char *)&read + set_members[i].at, sizeof(double)))
                return false;
    if (bits & KEY_SINGLE) {
        read.sum = read.min = read.max = read.average;
        read.count = 1.0;
    }
    point = (struct lw_point){.at = (key - (int64_t)bits) / KEY_RANGE,
                              .sum = read.sum,
                              .min = read.min,
                              .max = read.max,
                              .count = read.count,
                              .average = read.average,
                              .known = read.known,
                              .flags = bits & KEY_CLOUDWATCH ? LW_POINT_CLOUDWATCH : 0};
    return lw_set_from_point(&point, set, &reason);
}

static bool read_curve(struct reader *reader, uint32_t index)
{
    struct lw_gather *gather = reader->gather;
    struct curve_record record;
    struct lw_open_curve *curve;
    uint32_t at;

    if (!read_bytes(reader, &record, sizeof(record)) || record.run >= gather->open.runs_n || record.metric == 0 ||
        record.metric > reader->names || record.steps > 1 || record.raw < record.sets ||
        record.sets > reader->left / 16 || (record.steps && gather->open.runs[record.run].run == 0))
        return false;
    at = lw_open_runs_curve(&gather->open, record.run, reader->ids[record.metric], record.steps != 0, &gather->memory);
    if (at == LW_OPEN_NONE)
        return out_of_memory(reader);
    if (at != index)
        return false;
    curve = lw_open_runs_at(&gather->open, at);
    for (uint64_t i = 0; i < record.sets; i++) {
        struct lw_set set;

        if (!read_set(reader, &set))
            return false;
        if (!lw_curve_add(&curve->curve, &set, &gather->memory, gather->work))
            return out_of_memory(reader);
    }
    curve->curve.raw = record.raw;
    return true;
}

static bool read_all(struct reader *reader)
{
    struct header header;
    struct lw_gather *gather = reader->gather;
    size_t n = reader->left;

    if (!read_bytes(reader, &header, sizeof(header)) || header.magic != MAGIC || header.version != VERSION ||
        header.rejects != LW_REJECT_COUNT || header.bytes != n || header.has_data_end > 1 ||
        (header.has_data_end && (header.data_end < LW_TIME_MIN || header.data_end > LW_TIME_MAX)) ||
        header.check != check_of(&header, reader->at, reader->left))
        return false;
    if (!read_names(reader, header.names))
        return false;
    for (uint32_t i = 0; i < header.runs; i++)
        if (!read_run(reader, i))
            return false;
    for (uint32_t i = 0; i < header.curves; i++)
        if (!read_curve(reader, i))
            return false;
    gather->duplicates = header.duplicates;
    gather->has_data_end = header.has_data_end;
    gather->data_end = header.data_end;
    memcpy(gather->rejected, header.rejected, sizeof(header.rejected));
    return reader->left == 0;
}

enum lw_err lw_saved_read(struct lw_gather *gather, const void *bytes, size_t n, struct lw_fault *fault)
{
    struct reader reader = {.gather = gather, .at = bytes, .left = n};
    bool ok = read_all(&reader);

    free(reader.ids);
    if (ok)
        return LW_ERR_OK;
    if (reader.err == LW_ERR_OK)
        return lw_fault_set(fault, LW_ERR_STATE,
                            "the saved state of open runs is damaged or from another version: remove it and read the "
                            "input again");
    return lw_fault_set(fault, reader.err, "the saved state of open runs does not fit into memory");
}
