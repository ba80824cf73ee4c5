#define _DEFAULT_SOURCE

#include "tests/kit/double/aws_double_state.h"

#include <json-c/json.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE   ((int64_t)60000)
#define MAX_BODY ((size_t)4 << 20)

void aws_double_put(struct aws_double_text *text, const char *format, ...)
{
    va_list arguments;

    if (text->at == NULL)
        text->at = OPENSSL_malloc(MAX_BODY);
    va_start(arguments, format);
    text->n += (size_t)vsnprintf(text->at + text->n, MAX_BODY - text->n, format, arguments);
    va_end(arguments);
    if (text->n >= MAX_BODY)
        abort();
}

struct aws_double *aws_double_open(void)
{
    struct aws_double *aws = OPENSSL_zalloc(sizeof(*aws));

    aws->account = "123456789012";
    return aws;
}

void aws_double_close(struct aws_double *aws)
{
    OPENSSL_free(aws->jobs);
    OPENSSL_free(aws);
}

struct aws_double_job *aws_double_add(struct aws_double *aws, const char *name, const char *region, int64_t start,
                                      int64_t end)
{
    struct aws_double_job *job;

    if (aws->jobs_n == aws->jobs_room) {
        aws->jobs_room = aws->jobs_room * 2 + 16;
        aws->jobs = OPENSSL_realloc(aws->jobs, aws->jobs_room * sizeof(*aws->jobs));
    }
    job = &aws->jobs[aws->jobs_n++];
    memset(job, 0, sizeof(*job));
    snprintf(job->name, sizeof(job->name), "%s", name);
    snprintf(job->region, sizeof(job->region), "%s", region);
    job->created = start - 2 * MINUTE;
    job->start = start;
    job->end = end;
    job->status = "Completed";
    job->metrics[0] = "train:accuracy";
    job->metrics[1] = "validation:accuracy";
    job->level = 0.9;
    job->final = 2;
    return job;
}

void aws_double_key(struct aws_double *aws, const char *id, const char *secret, const char *token, int64_t expires)
{
    struct aws_double_key *key = &aws->keys[aws->keys_n++ % AWS_DOUBLE_KEYS];

    snprintf(key->id, sizeof(key->id), "%s", id);
    snprintf(key->secret, sizeof(key->secret), "%s", secret);
    snprintf(key->token, sizeof(key->token), "%s", token);
    key->expires = expires;
}

double aws_double_value(const struct aws_double_job *job, int index, int64_t minute)
{
    double length = (double)(job->end - job->start) / (double)MINUTE;

    return job->level - 0.02 * index - 0.3 * exp(-4.0 * (double)minute / (length + 1));
}

void aws_double_complain(struct aws_double *aws, const char *what)
{
    if (aws->wrong[0] == '\0')
        snprintf(aws->wrong, sizeof(aws->wrong), "%s", what);
}

void aws_double_reply(struct aws_double_answer *answer, int status, const char *type, struct aws_double_text *text)
{
    answer->status = status;
    snprintf(answer->type, sizeof(answer->type), "%s", type);
    if (text->at == NULL)
        aws_double_put(text, "%s", "");
    answer->body = text->at;
    answer->body_n = text->n;
}

static void json_error(struct aws_double_answer *answer, int status, const char *code, const char *message)
{
    struct aws_double_text text = {0};

    aws_double_put(&text, "{\"__type\":\"com.amazon.coral.service#%s\",\"message\":\"%s\"}", code, message);
    aws_double_reply(answer, status, "application/x-amz-json-1.1", &text);
}

void aws_double_xml_error(struct aws_double_answer *answer, int status, const char *code)
{
    struct aws_double_text text = {0};

    aws_double_put(
        &text,
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n"
        "    <Code>%s</Code>\n    <Message>no</Message>\n  </Error>\n</ErrorResponse>\n",
        code);
    aws_double_reply(answer, status, "text/xml", &text);
}

