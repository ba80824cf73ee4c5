#include "tests/kit/kit.h"

#include "engine/decode/decode.h"
#include "engine/source/aws/cloudwatch.h"
#include "tests/kit/alloc.h"
#include "tests/kit/double/aws_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE  ((int64_t)60000)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define START   ((int64_t)1767225600000) /* 2026-01-01 */
#define JOBS    64
#define MINUTES 512

/* What came out of the source: per job and metric the best value of each minute, as the gather keeps it. */
struct seen {
    struct aws_world *world;
    struct lw_names *names;
    double count[JOBS][2][MINUTES], average[JOBS][2][MINUTES];
    unsigned long points, doubles, facts, rejects, batches, parts;
    bool beats[JOBS][MINUTES]; /* an instance was alive */
    unsigned long beats_n;
    int status[JOBS];     /* enum lw_status that was told last */
    unsigned ends[JOBS];  /* times it was told to be over */
    bool after_end[JOBS]; /* a new datapoint came after the end was told */
    char origin[64], tag[64], mark[4096];
    bool caught_up, quiet; /* quiet: points are not looked at */
    lw_time watermark;
    uint64_t drop; /* every nth batch cannot be stored at first; 0: none */
};

static int job_of(const struct seen *seen, struct lw_str name)
{
    for (size_t i = 0; i < seen->world->aws->jobs_n; i++) {
        if (lw_str_equal(lw_str_from(seen->world->aws->jobs[i].name), name))
            return (int)i;
    }
    CU_FAIL("a job that is not known");
    return 0;
}

static enum lw_err on_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct seen *seen = self;
    int job = job_of(seen, lw_names_text(seen->names, point->run));
    const struct aws_double_job *is = &seen->world->aws->jobs[job];
    int metric = lw_str_equal(lw_names_text(seen->names, point->metric), lw_str_from(is->metrics[0])) ? 0 : 1;
    int64_t minute = (point->at - is->start / MINUTE * MINUTE) / MINUTE;

    (void)fault;
    if (point->flags & LW_POINT_HEARTBEAT) {
        CU_ASSERT(lw_str_equal(lw_names_text(seen->names, point->metric), LW_STR("CPUUtilization")));
        CU_ASSERT(point->flags == (LW_POINT_CLOUDWATCH | LW_POINT_HEARTBEAT) && point->known == 31);
        CU_ASSERT_STRING_EQUAL(lw_names_text(seen->names, point->run).at, is->name);
        CU_ASSERT_EQUAL(lw_names_text(seen->names, point->host).len, strlen(is->name) + strlen("/algo-1"));
        seen->beats_n++;
        if (minute >= 0 && minute < MINUTES && job < JOBS)
            seen->beats[job][minute] = true;
        return LW_ERR_OK;
    }
    seen->points++;
    snprintf(seen->origin, sizeof(seen->origin), "%s", lw_names_text(seen->names, point->origin).at);
    CU_ASSERT(point->flags == LW_POINT_CLOUDWATCH && point->known == 31);
    if (seen->quiet)
        return LW_ERR_OK;
    CU_ASSERT_FATAL(minute >= 0 && minute < MINUTES && job < JOBS);
    seen->doubles += seen->count[job][metric][minute] > 0;
    if (point->count > seen->count[job][metric][minute]) {
        seen->after_end[job] = seen->after_end[job] || seen->ends[job] > 0;
        seen->count[job][metric][minute] = point->count;
        seen->average[job][metric][minute] = point->average;
    }
    return LW_ERR_OK;
}

static enum lw_err on_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct seen *seen = self;
    int job = job_of(seen, lw_names_text(seen->names, fact->run));

    (void)fault;
    seen->facts++;
    if (fact->kind == LW_FACT_STATUS && job < JOBS) {
        seen->status[job] = (int)fact->number;
        seen->ends[job] += fact->number >= LW_STATUS_STOPPED;
    }
    if (fact->kind == LW_FACT_TAG)
        snprintf(seen->tag, sizeof(seen->tag), "%s=%s", lw_names_text(seen->names, fact->key).at,
                 lw_names_text(seen->names, fact->text).at);
    return LW_ERR_OK;
}

