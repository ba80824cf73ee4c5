/* Delivery to Loggly over a scripted HTTP and an outbox in memory, in virtual time. */
#define _GNU_SOURCE
#include "engine/sink/delivery.h"
#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"
#include "tests/kit/sinks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OK_BODY "{\"response\" : \"ok\"}"

struct rig {
    struct kit_outbox box;
    struct kit_http http;
    struct kit_world world;
    struct lw_delivery *delivery;
    struct lw_delivery_status status;
    int64_t next;
    enum lw_err err;
    unsigned woken;
    char token[256];
};

static void write_token(const struct rig *rig, const char *text, unsigned mode)
{
    FILE *file = fopen(rig->token, "w");

    fputs(text, file);
    fclose(file);
    chmod(rig->token, mode);
}

static void woken(void *context)
{
    ((struct rig *)context)->woken++;
}

static bool open_rig(struct rig *rig)
{
    static const char *const tags[] = {"leeway", "prod.eu"};
    struct lw_delivery_options options = {.type = LW_DELIVERY_LOGGLY,
                                          .name = "loggly",
                                          .url = "http://127.0.0.1:9",
                                          .tags = tags,
                                          .tags_n = 2,
                                          .seed = 7};
    struct lw_outbox outbox = kit_outbox(&rig->box);
    struct lw_http http = kit_http(&rig->http);
    struct lw_world world = kit_world(&rig->world);

    options.token_file = rig->token;
    rig->world.now = 1700000000000;
    rig->err = lw_delivery_open(&rig->delivery, &options, &outbox, &http, &world, NULL);
    if (rig->err != LW_ERR_OK)
        return false;
    lw_delivery_on_wake(rig->delivery, woken, rig);
    return true;
}

static struct rig new_rig(void)
{
    struct rig rig = {0};

    snprintf(rig.token, sizeof(rig.token), "%s/token", kit_temporary_directory());
    write_token(&rig, "c0ffee00-1111-2222\n", 0600);
    return rig;
}

static void close_rig(struct rig *rig)
{
    lw_delivery_close(rig->delivery);
    kit_outbox_close(&rig->box);
    kit_http_close(&rig->http);
}

static void work(struct rig *rig)
{
    lw_span next = {0};

    rig->err = lw_delivery_work(rig->delivery, (lw_time){rig->world.now}, (lw_span){rig->world.ticks}, &next, NULL);
    rig->next = next.ms;
    lw_delivery_status(rig->delivery, &rig->status);
}

static void pass(struct rig *rig, int64_t milliseconds)
{
    rig->world.now += milliseconds;
    rig->world.ticks += milliseconds;
}

static struct kit_asked *last(struct rig *rig)
{
    return &rig->http.asked[rig->http.asked_n - 1];
}

static void answer(struct rig *rig, int status, const char *body)
{
    kit_http_reply(&rig->http, rig->http.asked_n - 1, status, body, NULL);
    work(rig);
}

static void sends_and_pays(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    work(&rig);
    CU_ASSERT_EQUAL(rig.next, INT64_MAX);
    CU_ASSERT_EQUAL(rig.http.asked_n, 0);
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":1}\n{\"a\":2}\n");
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"a\":3}\n");
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 1);
    CU_ASSERT_STRING_EQUAL(last(&rig)->url, "http://127.0.0.1:9/bulk/c0ffee00-1111-2222");
    CU_ASSERT_STRING_EQUAL(last(&rig)->body, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    CU_ASSERT_STRING_EQUAL(last(&rig)->tags, "leeway,prod.eu,leeway-run");
    CU_ASSERT_STRING_EQUAL(last(&rig)->type, "application/json");
    CU_ASSERT(!last(&rig)->fresh);
    CU_ASSERT(!lw_delivery_idle(rig.delivery));
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 2);
    kit_http_reply(&rig.http, 0, 200, OK_BODY, NULL);
    CU_ASSERT_EQUAL(rig.woken, 1);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 2);
    work(&rig);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rig.status.events, 3);
    CU_ASSERT_EQUAL(rig.status.bytes, 24);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_OK);
    CU_ASSERT_EQUAL(rig.status.results[LW_DELIVERY_RESULT_ACKNOWLEDGED], 1);
    CU_ASSERT(lw_delivery_idle(rig.delivery));
    CU_ASSERT_EQUAL(rig.next, INT64_MAX);
    close_rig(&rig);
}

