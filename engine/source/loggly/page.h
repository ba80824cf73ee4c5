/* One page of Loggly's retrieval: which events it holds, where they lie in its bytes, and what comes next. */
#ifndef LEEWAY_ENGINE_SOURCE_LOGGLY_PAGE_H
#define LEEWAY_ENGINE_SOURCE_LOGGLY_PAGE_H

#include "engine/base/buf.h"
#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>

#define LW_PAGE_EVENTS_MAX 65536u /* Loggly sends 1000 at most */

struct lw_page_event {
    size_t start, end; /* of its object in the body */
    uint64_t hash;     /* of its id; of its bytes where it has none */
    lw_time time;
    bool has_time;
    bool own; /* tagged "leeway" or "leeway-...": sent by this program */
};

/* Zero-initialised is valid and empty. Owns what it points to; used again for page after page. */
struct lw_page {
    struct lw_page_event *events;
    size_t n, capacity;
    struct lw_buf next; /* URL of the next page, terminated; len 0: this is the last one */
};

/* Reads a whole body. LW_ERR_FORMAT: not JSON, cut off, or without "events"; the page is empty then. Unknown members are
   passed over; every member of an event may be missing. */
LW_MUST_USE enum lw_err lw_page_read(struct lw_page *page, struct lw_str body, struct lw_fault *fault);
void lw_page_close(struct lw_page *page);

/* true when `url` begins with the scheme, host and port of `endpoint` ("https://acme.loggly.com"), followed by a path, and
   holds nothing but visible ASCII: only there may the token be sent. */
bool lw_page_same_host(struct lw_str url, struct lw_str endpoint);

#endif
