#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/decode/reader.h"

/* aws sagemaker list-training-jobs, describe-training-job, search --resource TrainingJob, and the state changes of
   EventBridge: one or several documents, in the wire form (epoch seconds) or as the CLI prints them. The facts of a job
   wait for its end, because its name and its ARN, which they are told under, may come last. */
enum role {
    JOB = LW_WALK_TOP, /* a job, or what holds one: the keys tell */
    LIST,              /* of jobs */
    NAME,
    ARN,
    STATUS,
    SECONDARY,
    CREATED,
    STARTED,
    ENDED,
    MODIFIED,
    TRAINING_SECONDS,
    BILLABLE_SECONDS,
    FAILURE,
    TUNING_JOB,
    SPOT,
    RESOURCES,
    INSTANCE_TYPE,
    INSTANCE_COUNT,
    GROUPS,
    GROUP,
    GROUP_TYPE,
    GROUP_COUNT,
    TRANSITIONS,
    TRANSITION,
    PHASE,
    PHASE_START,
    PHASE_END,
    METRICS,
    METRIC,
    METRIC_NAME,
    METRIC_VALUE,
    METRIC_TIME,
    TAGS,
    TAG,
    TAG_KEY,
    TAG_VALUE
};

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(JOB, JOB),
    LW_WALK_KEY(JOB, "TrainingJobSummaries", LIST),
    LW_WALK_KEY(JOB, "Results", LIST),
    LW_WALK_ELEMENT(LIST, JOB),
    LW_WALK_KEY(JOB, "TrainingJob", JOB),
    LW_WALK_KEY(JOB, "detail", JOB),
    LW_WALK_KEY(JOB, "TrainingJobName", NAME),
    LW_WALK_KEY(JOB, "TrainingJobArn", ARN),
    LW_WALK_KEY(JOB, "TrainingJobStatus", STATUS),
    LW_WALK_KEY(JOB, "SecondaryStatus", SECONDARY),
    LW_WALK_KEY(JOB, "CreationTime", CREATED),
    LW_WALK_KEY(JOB, "TrainingStartTime", STARTED),
    LW_WALK_KEY(JOB, "TrainingEndTime", ENDED),
    LW_WALK_KEY(JOB, "LastModifiedTime", MODIFIED),
    LW_WALK_KEY(JOB, "TrainingTimeInSeconds", TRAINING_SECONDS),
    LW_WALK_KEY(JOB, "BillableTimeInSeconds", BILLABLE_SECONDS),
    LW_WALK_KEY(JOB, "FailureReason", FAILURE),
    LW_WALK_KEY(JOB, "TuningJobArn", TUNING_JOB),
    LW_WALK_KEY(JOB, "EnableManagedSpotTraining", SPOT),
    LW_WALK_KEY(JOB, "ResourceConfig", RESOURCES),
    LW_WALK_KEY(RESOURCES, "InstanceType", INSTANCE_TYPE),
    LW_WALK_KEY(RESOURCES, "InstanceCount", INSTANCE_COUNT),
    LW_WALK_KEY(RESOURCES, "InstanceGroups", GROUPS),
    LW_WALK_ELEMENT(GROUPS, GROUP),
    LW_WALK_KEY(GROUP, "InstanceType", GROUP_TYPE),
    LW_WALK_KEY(GROUP, "InstanceCount", GROUP_COUNT),
    LW_WALK_KEY(JOB, "SecondaryStatusTransitions", TRANSITIONS),
    LW_WALK_ELEMENT(TRANSITIONS, TRANSITION),
    LW_WALK_KEY(TRANSITION, "Status", PHASE),
    LW_WALK_KEY(TRANSITION, "StartTime", PHASE_START),
    LW_WALK_KEY(TRANSITION, "EndTime", PHASE_END),
    LW_WALK_KEY(JOB, "FinalMetricDataList", METRICS),
    LW_WALK_ELEMENT(METRICS, METRIC),
    /* In the lists of list-training-jobs-for-hyper-parameter-tuning-job. */
    LW_WALK_KEY(JOB, "FinalHyperParameterTuningJobObjectiveMetric", METRIC),
    LW_WALK_KEY(METRIC, "MetricName", METRIC_NAME),
    LW_WALK_KEY(METRIC, "Value", METRIC_VALUE),
    LW_WALK_KEY(METRIC, "Timestamp", METRIC_TIME),
    LW_WALK_KEY(JOB, "Tags", TAGS),
    LW_WALK_ELEMENT(TAGS, TAG),
    LW_WALK_KEY(TAG, "Key", TAG_KEY),
    LW_WALK_KEY(TAG, "Value", TAG_VALUE),
};

