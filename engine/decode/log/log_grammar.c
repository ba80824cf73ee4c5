#include "engine/decode/log/log_grammar.h"

#include "engine/base/scan/scan.h"

#include <string.h>

/* A place in a text; reading moves it on. */
struct cursor {
    const char *at, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool take(struct cursor *cursor, const char *piece)
{
    size_t n = strlen(piece);

    if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, piece, n) != 0)
        return false;
    cursor->at += n;
    return true;
}

/* The escape #011 is how the container writes a TAB into the log. */
static bool take_blank(struct cursor *cursor)
{
    if (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t')) {
        cursor->at++;
        return true;
    }
    return take(cursor, "#011");
}

static void skip_blanks(struct cursor *cursor)
{
    while (take_blank(cursor))
        ;
}

/* Digits that make a number below 2^53. */
static bool take_whole(struct cursor *cursor, int64_t *number)
{
    const char *at = cursor->at;
    int64_t value = 0;

    while (at < cursor->end && is_digit(*at) && value < ((int64_t)1 << 53) / 10)
        value = value * 10 + (*at++ - '0');
    if (at == cursor->at || (at < cursor->end && is_digit(*at)))
        return false;
    *number = value;
    cursor->at = at;
    return true;
}

/* Names and numbers are short; the bound keeps the time linear in the length of a line, whatever it holds. */
#define LONGEST 255

/* Up to one of the characters in `stops`, a blank, or a control byte. */
static struct lw_str take_until(struct cursor *cursor, const char *stops)
{
    struct cursor at = *cursor;
    const char *from = cursor->at;

    while (at.at < at.end && (unsigned char)*at.at > ' ' && strchr(stops, *at.at) == NULL && at.at - from < LONGEST) {
        struct cursor escape = at;

        if (take(&escape, "#011"))
            break;
        at.at++;
    }
    *cursor = at;
    return (struct lw_str){from, (size_t)(at.at - from)};
}

static size_t count_digits(struct lw_str text, size_t at)
{
    size_t n = 0;

    while (at + n < text.len && is_digit(text.at[at + n]))
        n++;
    return n;
}

/* How much of `text` is a number: sign, digits, point, digits, exponent; or a word for what is none. */
static size_t number_length(struct lw_str text)
{
    static const char *const words[] = {"infinity", "inf", "nan"};
    size_t at = text.len > 0 && (text.at[0] == '-' || text.at[0] == '+') ? 1 : 0;
    size_t whole = count_digits(text, at), behind = 0, exponent;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && whole == 0; i++) {
        size_t n = strlen(words[i]), same = 0;

        while (same < n && at + same < text.len && (text.at[at + same] | 0x20) == words[i][same])
            same++;
        if (same == n)
            return at + n;
    }
    at += whole;
    if (at < text.len && text.at[at] == '.') {
        behind = count_digits(text, at + 1);
        at += behind > 0 || whole > 0 ? 1 + behind : 0;
    }
    if (whole + behind == 0)
        return 0;
    if (at < text.len && (text.at[at] == 'e' || text.at[at] == 'E')) {
        size_t sign = at + 1 < text.len && (text.at[at + 1] == '-' || text.at[at + 1] == '+') ? 1 : 0;

        exponent = count_digits(text, at + 1 + sign);
        at += exponent > 0 ? 1 + sign + exponent : 0;
    }
    return at;
}

/* Behind a number, what makes it none: "1.2.3", "63ms", "5_0". A capital or a bracket is the next line, glued on. */
static bool goes_on(struct lw_str text, size_t at)
{
    char c;

    if (at >= text.len)
        return false;
    c = text.at[at];
    if (c == '.')
        return at + 1 < text.len && is_digit(text.at[at + 1]);
    return is_word(c) && !(c >= 'A' && c <= 'Z');
}

/* A number, without what is glued to it; parentheses around it are taken off: "=(1.2e-05)", "=(0.7,)". What is no number
   is given back whole. */
static struct lw_str take_number(struct cursor *cursor)
{
    struct lw_str text;
    size_t n;

    if (cursor->at < cursor->end && *cursor->at == '(')
        cursor->at++;
    text = take_until(cursor, "(),;[]{}'\"");
    n = number_length(text);
    if (n == 0 || goes_on(text, n))
        return text;
    cursor->at -= text.len - n;
    return (struct lw_str){text.at, n};
}

