/* Reading ahead: what comes next is read while a full batch is on its way. */
#define _GNU_SOURCE
#include "engine/base/fault.h"
#include "engine/sink/delivery.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OK_BODY "{\"response\" : \"ok\"}"
#define ROWS    30
#define WIDE    400000 /* bytes of a row: 12 of them make a batch */

struct rig {
    struct kit_outbox box;
    struct lw_outbox inner;
    struct kit_http http;
    struct kit_world world;
    struct lw_delivery *delivery;
    enum lw_err err;
    unsigned rows_read;
    bool unreadable;
    char token[256];
};

struct passing {
    struct rig *rig;
    bool (*row)(void *context, const struct lw_outbox_row *row);
    void *context;
};

static bool count_row(void *self, const struct lw_outbox_row *row)
{
    struct passing *passing = self;

    passing->rig->rows_read++;
    return passing->row(passing->context, row);
}

static enum lw_err counted_read(void *self, uint32_t sink, enum lw_lane lane, uint64_t after,
                                bool (*row)(void *context, const struct lw_outbox_row *row), void *context,
                                struct lw_fault *fault)
{
    struct rig *rig = self;
    struct passing passing = {rig, row, context};

    if (rig->unreadable)
        return lw_fault_set(fault, LW_ERR_IO, "the store cannot be read");
    return rig->inner.read(rig->inner.self, sink, lane, after, count_row, &passing, fault);
}

static enum lw_err pass_paid(void *self, uint32_t sink, const uint64_t *rows, size_t n, struct lw_fault *fault)
{
    struct rig *rig = self;

    return rig->inner.paid(rig->inner.self, sink, rows, n, fault);
}

static enum lw_err pass_dead(void *self, uint32_t sink, uint64_t row, size_t at, size_t n, const char *reason,
                             struct lw_fault *fault)
{
    struct rig *rig = self;

    return rig->inner.dead(rig->inner.self, sink, row, at, n, reason, fault);
}

/* Row `number` (from 1): two events, the first names it. */
static void add_row(struct rig *rig, unsigned number)
{
    static char text[WIDE + 1];

    memset(text, 'x', WIDE);
    text[WIDE] = '\0';
    text[snprintf(text, 40, "{\"row\":%02u,\"a\":\"", number)] = 'x';
    memcpy(text + WIDE / 2, "\"}\n{\"b\":\"", 9);
    memcpy(text + WIDE - 3, "\"}\n", 3);
    kit_outbox_add(&rig->box, LW_EVENT_METRIC, text);
}

static void write_token(struct rig *rig)
{
    FILE *file;

    snprintf(rig->token, sizeof(rig->token), "%s/token", kit_temporary_directory());
    file = fopen(rig->token, "w");
    fputs("c0ffee00-1111-2222\n", file);
    fclose(file);
    chmod(rig->token, 0600);
}

static void open_rig(struct rig *rig, unsigned rows)
{
    struct lw_delivery_options options = {
        .type = LW_DELIVERY_LOGGLY, .name = "loggly", .url = "http://127.0.0.1:9", .seed = 7};
    struct lw_outbox outbox = {.self = rig, .read = counted_read, .paid = pass_paid, .dead = pass_dead};
    struct lw_http http = kit_http(&rig->http);
    struct lw_world world = kit_world(&rig->world);

    if (rig->token[0] == '\0')
        write_token(rig);
    options.token_file = rig->token;
    rig->world.now = 1700000000000;
    rig->inner = kit_outbox(&rig->box);
    for (unsigned i = 1; i <= rows; i++)
        add_row(rig, i);
    rig->err = lw_delivery_open(&rig->delivery, &options, &outbox, &http, &world, NULL);
}

static void close_rig(struct rig *rig)
{
    lw_delivery_close(rig->delivery);
    kit_outbox_close(&rig->box);
    kit_http_close(&rig->http);
}

/* The rows that are read by it. */
static unsigned work(struct rig *rig)
{
    lw_span next = {0};

    rig->rows_read = 0;
    rig->err = lw_delivery_work(rig->delivery, (lw_time){rig->world.now}, (lw_span){rig->world.ticks}, &next, NULL);
    return rig->rows_read;
}

