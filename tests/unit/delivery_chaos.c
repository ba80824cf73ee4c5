/* Delivery through weather: random replies, losses, restarts, an outbox that fails; and the promises that must hold. */
#define _GNU_SOURCE
#include "engine/sink/delivery.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EVENTS  400
#define PADDING 30000 /* bytes of a heavy event at most: batches are full, rows are split */

struct fate {
    bool poison;
    unsigned sent, taken; /* by the server, whether the reply said so or not */
};

struct weather {
    struct kit_random random;
    struct kit_outbox box;
    struct kit_http http;
    struct kit_world world;
    struct lw_delivery *delivery;
    char token[256];
    struct fate fates[EVENTS];
    char *bytes[EVENTS];
    size_t answered; /* requests before that one are closed */
    bool heavy;
};

static unsigned chance(struct weather *weather, unsigned below)
{
    return (unsigned)(kit_random_bits(&weather->random) % below);
}

static void open_delivery(struct weather *weather)
{
    const struct lw_delivery_options options = {
        .type = LW_DELIVERY_LOGGLY, .token_file = weather->token, .seed = kit_random_bits(&weather->random)};
    struct lw_outbox outbox = kit_outbox(&weather->box);
    struct lw_http http = kit_http(&weather->http);
    struct lw_world world = kit_world(&weather->world);

    if (lw_delivery_open(&weather->delivery, &options, &outbox, &http, &world, NULL) != LW_ERR_OK)
        abort();
}

/* The server looks at each event: the bytes of an id are always the same. */
static bool look(struct weather *weather, const char *body, bool takes)
{
    const char *line = body;
    bool poison = false;

    for (; *line; line = strchr(line, '\n') + 1) {
        unsigned n = (unsigned)strtoul(line + 6, NULL, 10);
        size_t length = strcspn(line, "\n");
        struct fate *fate = &weather->fates[n];

        poison |= fate->poison;
        if (!weather->bytes[n])
            weather->bytes[n] = strndup(line, length);
        CU_ASSERT(strlen(weather->bytes[n]) == length && memcmp(weather->bytes[n], line, length) == 0);
        fate->sent++;
    }
    if (poison || !takes)
        return poison;
    for (line = body; *line; line = strchr(line, '\n') + 1)
        weather->fates[strtoul(line + 6, NULL, 10)].taken++;
    return false;
}

static void answer(struct weather *weather, size_t i, bool calm)
{
    static const int failures[] = {500, 502, 503, 429, 408, 403, 404, 302};
    const char *body = weather->http.asked[i].body;
    unsigned what = calm ? 99 : chance(weather, 100);
    bool takes = what >= 40 || (what >= 20 && what < 30);

    if (look(weather, body, takes) && takes)
        kit_http_reply(&weather->http, i, chance(weather, 2) ? 400 : 413, "", NULL);
    else if (what < 20)
        kit_http_break(&weather->http, i, what < 3 ? LW_HTTP_TLS : LW_HTTP_NETWORK, what < 10);
    else if (what < 30) /* taken, but the answer is lost or mangled */
        kit_http_reply(&weather->http, i, 200, what < 25 ? "{\"response\"" : "<html>", NULL);
    else if (what < 33) /* not taken, and the answer is somebody else's */
        kit_http_reply(&weather->http, i, 200, what < 31 ? "" : "{\"response\":\"busy\"}", NULL);
    else if (what < 40)
        kit_http_reply(&weather->http, i, failures[chance(weather, 8)], "", NULL);
    else
        kit_http_reply(&weather->http, i, 200, "{\"response\" : \"ok\"}", NULL);
}

static void add_some(struct weather *weather, unsigned *made)
{
    static char lines[16 * (PADDING + 128)], one[PADDING + 128], padding[PADDING];
    enum lw_event_kind kind = (enum lw_event_kind)chance(weather, LW_EVENT_COUNT);
    unsigned n = 1 + chance(weather, 12);

    lines[0] = '\0';
    memset(padding, 'x', sizeof(padding));
    for (unsigned i = 0; i < n && *made < EVENTS; i++, ++*made) {
        weather->fates[*made].poison = chance(weather, 40) == 0;
        snprintf(one, sizeof(one), "{\"n\": %u,\"x\":%llu,\"y\":\"%.*s\"}\n", *made,
                 (unsigned long long)kit_random_bits(&weather->random),
                 weather->heavy ? (int)chance(weather, PADDING) : 0, padding);
        strcat(lines, one);
    }
    if (lines[0])
        kit_outbox_add(&weather->box, kind, lines);
}

static void never_two_in_a_lane(const struct weather *weather)
{
    unsigned open[LW_LANE_COUNT] = {0};

    for (size_t i = 0; i < weather->http.asked_n; i++) {
        const char *tag = strstr(weather->http.asked[i].tags, "leeway-");

        if (!weather->http.asked[i].open)
            continue;
        for (unsigned kind = 0; kind < LW_EVENT_COUNT; kind++) {
            if (strcmp(tag + 7, lw_event_kind_id((enum lw_event_kind)kind)) == 0)
                open[lw_event_kind_lane((enum lw_event_kind)kind)]++;
        }
    }
    for (unsigned lane = 0; lane < LW_LANE_COUNT; lane++)
        CU_ASSERT(open[lane] <= 1);
}

