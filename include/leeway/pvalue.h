/* How a p-value was computed. */
#ifndef LEEWAY_PVALUE_H
#define LEEWAY_PVALUE_H

#include "leeway/err.h"

enum lw_p_method { LW_P_NONE, LW_P_EXACT, LW_P_ASYMPTOTIC, LW_P_RANK, LW_P_PREDICTIVE };

LW_API const char *lw_p_method_name(enum lw_p_method method); /* "", "exact", "asymptotic", "rank", "predictive" */

#endif
