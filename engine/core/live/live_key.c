#include "engine/core/live/live_key.h"

#include "engine/core/gather/job_name.h"

/* Bytes that cannot be printed, and the two that have a meaning here, are written %XX, so that different names stay
   different. */
static void put_name(struct lw_buf *out, struct lw_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];

        if (c < 0x20 || c == 0x7f || c == '%' || c == '#')
            lw_buf_format(out, "%%%02X", c);
        else
            lw_buf_char(out, (char)c);
    }
}

void lw_live_key_of_tuning(struct lw_buf *out, struct lw_str job)
{
    lw_buf_text(out, "tuning/");
    put_name(out, job);
}

void lw_live_key_of_run(struct lw_buf *out, struct lw_str run)
{
    struct lw_job_name job = lw_job_name_read(run);

    if (job.tuning_job.len > 0) {
        lw_live_key_of_tuning(out, job.tuning_job);
        return;
    }
    lw_buf_text(out, "run/");
    put_name(out, run);
}

void lw_live_key_of_model(struct lw_buf *out, struct lw_str model, unsigned age)
{
    lw_buf_text(out, "model/");
    put_name(out, model);
    if (age > 0)
        lw_buf_format(out, "#%u", age);
}