static enum lw_err on_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                             struct lw_fault *fault)
{
    (void)reason, (void)line, (void)byte, (void)fault;
    printf("# rejected: %s\n", detail != NULL ? detail : "?");
    ((struct seen *)self)->rejects++;
    return LW_ERR_OK;
}

static void decode(struct seen *seen, const struct lw_source_part *part)
{
    static const struct lw_decode_calls calls = {.point = on_point, .fact = on_fact, .reject = on_reject};
    struct lw_decode_options options = {
        .path = part->label, .origin = part->origin, .run = part->run, .metric = part->metric, .stat = part->stat};
    struct lw_decoder *decoder = NULL;
    enum lw_format format = LW_FORMAT_AUTO;

    CU_ASSERT(part->begins && part->ends && part->label.len > 0);
    CU_ASSERT(lw_format_find(part->format, &format));
    CU_ASSERT_EQUAL_FATAL(lw_decode_open(&decoder, format, &options, seen->names, &calls, seen, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_decode_push(decoder, part->bytes.at, part->bytes.len, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_decode_finish(decoder, NULL), LW_ERR_OK);
    lw_decode_close(decoder);
}

static void take(struct seen *seen, struct lw_source *source)
{
    const struct lw_source_batch *batch;

    while ((batch = source->kind->ready(source->state)) != NULL) {
        size_t bytes = 0;

        if (seen->drop != 0 && ++seen->batches % seen->drop == 0) {
            source->kind->taken(source->state, false);
            CU_ASSERT_PTR_EQUAL(source->kind->ready(source->state), batch);
        }
        for (size_t i = 0; i < batch->parts_n; i++) {
            bytes += batch->parts[i].bytes.len;
            decode(seen, &batch->parts[i]);
        }
        CU_ASSERT(batch->parts_n <= 1 || bytes <= LW_SOURCE_BATCH_MAX);
        seen->parts += batch->parts_n;
        seen->caught_up = batch->caught_up;
        CU_ASSERT(batch->has_watermark && !batch->ended);
        seen->watermark = batch->watermark;
        CU_ASSERT_FATAL(batch->mark.len < sizeof(seen->mark));
        snprintf(seen->mark, sizeof(seen->mark), "%.*s", (int)batch->mark.len, batch->mark.at);
        source->kind->taken(source->state, true);
    }
}

/* Until the clock has come so far, or the source has caught up with everything. */
static void run(struct seen *seen, struct lw_source *source, int64_t until, bool once)
{
    struct aws_world *world = seen->world;

    while (world->now < until && !(once && seen->caught_up)) {
        lw_span next = {0};
        int64_t reply;
        struct lw_fault fault = {0};

        CU_ASSERT_EQUAL_FATAL(
            source->kind->work(source->state, (lw_time){world->now}, (lw_span){world->now}, &next, &fault), LW_ERR_OK);
        take(seen, source);
        reply = aws_world_next(world);
        next.ms = next.ms < reply ? next.ms : reply;
        next.ms = next.ms > world->now ? next.ms : world->now + 1;
        aws_world_to(world, next.ms < until ? next.ms : until);
    }
}

static const char *const plain_env[] = {"AWS_ACCESS_KEY_ID=AKIDTEST", "AWS_SECRET_ACCESS_KEY=top/secret+1",
                                        "AWS_EC2_METADATA_DISABLED=true", NULL};

struct fixture {
    struct aws_world world;
    struct seen *seen;
    struct lw_cloudwatch_options options;
    struct lw_source source;
};

static void begin(struct fixture *f, int64_t now)
{
    static const char *const regions[] = {"us-east-1"};

    memset(f, 0, sizeof(*f));
    aws_world_open(&f->world, now);
    f->world.env = plain_env;
    aws_double_key(f->world.aws, "AKIDTEST", "top/secret+1", "", 0);
    f->seen = calloc(1, sizeof(*f->seen));
    f->seen->world = &f->world;
    CU_ASSERT_EQUAL_FATAL(lw_names_open(&f->seen->names, 1 << 24, NULL), LW_ERR_OK);
    f->options = (struct lw_cloudwatch_options){
        .regions = regions, .regions_n = 1, .env = aws_world_env, .env_self = &f->world, .seed = 7};
}

static void open_source(struct fixture *f, const char *mark)
{
    struct lw_source_calls calls = aws_world_calls(&f->world);
    struct lw_fault fault = {0};
    enum lw_err err = lw_cloudwatch_open(&f->source, &f->options, lw_str_from(mark), &calls, &fault);

    if (err != LW_ERR_OK)
        printf("# %s\n", fault.text);
    CU_ASSERT_EQUAL_FATAL(err, LW_ERR_OK);
}

static void close_source(struct fixture *f)
{
    f->source.kind->close(f->source.state);
    f->source.state = NULL;
}

static void end(struct fixture *f)
{
    if (f->source.state != NULL)
        close_source(f);
    CU_ASSERT_STRING_EQUAL(f->world.aws->wrong, "");
    CU_ASSERT_EQUAL(f->world.aws->bad_signatures, 0);
    CU_ASSERT_EQUAL(f->seen->rejects, 0);
    CU_ASSERT(f->world.most <= 4);
    lw_names_close(f->seen->names);
    free(f->seen);
    aws_world_close(&f->world);
}

/* Every minute of every metric with both of its observations, and every job with its end. */
static void all_there(const struct fixture *f)
{
    for (size_t i = 0; i < f->world.aws->jobs_n; i++) {
        const struct aws_double_job *job = &f->world.aws->jobs[i];
        int64_t minutes = (job->end - job->start) / MINUTE + 1;

        CU_ASSERT(f->seen->ends[i] >= 1);
        for (int64_t minute = 0; job->start != 0 && minute < minutes; minute++) {
            for (int m = 0; m < 2; m++) {
                CU_ASSERT(f->seen->count[i][m][minute] == 2);
                KIT_CLOSE(f->seen->average[i][m][minute], aws_double_value(job, m, minute), 1e-12);
            }
        }
    }
}

static void hourly(struct fixture *f, int n, const char *region)
{
    for (int i = 0; i < n; i++) {
        char name[64];

        snprintf(name, sizeof(name), "churn-2026-01-%02d-%02d-00-00-%03d", 1 + i / 24, i % 24, i);
        aws_double_add(f->world.aws, name, region, START + i * HOUR, START + i * HOUR + (20 + i % 7) * MINUTE + 512);
    }
}

static void the_past_is_read_once_with_all_its_values(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 30, "us-east-1");
    f.world.aws->jobs[7].status = "Failed";
    f.world.aws->jobs[3].tag_key = "leeway:model";
    f.world.aws->jobs[3].tag_value = "churn";
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    CU_ASSERT(f.seen->caught_up);
    all_there(&f);
    CU_ASSERT_STRING_EQUAL(f.seen->origin, "123456789012/us-east-1");
    CU_ASSERT_STRING_EQUAL(f.seen->tag, "leeway:model=churn");
    CU_ASSERT_EQUAL(f.seen->status[7], LW_STATUS_FAILED);
    CU_ASSERT_EQUAL(f.seen->doubles, 0);
    CU_ASSERT_EQUAL(f.world.aws->describes, 30);
    CU_ASSERT_EQUAL(f.world.aws->statistics, 60);
    CU_ASSERT_EQUAL(f.world.aws->names, 30);
    for (int i = 0; i < 30; i++)
        CU_ASSERT(f.seen->ends[i] == 1 && !f.seen->after_end[i]);
    end(&f);
}

static void pages_may_be_small_and_empty(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 40, "us-east-1");
    f.world.aws->page = 3;
    f.world.aws->empty_pages = true;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    end(&f);
}

