#include "engine/decode/log/log_keras.h"

#include "engine/base/fault.h"

#include <stdlib.h>

enum lw_err lw_log_keras_finish(struct lw_log_keras *keras, struct lw_log_axis *axis, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < keras->n && err == LW_ERR_OK; i++)
        err = lw_log_axis_add(axis, &keras->values[i], fault);
    keras->n = 0;
    keras->training = keras->complete = keras->validated = false;
    keras->steps = 0;
    return err;
}

enum lw_err lw_log_keras_epoch(struct lw_log_keras *keras, int64_t epoch, struct lw_log_axis *axis,
                               struct lw_fault *fault)
{
    enum lw_err err = lw_log_keras_finish(keras, axis, fault);

    keras->training = true;
    keras->epoch = epoch;
    return err;
}

/* After its last step an epoch only waits for the line that repeats it with the results of the validation. What else is
   printed then is model.evaluate, which counts to another number of steps. */
bool lw_log_keras_takes(struct lw_log_keras *keras, const struct lw_log_progress *progress)
{
    bool last = !progress->has_steps || progress->step == progress->steps;

    if (!keras->training || progress->values == 0 || keras->validated)
        return false;
    if (keras->steps > 0 && progress->has_steps && progress->steps != keras->steps)
        return false;
    if (keras->complete && !(last && progress->validated))
        return false;
    keras->steps = progress->has_steps ? progress->steps : keras->steps;
    keras->complete = last;
    keras->validated = progress->validated;
    keras->n = 0;
    return true;
}

enum lw_err lw_log_keras_add(struct lw_log_keras *keras, const struct lw_log_datum *datum, struct lw_fault *fault)
{
    if (keras->values == NULL) {
        keras->values = malloc(LW_LOG_KERAS_VALUES * sizeof(*keras->values));
        if (keras->values == NULL)
            return lw_fault_memory(fault, "the values of an epoch");
    }
    keras->values[keras->n++] = *datum;
    return LW_ERR_OK;
}

void lw_log_keras_close(struct lw_log_keras *keras)
{
    free(keras->values);
    *keras = (struct lw_log_keras){0};
}
