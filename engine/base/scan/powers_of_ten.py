#!/usr/bin/env python3
"""Writes powers_of_ten.h: the 128 leading bits of 5^q for q in -342..308, as the number reader needs them.

For q >= 0 the power is truncated; for q < 0 it is the reciprocal of 5^-q: rounded up where 5^-q fits into 64 bits,
because there ties occur and must be recognised, and below that truncated from more bits
(D. Lemire, Number Parsing at a Gigabyte per Second, Software: Practice and Experience 51 (8), 2021, section 5).
usage: python3 engine/base/scan/powers_of_ten.py > engine/base/scan/powers_of_ten.h
"""


def leading_bits(q):
    if q >= 0:
        power = 5**q
        shift = 128 - power.bit_length()
        return power << shift if shift >= 0 else power >> -shift
    power = 5**-q
    bits = (power - 1).bit_length()
    if q >= -27:
        return 2 ** (bits + 127) // power + 1
    value = 2 ** (2 * bits + 128) // power + 1
    return value >> (value.bit_length() - 128)


print("""/* The 128 leading bits of 5^q for q in -342..308, upper half first. Written by powers_of_ten.py. */
#ifndef LEEWAY_ENGINE_BASE_SCAN_POWERS_OF_TEN_H
#define LEEWAY_ENGINE_BASE_SCAN_POWERS_OF_TEN_H

#include <stdint.h>

#define LW_POWER_LEAST (-342)
#define LW_POWER_MOST  308

/* clang-format off */
static const uint64_t lw_powers_of_five[LW_POWER_MOST - LW_POWER_LEAST + 1][2] = {""")
for q in range(-342, 309):
    value = leading_bits(q)
    print("    {0x%016x, 0x%016x}," % (value >> 64, value & (2**64 - 1)))
print("""};
/* clang-format on */

#endif""")