size_t lw_log_grammar_find(struct lw_str text, size_t from, struct lw_str piece)
{
    while (from + piece.len <= text.len) {
        const char *at = memchr(text.at + from, piece.at[0], text.len - from - piece.len + 1);

        if (at == NULL)
            return SIZE_MAX;
        if (memcmp(at, piece.at, piece.len) == 0)
            return (size_t)(at - text.at);
        from = (size_t)(at - text.at) + 1;
    }
    return SIZE_MAX;
}

static bool is_not_finite(struct lw_str text)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    char lower[8];

    if (text.len > 0 && (text.at[0] == '-' || text.at[0] == '+'))
        text = (struct lw_str){text.at + 1, text.len - 1};
    if (text.len > sizeof(lower))
        return false;
    for (size_t i = 0; i < text.len; i++)
        lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char)(text.at[i] - 'A' + 'a') : text.at[i];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (lw_str_equal((struct lw_str){lower, text.len}, lw_str_from(words[i])))
            return true;
    }
    return false;
}

/* "1.25e-05" has 7 decimals: two behind the point and five of the exponent. */
static int count_decimals(struct lw_str text)
{
    int behind = 0, exponent = 0, sign = 1;
    size_t at = 0;

    while (at < text.len && text.at[at] != '.' && text.at[at] != 'e' && text.at[at] != 'E')
        at++;
    if (at < text.len && text.at[at] == '.') {
        for (at++; at < text.len && is_digit(text.at[at]) && behind < 400; at++)
            behind++;
    }
    if (at < text.len && (text.at[at] == 'e' || text.at[at] == 'E')) {
        at++;
        if (at < text.len && (text.at[at] == '-' || text.at[at] == '+'))
            sign = text.at[at++] == '-' ? 1 : -1;
        else
            sign = -1;
        for (; at < text.len && is_digit(text.at[at]) && exponent < 1000; at++)
            exponent = exponent * 10 + (text.at[at] - '0');
    }
    return behind + sign * exponent;
}

enum lw_log_number lw_log_grammar_number(struct lw_str text, double *number, int *decimals)
{
    if (is_not_finite(text))
        return LW_LOG_NUMBER_NOT_FINITE;
    if (!lw_scan_decimal(text, number))
        return LW_LOG_NUMBER_NONE;
    *decimals = count_decimals(text);
    return LW_LOG_NUMBER_FINITE;
}

bool lw_log_grammar_number_after(struct lw_str text, struct lw_str label, double *number)
{
    size_t at = lw_log_grammar_find(text, 0, label);
    struct cursor cursor;
    int decimals;

    if (at == SIZE_MAX)
        return false;
    cursor = (struct cursor){text.at + at + label.len, text.at + text.len};
    skip_blanks(&cursor);
    return lw_log_grammar_number(take_number(&cursor), number, &decimals) == LW_LOG_NUMBER_FINITE;
}

/* Behind `Epoch[n] `: `Train-x=v`, `Validation-x=v`, `Test-x=v`, `Time cost=v`. */
static enum lw_err epoch_value(struct cursor *cursor, struct lw_log_value *value, lw_log_grammar_call *call, void *self,
                               struct lw_fault *fault)
{
    static const char *const splits[] = {"Train", "Validation", "Test"};

    if (take(cursor, "Time cost=")) {
        value->name = LW_STR("epoch_time_s");
        value->number = take_number(cursor);
        return call(self, value, fault);
    }
    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
        struct cursor at = *cursor;

        if (!take(&at, splits[i]) || !take(&at, "-"))
            continue;
        value->split = lw_str_from(splits[i]);
        value->name = take_until(&at, "=");
        if (value->name.len == 0 || !take(&at, "="))
            return LW_ERR_OK;
        value->number = take_number(&at);
        *cursor = at;
        return call(self, value, fault);
    }
    return LW_ERR_OK;
}

static enum lw_err read_epochs(struct lw_str text, lw_log_grammar_call *call, void *self, struct lw_fault *fault)
{
    const struct lw_str head = LW_STR("Epoch[");
    enum lw_err err = LW_ERR_OK;
    size_t from = lw_log_grammar_find(text, 0, head);

    while (from != SIZE_MAX && err == LW_ERR_OK) {
        struct cursor cursor = {text.at + from + head.len, text.at + text.len};
        struct lw_log_value value = {.has_epoch = true};

        if (take_whole(&cursor, &value.epoch) && take(&cursor, "]")) {
            skip_blanks(&cursor);
            err = epoch_value(&cursor, &value, call, self, fault);
        }
        from = lw_log_grammar_find(text, (size_t)(cursor.at - text.at), head);
    }
    return err;
}

