#include "engine/source/push/push_answer.h"

#include "engine/base/json/json_out.h"

void lw_push_answer_firehose(struct lw_buf *out, lw_time now, struct lw_str id, const char *message)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    lw_json_key(&json, "requestId");
    lw_json_str(&json, id);
    lw_json_key(&json, "timestamp");
    lw_json_int(&json, now.ms);
    if (message != NULL) {
        lw_json_key(&json, "errorMessage");
        lw_json_text(&json, message);
    }
    lw_json_object_end(&json);
}

void lw_push_answer_metrics(struct lw_buf *out, const struct lw_push_counts *counts, const char *message)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    if (counts != NULL) {
        lw_json_key(&json, "accepted");
        lw_json_uint(&json, counts->accepted);
        lw_json_key(&json, "rejected");
        lw_json_object(&json);
        for (size_t i = 0; i < LW_REJECT_COUNT; i++) {
            if (counts->rejected[i] == 0)
                continue;
            lw_json_key(&json, lw_reject_id((enum lw_reject)i));
            lw_json_uint(&json, counts->rejected[i]);
        }
        lw_json_object_end(&json);
    }
    if (message != NULL) {
        lw_json_key(&json, "error");
        lw_json_text(&json, message);
    }
    lw_json_object_end(&json);
}
