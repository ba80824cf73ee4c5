#include "engine/source/aws/cost.h"

#include <math.h>

double lw_cost_requests(const struct lw_cost_use *use)
{
    double days = fmax(1, ceil(use->hours / 24));
    double of_job = 2 * (1 + (use->metrics + 1) * days);

    if (use->live_minutes > 0)
        of_job += floor(use->hours * 60 / use->live_minutes) * (1 + use->metrics + 1);
    return use->jobs * of_job;
}