/* What a job looks like at their clock. */
static const char *status_of(const struct aws_double *aws, const struct aws_double_job *job, const char **secondary)
{
    if (aws->now >= job->end) {
        *secondary = job->status;
        return job->status;
    }
    *secondary = aws->now < job->start || job->start == 0 ? "Starting" : "Training";
    return "InProgress";
}

static int64_t modified_of(const struct aws_double *aws, const struct aws_double_job *job)
{
    if (aws->now >= job->end)
        return job->end;
    return job->start != 0 && aws->now >= job->start ? job->start : job->created;
}

static void put_seconds(struct aws_double_text *text, const char *key, int64_t ms)
{
    aws_double_put(text, ",\"%s\":%lld.%03d", key, (long long)(ms / 1000), (int)(ms % 1000));
}

static void put_arn(struct aws_double_text *text, const struct aws_double *aws, const struct aws_double_job *job)
{
    aws_double_put(text, "\"TrainingJobArn\":\"arn:aws:sagemaker:%s:%s:training-job/%s\"", job->region, aws->account,
                   job->name);
}

static double number_of(struct json_object *object, const char *key, double otherwise)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_double(value) : otherwise;
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

/* As the real one: the page is cut first and filtered afterwards, so that pages can be empty. */
static void list_jobs(struct aws_double *aws, const char *region, struct json_object *asked,
                      struct aws_double_answer *answer)
{
    size_t at = text_of(asked, "NextToken") != NULL ? strtoul(text_of(asked, "NextToken") + 6, NULL, 10) : 0;
    size_t page = aws->page != 0 ? aws->page : (size_t)number_of(asked, "MaxResults", 10), n = 0;
    double after = number_of(asked, "LastModifiedTimeAfter", 0) * 1000,
           before = number_of(asked, "LastModifiedTimeBefore", 1e12) * 1000;
    const char *wanted = text_of(asked, "StatusEquals"), *secondary;
    struct aws_double_text text = {0};
    bool empty = aws->empty_pages && at % 2 == 1, first = true;

    aws->lists++;
    if (page > 100)
        aws_double_complain(aws, "MaxResults is over 100");
    aws_double_put(&text, "{\"TrainingJobSummaries\":[");
    if (empty)
        at--; /* the same place again, with a token that is even now */
    for (; !empty && at / 2 < aws->jobs_n && n < page; at += 2) {
        const struct aws_double_job *job = &aws->jobs[at / 2];
        int64_t modified = modified_of(aws, job);
        const char *status = status_of(aws, job, &secondary);

        if (strcmp(job->region, region) != 0 || job->created > aws->now || (double)modified <= after ||
            (double)modified >= before)
            continue;
        n++;
        if (wanted != NULL && strcmp(wanted, status) != 0)
            continue;
        aws_double_put(&text, "%s{\"TrainingJobName\":\"%s\",", first ? "" : ",", job->name);
        first = false;
        put_arn(&text, aws, job);
        put_seconds(&text, "CreationTime", job->created);
        put_seconds(&text, "LastModifiedTime", modified);
        aws_double_put(&text, ",\"TrainingJobStatus\":\"%s\",\"SecondaryStatus\":\"%s\"}", status, secondary);
    }
    aws_double_put(&text, "]");
    if (at / 2 < aws->jobs_n)
        aws_double_put(&text, ",\"NextToken\":\"token-%zu\"", aws->empty_pages && !empty ? at + 1 : at);
    aws_double_put(&text, "}");
    aws_double_reply(answer, 200, "application/x-amz-json-1.1", &text);
}

static const struct aws_double_job *find_job(const struct aws_double *aws, const char *region, const char *name)
{
    for (size_t i = 0; i < aws->jobs_n; i++) {
        if (name != NULL && strcmp(aws->jobs[i].name, name) == 0 && strcmp(aws->jobs[i].region, region) == 0 &&
            aws->jobs[i].created <= aws->now)
            return &aws->jobs[i];
    }
    return NULL;
}

