/* Time of one threshold inversion, and of one run length. */
#define _POSIX_C_SOURCE 200809L
#include "leeway/arl.h"

#include <stdio.h>
#include <time.h>

static double workspace[LW_ARL_WORKSPACE];

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
    static const double targets[] = {20, 50, 168, 370, 740, 1480, 2960, 5920, 20000, 1e5, 1e6, 1e7};
    double start;
    double h = 0.0;
    double arl = 0.0;
    int rounds = 200;

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        start = now();
        for (int round = 0; round < rounds; round++) {
            if (lw_arl_threshold(0.5, targets[i], LW_ARL_TWO_SIDED, workspace, &h) != LW_ERR_OK)
                return 1;
        }
        printf("arl: threshold for k 0.5, two-sided, one alarm per %.0f runs: h %.9f, %.3f ms\n", targets[i], h,
               1e3 * (now() - start) / rounds);
    }
    start = now();
    for (int round = 0; round < rounds; round++) {
        if (lw_arl_run_length(0.5, 4.77, 0.0, LW_ARL_ONE_SIDED, workspace, &arl) != LW_ERR_OK)
            return 1;
    }
    printf("arl: run length of one side, k 0.5, h 4.77: %.6f runs, %.3f ms\n", arl, 1e3 * (now() - start) / rounds);
    return 0;
}
