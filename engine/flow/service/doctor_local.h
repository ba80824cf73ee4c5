/* What the doctor can see on this machine: secrets, the store, the disk, the HTTP server's door. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_LOCAL_H
#define LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_LOCAL_H

#include "engine/flow/config/config.h"
#include "engine/flow/service/findings.h"

void lw_doctor_local(const struct lw_config *config, struct lw_findings *findings);

#endif
