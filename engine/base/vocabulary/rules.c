#include "leeway/rules.h"

struct lw_rules lw_rules_default(void)
{
    return (struct lw_rules){
        .false_alarm_runs = 370.0,
        .reference_runs = 50,
        .ignore_below = {.rate = 0.005, .loss = 0.05, .time = 0.10},
        .quiet = {15 * LW_MINUTE},
    };
}
