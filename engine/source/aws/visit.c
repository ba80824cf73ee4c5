#include "engine/source/aws/visit.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/json/json_out.h"
#include "engine/source/aws/visit_body.h"

#include <stdio.h>

#define ARENA_CEILING ((size_t)16 << 20)
#define BODY_MAX      ((size_t)64 << 10)
#define DATA_DELAY    (5 * LW_MINUTE)         /* until the metrics of a job are complete */
#define LIST_DELAY    (15 * LW_MINUTE)        /* until ListMetrics knows a new metric (API reference, ListMetrics) */
#define LISTED_FOR    (14 * LW_DAY - LW_HOUR) /* ListMetrics knows metrics with data in the last two weeks */
#define LIVE_OVERLAP  (3 * LW_MINUTE)         /* the newest minutes are provisional */
#define TRIES_MAX     5                       /* of a job that cannot be described for another reason than rights */

static const struct {
    enum lw_account_service service;
    const char *operation;
    bool billed;
} steps[] = {
    [LW_VISIT_DESCRIBE] = {LW_ACCOUNT_SAGEMAKER, "DescribeTrainingJob", false},
    [LW_VISIT_TAGS] = {LW_ACCOUNT_SAGEMAKER, "ListTags", false},
    [LW_VISIT_NAMES] = {LW_ACCOUNT_MONITORING, "ListMetrics", true},
    [LW_VISIT_STATISTICS] = {LW_ACCOUNT_MONITORING, "GetMetricStatistics", true},
    [LW_VISIT_HEARTBEAT] = {LW_ACCOUNT_MONITORING, "GetMetricStatistics", true},
};

static lw_time now_of(const struct lw_visit *visit)
{
    const struct lw_world *world = visit->account->calls.world;

    return (lw_time){world->now(world->self).ms + visit->account->skew.ms};
}

void lw_visit_begin(struct lw_visit *visit, struct lw_job *job, struct lw_str region)
{
    visit->arena.ceiling = ARENA_CEILING;
    lw_arena_reset(&visit->arena);
    visit->job = job;
    visit->region = region;
    visit->step = LW_VISIT_DESCRIBE;
    visit->attempts = 0;
    visit->retry.ms = INT64_MIN;
    visit->names_n = visit->final_n = visit->listed_n = visit->definitions_n = visit->name = 0;
    visit->token = visit->describe = visit->arn = visit->origin = (struct lw_str){NULL, 0};
    visit->modified = job->modified;
    job->visited = true;
}

/* What cannot be kept is memory, and told by the next call of work. */
static bool keep(struct lw_visit *visit, struct lw_str text, struct lw_str *out)
{
    *out = lw_arena_text(&visit->arena, text);
    if (out->at == NULL)
        visit->account->nomem = true;
    return out->at != NULL;
}

static void give_up(struct lw_visit *visit, lw_span wait)
{
    const struct lw_world *world = visit->account->calls.world;
    lw_span ticks = world->ticks(world->self);

    visit->attempts++;
    visit->retry.ms = ticks.ms + wait.ms;
}

/* The visit ends without the job's last part: the job stays as it was, and is visited again later. */
static void put_off(struct lw_visit *visit, lw_span wait)
{
    const struct lw_world *world = visit->account->calls.world;

    visit->job->retry.ms = world->ticks(world->self).ms + wait.ms;
    visit->job->attempts++;
    visit->job->visited = false;
    visit->job = NULL;
    visit->step = LW_VISIT_NONE;
}

static bool queue_part(struct lw_visit *visit, struct lw_str bytes, const char *format, const char *operation,
                       struct lw_str metric, bool last)
{
    char label[96], of[LW_VISIT_OF_ROOM];
    struct lw_source_part part = {.bytes = bytes,
                                  .format = lw_str_from(format),
                                  .begins = true,
                                  .ends = true,
                                  .origin = visit->origin,
                                  .run = lw_visit_of(visit, of),
                                  .metric = metric};

    snprintf(label, sizeof(label), "%.*s %s", (int)(visit->region.len < 40 ? visit->region.len : 40), visit->region.at,
             operation);
    part.label = lw_str_from(label);
    if (lw_queue_add(visit->queue, &part, last ? visit->job : NULL, visit->modified, NULL) != LW_ERR_OK) {
        visit->account->nomem = true;
        return false;
    }
    visit->account->health.records++;
    return true;
}

