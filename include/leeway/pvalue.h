/* P-values: the number, its logarithm where the number itself would underflow, and how it was computed. */
#ifndef LEEWAY_PVALUE_H
#define LEEWAY_PVALUE_H

#include "leeway/err.h"

enum lw_p_method { LW_P_NONE, LW_P_EXACT, LW_P_ASYMPTOTIC, LW_P_RANK, LW_P_PREDICTIVE };

/* `p` is in [0, 1], and 0 only where the value lies below the smallest double; `log_p`, its natural logarithm, is
   finite and right there too. */
struct lw_pvalue {
    double p;
    double log_p;
    enum lw_p_method method;
};

LW_API const char *lw_p_method_name(enum lw_p_method method); /* "", "exact", "asymptotic", "rank", "predictive" */

#endif