static void throttles_outages_and_cut_replies_only_take_time(void)
{
    struct fixture f;
    struct lw_source_health health;

    begin(&f, START + 2 * DAY);
    hourly(&f, 30, "us-east-1");
    f.world.aws->throttle = 3;
    f.world.aws->fail = 7;
    f.world.aws->garble = 5;
    f.world.aws->page = 7;
    f.seen->drop = 3;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + 6 * HOUR, true);
    CU_ASSERT(f.seen->caught_up);
    all_there(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT(health.throttled > 10 && health.errors >= health.throttled && health.requests > 100);
    CU_ASSERT(health.datapoints_billed >= 90 && health.has_last_success);
    end(&f);
}

/* From before the first job to after the last one, with the clock. */
static void jobs_are_followed_as_they_begin_and_end(void)
{
    struct fixture f;

    begin(&f, START - HOUR);
    hourly(&f, 10, "us-east-1");
    open_source(&f, "");
    run(f.seen, &f.source, START + 11 * HOUR, false);
    all_there(&f);
    for (int i = 0; i < 10; i++) {
        /* Told twice: as soon as it ended, and when its data were complete. */
        CU_ASSERT_EQUAL(f.seen->ends[i], 2);
    }
    /* Nothing waits: the watermark follows the clock. */
    CU_ASSERT(f.seen->watermark.ms > START + 11 * HOUR - 8 * MINUTE);
    /* One list a minute, and of each job a few requests. */
    CU_ASSERT(f.world.aws->lists < 12 * 60 + 20);
    CU_ASSERT(f.world.aws->describes <= 10 * 4);
    end(&f);
}

