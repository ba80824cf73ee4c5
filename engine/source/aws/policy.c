#include "engine/source/aws/policy.h"

#include "engine/base/json_out.h"

#include <math.h>

static void statement(struct lw_json_out *out, const char *id, const char *const *actions, size_t n,
                      const char *resource)
{
    lw_json_object(out);
    lw_json_key(out, "Sid");
    lw_json_text(out, id);
    lw_json_key(out, "Effect");
    lw_json_text(out, "Allow");
    lw_json_key(out, "Action");
    lw_json_array(out);
    for (size_t i = 0; i < n; i++)
        lw_json_text(out, actions[i]);
    lw_json_array_end(out);
    lw_json_key(out, "Resource");
    lw_json_text(out, resource);
    lw_json_object_end(out);
}

/* CloudWatch knows no resources for these two, and listing jobs is not of one job. */
void lw_policy_write(const char *role_arn, struct lw_buf *out)
{
    static const char *const
        reading[] = {"cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "sagemaker:ListTrainingJobs"},
        *const jobs[] = {"sagemaker:DescribeTrainingJob", "sagemaker:ListTags"}, *const assuming[] = {"sts:AssumeRole"};
    struct lw_json_out json = {.buf = out, .indent = true};

    lw_json_object(&json);
    lw_json_key(&json, "Version");
    lw_json_text(&json, "2012-10-17");
    lw_json_key(&json, "Statement");
    lw_json_array(&json);
    statement(&json, "LeewayReadsMetrics", reading, sizeof(reading) / sizeof(reading[0]), "*");
    statement(&json, "LeewayReadsJobs", jobs, sizeof(jobs) / sizeof(jobs[0]), "arn:*:sagemaker:*:*:training-job/*");
    if (role_arn != NULL)
        statement(&json, "LeewayAssumesRole", assuming, 1, role_arn);
    lw_json_array_end(&json);
    lw_json_object_end(&json);
    lw_buf_char(out, '\n');
}

double lw_policy_requests(const struct lw_policy_use *use)
{
    double days = fmax(1, ceil(use->hours / 24));
    double of_job = 2 * (1 + use->metrics * days);

    if (use->live_minutes > 0)
        of_job += floor(use->hours * 60 / use->live_minutes) * (1 + use->metrics);
    return use->jobs * of_job;
}
