/* What the doctor asks of AWS: whether there are credentials, and whether SageMaker takes them. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_AWS_H
#define LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_AWS_H

#include "engine/flow/service/doctor_remote.h"

/* A source of type cloudwatch. In each of its regions one job is listed, which costs nothing. */
void lw_doctor_aws(const struct lw_config_source *source, const struct lw_doctor_loop *loop,
                   struct lw_findings *findings);

#endif
