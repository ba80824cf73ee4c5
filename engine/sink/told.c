#include "engine/sink/told.h"

#include "engine/base/json/json_in.h"

#define EVENT_MAX ((size_t)256 << 10)
#define ID_MAX    255 /* of PagerDuty's dedup_key */

static const char *missing(const struct lw_told *told, enum lw_event_kind kind)
{
    bool says = told->message.len > 0 || told->model.len > 0;

    switch (kind) {
    case LW_EVENT_ALERT:
        if (told->state.len == 0)
            return "the alert has no lw_state";
        if (told->alert_id.len == 0 || told->alert_id.len > ID_MAX)
            return "the alert has no lw_alert_id of 1 to 255 bytes";
        return says ? NULL : "the alert has neither lw_message nor lw_model";
    case LW_EVENT_RUN:
        return told->run.len > 0 ? NULL : "the run has no trainingJobName";
    case LW_EVENT_LOSS:
        return told->message.len > 0 || told->class_.len > 0 ? NULL : "the loss has neither lw_message nor lw_class";
    case LW_EVENT_HEARTBEAT:
    case LW_EVENT_SUMMARY:
    case LW_EVENT_METRIC:
    case LW_EVENT_COUNT:
        break;
    }
    return NULL;
}

enum lw_err lw_told_read(struct lw_told *told, enum lw_event_kind kind, struct lw_str event, struct lw_arena *arena,
                         const char **reason)
{
    static const struct {
        const char *key;
        size_t at;
    } texts[] = {
        {"timestamp", offsetof(struct lw_told, timestamp)},  {"lw_id", offsetof(struct lw_told, id)},
        {"lw_severity", offsetof(struct lw_told, severity)}, {"lw_state", offsetof(struct lw_told, state)},
        {"lw_origin", offsetof(struct lw_told, origin)},     {"lw_model", offsetof(struct lw_told, model)},
        {"lw_message", offsetof(struct lw_told, message)},   {"lw_alert_id", offsetof(struct lw_told, alert_id)},
        {"lw_series", offsetof(struct lw_told, series)},     {"lw_detectors", offsetof(struct lw_told, detectors)},
        {"trainingJobName", offsetof(struct lw_told, run)},  {"lw_verdict", offsetof(struct lw_told, verdict)},
        {"lw_status", offsetof(struct lw_told, status)},     {"lw_class", offsetof(struct lw_told, class_)},
    };
    struct lw_json_in in;
    enum lw_err err;

    *told = (struct lw_told){0};
    *reason = "the event is larger than 256 KiB";
    if (event.len > EVENT_MAX)
        return LW_ERR_FORMAT;
    *reason = "the stored event is not a JSON object";
    err = lw_json_in_read(&in, event, arena, NULL);
    if (err != LW_ERR_OK)
        return err == LW_ERR_NOMEM ? err : LW_ERR_FORMAT;
    if (in.nodes[0].kind != LW_TOKEN_OBJECT)
        return LW_ERR_FORMAT;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct lw_str text = lw_json_in_str(&in, &in.nodes[0], texts[i].key);

        memcpy((char *)told + texts[i].at, &text, sizeof(text));
    }
    told->has_count = lw_json_in_number(&in, &in.nodes[0], "lw_count", &told->count);
    told->test = lw_json_in_true(&in, &in.nodes[0], "lw_test");
    *reason = missing(told, kind);
    return *reason == NULL ? LW_ERR_OK : LW_ERR_FORMAT;
}
