/* The live source CloudWatch: SageMaker says which training jobs there are and what became of them, CloudWatch their
   metrics. One source reads one account in one or several regions. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CLOUDWATCH_H
#define LEEWAY_ENGINE_SOURCE_AWS_CLOUDWATCH_H

#include "engine/source/source.h"

/* A variable of the environment, or NULL: behind a function so that tests give their own. */
typedef const char *lw_cloudwatch_env(void *self, const char *name);

/* All texts are copied by open; zero is the default of everything. */
struct lw_cloudwatch_options {
    const char *const *regions; /* none: AWS_REGION, AWS_DEFAULT_REGION, the region of the profile */
    size_t regions_n;
    const char *role_arn, *external_id; /* this role is assumed with the credentials that are found */
    const char *profile;                /* of ~/.aws/credentials and config; NULL: AWS_PROFILE, "default" */
    const char *endpoint;               /* for every service: private endpoints, tests; NULL: those of AWS */
    const char *ca_file;                /* NULL: the system's */
    lw_span poll;                       /* between looks for new and changed jobs; 0: 1 minute */
    lw_span live;                       /* metrics of jobs that run are read this often; 0: only at the end of a job */
    lw_span lookback;                   /* how far back jobs are read when there is no mark; 0: 90 days */
    lw_cloudwatch_env *env;             /* NULL: getenv */
    void *env_self;
    uint64_t seed; /* of the jitter of waiting */
};

/* `mark`: what the last batch that was stored said, or empty at the first start; a mark that cannot be read is
   LW_ERR_STATE. Nothing is asked before the first call of work. What comes wrong later (no credentials, no right, no
   network) is no error of work: it is told by health, and tried again. Parts are documents of their own: `training-jobs`
   (a reply of DescribeTrainingJob) and `get-metric-statistics` (with run, metric and origin "account/region").
   `calls` is copied; what it points to is borrowed until close. */
LW_MUST_USE enum lw_err lw_cloudwatch_open(struct lw_source *out, const struct lw_cloudwatch_options *options,
                                           struct lw_str mark, const struct lw_source_calls *calls,
                                           struct lw_fault *fault);

#endif
