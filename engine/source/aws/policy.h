/* What the source needs of AWS: the rights, as an IAM policy, and what a month of it costs. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_POLICY_H
#define LEEWAY_ENGINE_SOURCE_AWS_POLICY_H

#include "engine/base/buf.h"

#include <stdbool.h>

/* Appends the policy as indented JSON. With `role_arn` (may be NULL) also the right to assume it: that statement belongs to
   whoever assumes, the other one to the role. */
void lw_policy_write(const char *role_arn, struct lw_buf *out);

/* What is assumed of a month. */
struct lw_policy_use {
    double jobs;         /* that end in the month */
    double metrics;      /* of a job */
    double hours;        /* that a job runs */
    double live_minutes; /* between two readings while it runs; 0: only at its end */
};

#define LW_POLICY_PRICE 0.00001 /* USD per request of GetMetricStatistics and ListMetrics: $0.01 per 1000 */

/* Requests that CloudWatch charges for. Each job is read at its end and once more after the data delay, by ListMetrics and
   one GetMetricStatistics per metric and day of its run. */
double lw_policy_requests(const struct lw_policy_use *use);

#endif
