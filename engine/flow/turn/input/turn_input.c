#include "engine/flow/turn/numbers.h"
#include "engine/flow/turn/turn_state.h"

#include "engine/base/fault.h"

#include <stdio.h>
#include <stdlib.h>

enum lw_err lw_turn_mark(struct lw_turn *turn, const struct lw_config_source *config, struct lw_buf *mark,
                         struct lw_fault *fault)
{
    bool found;

    return lw_store_get(turn->store, LW_KIND_MARK, lw_str_from(config->name), mark, &found, fault);
}

struct numbering {
    struct lw_turn_input *input;
    uint32_t taken; /* the greatest number so far */
};

static enum lw_err see_number(void *self, struct lw_str name, struct lw_str text, struct lw_fault *fault)
{
    struct numbering *numbering = self;
    int64_t number;

    (void)fault;
    if (!lw_numbers_read(text, &number, 1))
        return LW_ERR_OK;
    if (lw_str_equal(name, lw_str_from(numbering->input->config->name)))
        numbering->input->number = (uint32_t)number;
    if (number > numbering->taken)
        numbering->taken = (uint32_t)number;
    return LW_ERR_OK;
}

static enum lw_err keep_number(struct lw_turn *turn, void *self, struct lw_fault *fault)
{
    struct numbering *numbering = self;
    char text[16];

    snprintf(text, sizeof(text), "%u", numbering->input->number);
    return lw_store_put(turn->store, LW_KIND_SOURCE, lw_str_from(numbering->input->config->name), lw_str_from(text),
                        fault);
}

/* A source has one number for ever: units and models remember it. */
static enum lw_err number_source(struct lw_turn *turn, struct lw_turn_input *input, struct lw_fault *fault)
{
    struct numbering numbering = {.input = input};
    bool done = true;
    enum lw_err err = lw_store_each(turn->store, LW_KIND_SOURCE, see_number, &numbering, fault);

    if (err != LW_ERR_OK || input->number != 0)
        return err;
    input->number = numbering.taken + 1;
    err = lw_turn_commit(turn, keep_number, &numbering, &done, fault);
    if (err == LW_ERR_OK && !done)
        return lw_fault_set(fault, LW_ERR_FULL, "the store takes nothing: is the disk full?");
    return err;
}

static enum lw_err restore_input(struct lw_turn *turn, struct lw_turn_input *input, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = (size_t)4 << 20};
    struct lw_str name = lw_str_from(input->config->name);
    bool found = false;
    enum lw_err err = lw_store_get(turn->store, LW_KIND_HEAD, name, &text, &found, fault);

    if (err == LW_ERR_OK && found)
        err = lw_feed_restore(input->feed, lw_buf_view(&text), fault);
    lw_buf_clear(&text);
    if (err == LW_ERR_OK)
        err = lw_store_get(turn->store, LW_KIND_SILENT, name, &text, &found, fault);
    if (err == LW_ERR_OK && found && !lw_silence_load(&input->silence, lw_buf_view(&text)))
        lw_turn_note(turn, LW_NOTE_WARNING, "the store's note of source %s cannot be read: it is made anew",
                     input->config->name);
    lw_buf_close(&text);
    return err;
}

static enum lw_err open_input(struct lw_turn *turn, struct lw_turn_input *input, struct lw_fault *fault)
{
    const struct lw_config_source *config = input->config;
    const struct lw_feed_options options = {.name = config->name,
                                            .origin = config->origin,
                                            .format = config->format,
                                            .columns = config->columns,
                                            .timezone = config->timezone};
    enum lw_err err = lw_feed_open(&input->feed, &options, lw_live_names(turn->live), fault);

    if (err == LW_ERR_OK)
        err = number_source(turn, input, fault);
    if (err == LW_ERR_OK)
        err = restore_input(turn, input, fault);
    return err;
}

static enum lw_err room_for_input(struct lw_turn *turn, struct lw_fault *fault)
{
    size_t room = turn->inputs_room == 0 ? 4 : turn->inputs_room * 2;
    struct lw_turn_input *inputs;
    struct lw_metrics_source *told;

    if (turn->inputs_n < turn->inputs_room)
        return LW_ERR_OK;
    inputs = realloc(turn->inputs, room * sizeof(*inputs));
    if (inputs == NULL)
        return lw_fault_memory(fault, "a source");
    turn->inputs = inputs;
    told = realloc(turn->told_sources, room * sizeof(*told));
    if (told == NULL)
        return lw_fault_memory(fault, "a source");
    turn->told_sources = told;
    turn->inputs_room = room;
    return LW_ERR_OK;
}

enum lw_err lw_turn_source(struct lw_turn *turn, const struct lw_config_source *config, struct lw_source source,
                           struct lw_fault *fault)
{
    struct lw_turn_input input = {
        .config = config,
        .source = source,
        .elsewhere = config->type == LW_SOURCE_LOGGLY || config->integration,
    };
    enum lw_err err = room_for_input(turn, fault);

    if (err == LW_ERR_OK)
        err = open_input(turn, &input, fault);
    if (err != LW_ERR_OK) {
        lw_feed_close(input.feed);
        source.kind->close(source.state);
        return err;
    }
    turn->inputs[turn->inputs_n++] = input;
    return LW_ERR_OK;
}

bool lw_turn_ended(const struct lw_turn *turn, size_t source)
{
    return source < turn->inputs_n && turn->inputs[source].ended;
}
