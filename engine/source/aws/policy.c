#include "engine/source/aws/policy.h"

/* The operations that jobs.c and listing.c ask for. None but DescribeTrainingJob and ListTags knows resources (Service
   Authorization Reference, "Actions, resources, and condition keys" for SageMaker and CloudWatch). */
const char *lw_policy_text(void)
{
    return "{\n"
           "  \"Version\": \"2012-10-17\",\n"
           "  \"Statement\": [\n"
           "    {\n"
           "      \"Sid\": \"LeewayLists\",\n"
           "      \"Effect\": \"Allow\",\n"
           "      \"Action\": [\n"
           "        \"sagemaker:ListTrainingJobs\",\n"
           "        \"cloudwatch:ListMetrics\",\n"
           "        \"cloudwatch:GetMetricStatistics\"\n"
           "      ],\n"
           "      \"Resource\": \"*\"\n"
           "    },\n"
           "    {\n"
           "      \"Sid\": \"LeewayReadsTrainingJobs\",\n"
           "      \"Effect\": \"Allow\",\n"
           "      \"Action\": [\n"
           "        \"sagemaker:DescribeTrainingJob\",\n"
           "        \"sagemaker:ListTags\"\n"
           "      ],\n"
           "      \"Resource\": \"arn:aws*:sagemaker:*:*:training-job/*\"\n"
           "    }\n"
           "  ]\n"
           "}\n";
}
