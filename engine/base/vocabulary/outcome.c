#include "leeway/run.h"

const char *lw_outcome_name(enum lw_outcome outcome)
{
    static const char *const names[] = {
        [LW_OUTCOME_UNKNOWN] = "unknown",         [LW_OUTCOME_COMPLETED] = "completed",
        [LW_OUTCOME_FAILED] = "failed",           [LW_OUTCOME_STOPPED] = "stopped",
        [LW_OUTCOME_OUT_OF_TIME] = "out_of_time", [LW_OUTCOME_INCOMPLETE] = "incomplete",
        [LW_OUTCOME_IN_PROGRESS] = "in_progress",
    };

    return (size_t)outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : "unknown";
}