static void running_jobs_are_read_live_when_asked_for(void)
{
    struct fixture f;
    unsigned long points;

    begin(&f, START - MINUTE);
    aws_double_add(f.world.aws, "long-one", "us-east-1", START, START + 3 * HOUR);
    f.options.live.ms = 5 * MINUTE;
    open_source(&f, "");
    run(f.seen, &f.source, START + 2 * HOUR, false);
    points = f.seen->points;
    CU_ASSERT(f.seen->count[0][0][110] == 2 && f.seen->ends[0] == 0);
    CU_ASSERT_EQUAL(f.seen->status[0], LW_STATUS_IN_PROGRESS);
    /* Only the new minutes are asked for, with a few of the last ones again. */
    CU_ASSERT(points < 2 * (120 + 24 * 6));
    CU_ASSERT(f.seen->watermark.ms < START);
    run(f.seen, &f.source, START + 4 * HOUR, false);
    all_there(&f);
    CU_ASSERT(f.seen->watermark.ms > START + 3 * HOUR);
    end(&f);
}

static int beats_of(const struct fixture *f, int job)
{
    int n = 0;

    for (int minute = 0; minute < MINUTES; minute++)
        n += f->seen->beats[job][minute];
    return n;
}

/* A job may give no metric for hours, or never any: that its instance works is known all the same. */
static void an_instance_gives_its_job_a_heartbeat(void)
{
    struct fixture f;
    struct aws_double_job *job;

    begin(&f, START - MINUTE);
    job = aws_double_add(f.world.aws, "silent-one", "us-east-1", START, START + 3 * HOUR);
    job->metrics[0] = NULL;
    job->final = 0;
    job->beats = 1;
    f.options.live.ms = 5 * MINUTE;
    open_source(&f, "");
    run(f.seen, &f.source, START + 2 * HOUR, false);
    CU_ASSERT(beats_of(&f, 0) >= 114 && beats_of(&f, 0) <= 121 && f.seen->beats[0][110]);
    CU_ASSERT_EQUAL(f.seen->points, 0);
    /* One request each time it is read: it is charged for. */
    CU_ASSERT(f.world.aws->beats >= 23 && f.world.aws->beats <= 25);
    run(f.seen, &f.source, START + 4 * HOUR, false);
    CU_ASSERT_EQUAL(beats_of(&f, 0), 181);
    CU_ASSERT(f.seen->ends[0] >= 2);
    end(&f);
}

static void without_live_it_is_read_at_the_end_of_the_job(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 3, "us-east-1");
    f.world.aws->jobs[1].beats = 1;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    CU_ASSERT(beats_of(&f, 0) == 0 && beats_of(&f, 1) == 22 && beats_of(&f, 2) == 0);
    CU_ASSERT_EQUAL(f.world.aws->statistics, 6);
    CU_ASSERT_EQUAL(f.world.aws->beats, 3);
    end(&f);
}

