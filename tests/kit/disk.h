/* A disk for SQLite that fails when told to, and that forgets what was not synced when the power goes. It wraps the real
   one: files are real files. For test programs with one thread. */
#ifndef LEEWAY_TESTS_KIT_DISK_H
#define LEEWAY_TESTS_KIT_DISK_H

#include "tests/kit/kit.h"

#include <stdbool.h>
#include <stdint.h>

enum kit_disk_fault { KIT_DISK_IO, KIT_DISK_FULL };

/* First of all, before SQLite is used: it becomes the default of this process. Also wraps SQLite's memory. */
void kit_disk_install(void);

/* From now on the nth call fails (from 1), with `forever` all later ones too; 0: none. Counts begin anew. Reading,
   writing, syncing, truncating, opening, asking for the size, shared memory. FULL: only calls that need room fail. */
void kit_disk_fail(uint64_t nth, enum kit_disk_fault fault, bool forever);
/* Calls since then. */
uint64_t kit_disk_calls(void);
/* The same for the allocations of SQLite. */
void kit_disk_memory_fail(uint64_t nth, bool forever);
uint64_t kit_disk_memory_calls(void);
/* Blocks that SQLite holds. */
int64_t kit_disk_memory_outstanding(void);

/* Power. Between start and stop every change of the file `path` and of its -wal is remembered; `start` takes what is on
   disk then as synced. */
void kit_disk_record_start(const char *path);
void kit_disk_record_stop(void); /* and forgets */
/* How many changes there were; the moment after the nth is a moment for a cut. */
uint64_t kit_disk_recorded(void);
/* Writes the file and its -wal as a disk might have them when the power goes after the nth change: what was synced is
   there; of the rest some is, some is not, and some is torn at a sector of 512 bytes. */
void kit_disk_cut(uint64_t nth, struct kit_random *random, const char *to);

#endif