/* When the job is to be looked at again without a change of it. */
static void plan_return(struct lw_visit *visit, lw_time now)
{
    struct lw_job *job = visit->job;
    int64_t complete = visit->end.ms + DATA_DELAY, listed = visit->end.ms + LIST_DELAY;

    job->ended = visit->ended;
    job->has_due = !visit->ended && visit->live.ms > 0;
    job->due.ms = now.ms + visit->live.ms;
    if (!visit->ended) {
        job->has_live = visit->has_start;
        job->live = visit->end;
        return;
    }
    if (!visit->has_start)
        return;
    /* Metrics are missing that the job itself speaks of: CloudWatch does not list them yet. */
    if (visit->listed_n < visit->final_n || visit->names_n == 0)
        complete = listed;
    if (now.ms >= complete)
        return;
    job->has_due = true;
    job->due.ms = visit->end.ms + DATA_DELAY > now.ms ? visit->end.ms + DATA_DELAY : listed;
}

static void finish(struct lw_visit *visit)
{
    struct lw_job *job = visit->job;

    if (!queue_part(visit, visit->describe, "training-jobs", steps[LW_VISIT_DESCRIBE].operation,
                    (struct lw_str){NULL, 0}, true))
        return;
    job->attempts = 0;
    plan_return(visit, now_of(visit));
    visit->job = NULL;
    visit->step = LW_VISIT_NONE;
}

void lw_visit_ended(struct lw_job *job, lw_time modified)
{
    job->read = modified;
    job->has_read = true;
    job->visited = false;
    job->settled = job->ended && !job->has_due;
}

/* arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME -> "ACCOUNT/REGION", as the decoder of the job's document makes it. */
static bool read_arn(struct lw_visit *visit, struct lw_str arn)
{
    struct lw_str fields[6] = {{0}};
    size_t n = 0, at = 0;

    while (n < 6 && at <= arn.len) {
        const char *colon = at < arn.len ? memchr(arn.at + at, ':', arn.len - at) : NULL;
        size_t length = colon != NULL ? (size_t)(colon - arn.at) - at : arn.len - at;

        fields[n++] = (struct lw_str){arn.at + at, length};
        at += length + 1;
    }
    if (n < 6 || fields[4].len == 0 || fields[3].len == 0)
        return true;
    visit->origin =
        lw_arena_format(&visit->arena, "%.*s/%.*s", (int)fields[4].len, fields[4].at, (int)fields[3].len, fields[3].at);
    if (visit->origin.at == NULL)
        visit->account->nomem = true;
    return visit->origin.at != NULL;
}

static bool add_name(struct lw_visit *visit, struct lw_str name)
{
    for (size_t i = 0; i < visit->names_n; i++) {
        if (lw_str_equal(visit->names[i], name))
            return true;
    }
    if (name.len == 0 || visit->names_n == LW_VISIT_NAMES_MAX)
        return true;
    return keep(visit, name, &visit->names[visit->names_n++]);
}

static bool read_metrics(struct lw_visit *visit, const struct lw_json_in *in)
{
    const struct lw_json_node *list = lw_json_in_member(in, in->nodes, "FinalMetricDataList");

    for (const struct lw_json_node *node = lw_json_in_first(in, list); node != NULL;
         node = lw_json_in_next(in, list, node)) {
        if (!add_name(visit, lw_json_in_str(in, node, "MetricName")))
            return false;
    }
    visit->final_n = visit->names_n;
    list = lw_json_in_member(in, lw_json_in_member(in, in->nodes, "AlgorithmSpecification"), "MetricDefinitions");
    for (const struct lw_json_node *node = lw_json_in_first(in, list); node != NULL;
         node = lw_json_in_next(in, list, node)) {
        struct lw_str name = lw_json_in_str(in, node, "Name");

        if (name.len > 0 && visit->definitions_n < LW_VISIT_NAMES_MAX &&
            !keep(visit, name, &visit->definitions[visit->definitions_n++]))
            return false;
    }
    return true;
}

static bool is_over(struct lw_str status)
{
    return lw_str_equal(status, LW_STR("Completed")) || lw_str_equal(status, LW_STR("Failed")) ||
           lw_str_equal(status, LW_STR("Stopped"));
}

/* How many instances there are; of several kinds each kind has its number. */
static void read_hosts(struct lw_visit *visit, const struct lw_json_in *in)
{
    const struct lw_json_node *config = lw_json_in_member(in, in->nodes, "ResourceConfig"),
                              *groups = lw_json_in_member(in, config, "InstanceGroups");
    double hosts = 0, n;

    if (lw_json_in_number(in, config, "InstanceCount", &n))
        hosts = n;
    for (const struct lw_json_node *node = lw_json_in_first(in, groups); node != NULL;
         node = lw_json_in_next(in, groups, node))
        hosts += lw_json_in_number(in, node, "InstanceCount", &n) ? n : 0;
    visit->hosts = hosts >= LW_VISIT_HOSTS_MAX ? LW_VISIT_HOSTS_MAX : hosts >= 1 ? (uint32_t)hosts : 1;
}