static void other_instances_are_asked_where_the_first_says_nothing(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 2, "us-east-1");
    f.world.aws->jobs[0].hosts = 3;
    f.world.aws->jobs[0].beats = 3;
    f.world.aws->jobs[1].hosts = 60; /* none of which says anything: four are asked */
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    CU_ASSERT_EQUAL(beats_of(&f, 0), 21);
    CU_ASSERT_EQUAL(f.world.aws->beats, 3 + 4);
    end(&f);
}

static void a_restart_goes_on_where_the_mark_says(void)
{
    struct fixture f;
    unsigned long described;
    char mark[4096];

    begin(&f, START + 30 * HOUR);
    hourly(&f, 30, "us-east-1");
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    CU_ASSERT(f.seen->caught_up);
    close_source(&f);
    described = f.world.aws->describes;
    snprintf(mark, sizeof(mark), "%s", f.seen->mark);
    hourly(&f, 0, "us-east-1");
    aws_double_add(f.world.aws, "later", "us-east-1", START + 32 * HOUR, START + 33 * HOUR);
    f.world.now = START + 34 * HOUR;
    f.seen->caught_up = false;
    open_source(&f, mark);
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    CU_ASSERT(f.world.aws->describes - described <= 3);
    end(&f);
}

/* Killed after every few batches: nothing is lost, and what is read twice is little. */
static void a_crash_at_any_point_loses_nothing(void)
{
    struct fixture f;
    char mark[4096] = "";
    int kills = 0;

    begin(&f, START - HOUR);
    hourly(&f, 40, "us-east-1");
    f.world.aws->page = 4;
    while (f.world.now < START + 43 * HOUR && kills < 2000) {
        open_source(&f, mark);
        run(f.seen, &f.source, f.world.now + 7 * MINUTE + kills % 5 * 17123, false);
        snprintf(mark, sizeof(mark), "%s", f.seen->mark);
        close_source(&f);
        kills++;
    }
    all_there(&f);
    end(&f);
}

static void late_names_are_looked_for_again(void)
{
    struct fixture f;

    begin(&f, START - HOUR);
    hourly(&f, 3, "us-east-1");
    for (int i = 0; i < 3; i++) {
        f.world.aws->jobs[i].end = f.world.aws->jobs[i].start + 4 * MINUTE;
        f.world.aws->jobs[i].final = i;
    }
    f.world.aws->late_names = true;
    open_source(&f, "");
    run(f.seen, &f.source, START + 4 * HOUR, false);
    all_there(&f);
    end(&f);
}

static void several_regions_are_one_source(void)
{
    static const char *const regions[] = {"us-east-1", "eu-west-1"};
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 8, "us-east-1");
    for (int i = 0; i < 5; i++) {
        char name[64];

        snprintf(name, sizeof(name), "europe-%03d", i);
        aws_double_add(f.world.aws, name, "eu-west-1", START + i * HOUR, START + i * HOUR + 9 * MINUTE);
    }
    f.options.regions = regions;
    f.options.regions_n = 2;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.seen->mark, "eu-west-1"));
    end(&f);
}

/* 15 days are kept by the minute, 63 by five minutes, 455 by the hour; and a year is listed in stretches. */
static void old_jobs_are_read_by_what_is_kept_of_them(void)
{
    struct fixture f;

    begin(&f, START + 100 * DAY);
    aws_double_add(f.world.aws, "recent", "us-east-1", START + 90 * DAY, START + 90 * DAY + HOUR);
    aws_double_add(f.world.aws, "older", "us-east-1", START + 60 * DAY, START + 60 * DAY + HOUR);
    aws_double_add(f.world.aws, "oldest", "us-east-1", START, START + 3 * HOUR);
    f.world.aws->jobs[2].final = 0;
    f.world.aws->jobs[2].definitions = true;
    f.options.lookback.ms = 365 * DAY;
    f.seen->quiet = true;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    CU_ASSERT_EQUAL(f.seen->points, 2 * (61 + 13 + 4));
    CU_ASSERT_EQUAL(f.world.aws->names, 1);
    CU_ASSERT(f.world.aws->lists > 50 && f.world.aws->lists < 60);
    end(&f);
}

