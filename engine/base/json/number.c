#include "engine/base/json/json_out.h"

#include "engine/base/scan/scan.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_DIGITS 17

/* A decimal: 0.d1d2d3... * 10^(exponent + 1), without trailing zeros. */
struct digits {
    char at[MOST_DIGITS + 1];
    int n;
    int exponent; /* of the first digit */
};

/* From printf's %e, of which only digits are believed: the point is the locale's, in whatever bytes. */
static void from_printf(double magnitude, int significant, struct digits *digits)
{
    char text[64];
    const char *at = text;
    bool negative;

    snprintf(text, sizeof(text), "%.*e", significant - 1, magnitude);
    digits->n = 0;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            digits->at[digits->n++] = *at;
    }
    negative = at[1] == '-';
    digits->exponent = 0;
    for (at += 2; *at != '\0'; at++)
        digits->exponent = digits->exponent * 10 + (*at - '0');
    if (negative)
        digits->exponent = -digits->exponent;
    while (digits->n > 1 && digits->at[digits->n - 1] == '0')
        digits->n--;
}

/* JSON's forms: plain while the exponent is -5..16, else d.ddde[-]x. Returns the length. */
static size_t put(const struct digits *digits, bool negative, char text[LW_NUMBER_TEXT])
{
    char *out = text;
    int exponent = digits->exponent;

    if (negative)
        *out++ = '-';
    if (exponent < -5 || exponent >= 17) {
        *out++ = digits->at[0];
        if (digits->n > 1) {
            *out++ = '.';
            memcpy(out, digits->at + 1, (size_t)digits->n - 1);
            out += digits->n - 1;
        }
        out += snprintf(out, 8, "e%d", exponent);
        return (size_t)(out - text);
    }
    if (exponent < 0) {
        memcpy(out, "0.0000", 6);
        out += 1 - exponent;
        memcpy(out, digits->at, (size_t)digits->n);
        out += digits->n;
    } else {
        for (int i = 0; i < digits->n || i <= exponent; i++) {
            if (i == exponent + 1)
                *out++ = '.';
            *out++ = i < digits->n ? digits->at[i] : '0';
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

static bool reads_back(const struct digits *digits, double magnitude)
{
    char text[LW_NUMBER_TEXT];
    size_t n = put(digits, false, text);
    double value;

    return lw_scan_decimal((struct lw_str){.at = text, .len = n}, &value) && value == magnitude;
}

/* Most numbers of people have few digits: the least k for which value * 10^k is a whole number below 10^15 that divides
   back exactly. Two exact operands and one rounding, so the decimal reads back as the same double; and a double has at
   most one decimal of 15 digits, so it is the one. */
static bool few_digits(double magnitude, struct digits *digits)
{
    double power = 1.0;
    uint64_t whole;
    int k = 0;
    int n = 0;
    char reversed[24];

    if (magnitude < 1e-4 || magnitude >= 1e15)
        return false;
    for (;; k++, power *= 10.0) {
        double scaled = magnitude * power;

        if (k > 18 || scaled >= 1e15)
            return false;
        whole = (uint64_t)(scaled + 0.5);
        if ((double)whole / power == magnitude)
            break;
    }
    for (; whole > 0; whole /= 10)
        reversed[n++] = (char)('0' + whole % 10);
    digits->exponent = n - 1 - k;
    digits->n = n;
    for (int i = 0; i < n; i++)
        digits->at[i] = reversed[n - 1 - i];
    while (digits->n > 1 && digits->at[digits->n - 1] == '0')
        digits->n--;
    return true;
}

/* The neighbour above at the same number of digits. Below a power of two the doubles lie closer than above it, so the
   nearest decimal of n digits may fall out on the close side while the next one above still reads back. */
static bool round_up(struct digits *digits, int significant)
{
    int last = significant - 1;

    while (digits->n < significant)
        digits->at[digits->n++] = '0';
    while (last >= 0 && digits->at[last] == '9')
        digits->at[last--] = '0';
    if (last < 0)
        return false;
    digits->at[last]++;
    return true;
}

static void shortest(double magnitude, struct digits *digits)
{
    int exponent;
    bool power_of_two;
    /* Normal doubles hold any 15 digits; the subnormal ones fewer. */
    int significant = magnitude < 0x1p-1022 ? 1 : 15;

    if (few_digits(magnitude, digits))
        return;
    power_of_two = frexp(magnitude, &exponent) == 0.5;
    for (; significant < MOST_DIGITS; significant++) {
        from_printf(magnitude, significant, digits);
        if (reads_back(digits, magnitude))
            return;
        if (power_of_two && round_up(digits, significant) && reads_back(digits, magnitude))
            return;
    }
    from_printf(magnitude, MOST_DIGITS, digits);
}

size_t lw_number_shortest(double value, char text[LW_NUMBER_TEXT])
{
    struct digits digits = {.at = "0", .n = 1};

    assert(isfinite(value));
    if (value != 0.0)
        shortest(fabs(value), &digits);
    return put(&digits, signbit(value), text);
}

size_t lw_number_digits(double value, int significant, char text[LW_NUMBER_TEXT])
{
    struct digits digits = {.at = "0", .n = 1};

    assert(isfinite(value) && significant >= 1 && significant <= MOST_DIGITS);
    if (value != 0.0)
        from_printf(fabs(value), significant, &digits);
    return put(&digits, value < 0.0, text);
}
