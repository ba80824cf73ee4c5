#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/flow/http/server.h"
#include "tests/kit/alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static struct event_base *base;
static struct lw_server *server;
static struct lw_source source;
static struct lw_world world;
static struct lw_server_ready readiness;

static bool alive(void *self, char reason[200])
{
    (void)self;
    (void)reason;
    return true;
}

static void ready(void *self, struct lw_server_ready *out)
{
    (void)self;
    *out = readiness;
}

static void metrics(void *self, struct lw_metrics *out)
{
    (void)self;
    out->version = "1.2.3";
}

static enum lw_err list(void *self, struct lw_str origin, struct lw_str model, uint32_t limit, struct lw_buf *out,
                        struct lw_fault *fault)
{
    (void)self;
    if (lw_str_equal(model, LW_STR("broken"))) {
        snprintf(fault->text, sizeof(fault->text), "the store is away");
        return LW_ERR_IO;
    }
    lw_buf_format(out, "[\"%.*s\",\"%.*s\",%u]", (int)origin.len, origin.at ? origin.at : "", (int)model.len,
                  model.at ? model.at : "", limit);
    return LW_ERR_OK;
}

static void wake(void *self)
{
    (void)self;
}

static const char *path_in(const char *name)
{
    static char path[4][256];
    static unsigned at;

    at = (at + 1) % 4;
    snprintf(path[at], sizeof(path[at]), "%s/%s", kit_temporary_directory(), name);
    return path[at];
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    CU_ASSERT_EQUAL(fchmod(fd, mode), 0);
    close(fd);
}

static struct lw_server_calls calls(void)
{
    return (struct lw_server_calls){
        .alive = alive, .ready = ready, .metrics = metrics, .runs = list, .alerts = list, .push = source.state};
}

static void open_with(struct lw_server_options options)
{
    static const struct lw_push_options push;
    struct lw_server_calls all;
    struct lw_source_calls up = {.world = &world, .wake = wake};
    struct lw_fault fault = {.code = LW_ERR_OK};

    world = lw_world_real();
    world.note = NULL;
    base = event_base_new();
    CU_ASSERT_EQUAL_FATAL(lw_push_open(&source, &push, &up, LW_STR(""), NULL), LW_ERR_OK);
    (void)source.kind->ready(source.state);
    source.kind->taken(source.state, true);
    all = calls();
    if (options.listen == NULL)
        options.listen = "127.0.0.1:0";
    if (lw_server_open(&server, base, &options, &all, &world, &fault) != LW_ERR_OK) {
        printf("# %s\n", fault.text);
        CU_FAIL_FATAL("the server does not open");
    }
}

static void open_server(void)
{
    open_with((struct lw_server_options){.listen = NULL});
}

static void close_server(void)
{
    lw_server_close(server);
    source.kind->close(source.state);
    event_base_free(base);
}

