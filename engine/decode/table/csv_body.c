#include "engine/decode/table/csv_body.h"

#include "engine/base/fault.h"

enum lw_err lw_csv_body_row(struct lw_emit *emit, const struct lw_csv_row *row, size_t columns_n, bool *fits,
                            struct lw_fault *fault)
{
    emit->records++;
    *fits = row->cells_n == columns_n;
    if (*fits)
        return LW_ERR_OK;
    return lw_emit_reject(emit, LW_REJECT_BAD_ROW, row->line, row->byte,
                          row->cells_n < columns_n ? "fewer cells than the header" : "more cells than the header",
                          fault);
}

enum lw_err lw_csv_body_bad(struct lw_emit *emit, bool has_header, enum lw_reject reason, uint64_t line, uint64_t byte,
                            const char *detail, struct lw_fault *fault)
{
    if (!has_header)
        return lw_fault_set_at(fault, LW_ERR_FORMAT, line, byte, "the header of the table cannot be read: %s",
                               detail != NULL ? detail : lw_reject_text(reason));
    emit->records++;
    return lw_emit_reject(emit, reason, line, byte, detail, fault);
}
