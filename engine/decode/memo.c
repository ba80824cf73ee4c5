#include "engine/decode/memo.h"

#include <math.h>

/* Job names differ in their last bytes (a time stamp), metrics in their last and their length. */
static size_t slot_of(struct lw_str text)
{
    uint64_t tail = 0;
    size_t n = text.len < 8 ? text.len : 8;

    memcpy(&tail, text.at + text.len - n, n);
    return (size_t)(((tail ^ text.len) * 0x9e3779b97f4a7c15u) >> 56);
}

enum lw_err lw_memo_name(struct lw_memo *memo, struct lw_emit *emit, struct lw_str text, uint32_t *id,
                         struct lw_fault *fault)
{
    struct lw_memo_name *name;
    enum lw_err err;

    _Static_assert(LW_MEMO_NAMES == 256, "slot_of gives 8 bits");
    if (text.len == 0 || text.len > LW_MEMO_TEXT)
        return lw_emit_name(emit, text, id, fault);
    name = &memo->names[slot_of(text)];
    if (name->len == text.len && memcmp(name->text, text.at, text.len) == 0) {
        *id = name->id;
        return LW_ERR_OK;
    }
    err = lw_emit_name(emit, text, id, fault);
    if (err != LW_ERR_OK)
        return err;
    name->id = *id;
    name->len = (uint8_t)text.len;
    memcpy(name->text, text.at, text.len);
    return LW_ERR_OK;
}

/* Two digits as a number; more than 99 when they are none. */
static unsigned two(const char *at)
{
    unsigned tens = (unsigned)((unsigned char)at[0] - '0'), ones = (unsigned)((unsigned char)at[1] - '0');

    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* "2019-06-12T14:03:00.000Z", as JavaScript writes it, on a day that was read before. */
static bool read_stamp(struct lw_memo *memo, const char *at, lw_time *time)
{
    struct lw_str day = {at, sizeof(memo->day)};
    unsigned hour = two(at + 11), minute = two(at + 14), second = two(at + 17), ms = two(at + 20), last;

    last = (unsigned)((unsigned char)at[22] - '0');
    if (at[10] != 'T' || at[13] != ':' || at[16] != ':' || at[19] != '.' || at[23] != 'Z' || hour > 23 || minute > 59 ||
        second > 59 || ms > 99 || last > 9)
        return false;
    if (!memo->has_day || memcmp(memo->day, at, sizeof(memo->day)) != 0) {
        memo->has_day = at[4] == '-' && at[7] == '-' && lw_time_read(day, NULL, &memo->midnight);
        memcpy(memo->day, at, sizeof(memo->day));
    }
    if (!memo->has_day)
        return false;
    time->ms = memo->midnight.ms + hour * LW_HOUR + minute * LW_MINUTE + second * LW_SECOND + (int64_t)ms * 10 + last;
    return true;
}

bool lw_memo_time(struct lw_memo *memo, const struct lw_token *token, const struct lw_zone *zone, lw_time *time)
{
    if (token->kind == LW_TOKEN_STRING) {
        if (token->text.len == 24 && read_stamp(memo, token->text.at, time))
            return true;
        return lw_time_read(token->text, zone, time);
    }
    if (token->kind != LW_TOKEN_NUMBER)
        return false;
    /* As text the decimals are exact; an exponent is only understood as a number. */
    if (lw_time_read(token->text, zone, time))
        return true;
    return isfinite(token->number) && lw_time_from_number(token->number, time);
}

static bool is_word(struct lw_str text, struct lw_str lower)
{
    if (text.len != lower.len)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] | 0x20) != lower.at[i])
            return false;
    }
    return true;
}

/* NaN and the infinities, as Python, JavaScript, C and Java write them. */
static bool says_not_finite(struct lw_str text)
{
    if (text.len > 0 && (text.at[0] == '-' || text.at[0] == '+'))
        text = (struct lw_str){text.at + 1, text.len - 1};
    return is_word(text, LW_STR("nan")) || is_word(text, LW_STR("inf")) || is_word(text, LW_STR("infinity"));
}

bool lw_memo_number(const struct lw_token *token, double *value, enum lw_reject *reason)
{
    if (token->kind == LW_TOKEN_STRING) {
        *reason = says_not_finite(token->text) ? LW_REJECT_NOT_FINITE : LW_REJECT_BAD_VALUE;
        return lw_scan_decimal(token->text, value);
    }
    if (token->kind != LW_TOKEN_NUMBER) {
        *reason = LW_REJECT_BAD_VALUE;
        return false;
    }
    *reason = LW_REJECT_NOT_FINITE;
    *value = token->number;
    return isfinite(*value);
}