/* Every status and outcome, with what it must come to. Rows of reliability and RFC 9110, not of the code. */
static void knows_the_statuses(void)
{
    static const struct {
        int status;
        const char *body;
        enum lw_delivery_result result;
    } table[] = {
        {200, "{\"response\":\"ok\"}", LW_DELIVERY_RESULT_ACKNOWLEDGED},
        {200, OK_BODY, LW_DELIVERY_RESULT_ACKNOWLEDGED},
        {202, " {\"x\":[1],\"response\":\"ok\"}\n", LW_DELIVERY_RESULT_ACKNOWLEDGED},
        {200, "", LW_DELIVERY_RESULT_AMBIGUOUS},
        {204, "", LW_DELIVERY_RESULT_AMBIGUOUS},
        {200, "<html>ok</html>", LW_DELIVERY_RESULT_AMBIGUOUS},
        {200, "{\"response\":\"ok\"", LW_DELIVERY_RESULT_AMBIGUOUS},
        {200, "{\"response\":\"no\"}", LW_DELIVERY_RESULT_AMBIGUOUS},
        {200, "{\"response\":[\"ok\"]}", LW_DELIVERY_RESULT_AMBIGUOUS},
        {200, "\"ok\"", LW_DELIVERY_RESULT_AMBIGUOUS},
        {200, "{\"a\":{\"response\":\"ok\"}}", LW_DELIVERY_RESULT_AMBIGUOUS},
        {301, "", LW_DELIVERY_RESULT_HELD},
        {302, OK_BODY, LW_DELIVERY_RESULT_HELD},
        {307, "", LW_DELIVERY_RESULT_HELD},
        {400, OK_BODY, LW_DELIVERY_RESULT_REFUSED},
        {401, "", LW_DELIVERY_RESULT_HELD},
        {403, OK_BODY, LW_DELIVERY_RESULT_HELD},
        {404, "", LW_DELIVERY_RESULT_HELD},
        {405, "", LW_DELIVERY_RESULT_HELD},
        {408, "", LW_DELIVERY_RESULT_RETRY},
        {413, "", LW_DELIVERY_RESULT_REFUSED},
        {422, "", LW_DELIVERY_RESULT_REFUSED},
        {425, "", LW_DELIVERY_RESULT_RETRY},
        {429, "", LW_DELIVERY_RESULT_RETRY},
        {500, OK_BODY, LW_DELIVERY_RESULT_RETRY},
        {502, "<html>", LW_DELIVERY_RESULT_RETRY},
        {503, "", LW_DELIVERY_RESULT_RETRY},
        {504, "", LW_DELIVERY_RESULT_RETRY},
        {599, "", LW_DELIVERY_RESULT_RETRY},
        {600, "", LW_DELIVERY_RESULT_AMBIGUOUS},
        {100, "", LW_DELIVERY_RESULT_AMBIGUOUS},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig rig = new_rig();
        bool paid = table[i].result == LW_DELIVERY_RESULT_ACKNOWLEDGED;
        bool dead = table[i].result == LW_DELIVERY_RESULT_REFUSED;

        CU_ASSERT_FATAL(open_rig(&rig));
        kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"a\":1}\n");
        work(&rig);
        answer(&rig, table[i].status, table[i].body);
        if (rig.status.results[table[i].result] != 1)
            printf("# status %d\n", table[i].status);
        CU_ASSERT_EQUAL(rig.status.results[table[i].result], 1);
        CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), !paid && !dead);
        CU_ASSERT_EQUAL(rig.box.dead_n, dead);
        CU_ASSERT_EQUAL(rig.status.state == LW_DELIVERY_HELD, table[i].result == LW_DELIVERY_RESULT_HELD);
        CU_ASSERT_EQUAL(rig.status.state == LW_DELIVERY_OK, paid || dead);
        CU_ASSERT(paid || rig.status.last_error[0] != '\0');
        close_rig(&rig);
    }
}

