#include "engine/core/gather/curve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_LEAST   4u
#define CHUNK_MOST    1024u
#define COMPACT_FIRST ((uint64_t)65536)

/* What a narrow entry stands for lies in the low bits of its key, above them the time; so the order of keys is the order
   of times. */
enum kind { KIND_PLAIN, KIND_ONE, KIND_SUM, KIND_MIN, KIND_MAX, KIND_COUNT, KIND_AVERAGE, KIND_WIDE };
#define KIND_RANGE 8

/* Low bits of a wide key: the members that are known, and whether it comes from CloudWatch. */
#define WIDE_RANGE      64
#define WIDE_CLOUDWATCH 32

struct narrow {
    int64_t key;
    double value;
};

struct wide {
    int64_t key;
    double sum, min, max, count, average;
};

struct lw_chunk {
    struct lw_chunk *next;
    uint32_t n, capacity;
};

static_assert(sizeof(struct lw_chunk) % sizeof(double) == 0, "entries follow the header aligned");

static struct narrow *narrow_of(const struct lw_chunk *chunk)
{
    return (struct narrow *)(void *)((char *)(uintptr_t)chunk + sizeof(*chunk));
}

static struct wide *wide_of(const struct lw_chunk *chunk)
{
    return (struct wide *)(void *)((char *)(uintptr_t)chunk + sizeof(*chunk));
}

static size_t chunk_bytes(uint32_t capacity, size_t entry)
{
    return sizeof(struct lw_chunk) + capacity * entry;
}

/* Below the greatest multiple of `range`: the time, also for times before 1970. */
static int64_t key_time(int64_t key, int64_t range)
{
    return (key - (key & (range - 1))) / range;
}

static enum kind kind_of(const struct lw_set *set)
{
    static const uint8_t alone[] = {
        [LW_KNOWN_SUM] = KIND_SUM,     [LW_KNOWN_MIN] = KIND_MIN,         [LW_KNOWN_MAX] = KIND_MAX,
        [LW_KNOWN_COUNT] = KIND_COUNT, [LW_KNOWN_AVERAGE] = KIND_AVERAGE,
    };

    if (!set->cloudwatch)
        return set->known == LW_KNOWN_AVERAGE ? KIND_PLAIN : KIND_WIDE;
    if (set->known == LW_SET_ALL)
        return set->count == 1.0 && set->min == set->max ? KIND_ONE : KIND_WIDE;
    if (set->known < sizeof(alone) && alone[set->known] != 0)
        return (enum kind)alone[set->known];
    return KIND_WIDE;
}

static struct lw_set set_from_narrow(const struct narrow *entry)
{
    enum kind kind = (enum kind)(entry->key & (KIND_RANGE - 1));
    double v = entry->value;
    struct lw_set set = {.at = key_time(entry->key, KIND_RANGE), .cloudwatch = kind != KIND_PLAIN};

    switch (kind) {
    case KIND_PLAIN:
    case KIND_AVERAGE:
        set.average = v;
        set.known = LW_KNOWN_AVERAGE;
        break;
    case KIND_ONE:
        set.sum = set.min = set.max = set.average = v;
        set.count = 1.0;
        set.known = LW_SET_ALL;
        break;
    case KIND_SUM:
        set.sum = v;
        set.known = LW_KNOWN_SUM;
        break;
    case KIND_MIN:
        set.min = v;
        set.known = LW_KNOWN_MIN;
        break;
    case KIND_MAX:
        set.max = v;
        set.known = LW_KNOWN_MAX;
        break;
    case KIND_COUNT:
        set.count = v;
        set.known = LW_KNOWN_COUNT;
        break;
    case KIND_WIDE:
        assert(kind != KIND_WIDE);
    }
    return set;
}

static struct lw_set set_from_wide(const struct wide *entry)
{
    return (struct lw_set){.at = key_time(entry->key, WIDE_RANGE),
                           .sum = entry->sum,
                           .min = entry->min,
                           .max = entry->max,
                           .count = entry->count,
                           .average = entry->average,
                           .known = (uint8_t)(entry->key & LW_SET_ALL),
                           .cloudwatch = (entry->key & WIDE_CLOUDWATCH) != 0};
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
    enum kind kind = kind_of(set);
    struct lw_curve_list *list = kind == KIND_WIDE ? &curve->wide : &curve->narrow;
    struct lw_chunk *chunk =
        chunk_with_room(list, kind == KIND_WIDE ? sizeof(struct wide) : sizeof(struct narrow), memory);

