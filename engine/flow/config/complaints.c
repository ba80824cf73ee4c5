#include "engine/flow/config/complaints.h"

#include "engine/base/fault.h"

#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_MOST 400
#define SHOWN_MOST    100 /* characters of a line; a longer one is cut around its place */
#define SHOWN_BEFORE  60

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0u) == 0x80u;
}

static struct lw_str line_of(struct lw_str text, uint32_t line)
{
    const char *end;

    for (uint32_t i = 1; i < line && text.len > 0; i++) {
        const char *next = memchr(text.at, '\n', text.len);
        size_t skipped = next != NULL ? (size_t)(next - text.at) + 1 : text.len;

        text.at += skipped;
        text.len -= skipped;
    }
    end = text.len > 0 ? memchr(text.at, '\n', text.len) : NULL;
    if (end != NULL)
        text.len = (size_t)(end - text.at);
    return text;
}

/* Takes n characters (not bytes) off the front; how many there were. */
static uint32_t skip(struct lw_str *text, uint32_t n)
{
    uint32_t taken = 0;

    while (taken < n && text->len > 0) {
        do {
            text->at++;
            text->len--;
        } while (text->len > 0 && is_continuation(text->at[0]));
        taken++;
    }
    return taken;
}

/* A line may hold anything: what a terminal would take for a command becomes '?'. */
static void put_shown(struct lw_buf *out, struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        lw_buf_char(out, c == '\t' ? ' ' : (char)(c < 0x20 || c == 0x7f ? '?' : c));
    }
}

/* The line, and under it a caret at the column with as many `~` as the thing is wide. */
static void put_line(struct lw_buf *out, struct lw_str text, struct lw_place place)
{
    struct lw_str line = line_of(text, place.line);
    struct lw_str rest;
    uint32_t before = place.column > 0 ? place.column - 1 : 0, left;

    if (before > SHOWN_BEFORE)
        before -= skip(&line, before - SHOWN_BEFORE);
    rest = line;
    left = skip(&rest, SHOWN_MOST);
    line.len -= rest.len;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    lw_buf_text(out, "    ");
    put_shown(out, line);
    lw_buf_text(out, "\n    ");
    for (uint32_t i = 0; i < before; i++)
        lw_buf_char(out, ' ');
    lw_buf_char(out, '^');
    for (uint32_t i = 1; i < place.width && before + i < left; i++)
        lw_buf_char(out, '~');
    lw_buf_char(out, '\n');
}

void lw_complaints_place(struct lw_buf *out, const char *path, struct lw_place place)
{
    if (place.origin != NULL)
        lw_buf_text(out, place.origin);
    else if (place.line == 0)
        lw_buf_text(out, "default");
    else
        lw_buf_format(out, "%s:%u", path != NULL ? path : "configuration", (unsigned)place.line);
}

void lw_complaints_add(struct lw_complaints *complaints, struct lw_place place, const char *format, ...)
{
    char sentence[SENTENCE_MOST];
    char where[64 + sizeof(((struct lw_fault *)0)->text)];
    const char *path = complaints->path != NULL ? complaints->path : "configuration";
    va_list arguments;
    size_t n = complaints->n++;

    if (n >= LW_COMPLAINTS_MOST) {
        if (n == LW_COMPLAINTS_MOST && complaints->errors != NULL)
            lw_buf_text(complaints->errors, "(there are more errors, which are not shown)\n");
        return;
    }
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    if (place.origin != NULL)
        snprintf(where, sizeof(where), "%.100s: ", place.origin);
    else if (place.line > 0)
        snprintf(where, sizeof(where), "%.100s:%u:%u: ", path, (unsigned)place.line, (unsigned)place.column);
    else
        snprintf(where, sizeof(where), "%.100s: ", path);
    if (n == 0 && complaints->first != NULL)
        (void)lw_fault_set_at(complaints->first, LW_ERR_USAGE, place.line, 0, "%s%s", where, sentence);
    if (complaints->errors == NULL)
        return;
    lw_buf_text(complaints->errors, where);
    put_shown(complaints->errors, lw_str_from(sentence));
    lw_buf_char(complaints->errors, '\n');
    if (place.origin == NULL && place.line > 0 && complaints->text.len > 0)
        put_line(complaints->errors, complaints->text, place);
}
