/* The configuration that holds: all layers put together, with where each value comes from. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_PRINT_SHOW_H
#define LEEWAY_ENGINE_FLOW_CONFIG_PRINT_SHOW_H

#include "engine/flow/config/config.h"

/* YAML that reads back as the same configuration: profiles and defaults are merged into the models. With `origin` every
   line says "file:line", the variable, the flag, or "default". The caller checks the sticky error of `out`. */
void lw_show_write(const struct lw_config *config, bool origin, struct lw_buf *out);

/* A text as YAML takes it within lists in brackets: plain where it may be, else in quotes. */
void lw_show_text(struct lw_buf *out, struct lw_str text, bool quoted);

#endif
