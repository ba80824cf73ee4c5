/* One visit to one training job: what it is, its tags, the names of its metrics and their datapoints, request after
   request, into the queue. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_VISIT_H
#define LEEWAY_ENGINE_SOURCE_AWS_VISIT_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/source/aws/account.h"
#include "engine/source/aws/jobs.h"
#include "engine/source/aws/period.h"
#include "engine/source/aws/queue.h"

#define LW_VISIT_NAMES_MAX 256u /* metrics of a job; SageMaker allows 40 definitions */
#define LW_VISIT_HOSTS_MAX 4u   /* instances that are asked for a sign of life */

enum lw_visit_step {
    LW_VISIT_NONE,
    LW_VISIT_DESCRIBE,
    LW_VISIT_TAGS,
    LW_VISIT_NAMES,
    LW_VISIT_STATISTICS,
    LW_VISIT_HEARTBEAT, /* whether an instance was alive, minute by minute */
    LW_VISIT_OVER
};

struct lw_visit {
    struct lw_account *account;
    struct lw_queue *queue;
    struct lw_str region; /* borrowed */
    lw_span live;         /* metrics of jobs that run are read this often; 0: not */
    bool *no_tags;        /* of the account: the right to read tags is missing */
    struct lw_job *job;
    enum lw_visit_step step;
    bool asked;
    uint64_t request;
    struct lw_buf body; /* of the request */
    unsigned attempts;
    lw_span retry;         /* ticks */
    struct lw_arena arena; /* of this visit: texts below */
    struct lw_str describe, arn, origin, token;
    struct lw_str names[LW_VISIT_NAMES_MAX];
    size_t names_n, final_n, name; /* final_n: of them come from the job's final metrics */
    size_t listed_n;               /* names that CloudWatch gave */
    uint32_t hosts, host;          /* instances; the one that is asked, from 1 */
    struct lw_str definitions[LW_VISIT_NAMES_MAX];
    size_t definitions_n;
    bool ended, has_start;
    lw_time modified, start, end;
    struct lw_period whole, left;
};

/* Begins with a job that is not visited. */
void lw_visit_begin(struct lw_visit *visit, struct lw_job *job, struct lw_str region);
/* Asks what is due; lowers *next. NOMEM alone is an error. */
LW_MUST_USE enum lw_err lw_visit_work(struct lw_visit *visit, lw_time now, lw_span ticks, lw_span *next,
                                      struct lw_fault *fault);
/* What the part that ends a visit means for its job: called when it goes into a batch. */
void lw_visit_ended(struct lw_job *job, lw_time modified);
void lw_visit_close(struct lw_visit *visit);

#endif
