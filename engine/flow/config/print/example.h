/* The annotated example of a configuration, made from the table of keys. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_PRINT_EXAMPLE_H
#define LEEWAY_ENGINE_FLOW_CONFIG_PRINT_EXAMPLE_H

#include "engine/base/buf.h"

/* Every key with its help, valid as it stands. The caller checks the sticky error of `out`. */
void lw_example_write(struct lw_buf *out);

/* `text` as comment lines of at most 100 columns, each begun with `prefix`. */
void lw_example_comment(struct lw_buf *out, const char *prefix, struct lw_str text);

#endif
