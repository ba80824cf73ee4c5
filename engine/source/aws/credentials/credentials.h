/* AWS credentials, found as the AWS tools find them, renewed before they expire, without ever waiting. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_CREDENTIALS_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_CREDENTIALS_H

#include "engine/source/aws/credentials/keys.h"
#include "engine/source/source.h"

/* A variable of the environment, or NULL. */
typedef const char *lw_credentials_env(void *self, const char *name);

/* All texts are copied by open; NULL where not given. */
struct lw_credentials_options {
    const char *profile;  /* given explicitly: the environment's keys are passed over, as the AWS tools do */
    const char *role_arn; /* assumed with what is found */
    const char *external_id;
    const char *region;   /* whose STS is asked */
    const char *endpoint; /* of STS: tests, private endpoints */
    const char *ca_file;
    lw_credentials_env *env; /* NULL: getenv */
    void *env_self;
    uint64_t seed; /* of the jitter of waiting */
};

struct lw_credentials;

/* The order: environment; a profile with role_arn; web identity; keys of the profile in ~/.aws/credentials;
   credential_process; keys of the profile in ~/.aws/config; the container's endpoint; the instance's metadata (IMDSv2).
   Files are read again at every renewal. */
LW_MUST_USE enum lw_err lw_credentials_open(struct lw_credentials **out, const struct lw_credentials_options *options,
                                            const struct lw_source_calls *calls, struct lw_fault *fault);
/* Begins what is due; lowers *next (ticks) to when it must be called again. Only memory is an error. */
LW_MUST_USE enum lw_err lw_credentials_work(struct lw_credentials *credentials, lw_time now, lw_span ticks,
                                            lw_span *next, struct lw_fault *fault);
/* Keys that hold now, or NULL. Borrowed until the next call of work, refused or close. */
const struct lw_keys *lw_credentials_keys(const struct lw_credentials *credentials, lw_time now);
/* A service did not take them: they are renewed, or looked for anew. */
void lw_credentials_refused(struct lw_credentials *credentials);
/* Why there are none, and what to do; "" when there are, or while they are first looked for. */
const char *lw_credentials_trouble(const struct lw_credentials *credentials);
/* Requests made for credentials. */
uint64_t lw_credentials_requests(const struct lw_credentials *credentials);
/* A region that the profile in use names, or "". Reads the files. */
void lw_credentials_region(const struct lw_credentials_options *options, char region[64]);
void lw_credentials_close(struct lw_credentials *credentials);

#endif
