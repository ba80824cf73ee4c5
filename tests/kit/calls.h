/* Calls of the system for files that fail when told to: of ours, of SQLite and of every other library that is linked. A test
   program that names these functions gets its own open, read, write, ... before those of the C library. */
#ifndef LEEWAY_TESTS_KIT_CALLS_H
#define LEEWAY_TESTS_KIT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the nth call (from 1) fails with `number` (EIO, ENOSPC), with `forever` all later ones too; 0: none. Counts
   begin anew. With ENOSPC only calls that need room are counted: making, writing, lengthening and syncing a file. Standard
   streams never fail, nor does closing. */
void kit_calls_fail(uint64_t nth, int number, bool forever);
/* Calls since then. */
uint64_t kit_calls_count(void);

#endif
