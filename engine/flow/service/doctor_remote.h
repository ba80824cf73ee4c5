/* What the doctor asks of others: names, TLS, clocks, credentials, and whether metrics are shipped twice. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_REMOTE_H
#define LEEWAY_ENGINE_FLOW_SERVICE_DOCTOR_REMOTE_H

#include "engine/base/http/http.h"
#include "engine/base/world.h"
#include "engine/flow/config/config.h"
#include "engine/flow/service/findings.h"

/* Runs the loop until a request is done, or for that long. */
struct lw_doctor_loop {
    const struct lw_http *http;
    const struct lw_world *world;
    void (*run)(void *self, const bool *done, lw_span most);
    void *self;
    lw_span patience; /* for one request */
};

void lw_doctor_remote(const struct lw_config *config, const struct lw_doctor_loop *loop, struct lw_findings *findings);
/* "scheme://host[:port]/" of a URL, whose path may be a secret; empty where it has no such form. In `arena`. */
struct lw_str lw_doctor_remote_site(struct lw_str url, struct lw_arena *arena);
/* The time of an HTTP Date header (RFC 9110, section 5.6.7, its usual form). */
bool lw_doctor_remote_date(struct lw_str text, lw_time *time);

#endif