    if (chunk == NULL)
        return false;
    if (kind == KIND_WIDE)
        wide_of(chunk)[chunk->n] =
            (struct wide){.key = set->at * WIDE_RANGE + (set->cloudwatch ? WIDE_CLOUDWATCH : 0) + set->known,
                          .sum = set->sum,
                          .min = set->min,
                          .max = set->max,
                          .count = set->count,
                          .average = set->average};
    else
        narrow_of(chunk)[chunk->n] = (struct narrow){
            .key = set->at * KIND_RANGE + kind,
            .value = kind == KIND_COUNT ? set->count : lw_set_value(set),
        };
    chunk->n++;
    note_time(list, set->at);
    return true;
}

/* Sorting: data mostly come in order, or in short stretches of falling time (CloudWatch answers newest first). So
   falling stretches are turned round, and the rising ones that are there are merged. */
static bool narrow_less(const struct narrow *a, const struct narrow *b)
{
    return a->key < b->key || (a->key == b->key && a->value < b->value);
}

static void turn_falling(struct narrow *entries, size_t n)
{
    for (size_t i = 0; i + 1 < n;) {
        size_t end = i + 1;

        while (end < n && narrow_less(&entries[end], &entries[end - 1]))
            end++;
        for (size_t low = i, high = end - 1; low < high; low++, high--) {
            struct narrow moved = entries[low];

            entries[low] = entries[high];
            entries[high] = moved;
        }
        i = end;
    }
}

static size_t rising_end(const struct narrow *entries, size_t from, size_t n)
{
    size_t end = from + 1;

    while (end < n && !narrow_less(&entries[end], &entries[end - 1]))
        end++;
    return end < n ? end : n;
}

static void merge(const struct narrow *a, size_t a_n, const struct narrow *b, size_t b_n, struct narrow *out)
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
static size_t merge_pass(const struct narrow *from, struct narrow *to, size_t n)
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
    if (!lw_memory_scratch(memory, &work[1], n, sizeof(struct narrow)))
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
static size_t unique_narrow(struct narrow *entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool plain = (entries[i].key & (KIND_RANGE - 1)) == KIND_PLAIN;

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
    const struct wide *a = left, *b = right;
    struct lw_set a_set, b_set;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    a_set = set_from_wide(a);
    b_set = set_from_wide(b);
    return lw_set_compare(&a_set, &b_set);
}

static size_t unique_wide(struct wide *entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && entries[kept - 1].key == entries[i].key &&
            ((entries[i].key & WIDE_CLOUDWATCH) || compare_wide(&entries[kept - 1], &entries[i]) == 0))
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
    struct narrow *entries;
    size_t n = (size_t)list->n;

    if (n == 0 || list->clean)
        return true;
    if (!lw_memory_scratch(memory, &work[0], n, sizeof(struct narrow)))
        return false;
    copy_out(list, sizeof(struct narrow), work[0].at);
    if (!sort_narrow(work, n, memory))
        return false;
    entries = work[0].at;
    n = unique_narrow(entries, n);
    copy_back(list, sizeof(struct narrow), work[0].at, n, memory);
    list->last_at = key_time(entries[n - 1].key, KIND_RANGE);
    return true;
}

