#include "engine/core/gather/curve/curve_entry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_LEAST   4u
#define CHUNK_MOST    1024u
#define COMPACT_FIRST ((uint64_t)65536)

static size_t chunk_bytes(uint32_t capacity, size_t entry)
{
    return sizeof(struct lw_chunk) + capacity * entry;
}

static enum lw_curve_kind kind_of(const struct lw_set *set)
{
    static const uint8_t alone[] = {
        [LW_KNOWN_SUM] = LW_CURVE_SUM,     [LW_KNOWN_MIN] = LW_CURVE_MIN,         [LW_KNOWN_MAX] = LW_CURVE_MAX,
        [LW_KNOWN_COUNT] = LW_CURVE_COUNT, [LW_KNOWN_AVERAGE] = LW_CURVE_AVERAGE,
    };

    if (!set->cloudwatch)
        return set->known == LW_KNOWN_AVERAGE ? LW_CURVE_PLAIN : LW_CURVE_WIDE;
    if (set->known == LW_SET_ALL)
        return set->count == 1.0 && set->min == set->max ? LW_CURVE_ONE : LW_CURVE_WIDE;
    if (set->known < sizeof(alone) && alone[set->known] != 0)
        return (enum lw_curve_kind)alone[set->known];
    return LW_CURVE_WIDE;
}

/* Room for one more entry at the end of the list. */
static struct lw_chunk *chunk_with_room(struct lw_curve_list *list, size_t entry, struct lw_memory *memory)
{
    struct lw_chunk *chunk = list->last;
    uint32_t capacity = CHUNK_LEAST;

    if (chunk != NULL && chunk->n < chunk->capacity)
        return chunk;
    /* A quarter more than there is: at most a fifth of the room is empty. */
    while (capacity < CHUNK_MOST && capacity < list->n / 4)
        capacity *= 2;
    chunk = lw_memory_take(memory, chunk_bytes(capacity, entry));
    if (chunk == NULL)
        return NULL;
    *chunk = (struct lw_chunk){.capacity = capacity};
    if (list->last != NULL)
        list->last->next = chunk;
    else
        list->first = chunk;
    list->last = chunk;
    return chunk;
}

static void note_time(struct lw_curve_list *list, int64_t at)
{
    list->clean = list->n == 0 || (list->clean && at > list->last_at);
    list->last_at = at;
    list->n++;
}

static bool append(struct lw_curve *curve, const struct lw_set *set, struct lw_memory *memory)
{
    enum lw_curve_kind kind = kind_of(set);
    struct lw_curve_list *list = kind == LW_CURVE_WIDE ? &curve->wide : &curve->narrow;
    struct lw_chunk *chunk =
        chunk_with_room(list, kind == LW_CURVE_WIDE ? sizeof(struct lw_wide) : sizeof(struct lw_narrow), memory);

    if (chunk == NULL)
        return false;
    if (kind == LW_CURVE_WIDE)
        lw_wide_of(chunk)[chunk->n] = (struct lw_wide){
            .key = set->at * LW_CURVE_WIDE_RANGE + (set->cloudwatch ? LW_CURVE_WIDE_CLOUDWATCH : 0) + set->known,
            .sum = set->sum,
            .min = set->min,
            .max = set->max,
            .count = set->count,
            .average = set->average};
    else
        lw_narrow_of(chunk)[chunk->n] = (struct lw_narrow){
            .key = set->at * LW_CURVE_NARROW_RANGE + kind,
            .value = kind == LW_CURVE_COUNT ? set->count : lw_set_value(set),
        };
    chunk->n++;
    note_time(list, set->at);
    return true;
}

/* Sorting: data mostly come in order, or in short stretches of falling time (CloudWatch answers newest first). So
   falling stretches are turned round, and the rising ones that are there are merged. */
static bool narrow_less(const struct lw_narrow *a, const struct lw_narrow *b)
{
    return a->key < b->key || (a->key == b->key && a->value < b->value);
}

