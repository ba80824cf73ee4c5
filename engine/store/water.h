/* The high-water mark: a tiny file beside the store that says how far the store had come. A store that is behind it, or
   is not the file it was written for, was put back from a copy: then its numbers were given out already. */
#ifndef LEEWAY_ENGINE_STORE_WATER_H
#define LEEWAY_ENGINE_STORE_WATER_H

#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Opens or makes PATH.water. *fits: it was there, whole, for this session and this very file (inode), and not ahead of
   `turn`. The descriptor is -1 when it cannot be made: a store without it works, and begins a new session next time. */
void lw_water_open(const char *path, struct lw_str session, uint64_t turn, int *water, bool *fits);
/* Not synced: the store is, and a mark that lags behind is harmless. `sync`: all the same. */
void lw_water_write(int water, const char *path, struct lw_str session, uint64_t turn, bool sync);

#endif
