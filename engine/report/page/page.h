/* The page that the text report is written on: its buffer, width, characters and colours. */
#ifndef LEEWAY_ENGINE_REPORT_PAGE_PAGE_H
#define LEEWAY_ENGINE_REPORT_PAGE_PAGE_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "leeway/judged.h"

#include <stdbool.h>

enum lw_tint { LW_TINT_PLAIN, LW_TINT_STRONG, LW_TINT_FAINT, LW_TINT_GOOD, LW_TINT_NOTICE, LW_TINT_BAD };

struct lw_page {
    struct lw_buf *out;
    struct lw_arena *arena; /* for cells and lists; lives as long as the page */
    size_t columns;
    bool colour, utf8;
};

/* What follows is written in that tint, until lw_page_plain. Nothing is written where colours are off. */
void lw_page_tint(struct lw_page *page, enum lw_tint tint);
void lw_page_plain(struct lw_page *page);
void lw_page_pad(struct lw_page *page, size_t n);
/* Text of ours (ASCII, terminated). */
void lw_page_text(struct lw_page *page, const char *text);
LW_PRINTF(2, 3) void lw_page_format(struct lw_page *page, const char *format, ...);
/* A heading: an empty line before it, strong. */
void lw_page_heading(struct lw_page *page, const char *text);
/* Words wrapped at the page's width, from column `at`, further lines indented. Ends the line. */
void lw_page_wrap(struct lw_page *page, struct lw_str text, size_t at, size_t indent);

/* The same for a line that was put together in a buffer, which is closed; its error becomes that of the page. */
void lw_page_wrap_line(struct lw_page *page, struct lw_buf *line, size_t at, size_t indent);
/* Text that lives as long as the page, for cells. When memory is out it is empty and the page's buffer has the error. */
LW_PRINTF(2, 3) struct lw_str lw_page_cell(struct lw_page *page, const char *format, ...);
/* Zeroed memory that lives as long as the page; NULL as above. */
void *lw_page_array(struct lw_page *page, size_t n, size_t size);

enum lw_tint lw_page_verdict_tint(enum lw_verdict verdict);
/* For people: "not enough runs" instead of "insufficient_data". */
const char *lw_page_verdict(enum lw_verdict verdict);
/* An arrow with blanks around it: " -> ". */
const char *lw_page_arrow(const struct lw_page *page);
const char *lw_page_ellipsis(const struct lw_page *page);

#endif