/* The next step after the job is known. */
static void choose(struct lw_visit *visit)
{
    lw_time now = now_of(visit);
    lw_time start = visit->start;

    /* While it runs only what is new; at its end all of it once more. */
    if (!visit->ended && visit->job->has_live && visit->job->live.ms - LIVE_OVERLAP > start.ms)
        start.ms = visit->job->live.ms - LIVE_OVERLAP;
    if (!visit->has_start || (!visit->ended && visit->live.ms == 0) ||
        !lw_period_of(start, visit->end, now, &visit->whole)) {
        visit->step = LW_VISIT_OVER;
        return;
    }
    visit->step = now.ms - visit->end.ms < LISTED_FOR ? LW_VISIT_NAMES : LW_VISIT_STATISTICS;
}

/* What was asked for is there: false when memory is short, *good when it is the reply that it should be. */
static bool read_describe(struct lw_visit *visit, const struct lw_json_in *in, struct lw_str body, bool *good)
{
    const struct lw_json_node *job = in->nodes;
    struct lw_str status = lw_json_in_str(in, job, "TrainingJobStatus");
    lw_time modified;

    *good = lw_str_equal(lw_json_in_str(in, job, "TrainingJobName"), lw_str_from(visit->job->name)) && status.len > 0;
    if (!*good)
        return true;
    visit->names_n = visit->definitions_n = 0;
    visit->ended = is_over(status);
    visit->has_start = lw_json_in_time(in, job, "TrainingStartTime", &visit->start);
    visit->end = now_of(visit);
    if (visit->ended && !lw_json_in_time(in, job, "TrainingEndTime", &visit->end) &&
        !lw_json_in_time(in, job, "LastModifiedTime", &visit->end))
        visit->has_start = false;
    if (lw_json_in_time(in, job, "LastModifiedTime", &modified) && modified.ms > visit->modified.ms)
        visit->modified = modified;
    if (visit->has_start)
        visit->job->started = visit->start;
    read_hosts(visit, in);
    return keep(visit, body, &visit->describe) && keep(visit, lw_json_in_str(in, job, "TrainingJobArn"), &visit->arn) &&
           read_arn(visit, visit->arn) && read_metrics(visit, in);
}

/* A document of its own that carries the tags beside the job's name. */
static bool read_tags(struct lw_visit *visit, const struct lw_json_in *in, struct lw_str body, bool *good)
{
    const struct lw_json_node *tags = lw_json_in_member(in, in->nodes, "Tags");
    struct lw_buf buf = {.ceiling = body.len + 2048};
    struct lw_json_out out = {.buf = &buf};
    bool kept = true;

    *good = tags != NULL && tags->kind == LW_TOKEN_ARRAY;
    if (*good && lw_json_in_first(in, tags) != NULL) {
        lw_json_object(&out);
        lw_json_key(&out, "TrainingJobName");
        lw_json_text(&out, visit->job->name);
        lw_json_key(&out, "TrainingJobArn");
        lw_json_str(&out, visit->arn);
        lw_json_key(&out, "Tags");
        lw_buf_bytes(&buf, body.at + tags->byte, tags->byte_n);
        lw_buf_char(&buf, '}');
        kept = buf.error == LW_ERR_OK &&
               queue_part(visit, lw_buf_view(&buf), "training-jobs", "ListTags", (struct lw_str){NULL, 0}, false);
        visit->account->nomem |= buf.error != LW_ERR_OK;
    }
    lw_buf_close(&buf);
    return kept;
}

static bool read_names(struct lw_visit *visit, const struct lw_json_in *in, bool *good)
{
    const struct lw_json_node *list = lw_json_in_member(in, in->nodes, "Metrics");

    *good = list != NULL && list->kind == LW_TOKEN_ARRAY;
    for (const struct lw_json_node *node = lw_json_in_first(in, list); node != NULL;
         node = lw_json_in_next(in, list, node)) {
        const struct lw_json_node *dimensions = lw_json_in_member(in, node, "Dimensions"),
                                  *first = lw_json_in_first(in, dimensions);

        /* A filter on one dimension also finds metrics with more of them. */
        if (first == NULL || lw_json_in_next(in, dimensions, first) != NULL ||
            !lw_str_equal(lw_json_in_str(in, first, "Name"), LW_STR("TrainingJobName")) ||
            !lw_str_equal(lw_json_in_str(in, first, "Value"), lw_str_from(visit->job->name)))
            continue;
        visit->listed_n++;
        if (!add_name(visit, lw_json_in_str(in, node, "MetricName")))
            return false;
    }
    return true;
}

