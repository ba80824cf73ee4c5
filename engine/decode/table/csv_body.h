/* The rows below the header of a table, whatever its columns mean: as many cells as the header, or a rejection. */
#ifndef LEEWAY_ENGINE_DECODE_TABLE_CSV_BODY_H
#define LEEWAY_ENGINE_DECODE_TABLE_CSV_BODY_H

#include "engine/decode/format.h"
#include "engine/decode/table/csv_table.h"

/* Counts a row below the header as a record. *fits is false when its number of cells is not that of the header; it is
   rejected then. */
LW_MUST_USE enum lw_err lw_csv_body_row(struct lw_emit *emit, const struct lw_csv_row *row, size_t columns_n,
                                        bool *fits, struct lw_fault *fault);
/* A row that cannot be read: rejected, as a record, below the header. It is the end where it is the header itself
   (LW_ERR_FORMAT), since nothing that follows could be understood. */
LW_MUST_USE enum lw_err lw_csv_body_bad(struct lw_emit *emit, bool has_header, enum lw_reject reason, uint64_t line,
                                        uint64_t byte, const char *detail, struct lw_fault *fault);

#endif
