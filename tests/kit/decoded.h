/* What a decoder calls out, as text: one line per point, fact and rejection. And what holds for every decoder: the same
   calls however the bytes are cut, no crash wherever they end, a clean error when memory is out. */
#ifndef LEEWAY_TESTS_KIT_DECODED_H
#define LEEWAY_TESTS_KIT_DECODED_H

#include "engine/decode/decode.h"
#include "tests/kit/kit.h"

/* Lines:
   point ORIGIN|MODEL|RUN|METRIC AT [step] [cloudwatch] [heartbeat] sum=V min=V max=V count=V average=V
   fact KIND ORIGIN|MODEL|RUN [key=K] [text=T] [at=MS] [until=MS] number=V rank=N
   reject REASON LINE:BYTE DETAIL
   with the members that are known only; numbers as %.17g in at most 9 digits where that is the same number. */
#define KIT_DECODED_TEXT (1u << 16)

struct kit_decoded {
    enum lw_err err;
    struct lw_fault fault;
    uint64_t points, facts, rejects, records;
    uint64_t reasons[LW_REJECT_COUNT];
    uint64_t hash; /* of all lines, also of those that `text` has no room for */
    size_t len;
    char text[KIT_DECODED_TEXT];
    struct lw_names *names; /* during decoding */
};

/* Decodes in one push. `options` may be NULL. */
void kit_decode(struct kit_decoded *out, enum lw_format format, const struct lw_decode_options *options,
                const char *bytes, size_t n);
/* The same of a terminated text, with the calls compared to `want` as a whole; prints both when they differ. */
int kit_decodes_to(enum lw_format format, const struct lw_decode_options *options, const char *text, const char *want);
#define KIT_DECODES(format, options, text, want)                                                                       \
    CU_assertImplementation(kit_decodes_to((format), (options), (text), (want)), __LINE__, #text " gives " #want,      \
                            __FILE__, "", CU_FALSE)

/* Every single cut, byte by byte, and random cuts: the calls are the same as without. `every`: every cut is tried (small
   inputs); otherwise only random ones. */
int kit_decode_cuts(enum lw_format format, const struct lw_decode_options *options, const char *bytes, size_t n,
                    int every, struct kit_random *random);
/* Ending after each byte: no error, no crash, and never more points or facts than from the whole. */
int kit_decode_ends(enum lw_format format, const struct lw_decode_options *options, const char *bytes, size_t n);
/* Every allocation failing in turn. */
void kit_decode_torture(enum lw_format format, const struct lw_decode_options *options, const char *bytes, size_t n);

#endif