static void long_jobs_are_asked_for_in_pieces(void)
{
    struct fixture f;

    begin(&f, START + 5 * DAY);
    aws_double_add(f.world.aws, "days", "us-east-1", START, START + 4 * DAY + 3 * HOUR);
    f.seen->quiet = true;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    CU_ASSERT_EQUAL(f.world.aws->statistics, 2 * 5);
    CU_ASSERT_EQUAL(f.world.aws->widest, 1440);
    CU_ASSERT_EQUAL(f.seen->points, 2 * (4 * 1440 + 181));
    end(&f);
}

static void a_wrong_clock_is_set_right_by_theirs(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 5, "us-east-1");
    f.world.ahead = -40 * MINUTE;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    CU_ASSERT_EQUAL(f.world.aws->skewed, 1);
    end(&f);
}

static void a_missing_right_is_told_with_its_remedy(void)
{
    struct fixture f;
    struct lw_source_health health;

    begin(&f, START + 2 * DAY);
    hourly(&f, 5, "us-east-1");
    f.world.aws->deny = "ListTrainingJobs";
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    CU_ASSERT_FALSE(f.seen->caught_up);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT_PTR_NOT_NULL(strstr(health.trouble, "iam-policy"));
    CU_ASSERT_PTR_NOT_NULL(strstr(health.trouble, "ListTrainingJobs in us-east-1"));
    CU_ASSERT(f.world.aws->requests < 70);
    f.world.aws->deny = "ListTags";
    run(f.seen, &f.source, f.world.now + HOUR, true);
    all_there(&f);
    f.source.kind->health(f.source.state, &health);
    CU_ASSERT_EQUAL(f.world.aws->tags, 0);
    end(&f);
}

static void a_job_that_was_deleted_keeps_nothing_back(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 5, "us-east-1");
    f.world.aws->jobs[2].deleted = true;
    open_source(&f, "");
    run(f.seen, &f.source, f.world.now + HOUR, true);
    CU_ASSERT(f.seen->caught_up);
    CU_ASSERT_EQUAL(f.seen->ends[2], 0);
    CU_ASSERT(f.seen->ends[1] == 1 && f.seen->ends[3] == 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.world.notes, f.world.aws->jobs[2].name));
    end(&f);
}

static void keys_that_expire_are_renewed_without_a_gap(void)
{
    static const char *const env[] = {"AWS_ACCESS_KEY_ID=AKIDTEST", "AWS_SECRET_ACCESS_KEY=top/secret+1", NULL};
    struct fixture f;

    begin(&f, START - HOUR);
    hourly(&f, 10, "us-east-1");
    f.world.env = env;
    f.world.aws->external_id = "ours";
    f.options.role_arn = "arn:aws:iam::123456789012:role/leeway";
    f.options.external_id = "ours";
    open_source(&f, "");
    run(f.seen, &f.source, START + 11 * HOUR, false);
    all_there(&f);
    CU_ASSERT(f.world.aws->assumed >= 12 && f.world.aws->assumed < 20);
    CU_ASSERT_EQUAL(f.world.aws->refused, 0);
    end(&f);
}

static void a_damaged_mark_is_refused(void)
{
    static const char *const bad[] = {"x", "{}", "{\"version\":1}", "{\"version\":1,\"regions\":{\"a\":\"b\"}}",
                                      "{\"version\":1,\"regions\":{\"a\":1e300}}"};
    struct fixture f;
    struct lw_source_calls calls;
    struct lw_fault fault;

    begin(&f, START);
    calls = aws_world_calls(&f.world);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(lw_cloudwatch_open(&f.source, &f.options, lw_str_from(bad[i]), &calls, &fault), LW_ERR_STATE);
    CU_ASSERT_EQUAL(lw_cloudwatch_open(&f.source, &f.options, LW_STR("{\"version\":2,\"regions\":{}}"), &calls, &fault),
                    LW_ERR_NEWER);
    f.options.regions_n = 0;
    CU_ASSERT_EQUAL(lw_cloudwatch_open(&f.source, &f.options, LW_STR(""), &calls, &fault), LW_ERR_CONFIG);
    f.source.state = NULL;
    end(&f);
}