static void knows_the_outcomes(void)
{
    static const struct {
        enum lw_http_outcome outcome;
        bool unsent;
        enum lw_delivery_result result;
    } table[] = {
        {LW_HTTP_NETWORK, false, LW_DELIVERY_RESULT_AMBIGUOUS},
        {LW_HTTP_NETWORK, true, LW_DELIVERY_RESULT_RETRY},
        {LW_HTTP_TLS, false, LW_DELIVERY_RESULT_HELD},
        {LW_HTTP_TOO_LARGE, false, LW_DELIVERY_RESULT_AMBIGUOUS},
        {LW_HTTP_REFUSED, false, LW_DELIVERY_RESULT_HELD},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig rig = new_rig();

        CU_ASSERT_FATAL(open_rig(&rig));
        kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"a\":1}\n");
        work(&rig);
        kit_http_break(&rig.http, 0, table[i].outcome, table[i].unsent);
        work(&rig);
        CU_ASSERT_EQUAL(rig.status.results[table[i].result], 1);
        CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 1);
        CU_ASSERT_STRING_EQUAL(rig.status.last_error, "it broke");
        close_rig(&rig);
    }
}

/* Waits lie between 1 s and min(300 s, 2^n s) after n failures in a row, spread over the whole of it. */
static void backs_off_with_full_jitter(void)
{
    struct rig rig = new_rig();
    double sum = 0;
    unsigned counted = 0;

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"a\":1}\n");
    work(&rig);
    for (unsigned n = 1; n <= 400; n++) {
        int64_t bound = n < 9 ? (int64_t)1000 << n : 300000, wait;

        if (bound > 300000)
            bound = 300000;
        answer(&rig, 503, "");
        wait = rig.next - rig.world.ticks;
        CU_ASSERT(wait >= 1000 && wait <= bound);
        CU_ASSERT_EQUAL(rig.status.next_try.ms, rig.world.now + wait);
        if (n > 9) {
            sum += (double)wait;
            counted++;
        }
        pass(&rig, wait - 1);
        work(&rig);
        CU_ASSERT_EQUAL(rig.http.asked_n, n);
        pass(&rig, 1);
        work(&rig);
        CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, n + 1);
        CU_ASSERT_STRING_EQUAL(last(&rig)->body, "{\"a\":1}\n");
    }
    /* Uniform on [1, 300] s: mean 150.5 s, standard deviation 86.3 s; four standard errors. */
    CU_ASSERT(fabs(sum / counted - 150500) < 4 * 86300 / sqrt(counted));
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_RETRYING);
    CU_ASSERT_EQUAL(rig.world.notes, 1);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_OK);
    CU_ASSERT_EQUAL(rig.world.notes, 2);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    close_rig(&rig);
}

static void honours_retry_after(void)
{
    static const struct {
        const char *value, *date;
        int64_t wait;
    } table[] = {
        {"17", NULL, 17000},
        {"0", NULL, 1000},
        {"86400", NULL, 3600000},
        {"Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 60000},
        {"Tue, 14 Nov 2023 22:13:50 GMT", NULL, 30000}, /* now is 1700000000 = 22:13:20 */
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *headers[] = {"retry-after", table[i].value, "date", table[i].date, NULL};
        struct rig rig = new_rig();

        if (!table[i].date)
            headers[2] = NULL;
        CU_ASSERT_FATAL(open_rig(&rig));
        kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"a\":1}\n");
        work(&rig);
        kit_http_reply(&rig.http, 0, 429, "", headers);
        work(&rig);
        CU_ASSERT_EQUAL(rig.next - rig.world.ticks, table[i].wait);
        kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"b\":1}\n");
        work(&rig); /* it holds for the whole account */
        CU_ASSERT_EQUAL(rig.http.asked_n, 1);
        pass(&rig, table[i].wait);
        work(&rig);
        CU_ASSERT_EQUAL(rig.http.asked_n, 3);
        close_rig(&rig);
    }
}

static void holds_and_recovers(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"r\":1}\n");
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 2);
    kit_http_reply(&rig.http, 0, 403, "/bulk/c0ffee00-1111-2222", NULL);
    kit_http_reply(&rig.http, 1, 403, "", NULL);
    work(&rig);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
    CU_ASSERT_PTR_NULL(strstr(rig.status.last_error, "c0ffee"));
    CU_ASSERT_PTR_NULL(strstr(rig.world.last, "c0ffee"));
    CU_ASSERT_EQUAL(rig.next - rig.world.ticks, 300000);
    CU_ASSERT_EQUAL(rig.world.notes, 1);
    pass(&rig, 299999);
    work(&rig);
    CU_ASSERT_EQUAL(rig.http.asked_n, 2);
    pass(&rig, 1);
    work(&rig);
    CU_ASSERT_EQUAL(rig.http.asked_n, 3); /* one probe, not one per lane */
    CU_ASSERT_STRING_EQUAL(last(&rig)->body, "{\"a\":1}\n");
    answer(&rig, 403, "");
    CU_ASSERT_EQUAL(rig.http.asked_n, 3);
    CU_ASSERT_EQUAL(rig.world.notes, 1);
    write_token(&rig, "  newtoken\r\n", 0600);
    pass(&rig, 300000);
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 4);
    CU_ASSERT_STRING_EQUAL(last(&rig)->url, "http://127.0.0.1:9/bulk/newtoken");
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_OK);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 5); /* the rest follows at once */
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    close_rig(&rig);
}

