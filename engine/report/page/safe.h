/* Text from the input made harmless for a terminal, with its width in columns. */
#ifndef LEEWAY_ENGINE_REPORT_PAGE_SAFE_H
#define LEEWAY_ENGINE_REPORT_PAGE_SAFE_H

#include "engine/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* The next character of UTF-8 text: its code point, and how many bytes it has. Bytes that are not UTF-8 give U+FFFD, one
   byte each. `text` is not empty. */
uint32_t lw_safe_next(struct lw_str text, size_t *bytes);

/* Columns of a code point: 2 for wide ones (East Asian, emoji), 0 for combining marks, 1 else. */
uint32_t lw_safe_columns(uint32_t code);

/* Columns of a text as lw_safe_write writes it. */
size_t lw_safe_width(struct lw_str text);

/* Appends `text`, at most `columns` wide; what is longer is cut in the middle, with an ellipsis. Control characters, and
   those that turn the direction of writing, become '?'; where the terminal has no UTF-8, everything beyond ASCII does.
   Returns the columns used. */
size_t lw_safe_write(struct lw_buf *out, struct lw_str text, size_t columns, bool utf8);

/* Appends the words of `text` over as many lines as needed, the first one beginning in column `at`, the others indented
   by `indent`; ends with a line break. A word wider than a line stands alone on its line, cut. */
void lw_safe_wrap(struct lw_buf *out, struct lw_str text, size_t at, size_t indent, size_t columns, bool utf8);

#endif