#define FACTS_MAX 12000 /* of one job: about a MiB; phases, final metrics and tags have far lower limits */
#define ARN_MAX   320   /* SageMaker's own limit is 256 */

struct part {
    uint32_t key, text; /* names */
    bool has_at, has_until, has_number;
    lw_time at, until;
    double number;
};

struct jobs {
    struct lw_reader reader; /* open: inside of a job, or of what may hold one */
    uint32_t depth;          /* of its members */
    uint64_t line, byte;
    bool known; /* it has a key of a job */
    uint32_t name;
    char arn[ARN_MAX];
    size_t arn_len;
    bool has_status, has_modified;
    enum lw_status status;
    lw_time modified;
    struct part part;    /* the transition, metric, tag or resources being read */
    struct lw_buf types; /* instance types of the groups, joined */
    bool crowded;        /* more facts than are kept: told already */
    struct lw_buf facts; /* of struct lw_fact */
};

static enum lw_err hold(struct jobs *jobs, const struct lw_fact *fact, struct lw_fault *fault)
{
    lw_buf_bytes(&jobs->facts, fact, sizeof(*fact));
    if (jobs->facts.error == LW_ERR_OK || jobs->crowded)
        return LW_ERR_OK;
    if (jobs->facts.error != LW_ERR_LIMIT)
        return lw_fault_memory(fault, "the facts of a training job");
    jobs->crowded = true;
    return lw_emit_reject(jobs->reader.emit, LW_REJECT_TOO_LARGE, jobs->line, jobs->byte,
                          "a job with more than 12000 facts", fault);
}

static struct lw_fact blank(const struct jobs *jobs, enum lw_fact_kind kind)
{
    return lw_emit_blank_fact(jobs->reader.emit, kind, LW_RANK_API);
}

static void start(struct jobs *jobs, const struct lw_token *token)
{
    jobs->reader.open = true;
    jobs->depth = token->depth + 1;
    jobs->line = token->line;
    jobs->byte = token->byte;
    jobs->known = jobs->has_status = jobs->has_modified = jobs->crowded = false;
    jobs->name = 0;
    jobs->arn_len = 0;
    jobs->part = (struct part){0};
    lw_buf_clear(&jobs->types);
    lw_buf_clear(&jobs->facts);
}

/* arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME */
static enum lw_err origin_of_arn(struct jobs *jobs, uint32_t *origin, struct lw_fault *fault)
{
    struct lw_str fields[6] = {{0}};
    const char *at = jobs->arn, *end = jobs->arn + jobs->arn_len;
    size_t n = 0;

    while (at < end && n < 6) {
        const char *colon = memchr(at, ':', (size_t)(end - at));

        fields[n++] = (struct lw_str){at, (size_t)((colon != NULL ? colon : end) - at)};
        at = colon != NULL ? colon + 1 : end;
    }
    if (n < 6)
        fields[3].len = 0;
    return lw_emit_origin(jobs->reader.emit, fields[4], fields[3], origin, fault);
}

