/* The jobs of one region, listed page by page and stretch by stretch: which of them are new or have changed. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_LISTING_H
#define LEEWAY_ENGINE_SOURCE_AWS_LISTING_H

#include "engine/base/buf.h"
#include "engine/source/aws/account.h"
#include "engine/source/aws/jobs.h"

#define LW_LISTING_TOKEN  8193u /* SageMaker's limit, and a NUL */
#define LW_LISTING_REGION 64u

struct lw_listing {
    struct lw_account *account;
    struct lw_jobs *jobs;
    uint32_t index; /* of the region, in jobs */
    char region[LW_LISTING_REGION];
    lw_time high; /* all jobs that were modified before were listed */
    lw_span poll;
    bool running;   /* the jobs that run are to be listed first: after a restart */
    bool caught_up; /* listed to the present once */
    /* The stretch that is being listed. */
    bool open, last, asked, crowded;
    lw_time from, until, newest;
    lw_span stretch;
    uint64_t request;
    struct lw_buf body; /* of the request */
    unsigned attempts;
    lw_span next; /* ticks at which to go on */
    char token[LW_LISTING_TOKEN];
};

void lw_listing_begin(struct lw_listing *listing, bool restarted);
/* Asks what is due; lowers *next. NOMEM alone is an error. */
LW_MUST_USE enum lw_err lw_listing_work(struct lw_listing *listing, lw_time now, lw_span ticks, lw_span *next,
                                        struct lw_fault *fault);
void lw_listing_close(struct lw_listing *listing);

#endif