static void put_metrics(struct aws_double_text *text, const struct aws_double_job *job)
{
    aws_double_put(text, ",\"AlgorithmSpecification\":{\"TrainingInputMode\":\"File\",\"MetricDefinitions\":[");
    for (int i = 0; job->definitions && i < AWS_DOUBLE_METRICS && job->metrics[i] != NULL; i++)
        aws_double_put(text, "%s{\"Name\":\"%s\",\"Regex\":\"x=(.*)\"}", i > 0 ? "," : "", job->metrics[i]);
    aws_double_put(text, "]}");
}

static void describe(struct aws_double *aws, const char *region, struct json_object *asked,
                     struct aws_double_answer *answer)
{
    const struct aws_double_job *job = find_job(aws, region, text_of(asked, "TrainingJobName"));
    const char *secondary, *status;
    struct aws_double_text text = {0};

    aws->describes++;
    if (job == NULL || job->deleted) {
        json_error(answer, 400, "ValidationException", "Requested resource not found.");
        return;
    }
    status = status_of(aws, job, &secondary);
    aws_double_put(&text, "{\"TrainingJobName\":\"%s\",", job->name);
    put_arn(&text, aws, job);
    aws_double_put(&text, ",\"TrainingJobStatus\":\"%s\",\"SecondaryStatus\":\"%s\"", status, secondary);
    put_seconds(&text, "CreationTime", job->created);
    put_seconds(&text, "LastModifiedTime", modified_of(aws, job));
    aws_double_put(&text,
                   ",\"ResourceConfig\":{\"InstanceType\":\"ml.p2.xlarge\",\"InstanceCount\":%d,\"VolumeSizeInGB\":50}",
                   job->hosts > 0 ? job->hosts : 1);
    put_metrics(&text, job);
    if (job->start != 0 && aws->now >= job->start)
        put_seconds(&text, "TrainingStartTime", job->start);
    if (job->start != 0 && aws->now >= job->end) {
        put_seconds(&text, "TrainingEndTime", job->end);
        aws_double_put(&text, ",\"TrainingTimeInSeconds\":%lld,\"BillableTimeInSeconds\":%lld",
                       (long long)((job->end - job->start) / 1000), (long long)((job->end - job->start) / 1000));
        aws_double_put(&text, ",\"SecondaryStatusTransitions\":[{\"Status\":\"Training\"");
        put_seconds(&text, "StartTime", job->start);
        put_seconds(&text, "EndTime", job->end);
        aws_double_put(&text, "}],\"FinalMetricDataList\":[");
        for (int i = 0; i < job->final && job->metrics[i] != NULL; i++) {
            aws_double_put(&text, "%s{\"MetricName\":\"%s\",\"Value\":%.9g", i > 0 ? "," : "", job->metrics[i],
                           (double)(float)aws_double_value(job, i, (job->end - job->start) / MINUTE));
            put_seconds(&text, "Timestamp", job->end / 1000 * 1000);
            aws_double_put(&text, "}");
        }
        aws_double_put(&text, "]");
    }
    if (strcmp(status, "Failed") == 0)
        aws_double_put(&text, ",\"FailureReason\":\"AlgorithmError: \\u00fcberlauf\"");
    aws_double_put(&text, "}");
    aws_double_reply(answer, 200, "application/x-amz-json-1.1", &text);
}

static void list_tags(struct aws_double *aws, const char *region, struct json_object *asked,
                      struct aws_double_answer *answer)
{
    const char *arn = text_of(asked, "ResourceArn"), *slash = arn != NULL ? strrchr(arn, '/') : NULL;
    const struct aws_double_job *job = slash != NULL ? find_job(aws, region, slash + 1) : NULL;
    struct aws_double_text text = {0};

    aws->tags++;
    if (job == NULL) {
        json_error(answer, 400, "ValidationException", "Requested resource not found.");
        return;
    }
    aws_double_put(&text, "{\"Tags\":[");
    if (job->tag_key != NULL)
        aws_double_put(&text, "{\"Key\":\"%s\",\"Value\":\"%s\"}", job->tag_key, job->tag_value);
    aws_double_put(&text, "]}");
    aws_double_reply(answer, 200, "application/x-amz-json-1.1", &text);
}

