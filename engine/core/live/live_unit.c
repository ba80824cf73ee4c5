#include "engine/core/live/live_unit.h"

#include "engine/base/fault.h"
#include "engine/core/gather/open_state.h"

#include <stdlib.h>
#include <string.h>

/* Layout: header; target, padded to 8; the spans of instance metrics (record, texts of run and metric, padding); the
   saved gather. In the order of bytes of the machine, as the saved gather is. */
#define MAGIC   UINT64_C(0x3174696e75776c65)
#define VERSION UINT32_C(1)

struct header {
    uint64_t magic;
    uint32_t version, beats;
    uint64_t bytes; /* of everything */
    uint64_t check; /* of everything but itself, which counts as 0 */
    uint64_t target;
    int64_t pace;
    uint64_t left_out[LW_LIVE_LEFT_OUT];
    uint64_t closings;
};

struct beat_record {
    uint32_t run, metric; /* lengths of texts */
    int64_t first, last;
};

enum lw_reject lw_live_unit_reason(size_t i)
{
    static const enum lw_reject reasons[LW_LIVE_LEFT_OUT] = {
        LW_REJECT_NO_TIME, LW_REJECT_OTHER_MODEL, LW_REJECT_TOO_MANY_POINTS, LW_REJECT_INTERLEAVED, LW_REJECT_NO_RUN,
    };

    return reasons[i];
}

static uint64_t check_of(const struct header *header, const char *rest, size_t n)
{
    struct header clean = *header;

    clean.check = 0;
    return lw_names_hash((struct lw_str){(const char *)&clean, sizeof(clean)}) ^
           (lw_names_hash((struct lw_str){rest, n}) * 31);
}

static void seal(const struct lw_live_unit *unit, struct lw_buf *out, size_t begin)
{
    struct header header;

    memcpy(&header, out->at + begin, sizeof(header));
    memcpy(header.left_out, unit->left_out, sizeof(header.left_out));
    header.closings = unit->closings;
    header.bytes = out->len - begin;
    header.check = check_of(&header, out->at + begin + sizeof(header), out->len - begin - sizeof(header));
    memcpy(out->at + begin, &header, sizeof(header));
}

void lw_live_unit_stamp(const struct lw_live_unit *unit, struct lw_buf *record)
{
    seal(unit, record, 0);
}

static void put_padded(struct lw_buf *out, struct lw_str text)
{
    static const char zeros[8];

    lw_buf_str(out, text);
    lw_buf_bytes(out, zeros, (8 - text.len % 8) % 8);
}

static void put_beats(const struct lw_live_unit *unit, struct lw_buf *out)
{
    for (size_t i = 0; i < unit->beats_n; i++) {
        const struct lw_live_beat *beat = &unit->beats[i];
        struct lw_str run = lw_names_text(unit->gather->names, beat->run);
        struct lw_str metric = lw_names_text(unit->gather->names, beat->metric);
        struct beat_record record = {
            .run = (uint32_t)run.len, .metric = (uint32_t)metric.len, .first = beat->first, .last = beat->last};

        lw_buf_bytes(out, &record, sizeof(record));
        put_padded(out, run);
        put_padded(out, metric);
    }
}

enum lw_err lw_live_unit_save(const struct lw_live_unit *unit, int64_t pace, struct lw_buf *out, struct lw_fault *fault)
{
    struct header header = {
        .magic = MAGIC, .version = VERSION, .beats = (uint32_t)unit->beats_n, .target = unit->target.len, .pace = pace};
    size_t begin = out->len;
    enum lw_err err = LW_ERR_OK;

    lw_buf_bytes(out, &header, sizeof(header));
    put_padded(out, unit->target);
    if (unit->gather != NULL) {
        put_beats(unit, out);
        err = lw_gather_save(unit->gather, out, fault);
    }
    if (out->error == LW_ERR_OK && err == LW_ERR_OK) {
        seal(unit, out, begin);
        return LW_ERR_OK;
    }
    out->len = begin;
    if (err != LW_ERR_OK)
        return err;
    return lw_fault_set(fault, out->error,
                        "the record of an open run does not fit into the room that was given for it");
}

static enum lw_err damaged(struct lw_fault *fault)
{
    return lw_fault_set(fault, LW_ERR_STATE, "the record of an open run is damaged or from another version");
}

static bool take_padded(struct lw_str *rest, uint64_t len, struct lw_str *text)
{
    if (len > rest->len || (len + 7) / 8 * 8 > rest->len)
        return false;
    *text = (struct lw_str){rest->at, (size_t)len};
    rest->at += (len + 7) / 8 * 8;
    rest->len -= (size_t)((len + 7) / 8 * 8);
    return true;
}

static bool read_header(struct lw_str record, struct header *header, struct lw_str *target, struct lw_str *rest)
{
    if (record.len < sizeof(*header))
        return false;
    memcpy(header, record.at, sizeof(*header));
    *rest = (struct lw_str){record.at + sizeof(*header), record.len - sizeof(*header)};
    if (header->magic != MAGIC || header->version != VERSION || header->bytes != record.len || header->pace < 0 ||
        header->pace > LW_TIME_MAX || header->check != check_of(header, rest->at, rest->len))
        return false;
    return take_padded(rest, header->target, target);
}