static bool is_attribute(struct lw_str key)
{
    static const char *const keys[] = {"host", "epoch", "batch", "model", "rank", "worker"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (lw_str_equal(key, lw_str_from(keys[i])))
            return true;
    }
    return false;
}

/* `host=algo-1, epoch=0, batch=5 ` or `host: algo-1, epoch: 0, `: words with a value. Stops before the first word that is
   not one of them. */
static void quality_attributes(struct cursor *cursor, struct lw_log_value *value, bool *batch)
{
    for (;;) {
        struct cursor at, number;
        struct lw_str key;

        while (take(cursor, ",") || take_blank(cursor))
            ;
        at = *cursor;
        key = take_until(&at, "=:,<");
        if (!is_attribute(key) || !(take(&at, "=") || take(&at, ": ")))
            return;
        number = at;
        take_until(&at, ",");
        if (lw_str_equal(key, LW_STR("epoch")))
            value->has_epoch = take_whole(&number, &value->epoch) && number.at == at.at;
        *batch = *batch || lw_str_equal(key, LW_STR("batch"));
        *cursor = at;
    }
}

/* `train loss <loss>=1.4`, `validation mIOU: 0.5 .`: split and name are the words before '<', '=' or ':'. */
static bool quality_name(struct cursor *cursor, struct lw_log_value *value)
{
    const char *from = cursor->at;
    const char *stop = from;
    const char *blank;
    const char *name_end;

    while (stop < cursor->end && *stop != '<' && *stop != '=' && *stop != ':')
        stop++;
    if (stop == cursor->end)
        return false;
    for (name_end = stop; name_end > from && name_end[-1] == ' ';)
        name_end--;
    if (name_end == from || name_end - from > LONGEST)
        return false;
    cursor->at = stop;
    if (*stop == '<') {
        cursor->at = memchr(stop, '>', (size_t)(cursor->end - stop));
        if (cursor->at == NULL) {
            cursor->at = cursor->end;
            return false;
        }
        cursor->at++;
        if (!take(cursor, "="))
            return false;
    } else {
        cursor->at++;
    }
    skip_blanks(cursor);
    blank = memchr(from, ' ', (size_t)(name_end - from));
    if (blank != NULL)
        value->split = (struct lw_str){from, (size_t)(blank - from)};
    for (from = blank != NULL ? blank : from; *from == ' ';)
        from++;
    value->name = (struct lw_str){from, (size_t)(name_end - from)};
    return true;
}

static enum lw_err read_quality(struct lw_str text, lw_log_grammar_call *call, void *self, struct lw_fault *fault)
{
    const struct lw_str head = LW_STR("#quality_metric");
    enum lw_err err = LW_ERR_OK;
    size_t from = lw_log_grammar_find(text, 0, head);

    while (from != SIZE_MAX && err == LW_ERR_OK) {
        size_t next = lw_log_grammar_find(text, from + head.len, head);
        struct cursor cursor = {text.at + from + head.len, text.at + (next != SIZE_MAX ? next : text.len)};
        struct lw_log_value value = {0};
        bool batch = false;

        if (take(&cursor, ":") || take(&cursor, ".")) {
            quality_attributes(&cursor, &value, &batch);
            if (!batch && quality_name(&cursor, &value)) {
                value.number = take_number(&cursor);
                err = call(self, &value, fault);
            }
        }
        from = next;
    }
    return err;
}

/* `train-rmse:9.9` behind a round. */
static bool take_round_value(struct cursor *cursor, struct lw_log_value *value)
{
    struct cursor at = *cursor;
    const char *dash;
    struct lw_str name = take_until(&at, ":=");

    dash = name.len > 0 ? memchr(name.at, '-', name.len) : NULL;
    if (dash == NULL || dash == name.at || dash + 1 == name.at + name.len || !take(&at, ":"))
        return false;
    value->split = (struct lw_str){name.at, (size_t)(dash - name.at)};
    value->name = (struct lw_str){dash + 1, name.len - value->split.len - 1};
    value->number = take_number(&at);
    /* The deviation that cross-validation prints, "9.9+0.1", is no metric. */
    if (take(&at, "+"))
        take_number(&at);
    *cursor = at;
    return true;
}

