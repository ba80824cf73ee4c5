/* Names, times and numbers of records; what repeats from record to record is not looked up or read again. */
#ifndef LEEWAY_ENGINE_DECODE_MEMO_H
#define LEEWAY_ENGINE_DECODE_MEMO_H

#include "engine/base/scan/scan.h"
#include "engine/decode/format.h"

#define LW_MEMO_NAMES 256
#define LW_MEMO_TEXT  115

struct lw_memo_name {
    uint32_t id;
    uint8_t len; /* 0: not used */
    char text[LW_MEMO_TEXT];
};

/* Zero-initialised is valid. Results never depend on what is remembered. */
struct lw_memo {
    struct lw_memo_name names[LW_MEMO_NAMES];
    char day[10]; /* "2019-06-12", and its midnight */
    bool has_day;
    lw_time midnight;
};

/* The id of `text`, as lw_emit_name. */
LW_MUST_USE enum lw_err lw_memo_name(struct lw_memo *memo, struct lw_emit *emit, struct lw_str text, uint32_t *id,
                                     struct lw_fault *fault);
/* A value as a time: a string as lw_time_read takes it, or a number of seconds or milliseconds. */
bool lw_memo_time(struct lw_memo *memo, const struct lw_token *token, const struct lw_zone *zone, lw_time *time);
/* A value as a number: a JSON number, or a string that holds one. When it is none, *reason is NOT_FINITE or BAD_VALUE. */
bool lw_memo_number(const struct lw_token *token, double *value, enum lw_reject *reason);

#endif
