/* The state of the scanner, and the parts of it that its two files share: scan.c (structure, and tokens of the usual kind)
   and scan_cut.c (tokens that a chunk cuts, or that are not of the usual kind). */
#ifndef LEEWAY_ENGINE_BASE_SCAN_SCAN_STATE_H
#define LEEWAY_ENGINE_BASE_SCAN_SCAN_STATE_H

#include "engine/base/buf.h"
#include "engine/base/scan/scan.h"

/* What the grammar expects next. */
enum expect {
    EXPECT_TOP,        /* between values */
    EXPECT_BLANK,      /* after a scalar at the top: 1"a" is malformed, {}{} is not */
    EXPECT_VALUE,      /* after ':' or, in an array, ',' */
    EXPECT_ELEMENT,    /* after '[': a value or ']' */
    EXPECT_MEMBER,     /* after '{': a key or '}' */
    EXPECT_KEY,        /* after ',' in an object */
    EXPECT_COLON,      /* after a key */
    EXPECT_COMMA,      /* after a value: ',' or the end of the container */
    EXPECT_LINE,       /* after something malformed: the end of the line */
    EXPECT_LINE_END,   /* the same, when the value began on an earlier line: then a line that begins with { or [ */
    EXPECT_LINE_START, /* there, at the first byte of a line */
    EXPECT_MARK        /* the start of the stream: a byte order mark may come */
};

/* The token that the end of a chunk cut. Its bytes so far are in `carry`. */
enum cut { CUT_NONE, CUT_KEY, CUT_STRING, CUT_NUMBER, CUT_LITERAL };

/* The grammar of numbers, by state and class of the next byte. */
enum number_state { N_MINUS, N_ZERO, N_WHOLE, N_POINT, N_FRACTION, N_E, N_SIGN, N_EXPONENT, N_START, N_END, N_BAD };
enum number_class { C_OTHER, C_ZERO, C_DIGIT, C_MINUS, C_PLUS, C_POINT, C_E };

/* The text of a number, in three words, and what it is. */
struct lw_scan_said {
    uint64_t words[3], masks[3]; /* the bits of the text, and which of the bits those are */
    size_t n;                    /* bytes; 0: no number yet */
    double number;
};

struct lw_scan {
    struct lw_scan_calls calls;
    void *self;
    struct lw_fault *fault; /* of the push in progress */
    enum lw_err error;      /* sticks until finish */
    enum expect expect;
    struct lw_token token; /* the one handed out; .line is the current line */
    uint64_t origin;       /* offset in the stream of a byte at p: origin + (uintptr_t)p */
    uint64_t seen;         /* bytes of the chunks before this one */
    uint64_t top_line;     /* where the value at the top began */
    uint64_t objects;      /* bit d: the container at depth d is an object */
    uint32_t depth;
    uint32_t marked; /* bytes of a byte order mark that were seen */
    enum cut cut;
    enum number_state number;
    enum lw_token_kind literal; /* of a cut true, false or null */
    unsigned literal_at;        /* and how many letters of it were seen */
    bool escaped;               /* the cut string has a backslash somewhere */
    bool wide;                  /* or a byte above 0x7f */
    bool slash;                 /* or ends in the middle of an escape */
    uint64_t cut_byte;          /* where the cut token began */
    struct lw_scan_said said;   /* the last number of the usual kind that was not short */
    struct lw_buf carry;
};

static inline uint64_t lw_scan_offset(const struct lw_scan *scan, const char *at)
{
    return scan->origin + (uint64_t)(uintptr_t)at;
}

static inline struct lw_str lw_scan_between(const char *from, const char *to)
{
    return (struct lw_str){.at = from, .len = (size_t)(to - from)};
}

/* Functions that read return where to go on, or NULL when a call returned an error, which is in scan->error then. */
static inline const char *lw_scan_call(struct lw_scan *scan, enum lw_token_kind kind, struct lw_str text, uint64_t byte,
                                       const char *next)
{
    scan->token.kind = kind;
    scan->token.depth = scan->depth;
    scan->token.text = text;
    scan->token.byte = byte;
    scan->error = scan->calls.token(scan->self, &scan->token, scan->fault);
    return scan->error == LW_ERR_OK ? next : NULL;
}

static inline bool lw_scan_in_object(const struct lw_scan *scan)
{
    return (scan->objects >> (scan->depth - 1) & 1) != 0;
}

/* What comes after a value. The usual comma is taken at once; returns where to go on. */
static inline const char *lw_scan_after_value(struct lw_scan *scan, const char *at, const char *end)
{
    if (scan->depth == 0) {
        scan->expect = EXPECT_BLANK;
    } else if (at < end && *at == ',') {
        scan->expect = lw_scan_in_object(scan) ? EXPECT_KEY : EXPECT_VALUE;
        return at + 1;
    } else {
        scan->expect = EXPECT_COMMA;
    }
    return at;
}

/* The same after a key, with the colon. */
static inline const char *lw_scan_after_key(struct lw_scan *scan, const char *at, const char *end)
{
    if (at < end && *at == ':') {
        scan->expect = EXPECT_VALUE;
        return at + 1;
    }
    scan->expect = EXPECT_COLON;
    return at;
}

/* Classes of bytes by what they can be in a number. */
extern const unsigned char lw_scan_class[256];

/* Something malformed: reports it and lets the scan skip. `at` is where skipping begins, `byte` what the report points
   at. */
const char *lw_scan_bad(struct lw_scan *scan, enum lw_reject reason, uint64_t byte, const char *detail, const char *at);
const char *lw_scan_bad_here(struct lw_scan *scan, const char *detail, const char *at);

/* A string of any kind; `quote` is its first byte, everything between it and `at` is known to be plain. */
const char *lw_scan_any_string(struct lw_scan *scan, enum cut cut, const char *quote, const char *at, const char *end);
/* A number of any kind. */
const char *lw_scan_any_number(struct lw_scan *scan, const char *at, const char *end);
/* true, false, null. */
const char *lw_scan_literal(struct lw_scan *scan, enum lw_token_kind kind, const char *at, const char *end);
/* The rest of a token that the last chunk cut. */
const char *lw_scan_rest(struct lw_scan *scan, const char *at, const char *end);
/* The end of the stream with a number at the top still open: calls it out. false when it may not end so. */
bool lw_scan_last_number(struct lw_scan *scan);

#endif