static enum lw_err read_rounds(struct lw_str text, lw_log_grammar_call *call, void *self, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;
    const char *bracket = text.len > 0 ? memchr(text.at, '[', text.len) : NULL;

    while (bracket != NULL && err == LW_ERR_OK) {
        struct cursor cursor = {bracket + 1, text.at + text.len};
        struct lw_log_value value = {.has_epoch = true};

        /* `Epoch[0] ` is another grammar. */
        if ((bracket == text.at || !is_word(bracket[-1])) && take_whole(&cursor, &value.epoch) && take(&cursor, "]") &&
            take_blank(&cursor)) {
            skip_blanks(&cursor);
            while (err == LW_ERR_OK && take_round_value(&cursor, &value)) {
                err = call(self, &value, fault);
                skip_blanks(&cursor);
            }
        }
        bracket = memchr(bracket + 1, '[', (size_t)(text.at + text.len - bracket - 1));
    }
    return err;
}

enum lw_err lw_log_grammar_read(struct lw_str text, lw_log_grammar_call *call, void *self, struct lw_fault *fault)
{
    enum lw_err err = read_epochs(text, call, self, fault);

    if (err == LW_ERR_OK)
        err = read_quality(text, call, self, fault);
    return err == LW_ERR_OK ? read_rounds(text, call, self, fault) : err;
}

bool lw_log_grammar_keras_epoch(struct lw_str text, int64_t *epoch, struct lw_str *rest)
{
    const struct lw_str head = LW_STR("Epoch ");
    size_t from = lw_log_grammar_find(text, 0, head);

    while (from != SIZE_MAX) {
        struct cursor cursor = {text.at + from + head.len, text.at + text.len};
        int64_t epochs;

        if ((from == 0 || !is_word(text.at[from - 1])) && take_whole(&cursor, epoch) && take(&cursor, "/") &&
            take_whole(&cursor, &epochs) && (cursor.at == cursor.end || !is_word(*cursor.at))) {
            *rest = (struct lw_str){cursor.at, (size_t)(cursor.end - cursor.at)};
            return true;
        }
        from = lw_log_grammar_find(text, from + head.len, head);
    }
    return false;
}

/* `loss: 0.3` between " - "; false for `39s 63ms/step`, `ETA: 1:05`. */
static bool progress_value(struct lw_str item, struct lw_log_value *value)
{
    struct cursor cursor = {item.at, item.at + item.len};
    double number;
    int decimals;

    skip_blanks(&cursor);
    value->name = take_until(&cursor, ":");
    if (value->name.len == 0 || !take(&cursor, ":") || cursor.at == cursor.end || *cursor.at != ' ')
        return false;
    skip_blanks(&cursor);
    value->number = take_number(&cursor);
    skip_blanks(&cursor);
    if (cursor.at != cursor.end || lw_log_grammar_number(value->number, &number, &decimals) == LW_LOG_NUMBER_NONE)
        return false;
    value->split = LW_STR("train");
    if (value->name.len > 4 && memcmp(value->name.at, "val_", 4) == 0) {
        value->split = LW_STR("validation");
        value->name = (struct lw_str){value->name.at + 4, value->name.len - 4};
    }
    return true;
}

enum lw_err lw_log_grammar_progress(struct lw_str text, struct lw_log_progress *progress, lw_log_grammar_call *call,
                                    void *self, struct lw_fault *fault)
{
    const struct lw_str dash = LW_STR(" - ");
    struct cursor cursor = {text.at, text.at + text.len};
    enum lw_err err = LW_ERR_OK;
    size_t from;

    *progress = (struct lw_log_progress){0};
    skip_blanks(&cursor);
    progress->has_steps = take_whole(&cursor, &progress->step) && take(&cursor, "/") &&
                          take_whole(&cursor, &progress->steps) && progress->steps > 0;
    from = lw_log_grammar_find(text, 0, dash);
    while (from != SIZE_MAX && err == LW_ERR_OK) {
        size_t next = lw_log_grammar_find(text, from + dash.len, dash);
        size_t to = next != SIZE_MAX ? next : text.len;
        struct lw_log_value value = {0};

        if (progress_value((struct lw_str){text.at + from + dash.len, to - from - dash.len}, &value)) {
            progress->values++;
            progress->validated = progress->validated || value.split.len > 5;
            err = call != NULL ? call(self, &value, fault) : LW_ERR_OK;
        }
        from = next;
    }
    return err;
}
