/* The man page, made from a template and the table of subcommands. */
#ifndef LEEWAY_ENGINE_FLOW_CLI_MAN_H
#define LEEWAY_ENGINE_FLOW_CLI_MAN_H

#include "engine/base/buf.h"

/* Appends mdoc to `out`: the template with its lines `.\" @synopsis@`, `.\" @commands@`, `.\" @formats@`, and `.\" @keys@`,
   `.\" @variables@` of a configuration, replaced. The caller checks the sticky error of `out`. */
void lw_man_page(struct lw_str page, struct lw_buf *out);

/* Appends running text, escaped and broken into lines. */
void lw_man_text(struct lw_buf *out, struct lw_str text);

#endif
