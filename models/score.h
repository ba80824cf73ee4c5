/* Statistics of different distributions on one scale: the standard normal. */
#ifndef LEEWAY_MODELS_SCORE_H
#define LEEWAY_MODELS_SCORE_H

/* Scores end at +-8: beyond that a normal tail says nothing about real data. */
#define LW_SCORE_LIMIT 8.0

/* Phi^-1(F_t(t)) for Student's t with `degrees` > 0 degrees of freedom, clamped to +-LW_SCORE_LIMIT. Each tail is carried
   over by itself, so far scores keep their digits. `t` may be infinite, not NaN. */
double lw_score_of_t(double t, double degrees);

#endif
