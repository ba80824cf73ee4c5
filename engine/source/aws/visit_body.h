/* The requests of a visit: their bodies, as the step that it stands at wants them. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_VISIT_BODY_H
#define LEEWAY_ENGINE_SOURCE_AWS_VISIT_BODY_H

#include "engine/base/json/json_out.h"
#include "engine/source/aws/visit.h"

/* The name of the metric whose datapoints are asked for: of the job, or of an instance of it. */
struct lw_str lw_visit_metric(const struct lw_visit *visit);
/* Whose it is: the job, or "job/algo-1". */
#define LW_VISIT_OF_ROOM (LW_JOBS_NAME + 24)
struct lw_str lw_visit_of(const struct lw_visit *visit, char room[LW_VISIT_OF_ROOM]);
void lw_visit_body(const struct lw_visit *visit, struct lw_json_out *out);

#endif
