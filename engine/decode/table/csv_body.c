#include "engine/decode/table/csv_body.h"

#include "engine/base/fault.h"

static enum lw_err on_row(void *self, const struct lw_csv_row *row, struct lw_fault *fault)
{
    struct lw_csv_body *body = self;

    if (!body->has_header) {
        body->columns_n = row->cells_n;
        body->has_header = true;
        return body->calls->header(body->self, row, fault);
    }
    body->emit->records++;
    if (row->cells_n == body->columns_n)
        return body->calls->row(body->self, row, fault);
    return lw_emit_reject(body->emit, LW_REJECT_BAD_ROW, row->line, row->byte,
                          row->cells_n < body->columns_n ? "fewer cells than the header" : "more cells than the header",
                          fault);
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct lw_csv_body *body = self;

    if (!body->has_header)
        return lw_fault_set_at(fault, LW_ERR_FORMAT, line, byte, "the header of the table cannot be read: %s",
                               detail != NULL ? detail : lw_reject_text(reason));
    body->emit->records++;
    return lw_emit_reject(body->emit, reason, line, byte, detail, fault);
}

enum lw_err lw_csv_body_open(struct lw_csv_body *body, struct lw_emit *emit, const struct lw_csv_body_calls *calls,
                             void *self, struct lw_fault *fault)
{
    static const struct lw_csv_calls rows = {on_row, on_bad};

    *body = (struct lw_csv_body){.emit = emit, .calls = calls, .self = self};
    return lw_csv_table_open(&body->table, '\0', &rows, body, fault);
}

enum lw_err lw_csv_body_push(struct lw_csv_body *body, const char *bytes, size_t n, struct lw_fault *fault)
{
    return lw_csv_table_push(body->table, bytes, n, fault);
}

enum lw_err lw_csv_body_finish(struct lw_csv_body *body, struct lw_fault *fault)
{
    return lw_csv_table_finish(body->table, fault);
}

void lw_csv_body_close(struct lw_csv_body *body)
{
    lw_csv_table_close(body->table);
    body->table = NULL;
}
