/* The rights in AWS that the CloudWatch source needs, as a policy of IAM. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_POLICY_H
#define LEEWAY_ENGINE_SOURCE_AWS_POLICY_H

/* A JSON document that ends with a line end. It grants reading alone. */
const char *lw_policy_text(void);

#endif