static int dial(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(lw_server_port(server)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What the daemon's turn does: takes every batch. */
static bool commits = true;

static void turn(void)
{
    const struct lw_source_batch *batch = commits ? source.kind->ready(source.state) : NULL;

    if (batch == NULL)
        return;
    for (size_t i = 0; i < batch->parts_n; i++) {
        struct lw_push_counts counts = {.accepted = 1};

        lw_push_result(source.state, i, &counts);
    }
    source.kind->taken(source.state, true);
}

static char got[1 << 20];
static size_t got_n;
static bool got_end;

/* Sends all of it, as fast as it goes, and reads until the peer hangs up, or `enough` responses are there, or nothing
   happens for a while. */
static void talk(int fd, const char *bytes, size_t n, unsigned enough)
{
    size_t sent = 0;
    int quiet = 0;

    got_n = 0;
    got_end = false;
    while (!got_end && quiet < 300) {
        struct pollfd poll_fd = {.fd = fd, .events = (short)(POLLIN | (sent < n ? POLLOUT : 0))};
        unsigned responses = 0;
        bool idle = poll(&poll_fd, 1, 1) == 0;
        ssize_t k;

        event_base_loop(base, EVLOOP_NONBLOCK);
        turn();
        quiet = idle ? quiet + 1 : 0;
        if (sent < n && (poll_fd.revents & POLLOUT)) {
            k = send(fd, bytes + sent, n - sent < 65536 ? n - sent : 65536, MSG_NOSIGNAL);
            sent = k < 0 && errno != EAGAIN ? n : sent + (k > 0 ? (size_t)k : 0);
        }
        k = recv(fd, got + got_n, sizeof(got) - 1 - got_n, 0);
        if (k == 0 || (k < 0 && errno != EAGAIN))
            got_end = true;
        got_n += k > 0 ? (size_t)k : 0;
        got[got_n] = '\0';
        for (const char *at = got; (at = strstr(at, "HTTP/1.1 ")) != NULL; at += 9) {
            const char *body = strstr(at, "\r\n\r\n");
            const char *length = strstr(at, "Content-Length: ");

            responses += body != NULL && length != NULL && length < body &&
                         strlen(body + 4) >= (size_t)strtoul(length + 16, NULL, 10);
        }
        if (enough > 0 && responses >= enough && sent == n)
            return;
    }
}

static int status(void)
{
    return got_n > 12 && memcmp(got, "HTTP/1.1 ", 9) == 0 ? (int)strtol(got + 9, NULL, 10) : 0;
}

/* One connection, one text; the status of the first response. */
static int ask_n(const char *bytes, size_t n)
{
    int fd = dial();

    CU_ASSERT_FATAL(fd >= 0);
    talk(fd, bytes, n, 1);
    close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    return status();
}

static int ask(const char *bytes)
{
    return ask_n(bytes, strlen(bytes));
}

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

static void what_is_read_is_answered(void)
{
    open_server();
    CU_ASSERT_EQUAL(ask("GET /healthz HTTP/1.1\r\n" HOST "\r\n"), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "{\"status\":\"ok\"}\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "X-Content-Type-Options: nosniff\r\n"));
    CU_ASSERT_PTR_NULL(strstr(got, "Access-Control"));
    readiness = (struct lw_server_ready){.ready = false, .reason = "the store is being read"};
    CU_ASSERT_EQUAL(ask("GET /readyz HTTP/1.1\r\n" HOST "\r\n"), 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "{\"error\":\"the store is being read\"}"));
    readiness.ready = true;
    CU_ASSERT_EQUAL(ask("GET /readyz HTTP/1.1\r\n" HOST "\r\n"), 200);
    CU_ASSERT_EQUAL(ask("GET /metrics HTTP/1.1\r\n" HOST "\r\n"), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "Content-Type: text/plain; version=0.0.4"));
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "leeway_build_info{version=\"1.2.3\"} 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "leeway_http_requests_total{status=\"2xx\"} 2\n"));
    CU_ASSERT_EQUAL(ask("HEAD /healthz HTTP/1.1\r\n" HOST "\r\n"), 200);
    CU_ASSERT_PTR_NULL(strstr(got, "status"));
    CU_ASSERT_EQUAL(ask("GET /healthz HTTP/1.0\r\n\r\n"), 200);
    CU_ASSERT_TRUE(got_end || strstr(got, "Connection: close") != NULL);
    close_server();
}

static void lists_take_parameters(void)
{
    open_server();
    CU_ASSERT_EQUAL(ask("GET /v1/runs HTTP/1.1\r\n" HOST "\r\n"), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "[\"\",\"\",100]\n"));
    CU_ASSERT_EQUAL(ask("GET /v1/alerts?model=a%2Fb+c&limit=7&origin=x HTTP/1.1\r\n" HOST "\r\n"), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "[\"x\",\"a/b c\",7]\n"));
    CU_ASSERT_EQUAL(ask("GET /v1/runs?limit=0 HTTP/1.1\r\n" HOST "\r\n"), 400);
    CU_ASSERT_EQUAL(ask("GET /v1/runs?limit=1001 HTTP/1.1\r\n" HOST "\r\n"), 400);
    CU_ASSERT_EQUAL(ask("GET /v1/runs?limit=-1 HTTP/1.1\r\n" HOST "\r\n"), 400);
    CU_ASSERT_EQUAL(ask("GET /v1/runs?model=broken HTTP/1.1\r\n" HOST "\r\n"), 500);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "the store is away"));
    close_server();
}

