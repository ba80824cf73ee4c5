/* The inner loops of the scanner: where a stretch of plain string bytes ends. SSE2 where the compiler's baseline has it
   (every x86-64), else eight bytes at a time in a register; LW_SCAN_PORTABLE chooses the latter, for tests. */
#ifndef LEEWAY_ENGINE_BASE_SCAN_SCAN_STRING_H
#define LEEWAY_ENGINE_BASE_SCAN_SCAN_STRING_H

#include "engine/base/bytes.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__) && !defined(LW_SCAN_PORTABLE)
#include <emmintrin.h>
#define LW_SCAN_STEP 16
#else
#define LW_SCAN_STEP 8
#endif

/* What is wrong inside of a string, and at which of its bytes. */
struct lw_scan_flaw {
    const char *detail;
    size_t at;
};

/* Decodes the escapes of a string's content in place. Every backslash must have a byte behind it. Returns the new length;
   at a malformed escape fills `flaw` (detail is set). Lone surrogates are malformed. */
size_t lw_scan_unescape(char *text, size_t n, struct lw_scan_flaw *flaw);
/* How many bytes from the start are valid UTF-8. */
size_t lw_scan_utf8_prefix(struct lw_str text);

#if LW_SCAN_STEP == 16

/* A bit for each of 16 bytes that is a quote, a backslash or a control character; with `wide` also for those above 0x7f,
   which a signed comparison takes along for nothing. */
static inline uint64_t lw_scan_stops(const char *at, bool wide)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i control = wide ? _mm_cmpgt_epi8(_mm_set1_epi8(0x20), bytes)
                           : _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);

    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
}

static inline size_t lw_scan_first(uint64_t stops)
{
    return (size_t)__builtin_ctzll(stops);
}

#else

/* The same for 8 bytes, in the highest bit of each. A borrow may set bits above the first true one, never below it (H.
   Warren, Hacker's Delight, section 6-1), and only the first is used. */
static inline uint64_t lw_scan_stops(const char *at, bool wide)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t bytes = lw_bytes_load8(at);
    uint64_t quote = bytes ^ (ones * '"');
    uint64_t slash = bytes ^ (ones * '\\');
    uint64_t stops = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((bytes - ones * 0x20) & ~bytes);

    return (wide ? stops | bytes : stops) & (ones * 0x80);
}

static inline size_t lw_scan_first(uint64_t stops)
{
    return (size_t)__builtin_ctzll(stops) / 8;
}

#endif

/* The first quote, backslash, control character (with `wide`: or byte above 0x7f) from `at` on, or `end`. */
static inline const char *lw_scan_stop(const char *at, const char *end, bool wide)
{
    for (; end - at >= LW_SCAN_STEP; at += LW_SCAN_STEP) {
        uint64_t stops = lw_scan_stops(at, wide);

        if (stops != 0)
            return at + lw_scan_first(stops);
    }
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '"' || c == '\\' || c < 0x20 || (wide && c > 0x7f))
            break;
    }
    return at;
}

#endif