static enum lw_err give_facts(struct jobs *jobs, struct lw_fault *fault)
{
    struct lw_emit *emit = jobs->reader.emit;
    size_t n = jobs->facts.len / sizeof(struct lw_fact);
    struct lw_fact fact = blank(jobs, LW_FACT_STATUS);
    uint32_t origin;
    enum lw_err err = origin_of_arn(jobs, &origin, fault);

    fact.number = jobs->status;
    fact.at = jobs->modified;
    fact.has_at = jobs->has_modified;
    if (err == LW_ERR_OK && jobs->has_status) {
        fact.origin = origin;
        fact.run = jobs->name;
        err = lw_emit_fact(emit, &fact, fault);
    }
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        memcpy(&fact, jobs->facts.at + i * sizeof(fact), sizeof(fact));
        fact.origin = origin;
        fact.run = jobs->name;
        err = lw_emit_fact(emit, &fact, fault);
    }
    return err;
}

static enum lw_err end_job(struct jobs *jobs, struct lw_fault *fault)
{
    struct lw_emit *emit = jobs->reader.emit;

    jobs->reader.open = false;
    emit->records++;
    if (!jobs->known)
        return lw_emit_reject(emit, LW_REJECT_UNKNOWN_RECORD, jobs->line, jobs->byte, NULL, fault);
    if (jobs->name == 0)
        return lw_emit_reject(emit, LW_REJECT_NO_RUN, jobs->line, jobs->byte, "a job without TrainingJobName", fault);
    return give_facts(jobs, fault);
}

static enum lw_err reject(struct jobs *jobs, enum lw_reject reason, const struct lw_token *token,
                          struct lw_fault *fault)
{
    return lw_emit_reject_text(jobs->reader.emit, reason, token->line, token->byte, token->text, fault);
}

static enum lw_err read_time(struct jobs *jobs, const struct lw_token *token, lw_time *at, bool *has,
                             struct lw_fault *fault)
{
    *has = lw_memo_time(&jobs->reader.memo, token, jobs->reader.emit->options->zone, at);
    return *has ? LW_ERR_OK : reject(jobs, LW_REJECT_BAD_TIME, token, fault);
}

static enum lw_err read_number(struct jobs *jobs, const struct lw_token *token, double *number, bool *has,
                               struct lw_fault *fault)
{
    enum lw_reject reason;

    *has = lw_memo_number(token, number, &reason);
    return *has ? LW_ERR_OK : reject(jobs, reason, token, fault);
}

static enum lw_err read_name(struct jobs *jobs, const struct lw_token *token, uint32_t *name, struct lw_fault *fault)
{
    if (token->kind != LW_TOKEN_STRING)
        return reject(jobs, LW_REJECT_BAD_VALUE, token, fault);
    return lw_emit_name(jobs->reader.emit, token->text, name, fault);
}

/* What is done with a value, by its role; `kind` is the fact that it becomes. */
typedef enum lw_err take(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                         struct lw_fault *fault);

static enum lw_err take_status(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                               struct lw_fault *fault)
{
    static const struct {
        struct lw_str text;
        enum lw_status status;
    } statuses[] = {
        {{"InProgress", 10}, LW_STATUS_IN_PROGRESS}, {{"Stopping", 8}, LW_STATUS_STOPPING},
        {{"Stopped", 7}, LW_STATUS_STOPPED},         {{"Failed", 6}, LW_STATUS_FAILED},
        {{"Completed", 9}, LW_STATUS_COMPLETED},
    };

    (void)kind; /* held apart, until LastModifiedTime is known */
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (token->kind == LW_TOKEN_STRING && lw_str_equal(token->text, statuses[i].text)) {
            jobs->has_status = true;
            jobs->status = statuses[i].status;
            return LW_ERR_OK;
        }
    }
    return reject(jobs, LW_REJECT_UNKNOWN_RECORD, token, fault);
}

static enum lw_err take_text(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                             struct lw_fault *fault)
{
    struct lw_fact fact = blank(jobs, kind);
    enum lw_err err = read_name(jobs, token, &fact.text, fault);