static void begin_heartbeat(struct lw_visit *visit)
{
    visit->step = LW_VISIT_HEARTBEAT;
    visit->host = 1;
    visit->left = visit->whole;
}

/* Names are known: the first of them. Where nobody names any, those that the job was to watch for. */
static void begin_statistics(struct lw_visit *visit)
{
    if (visit->names_n == 0) {
        memcpy(visit->names, visit->definitions, sizeof(visit->names));
        visit->names_n = visit->definitions_n;
    }
    visit->step = LW_VISIT_STATISTICS;
    visit->name = 0;
    visit->left = visit->whole;
    if (visit->names_n == 0)
        begin_heartbeat(visit);
}

static void after_statistics(struct lw_visit *visit)
{
    lw_time from, until;

    (void)lw_period_next(&visit->left, &from, &until);
    if (visit->left.from.ms < visit->left.until.ms)
        return;
    visit->left = visit->whole;
    if (++visit->name == visit->names_n)
        begin_heartbeat(visit);
}

/* One instance that was alive is enough: the others are asked only where the first ones say nothing. */
static void after_heartbeat(struct lw_visit *visit, bool beats)
{
    lw_time from, until;

    if (!beats && visit->host < visit->hosts) {
        visit->host++;
        return;
    }
    (void)lw_period_next(&visit->left, &from, &until);
    if (visit->left.from.ms >= visit->left.until.ms)
        visit->step = LW_VISIT_OVER;
}

/* What follows a reply that was read, page by page. */
static bool step_on(struct lw_visit *visit, struct lw_str token, bool beats)
{
    visit->attempts = 0;
    if (token.len > 0 && (visit->step == LW_VISIT_TAGS || visit->step == LW_VISIT_NAMES))
        return keep(visit, token, &visit->token);
    visit->token = (struct lw_str){NULL, 0};
    switch (visit->step) {
    case LW_VISIT_NONE:
    case LW_VISIT_OVER:
        break;
    case LW_VISIT_DESCRIBE:
        visit->step = LW_VISIT_TAGS;
        if (visit->job->tagged || *visit->no_tags || visit->arn.len == 0)
            choose(visit);
        break;
    case LW_VISIT_TAGS:
        visit->job->tagged = true;
        choose(visit);
        break;
    case LW_VISIT_NAMES:
        begin_statistics(visit);
        return true;
    case LW_VISIT_STATISTICS:
        after_statistics(visit);
        return true;
    case LW_VISIT_HEARTBEAT:
        after_heartbeat(visit, beats);
        return true;
    }
    if (visit->step == LW_VISIT_STATISTICS)
        begin_statistics(visit);
    return true;
}

static bool read_reply(struct lw_visit *visit, struct lw_str body, bool *good)
{
    struct lw_arena arena = {.ceiling = (size_t)96 << 20};
    struct lw_json_in in;
    const struct lw_json_node *points;
    enum lw_err err = lw_json_in_read(&in, body, &arena, NULL);
    bool kept = true, any = false;

    *good = err == LW_ERR_OK;
    if (err == LW_ERR_NOMEM)
        visit->account->nomem = true;
    if (*good && visit->step == LW_VISIT_DESCRIBE)
        kept = read_describe(visit, &in, body, good);
    if (*good && visit->step == LW_VISIT_TAGS)
        kept = read_tags(visit, &in, body, good);
    if (*good && visit->step == LW_VISIT_NAMES)
        kept = read_names(visit, &in, good);
    if (*good && (visit->step == LW_VISIT_STATISTICS || visit->step == LW_VISIT_HEARTBEAT)) {
        points = lw_json_in_member(&in, in.nodes, "Datapoints");
        *good = points != NULL && points->kind == LW_TOKEN_ARRAY;
        any = lw_json_in_first(&in, points) != NULL;
        if (any)
            kept = queue_part(visit, body, "get-metric-statistics", steps[visit->step].operation,
                              lw_visit_metric(visit), false);
    }
    if (*good && kept)
        kept = step_on(visit, lw_json_in_str(&in, in.nodes, "NextToken"), any);
    lw_arena_close(&arena);
    return kept && err != LW_ERR_NOMEM;
}

static void note(struct lw_visit *visit, const char *what)
{
    const struct lw_world *world = visit->account->calls.world;
    char text[320];

    snprintf(text, sizeof(text), "training job %s: %s (%.180s)", visit->job->name, what,
             visit->account->health.trouble);
    if (world->note != NULL)
        world->note(world->self, LW_NOTE_WARNING, text);
}

