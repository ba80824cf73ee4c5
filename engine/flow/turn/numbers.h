/* Whole numbers that were stored as text, separated by one blank. */
#ifndef LEEWAY_ENGINE_FLOW_TURN_NUMBERS_H
#define LEEWAY_ENGINE_FLOW_TURN_NUMBERS_H

#include "leeway/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Exactly n of them; false when the text is anything else, or a number does not fit. */
bool lw_numbers_read(struct lw_str text, int64_t *numbers, size_t n);

#endif
