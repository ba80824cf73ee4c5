#include "models/score.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

double lw_score_of_t(double t, double degrees)
{
    double score;

    if (isinf(t))
        return copysign(LW_SCORE_LIMIT, t);
    /* 1 - p would lose the far upper tail. */
    score = t > 0.0 ? gsl_cdf_ugaussian_Qinv(gsl_cdf_tdist_Q(t, degrees))
                    : gsl_cdf_ugaussian_Pinv(gsl_cdf_tdist_P(t, degrees));
    return fmin(fmax(score, -LW_SCORE_LIMIT), LW_SCORE_LIMIT);
}
