#include "engine/base/scan/scan.h"

#include "engine/base/scan/powers_of_ten.h"
#include "engine/base/scan/scan_number.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 wide;

#define MANTISSA_BITS 52
#define WORD_DIGITS   19 /* decimal digits that always fit into 64 bits */

/* A decimal as written: sign, the first 19 significant digits as a number, the power of ten that goes with it, and where
   all its digits are, for the rare case that the first 19 do not decide. */
struct decimal {
    bool negative;
    bool more; /* significant digits follow after the first 19, and not all of them are zero */
    uint64_t word;
    int64_t power;
    const char *digits; /* from the first significant digit; may hold one point */
    const char *digits_end;
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

static const char *read_digits(const char *at, const char *end, uint64_t *word)
{
    uint64_t value = *word;

    while (end - at >= 8) {
        uint64_t bytes = lw_bytes_load8(at) ^ LW_NUMBER_ZEROS;

        if (lw_number_others(bytes) != 0)
            break;
        value = value * 100000000u + lw_number_value(bytes);
        at += 8;
    }
    while (at < end && is_digit(*at))
        value = value * 10 + (uint64_t)(*at++ - '0');
    *word = value;
    return at;
}

/* When there are more than 19 significant digits the word is made again from the first 19; those left out raise the
   power. Leading zeros are not significant, whether before or after the point. */
static void cut_to_word(struct decimal *decimal)
{
    const char *at = decimal->digits;
    const char *end = decimal->digits_end;
    uint64_t word = 0;
    unsigned taken = 0;

    while (at < end && (*at == '0' || *at == '.'))
        at++;
    decimal->digits = at;
    for (; at < end && taken < WORD_DIGITS; at++) {
        if (*at == '.')
            continue;
        word = word * 10 + (uint64_t)(*at - '0');
        taken++;
    }
    decimal->word = word;
    for (; at < end; at++) {
        if (*at == '.')
            continue;
        decimal->power++;
        decimal->more |= *at != '0';
    }
}

/* Exponents of more than 18 digits are as good as 10^18: the text would have to be longer to make up for them. */
static bool read_exponent(const char **at, const char *end, int64_t *power)
{
    bool negative = false;
    int64_t value = 0;
    const char *p = *at + 1;

    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    if (p >= end || !is_digit(*p))
        return false;
    for (; p < end && is_digit(*p); p++) {
        if (value < (int64_t)100000000000000000)
            value = value * 10 + (*p - '0');
    }
    *at = p;
    *power += negative ? -value : value;
    return true;
}

/* Reads [-+]digits[.digits][e[+-]digits]. `loose` takes a plus sign and a missing integer part or fraction. */
static bool read_decimal(struct lw_str text, bool loose, struct decimal *decimal)
{
    const char *at = text.at;
    const char *end;
    const char *start;
    int64_t whole;
    int64_t fraction = 0;

    if (text.len == 0)
        return false;
    end = at + text.len;
    *decimal = (struct decimal){0};
    if (at < end && (*at == '-' || (loose && *at == '+')))
        decimal->negative = *at++ == '-';
    start = at;
    at = read_digits(at, end, &decimal->word);
    whole = at - start;
    if (!loose && (whole == 0 || (whole > 1 && *start == '0')))
        return false;
    if (at < end && *at == '.') {
        const char *first = ++at;

        at = read_digits(at, end, &decimal->word);
        fraction = at - first;
        if (!loose && fraction == 0)
            return false;
    }
    if (whole + fraction == 0)
        return false;
    decimal->digits = start;
    decimal->digits_end = at;
    if (at < end && (*at == 'e' || *at == 'E') && !read_exponent(&at, end, &decimal->power))
        return false;
    if (at != end)
        return false;
    decimal->power -= fraction;
    if (whole + fraction > WORD_DIGITS)
        cut_to_word(decimal);
    return true;
}

static double from_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The upper 128 bits of w * 5^q as the table has it; a second multiplication only where the first leaves doubt. */
static void multiply(uint64_t w, int64_t q, uint64_t *high, uint64_t *low)
{
    const uint64_t *power = lw_powers_of_five[q - LW_POWER_LEAST];
    wide product = (wide)w * power[0];

    *high = (uint64_t)(product >> 64);
    *low = (uint64_t)product;
    if ((*high & 0x1ff) == 0x1ff) {
        uint64_t more = (uint64_t)(((wide)w * power[1]) >> 64);

        *low += more;
        *high += *low < more;
    }
}

/* D. Lemire, Number Parsing at a Gigabyte per Second (2021), algorithm 1 with the handling of subnormals of section 8;
   that no w and q in the range of the table need a fallback: N. Mushtak, D. Lemire, Fast Number Parsing Without Fallback
   (2023). */
double lw_scan_scale(uint64_t w, int64_t q)
{
    uint64_t high;
    uint64_t low;
    uint64_t mantissa;
    int upper;
    int zeros;
    int64_t exponent;

    if (w == 0 || q < LW_POWER_LEAST)
        return 0.0;
    if (q > LW_POWER_MOST)
        return (double)INFINITY;
    zeros = __builtin_clzll(w);
    multiply(w << zeros, q, &high, &low);
    upper = (int)(high >> 63);
    mantissa = high >> (upper + 64 - MANTISSA_BITS - 3);
    /* floor(q * log2(10)), for the range of q; raised by 1137 so that no negative number is shifted. */
    exponent = ((217706 * q + ((int64_t)1137 << 16)) >> 16) - 1137 + 63 + upper - zeros + 1023;
    if (exponent <= 0) { /* subnormal */
        if (exponent <= -63)
            return 0.0;
        mantissa >>= 1 - exponent;
        mantissa = (mantissa + (mantissa & 1)) >> 1;
        return from_bits(mantissa); /* a carry into bit 52 makes it the least normal number, as it should */
    }
    /* Exactly between two: only possible for small powers, where the product is exact. Rounds down to even. */
    if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << (upper + 64 - MANTISSA_BITS - 3) == high)
        mantissa &= ~(uint64_t)1;
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa == (uint64_t)2 << MANTISSA_BITS) {
        mantissa >>= 1;
        exponent++;
    }
    if (exponent >= 2047)
        return (double)INFINITY;
    return from_bits((mantissa & (((uint64_t)1 << MANTISSA_BITS) - 1)) | (uint64_t)exponent << MANTISSA_BITS);
}

