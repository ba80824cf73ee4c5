#define _POSIX_C_SOURCE 200809L
#include "tests/kit/daemon.h"

#include "tests/kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batches in order; the mark of each is its number. */
struct kit_script {
    char **texts;
    bool *caught_up;
    size_t n, room, ended_at; /* ended_at: number of batches after which it ends; SIZE_MAX: never */
};

/* The source itself: made anew at every start. */
struct scripted {
    struct kit_daemon *daemon;
    size_t at;
    bool told_end;
    struct lw_source_part part;
    struct lw_source_batch batch;
    char mark[32];
};

static void fail(const char *what, const struct lw_fault *fault)
{
    printf("Bail out! %s: %s\n", what, fault->text);
    exit(2);
}

static enum lw_err script_work(void *state, lw_time now, lw_span ticks, lw_span *next, struct lw_fault *fault)
{
    (void)state;
    (void)now;
    (void)ticks;
    (void)fault;
    next->ms = LW_SOURCE_NEVER;
    return LW_ERR_OK;
}

static const struct lw_source_batch *script_ready(void *state)
{
    struct scripted *source = state;
    struct kit_script *script = source->daemon->script;
    bool ends = source->at >= script->ended_at;

    if (source->daemon->trouble[0] != '\0' || (source->at >= script->n && (!ends || source->told_end)))
        return NULL;
    source->batch = (struct lw_source_batch){.caught_up = ends, .ended = ends};
    snprintf(source->mark, sizeof(source->mark), "%zu", ends ? source->at : source->at + 1);
    source->batch.mark = lw_str_from(source->mark);
    if (!ends) {
        source->part = (struct lw_source_part){
            .bytes = lw_str_from(script->texts[source->at]), .format = LW_STR("auto"), .label = LW_STR("script")};
        source->batch.parts = &source->part;
        source->batch.parts_n = source->part.bytes.len > 0;
        source->batch.caught_up = script->caught_up[source->at];
    }
    return &source->batch;
}

static void script_taken(void *state, bool durable)
{
    struct scripted *source = state;

    if (!durable)
        return;
    if (source->batch.ended)
        source->told_end = true;
    else
        source->at++;
}

static void script_health(const void *state, struct lw_source_health *health)
{
    const struct scripted *source = state;

    *health = (struct lw_source_health){.last_success = source->daemon->now, .has_last_success = true};
    snprintf(health->trouble, sizeof(health->trouble), "%s", source->daemon->trouble);
}

static const struct lw_source_kind script_kind = {.id = "script",
                                                  .work = script_work,
                                                  .ready = script_ready,
                                                  .taken = script_taken,
                                                  .health = script_health,
                                                  .close = free};

static lw_time virtual_now(void *self)
{
    return ((struct kit_daemon *)self)->now;
}

lw_span kit_daemon_ticks(const struct kit_daemon *daemon)
{
    return (lw_span){daemon->now.ms - daemon->stepped.ms};
}

void kit_daemon_step(struct kit_daemon *daemon, int64_t ms)
{
    daemon->now.ms += ms;
    daemon->stepped.ms += ms;
}

static lw_span virtual_ticks(void *self)
{
    return kit_daemon_ticks(self);
}

static void virtual_note(void *self, enum lw_note level, const char *text)
{
    struct kit_daemon *daemon = self;

    daemon->notes[level]++;
    snprintf(daemon->last_note, sizeof(daemon->last_note), "%s", text);
    if (level <= LW_NOTE_WARNING)
        printf("# note: %s\n", text);
}

static void open_source(struct kit_daemon *daemon)
{
    struct scripted *source = calloc(1, sizeof(*source));
    struct lw_buf mark = {.ceiling = 1024};
    struct lw_fault fault = {.code = LW_ERR_OK};

    source->daemon = daemon;
    if (lw_turn_mark(daemon->turn, &daemon->config->sources[0], &mark, &fault) != LW_ERR_OK)
        fail("mark", &fault);
    lw_buf_char(&mark, '\0');
    source->at = (size_t)strtoul(mark.at, NULL, 10);
    lw_buf_close(&mark);
    if (lw_turn_source(daemon->turn, &daemon->config->sources[0],
                       (struct lw_source){.kind = &script_kind, .state = source}, &fault) != LW_ERR_OK)
        fail("source", &fault);
}

