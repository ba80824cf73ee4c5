/* Characters of UTF-8, strictly: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef LEEWAY_ENGINE_BASE_UTF8_H
#define LEEWAY_ENGINE_BASE_UTF8_H

#include <stddef.h>

/* How many bytes the well-formed character at `at` has, of which `left` > 0 bytes are there: 1..4, or 0 when it is none
   or is cut off (Unicode 15, table 3-7). */
size_t lw_utf8_character(const unsigned char *at, size_t left);

#endif
