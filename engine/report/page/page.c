#include "engine/report/page/page.h"

#include "engine/report/page/safe.h"

#include <stdarg.h>
#include <stdio.h>

void lw_page_tint(struct lw_page *page, enum lw_tint tint)
{
    static const char *const codes[] = {
        [LW_TINT_PLAIN] = "\033[0m", [LW_TINT_STRONG] = "\033[1m",  [LW_TINT_FAINT] = "\033[2m",
        [LW_TINT_GOOD] = "\033[32m", [LW_TINT_NOTICE] = "\033[33m", [LW_TINT_BAD] = "\033[1;31m",
    };

    if (page->colour)
        lw_buf_text(page->out, codes[tint]);
}

void lw_page_plain(struct lw_page *page)
{
    lw_page_tint(page, LW_TINT_PLAIN);
}

void lw_page_pad(struct lw_page *page, size_t n)
{
    while (n-- > 0)
        lw_buf_char(page->out, ' ');
}

void lw_page_text(struct lw_page *page, const char *text)
{
    lw_buf_text(page->out, text);
}

void lw_page_format(struct lw_page *page, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    lw_buf_text(page->out, text);
}

void lw_page_heading(struct lw_page *page, const char *text)
{
    lw_buf_char(page->out, '\n');
    lw_page_tint(page, LW_TINT_STRONG);
    lw_buf_text(page->out, text);
    lw_page_plain(page);
    lw_buf_char(page->out, '\n');
}

void lw_page_wrap(struct lw_page *page, struct lw_str text, size_t at, size_t indent)
{
    lw_safe_wrap(page->out, text, at, indent, page->columns, page->utf8);
}

void lw_page_wrap_line(struct lw_page *page, struct lw_buf *line, size_t at, size_t indent)
{
    if (line->error != LW_ERR_OK && page->out->error == LW_ERR_OK)
        page->out->error = line->error;
    lw_page_wrap(page, lw_buf_view(line), at, indent);
    lw_buf_close(line);
}

struct lw_str lw_page_cell(struct lw_page *page, const char *format, ...)
{
    char text[1024];
    struct lw_str copy;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    copy = lw_arena_text(page->arena, lw_str_from(text));
    if (copy.at == NULL)
        page->out->error = LW_ERR_NOMEM;
    return copy;
}

void *lw_page_array(struct lw_page *page, size_t n, size_t size)
{
    void *array = lw_arena_array(page->arena, n, size);

    if (array == NULL)
        page->out->error = LW_ERR_NOMEM;
    return array;
}

enum lw_tint lw_page_verdict_tint(enum lw_verdict verdict)
{
    static const enum lw_tint tints[] = {
        [LW_VERDICT_OK] = LW_TINT_GOOD,        [LW_VERDICT_INSUFFICIENT] = LW_TINT_FAINT,
        [LW_VERDICT_WARNING] = LW_TINT_NOTICE, [LW_VERDICT_DRIFT] = LW_TINT_BAD,
        [LW_VERDICT_ERROR] = LW_TINT_BAD,
    };

    return tints[verdict];
}

const char *lw_page_verdict(enum lw_verdict verdict)
{
    return verdict == LW_VERDICT_INSUFFICIENT ? "too few runs" : lw_verdict_name(verdict);
}

const char *lw_page_arrow(const struct lw_page *page)
{
    return page->utf8 ? " \xe2\x86\x92 " : " -> ";
}

const char *lw_page_ellipsis(const struct lw_page *page)
{
    return page->utf8 ? "\xe2\x80\xa6" : "...";
}