static void a_push_is_answered_once_it_is_durable(void)
{
    int fd;
    static const char push[] = "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 4\r\n\r\n{\"a\"";

    open_server();
    CU_ASSERT_EQUAL(ask(push), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "{\"accepted\":1,\"rejected\":{}}"));
    fd = dial();
    commits = false;
    talk(fd, push, sizeof(push) - 1, 1);
    CU_ASSERT_EQUAL(got_n, 0);
    CU_ASSERT_EQUAL(lw_server_busy(server), 1);
    CU_ASSERT_PTR_NOT_NULL(source.kind->ready(source.state));
    source.kind->taken(source.state, false);
    talk(fd, "", 0, 1);
    CU_ASSERT_EQUAL(status(), 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "Retry-After: 5\r\n"));
    commits = true;
    talk(fd, push, sizeof(push) - 1, 1); /* the connection is kept */
    CU_ASSERT_EQUAL(status(), 200);
    close(fd);
    close_server();
}

static void chunks_are_put_together(void)
{
    open_server();
    CU_ASSERT_EQUAL(ask("POST /v1/metrics HTTP/1.1\r\n" HOST JSON
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n"),
                    200);
    CU_ASSERT_EQUAL(ask("POST /v1/metrics HTTP/1.1\r\n" HOST JSON
                        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
                    100);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "HTTP/1.1 200 OK"));
    close_server();
}

static void tricks_with_chunks_are_refused(void)
{
    static const char *const bad[] = {"3;ext=1\r\nabc\r\n0\r\n\r\n",
                                      "3\nabc\n0\n\n",
                                      "g\r\n",
                                      "\r\nabc",
                                      "-1\r\n",
                                      "+3\r\nabc\r\n0\r\n\r\n",
                                      "0x3\r\nabc\r\n0\r\n\r\n",
                                      "3 \r\nabc\r\n0\r\n\r\n",
                                      "fffffffff\r\nabc",
                                      "3\r\nabcd\r\n0\r\n\r\n",
                                      "3\r\nabc0\r\n\r\n",
                                      "0\r\nTrailer: x\r\n\r\n",
                                      "3\r\nabc\r\r\n0\r\n\r\n"};
    char text[512];

    open_server();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n%s",
                 bad[i]);
        CU_ASSERT_EQUAL(ask(text), 400);
        if (status() != 400)
            printf("# %s\n", bad[i]);
        CU_ASSERT_PTR_NULL(source.kind->ready(source.state));
    }
    close_server();
}

/* Each with the status it has to have. */
static void what_can_be_read_in_two_ways_is_refused(void)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON
              "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 4, 4\r\n\r\nabcd"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: +4\r\n\r\nabcd"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 0x4\r\n\r\nabcd"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: \r\n\r\nabcd"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length : 4\r\n\r\nabcd"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "X: 1\r\n Content-Length: 4\r\n\r\nabcd"},
        {501, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        {501, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: xchunked\r\n\r\n"},
        {400, "POST /v1/metrics HTTP/1.0\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n"},
        {400, "GET /healthz HTTP/1.1\r\n\r\n"},
        {400, "GET /healthz HTTP/1.1\r\n" HOST HOST "\r\n"},
        {400, "GET /healthz HTTP/1.1\nHost: localhost\n\n\r\n\r\n"},
        {400, "GET  /healthz HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /healthz\r\n\r\n"},
        {400, "GET healthz HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET http://localhost/healthz HTTP/1.1\r\n" HOST "\r\n"},
        {400, "G\x01T /healthz HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /healthz HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n"},
        {400, "GET /healthz HTTP/1.1\r\n" HOST "no colon\r\n\r\n"},
        {400, "GET /healthz HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"},
        {400, "\r\n\r\n"},
        {505, "GET /healthz HTTP/2.0\r\n" HOST "\r\n"},
        {400, "GET /healthz http/1.1\r\n" HOST "\r\n"},
        {417, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 4\r\nExpect: gold\r\n\r\n"},
    };

    open_server();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(ask(rows[i].text), rows[i].status);
        if (status() != rows[i].status)
            printf("# got %d for %s\n", status(), rows[i].text);
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "Connection: close"));
        CU_ASSERT_PTR_NULL(source.kind->ready(source.state));
    }
    close_server();
}

