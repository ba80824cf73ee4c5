/* How far a CloudWatch source was read: for each region the LastModifiedTime up to which all jobs were handed over. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_MARK_H
#define LEEWAY_ENGINE_SOURCE_AWS_MARK_H

#include "engine/base/buf.h"
#include "leeway/time.h"

#include <stdbool.h>

#define LW_MARK_REGIONS 64u
#define LW_MARK_REGION  64u /* bytes of a name, with its NUL */

struct lw_mark {
    struct {
        char name[LW_MARK_REGION];
        lw_time high;
    } regions[LW_MARK_REGIONS];
    size_t n;
};

/* Appends {"version":1,"regions":{"us-east-1":1560348800001}}. */
void lw_mark_write(const struct lw_mark *mark, struct lw_buf *out);
/* An empty text is a mark without regions. LW_ERR_STATE: it is damaged; LW_ERR_NEWER: of a later version. */
LW_MUST_USE enum lw_err lw_mark_read(struct lw_mark *mark, struct lw_str text, struct lw_fault *fault);

#endif