static void a_probe_can_be_asked_for(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    work(&rig);
    kit_http_break(&rig.http, 0, LW_HTTP_TLS, true);
    work(&rig);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
    lw_delivery_probe_now(rig.delivery);
    lw_delivery_status(rig.delivery, &rig.status);
    CU_ASSERT_EQUAL(rig.status.next_try.ms, rig.world.now);
    work(&rig);
    CU_ASSERT_EQUAL(rig.http.asked_n, 2);
    close_rig(&rig);
}

static void bad_token_files_hold(void)
{
    static const struct {
        const char *text;
        unsigned mode;
        const char *says;
    } table[] = {
        {"good", 0644, "every user"},     {"", 0600, "is empty"},
        {" \n", 0600, "is empty"},        {"one\ntwo\n", 0600, "more than one line"},
        {"a/b", 0600, "no Loggly token"}, {"a b", 0600, "no Loggly token"},
        {NULL, 0600, "No such file"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct rig rig = new_rig();

        if (table[i].text)
            write_token(&rig, table[i].text, table[i].mode);
        else
            remove(rig.token);
        CU_ASSERT_FATAL(open_rig(&rig));
        kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
        work(&rig);
        CU_ASSERT_EQUAL(rig.http.asked_n, 0);
        CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
        CU_ASSERT_PTR_NOT_NULL(strstr(rig.status.last_error, table[i].says));
        write_token(&rig, "mended", 0640);
        chmod(rig.token, 0640);
        pass(&rig, 300000);
        work(&rig);
        CU_ASSERT_EQUAL(rig.http.asked_n, 1);
        close_rig(&rig);
    }
}

static void alerts_go_first_and_together(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"m\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_SUMMARY, "{\"s\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"r\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_HEARTBEAT, "{\"h\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":2}\n");
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 3);
    CU_ASSERT_STRING_EQUAL(rig.http.asked[0].body, "{\"a\":1}\n{\"a\":2}\n");
    CU_ASSERT_STRING_EQUAL(rig.http.asked[0].tags, "leeway,prod.eu,leeway-alert");
    CU_ASSERT(rig.http.asked[0].fresh);
    CU_ASSERT_STRING_EQUAL(rig.http.asked[1].body, "{\"s\":1}\n");
    CU_ASSERT_STRING_EQUAL(rig.http.asked[1].tags, "leeway,prod.eu,leeway-summary");
    CU_ASSERT_STRING_EQUAL(rig.http.asked[2].body, "{\"m\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":3}\n");
    work(&rig); /* never two in a lane */
    CU_ASSERT_EQUAL(rig.http.asked_n, 3);
    kit_http_reply(&rig.http, 0, 200, OK_BODY, NULL);
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 4);
    CU_ASSERT_STRING_EQUAL(last(&rig)->body, "{\"h\":1}\n");
    CU_ASSERT(last(&rig)->fresh);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_STRING_EQUAL(last(&rig)->body, "{\"a\":3}\n");
    close_rig(&rig);
}

/* A line of n bytes with its end. */
static char *line_of(size_t n)
{
    char *line = malloc(n + 1);

    memset(line, 'x', n);
    memcpy(line, "{\"k\":\"", 6);
    memcpy(line + n - 3, "\"}\n", 4);
    return line;
}

static void batches_end_at_the_limit(void)
{
    for (size_t over = 0; over < 2; over++) {
        struct rig rig = new_rig();
        char *line = line_of(500000), *tail = line_of(500000 + over);

        CU_ASSERT_FATAL(open_rig(&rig));
        for (unsigned i = 0; i < 9; i++)
            kit_outbox_add(&rig.box, LW_EVENT_METRIC, line);
        kit_outbox_add(&rig.box, LW_EVENT_METRIC, tail);
        work(&rig);
        CU_ASSERT_EQUAL(last(&rig)->body_n, over ? 4500000 : 5000000);
        free(line);
        free(tail);
        close_rig(&rig);
    }
}