static const char *dimension_value(struct json_object *asked, const char *name)
{
    struct json_object *list, *first;

    if (!json_object_object_get_ex(asked, "Dimensions", &list) || json_object_array_length(list) != 1)
        return NULL;
    first = json_object_array_get_idx(list, 0);
    return text_of(first, "Name") != NULL && strcmp(text_of(first, "Name"), name) == 0 ? text_of(first, "Value") : NULL;
}

static const char *dimension_of(struct json_object *asked)
{
    return dimension_value(asked, "TrainingJobName");
}

/* The job of `JOB/algo-N`, where this instance publishes; its metrics are one that is always there. */
static const struct aws_double_job *find_host(struct aws_double *aws, const char *region, const char *value,
                                              const char *metric)
{
    const char *slash = strrchr(value, '/');
    const struct aws_double_job *job;
    char name[64] = "";
    int number = 0;

    if (slash == NULL || (size_t)(slash - value) >= sizeof(name) || sscanf(slash, "/algo-%d", &number) != 1 ||
        strcmp(metric, "CPUUtilization") != 0) {
        aws_double_complain(aws, "an instance is asked for as it has no name, or for a metric that not all have");
        return NULL;
    }
    memcpy(name, value, (size_t)(slash - value));
    job = find_job(aws, region, name);
    if (job != NULL && number > (job->hosts > 0 ? job->hosts : 1))
        aws_double_complain(aws, "an instance is asked for that there is not");
    return job != NULL && job->beats > 0 && number >= job->beats ? job : NULL;
}

static void list_metrics(struct aws_double *aws, const char *region, struct json_object *asked,
                         struct aws_double_answer *answer)
{
    const char *name = dimension_of(asked);
    const struct aws_double_job *job = find_job(aws, region, name);
    struct aws_double_text text = {0};
    bool first = true;

    aws->names++;
    aws_double_put(&text, "{\"Metrics\":[");
    for (int i = 0; job != NULL && job->start != 0 && i < AWS_DOUBLE_METRICS && job->metrics[i] != NULL; i++) {
        if (aws->now < job->start + (aws->late_names ? 15 * MINUTE : MINUTE))
            continue;
        aws_double_put(
            &text,
            "%s{\"Namespace\":\"/aws/sagemaker/TrainingJobs\",\"MetricName\":\"%s\",\"Dimensions\":[{\"Name\":"
            "\"TrainingJobName\",\"Value\":\"%s\"}]}",
            first ? "" : ",", job->metrics[i], job->name);
        first = false;
    }
    aws_double_put(&text, "]}");
    aws_double_reply(answer, 200, "application/x-amz-json-1.0", &text);
}

/* Two observations a minute; the newest minute has only the first of them. Minutes in an order that is none. */
static void put_points(struct aws_double *aws, const struct aws_double_job *job, int index, struct json_object *asked,
                       struct aws_double_text *text)
{
    int64_t from = (int64_t)number_of(asked, "StartTime", 0) * 1000,
            until = (int64_t)number_of(asked, "EndTime", 0) * 1000,
            period = (int64_t)number_of(asked, "Period", 60) * 1000, minutes = (job->end - job->start) / MINUTE + 1;
    int64_t first = job->start / MINUTE * MINUTE;
    bool any = false;

    for (int64_t at = from / period * period, k = 0; at < until; at += period, k++) {
        double sum = 0, min = (double)INFINITY, max = -(double)INFINITY;
        int count = 0;
        /* Even buckets from the front, then odd ones. */
        int64_t n = (until - from / period * period + period - 1) / period;
        int64_t bucket = k < (n + 1) / 2 ? 2 * k : 2 * (k - (n + 1) / 2) + 1,
                start = from / period * period + bucket * period;

        for (int64_t minute = 0; minute < minutes; minute++) {
            int64_t stamp = first + minute * MINUTE;
            double value = aws_double_value(job, index, minute);

            if (stamp < start || stamp >= start + period || stamp > aws->now)
                continue;
            if (index < 0 && job->beats_until != 0 && stamp >= job->beats_until)
                continue;
            for (int half = 0; half < (aws->now < stamp + 2 * MINUTE ? 1 : 2); half++) {
                double one = half == 0 ? value - 0.01 : value + 0.01;

                sum += one;
                min = one < min ? one : min;
                max = one > max ? one : max;
                count++;
            }
        }
        if (count == 0)
            continue;
        aws_double_put(text,
                       "%s{\"Timestamp\":%lld.0,\"SampleCount\":%d.0,\"Average\":%.17g,\"Sum\":%.17g,\"Minimum\":%.17g,"
                       "\"Maximum\":%"
                       ".17g,\"Unit\":\"None\"}",
                       any ? "," : "", (long long)(start / 1000), count, sum / count, sum, min, max);
        any = true;
    }
}

