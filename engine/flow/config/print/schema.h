/* The JSON Schema of a configuration, for editors, made from the table of keys. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_PRINT_SCHEMA_H
#define LEEWAY_ENGINE_FLOW_CONFIG_PRINT_SCHEMA_H

#include "engine/base/buf.h"

/* Draft 2020-12, indented. The caller checks the sticky error of `out`. It refuses what the program refuses as far as a
   schema can say it; names of profiles, for one, it cannot. */
void lw_schema_write(struct lw_buf *out);

#endif