    return err != LW_ERR_OK || fact.text == 0 ? err : hold(jobs, &fact, fault);
}

static enum lw_err take_time(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                             struct lw_fault *fault)
{
    struct lw_fact fact = blank(jobs, kind);
    bool has;
    enum lw_err err = read_time(jobs, token, &fact.at, &has, fault);

    fact.has_at = has;
    return err != LW_ERR_OK || !has ? err : hold(jobs, &fact, fault);
}

static enum lw_err take_number(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                               struct lw_fault *fault)
{
    struct lw_fact fact = blank(jobs, kind);
    bool has;
    enum lw_err err = read_number(jobs, token, &fact.number, &has, fault);

    if (err != LW_ERR_OK || !has)
        return err;
    return fact.number < 0 ? reject(jobs, LW_REJECT_BAD_VALUE, token, fault) : hold(jobs, &fact, fault);
}

static enum lw_err take_spot(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                             struct lw_fault *fault)
{
    struct lw_fact fact = blank(jobs, kind);

    fact.number = 1;
    if (token->kind != LW_TOKEN_TRUE && !lw_str_equal(token->text, LW_STR("true")))
        return LW_ERR_OK;
    return hold(jobs, &fact, fault);
}

/* arn:aws:sagemaker:REGION:ACCOUNT:hyper-parameter-tuning-job/NAME */
static enum lw_err take_tuning_job(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                   struct lw_fault *fault)
{
    struct lw_token name = *token;
    size_t at = token->text.len;

    while (at > 0 && token->text.at[at - 1] != '/')
        at--;
    if (at > 0)
        name.text = (struct lw_str){token->text.at + at, token->text.len - at};
    return take_text(jobs, kind, &name, fault);
}

static enum lw_err take_name(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                             struct lw_fault *fault)
{
    (void)kind;
    return read_name(jobs, token, &jobs->name, fault);
}

static enum lw_err take_arn(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                            struct lw_fault *fault)
{
    (void)kind, (void)fault;
    jobs->arn_len = token->kind == LW_TOKEN_STRING && token->text.len <= ARN_MAX ? token->text.len : 0;
    if (jobs->arn_len > 0)
        memcpy(jobs->arn, token->text.at, jobs->arn_len);
    return LW_ERR_OK;
}

static enum lw_err take_modified(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                 struct lw_fault *fault)
{
    (void)kind;
    return read_time(jobs, token, &jobs->modified, &jobs->has_modified, fault);
}

static enum lw_err take_part_key(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                 struct lw_fault *fault)
{
    (void)kind;
    return read_name(jobs, token, &jobs->part.key, fault);
}

static enum lw_err take_part_text(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                  struct lw_fault *fault)
{
    (void)kind;
    return read_name(jobs, token, &jobs->part.text, fault);
}

static enum lw_err take_part_at(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                struct lw_fault *fault)
{
    (void)kind;
    return read_time(jobs, token, &jobs->part.at, &jobs->part.has_at, fault);
}

static enum lw_err take_part_until(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                   struct lw_fault *fault)
{
    (void)kind;
    return read_time(jobs, token, &jobs->part.until, &jobs->part.has_until, fault);
}

static enum lw_err take_part_number(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                    struct lw_fault *fault)
{
    (void)kind;
    return read_number(jobs, token, &jobs->part.number, &jobs->part.has_number, fault);
}

/* A cluster of several kinds of instances: its types joined, its instances counted together. */
static enum lw_err take_group_type(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                   struct lw_fault *fault)
{
    (void)kind;
    if (token->kind != LW_TOKEN_STRING || token->text.len == 0)
        return reject(jobs, LW_REJECT_BAD_VALUE, token, fault);
    if (jobs->types.len > 0)
        lw_buf_char(&jobs->types, '+');
    lw_buf_str(&jobs->types, token->text);
    return jobs->types.error == LW_ERR_NOMEM ? lw_fault_memory(fault, "instance types") : LW_ERR_OK;
}

