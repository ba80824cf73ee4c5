/* What all requests of one source to AWS share: credentials, endpoints, pace, waiting after errors, health. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_ACCOUNT_H
#define LEEWAY_ENGINE_SOURCE_AWS_ACCOUNT_H

#include "engine/source/aws/api.h"
#include "engine/source/aws/credentials/credentials.h"

enum lw_account_service { LW_ACCOUNT_SAGEMAKER, LW_ACCOUNT_MONITORING, LW_ACCOUNT_SERVICES };

#define LW_ACCOUNT_FLYING 4u /* requests at a time */

struct lw_account {
    struct lw_source_calls calls;
    struct lw_credentials *credentials;
    const char *endpoints[LW_ACCOUNT_SERVICES]; /* NULL: AWS's own */
    const char *ca_file;
    struct lw_source_health health;
    char troubled[64]; /* the operation and region that health's trouble is of */
    uint64_t billed;
    unsigned flying;
    struct {
        lw_span gap;  /* between two requests; half more when throttled, a tenth less when not */
        lw_span next; /* ticks */
    } pace[LW_ACCOUNT_SERVICES];
    lw_span skew; /* theirs - ours: what is added to the clock for signing */
    lw_span skewed_at;
    bool has_skew, nomem;
    uint64_t random;
};

void lw_account_begin(struct lw_account *account);

/* One request of the services; `target` is the operation ("ListTrainingJobs"), `body` JSON. */
struct lw_account_ask {
    enum lw_account_service service;
    struct lw_str region;
    const char *operation;
    struct lw_str body; /* borrowed until the request is done or cancelled */
    bool billed;
};

/* true when a request to this service may start now; else *next is lowered to when that will be (if time alone helps). */
bool lw_account_free(const struct lw_account *account, enum lw_account_service service, lw_time now, lw_span ticks,
                     lw_span *next);
/* Only after lw_account_free. */
LW_MUST_USE enum lw_err lw_account_start(struct lw_account *account, const struct lw_account_ask *ask, lw_time now,
                                         lw_span ticks, lw_http_done *done, void *context, uint64_t *id,
                                         struct lw_fault *fault);
void lw_account_cancel(struct lw_account *account, uint64_t id);

/* First thing in `done`: what the reply means. Counts it, sets the pace, the skew and the trouble that is told. `attempts`:
   how often this has failed before. *wait: how long to wait before it is asked again, where it is not good. */
enum lw_api_verdict lw_account_answer(struct lw_account *account, enum lw_account_service service,
                                      const char *operation, struct lw_str region, const struct lw_http_reply *reply,
                                      unsigned attempts, lw_span *wait);
/* A reply that is not what it should be: waited for like an error of the network. */
lw_span lw_account_puzzled(struct lw_account *account, const char *operation, struct lw_str region, unsigned attempts);

void lw_account_wake(struct lw_account *account);

#endif
