/* Allocations that fail when told to. The linker wraps the allocator's names in test programs (--wrap), so only calls from
   our own objects and their inlined code pass here; those inside of shared libraries do not. */
#ifndef LEEWAY_TESTS_KIT_ALLOC_H
#define LEEWAY_TESTS_KIT_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the nth allocation (from 1) fails; with `forever` all later ones too. 0: none fails. Starts the count anew.
   An allocation is any call that could return NULL for want of memory; free never fails. */
void kit_alloc_fail(uint64_t nth, bool forever);
/* Allocations since the last kit_alloc_fail. */
uint64_t kit_alloc_count(void);
/* Blocks that are allocated and not freed, over the life of the program. Take it before and after. */
int64_t kit_alloc_outstanding(void);

/* `run` is a scenario with its own cleaning up. It is run once to count its allocations, then once for each of them with
   that one failing, and once more with that one and all later ones failing. `failed` tells run whether an allocation is to
   fail, so that it can check for the clean error; it returns whether it saw what it should. After each run the number of
   blocks must be what it was before. Returns the number of allocations of the scenario; CU_ASSERTs hold the rest. */
uint64_t kit_alloc_torture(bool (*run)(void *self, bool failed), void *self);

#endif
