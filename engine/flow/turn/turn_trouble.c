#include "engine/flow/turn/turn_state.h"
#include "leeway/reject.h"

#include <inttypes.h>
#include <stdio.h>

void lw_turn_trouble(struct lw_turn *turn, char text[200])
{
    text[0] = '\0';
    for (size_t i = 0; i < turn->inputs_n && text[0] == '\0'; i++) {
        struct lw_source_health health = {.requests = 0};

        turn->inputs[i].source.kind->health(turn->inputs[i].source.state, &health);
        if (turn->inputs[i].caught_up && health.trouble[0] == '\0')
            continue;
        snprintf(text, 200, "%.60s: %.130s", turn->inputs[i].config->name,
                 health.trouble[0] != '\0' ? health.trouble : "it was not read to its end");
    }
}

/* What was not used of a source, without what is left out on purpose. `first`: the reason that came up most. */
static uint64_t wrong_records(const struct lw_turn_input *input, const struct lw_report_reject **first)
{
    const struct lw_tally *tally = lw_feed_tally(input->feed);
    uint64_t n = 0;

    *first = NULL;
    for (size_t i = 0; i < LW_REJECT_COUNT; i++) {
        const struct lw_report_reject *row = &tally->rows[i];

        if (row->count == 0 || !lw_tally_is_bad((enum lw_reject)i))
            continue;
        n += row->count;
        if (*first == NULL || row->count > (*first)->count)
            *first = row;
    }
    return n;
}

/* "a value that is not a number (FILE, line 7: abc)" */
static void describe(const struct lw_report_reject *reject, char text[LW_TURN_TROUBLE])
{
    char line[32] = "";

    if (reject->line > 0)
        snprintf(line, sizeof(line), ", line %" PRIu64, reject->line);
    snprintf(text, LW_TURN_TROUBLE, "%s (first %.*s%s%s%.*s)", lw_reject_text(reject->reason),
             (int)(reject->file.len < 80 ? reject->file.len : 80), reject->file.len > 0 ? reject->file.at : "", line,
             reject->detail.len > 0 ? ": " : "", (int)(reject->detail.len < 60 ? reject->detail.len : 60),
             reject->detail.len > 0 ? reject->detail.at : "");
}

bool lw_turn_useless(const struct lw_turn *turn, size_t i, char text[LW_TURN_TROUBLE])
{
    const struct lw_turn_input *input = &turn->inputs[i];
    bool document = input->config->type == LW_SOURCE_FILE || input->config->type == LW_SOURCE_STDIN;
    struct lw_source_health health = {.requests = 0};
    const struct lw_report_reject *reject;
    char why[LW_TURN_TROUBLE];

    input->source.kind->health(input->source.state, &health);
    if (input->used > 0 || input->silence.has_last || health.trouble[0] != '\0' ||
        lw_feed_tally(input->feed)->rows[LW_REJECT_OWN_EVENT].count > 0)
        return false;
    if (lw_feed_waits(input->feed)) {
        snprintf(
            text, LW_TURN_TROUBLE,
            "%.80s is in no known format so far: `leeway help analyze` lists them, `format` of the source forces one",
            input->config->name);
        return true;
    }
    if (wrong_records(input, &reject) > 0) {
        describe(reject, why);
        snprintf(text, LW_TURN_TROUBLE, "%.80s has no usable record so far: %.300s", input->config->name, why);
        return true;
    }
    snprintf(text, LW_TURN_TROUBLE, "%.80s has no metric in it so far: check whether it is the right file",
             input->config->name);
    return document;
}

bool lw_turn_unused(const struct lw_turn *turn, size_t i, char text[LW_TURN_TROUBLE])
{
    const struct lw_report_reject *reject;
    uint64_t n = wrong_records(&turn->inputs[i], &reject);
    char why[LW_TURN_TROUBLE];

    if (n == 0)
        return false;
    describe(reject, why);
    snprintf(text, LW_TURN_TROUBLE, "%.80s: %" PRIu64 " record%s not used: %.300s", turn->inputs[i].config->name, n,
             n == 1 ? " was" : "s were", why);
    return true;
}