static void get_statistics(struct aws_double *aws, const char *region, struct json_object *asked,
                           struct aws_double_answer *answer)
{
    const char *metric = text_of(asked, "MetricName"), *host = dimension_value(asked, "Host");
    const struct aws_double_job *job =
        host != NULL ? find_host(aws, region, host, metric) : find_job(aws, region, dimension_of(asked));
    int64_t age = aws->now - (int64_t)number_of(asked, "StartTime", 0) * 1000;
    double period = number_of(asked, "Period", 60);
    double points = (number_of(asked, "EndTime", 0) - number_of(asked, "StartTime", 0)) / period;
    struct json_object *list;
    struct aws_double_text text = {0};

    if (host != NULL)
        aws->beats++;
    else
        aws->statistics++;
    if (points > (double)aws->widest)
        aws->widest = (unsigned long)points;
    if (!json_object_object_get_ex(asked, "Statistics", &list) || json_object_array_length(list) != 5)
        aws_double_complain(aws, "not all five statistics are asked for in one request");
    if (points > 1440) {
        json_error(answer, 400, "InvalidParameterCombination", "You have requested too many datapoints");
        return;
    }
    aws_double_put(&text, "{\"Label\":\"%s\",\"Datapoints\":[", metric);
    for (int i = host != NULL ? -1 : 0; job != NULL && job->start != 0 && i < AWS_DOUBLE_METRICS; i++) {
        if (i >= 0 && (host != NULL || job->metrics[i] == NULL))
            break;
        /* What is older is kept by five minutes and by the hour only. */
        if ((age > 15 * 24 * 60 * MINUTE && period < 300) || (age > 63 * 24 * 60 * MINUTE && period < 3600))
            continue;
        if (i < 0 || strcmp(job->metrics[i], metric) == 0)
            put_points(aws, job, i, asked, &text);
    }
    aws_double_put(&text, "]}");
    aws_double_reply(answer, 200, "application/x-amz-json-1.0", &text);
}

/* false: the request is refused, and answered. */
static bool may(struct aws_double *aws, const struct aws_seen *seen, const struct aws_scope *scope, bool xml,
                struct aws_double_answer *answer)
{
    const struct aws_double_key *key = NULL;
    char token[256] = "";
    const char *wrong, *code = NULL, *message = "";

    for (size_t i = 0; i < AWS_DOUBLE_KEYS; i++) {
        if (strcmp(aws->keys[i].id, scope->key_id) == 0)
            key = &aws->keys[i];
    }
    (void)aws_seen_header(seen, "x-amz-security-token", token, sizeof(token));
    if (key == NULL || strcmp(token, key->token) != 0) {
        aws->refused++;
        code = "UnrecognizedClientException";
        message = "The security token included in the request is invalid.";
    } else if ((wrong = aws_verify(seen, scope, key->secret)) != NULL) {
        aws->bad_signatures++;
        aws_double_complain(aws, wrong);
        code = "InvalidSignatureException";
        message = wrong;
    } else if (llabs(aws_verify_time(scope) - aws->now) > 5 * MINUTE) {
        aws->skewed++;
        code = "InvalidSignatureException";
        message = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
    } else if (key->expires != 0 && aws->now >= key->expires) {
        aws->refused++;
        code = "ExpiredTokenException";
        message = "The security token included in the request is expired";
    }
    if (code == NULL)
        return true;
    if (xml)
        aws_double_xml_error(answer, 403, code);
    else
        json_error(answer, 400, code, message);
    return false;
}

