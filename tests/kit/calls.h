/* Calls of the system for files that fail when told to: of ours, of SQLite and of every other library that is linked. A test
   program that names these functions gets its own open, read, write, ... before those of the C library. */
#ifndef LEEWAY_TESTS_KIT_CALLS_H
#define LEEWAY_TESTS_KIT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#define KIT_CALLS_SHORT (-1)

/* From now on the nth call (from 1) fails with `number`, with `forever` all later ones too; 0: none. Counts begin anew.
   Which calls are counted depends on the number, as it does in a kernel: all with EIO; with ENOSPC and EDQUOT those that
   need room (making, writing, lengthening and syncing a file); with EINTR those that a signal can interrupt (not syncing:
   that is never tried again, whatever the error), where "forever" leaves every second call alone, as who tries again would
   never end; with KIT_CALLS_SHORT those that carry bytes, which do not fail but carry half of them. Standard streams never
   fail, nor does closing. */
void kit_calls_fail(uint64_t nth, int number, bool forever);
/* Calls since then. */
uint64_t kit_calls_count(void);

#endif
