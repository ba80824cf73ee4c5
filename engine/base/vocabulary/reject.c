#include "leeway/reject.h"

#include <assert.h>

static const struct {
    const char *id;
    const char *text;
} reasons[] = {
#define LW_REJECT_ROW(name, id, text) [LW_REJECT_##name] = {id, text},
    LW_REJECT_LIST(LW_REJECT_ROW)
#undef LW_REJECT_ROW
};

const char *lw_reject_id(enum lw_reject reason)
{
    assert(reason < LW_REJECT_COUNT);
    return reasons[reason].id;
}

const char *lw_reject_text(enum lw_reject reason)
{
    assert(reason < LW_REJECT_COUNT);
    return reasons[reason].text;
}
