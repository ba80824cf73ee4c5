/* The key of a unit: a printable text that says what is gathered in it. */
#ifndef LEEWAY_ENGINE_CORE_LIVE_LIVE_KEY_H
#define LEEWAY_ENGINE_CORE_LIVE_LIVE_KEY_H

#include "engine/base/buf.h"

/* "run/NAME", or "tuning/JOB" where the name is that of a trial. */
void lw_live_key_of_run(struct lw_buf *out, struct lw_str run);
void lw_live_key_of_tuning(struct lw_buf *out, struct lw_str job);
/* "model/MODEL": data without run ids. `age`: 0, or "model/MODEL#AGE" for those that came after the datapoints of earlier
   ones were given up. */
void lw_live_key_of_model(struct lw_buf *out, struct lw_str model, unsigned age);

#endif