static void events_beyond_a_million_bytes_are_dead_at_once(void)
{
    struct rig rig = new_rig();
    char *fits = line_of(1000001), *large = line_of(1000002); /* with the line end */

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, large);
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, fits);
    kit_outbox_add(&rig.box, LW_EVENT_RUN, large);
    work(&rig);
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 1);
    CU_ASSERT_EQUAL(last(&rig)->body_n, 1000001);
    CU_ASSERT_EQUAL_FATAL(rig.box.dead_n, 1);
    CU_ASSERT_EQUAL(rig.box.dead[0].row, 3);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL_FATAL(rig.box.dead_n, 2);
    CU_ASSERT_EQUAL(rig.box.dead[1].row, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig.box.dead[1].reason, "1 000 000"));
    CU_ASSERT_EQUAL(rig.status.dead, 2);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    free(fits);
    free(large);
    close_rig(&rig);
}

static void begins_small_after_a_failure(void)
{
    struct rig rig = new_rig();
    char *line = line_of(200000);
    size_t sizes[] = {200000, 400000, 1000000, 2000000, 4000000, 5000000, 5000000};

    CU_ASSERT_FATAL(open_rig(&rig));
    for (unsigned i = 0; i < 200; i++)
        kit_outbox_add(&rig.box, LW_EVENT_METRIC, line);
    work(&rig);
    CU_ASSERT_EQUAL(last(&rig)->body_n, 5000000);
    answer(&rig, 500, "");
    pass(&rig, rig.next - rig.world.ticks);
    work(&rig);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CU_ASSERT_EQUAL(last(&rig)->body_n, sizes[i]);
        answer(&rig, 200, OK_BODY);
    }
    free(line);
    close_rig(&rig);
}

static void success_in_one_lane_frees_the_others(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"m\":1}\n");
    work(&rig);
    answer(&rig, 500, "");
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    work(&rig); /* the failure of metrics does not delay an alert */
    CU_ASSERT_EQUAL_FATAL(rig.http.asked_n, 2);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.http.asked_n, 3);
    CU_ASSERT_STRING_EQUAL(last(&rig)->body, "{\"m\":1}\n");
    close_rig(&rig);
}

/* A server that refuses whatever has a poisoned event in it. */
static bool poisoned(const char *body)
{
    return strstr(body, "poison") != NULL;
}

static unsigned deliver_all(struct rig *rig, uint8_t *times)
{
    unsigned requests = 0;

    work(rig);
    while (kit_http_open(&rig->http) > 0 && requests < 100000) {
        struct kit_asked *asked = last(rig);
        bool bad = poisoned(asked->body);

        requests++;
        if (!bad) {
            for (char *at = asked->body; (at = strstr(at, "\"n\":")) != NULL; at++)
                times[strtoul(at + 4, NULL, 10)]++;
        }
        answer(rig, bad ? 400 : 200, bad ? "" : OK_BODY);
        if (rig->next > rig->world.ticks && rig->next != INT64_MAX)
            pass(rig, rig->next - rig->world.ticks);
        work(rig);
    }
    return requests;
}

