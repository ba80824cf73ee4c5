/* What CloudWatch will charge for the sources of a configuration, after the runs that the store knows. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_COST_H
#define LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_COST_H

#include "engine/flow/config/config.h"
#include "engine/flow/service/findings.h"
#include "engine/store/store.h"

/* One finding for each source of type cloudwatch. The month is the last 30 days of the runs, or what there is of them
   stretched to 30 days; without runs it is what 1000 jobs would cost. `store` may be NULL. */
void lw_doctor_cost(const struct lw_config *config, struct lw_store *store, struct lw_findings *findings);

#endif