/* One allocation fails wherever it may: open says so, work says so, and afterwards it goes on as if nothing had been. */
static bool survives(void *self, bool failed)
{
    struct fixture *f = self;
    struct lw_source_calls calls = aws_world_calls(&f->world);
    enum lw_err err = lw_cloudwatch_open(&f->source, &f->options, LW_STR(""), &calls, NULL);
    int64_t until = START + 2 * DAY + HOUR;
    bool told = false, caught_up = false;

    f->world.now = START + 2 * DAY;
    if (err != LW_ERR_OK)
        return failed && err == LW_ERR_NOMEM;
    while (f->world.now < until && !caught_up) {
        const struct lw_source_batch *batch;
        lw_span next = {0};
        int64_t reply;

        err = f->source.kind->work(f->source.state, (lw_time){f->world.now}, (lw_span){f->world.now}, &next, NULL);
        told = told || err == LW_ERR_NOMEM;
        if (err != LW_ERR_OK && err != LW_ERR_NOMEM)
            break;
        while ((batch = f->source.kind->ready(f->source.state)) != NULL) {
            caught_up = caught_up || batch->caught_up;
            f->source.kind->taken(f->source.state, true);
        }
        reply = aws_world_next(&f->world);
        next.ms = next.ms < reply ? next.ms : reply;
        aws_world_to(&f->world, next.ms > f->world.now ? next.ms : f->world.now + 1);
        /* With memory short for good it never gets on. */
        if (failed && err == LW_ERR_NOMEM && f->world.now > START + 2 * DAY + 10 * MINUTE)
            break;
    }
    f->source.kind->close(f->source.state);
    return failed ? caught_up || told : caught_up;
}

static void memory_may_run_out(void)
{
    struct fixture f;

    begin(&f, START + 2 * DAY);
    hourly(&f, 1, "us-east-1");
    f.world.aws->jobs[0].tag_key = "k";
    f.world.aws->jobs[0].tag_value = "v";
    CU_ASSERT(kit_alloc_torture(survives, &f) > 50);
    f.source.state = NULL;
    end(&f);
}

KIT_SUITE("cloudwatch", {"the past is read once with all its values", the_past_is_read_once_with_all_its_values},
          {"pages may be small and empty", pages_may_be_small_and_empty},
          {"throttles, outages and cut replies only take time", throttles_outages_and_cut_replies_only_take_time},
          {"jobs are followed as they begin and end", jobs_are_followed_as_they_begin_and_end},
          {"running jobs are read live when asked for", running_jobs_are_read_live_when_asked_for},
          {"an instance gives its job a heartbeat", an_instance_gives_its_job_a_heartbeat},
          {"without live it is read at the end of the job", without_live_it_is_read_at_the_end_of_the_job},
          {"other instances are asked where the first says nothing",
           other_instances_are_asked_where_the_first_says_nothing},
          {"a restart goes on where the mark says", a_restart_goes_on_where_the_mark_says},
          {"a crash at any point loses nothing", a_crash_at_any_point_loses_nothing},
          {"late names are looked for again", late_names_are_looked_for_again},
          {"several regions are one source", several_regions_are_one_source},
          {"old jobs are read by what is kept of them", old_jobs_are_read_by_what_is_kept_of_them},
          {"long jobs are asked for in pieces", long_jobs_are_asked_for_in_pieces},
          {"a wrong clock is set right by theirs", a_wrong_clock_is_set_right_by_theirs},
          {"a missing right is told with its remedy", a_missing_right_is_told_with_its_remedy},
          {"a job that was deleted keeps nothing back", a_job_that_was_deleted_keeps_nothing_back},
          {"keys that expire are renewed without a gap", keys_that_expire_are_renewed_without_a_gap},
          {"a damaged mark is refused", a_damaged_mark_is_refused}, {"memory may run out", memory_may_run_out})
