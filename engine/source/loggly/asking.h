/* What is asked of Loggly's retrieval, and what its answer means: pure functions over texts and replies. */
#ifndef LEEWAY_ENGINE_SOURCE_LOGGLY_ASKING_H
#define LEEWAY_ENGINE_SOURCE_LOGGLY_ASKING_H

#include "engine/base/buf.h"
#include "engine/base/http/http.h"

#define LW_ASKING_TOKEN_MAX 512u

enum lw_asking_meaning {
    LW_ASKING_PAGE,    /* look at the body */
    LW_ASKING_AGAIN,   /* the window again, after a pause, and more slowly */
    LW_ASKING_ANEW,    /* the window again, after a pause */
    LW_ASKING_SMALLER, /* the same with smaller pages */
    LW_ASKING_HOLD     /* someone has to do something: look again each minute */
};

/* What a reply means. `cursor`: it was asked for a page behind the first. `trouble` (terminated; empty with PAGE) says what
   is wrong and what to do, without the URL. */
enum lw_asking_meaning lw_asking_mean(const struct lw_http_reply *reply, bool cursor, char *trouble, size_t trouble_n);
/* Retry-After in whole seconds, clamped to 1 s .. 5 min; 0 when there is none. */
lw_span lw_asking_retry_after(const struct lw_http_reply *reply);

/* GET ENDPOINT/apiv2/events/iterate of the first page of a window, terminated. Our own events are left out of the query. */
void lw_asking_url(struct lw_str endpoint, struct lw_str query, lw_time from, lw_time until, uint32_t size,
                   struct lw_buf *out);
/* "bearer TOKEN" from the file that holds the token and white space around it, into `out` (terminated). LW_ERR_IO says why
   there is none: no such file, empty, too long, not visible ASCII. */
LW_MUST_USE enum lw_err lw_asking_token(const char *path, char *out, size_t out_n, struct lw_fault *fault);

#endif
