#include "engine/source/aws/visit_body.h"

#include <stdio.h>

#define NAMESPACE      "/aws/sagemaker/TrainingJobs"
#define TAGS_PER_REPLY 100

/* Every instance has it, each minute (SageMaker Developer Guide, "Amazon SageMaker Metrics in Amazon CloudWatch"). */
#define HEARTBEAT LW_STR("CPUUtilization")

struct lw_str lw_visit_metric(const struct lw_visit *visit)
{
    return visit->step == LW_VISIT_HEARTBEAT ? HEARTBEAT : visit->names[visit->name];
}

struct lw_str lw_visit_of(const struct lw_visit *visit, char room[LW_VISIT_OF_ROOM])
{
    if (visit->step == LW_VISIT_HEARTBEAT)
        snprintf(room, LW_VISIT_OF_ROOM, "%s/algo-%u", visit->job->name, visit->host);
    else
        snprintf(room, LW_VISIT_OF_ROOM, "%s", visit->job->name);
    return lw_str_from(room);
}

static void put_dimension(struct lw_json_out *out, const char *name, const char *value)
{
    lw_json_key(out, "Namespace");
    lw_json_text(out, NAMESPACE);
    lw_json_key(out, "Dimensions");
    lw_json_array(out);
    lw_json_object(out);
    lw_json_key(out, "Name");
    lw_json_text(out, name);
    lw_json_key(out, "Value");
    lw_json_text(out, value);
    lw_json_object_end(out);
    lw_json_array_end(out);
}

/* All five statistics, so that a minute with several observations keeps what it was made of. */
static void put_statistics(const struct lw_visit *visit, struct lw_json_out *out)
{
    static const char *const names[] = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"};
    struct lw_period left = visit->left;
    lw_time from = {0}, until = {0};
    char host[LW_VISIT_OF_ROOM];

    (void)lw_period_next(&left, &from, &until);
    put_dimension(out, visit->step == LW_VISIT_HEARTBEAT ? "Host" : "TrainingJobName", lw_visit_of(visit, host).at);
    lw_json_key(out, "MetricName");
    lw_json_str(out, lw_visit_metric(visit));
    lw_json_key(out, "StartTime");
    lw_json_int(out, from.ms / LW_SECOND);
    lw_json_key(out, "EndTime");
    lw_json_int(out, until.ms / LW_SECOND);
    lw_json_key(out, "Period");
    lw_json_int(out, left.period.ms / LW_SECOND);
    lw_json_key(out, "Statistics");
    lw_json_array(out);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        lw_json_text(out, names[i]);
    lw_json_array_end(out);
}

void lw_visit_body(const struct lw_visit *visit, struct lw_json_out *out)
{
    lw_json_object(out);
    switch (visit->step) {
    case LW_VISIT_NONE:
    case LW_VISIT_OVER:
        break;
    case LW_VISIT_DESCRIBE:
        lw_json_key(out, "TrainingJobName");
        lw_json_text(out, visit->job->name);
        break;
    case LW_VISIT_TAGS:
        lw_json_key(out, "ResourceArn");
        lw_json_str(out, visit->arn);
        lw_json_key(out, "MaxResults");
        lw_json_int(out, TAGS_PER_REPLY);
        break;
    case LW_VISIT_NAMES:
        put_dimension(out, "TrainingJobName", visit->job->name);
        break;
    case LW_VISIT_STATISTICS:
    case LW_VISIT_HEARTBEAT:
        put_statistics(visit, out);
        break;
    }
    if (visit->token.len > 0) {
        lw_json_key(out, "NextToken");
        lw_json_str(out, visit->token);
    }
    lw_json_object_end(out);
}
