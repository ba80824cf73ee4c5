/* A borrowed piece of text: a pointer and a length, not terminated, never owned by the struct that carries it. */
#ifndef LEEWAY_STR_H
#define LEEWAY_STR_H

#include <stddef.h>
#include <string.h>

struct lw_str {
    const char *at; /* may be NULL when len is 0 */
    size_t len;
};

#define LW_STR(literal) ((struct lw_str){.at = (literal), .len = sizeof(literal) - 1})

static inline struct lw_str lw_str_from(const char *terminated)
{
    return (struct lw_str){.at = terminated, .len = terminated ? strlen(terminated) : 0};
}

static inline int lw_str_equal(struct lw_str a, struct lw_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Order of bytes, a shorter prefix first: <0, 0, >0. */
static inline int lw_str_compare(struct lw_str a, struct lw_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.at, b.at, common) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

#endif
