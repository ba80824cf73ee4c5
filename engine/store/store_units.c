/* Small texts, and units of what is gathered. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"

static enum lw_err damaged(struct lw_fault *fault, const char *what, struct lw_str name)
{
    return lw_fault_set(fault, LW_ERR_STATE, "the store is damaged (%s %.*s): put back a backup", what,
                        (int)(name.len < 80 ? name.len : 80), name.at);
}

enum lw_err lw_store_put(struct lw_store *store, const char *kind, struct lw_str name, struct lw_str text,
                         struct lw_fault *fault)
{
    struct lw_ask ask;
    enum lw_err err = lw_store_writable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, text.len == 0 ? LW_SQL_TEXT_REMOVE : LW_SQL_TEXT_PUT);
    lw_db_bind_text(&ask, 1, lw_str_from(kind));
    lw_db_bind_text(&ask, 2, name);
    if (text.len > 0) {
        lw_db_bind_blob(&ask, 3, text);
        lw_db_bind_int(&ask, 4, lw_db_digest(text));
    }
    return lw_store_wrote(store, lw_db_run(&ask, fault));
}

enum lw_err lw_store_get(struct lw_store *store, const char *kind, struct lw_str name, struct lw_buf *out, bool *found,
                         struct lw_fault *fault)
{
    struct lw_ask ask;
    bool row;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_TEXT_GET);
    lw_db_bind_text(&ask, 1, lw_str_from(kind));
    lw_db_bind_text(&ask, 2, name);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    if (row && lw_db_digest(lw_db_str(&ask, 1)) != lw_db_int(&ask, 2))
        err = damaged(fault, "the text", name);
    else if (row)
        lw_buf_str(out, lw_db_str(&ask, 1));
    lw_db_end(&ask);
    if (err == LW_ERR_OK && out->error != LW_ERR_OK)
        err = lw_fault_set(fault, out->error, "a text of the store does not fit: free some memory");
    if (err == LW_ERR_OK)
        *found = row;
    return err;
}

enum lw_err lw_store_each(struct lw_store *store, const char *kind, lw_store_text_call *call, void *self,
                          struct lw_fault *fault)
{
    struct lw_ask ask;
    bool row;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_TEXT_EACH);
    lw_db_bind_text(&ask, 1, lw_str_from(kind));
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        if (lw_db_digest(lw_db_str(&ask, 1)) != lw_db_int(&ask, 2))
            err = damaged(fault, "the text", lw_db_str(&ask, 0));
        else
            err = call(self, lw_db_str(&ask, 0), lw_db_str(&ask, 1), fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    return err;
}

enum lw_err lw_store_unit_put(struct lw_store *store, struct lw_str key, uint32_t source, bool open,
                              struct lw_str bytes, lw_time now, struct lw_fault *fault)
{
    struct lw_ask ask;
    enum lw_err err = lw_store_writable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_UNIT_PUT);
    lw_db_bind_text(&ask, 1, key);
    lw_db_bind_int(&ask, 2, source);
    lw_db_bind_int(&ask, 3, open);
    lw_db_bind_int(&ask, 4, now.ms);
    lw_db_bind_int(&ask, 5, lw_db_digest(bytes));
    lw_db_bind_blob(&ask, 6, bytes);
    return lw_store_wrote(store, lw_db_run(&ask, fault));
}

enum lw_err lw_store_unit_remove(struct lw_store *store, struct lw_str key, struct lw_fault *fault)
{
    struct lw_ask ask;
    enum lw_err err = lw_store_writable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_UNIT_REMOVE);
    lw_db_bind_text(&ask, 1, key);
    return lw_store_wrote(store, lw_db_run(&ask, fault));
}

/* Columns of UNIT_GET and UNITS_OPEN. */
enum { KEY, SOURCE, PRUNED, DIGEST, BYTES };

enum lw_err lw_store_unit_get(struct lw_store *store, struct lw_str key, struct lw_buf *bytes, bool *found,
                              bool *pruned, struct lw_fault *fault)
{
    struct lw_ask ask;
    bool row, gone = false;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_UNIT_GET);
    lw_db_bind_text(&ask, 1, key);
    err = lw_db_next(&ask, &row, fault);
    if (err != LW_ERR_OK)
        return err;
    if (row) {
        gone = lw_db_int(&ask, PRUNED) != 0;
        if (lw_db_digest(lw_db_str(&ask, BYTES)) != lw_db_int(&ask, DIGEST))
            err = damaged(fault, "the unit", key);
        else
            lw_buf_str(bytes, lw_db_str(&ask, BYTES));
    }
    lw_db_end(&ask);
    if (err == LW_ERR_OK && bytes->error != LW_ERR_OK)
        err = lw_fault_set(fault, bytes->error, "a unit of the store does not fit: free some memory");
    if (err != LW_ERR_OK)
        return err;
    *found = row && !gone;
    *pruned = gone;
    return LW_ERR_OK;
}

enum lw_err lw_store_units_open(struct lw_store *store, lw_store_unit_call *call, void *self, struct lw_fault *fault)
{
    struct lw_ask ask;
    bool row;
    enum lw_err err = lw_store_readable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    ask = lw_db_ask(&store->db, LW_SQL_UNITS_OPEN);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        struct lw_str bytes = lw_db_str(&ask, BYTES);

        if (lw_db_digest(bytes) != lw_db_int(&ask, DIGEST))
            err = damaged(fault, "the unit", lw_db_str(&ask, KEY));
        else
            err = call(self, lw_db_str(&ask, KEY), (uint32_t)lw_db_int(&ask, SOURCE), bytes, fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    return err;
}
