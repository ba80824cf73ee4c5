/* What CloudWatch charges for a month of the source. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_COST_H
#define LEEWAY_ENGINE_SOURCE_AWS_COST_H

/* What is assumed of a month. */
struct lw_cost_use {
    double jobs;         /* that end in the month */
    double metrics;      /* of a job */
    double hours;        /* that a job runs */
    double live_minutes; /* between two readings while it runs; 0: only at its end */
};

#define LW_COST_PRICE 0.00001 /* USD per request of GetMetricStatistics and ListMetrics: $0.01 per 1000 */

/* Requests that are charged for. Each job is read at its end and once more after the data delay, by ListMetrics and one
   GetMetricStatistics per metric, and one for the sign of life of its instance, for each day of its run. */
double lw_cost_requests(const struct lw_cost_use *use);

#endif
