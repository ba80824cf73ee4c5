#include "tests/kit/kit.h"

#include "engine/base/json_in.h"
#include "engine/source/aws/policy.h"

static void the_policy_is_json_with_every_right_that_is_used(void)
{
    static const char *const used[] = {
        "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "sagemaker:ListTrainingJobs",
        "sagemaker:DescribeTrainingJob",  "sagemaker:ListTags",     "sts:AssumeRole"};
    struct lw_buf out = {.ceiling = 1 << 16};
    struct lw_arena arena = {.ceiling = 1 << 20};
    struct lw_json_in in;

    lw_policy_write("arn:aws:iam::1:role/x", &out);
    CU_ASSERT_EQUAL(out.error, LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(lw_json_in_read(&in, lw_buf_view(&out), &arena, NULL), LW_ERR_OK);
    lw_buf_char(&out, '\0');
    for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(out.at, used[i]));
    lw_buf_clear(&out);
    lw_policy_write(NULL, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_PTR_NULL(strstr(out.at, "AssumeRole"));
    lw_buf_close(&out);
    lw_arena_close(&arena);
}

/* 720 jobs of an hour with 4 metrics: (1 + 4) requests, twice. */
static void requests_follow_from_jobs_and_metrics(void)
{
    struct lw_policy_use use = {.jobs = 720, .metrics = 4, .hours = 1};

    KIT_CLOSE(lw_policy_requests(&use), 7200, 1e-12);
    use.live_minutes = 5;
    KIT_CLOSE(lw_policy_requests(&use), 7200 + 720 * 12 * 5, 1e-12);
    use = (struct lw_policy_use){.jobs = 1, .metrics = 4, .hours = 49};
    KIT_CLOSE(lw_policy_requests(&use), 2 * (1 + 4 * 3), 1e-12);
}

KIT_SUITE("policy",
          {"the policy is JSON with every right that is used", the_policy_is_json_with_every_right_that_is_used},
          {"requests follow from jobs and metrics", requests_follow_from_jobs_and_metrics})