/* A natural number for the exact comparison. 768 digits take 2552 bits, 5^1110 (the last of 768 digits of the smallest
   double) takes 2578 and is multiplied by a mantissa of 54: 96 limbs would do, more are asserted not to be needed. */
#define LIMBS       128
#define MOST_DIGITS 768 /* no point halfway between two doubles has more significant digits than 767 */

struct big {
    unsigned n;
    uint32_t limb[LIMBS];
};

static void big_multiply_add(struct big *big, uint32_t factor, uint32_t term)
{
    uint64_t carry = term;

    for (unsigned i = 0; i < big->n; i++) {
        carry += (uint64_t)big->limb[i] * factor;
        big->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        assert(big->n < LIMBS);
        big->limb[big->n++] = (uint32_t)carry;
    }
}

static void big_times_five(struct big *big, int64_t power)
{
    for (; power >= 13; power -= 13)
        big_multiply_add(big, 1220703125u, 0); /* 5^13 */
    for (; power > 0; power--)
        big_multiply_add(big, 5, 0);
}

static void big_shift(struct big *big, int64_t bits)
{
    unsigned limbs = (unsigned)(bits / 32);

    big_multiply_add(big, (uint32_t)1 << (bits % 32), 0);
    assert(big->n + limbs <= LIMBS);
    memmove(big->limb + limbs, big->limb, big->n * sizeof(big->limb[0]));
    memset(big->limb, 0, limbs * sizeof(big->limb[0]));
    big->n += limbs;
}

static int big_compare(const struct big *a, const struct big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (unsigned i = a->n; i-- > 0;) {
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

/* All digits (at most 768 and then a 1 that stands for whatever not-zero follows), and the power of ten of the last. */
static int64_t big_from_digits(const struct decimal *decimal, struct big *big)
{
    int64_t power = decimal->power;
    int64_t seen = 0;
    bool rest = false;

    *big = (struct big){0};
    for (const char *at = decimal->digits; at < decimal->digits_end; at++) {
        if (*at == '.')
            continue;
        seen++;
        if (seen <= MOST_DIGITS)
            big_multiply_add(big, 10, (uint32_t)(*at - '0'));
        else
            rest |= *at != '0';
    }
    power += WORD_DIGITS; /* undo what cut_to_word added for the digits after the first 19 */
    power -= seen < MOST_DIGITS ? seen : MOST_DIGITS;
    if (rest) {
        big_multiply_add(big, 10, 1);
        power--;
    }
    return power;
}

/* Sign of (the decimal - the point halfway between the double of these bits and the next greater one). */
static int compare_with_halfway(const struct decimal *decimal, uint64_t bits)
{
    uint64_t field = bits >> MANTISSA_BITS;
    uint64_t fraction = bits & (((uint64_t)1 << MANTISSA_BITS) - 1);
    uint64_t mantissa = 2 * (field == 0 ? fraction : fraction | (uint64_t)1 << MANTISSA_BITS) + 1;
    int64_t two = (field == 0 ? 1 : (int64_t)field) - 1075 - 1; /* halfway = mantissa * 2^two */
    struct big left;
    struct big right = {.n = 2, .limb = {(uint32_t)mantissa, (uint32_t)(mantissa >> 32)}};
    int64_t ten = big_from_digits(decimal, &left);

    if (right.limb[1] == 0)
        right.n = 1;
    /* digits * 5^ten * 2^ten against mantissa * 2^two: negative powers change sides. */
    big_times_five(ten > 0 ? &left : &right, ten > 0 ? ten : -ten);
    two -= ten;
    big_shift(two > 0 ? &right : &left, two > 0 ? two : -two);
    return big_compare(&left, &right);
}

/* The first 19 digits leave two doubles in question: all digits are compared with the point between them. */
static double decide(const struct decimal *decimal)
{
    double value = lw_scan_scale(decimal->word, decimal->power);
    double above = lw_scan_scale(decimal->word + 1, decimal->power);
    uint64_t bits;
    int order;

    if (value == above)
        return value;
    memcpy(&bits, &value, sizeof(bits));
    order = compare_with_halfway(decimal, bits);
    if (order > 0 || (order == 0 && (bits & 1) != 0))
        bits++;
    return from_bits(bits);
}

static bool convert(const struct decimal *decimal, double *value)
{
    double result;

    if (!decimal->more && lw_number_is_exact(decimal->word, decimal->power))
        result = lw_number_exact(decimal->word, decimal->power);
    else
        result = decimal->more ? decide(decimal) : lw_scan_scale(decimal->word, decimal->power);
    if (isinf(result))
        return false;
    *value = decimal->negative ? -result : result;
    return true;
}

bool lw_scan_number(struct lw_str text, double *value)
{
    struct decimal decimal;

    return read_decimal(text, false, &decimal) && convert(&decimal, value);
}

bool lw_scan_decimal(struct lw_str text, double *value)
{
    struct decimal decimal;

    return read_decimal(text, true, &decimal) && convert(&decimal, value);
}
