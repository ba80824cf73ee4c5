#include "engine/base/outbox.h"

static const struct {
    const char *id;
    enum lw_lane lane;
} kinds[] = {
#define EVENT_ROW(name, id, lane) [LW_EVENT_##name] = {id, lane},
    LW_EVENT_LIST(EVENT_ROW)
#undef EVENT_ROW
};

const char *lw_event_kind_id(enum lw_event_kind kind)
{
    return kinds[kind].id;
}

enum lw_lane lw_event_kind_lane(enum lw_event_kind kind)
{
    return kinds[kind].lane;
}

const char *lw_lane_id(enum lw_lane lane)
{
    static const char *const ids[] = {"alert", "run", "metric"};

    return ids[lane];
}