static void operate(struct aws_double *aws, const struct aws_seen *seen, const struct aws_scope *scope,
                    struct aws_double_answer *answer)
{
    static const struct {
        const char *target, *type, *service;
        void (*answer)(struct aws_double *aws, const char *region, struct json_object *asked,
                       struct aws_double_answer *answer);
    } operations[] = {
        {"SageMaker.ListTrainingJobs", "application/x-amz-json-1.1", "sagemaker", list_jobs},
        {"SageMaker.DescribeTrainingJob", "application/x-amz-json-1.1", "sagemaker", describe},
        {"SageMaker.ListTags", "application/x-amz-json-1.1", "sagemaker", list_tags},
        {"GraniteServiceVersion20100801.ListMetrics", "application/x-amz-json-1.0", "monitoring", list_metrics},
        {"GraniteServiceVersion20100801.GetMetricStatistics", "application/x-amz-json-1.0", "monitoring",
         get_statistics},
    };
    char target[128] = "", type[64] = "";
    struct json_object *asked = json_tokener_parse(seen->body);

    (void)aws_seen_header(seen, "x-amz-target", target, sizeof(target));
    (void)aws_seen_header(seen, "content-type", type, sizeof(type));
    for (size_t i = 0; asked != NULL && i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].target, target) != 0)
            continue;
        if (strcmp(operations[i].type, type) != 0 || strcmp(operations[i].service, scope->service) != 0)
            aws_double_complain(aws, "wrong content type or service for this operation");
        if (aws->deny != NULL && strstr(target, aws->deny) != NULL)
            json_error(answer, 400, "AccessDeniedException", "User is not authorized to perform this");
        else
            operations[i].answer(aws, scope->region, asked, answer);
    }
    if (answer->body == NULL) {
        aws_double_complain(aws, "an operation that is not known, or a body that is no JSON");
        json_error(answer, 400, "UnknownOperationException", target);
    }
    json_object_put(asked);
}

static void put_date(const struct aws_double *aws, struct aws_double_answer *answer)
{
    time_t seconds = (time_t)(aws->now / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(answer->headers, sizeof(answer->headers), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

static bool every(unsigned nth, unsigned long count)
{
    return nth != 0 && count % nth == 0;
}

void aws_double_answer(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer)
{
    struct aws_scope scope;
    bool is_signed = aws_verify_scope(seen, &scope), form = strncmp(seen->body, "Action=", 7) == 0;

    memset(answer, 0, sizeof(*answer));
    put_date(aws, answer);
    aws->requests++;
    if (strncmp(seen->path, "/latest/", 8) == 0) {
        aws_double_instance(aws, seen, answer);
    } else if (strcmp(seen->method, "GET") == 0) {
        aws_double_container(aws, seen, answer);
    } else if (!is_signed && strstr(seen->body, "Action=AssumeRoleWithWebIdentity&") != NULL) {
        aws_double_sts(aws, seen, answer);
    } else if (!is_signed) {
        aws_double_complain(aws, "a request is not signed");
        json_error(answer, 400, "MissingAuthenticationTokenException", "Missing Authentication Token");
    } else if (every(aws->fail, aws->requests)) {
        struct aws_double_text text = {0};

        aws_double_put(&text, "<html>no</html>");
        aws_double_reply(answer, 503, "text/html", &text);
    } else if (every(aws->throttle, aws->requests)) {
        aws->throttled++;
        json_error(answer, 400, strcmp(scope.service, "monitoring") == 0 ? "Throttling" : "ThrottlingException",
                   "Rate exceeded");
    } else if (may(aws, seen, &scope, form, answer)) {
        if (form)
            aws_double_sts(aws, seen, answer);
        else
            operate(aws, seen, &scope, answer);
        if (every(aws->garble, aws->requests))
            answer->body_n /= 2;
    }
}
