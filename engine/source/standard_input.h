/* Standard input, or any pipe, as a live source: what is there is read without waiting; it ends where the pipe ends. */
#ifndef LEEWAY_ENGINE_SOURCE_STANDARD_INPUT_H
#define LEEWAY_ENGINE_SOURCE_STANDARD_INPUT_H

#include "engine/source/source.h"

struct lw_standard_input_options {
    int file;             /* descriptor: 0. Not closed */
    struct lw_str format; /* empty: "auto" */
    struct lw_str origin, run, metric, stat;
};

/* Gzip'd input is unpacked. One document, "-"; parts are cut anywhere. There is nothing to go on from after a restart: the
   mark is empty. After taken(false) the same bytes are offered again. An end that is damaged gzip, or a failing read, is
   `trouble`, and the input ends there. LW_ERR_NOMEM alone. */
LW_MUST_USE enum lw_err lw_standard_input_open(struct lw_source *out, const struct lw_standard_input_options *options,
                                               const struct lw_source_calls *calls, struct lw_fault *fault);

#endif