static bool clean_wide(struct lw_curve_list *list, struct lw_memory *memory, struct lw_scratch work[2])
{
    struct wide *entries;
    size_t n = (size_t)list->n;

    if (n == 0 || list->clean)
        return true;
    if (!lw_memory_scratch(memory, &work[0], n, sizeof(struct wide)))
        return false;
    copy_out(list, sizeof(struct wide), work[0].at);
    entries = work[0].at;
    qsort(entries, n, sizeof(*entries), compare_wide);
    n = unique_wide(entries, n);
    copy_back(list, sizeof(struct wide), work[0].at, n, memory);
    list->last_at = key_time(entries[n - 1].key, WIDE_RANGE);
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

static void step(struct lw_curve_cursor *cursor)
{
    if (++cursor->index >= cursor->chunk->n) {
        cursor->chunk = cursor->chunk->next;
        cursor->index = 0;
    }
}

static int64_t key_of(const struct lw_set *set, enum kind kind)
{
    if (kind == KIND_WIDE)
        return set->at * WIDE_RANGE + (set->cloudwatch ? WIDE_CLOUDWATCH : 0) + set->known;
    return set->at * KIND_RANGE + kind;
}

int lw_curve_identity(const struct lw_set *a, const struct lw_set *b)
{
    enum kind a_kind = kind_of(a), b_kind = kind_of(b);
    int64_t a_key = key_of(a, a_kind), b_key = key_of(b, b_kind);

    if ((a_kind == KIND_WIDE) != (b_kind == KIND_WIDE))
        return a_kind == KIND_WIDE ? 1 : -1;
    if (a_key != b_key)
        return a_key < b_key ? -1 : 1;
    return a->cloudwatch ? 0 : lw_set_compare(a, b);
}

static struct lw_set set_at(const struct lw_curve_cursor *cursor)
{
    return cursor->list == 1 ? set_from_narrow(&narrow_of(cursor->chunk)[cursor->index])
                             : set_from_wide(&wide_of(cursor->chunk)[cursor->index]);
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
        step(cursor);
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
                  is_news(kind_of(sets[i]) == KIND_WIDE ? &wide : &narrow, sets[i]);
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

static void emit(struct lw_curve_points *points, int64_t at, double value, double least, double most, double samples)
{
    points->least = points->n == 0 || least < points->least ? least : points->least;
    points->most = points->n == 0 || most > points->most ? most : points->most;
    points->samples += samples;
    points->at[points->n] = at;
    points->value[points->n] = value;
    if (points->detail != NULL)
        points->detail[points->n] = (struct lw_curve_detail){least, most, samples};
    points->n++;
}

/* By value; of equal values CloudWatch's and then the greater set stands first, and that one stays. */
static int by_value(const void *left, const void *right)
{
    const struct lw_set *a = left, *b = right;
    double a_value = lw_set_value(a), b_value = lw_set_value(b);

    if (a_value != b_value)
        return a_value < b_value ? -1 : 1;
    if (a->cloudwatch != b->cloudwatch)
        return a->cloudwatch ? -1 : 1;
    return lw_set_compare(b, a);
}

/* All points of one time: CloudWatch's become one, plain ones stay where their values differ. Returns how many of the n
   have a part in what is given out. */
static size_t emit_group(struct lw_curve_points *points, struct lw_set *sets, size_t n)
{
    size_t cloudwatch = 0, used = 0, kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (sets[i].cloudwatch) {
            struct lw_set moved = sets[cloudwatch];

            sets[cloudwatch++] = sets[i];
            sets[i] = moved;
        }
    }
    if (cloudwatch > 0) {
        struct lw_set one = lw_set_join(sets, cloudwatch, &used);

        sets[cloudwatch - 1] = one;
        sets += cloudwatch - 1;
        n -= cloudwatch - 1;
        used--;
    }
    if (n > 1)
        qsort(sets, n, sizeof(*sets), by_value);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && lw_set_value(&sets[i]) == lw_set_value(&sets[i - 1]))
            continue;
        emit(points, sets[i].at, lw_set_value(&sets[i]), lw_set_least(&sets[i]), lw_set_most(&sets[i]),
             lw_set_samples(&sets[i]));
        kept++;
    }
    return used + kept;
}

static bool peek(const struct lw_curve_cursor *cursor)
{
    return cursor->chunk != NULL;
}

static int64_t narrow_at(const struct lw_curve_cursor *cursor)
{
    return key_time(narrow_of(cursor->chunk)[cursor->index].key, KIND_RANGE);
}

static int64_t wide_at(const struct lw_curve_cursor *cursor)
{
    return key_time(wide_of(cursor->chunk)[cursor->index].key, WIDE_RANGE);
}