static void turn_falling(struct lw_narrow *entries, size_t n)
{
    for (size_t i = 0; i + 1 < n;) {
        size_t end = i + 1;

        while (end < n && narrow_less(&entries[end], &entries[end - 1]))
            end++;
        for (size_t low = i, high = end - 1; low < high; low++, high--) {
            struct lw_narrow moved = entries[low];

            entries[low] = entries[high];
            entries[high] = moved;
        }
        i = end;
    }
}

static size_t rising_end(const struct lw_narrow *entries, size_t from, size_t n)
{
    size_t end = from + 1;

    while (end < n && !narrow_less(&entries[end], &entries[end - 1]))
        end++;
    return end < n ? end : n;
}

static void merge(const struct lw_narrow *a, size_t a_n, const struct lw_narrow *b, size_t b_n, struct lw_narrow *out)
{
    while (a_n > 0 && b_n > 0) {
        if (narrow_less(b, a)) {
            *out++ = *b++;
            b_n--;
        } else {
            *out++ = *a++;
            a_n--;
        }
    }
    memcpy(out, a, a_n * sizeof(*a));
    memcpy(out + a_n, b, b_n * sizeof(*b));
}

/* One pass: neighbouring rising stretches become one. Returns how many there are after it. */
static size_t merge_pass(const struct lw_narrow *from, struct lw_narrow *to, size_t n)
{
    size_t stretches = 0;

    for (size_t i = 0; i < n; stretches++) {
        size_t middle = rising_end(from, i, n);
        size_t end = middle < n ? rising_end(from, middle, n) : n;

        merge(from + i, middle - i, from + middle, end - middle, to + i);
        i = end;
    }
    return stretches;
}

/* Sorts work[0]; the result is in work[0] again. */
static bool sort_narrow(struct lw_scratch work[2], size_t n, struct lw_memory *memory)
{
    turn_falling(work[0].at, n);
    if (rising_end(work[0].at, 0, n) == n)
        return true;
    if (!lw_memory_scratch(memory, &work[1], n, sizeof(struct lw_narrow)))
        return false;
    for (size_t stretches = 2; stretches > 1;) {
        struct lw_scratch swap;

        stretches = merge_pass(work[0].at, work[1].at, n);
        swap = work[0];
        work[0] = work[1];
        work[1] = swap;
    }
    return true;
}

