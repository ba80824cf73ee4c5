#include "engine/flow/analyze/tally.h"

#define DETAIL_MAX 200

bool lw_tally_add(struct lw_tally *tally, enum lw_reject reason, struct lw_str file, uint64_t line, const char *detail,
                  struct lw_arena *arena)
{
    struct lw_report_reject *row = &tally->rows[reason];

    if (row->count++ > 0)
        return true;
    row->reason = reason;
    row->file = file;
    row->line = line;
    if (detail == NULL || detail[0] == '\0')
        return true;
    row->detail = lw_str_from(detail);
    if (row->detail.len > DETAIL_MAX)
        row->detail.len = DETAIL_MAX;
    row->detail = lw_arena_text(arena, row->detail);
    return row->detail.at != NULL;
}

void lw_tally_count(struct lw_tally *tally, enum lw_reject reason, uint64_t n)
{
    tally->rows[reason].reason = reason;
    tally->rows[reason].count += n;
}

size_t lw_tally_rows(const struct lw_tally *tally, struct lw_report_reject *rows)
{
    size_t n = 0;

    for (size_t i = 0; i < LW_REJECT_COUNT; i++) {
        if (tally->rows[i].count > 0)
            rows[n++] = tally->rows[i];
    }
    return n;
}

bool lw_tally_is_bad(enum lw_reject reason)
{
    switch (reason) {
    case LW_REJECT_NOT_A_RUN:
    case LW_REJECT_OWN_EVENT:
    case LW_REJECT_CONTROL_MESSAGE:
    case LW_REJECT_OUTSIDE_WINDOW:
    case LW_REJECT_OTHER_MODEL:
    case LW_REJECT_TOO_MANY_POINTS:
    case LW_REJECT_INTERLEAVED:
    case LW_REJECT_NO_RUN:
    case LW_REJECT_TOO_LATE:
    case LW_REJECT_EXCLUDED:
        return false;
    case LW_REJECT_BAD_JSON:
    case LW_REJECT_BAD_UTF8:
    case LW_REJECT_TOO_LARGE:
    case LW_REJECT_TOO_DEEP:
    case LW_REJECT_BAD_ROW:
    case LW_REJECT_NO_TIME:
    case LW_REJECT_BAD_TIME:
    case LW_REJECT_NO_METRIC:
    case LW_REJECT_NO_VALUE:
    case LW_REJECT_BAD_VALUE:
    case LW_REJECT_NOT_FINITE:
    case LW_REJECT_BAD_COUNT:
    case LW_REJECT_MIN_OVER_MAX:
    case LW_REJECT_UNKNOWN_RECORD:
    case LW_REJECT_TRUNCATED:
    case LW_REJECT_UNEVEN_ARRAYS:
    case LW_REJECT_COUNT:
        return true;
    }
    return true;
}