static void paths_methods_and_types_are_checked(void)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {404, "GET / HTTP/1.1\r\n" HOST "\r\n"},
        {404, "GET /healthz/ HTTP/1.1\r\n" HOST "\r\n"},
        {404, "GET /v1/../metrics HTTP/1.1\r\n" HOST "\r\n"},
        {405, "POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"},
        {405, "TRACE /healthz HTTP/1.1\r\n" HOST "\r\n"},
        {405, "GET /v1/metrics HTTP/1.1\r\n" HOST "\r\n"},
        {405, "HEAD /v1/firehose HTTP/1.1\r\n" HOST "\r\n"},
        {405, "OPTIONS /v1/metrics HTTP/1.1\r\n" HOST "\r\n"},
        {415, "POST /v1/metrics HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"},
        {415, "POST /v1/metrics HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"},
        {415, "POST /v1/metrics HTTP/1.1\r\n" HOST
              "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1\r\n\r\nx"},
        {415, "POST /v1/firehose HTTP/1.1\r\n" HOST "Content-Type: text/csv\r\nContent-Length: 1\r\n\r\nx"},
        {415, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"},
        {411, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "\r\n"},
        {413, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 16777217\r\n\r\n"},
        {400, "POST /v1/firehose HTTP/1.1\r\n" HOST JSON "Content-Length: 67108865\r\n\r\n"},
        {400, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 0\r\n\r\n"},
        {421, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
        {421, "GET /healthz HTTP/1.1\r\nHost: localhost.evil.example:80\r\n\r\n"},
        {421, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n"},
        {421, "GET /healthz HTTP/1.1\r\nHost: \r\n\r\n"},
        {421, "GET /healthz HTTP/1.1\r\nHost: localhost:8a\r\n\r\n"},
        {200, "GET /healthz HTTP/1.1\r\nHost: LOCALHOST:12\r\n\r\n"},
        {200, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:99\r\n\r\n"},
        {200, "GET /healthz HTTP/1.1\r\nhOST:leeway.example\r\n\r\n"},
        {403, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Sec-Fetch-Site: cross-site\r\nContent-Length: 1\r\n\r\nx"},
        {403, "GET /v1/alerts HTTP/1.1\r\n" HOST "Sec-Fetch-Site: same-site\r\n\r\n"},
        {200, "GET /v1/alerts HTTP/1.1\r\n" HOST "Sec-Fetch-Site: none\r\n\r\n"},
        {200,
         "POST /v1/metrics HTTP/1.1\r\n" HOST "Content-Type: Text/CSV; charset=utf-8\r\nContent-Length: 1\r\n\r\nx"},
    };
    static const char *const hosts[] = {"Leeway.Example"};

    open_with((struct lw_server_options){.hosts = hosts, .hosts_n = 1});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(ask(rows[i].text), rows[i].status);
        if (status() != rows[i].status)
            printf("# got %d for %s\n", status(), rows[i].text);
        CU_ASSERT(status() != 405 || strstr(got, "Allow: ") != NULL);
    }
    close_server();
}

static void heads_are_bounded(void)
{
    char *text = malloc(100000);
    size_t n = (size_t)snprintf(text, 100000, "GET /healthz HTTP/1.1\r\n" HOST "X: ");

    memset(text + n, 'x', 100000 - n);
    open_server();
    CU_ASSERT_EQUAL(ask_n(text, 100000), 431);
    CU_ASSERT_EQUAL(ask_n(text, 8192), 431);
    memcpy(text + 8000, "\r\n\r\n", 4);
    CU_ASSERT_EQUAL(ask_n(text, 8004), 200);
    close_server();
    free(text);
}

static void pipelined_requests_are_answered_in_order(void)
{
    static const char text[] = "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
                               "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 3\r\n\r\nabc"
                               "GET /readyz HTTP/1.1\r\n" HOST "\r\n"
                               "GET /nothing HTTP/1.1\r\n" HOST "Connection: keep-alive, Close\r\n\r\n"
                               "GET /healthz HTTP/1.1\r\n" HOST "\r\n";
    const char *a, *b, *c, *d;
    int fd;

    open_server();
    readiness.ready = true;
    fd = dial();
    talk(fd, text, sizeof(text) - 1, 0);
    a = strstr(got, "{\"status\":\"ok\"}");
    b = strstr(got, "accepted");
    c = strstr(got, "{\"status\":\"ready\"}");
    d = strstr(got, "404 Not Found");
    CU_ASSERT(a != NULL && b != NULL && c != NULL && d != NULL && a < b && b < c && c < d);
    CU_ASSERT_TRUE(got_end);
    CU_ASSERT_PTR_NULL(strstr(d, "HTTP/1.1 200"));
    close(fd);
    close_server();
}

static void a_slow_head_is_cut_off(void)
{
    int fd, idle;

    open_with((struct lw_server_options){.head_time = {60}, .idle_time = {60}});
    fd = dial();
    idle = dial();
    for (int i = 0; i < 20 && (i == 0 || got_n == 0); i++)
        talk(fd, "G", 1, 1); /* a byte each time: it does not help */
    CU_ASSERT_EQUAL(status(), 408);
    talk(idle, "", 0, 1);
    CU_ASSERT(got_end && got_n == 0);
    close(fd);
    close(idle);
    close_server();
}

static void a_slow_body_is_cut_off(void)
{
    static const char head[] = "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 100\r\n\r\nabc";
    int fd;

    open_with((struct lw_server_options){.body_time = {50}});
    fd = dial();
    talk(fd, head, sizeof(head) - 1, 1);
    CU_ASSERT_EQUAL(status(), 408);
    CU_ASSERT_PTR_NULL(source.kind->ready(source.state));
    close(fd);
    close_server();
}

static void a_batch_that_is_not_durable_in_time_is_asked_for_again(void)
{
    static const char push[] = "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 1\r\n\r\nx";
    int fd;

    open_with((struct lw_server_options){.answer_time = {50}});
    fd = dial();
    commits = false;
    talk(fd, push, sizeof(push) - 1, 1);
    commits = true;
    CU_ASSERT_EQUAL(status(), 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "Retry-After: "));
    close(fd);
    close_server();
}

static void connections_are_bounded(void)
{
    enum { TRIES = 10000, HELD = 900 };
    static int fds[HELD];
    struct lw_metrics numbers = {.connections = 0};
    uint64_t most = 0;
    int fd;

    open_server();
    for (size_t i = 0; i < HELD; i++)
        fds[i] = -1;
    for (size_t i = 0; i < TRIES; i++) {
        if (fds[i % HELD] >= 0)
            close(fds[i % HELD]);
        fds[i % HELD] = dial();
        if (i % 16 == 0)
            event_base_loop(base, EVLOOP_NONBLOCK);
        lw_server_count(server, &numbers);
        most = numbers.connections > most ? numbers.connections : most;
    }
    CU_ASSERT_EQUAL(most, 64);
    for (size_t i = 0; i < HELD; i++)
        close(fds[i]);
    for (int i = 0; i < 1000; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    /* And it serves on. */
    fd = dial();
    talk(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", strlen("GET /healthz HTTP/1.1\r\n" HOST "\r\n"), 1);
    CU_ASSERT_EQUAL(status(), 200);
    close(fd);
    close_server();
}

static void without_descriptors_it_waits(void)
{
    struct rlimit before, now;
    int fd;

    open_server();
    fd = dial();
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = (rlim_t)fd + 1;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &now), 0);
    for (int i = 0; i < 20; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (int i = 0; i < 5 && status() != 200; i++)
        talk(fd, i == 0 ? "GET /healthz HTTP/1.1\r\n" HOST "\r\n" : "",
             i == 0 ? strlen("GET /healthz HTTP/1.1\r\n" HOST "\r\n") : 0, 1);
    CU_ASSERT_EQUAL(status(), 200);
    close(fd);
    close_server();
}

static void a_body_larger_than_it_may_be_is_refused_while_it_comes(void)
{
    size_t n = 17u << 20;
    char *text = malloc(n);
    size_t at = (size_t)snprintf(
        text, n, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n10f0000\r\n");

    memset(text + at, '\n', n - at);
    open_server();
    CU_ASSERT_EQUAL(ask_n(text, n), 413);
    close_server();
    free(text);
}

static void a_packed_bomb_is_refused(void)
{
    size_t n = 64u << 20;
    char *zeros = calloc(1, n);
    unsigned char *text = malloc(1u << 20);
    z_stream stream = {0};
    size_t head;

    CU_ASSERT_EQUAL_FATAL(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)zeros;
    stream.avail_in = (uInt)n;
    stream.next_out = text + 300;
    stream.avail_out = (1u << 20) - 300;
    CU_ASSERT_EQUAL_FATAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
    head = (size_t)snprintf((char *)text, 300,
                            "POST /v1/metrics HTTP/1.1\r\n" HOST JSON
                            "Content-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n",
                            stream.total_out);
    memmove(text + head, text + 300, stream.total_out);
    open_server();
    CU_ASSERT_EQUAL(ask_n((const char *)text, head + stream.total_out), 400);
    close_server();
    deflateEnd(&stream);
    free(zeros);
    free(text);
}

static void a_token_is_needed_where_one_is_configured(void)
{
    const char *path = path_in("token");
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "GET /metrics HTTP/1.1\r\n" HOST "\r\n"}, /* on loopback */
        {401, "GET /v1/runs HTTP/1.1\r\n" HOST "\r\n"},
        {401, "GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer t0ken-of-mine1\r\n\r\n"},
        {401, "GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer t0ken-of-min\r\n\r\n"},
        {401, "GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Basic t0ken-of-mine\r\n\r\n"},
        {401, "GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer \r\n\r\n"},
        {401, "GET /v1/runs HTTP/1.1\r\n" HOST "X-Amz-Firehose-Access-Key: t0ken-of-mine\r\n\r\n"},
        {200, "GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: bearer t0ken-of-mine\r\n\r\n"},
        {401, "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 1\r\n\r\nx"},
        {200,
         "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Authorization: Bearer t0ken-of-mine\r\nContent-Length: 1\r\n\r\nx"},
        {401, "POST /v1/firehose HTTP/1.1\r\n" HOST JSON
              "X-Amz-Firehose-Access-Key: wrong\r\nContent-Length: 32\r\n\r\n{\"requestId\":\"a\",\"records\":[]}  "},
        {200, "POST /v1/firehose HTTP/1.1\r\n" HOST JSON "X-Amz-Firehose-Access-Key: t0ken-of-mine\r\n"
              "Content-Length: 32\r\n\r\n{\"requestId\":\"a\",\"records\":[]}  "},
    };

    write_file(path, " t0ken-of-mine\n", 0600);
    open_with((struct lw_server_options){.token_file = path});
    CU_ASSERT(lw_str_equal(lw_server_token(server), LW_STR("t0ken-of-mine")));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(ask(rows[i].text), rows[i].status);
        if (status() != rows[i].status)
            printf("# got %d for %s\n", status(), rows[i].text);
        CU_ASSERT_PTR_NULL(strstr(got, "t0ken"));
    }
    write_file(path, "another-token-1", 0600); /* read anew without a restart */
    CU_ASSERT_EQUAL(ask("GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer another-token-1\r\n\r\n"), 200);
    CU_ASSERT_EQUAL(ask("GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer t0ken-of-mine\r\n\r\n"), 401);
    write_file(path, "another-token-22", 0644); /* one that others can read is not taken */
    CU_ASSERT_EQUAL(ask("GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer another-token-1\r\n\r\n"), 200);
    unlink(path);
    CU_ASSERT_EQUAL(ask("GET /v1/runs HTTP/1.1\r\n" HOST "Authorization: Bearer another-token-1\r\n\r\n"), 200);
    close_server();
}

static enum lw_err opens(struct lw_server_options options, struct lw_fault *fault)
{
    struct event_base *own = event_base_new();
    struct lw_server *it = NULL;
    struct lw_server_calls all = {.alive = alive, .ready = ready, .metrics = metrics};
    enum lw_err err;

    world = lw_world_real();
    err = lw_server_open(&it, own, &options, &all, &world, fault);
    if (err == LW_ERR_OK)
        lw_server_close(it);
    event_base_free(own);
    return err;
}

static void a_door_that_is_not_safe_is_not_opened(void)
{
    const char *open_file = path_in("open");
    const char *group = path_in("group");
    const char *empty = path_in("empty");
    const char *two = path_in("two");
    struct lw_fault fault;

    write_file(open_file, "secret-token", 0644);
    write_file(group, "secret-token", 0660);
    write_file(empty, "\n", 0600);
    write_file(two, "two words", 0600);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "0.0.0.0:0"}, &fault), LW_ERR_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "127.0.0.1"));
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "[::]:0"}, &fault), LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .token_file = open_file}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "chmod 600"));
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .token_file = group}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .token_file = empty}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .token_file = two}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .token_file = "/dev/null"}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .token_file = "/nowhere"}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "127.0.0.1:0", .certificate = "/nowhere"}, &fault),
                    LW_ERR_CONFIG);
    CU_ASSERT_EQUAL(
        opens((struct lw_server_options){.listen = "127.0.0.1:0", .certificate = "/nowhere", .key = "/nowhere"},
              &fault),
        LW_ERR_CONFIG);
    for (size_t i = 0; i < 6; i++) {
        static const char *const bad[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "example.org:80"};

        CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = bad[i]}, &fault), LW_ERR_CONFIG);
    }
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = "localhost:0"}, &fault), LW_ERR_OK);
}