static void start(struct kit_daemon *daemon)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_turn_options options = {.world = &daemon->world, .once = daemon->once, .names_many = daemon->names_many};
    struct lw_store_limits limits = {.spool = 0};
    struct lw_buf errors = {.ceiling = 1 << 20};

    if (lw_config_open(&daemon->config, daemon->config_path, NULL, 0, &errors, &fault) != LW_ERR_OK) {
        printf("# %.*s\n", (int)errors.len, errors.at);
        fail("configuration", &fault);
    }
    lw_buf_close(&errors);
    for (size_t i = 0; i < daemon->config->sinks_n; i++)
        limits.spool = daemon->config->sinks[i].spool > limits.spool ? daemon->config->sinks[i].spool : limits.spool;
    if (lw_store_open(&daemon->store, daemon->store_path, LW_STORE_OWN, &limits, &fault) != LW_ERR_OK)
        fail("store", &fault);
    options.config = daemon->config;
    options.store = daemon->store;
    if (lw_turn_open(&daemon->turn, &options, &fault) != LW_ERR_OK)
        fail("turn", &fault);
    open_source(daemon);
}

static void stop(struct kit_daemon *daemon)
{
    lw_turn_close(daemon->turn);
    lw_store_close(daemon->store);
    lw_config_close(daemon->config);
}

static void write_configuration(const struct kit_daemon *daemon, const char *yaml)
{
    FILE *file = fopen(daemon->config_path, "w");

    if (file == NULL)
        fail("configuration file", &(struct lw_fault){.text = "cannot be written"});
    fprintf(file, "store: %s\nsources: [{type: file, name: script, path: %s/none}]\n%s\n", daemon->store_path,
            daemon->folder, yaml);
    fclose(file);
}

void kit_daemon_open(struct kit_daemon *daemon, const char *yaml, lw_time now)
{
    static unsigned number;

    *daemon = (struct kit_daemon){.now = now};
    daemon->world = (struct lw_world){.self = daemon, .now = virtual_now, .ticks = virtual_ticks, .note = virtual_note};
    daemon->script = calloc(1, sizeof(*daemon->script));
    daemon->script->ended_at = SIZE_MAX;
    number++;
    snprintf(daemon->folder, sizeof(daemon->folder), "%.240s", kit_temporary_directory());
    snprintf(daemon->store_path, sizeof(daemon->store_path), "%s/store-%u.db", daemon->folder, number);
    snprintf(daemon->config_path, sizeof(daemon->config_path), "%s/leeway-%u.yaml", daemon->folder, number);
    write_configuration(daemon, yaml);
    start(daemon);
}

void kit_daemon_give(struct kit_daemon *daemon, const char *text, bool caught_up)
{
    struct kit_script *script = daemon->script;

    if (script->n == script->room) {
        script->room = script->room == 0 ? 16 : script->room * 2;
        script->texts = realloc(script->texts, script->room * sizeof(*script->texts));
        script->caught_up = realloc(script->caught_up, script->room * sizeof(*script->caught_up));
    }
    script->texts[script->n] = strdup(text);
    script->caught_up[script->n++] = caught_up;
}

void kit_daemon_end(struct kit_daemon *daemon)
{
    daemon->script->ended_at = daemon->script->n;
}

void kit_daemon_run(struct kit_daemon *daemon, lw_time until)
{
    struct lw_fault fault = {.code = LW_ERR_OK};

    for (unsigned long guard = 0; guard < 10000000; guard++) {
        lw_span next = {INT64_MAX};
        bool busy = false;

        if (lw_turn_slice(daemon->turn, &busy, &next, &fault) != LW_ERR_OK)
            fail("slice", &fault);
        if (busy)
            continue;
        if (next.ms > until.ms - daemon->stepped.ms || daemon->now.ms >= until.ms) {
            daemon->now = until.ms > daemon->now.ms ? until : daemon->now;
            return;
        }
        daemon->now.ms = next.ms + daemon->stepped.ms;
    }
    fail("run", &(struct lw_fault){.text = "the turn never rests"});
}

void kit_daemon_restart(struct kit_daemon *daemon)
{
    stop(daemon);
    start(daemon);
}

void kit_daemon_configure(struct kit_daemon *daemon, const char *yaml)
{
    stop(daemon);
    write_configuration(daemon, yaml);
    start(daemon);
}

static bool collect(void *context, const struct lw_outbox_row *row)
{
    lw_buf_str(context, row->bytes);
    return true;
}

void kit_daemon_events(struct kit_daemon *daemon, size_t sink, struct lw_buf *out)
{
    struct lw_outbox outbox = lw_store_outbox(daemon->store);
    struct lw_fault fault = {.code = LW_ERR_OK};

    for (int lane = 0; lane < LW_LANE_COUNT; lane++) {
        if (outbox.read(outbox.self, lw_turn_sink(daemon->turn, sink), (enum lw_lane)lane, 0, collect, out, &fault) !=
            LW_ERR_OK)
            fail("outbox", &fault);
    }
    lw_buf_char(out, '\0');
}

void kit_daemon_close(struct kit_daemon *daemon)
{
    stop(daemon);
    for (size_t i = 0; i < daemon->script->n; i++)
        free(daemon->script->texts[i]);
    free(daemon->script->texts);
    free(daemon->script->caught_up);
    free(daemon->script);
}
