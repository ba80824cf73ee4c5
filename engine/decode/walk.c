#include "engine/decode/walk.h"

#include <assert.h>

static uint8_t find(const struct lw_walk *walk, uint8_t in, struct lw_str key)
{
    if (in == LW_WALK_NONE)
        return LW_WALK_NONE;
    for (size_t i = 0; i < walk->rules_n; i++) {
        if (walk->rules[i].in == in && lw_str_equal(walk->rules[i].key, key))
            return walk->rules[i].role;
    }
    return LW_WALK_NONE;
}

uint8_t lw_walk_token(struct lw_walk *walk, const struct lw_token *token)
{
    uint32_t depth = token->depth;

    assert(depth <= LW_SCAN_DEPTH);
    walk->open = depth + (token->kind == LW_TOKEN_OBJECT || token->kind == LW_TOKEN_ARRAY);
    switch (token->kind) {
    case LW_TOKEN_OBJECT_END:
    case LW_TOKEN_ARRAY_END:
        return walk->role[depth];
    case LW_TOKEN_KEY:
        /* An empty key is no element. */
        walk->role[depth] = token->text.len == 0 ? LW_WALK_NONE : find(walk, walk->role[depth - 1], token->text);
        return walk->role[depth];
    case LW_TOKEN_OBJECT:
    case LW_TOKEN_ARRAY:
    case LW_TOKEN_STRING:
    case LW_TOKEN_NUMBER:
    case LW_TOKEN_TRUE:
    case LW_TOKEN_FALSE:
    case LW_TOKEN_NULL:
        break;
    }
    if (depth == 0)
        walk->role[0] = LW_WALK_TOP;
    else if (walk->array[depth - 1])
        walk->role[depth] = find(walk, walk->role[depth - 1], (struct lw_str){0});
    walk->array[depth] = token->kind == LW_TOKEN_ARRAY;
    return walk->role[depth];
}

bool lw_walk_in_list(const struct lw_walk *walk)
{
    return (walk->open > 0 && walk->array[0]) || (walk->open > 1 && walk->array[1]);
}
