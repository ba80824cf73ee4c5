#include "tests/kit/kit.h"

#include "engine/source/aws/cost.h"

/* 720 jobs of an hour with 4 metrics and a heartbeat: (1 + 4 + 1) requests, twice. */
static void requests_follow_from_jobs_and_metrics(void)
{
    struct lw_cost_use use = {.jobs = 720, .metrics = 4, .hours = 1};

    KIT_CLOSE(lw_cost_requests(&use), 8640, 1e-12);
    KIT_CLOSE(lw_cost_requests(&use) * LW_COST_PRICE, 0.0864, 1e-12);
    use.live_minutes = 5;
    KIT_CLOSE(lw_cost_requests(&use), 8640 + 720 * 12 * 6, 1e-12);
    use = (struct lw_cost_use){.jobs = 1, .metrics = 4, .hours = 49};
    KIT_CLOSE(lw_cost_requests(&use), 2 * (1 + 5 * 3), 1e-12);
}

KIT_SUITE("cost", {"requests follow from jobs and metrics", requests_follow_from_jobs_and_metrics})