static unsigned prepare(struct rig *rig)
{
    rig->rows_read = 0;
    while (lw_delivery_prepare(rig->delivery)) {
    }
    return rig->rows_read;
}

static unsigned answer(struct rig *rig, int status, const char *body)
{
    kit_http_reply(&rig->http, rig->http.asked_n - 1, status, body, NULL);
    return work(rig);
}

/* The number of the row that request `i` begins with. */
static unsigned first_of(const struct rig *rig, size_t i)
{
    return (unsigned)strtoul(rig->http.asked[i].body + 7, NULL, 10);
}

/* All requests in `from` .. together are the rows from `row` on, byte for byte; the number of the row after them. */
static size_t rows_sent(const struct rig *rig, size_t from, size_t row)
{
    size_t at = 0;

    for (size_t i = from; i < rig->http.asked_n; i++) {
        for (size_t done = 0; done < rig->http.asked[i].body_n;) {
            const struct kit_row *one = &rig->box.rows[row];
            size_t n = one->n - at < rig->http.asked[i].body_n - done ? one->n - at : rig->http.asked[i].body_n - done;

            CU_ASSERT_EQUAL(memcmp(rig->http.asked[i].body + done, one->bytes + at, n), 0);
            done += n;
            at += n;
            row += at == one->n;
            at = at == one->n ? 0 : at;
        }
    }
    return row;
}

static void reads_while_it_sends(void)
{
    struct rig rig = {.rows_read = 0};

    open_rig(&rig, ROWS);
    CU_ASSERT_EQUAL(work(&rig), 13); /* and the one that did not fit */
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 1);
    CU_ASSERT(lw_delivery_prepare(rig.delivery));
    CU_ASSERT(rig.rows_read <= 13 + 2); /* a piece at a time */
    CU_ASSERT(prepare(&rig) > 10);
    CU_ASSERT_EQUAL(prepare(&rig), 0);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), ROWS);
    CU_ASSERT_EQUAL(answer(&rig, 200, OK_BODY), 1); /* only whether it is still owed */
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 2);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), ROWS - 12);
    CU_ASSERT_EQUAL(first_of(&rig, 1), 13);
    prepare(&rig);
    answer(&rig, 200, OK_BODY);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rig.http.asked_n, 3);
    CU_ASSERT_EQUAL(rows_sent(&rig, 0, 0), ROWS);
    close_rig(&rig);
}

static void goes_on_where_it_was_when_the_answer_comes_early(void)
{
    struct rig rig = {.rows_read = 0};

    open_rig(&rig, ROWS);
    work(&rig);
    CU_ASSERT(lw_delivery_prepare(rig.delivery));
    CU_ASSERT(lw_delivery_prepare(rig.delivery));
    CU_ASSERT(answer(&rig, 200, OK_BODY) < 13);
    answer(&rig, 200, OK_BODY);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rows_sent(&rig, 0, 0), ROWS);
    close_rig(&rig);
}

static void what_failed_goes_first(void)
{
    static const int statuses[] = {503, 403, 200, 0};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct rig rig = {.rows_read = 0};

        open_rig(&rig, ROWS);
        work(&rig);
        prepare(&rig);
        if (statuses[i] == 0)
            kit_http_break(&rig.http, 0, LW_HTTP_NETWORK, false);
        else
            kit_http_reply(&rig.http, 0, statuses[i], "<html>", NULL);
        work(&rig);
        CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), ROWS);
        for (unsigned k = 0; k < 300 && kit_outbox_owed(&rig.box) > 0; k++) {
            rig.world.ticks += 600000;
            rig.world.now += 600000;
            work(&rig);
            prepare(&rig);
            if (rig.http.asked[rig.http.asked_n - 1].open)
                answer(&rig, 200, OK_BODY);
        }
        CU_ASSERT_EQUAL(first_of(&rig, 1), 1);
        CU_ASSERT_EQUAL(rows_sent(&rig, 1, 0), ROWS);
        close_rig(&rig);
    }
}

