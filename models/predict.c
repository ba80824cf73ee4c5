#include "leeway/predict.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Two passes, the second correcting the first mean: log gaps of a schedule agree in many digits. */
static void moments(const double *values, size_t n, double *mean, double *sd)
{
    double sum = 0.0;
    double rest = 0.0;
    double squares = 0.0;

    *mean = *sd = 0.0;
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double difference = values[i] - *mean;

        rest += difference;
        squares += difference * difference;
    }
    *mean += rest / (double)n;
    if (n >= 2)
        *sd = sqrt(fmax(0.0, squares - rest * rest / (double)n) / (double)(n - 1));
}

struct lw_predict lw_predict_from_logs(const double *logs, size_t n, double scale_floor)
{
    struct lw_predict seen = {.n = n};

    moments(logs, n, &seen.mean, &seen.sd);
    seen.sd = fmax(seen.sd, scale_floor);
    return seen;
}

/* Standard deviation of a new value about the estimated mean. */
static double spread(const struct lw_predict *seen)
{
    return seen->sd * sqrt(1.0 + 1.0 / (double)seen->n);
}

enum lw_err lw_predict_deadline(const struct lw_predict *seen, double tail, double *deadline)
{
    if (seen->n < 2 || !(tail > 0.0) || !(tail < 1.0))
        return LW_ERR_RANGE;
    *deadline = exp(seen->mean + gsl_cdf_tdist_Qinv(tail, (double)(seen->n - 1)) * spread(seen));
    return LW_ERR_OK;
}

enum lw_err lw_predict_tails(const struct lw_predict *seen, double value, double *at_most, double *more)
{
    double distance;
    double degrees;

    if (seen->n < 2 || !(value > 0.0))
        return LW_ERR_RANGE;
    distance = log(value) - seen->mean;
    degrees = (double)(seen->n - 1);
    if (spread(seen) <= 0.0) {
        *at_most = distance >= 0.0 ? 1.0 : 0.0;
        *more = 1.0 - *at_most;
        return LW_ERR_OK;
    }
    *at_most = gsl_cdf_tdist_P(distance / spread(seen), degrees);
    *more = gsl_cdf_tdist_Q(distance / spread(seen), degrees);
    return LW_ERR_OK;
}

/* So far from the centre the tails differ by more than the rounding in either. */
#define CLEARLY_OFF 0.01

enum lw_err lw_predict_lesser_tail(const struct lw_predict *seen, double value, double *p, bool *above)
{
    double distance, degrees, at_most, more;
    enum lw_err err;

    if (seen->n < 2 || !(value > 0.0))
        return LW_ERR_RANGE;
    distance = (log(value) - seen->mean) / spread(seen);
    degrees = (double)(seen->n - 1);
    if (isfinite(distance) && fabs(distance) > CLEARLY_OFF) {
        *above = distance > 0.0;
        *p = *above ? gsl_cdf_tdist_Q(distance, degrees) : gsl_cdf_tdist_P(distance, degrees);
        return LW_ERR_OK;
    }
    err = lw_predict_tails(seen, value, &at_most, &more);
    if (err != LW_ERR_OK)
        return err;
    *above = more < at_most;
    *p = fmin(at_most, more);
    return LW_ERR_OK;
}

enum lw_err lw_predict_variation(const double *values, size_t n, double *variation)
{
    double mean;
    double sd;

    if (n < 2)
        return LW_ERR_RANGE;
    moments(values, n, &mean, &sd);
    if (!(mean > 0.0))
        return LW_ERR_RANGE;
    *variation = sd / mean;
    return LW_ERR_OK;
}
