/* Loads of several bytes as one little-endian number, on any machine and at any address. */
#ifndef LEEWAY_ENGINE_BASE_BYTES_H
#define LEEWAY_ENGINE_BASE_BYTES_H

#include <stdint.h>

/* Spelt out, not looped: then compilers make one load of it (and a swap on big-endian machines). */
static inline uint32_t lw_bytes_load4(const void *from)
{
    const unsigned char *at = from;

    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t lw_bytes_load8(const void *from)
{
    const unsigned char *at = from;

    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

#endif