static void step(struct weather *weather, bool calm)
{
    lw_span next;
    enum lw_err err;

    if (!calm && chance(weather, 20) == 0)
        weather->box.fail = 1 + chance(weather, 3);
    err = lw_delivery_work(weather->delivery, (lw_time){weather->world.now}, (lw_span){weather->world.ticks}, &next,
                           NULL);
    CU_ASSERT(err == LW_ERR_OK || err == LW_ERR_FULL);
    while (chance(weather, 3) > 0 && lw_delivery_prepare(weather->delivery)) {
    }
    never_two_in_a_lane(weather);
    for (size_t i = 0; i < weather->http.asked_n; i++) {
        if (weather->http.asked[i].open && chance(weather, 3) > 0)
            answer(weather, i, calm);
    }
    if (!calm && chance(weather, 60) == 0) { /* kill -9: what is in flight may have been taken */
        for (size_t i = 0; i < weather->http.asked_n; i++) {
            if (weather->http.asked[i].open)
                look(weather, weather->http.asked[i].body, chance(weather, 2) == 0);
        }
        lw_delivery_close(weather->delivery);
        open_delivery(weather);
    }
    weather->world.ticks += 1 + chance(weather, 100000);
    weather->world.now += 1 + chance(weather, 100000);
}

static void hold_promises(struct kit_random random, unsigned rounds, bool heavy)
{
    for (unsigned round = 0; round < rounds; round++) {
        struct weather weather = {.random = {kit_random_bits(&random)}, .heavy = heavy};
        unsigned made = 0, steps = 0, poison = 0;
        FILE *file;

        snprintf(weather.token, sizeof(weather.token), "%s/token", kit_temporary_directory());
        file = fopen(weather.token, "w");
        fputs("token", file);
        fclose(file);
        chmod(weather.token, 0600);
        open_delivery(&weather);
        while (made < EVENTS) {
            if (chance(&weather, 2))
                add_some(&weather, &made);
            step(&weather, false);
        }
        weather.box.fail = 0;
        while (kit_outbox_owed(&weather.box) > 0 && steps++ < 20000)
            step(&weather, true);
        CU_ASSERT_EQUAL(kit_outbox_owed(&weather.box), 0);
        for (unsigned i = 0; i < EVENTS; i++) {
            const struct fate *fate = &weather.fates[i];

            poison += fate->poison;
            CU_ASSERT(fate->poison ? fate->taken == 0 : fate->taken >= 1);
        }
        CU_ASSERT_EQUAL(weather.box.dead_n, poison);
        lw_delivery_close(weather.delivery);
        kit_outbox_close(&weather.box);
        kit_http_close(&weather.http);
        for (unsigned i = 0; i < EVENTS; i++)
            free(weather.bytes[i]);
    }
}

static void promises_hold_in_any_weather(void)
{
    hold_promises(kit_seed(5), 60, false);
}

static void promises_hold_with_full_batches(void)
{
    hold_promises(kit_seed(7), 12, true);
}

/* Without ambiguous outcomes, restarts and failing payments each event is taken exactly once. */
static void take_each_once(struct kit_random random, unsigned rounds, bool heavy)
{
    for (unsigned round = 0; round < rounds; round++) {
        struct weather weather = {.random = {kit_random_bits(&random)}, .heavy = heavy};
        unsigned made = 0, steps = 0;
        FILE *file;

        snprintf(weather.token, sizeof(weather.token), "%s/token", kit_temporary_directory());
        file = fopen(weather.token, "w");
        fputs("token", file);
        fclose(file);
        chmod(weather.token, 0600);
        open_delivery(&weather);
        while (made < EVENTS || (kit_outbox_owed(&weather.box) > 0 && steps++ < 20000)) {
            if (made < EVENTS)
                add_some(&weather, &made);
            step(&weather, true);
        }
        for (unsigned i = 0; i < EVENTS; i++)
            CU_ASSERT_EQUAL(weather.fates[i].taken, !weather.fates[i].poison);
        lw_delivery_close(weather.delivery);
        kit_outbox_close(&weather.box);
        kit_http_close(&weather.http);
        for (unsigned i = 0; i < EVENTS; i++)
            free(weather.bytes[i]);
    }
}

static void once_where_every_answer_arrives(void)
{
    take_each_once(kit_seed(6), 40, false);
}

static void once_with_full_batches(void)
{
    take_each_once(kit_seed(8), 12, true);
}

KIT_SUITE("delivery_chaos",
          {"nothing is lost, no id has two bodies, no lane two requests", promises_hold_in_any_weather},
          {"so it is with full batches and rows that are split", promises_hold_with_full_batches},
          {"each event is taken once where every answer arrives", once_where_every_answer_arrives},
          {"so it is with full batches, too", once_with_full_batches})
