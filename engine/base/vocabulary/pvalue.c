#include "leeway/pvalue.h"

const char *lw_p_method_name(enum lw_p_method method)
{
    switch (method) {
    case LW_P_NONE:
        return "";
    case LW_P_EXACT:
        return "exact";
    case LW_P_ASYMPTOTIC:
        return "asymptotic";
    case LW_P_RANK:
        return "rank";
    case LW_P_PREDICTIVE:
        return "predictive";
    }
    return "";
}