static enum lw_err take_group_count(struct jobs *jobs, enum lw_fact_kind kind, const struct lw_token *token,
                                    struct lw_fault *fault)
{
    double number;
    bool has;
    enum lw_err err = read_number(jobs, token, &number, &has, fault);

    (void)kind;
    if (has) {
        jobs->part.number += number;
        jobs->part.has_number = true;
    }
    return err;
}

static const struct {
    take *take;
    enum lw_fact_kind kind;
} takes[] = {
    [NAME] = {take_name, 0},
    [ARN] = {take_arn, 0},
    [STATUS] = {take_status, LW_FACT_STATUS},
    [SECONDARY] = {take_text, LW_FACT_SECONDARY},
    [CREATED] = {take_time, LW_FACT_CREATED},
    [STARTED] = {take_time, LW_FACT_STARTED},
    [ENDED] = {take_time, LW_FACT_ENDED},
    [MODIFIED] = {take_modified, 0},
    [TRAINING_SECONDS] = {take_number, LW_FACT_TRAINING_SECONDS},
    [BILLABLE_SECONDS] = {take_number, LW_FACT_BILLABLE_SECONDS},
    [FAILURE] = {take_text, LW_FACT_FAILURE},
    [TUNING_JOB] = {take_tuning_job, LW_FACT_TUNING_JOB},
    [SPOT] = {take_spot, LW_FACT_SPOT},
    [INSTANCE_TYPE] = {take_text, LW_FACT_INSTANCE_TYPE},
    [INSTANCE_COUNT] = {take_number, LW_FACT_INSTANCE_COUNT},
    [GROUP_TYPE] = {take_group_type, 0},
    [GROUP_COUNT] = {take_group_count, 0},
    [PHASE] = {take_part_text, 0},
    [PHASE_START] = {take_part_at, 0},
    [PHASE_END] = {take_part_until, 0},
    [METRIC_NAME] = {take_part_key, 0},
    [METRIC_VALUE] = {take_part_number, 0},
    [METRIC_TIME] = {take_part_at, 0},
    [TAG_KEY] = {take_part_key, 0},
    [TAG_VALUE] = {take_part_text, 0},
};

/* A transition, a final metric or a tag is complete. */
static enum lw_err end_part(struct jobs *jobs, enum lw_fact_kind kind, struct lw_fault *fault)
{
    const struct part *part = &jobs->part;
    struct lw_fact fact = blank(jobs, kind);

    fact.key = part->key;
    fact.text = part->text;
    fact.has_at = part->has_at;
    fact.has_until = part->has_until;
    fact.at = part->at;
    fact.until = part->until;
    fact.number = part->number;
    return hold(jobs, &fact, fault);
}

static enum lw_err end_resources(struct jobs *jobs, struct lw_fault *fault)
{
    struct lw_fact fact = blank(jobs, LW_FACT_INSTANCE_TYPE);
    enum lw_err err = LW_ERR_OK;

    if (jobs->types.len > 0) {
        err = lw_emit_name(jobs->reader.emit, lw_buf_view(&jobs->types), &fact.text, fault);
        if (err == LW_ERR_OK)
            err = hold(jobs, &fact, fault);
    }
    if (err != LW_ERR_OK || !jobs->part.has_number)
        return err;
    fact = blank(jobs, LW_FACT_INSTANCE_COUNT);
    fact.number = jobs->part.number;
    return hold(jobs, &fact, fault);
}

static enum lw_err end_object(struct jobs *jobs, const struct lw_token *token, uint8_t role, struct lw_fault *fault)
{
    const struct part *part = &jobs->part;

