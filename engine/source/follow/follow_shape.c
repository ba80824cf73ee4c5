#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow_shape.h"

#include "engine/base/again.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Whether the first line is a JSON object that does not end in it. */
static bool is_open_object(struct lw_str head)
{
    bool text = false;
    int depth = 0;

    for (size_t i = 0; i < head.len && head.at[i] != '\n'; i++) {
        char c = head.at[i];

        if (text && c == '\\')
            i++;
        else if (c == '"')
            text = !text;
        else if (!text && (c == '{' || c == '['))
            depth++;
        else if (!text && (c == '}' || c == ']'))
            depth--;
    }
    return depth > 0 && memchr(head.at, '\n', head.len) != NULL;
}

enum lw_follow_shape lw_follow_shape_of(int file, bool (*whole)(void *self, struct lw_str head), void *self)
{
    char bytes[LW_FOLLOW_LOOK];
    ssize_t n = lw_again_pread(file, bytes, sizeof(bytes), 0);
    struct lw_str head = {.at = bytes, .len = n > 0 ? (size_t)n : 0};

    if (n < 0)
        return LW_FOLLOW_WHOLE; /* nothing is known of it: reading it all once more is never wrong */
    if (head.len >= 3 && memcmp(head.at, "\xef\xbb\xbf", 3) == 0)
        head = (struct lw_str){.at = head.at + 3, .len = head.len - 3};
    if (whole != NULL && whole(self, head))
        return LW_FOLLOW_WHOLE;
    while (head.len > 0 && memchr(" \t\r\n", head.at[0], 4) != NULL)
        head = (struct lw_str){.at = head.at + 1, .len = head.len - 1};
    if (head.len == 0 || (head.at[0] != '{' && head.at[0] != '['))
        return LW_FOLLOW_HEADER;
    return is_open_object(head) ? LW_FOLLOW_WHOLE : LW_FOLLOW_LINES;
}

bool lw_follow_shape_header(int file, struct lw_buf *out)
{
    size_t before = out->len;

    for (;;) {
        size_t step = LW_FOLLOW_LOOK, n = out->len - before;
        char *into = n < LW_FOLLOW_HEADER_MAX ? lw_buf_reserve(out, step) : NULL;
        const char *end;
        ssize_t more;

        if (into == NULL)
            break;
        more = lw_again_pread(file, into, step, (off_t)n);
        if (more <= 0)
            break;
        end = memchr(into, '\n', (size_t)more);
        out->len += end != NULL ? (size_t)(end - into) + 1 : (size_t)more;
        if (end != NULL)
            return true;
    }
    out->len = before;
    return out->error == LW_ERR_OK;
}
