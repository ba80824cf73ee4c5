/* Error codes, and the caller-owned record in which a failing function explains itself. */
#ifndef LEEWAY_ERR_H
#define LEEWAY_ERR_H

#include <stdint.h>

#define LW_API                 __attribute__((visibility("default")))
#define LW_MUST_USE            __attribute__((warn_unused_result))
#define LW_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* One list: the name of the code, and what it means in general. */
#define LW_ERR_LIST(X)                                                                                                 \
    X(OK, "no error")                                                                                                  \
    X(NOMEM, "memory could not be allocated")                                                                          \
    X(LIMIT, "a stated ceiling was reached")                                                                           \
    X(USAGE, "the call or the command line is not valid")                                                              \
    X(FORMAT, "the input is not in the expected format")                                                               \
    X(IO, "reading or writing failed")                                                                                 \
    X(RANGE, "a number is outside of its domain")                                                                      \
    X(NUMERIC, "a computation did not converge")                                                                       \
    X(STATE, "saved state is damaged or of another version")                                                           \
    X(LOCKED, "another process owns it")                                                                               \
    X(NEWER, "it was written by a later version")                                                                      \
    X(FULL, "there is no space left")                                                                                  \
    X(CONFIG, "the configuration is not valid")

enum lw_err {
#define LW_ERR_ENUM(name, text) LW_ERR_##name,
    LW_ERR_LIST(LW_ERR_ENUM)
#undef LW_ERR_ENUM
};

/* Filled by a function that returns anything but LW_ERR_OK. `line` (from 1) and `byte` (from 0) give the place in the
   input and are 0 where there is none. `text` is one sentence: what is wrong, and what to do. A NULL fault is legal. */
struct lw_fault {
    enum lw_err code;
    uint64_t line;
    uint64_t byte;
    char text[256];
};

/* The general meaning of a code; never NULL. */
LW_API const char *lw_err_text(enum lw_err code);

#endif
