/* What is answered to whoever pushed: the bodies, in the form of each route. */
#ifndef LEEWAY_ENGINE_SOURCE_PUSH_PUSH_ANSWER_H
#define LEEWAY_ENGINE_SOURCE_PUSH_PUSH_ANSWER_H

#include "engine/base/buf.h"
#include "engine/source/push/push.h"

/* A JSON object for /v1/firehose ("HTTP endpoint delivery request and response specifications" of the Firehose guide): its
   id and the time are demanded, a message says that it failed. */
void lw_push_answer_firehose(struct lw_buf *out, lw_time now, struct lw_str id, const char *message);
/* For /v1/metrics: how many were taken, how many not and why. counts, message: may be NULL. */
void lw_push_answer_metrics(struct lw_buf *out, const struct lw_push_counts *counts, const char *message);

#endif