    if (token->depth < jobs->depth)
        return end_job(jobs, fault);
    if (role == RESOURCES)
        return end_resources(jobs, fault);
    if (role == TRANSITION && part->text != 0 && part->has_at)
        return end_part(jobs, LW_FACT_PHASE, fault);
    if (role == METRIC && part->key != 0 && part->has_number)
        return end_part(jobs, LW_FACT_FINAL_METRIC, fault);
    if (role == TAG && part->key != 0)
        return end_part(jobs, LW_FACT_TAG, fault);
    if (role == TRANSITION || role == METRIC || role == TAG)
        return lw_emit_reject(jobs->reader.emit, LW_REJECT_UNKNOWN_RECORD, token->line, token->byte,
                              "an incomplete transition, final metric or tag", fault);
    return LW_ERR_OK;
}

/* EventBridge's documents carry the tags as one object instead of a list. */
static enum lw_err tag_of_map(struct jobs *jobs, const struct lw_token *token, struct lw_fault *fault)
{
    enum lw_err err;

    if (token->kind == LW_TOKEN_KEY) {
        jobs->part = (struct part){0};
        return lw_emit_name(jobs->reader.emit, token->text, &jobs->part.key, fault);
    }
    if (token->kind != LW_TOKEN_STRING || jobs->part.key == 0)
        return LW_ERR_OK;
    err = read_name(jobs, token, &jobs->part.text, fault);
    return err != LW_ERR_OK ? err : end_part(jobs, LW_FACT_TAG, fault);
}

static enum lw_err inside_job(struct jobs *jobs, const struct lw_token *token, uint8_t role, struct lw_fault *fault)
{
    const struct lw_walk *walk = &jobs->reader.walk;

    if (token->depth == jobs->depth && role > LIST && token->kind != LW_TOKEN_KEY)
        jobs->known = true;
    if (token->depth == jobs->depth + 1 && walk->role[token->depth - 1] == TAGS && !walk->array[token->depth - 1])
        return tag_of_map(jobs, token, fault);
    if (token->kind == LW_TOKEN_OBJECT_END)
        return end_object(jobs, token, role, fault);
    if (token->kind == LW_TOKEN_OBJECT && (role == RESOURCES || role == TRANSITION || role == METRIC || role == TAG))
        jobs->part = (struct part){0};
    if (!lw_reader_is_scalar(token) || token->kind == LW_TOKEN_NULL || role >= sizeof(takes) / sizeof(takes[0]) ||
        takes[role].take == NULL)
        return LW_ERR_OK;
    return takes[role].take(jobs, takes[role].kind, token, fault);
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct jobs *jobs = self;
    uint8_t role = lw_walk_token(&jobs->reader.walk, token);

    /* What holds jobs is itself none: a page, a found resource, the envelope of an event. */
    if (role == LIST && token->kind == LW_TOKEN_ARRAY) {
        jobs->reader.open = false;
        return LW_ERR_OK;
    }
    if (role == JOB && token->kind == LW_TOKEN_OBJECT) {
        start(jobs, token);
        return LW_ERR_OK;
    }
    if (jobs->reader.open)
        return inside_job(jobs, token, role, fault);
    if (role == JOB && lw_reader_is_scalar(token))
        return lw_reader_unknown(&jobs->reader, token, fault);
    return LW_ERR_OK;
}

static void close_jobs(void *state)
{
    struct jobs *jobs = state;

    if (jobs != NULL) {
        lw_buf_close(&jobs->types);
        lw_buf_close(&jobs->facts);
    }
    lw_reader_close(state);
}

static enum lw_err open_jobs(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = lw_reader_bad};
    enum lw_err err =
        lw_reader_open(state, sizeof(struct jobs), &calls, rules, sizeof(rules) / sizeof(rules[0]), emit, fault);

    if (err == LW_ERR_OK) {
        ((struct jobs *)*state)->types.ceiling = 4096;
        ((struct jobs *)*state)->facts.ceiling = FACTS_MAX * sizeof(struct lw_fact);
    }
    return err;
}

const struct lw_format_decoder lw_format_training_jobs = {
    .format = LW_FORMAT_TRAINING_JOBS,
    .open = open_jobs,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = close_jobs,
};