/* Of equal (time, kind) from CloudWatch the greatest stays, which is the last; of plain ones each different value. */
static size_t unique_narrow(struct lw_narrow *entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool plain = (entries[i].key & (LW_CURVE_NARROW_RANGE - 1)) == LW_CURVE_PLAIN;

        if (kept > 0 && entries[kept - 1].key == entries[i].key &&
            (!plain || entries[kept - 1].value == entries[i].value))
            entries[kept - 1] = entries[i];
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

static int compare_wide(const void *left, const void *right)
{
    const struct lw_wide *a = left, *b = right;
    struct lw_set a_set, b_set;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    a_set = lw_curve_entry_wide(a);
    b_set = lw_curve_entry_wide(b);
    return lw_set_compare(&a_set, &b_set);
}

static size_t unique_wide(struct lw_wide *entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && entries[kept - 1].key == entries[i].key &&
            ((entries[i].key & LW_CURVE_WIDE_CLOUDWATCH) || compare_wide(&entries[kept - 1], &entries[i]) == 0))
            entries[kept - 1] = entries[i];
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

static char *entries_of(const struct lw_chunk *chunk)
{
    return (char *)(uintptr_t)chunk + sizeof(*chunk);
}

static void copy_out(const struct lw_curve_list *list, size_t entry, char *out)
{
    for (const struct lw_chunk *chunk = list->first; chunk != NULL; chunk = chunk->next) {
        memcpy(out, entries_of(chunk), chunk->n * entry);
        out += chunk->n * entry;
    }
}

static void free_chunks(struct lw_chunk *chunk, size_t entry, struct lw_memory *memory)
{
    while (chunk != NULL) {
        struct lw_chunk *next = chunk->next;

        lw_memory_give(memory, chunk, chunk_bytes(chunk->capacity, entry));
        chunk = next;
    }
}

/* Fills the chunks that are there from the front and gives back those that stay empty; n is not greater than before. */
static void copy_back(struct lw_curve_list *list, size_t entry, const char *in, size_t n, struct lw_memory *memory)
{
    struct lw_chunk *last = NULL;

    list->n = n;
    for (struct lw_chunk *chunk = list->first; chunk != NULL && n > 0; chunk = chunk->next) {
        uint32_t part = n < chunk->capacity ? (uint32_t)n : chunk->capacity;

        memcpy(entries_of(chunk), in, part * entry);
        chunk->n = part;
        in += part * entry;
        n -= part;
        last = chunk;
    }
    assert(n == 0 && last != NULL);
    free_chunks(last->next, entry, memory);
    last->next = NULL;
    list->last = last;
    list->clean = true;
}

static bool clean_narrow(struct lw_curve_list *list, struct lw_memory *memory, struct lw_scratch work[2])
{
    struct lw_narrow *entries;
    size_t n = (size_t)list->n;

    if (n == 0 || list->clean)
        return true;
    if (!lw_memory_scratch(memory, &work[0], n, sizeof(struct lw_narrow)))
        return false;
    copy_out(list, sizeof(struct lw_narrow), work[0].at);
    if (!sort_narrow(work, n, memory))
        return false;
    entries = work[0].at;
    n = unique_narrow(entries, n);
    copy_back(list, sizeof(struct lw_narrow), work[0].at, n, memory);
    list->last_at = lw_curve_key_time(entries[n - 1].key, LW_CURVE_NARROW_RANGE);
    return true;
}

static bool clean_wide(struct lw_curve_list *list, struct lw_memory *memory, struct lw_scratch work[2])
{
    struct lw_wide *entries;
    size_t n = (size_t)list->n;

    if (n == 0 || list->clean)
        return true;
    if (!lw_memory_scratch(memory, &work[0], n, sizeof(struct lw_wide)))
        return false;
    copy_out(list, sizeof(struct lw_wide), work[0].at);
    entries = work[0].at;
    qsort(entries, n, sizeof(*entries), compare_wide);
    n = unique_wide(entries, n);
    copy_back(list, sizeof(struct lw_wide), work[0].at, n, memory);
    list->last_at = lw_curve_key_time(entries[n - 1].key, LW_CURVE_WIDE_RANGE);
    return true;
}

bool lw_curve_settle(struct lw_curve *curve, struct lw_memory *memory, struct lw_scratch work[2])
{
    return clean_narrow(&curve->narrow, memory, work) && clean_wide(&curve->wide, memory, work);
}

bool lw_curve_add(struct lw_curve *curve, const struct lw_set *set, struct lw_memory *memory, struct lw_scratch work[2])
{
    if (curve->compact_at == 0)
        curve->compact_at = COMPACT_FIRST;
    if (lw_curve_stored(curve) >= curve->compact_at) {
        if (!lw_curve_settle(curve, memory, work))
            return false;
        if (lw_curve_stored(curve) > curve->compact_at / 2)
            curve->compact_at = 2 * lw_curve_stored(curve);
    }
    if (!append(curve, set, memory))
        return false;
    curve->raw++;
    return true;
}

static int64_t key_of(const struct lw_set *set, enum lw_curve_kind kind)
{
    if (kind == LW_CURVE_WIDE)
        return set->at * LW_CURVE_WIDE_RANGE + (set->cloudwatch ? LW_CURVE_WIDE_CLOUDWATCH : 0) + set->known;
    return set->at * LW_CURVE_NARROW_RANGE + kind;
}

int lw_curve_identity(const struct lw_set *a, const struct lw_set *b)
{
    enum lw_curve_kind a_kind = kind_of(a), b_kind = kind_of(b);
    int64_t a_key = key_of(a, a_kind), b_key = key_of(b, b_kind);

    if ((a_kind == LW_CURVE_WIDE) != (b_kind == LW_CURVE_WIDE))
        return a_kind == LW_CURVE_WIDE ? 1 : -1;
    if (a_key != b_key)
        return a_key < b_key ? -1 : 1;
    return a->cloudwatch ? 0 : lw_set_compare(a, b);
}

static struct lw_set set_at(const struct lw_curve_cursor *cursor)
{
    return cursor->list == 1 ? lw_curve_entry_narrow(&lw_narrow_of(cursor->chunk)[cursor->index])
                             : lw_curve_entry_wide(&lw_wide_of(cursor->chunk)[cursor->index]);
}

/* Moves on to the first entry that is not before the set; whole chunks at a time where that is possible. */
static void seek(struct lw_curve_cursor *cursor, const struct lw_set *set)
{
    while (cursor->chunk != NULL) {
        struct lw_curve_cursor last = {.chunk = cursor->chunk, .index = cursor->chunk->n - 1, .list = cursor->list};
        struct lw_set stored = set_at(&last);

        if (lw_curve_identity(&stored, set) >= 0)
            break;
        cursor->chunk = cursor->chunk->next;
        cursor->index = 0;
    }
    while (cursor->chunk != NULL) {
        struct lw_set stored = set_at(cursor);

        if (lw_curve_identity(&stored, set) >= 0)
            return;
        lw_curve_step(cursor);
    }
}

static bool is_news(struct lw_curve_cursor *cursor, const struct lw_set *set)
{
    struct lw_set stored;

    seek(cursor, set);
    if (cursor->chunk == NULL)
        return true;
    stored = set_at(cursor);
    return lw_curve_identity(&stored, set) != 0 || lw_set_compare(set, &stored) > 0;
}

/* What comes in the order of time behind all that is there is news without a look. */
static bool all_later(const struct lw_curve_list *list, int64_t at)
{
    return list->n == 0 || (list->clean && at > list->last_at);
}

bool lw_curve_news(struct lw_curve *curve, const struct lw_set *const *sets, size_t n, uint8_t *news,
                   struct lw_memory *memory, struct lw_scratch work[2])
{
    struct lw_curve_cursor narrow = {.list = 1}, wide = {.list = 2};
    const struct lw_set *greatest = NULL; /* of the identity that the sets before have */
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < n; i++)
        first = sets[i]->at < first ? sets[i]->at : first;
    if (!all_later(&curve->narrow, first) || !all_later(&curve->wide, first)) {
        if (!lw_curve_settle(curve, memory, work))
            return false;
        narrow.chunk = curve->narrow.first;
        wide.chunk = curve->wide.first;
    }
    for (size_t i = 0; i < n; i++) {
        bool again = greatest != NULL && lw_curve_identity(greatest, sets[i]) == 0;

        news[i] = (!again || lw_set_compare(sets[i], greatest) > 0) &&
                  is_news(kind_of(sets[i]) == LW_CURVE_WIDE ? &wide : &narrow, sets[i]);
        if (!again || news[i])
            greatest = sets[i];
    }
    return true;
}

