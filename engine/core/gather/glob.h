/* Names that match a pattern as a shell knows it. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_GLOB_H
#define LEEWAY_ENGINE_CORE_GATHER_GLOB_H

#include "leeway/str.h"

#include <stdbool.h>

/* `*` any bytes, `?` one byte, `[a-z]` and `[!a-z]` (or `[^a-z]`) one of a set; `\` takes the next byte as it is. A `[`
   without its `]` stands for itself. The whole text has to match. Time is at most text times pattern. */
bool lw_glob_match(struct lw_str pattern, struct lw_str text);

#endif
