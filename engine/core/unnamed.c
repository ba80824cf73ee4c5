#include "engine/core/unnamed.h"

enum lw_err lw_unnamed_close(struct lw_closing *c, const struct lw_unit *unit, struct lw_str model,
                             struct lw_fault *fault)
{
    (void)model;
    (void)fault;
    c->out->rejected[LW_REJECT_NO_RUN] += c->gather->open.runs[unit->open].points;
    return LW_ERR_OK;
}