static void isolates_poison(void)
{
    struct kit_random random = kit_seed(20261122);

    for (unsigned round = 0; round < 300; round++) {
        unsigned n = 1 + (unsigned)(kit_random_bits(&random) % 200), bad = 0, requests, in_row = 0;
        unsigned wanted = round < 150 ? 1 : (unsigned)(kit_random_bits(&random) % 6);
        bool *poison = calloc(n, sizeof(*poison));
        uint8_t *times = calloc(n, 1);
        struct rig rig = new_rig();
        char lines[200 * 40] = "", one[64];

        CU_ASSERT_FATAL(open_rig(&rig));
        for (unsigned i = 0; i < wanted; i++) {
            unsigned at = (unsigned)(kit_random_bits(&random) % n);

            bad += !poison[at];
            poison[at] = true;
        }
        for (unsigned i = 0; i < n; i++) {
            snprintf(one, sizeof(one), "{\"n\":%u%s}\n", i, poison[i] ? ",\"poison\":1" : "");
            strcat(lines, one);
            if (++in_row > kit_random_bits(&random) % 20 || i + 1 == n) {
                kit_outbox_add(&rig.box, LW_EVENT_METRIC, lines);
                lines[0] = '\0';
                in_row = 0;
            }
        }
        requests = deliver_all(&rig, times);
        CU_ASSERT_EQUAL(rig.box.dead_n, bad);
        CU_ASSERT_EQUAL(rig.status.dead, bad);
        CU_ASSERT_EQUAL(rig.status.events, n - bad);
        CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
        for (unsigned i = 0; i < n; i++)
            CU_ASSERT_EQUAL(times[i], !poison[i]);
        for (size_t i = 0; i < rig.box.dead_n; i++) {
            CU_ASSERT(rig.box.dead[i].event && poisoned(rig.box.dead[i].event));
            CU_ASSERT(strstr(rig.box.dead[i].reason, "HTTP 400") != NULL);
        }
        if (bad <= 1)
            CU_ASSERT(requests <= 2 * log2(n) + 2);
        CU_ASSERT(requests <= 1 + bad * (ceil(log2(n)) + 2));
        free(poison);
        free(times);
        close_rig(&rig);
    }
}

static void a_sink_that_refuses_everything_is_held(void)
{
    struct rig rig = new_rig();
    uint64_t dead;

    CU_ASSERT_FATAL(open_rig(&rig));
    for (unsigned i = 0; i < 1000; i++)
        kit_outbox_add(&rig.box, LW_EVENT_RUN, "{\"poison\":1}\n");
    work(&rig);
    for (unsigned i = 0; i < 1000 && kit_http_open(&rig.http) > 0; i++)
        answer(&rig, 400, "");
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_HELD);
    CU_ASSERT_EQUAL(rig.status.dead, 32);
    dead = rig.status.dead;
    pass(&rig, 300000);
    work(&rig);
    CU_ASSERT_EQUAL(kit_http_open(&rig.http), 1);
    answer(&rig, 400, "");
    CU_ASSERT_EQUAL(rig.status.dead, dead + 1);
    CU_ASSERT_EQUAL(kit_http_open(&rig.http), 0);
    pass(&rig, 300000);
    work(&rig);
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.status.state, LW_DELIVERY_OK);
    CU_ASSERT_EQUAL(kit_http_open(&rig.http), 1);
    close_rig(&rig);
}

static void an_outbox_that_fails_is_asked_again(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    work(&rig);
    rig.box.fail = 2;
    answer(&rig, 200, OK_BODY);
    CU_ASSERT_EQUAL(rig.err, LW_ERR_FULL);
    CU_ASSERT_EQUAL(rig.next - rig.world.ticks, 1000);
    CU_ASSERT(!lw_delivery_idle(rig.delivery));
    work(&rig);
    CU_ASSERT_EQUAL(rig.err, LW_ERR_FULL);
    work(&rig);
    CU_ASSERT_EQUAL(rig.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(rig.http.asked_n, 1); /* not sent twice */
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 0);
    CU_ASSERT_EQUAL(rig.status.events, 1);
    close_rig(&rig);
}

static void options_are_checked(void)
{
    static const char *const bad[] = {
        "", "-a", "a b", "a,b", "\xc3\xa4", ".x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    static const char *const good[] = {"a", "A.b_c-9", "9x"};
    struct lw_delivery_options options = {.type = LW_DELIVERY_LOGGLY, .token_file = "t", .tags_n = 1};
    struct lw_outbox outbox = {0};
    struct lw_http http = {0};
    struct lw_world world = {0};
    struct lw_delivery *delivery;
    struct lw_fault fault;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        options.tags = &bad[i];
        CU_ASSERT_EQUAL(lw_delivery_open(&delivery, &options, &outbox, &http, &world, &fault), LW_ERR_CONFIG);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        options.tags = &good[i];
        CU_ASSERT_EQUAL_FATAL(lw_delivery_open(&delivery, &options, &outbox, &http, &world, &fault), LW_ERR_OK);
        lw_delivery_close(delivery);
    }
    options = (struct lw_delivery_options){.type = LW_DELIVERY_LOGGLY};
    CU_ASSERT_EQUAL(lw_delivery_open(&delivery, &options, &outbox, &http, &world, &fault), LW_ERR_CONFIG);
    options = (struct lw_delivery_options){.type = LW_DELIVERY_WEBHOOK};
    CU_ASSERT_EQUAL(lw_delivery_open(&delivery, &options, &outbox, &http, &world, &fault), LW_ERR_CONFIG);
    options = (struct lw_delivery_options){.type = LW_DELIVERY_FILE};
    CU_ASSERT_EQUAL(lw_delivery_open(&delivery, &options, &outbox, &http, &world, &fault), LW_ERR_CONFIG);
    lw_delivery_close(NULL);
}

