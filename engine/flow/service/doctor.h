/* `leeway doctor`: looks at everything that the daemon needs, says what is wrong and how to mend it. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_H
#define LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_H

#include "engine/flow/cli/session.h"

extern const struct lw_command lw_command_doctor;

enum lw_exit lw_doctor_run(struct lw_session *session);

#endif
