#include "engine/decode/walk.h"
#include "tests/kit/kit.h"

#include <string.h>

enum role { TOP = LW_WALK_TOP, LIST, ITEM, NAME, ROWS, ROW, CELL };

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(TOP, TOP),       LW_WALK_KEY(TOP, "list", LIST),  LW_WALK_ELEMENT(LIST, ITEM),
    LW_WALK_KEY(ITEM, "name", NAME), LW_WALK_KEY(ITEM, "rows", ROWS), LW_WALK_ELEMENT(ROWS, ROW),
    LW_WALK_ELEMENT(ROW, CELL),
};

struct trace {
    struct lw_walk walk;
    char roles[256]; /* a digit per value, its end, or '.' for a key */
    size_t n;
};

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct trace *trace = self;
    uint8_t role = lw_walk_token(&trace->walk, token);

    (void)fault;
    if (trace->n + 1 < sizeof(trace->roles))
        trace->roles[trace->n++] = token->kind == LW_TOKEN_KEY ? '.' : (char)('0' + role);
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct trace *trace = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    trace->roles[trace->n++] = '!';
    return LW_ERR_OK;
}

static int walks(const char *text, const char *want)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct trace trace = {.walk = {.rules = rules, .rules_n = sizeof(rules) / sizeof(rules[0])}};
    struct lw_scan *scan;

    CU_ASSERT_EQUAL_FATAL(lw_scan_open(&scan, &calls, &trace, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_push(scan, text, strlen(text), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    lw_scan_close(scan);
    return strcmp(trace.roles, want) == 0;
}

static void gives_roles(void)
{
    CU_ASSERT(walks("{}", "11"));
    CU_ASSERT(walks("[{},5]", "11111"));
    CU_ASSERT(walks("{\"list\":[{\"name\":1}]}", "1.23.4321"));
    CU_ASSERT(walks("{\"list\":[{\"rows\":[[1,2],[3]]}]}", "1.23.5677667"
                                                           "65321"));
}

static void leaves_the_rest_alone(void)
{
    CU_ASSERT(walks("{\"x\":{\"list\":[1]},\"list\":[7]}", "1.0.0000"
                                                           ".2321"));
    CU_ASSERT(walks("{\"list\":{\"name\":1},\"\":[2]}", "1.2.02.0001"));
    CU_ASSERT(walks("{\"list\":[[{\"name\":1}]]}", "1.230.00321"));
}

static void needs_no_reset(void)
{
    CU_ASSERT(walks("{\"list\":[{\"name\":oops\n{\"list\":[3]}", "1.23.!1.2321"));
}

KIT_SUITE("walk", {"values have the role of their place", gives_roles},
          {"what the table does not name has none, nor what is inside", leaves_the_rest_alone},
          {"after a malformed document the next is right", needs_no_reset})
