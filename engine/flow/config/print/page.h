/* The list of keys in the man page leeway.yaml(5), made from the table of keys. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_PRINT_PAGE_H
#define LEEWAY_ENGINE_FLOW_CONFIG_PRINT_PAGE_H

#include "engine/base/buf.h"

/* Appends mdoc. The caller checks the sticky error of `out`. */
void lw_page_keys(struct lw_buf *out);
/* The variables of the environment. */
void lw_page_variables(struct lw_buf *out);

#endif
