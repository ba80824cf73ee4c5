#include "leeway/run.h"

const char *lw_duration_source_name(enum lw_duration_source source)
{
    static const char *const names[] = {
        [LW_DURATION_NONE] = "none", [LW_DURATION_HEARTBEAT] = "heartbeat",  [LW_DURATION_CURVE] = "curve",
        [LW_DURATION_LOG] = "log",   [LW_DURATION_PHASE] = "training_phase",
    };

    return (size_t)source < sizeof(names) / sizeof(names[0]) ? names[source] : "none";
}
