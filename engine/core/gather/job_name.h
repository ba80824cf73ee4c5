/* What the name of a training job says: the model it trains, when it was made, which tuning job it is a trial of. */
#ifndef LEEWAY_ENGINE_CORE_GATHER_JOB_NAME_H
#define LEEWAY_ENGINE_CORE_GATHER_JOB_NAME_H

#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>

/* Pieces of the name itself, borrowed from it. */
struct lw_job_name {
    struct lw_str model;       /* the name without its stamp, counter or hash; never empty unless the name is */
    struct lw_str tuning_job;  /* not empty: it is a trial of that tuning job */
    struct lw_str pipeline_id; /* execution of a SageMaker pipeline, else empty; `model` is then the step */
    lw_time made;              /* the stamp in the name (UTC) */
    bool has_made;
};

/* One ending is taken off, of these (D digit, X hexadecimal digit):
     -YYYY-MM-DD-HH-MM-SS[-D|-DD|-DDD]   SageMaker SDK; without the milliseconds: notebooks. Up to three digits, since the
                                         SDK cuts a fraction as text. Scripts also write YYYYMMDD-HHMMSS, YYYYMMDDHHMMSS,
                                         YYYYMMDDTHHMMSS[Z], without the seconds, or the date alone; `_` serves as `-`
     -YYMMDD-HHMM                        SDK's short form, tuning jobs
     -<10 digits>-XXXX                   SDK: seconds since 1970 and four hexadecimal digits
     -<13 digits>, -<10 digits>          milliseconds since 1970: Airflow, when the name is taken; seconds: scripts
     -XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX   UUID
     -DDD-XXXXXXXX                       trial of a tuning job (not when the eight are a date); the model is that of the
                                         tuning job's name
   A counter `-2`..`-99` (Airflow before 2023 named a job anew so) is taken off only behind one of these, for
   alone it cannot be told from a version (`resnet-50`, `model-v2-3`).
   A stamp has to be a date that exists between 2000 and 2099, so that other numbers are left alone.
     pipelines-<12 small letters or digits>-<step>-<10 letters or digits>    SageMaker Pipelines: the model is the step */
struct lw_job_name lw_job_name_read(struct lw_str name);

#endif
