/* Writing JSON into a buffer: commas, escapes and number forms are seen to. Compact, or indented by two. */
#ifndef LEEWAY_ENGINE_BASE_JSON_JSON_OUT_H
#define LEEWAY_ENGINE_BASE_JSON_JSON_OUT_H

#include "engine/base/buf.h"
#include "leeway/time.h"

#include <stdbool.h>
#include <stdint.h>

struct lw_json_out {
    struct lw_buf *buf; /* borrowed; its sticky error is the error of the whole document */
    bool indent;
    uint32_t depth;
    uint64_t filled; /* bit d: the container at depth d has a member already */
};

void lw_json_object(struct lw_json_out *out);
void lw_json_object_end(struct lw_json_out *out);
void lw_json_array(struct lw_json_out *out);
void lw_json_array_end(struct lw_json_out *out);
void lw_json_key(struct lw_json_out *out, const char *key);
void lw_json_key_str(struct lw_json_out *out, struct lw_str key);
void lw_json_str(struct lw_json_out *out, struct lw_str text); /* invalid UTF-8 becomes U+FFFD */
void lw_json_text(struct lw_json_out *out, const char *terminated);
void lw_json_bool(struct lw_json_out *out, bool value);
void lw_json_int(struct lw_json_out *out, int64_t value);
void lw_json_uint(struct lw_json_out *out, uint64_t value);
/* An input number: shortest decimal that reads back as the same double. The value must be finite (asserted). */
void lw_json_number(struct lw_json_out *out, double value);
/* A derived number: at most 12 significant digits. */
void lw_json_derived(struct lw_json_out *out, double value);
void lw_json_time(struct lw_json_out *out, lw_time time); /* "2019-06-12T14:03:00.000Z" */

/* The number forms themselves, for other outputs: terminated text in `text`, returns its length. */
#define LW_NUMBER_TEXT 32
size_t lw_number_shortest(double value, char text[LW_NUMBER_TEXT]);
size_t lw_number_digits(double value, int significant, char text[LW_NUMBER_TEXT]);

#endif