/* Collects everything of the least time from both lists into `sets`. Returns 0 at the end or when memory is out. */
static size_t next_group(struct lw_curve_cursor *narrow, struct lw_curve_cursor *wide, struct lw_memory *memory,
                         struct lw_scratch *sets, bool *failed)
{
    int64_t at;
    size_t n = 0;

    if (!peek(narrow) && !peek(wide))
        return 0;
    at = !peek(wide) || (peek(narrow) && narrow_at(narrow) <= wide_at(wide)) ? narrow_at(narrow) : wide_at(wide);
    for (;; n++) {
        bool from_narrow = peek(narrow) && narrow_at(narrow) == at;

        if (!from_narrow && !(peek(wide) && wide_at(wide) == at))
            return n;
        if (!lw_memory_extend(memory, sets, n + 1, sizeof(struct lw_set))) {
            *failed = true;
            return 0;
        }
        ((struct lw_set *)sets->at)[n] = from_narrow ? set_from_narrow(&narrow_of(narrow->chunk)[narrow->index])
                                                     : set_from_wide(&wide_of(wide->chunk)[wide->index]);
        step(from_narrow ? narrow : wide);
    }
}

/* Single values alone, in order, each time once: the rule. Stops before the first that is not. */
static void emit_singles(struct lw_curve_points *points, struct lw_curve_cursor *narrow, size_t *used)
{
    while (peek(narrow)) {
        struct lw_curve_cursor next = *narrow;
        const struct narrow *entry = &narrow_of(narrow->chunk)[narrow->index];
        int64_t at = key_time(entry->key, KIND_RANGE);

        step(&next);
        if ((peek(&next) && narrow_at(&next) == at) || (entry->key & (KIND_RANGE - 1)) > KIND_ONE)
            return;
        emit(points, at, entry->value, entry->value, entry->value, 1.0);
        ++*used;
        *narrow = next;
    }
}

static bool all_single(const struct lw_curve *curve)
{
    for (const struct lw_chunk *chunk = curve->narrow.first; chunk != NULL; chunk = chunk->next)
        for (uint32_t i = 0; i < chunk->n; i++)
            if ((narrow_of(chunk)[i].key & (KIND_RANGE - 1)) > KIND_ONE)
                return false;
    return curve->wide.n == 0;
}

bool lw_curve_points(struct lw_curve *curve, bool detail, struct lw_memory *memory, struct lw_scratch *room,
                     struct lw_scratch work[2], struct lw_curve_points *points)
{
    struct lw_curve_cursor narrow, wide;
    size_t most, used = 0, n;
    bool failed = false;

    if (!lw_curve_settle(curve, memory, work))
        return false;
    most = (size_t)lw_curve_stored(curve);
    detail = detail && !all_single(curve);
    if (!lw_memory_scratch(memory, room, most,
                           sizeof(int64_t) + sizeof(double) + (detail ? sizeof(struct lw_curve_detail) : 0)))
        return false;
    *points = (struct lw_curve_points){.at = room->at};
    points->value = (double *)(void *)(points->at + most);
    points->detail = detail ? (struct lw_curve_detail *)(void *)(points->value + most) : NULL;
    narrow = (struct lw_curve_cursor){.chunk = curve->narrow.first};
    wide = (struct lw_curve_cursor){.chunk = curve->wide.first};
    if (!peek(&wide))
        emit_singles(points, &narrow, &used);
    while ((n = next_group(&narrow, &wide, memory, &work[0], &failed)) > 0) {
        used += emit_group(points, work[0].at, n);
        if (!peek(&wide))
            emit_singles(points, &narrow, &used);
    }
    points->duplicates = curve->raw - used;
    return !failed;
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
        *set = cursor->list == 1 ? set_from_narrow(&narrow_of(cursor->chunk)[cursor->index])
                                 : set_from_wide(&wide_of(cursor->chunk)[cursor->index]);
        step(cursor);
        return true;
    }
    return false;
}

void lw_curve_clear(struct lw_curve *curve, struct lw_memory *memory)
{
    free_chunks(curve->narrow.first, sizeof(struct narrow), memory);
    free_chunks(curve->wide.first, sizeof(struct wide), memory);
    *curve = (struct lw_curve){0};
}
