#include "engine/source/loggly/progress.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/json/json_out.h"

#define VERSION  1
#define MARK_MAX ((size_t)2 << 20)

enum lw_err lw_progress_write(const struct lw_progress *progress, struct lw_buf *out, struct lw_fault *fault)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    lw_json_key(&json, "v");
    lw_json_uint(&json, VERSION);
    if (progress->has_until) {
        lw_json_key(&json, "until");
        lw_json_time(&json, progress->until);
    }
    /* Hex digits need no escapes: written straight, not by way of a second buffer. */
    lw_buf_text(out, ",\"ids\":\"");
    lw_seen_write(&progress->seen, out);
    lw_buf_char(out, '"');
    lw_json_object_end(&json);
    return out->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the mark of Loggly's retrieval");
}

enum lw_err lw_progress_read(struct lw_progress *progress, struct lw_str mark, bool *sound, struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = 2 * MARK_MAX};
    struct lw_json_in in;
    double version = 0;
    enum lw_err err;

    *sound = mark.len == 0;
    if (mark.len == 0 || mark.len > MARK_MAX)
        return LW_ERR_OK;
    err = lw_json_in_read(&in, mark, &arena, fault);
    if (err == LW_ERR_OK && lw_json_in_number(&in, in.nodes, "v", &version) && version == VERSION) {
        lw_time until = {0};
        bool has_until = lw_json_in_time(&in, in.nodes, "until", &until);

        err = lw_seen_read(&progress->seen, lw_json_in_str(&in, in.nodes, "ids"), until, sound, fault);
        if (err == LW_ERR_OK && *sound) {
            progress->until = until;
            progress->has_until = has_until;
        }
    }
    lw_arena_close(&arena);
    return err == LW_ERR_FORMAT ? LW_ERR_OK : err;
}

void lw_progress_close(struct lw_progress *progress)
{
    lw_seen_close(&progress->seen);
}