static void absorb_list(struct lw_curve_list *list, struct lw_curve_list *other)
{
    if (other->n == 0)
        return;
    if (list->n == 0) {
        *list = *other;
    } else {
        list->last->next = other->first;
        list->last = other->last;
        list->n += other->n;
        list->clean = false;
    }
    *other = (struct lw_curve_list){0};
}

void lw_curve_absorb(struct lw_curve *curve, struct lw_curve *other)
{
    absorb_list(&curve->narrow, &other->narrow);
    absorb_list(&curve->wide, &other->wide);
    curve->raw += other->raw;
    *other = (struct lw_curve){0};
}

bool lw_curve_next(const struct lw_curve *curve, struct lw_curve_cursor *cursor, struct lw_set *set)
{
    while (cursor->list < 3) {
        if (cursor->chunk == NULL) {
            cursor->list++;
            cursor->index = 0;
            cursor->chunk = cursor->list == 1 ? curve->narrow.first : cursor->list == 2 ? curve->wide.first : NULL;
            continue;
        }
        *set = cursor->list == 1 ? lw_curve_entry_narrow(&lw_narrow_of(cursor->chunk)[cursor->index])
                                 : lw_curve_entry_wide(&lw_wide_of(cursor->chunk)[cursor->index]);
        lw_curve_step(cursor);
        return true;
    }
    return false;
}

void lw_curve_clear(struct lw_curve *curve, struct lw_memory *memory)
{
    free_chunks(curve->narrow.first, sizeof(struct lw_narrow), memory);
    free_chunks(curve->wide.first, sizeof(struct lw_wide), memory);
    *curve = (struct lw_curve){0};
}