static bool beats_room(struct lw_live_unit *unit)
{
    size_t size = sizeof(*unit->beats), want = unit->beats_room == 0 ? 4 : 2 * unit->beats_room;
    void *beats;

    if (unit->beats_n < unit->beats_room)
        return true;
    beats = lw_memory_grow(&unit->gather->memory, unit->beats, unit->beats_room * size, want * size);
    if (beats == NULL)
        return false;
    unit->beats = beats;
    unit->beats_room = want;
    return true;
}

const struct lw_live_beat *lw_live_unit_find_beat(const struct lw_live_unit *unit, uint32_t run, uint32_t metric)
{
    for (size_t i = 0; i < unit->beats_n; i++)
        if (unit->beats[i].metric == metric && unit->beats[i].run == run)
            return &unit->beats[i];
    return NULL;
}

struct lw_live_beat *lw_live_unit_beat(struct lw_live_unit *unit, uint32_t run, uint32_t metric, int64_t at,
                                       bool *fresh)
{
    const struct lw_live_beat *found = lw_live_unit_find_beat(unit, run, metric);
    struct lw_live_beat *beat;

    if (found != NULL) {
        beat = &unit->beats[found - unit->beats];
        *fresh = at < beat->first || at > beat->last;
        beat->first = at < beat->first ? at : beat->first;
        beat->last = at > beat->last ? at : beat->last;
        return beat;
    }
    if (!beats_room(unit))
        return NULL;
    beat = &unit->beats[unit->beats_n++];
    *beat = (struct lw_live_beat){.run = run, .metric = metric, .first = at, .last = at};
    *fresh = true;
    return beat;
}

static enum lw_err read_beats(struct lw_live_unit *unit, struct lw_names *names, uint32_t n, struct lw_str *rest,
                              struct lw_fault *fault)
{
    for (uint32_t i = 0; i < n; i++) {
        struct beat_record record;
        struct lw_str run, metric;
        struct lw_live_beat *beat;
        uint32_t run_id = 0, metric_id = 0;
        enum lw_err err;
        bool fresh;

        if (rest->len < sizeof(record))
            return damaged(fault);
        memcpy(&record, rest->at, sizeof(record));
        *rest = (struct lw_str){rest->at + sizeof(record), rest->len - sizeof(record)};
        if (!take_padded(rest, record.run, &run) || !take_padded(rest, record.metric, &metric) ||
            record.first < LW_TIME_MIN || record.last > LW_TIME_MAX || record.last < record.first)
            return damaged(fault);
        err = lw_names_add(names, run, &run_id, fault);
        if (err == LW_ERR_OK)
            err = lw_names_add(names, metric, &metric_id, fault);
        if (err != LW_ERR_OK)
            return err;
        beat = lw_live_unit_beat(unit, run_id, metric_id, record.first, &fresh);
        if (beat == NULL)
            return lw_memory_fault(&unit->gather->memory, "the instance metrics of open runs", fault);
        if (!fresh)
            return damaged(fault);
        beat->last = record.last;
    }
    return LW_ERR_OK;
}

static enum lw_err read_target(struct lw_live_unit *unit, struct lw_str target, struct lw_str rest,
                               struct lw_fault *fault)
{
    char *copy;

    if (rest.len > 0)
        return damaged(fault);
    copy = malloc(target.len);
    if (copy == NULL)
        return lw_fault_memory(fault, "open runs");
    memcpy(copy, target.at, target.len);
    unit->target.at = copy;
    unit->target.len = target.len;
    return LW_ERR_OK;
}

enum lw_err lw_live_unit_load(struct lw_live_unit *unit, const struct lw_rules *rules, struct lw_names *names,
                              size_t ceiling, struct lw_str record, int64_t *pace, struct lw_fault *fault)
{
    struct header header;
    struct lw_str target, rest;
    enum lw_err err;

    if (!read_header(record, &header, &target, &rest))
        return damaged(fault);
    if (target.len > 0) {
        err = read_target(unit, target, rest, fault);
    } else {
        err = lw_gather_open(&unit->gather, rules, names, ceiling, fault);
        if (err == LW_ERR_OK)
            err = read_beats(unit, names, header.beats, &rest, fault);
        if (err == LW_ERR_OK)
            err = lw_gather_load(unit->gather, rest.at, rest.len, fault);
    }
    if (err != LW_ERR_OK) {
        lw_live_unit_sleep(unit);
        return err;
    }
    memcpy(unit->left_out, header.left_out, sizeof(unit->left_out));
    unit->closings = header.closings;
    *pace = header.pace;
    return LW_ERR_OK;
}

void lw_live_unit_sleep(struct lw_live_unit *unit)
{
    if (unit->gather != NULL)
        lw_memory_give(&unit->gather->memory, unit->beats, unit->beats_room * sizeof(*unit->beats));
    unit->beats = NULL;
    unit->beats_n = unit->beats_room = 0;
    lw_gather_close(unit->gather);
    unit->gather = NULL;
}

size_t lw_live_unit_cost(const struct lw_live_unit *unit)
{
    size_t cost = sizeof(*unit) + unit->key.len + unit->target.len + unit->bytes.capacity + unit->before.capacity;

    return cost + (unit->gather != NULL ? sizeof(*unit->gather) + unit->gather->memory.held : 0);
}

void lw_live_unit_free(struct lw_live_unit *unit)
{
    if (unit == NULL)
        return;
    lw_live_unit_sleep(unit);
    lw_buf_close(&unit->bytes);
    lw_buf_close(&unit->before);
    free((char *)(uintptr_t)unit->key.at);
    free((char *)(uintptr_t)unit->target.at);
    free(unit);
}