static void a_refused_batch_is_halved(void)
{
    struct rig rig = {.rows_read = 0};

    open_rig(&rig, ROWS);
    work(&rig);
    prepare(&rig);
    answer(&rig, 413, "");
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 2);
    CU_ASSERT_EQUAL(first_of(&rig, 1), 1);
    CU_ASSERT(rig.http.asked[1].body_n <= rig.http.asked[0].body_n / 2);
    CU_ASSERT_EQUAL(prepare(&rig), 0); /* one is looked for: nothing is read ahead */
    close_rig(&rig);
}

/* The spool was full: the oldest rows were given up and are in the ledger of losses, so they must not go. */
static void what_was_given_up_is_not_sent(void)
{
    struct rig rig = {.rows_read = 0};

    open_rig(&rig, ROWS);
    work(&rig);
    prepare(&rig);
    for (unsigned i = 12; i < 15; i++)
        rig.box.rows[i].paid = true;
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 2);
    CU_ASSERT_EQUAL(first_of(&rig, 1), 16);
    close_rig(&rig);
}

static void a_batch_that_could_grow_is_read_anew(void)
{
    struct rig rig = {.rows_read = 0};

    open_rig(&rig, 14);
    work(&rig);
    CU_ASSERT_EQUAL(prepare(&rig), 2);
    add_row(&rig, 15);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.http.asked[1].body_n, (size_t)3 * WIDE);
    CU_ASSERT_EQUAL(prepare(&rig), 0); /* it is not full: there is nothing more */
    close_rig(&rig);
}

static void a_store_that_cannot_be_read_is_asked_again(void)
{
    struct rig rig = {.rows_read = 0};

    open_rig(&rig, ROWS);
    work(&rig);
    rig.unreadable = true;
    CU_ASSERT(!lw_delivery_prepare(rig.delivery));
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.err, LW_ERR_IO);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), ROWS - 12);
    rig.unreadable = false;
    rig.world.ticks += 2000;
    CU_ASSERT_EQUAL(work(&rig), 13);
    CU_ASSERT_EQUAL(first_of(&rig, 1), 13);
    close_rig(&rig);
}

static bool survives(void *self, bool failing)
{
    struct rig rig = *(const struct rig *)self;
    bool good = true;

    open_rig(&rig, 26);
    if (rig.err != LW_ERR_OK) {
        good = rig.err == LW_ERR_NOMEM;
    } else {
        for (unsigned i = 0; i < 40 && kit_outbox_owed(&rig.box) > 0; i++) {
            if (i == 4 && failing)
                kit_alloc_fail(0, false); /* memory is back */
            work(&rig);
            prepare(&rig);
            if (rig.http.asked_n > 0 && rig.http.asked[rig.http.asked_n - 1].open)
                answer(&rig, 200, OK_BODY);
            rig.world.ticks += 600000;
        }
        /* A reply that there was no memory to read is as good as none: then it is sent twice. */
        good = kit_outbox_owed(&rig.box) == 0 && rig.box.dead_n == 0 && (failing || rows_sent(&rig, 0, 0) == 26);
    }
    close_rig(&rig);
    return good;
}

static void survives_every_failing_allocation(void)
{
    struct rig rig = {.rows_read = 0};

    write_token(&rig);
    CU_ASSERT(kit_alloc_torture(survives, &rig) > 10);
}

KIT_SUITE("delivery_ahead", {"the next batch is read while one is on its way", reads_while_it_sends},
          {"an answer that comes early loses nothing of what was read",
           goes_on_where_it_was_when_the_answer_comes_early},
          {"what must be sent again goes first, in order", what_failed_goes_first},
          {"a refused batch is halved as ever", a_refused_batch_is_halved},
          {"what was given up meanwhile is not sent", what_was_given_up_is_not_sent},
          {"a batch that is not full is read anew", a_batch_that_could_grow_is_read_anew},
          {"a store that cannot be read ahead is asked again", a_store_that_cannot_be_read_is_asked_again},
          {"nothing is lost with any allocation failing", survives_every_failing_allocation})
