#include "engine/base/fault.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Fault texts quote names and paths from the input. What a terminal would obey is made harmless: C0, DEL, and the C1
   controls in their UTF-8 form (0xc2 0x80..0x9f). */
static void make_harmless(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f) {
            *at = '?';
        } else if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
            at[0] = '?';
            at[1] = '?';
        }
    }
}

/* A text that was cut must not end inside a character: takes back an unfinished UTF-8 sequence at the end. */
static void drop_partial_character(char *text, size_t len)
{
    size_t lead = len;

    while (lead > 0 && len - lead < 4 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (lead > 0 && (unsigned char)text[lead - 1] >= 0xc0)
        text[lead - 1] = '\0';
}

LW_PRINTF(5, 0)
static enum lw_err set(struct lw_fault *fault, enum lw_err code, uint64_t line, uint64_t byte, const char *format,
                       va_list arguments)
{
    int length;

    if (fault == NULL)
        return code;
    fault->code = code;
    fault->line = line;
    fault->byte = byte;
    length = vsnprintf(fault->text, sizeof(fault->text), format, arguments);
    if (length < 0)
        fault->text[0] = '\0';
    else if ((size_t)length >= sizeof(fault->text))
        drop_partial_character(fault->text, sizeof(fault->text) - 1);
    make_harmless(fault->text);
    return code;
}

enum lw_err lw_fault_set(struct lw_fault *fault, enum lw_err code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(fault, code, 0, 0, format, arguments);
    va_end(arguments);
    return code;
}

enum lw_err lw_fault_set_at(struct lw_fault *fault, enum lw_err code, uint64_t line, uint64_t byte, const char *format,
                            ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(fault, code, line, byte, format, arguments);
    va_end(arguments);
    return code;
}

enum lw_err lw_fault_memory(struct lw_fault *fault, const char *what)
{
    return lw_fault_set(fault, LW_ERR_NOMEM, "no memory for %s: free some, or read less at once", what);
}