static void a_port_that_is_taken_is_told(void)
{
    char listen_text[64];
    struct lw_fault fault;

    open_server();
    snprintf(listen_text, sizeof(listen_text), "127.0.0.1:%u", lw_server_port(server));
    CU_ASSERT_EQUAL(opens((struct lw_server_options){.listen = listen_text}, &fault), LW_ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "Address already in use"));
    close_server();
}

static void draining_ends_what_waits_and_finishes_what_runs(void)
{
    static const char push[] = "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 1\r\n\r\nx";
    int idle, busy;

    open_server();
    idle = dial();
    talk(idle, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", strlen("GET /healthz HTTP/1.1\r\n" HOST "\r\n"), 1);
    busy = dial();
    commits = false;
    talk(busy, push, sizeof(push) - 1, 1);
    lw_server_drain(server);
    CU_ASSERT_EQUAL(lw_server_busy(server), 1);
    talk(idle, "", 0, 0);
    CU_ASSERT_TRUE(got_end);
    commits = true;
    talk(busy, "", 0, 0);
    CU_ASSERT_EQUAL(status(), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "Connection: close"));
    CU_ASSERT_EQUAL(lw_server_busy(server), 0);
    close(idle);
    close(busy);
    close_server();
}

static void a_client_that_leaves_costs_nothing(void)
{
    static const char half[] = "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 10\r\n\r\nabc";
    struct lw_metrics numbers = {.connections = 0};

    open_server();
    for (size_t cut = 0; cut < sizeof(half); cut++) {
        int fd = dial();

        for (int i = 0; i < 3; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
        CU_ASSERT_EQUAL(send(fd, half, cut, MSG_NOSIGNAL), (ssize_t)cut);
        for (int i = 0; i < 3; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
        close(fd);
    }
    for (int i = 0; i < 100; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    lw_server_count(server, &numbers);
    CU_ASSERT_EQUAL(numbers.connections, 0);
    CU_ASSERT_PTR_NULL(source.kind->ready(source.state));
    close_server();
}

/* Opening fails cleanly; with an allocation failing while a request is served there may be no answer, but no harm. */
static bool all_of_it(void *self, bool failed)
{
    static const char push[] = "POST /v1/metrics HTTP/1.1\r\n" HOST JSON "Content-Length: 3\r\n\r\na\nb";
    static const struct lw_push_options options;
    static const char *const hosts[] = {"a", "b"};
    struct lw_source_calls up = {.world = &world, .wake = wake};
    struct lw_server_options asked = {
        .listen = "127.0.0.1:0", .token_file = self, .hosts = hosts, .hosts_n = 2, .idle_time = {5}};
    struct lw_server_calls all;
    bool good = false;
    int fd;

    base = event_base_new();
    world = lw_world_real();
    world.note = NULL;
    if (lw_push_open(&source, &options, &up, LW_STR(""), NULL) != LW_ERR_OK) {
        event_base_free(base);
        return failed;
    }
    all = calls();
    if (lw_server_open(&server, base, &asked, &all, &world, NULL) == LW_ERR_OK) {
        fd = dial();
        CU_ASSERT_EQUAL(send(fd, push, sizeof(push) - 1, MSG_NOSIGNAL), (ssize_t)sizeof(push) - 1);
        for (int i = 0; i < 20; i++) {
            event_base_loop(base, EVLOOP_NONBLOCK);
            turn();
        }
        got_n = 0;
        talk(fd, "", 0, 1);
        good = status() == 401 || status() == 503;
        close(fd);
        lw_server_close(server);
    }
    source.kind->close(source.state);
    event_base_free(base);
    return good || failed;
}

static void every_allocation_may_fail(void)
{
    const char *path = path_in("token-torture");
    char own[256];

    write_file(path, "some-token", 0600);
    snprintf(own, sizeof(own), "%s", path);
    CU_ASSERT(kit_alloc_torture(all_of_it, own) > 8);
}

KIT_SUITE("http server", {"what is read is answered", what_is_read_is_answered},
          {"lists take parameters", lists_take_parameters},
          {"a push is answered once it is durable", a_push_is_answered_once_it_is_durable},
          {"chunks are put together", chunks_are_put_together},
          {"tricks with chunks are refused", tricks_with_chunks_are_refused},
          {"what can be read in two ways is refused", what_can_be_read_in_two_ways_is_refused},
          {"paths, methods and types are checked", paths_methods_and_types_are_checked},
          {"heads are bounded", heads_are_bounded},
          {"pipelined requests are answered in order", pipelined_requests_are_answered_in_order},
          {"a slow head is cut off", a_slow_head_is_cut_off}, {"a slow body is cut off", a_slow_body_is_cut_off},
          {"a batch that is not durable in time is asked for again",
           a_batch_that_is_not_durable_in_time_is_asked_for_again},
          {"connections are bounded", connections_are_bounded},
          {"without descriptors it waits", without_descriptors_it_waits},
          {"a body larger than it may be is refused while it comes",
           a_body_larger_than_it_may_be_is_refused_while_it_comes},
          {"a packed bomb is refused", a_packed_bomb_is_refused},
          {"a token is needed where one is configured", a_token_is_needed_where_one_is_configured},
          {"a door that is not safe is not opened", a_door_that_is_not_safe_is_not_opened},
          {"a port that is taken is told", a_port_that_is_taken_is_told},
          {"draining ends what waits and finishes what runs", draining_ends_what_waits_and_finishes_what_runs},
          {"a client that leaves costs nothing", a_client_that_leaves_costs_nothing},
          {"every allocation may fail", every_allocation_may_fail})