/* It was deleted between two requests, or cannot be described: as far as it is known it is settled. */
static void leave(struct lw_visit *visit)
{
    note(visit, "it is not there any more, and left out");
    visit->job->ended = true;
    visit->job->has_due = false;
    lw_visit_ended(visit->job, visit->modified);
    visit->job = NULL;
    visit->step = LW_VISIT_NONE;
}

/* One request that AWS will not answer does not keep the rest of the job back. */
static void pass_over(struct lw_visit *visit)
{
    bool statistics = visit->step == LW_VISIT_STATISTICS || visit->step == LW_VISIT_HEARTBEAT;

    note(visit, statistics ? "the values of one metric cannot be read" : "its tags or metric names cannot be read");
    visit->account->health.trouble[0] = '\0';
    visit->host = visit->hosts;
    (void)step_on(visit, (struct lw_str){NULL, 0}, false);
}

static void on_reply(void *context, const struct lw_http_reply *reply)
{
    struct lw_visit *visit = context;
    const char *operation = steps[visit->step].operation;
    lw_span wait;
    enum lw_api_verdict verdict;
    bool good = false;

    visit->asked = false;
    verdict = lw_account_answer(visit->account, steps[visit->step].service, operation, visit->region, reply,
                                visit->attempts, &wait);
    if (verdict == LW_API_GOOD) {
        /* Without memory the same is asked again once there is some. */
        if (read_reply(visit, reply->body, &good) && !good)
            give_up(visit, lw_account_puzzled(visit->account, operation, visit->region, visit->attempts));
        return;
    }
    if (verdict == LW_API_DENIED && visit->step == LW_VISIT_TAGS) {
        *visit->no_tags = true;
        choose(visit);
        if (visit->step == LW_VISIT_STATISTICS)
            begin_statistics(visit);
        return;
    }
    if (verdict == LW_API_MISSING ||
        (verdict == LW_API_BAD && visit->step == LW_VISIT_DESCRIBE && visit->job->attempts >= TRIES_MAX)) {
        leave(visit);
        return;
    }
    if (verdict == LW_API_BAD && visit->step != LW_VISIT_DESCRIBE) {
        pass_over(visit);
        return;
    }
    if (verdict == LW_API_DENIED || verdict == LW_API_BAD)
        put_off(visit, wait);
    else
        give_up(visit, wait);
}

static enum lw_err ask(struct lw_visit *visit, lw_time now, lw_span ticks, struct lw_fault *fault)
{
    struct lw_json_out out = {.buf = &visit->body};
    struct lw_account_ask request = {.service = steps[visit->step].service,
                                     .region = visit->region,
                                     .operation = steps[visit->step].operation,
                                     .billed = steps[visit->step].billed};
    enum lw_err err;

    visit->body.ceiling = BODY_MAX;
    lw_buf_clear(&visit->body);
    lw_visit_body(visit, &out);
    request.body = lw_buf_view(&visit->body);
    err = visit->body.error != LW_ERR_OK
              ? lw_fault_memory(fault, "a request to AWS")
              : lw_account_start(visit->account, &request, now, ticks, on_reply, visit, &visit->request, fault);
    visit->asked = err == LW_ERR_OK;
    return err;
}

enum lw_err lw_visit_work(struct lw_visit *visit, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    enum lw_err err;

    if (visit->step == LW_VISIT_OVER && !visit->asked) {
        finish(visit);
        return visit->account->nomem ? lw_fault_memory(fault, "what was read of AWS") : LW_ERR_OK;
    }
    if (visit->step == LW_VISIT_NONE || visit->asked)
        return LW_ERR_OK;
    if (ticks.ms < visit->retry.ms) {
        if (visit->retry.ms < next->ms)
            *next = visit->retry;
        return LW_ERR_OK;
    }
    if (!lw_account_free(visit->account, steps[visit->step].service, now, ticks, next))
        return LW_ERR_OK;
    err = ask(visit, now, ticks, fault);
    if (err == LW_ERR_OK || err == LW_ERR_NOMEM)
        return err;
    snprintf(visit->account->health.trouble, sizeof(visit->account->health.trouble), "%.199s", fault->text);
    put_off(visit, (lw_span){LW_MINUTE});
    return LW_ERR_OK;
}

void lw_visit_close(struct lw_visit *visit)
{
    if (visit->asked)
        lw_account_cancel(visit->account, visit->request);
    lw_buf_close(&visit->body);
    lw_arena_close(&visit->arena);
}
