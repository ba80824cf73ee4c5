/* A double of the services of AWS that are asked: SageMaker, CloudWatch, STS, the endpoint of a container, the metadata of
   an instance. What it says is a function of its jobs and of the clock; it verifies every signature. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_AWS_DOUBLE_H
#define LEEWAY_TESTS_KIT_DOUBLE_AWS_DOUBLE_H

#include "tests/kit/double/aws_verify.h"

#define AWS_DOUBLE_KEYS    16
#define AWS_DOUBLE_METRICS 4

/* A job: times in ms; its state follows from the clock. Its metrics have one datapoint per minute from `start` on. */
struct aws_double_job {
    char name[64], region[32];
    int64_t created, start, end;             /* start 0: it failed before training */
    const char *status;                      /* at its end: "Completed", "Failed", "Stopped" */
    const char *metrics[AWS_DOUBLE_METRICS]; /* NULL-terminated if fewer */
    double level;                            /* of the metrics */
    int final;                               /* how many metrics are in FinalMetricDataList */
    int hosts, beats;                        /* instances (0: one); the first of them that has metrics; 0: none */
    int64_t beats_until;                     /* ms; 0: to its end */
    bool definitions;                        /* its metrics are in MetricDefinitions */
    const char *tag_key, *tag_value;         /* or NULL */
    bool deleted;                            /* listed, but not there any more */
};

struct aws_double_key {
    char id[64], secret[64], token[128];
    int64_t expires; /* ms; 0: never */
};

struct aws_double {
    struct aws_double_job *jobs;
    size_t jobs_n, jobs_room;
    struct aws_double_key keys[AWS_DOUBLE_KEYS];
    size_t keys_n;
    int64_t now;       /* ms: their clock */
    int64_t lifetime;  /* ms of the keys that STS, container and instance give; 0: an hour */
    unsigned page;     /* jobs per page; 0: as asked */
    bool empty_pages;  /* every second page is empty, and the list goes on */
    unsigned throttle; /* every nth request is throttled */
    unsigned fail;     /* every nth is a 503 */
    unsigned garble;   /* every nth good reply is cut in its middle */
    const char *deny;  /* operation that is denied */
    const char *account;
    bool no_role;                /* the instance has none */
    bool late_names;             /* ListMetrics knows metrics only 15 min after they began */
    const char *external_id;     /* that AssumeRole wants, or NULL */
    const char *container_token; /* that the container's endpoint wants, or NULL */
    /* What was seen. */
    unsigned long requests, throttled, bad_signatures, skewed, refused, made_keys;
    unsigned long beats; /* GetMetricStatistics of an instance; not among the statistics */
    unsigned long lists, describes, statistics, names, tags, assumed, web, container, instance;
    unsigned long widest; /* datapoints that one GetMetricStatistics asked for at most */
    char wrong[200];      /* the first thing that a client must not do */
};

struct aws_double_answer {
    int status;
    char type[64], headers[256]; /* headers: each ended by "\r\n" */
    char *body;                  /* of OPENSSL_malloc, which no test lets fail */
    size_t body_n;
};

struct aws_double *aws_double_open(void);
void aws_double_close(struct aws_double *aws);
struct aws_double_job *aws_double_add(struct aws_double *aws, const char *name, const char *region, int64_t start,
                                      int64_t end);
void aws_double_key(struct aws_double *aws, const char *id, const char *secret, const char *token, int64_t expires);
void aws_double_answer(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer);

/* What the values are: average of the metric `index` of a job at its minute. Each minute has two observations, this plus and
   minus 0.01. */
double aws_double_value(const struct aws_double_job *job, int index, int64_t minute);

#endif
