/* The inner parts of reading numbers, shared by the scanner (on its way) and the reader of whole texts. */
#ifndef LEEWAY_ENGINE_BASE_SCAN_SCAN_NUMBER_H
#define LEEWAY_ENGINE_BASE_SCAN_SCAN_NUMBER_H

#include "engine/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* w * 10^q, correctly rounded to the nearest, ties to even; infinity on overflow. */
double lw_scan_scale(uint64_t w, int64_t q);

/* Eight characters at once (D. Lemire, Number Parsing at a Gigabyte per Second, 2021, section 3): text ^ LW_NUMBER_ZEROS
   has the digit in the byte where the character is one. */
#define LW_NUMBER_ZEROS 0x3030303030303030u

/* The highest bit of each byte that is no digit. A carry may set more of them above the first, never below it. */
static inline uint64_t lw_number_others(uint64_t digits)
{
    return ((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u;
}

/* The number that eight digits make, the first in the lowest byte. */
static inline uint64_t lw_number_value(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return ((digits & 0x000000ff000000ffu) * 0x000f424000000064u +
            ((digits >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
           32;
}

/* W. Clinger, How to Read Floating Point Numbers Accurately (1990): where both operands are exact doubles, one operation
   rounds once and so correctly. */
static inline bool lw_number_is_exact(uint64_t w, int64_t q)
{
    return w <= (uint64_t)1 << 53 && q >= -22 && q <= 22;
}

static inline double lw_number_exact(uint64_t w, int64_t q)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    return q < 0 ? (double)w / powers[-q] : (double)w * powers[q];
}

#endif
