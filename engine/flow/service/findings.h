/* What the doctor found, one line per thing that was looked at. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_FINDINGS_H
#define LEEWAY_ENGINE_FLOW_SERVICE_FINDINGS_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"

#include <stdbool.h>

enum lw_finding_level { LW_FINDING_GOOD, LW_FINDING_WARN, LW_FINDING_FAIL };

struct lw_findings {
    struct lw_buf text; /* the rows, in the form that is wanted */
    bool json, utf8;
    size_t columns;
    size_t counts[LW_FINDING_FAIL + 1];
};

/* `what`: the thing ("store", "sink loggly"); `fix`: what to do, "" where there is nothing to mend. */
LW_PRINTF(5, 6)
void lw_findings_add(struct lw_findings *findings, enum lw_finding_level level, const char *what, const char *fix,
                     const char *format, ...);

#endif