static void closing_cancels(void)
{
    struct rig rig = new_rig();

    CU_ASSERT_FATAL(open_rig(&rig));
    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    work(&rig);
    CU_ASSERT_EQUAL(kit_http_open(&rig.http), 1);
    lw_delivery_close(rig.delivery);
    rig.delivery = NULL;
    CU_ASSERT_EQUAL(kit_http_open(&rig.http), 0);
    CU_ASSERT_EQUAL(kit_outbox_owed(&rig.box), 1);
    close_rig(&rig);
}

/* With any allocation failing: nothing is lost, nothing is buried but the poison, and it ends well when memory is back. */
static bool survives(void *self, bool failing)
{
    const struct rig *fresh = self;
    struct rig rig = *fresh;
    bool good = true;

    kit_outbox_add(&rig.box, LW_EVENT_ALERT, "{\"a\":1}\n");
    kit_outbox_add(&rig.box, LW_EVENT_METRIC, "{\"m\":1}\n{\"poison\":1}\n{\"m\":2}\n");
    if (!open_rig(&rig)) {
        good = rig.err == LW_ERR_NOMEM;
    } else {
        for (unsigned i = 0; i < 60 && kit_outbox_owed(&rig.box) > 0; i++) {
            if (i == 20 && failing)
                kit_alloc_fail(0, false); /* memory is back */
            work(&rig);
            good = good && (rig.err == LW_ERR_OK || rig.err == LW_ERR_NOMEM);
            for (size_t k = 0; k < rig.http.asked_n; k++) {
                if (rig.http.asked[k].open && poisoned(rig.http.asked[k].body))
                    kit_http_reply(&rig.http, k, 400, "", NULL);
                else if (rig.http.asked[k].open)
                    kit_http_reply(&rig.http, k, 200, OK_BODY, NULL);
            }
            pass(&rig, 300000);
        }
        good = good && kit_outbox_owed(&rig.box) == 0 && rig.box.dead_n == 1 && poisoned(rig.box.dead[0].event);
    }
    close_rig(&rig);
    return good;
}

static struct rig torture_rig(void)
{
    struct rig rig = new_rig();

    return rig;
}

static void survives_every_failing_allocation(void)
{
    struct rig rig = torture_rig();

    CU_ASSERT(kit_alloc_torture(survives, &rig) > 10);
}

KIT_SUITE("delivery", {"a batch is sent, and paid when it is acknowledged", sends_and_pays},
          {"every status has its consequence", knows_the_statuses},
          {"every way to fail has its consequence", knows_the_outcomes},
          {"back-off is full jitter between 1 s and 5 min", backs_off_with_full_jitter},
          {"Retry-After is honoured within its bounds", honours_retry_after},
          {"a refused token holds the sink until the file is mended", holds_and_recovers},
          {"a person can ask for a probe", a_probe_can_be_asked_for},
          {"a token file that must not be used holds the sink and says why", bad_token_files_hold},
          {"alerts go first, together, on a fresh connection, one request per lane", alerts_go_first_and_together},
          {"a batch is at most 5 000 000 bytes", batches_end_at_the_limit},
          {"an event beyond 1 000 000 bytes is dead at once", events_beyond_a_million_bytes_are_dead_at_once},
          {"requests begin small after a failure and double", begins_small_after_a_failure},
          {"failures are of a lane, success is of the sink", success_in_one_lane_frees_the_others},
          {"poison is found in log2(n) requests, the rest is delivered once", isolates_poison},
          {"a sink that refuses everything is held", a_sink_that_refuses_everything_is_held},
          {"an outbox that fails is asked again", an_outbox_that_fails_is_asked_again},
          {"options are checked", options_are_checked}, {"closing cancels what is in flight", closing_cancels},
          {"nothing is lost with any allocation failing", survives_every_failing_allocation})
