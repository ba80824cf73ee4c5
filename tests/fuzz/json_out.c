/* The writer of JSON: what it writes the scanner takes, and gives back the same values. The input is a program: each byte
   says what to write next, and where it takes its value from the bytes that follow. */
#include "engine/base/json/json_out.h"
#include "engine/base/scan/scan.h"

#include <math.h>
#include <stdlib.h>

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

static uint8_t next(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static double next_double(struct input *in)
{
    uint64_t bits = 0;
    double value;

    for (int i = 0; i < 8; i++)
        bits = bits << 8 | next(in);
    memcpy(&value, &bits, sizeof(value));
    return isfinite(value) ? value : 0.0;
}

static struct lw_str next_text(struct input *in)
{
    size_t n = next(in) % 64;
    struct lw_str text = {.at = (const char *)in->at, .len = n};

    if ((size_t)(in->end - in->at) < n)
        text.len = (size_t)(in->end - in->at);
    in->at += text.len;
    return text;
}

static void check_number(double value)
{
    char text[LW_NUMBER_TEXT];
    double again = 0.0;
    size_t n = lw_number_shortest(value, text);

    if (n != strlen(text) || !lw_scan_number((struct lw_str){.at = text, .len = n}, &again) ||
        memcmp(&again, &value, sizeof(value)) != 0)
        abort();
    n = lw_number_digits(value, 12, text);
    if (n != strlen(text))
        abort();
    if (lw_scan_number((struct lw_str){.at = text, .len = n}, &again) &&
        fabs(again - value) > 1e-11 * fabs(value) + 1e-322)
        abort();
}

static unsigned expected; /* tokens */

static void put_value(struct lw_json_out *out, struct input *in)
{
    double value;

    expected++;
    switch (next(in) % 8) {
    case 0:
        lw_json_str(out, next_text(in));
        return;
    case 1:
        value = next_double(in);
        check_number(value);
        lw_json_number(out, value);
        return;
    case 2:
        lw_json_derived(out, next_double(in));
        return;
    case 3:
        lw_json_bool(out, next(in) & 1);
        return;
    case 4:
        lw_json_int(out, (int64_t)((uint64_t)next(in) << 56 | next(in)));
        return;
    case 5:
        lw_json_time(out, (lw_time){(int64_t)next(in) * 1000000007});
        return;
    default:
        break;
    }
    expected++;
    if (out->depth > 30) {
        expected--;
        lw_json_uint(out, 1);
        return;
    }
    if (next(in) & 1) {
        lw_json_object(out);
        while (next(in) % 4 != 0) {
            expected++;
            lw_json_key_str(out, next_text(in));
            put_value(out, in);
        }
        lw_json_object_end(out);
    } else {
        lw_json_array(out);
        while (next(in) % 4 != 0)
            put_value(out, in);
        lw_json_array_end(out);
    }
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    (void)token;
    (void)fault;
    ++*(unsigned *)self;
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    (void)self;
    (void)reason;
    (void)line;
    (void)byte;
    (void)detail;
    (void)fault;
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.at = data, .end = data + size};
    struct lw_buf buf = {.ceiling = 8 << 20};
    struct lw_json_out out = {.buf = &buf, .indent = (next(&in) & 1) != 0};
    struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct lw_scan *scan;
    unsigned got = 0;

    expected = 0;
    put_value(&out, &in);
    if (buf.error != LW_ERR_OK || out.depth != 0 || lw_scan_open(&scan, &calls, &got, NULL) != LW_ERR_OK ||
        lw_scan_push(scan, buf.at, buf.len, NULL) != LW_ERR_OK || lw_scan_finish(scan, NULL) != LW_ERR_OK)
        abort();
    if (got != expected)
        abort();
    lw_scan_close(scan);
    lw_buf_close(&buf);
    return 0;
}
