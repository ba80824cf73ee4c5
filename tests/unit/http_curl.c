/* The real HTTP client against real servers on this machine. */
#define _GNU_SOURCE
#include "engine/base/http/http_curl.h"
#include "engine/base/http/http_url.h"
#include "tests/kit/alloc.h"
#include "tests/kit/double/server.h"
#include "tests/kit/kit.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY(body) "HTTP/1.1 200 OK\r\nContent-Length: " body

struct answer {
    unsigned calls;
    enum lw_http_outcome outcome;
    int status;
    bool unsent;
    char body[4096], detail[160], type[64];
    size_t body_n, headers_n;
    struct event_base *loop;
};

static void done(void *context, const struct lw_http_reply *reply)
{
    struct answer *answer = context;
    struct lw_str type = lw_http_header_of(reply, "content-type");

    answer->calls++;
    answer->outcome = reply->outcome;
    answer->status = reply->status;
    answer->unsent = reply->unsent;
    answer->body_n = reply->body.len;
    answer->headers_n = reply->headers_n;
    snprintf(answer->body, sizeof(answer->body), "%.*s", (int)reply->body.len, reply->body.at ? reply->body.at : "");
    snprintf(answer->type, sizeof(answer->type), "%.*s", (int)type.len, type.at ? type.at : "");
    snprintf(answer->detail, sizeof(answer->detail), "%s", reply->detail);
    if (answer->loop)
        event_base_loopbreak(answer->loop);
}

struct client {
    struct event_base *loop;
    struct lw_http_curl *curl;
    struct lw_http http;
};

static struct client client_open(void)
{
    struct client client = {.loop = event_base_new()};

    signal(SIGPIPE, SIG_IGN);
    if (lw_http_curl_open(&client.curl, client.loop, "leeway/test", NULL) != LW_ERR_OK)
        abort();
    client.http = lw_http_curl_http(client.curl);
    return client;
}

static void client_close(struct client *client)
{
    lw_http_curl_close(client->curl);
    event_base_free(client->loop);
}

/* Runs the loop until the answer is there, at most 20 s. */
static void await(struct client *client, struct answer *answer)
{
    struct timeval limit = {20, 0};

    answer->loop = client->loop;
    if (answer->calls == 0) {
        event_base_loopexit(client->loop, &limit);
        event_base_dispatch(client->loop);
    }
}

static struct answer ask(struct client *client, struct lw_http_request *request, const char *url)
{
    struct answer answer = {0};
    uint64_t id;

    request->url = lw_str_from(url);
    if (request->method.len == 0)
        request->method = LW_STR("POST");
    if (client->http.start(client->http.self, request, done, &answer, &id, NULL) != LW_ERR_OK)
        abort();
    CU_ASSERT_EQUAL(answer.calls, 0); /* never from within start */
    await(client, &answer);
    CU_ASSERT_EQUAL(answer.calls, 1);
    CU_ASSERT_EQUAL(lw_http_curl_running(client->curl), 0);
    return answer;
}

static char *url_of(const struct kit_server *server, const char *scheme, const char *host)
{
    static char url[200];

    snprintf(url, sizeof(url), "%s://%s:%d/bulk/SECRET-PATH?q=SECRET-QUERY", scheme, host, kit_server_port(server));
    return url;
}

static struct answer ask_once(const struct kit_script *script, struct lw_http_request *request)
{
    struct client client = client_open();
    struct kit_server *server = kit_server_open(script);
    struct answer answer = ask(&client, request, url_of(server, script->tls ? "https" : "http", "127.0.0.1"));

    CU_ASSERT_PTR_NULL(strstr(answer.detail, "SECRET"));
    client_close(&client);
    kit_server_close(server);
    return answer;
}

static void sends_what_it_is_told(void)
{
    const struct lw_http_header headers[] = {
        {LW_STR("Content-Type"), LW_STR("application/json")},
        {LW_STR("X-LOGGLY-TAG"), LW_STR("a,b")},
        {LW_STR("X-Empty"), LW_STR("")},
    };
    struct lw_http_request request = {.headers = headers, .headers_n = 3, .body = LW_STR("{\"a\":1}\n")};
    struct client client = client_open();
    const struct kit_script script = {.reply =
                                          "HTTP/1.1 201 Made\r\nContent-Type: Text/X\r\nContent-Length: 2\r\n\r\nhi"};
    struct kit_server *server = kit_server_open(&script);
    struct answer answer = ask(&client, &request, url_of(server, "http", "127.0.0.1"));
    const char *sent = kit_server_request(server);

    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_REPLIED);
    CU_ASSERT_EQUAL(answer.status, 201);
    CU_ASSERT_STRING_EQUAL(answer.body, "hi");
    CU_ASSERT_STRING_EQUAL(answer.type, "Text/X");
    CU_ASSERT_EQUAL(answer.headers_n, 2);
    CU_ASSERT_EQUAL(strncmp(sent, "POST /bulk/SECRET-PATH?q=SECRET-QUERY HTTP/1.1\r\n", 47), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(sent, "\r\nContent-Type: application/json\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sent, "\r\nX-LOGGLY-TAG: a,b\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sent, "\r\nX-Empty:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sent, "\r\nUser-Agent: leeway/test\r\n"));
    CU_ASSERT_PTR_NULL(strcasestr(sent, "urlencoded"));
    CU_ASSERT_PTR_NULL(strcasestr(sent, "expect:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sent, "\r\n\r\n{\"a\":1}\n"));
    client_close(&client);
    kit_server_close(server);
}

static void adds_no_type_and_knows_the_methods(void)
{
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
    const struct kit_script script = {.reply = REPLY("0\r\n\r\n")};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct lw_http_request request = {.method = lw_str_from(methods[i])};
        struct client client = client_open();
        struct kit_server *server = kit_server_open(&script);
        struct answer answer = ask(&client, &request, url_of(server, "http", "127.0.0.1"));
        const char *sent = kit_server_request(server);

        CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_REPLIED);
        CU_ASSERT_EQUAL(strncmp(sent, methods[i], strlen(methods[i])), 0);
        CU_ASSERT_PTR_NULL(strcasestr(sent, "content-type"));
        CU_ASSERT_EQUAL(strcasestr(sent, "content-length: 0\r\n") != NULL, i >= 1 && i <= 3);
        client_close(&client);
        kit_server_close(server);
    }
}

static void sends_large_bodies_whole(void)
{
    size_t n = 5000000;
    char *body = malloc(n);
    struct lw_http_request request = {.body = {body, n}};
    struct client client = client_open();
    const struct kit_script script = {.reply = REPLY("2\r\n\r\nok")};
    struct kit_server *server = kit_server_open(&script);
    struct answer answer;
    const char *sent;

    memset(body, 'b', n);
    answer = ask(&client, &request, url_of(server, "http", "localhost"));
    sent = strstr(kit_server_request(server), "\r\n\r\n") + 4;
    CU_ASSERT_EQUAL(answer.status, 200);
    CU_ASSERT_EQUAL(strspn(sent, "b"), n);
    client_close(&client);
    kit_server_close(server);
    free(body);
}

static void asks_only_what_may_be_asked(void)
{
    static const struct {
        const char *url;
        bool link_local, good;
    } table[] = {
        {"https://logs-01.loggly.com/bulk/x", false, true},
        {"http://logs-01.loggly.com/bulk/x", false, false},
        {"http://127.0.0.1:8080/x", false, true},
        {"http://127.9.8.7/x", false, true},
        {"http://localhost/x", false, true},
        {"http://LOCALHOST/x", false, true},
        {"http://[::1]:80/x", false, true},
        {"http://localhost.example.org/x", false, false},
        {"http://127.0.0.1.example.org/x", false, false},
        {"http://0.0.0.0/x", false, false},
        {"http://10.0.0.1/x", false, false},
        {"http://[::ffff:127.0.0.1]/x", false, false},
        {"http://[fe80::1]/x", false, false},
        {"http://2130706433/x", false, true}, /* 127.0.0.1 in the form of old resolvers, which libcurl puts right */
        {"http://169.254.169.254/latest/", false, false},
        {"http://169.254.169.254/latest/", true, true},
        {"http://169.254.170.2/x", true, true},
        {"http://169.254.170.23/x", true, true},
        {"http://[fd00:ec2::23]/x", true, true},
        {"http://[fd00:ec2::254]/x", true, true},
        {"http://[fd00:ec2::254]/x", false, false},
        {"http://169.254.1.1/x", true, false},
        {"file:///etc/passwd", false, false},
        {"ftp://127.0.0.1/x", false, false},
        {"gopher://127.0.0.1/x", false, false},
        {"127.0.0.1/x", false, false},
        {"", false, false},
        {"https://", false, false},
        {"https://a b/", false, false},
        {"http://user:pw@127.0.0.1/x", false, false},
        {"https://user@example.org/x", false, false},
        {"http://127.0.0.1@example.org/x", false, false},
        {"http://example.org#@127.0.0.1/x", false, false},
        {"http://example.org\\@127.0.0.1/x", false, false},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        CURLU *url = NULL;
        bool plain = false;
        const char *wrong = lw_http_url_check(lw_str_from(table[i].url), table[i].link_local, &url, &plain);

        if ((wrong == NULL) != table[i].good)
            printf("# %s: %s\n", table[i].url, wrong ? wrong : "accepted");
        CU_ASSERT_EQUAL(wrong == NULL, table[i].good);
        CU_ASSERT(wrong != NULL || plain == (table[i].url[4] == ':'));
        curl_url_cleanup(url);
    }
}

static void refusals_come_later(void)
{
    struct client client = client_open();
    struct lw_http_request request = {0};
    struct answer answer = ask(&client, &request, "http://example.org/SECRET");

    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer.detail, "loopback"));
    CU_ASSERT_PTR_NULL(strstr(answer.detail, "SECRET"));
    client_close(&client);
}

static void bad_headers_are_usage(void)
{
    const struct lw_http_header bad[] = {{LW_STR("X"), LW_STR("a\r\nY: b")},
                                         {LW_STR("X\n"), LW_STR("a")},
                                         {LW_STR("X:Y"), LW_STR("a")},
                                         {LW_STR(""), LW_STR("a")}};
    struct client client = client_open();
    uint64_t id;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lw_http_request request = {
            .method = LW_STR("POST"), .url = LW_STR("https://a/"), .headers = &bad[i], .headers_n = 1};

        CU_ASSERT_EQUAL(client.http.start(client.http.self, &request, done, NULL, &id, NULL), LW_ERR_USAGE);
    }
    client_close(&client);
}

static void follows_no_redirect(void)
{
    const struct kit_script script = {
        .reply = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"};
    struct lw_http_request request = {0};
    struct answer answer = ask_once(&script, &request);

    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_REPLIED);
    CU_ASSERT_EQUAL(answer.status, 302);
}

static void trusts_only_whom_it_should(void)
{
    static const struct {
        enum kit_certificate certificate;
        bool ca;
        enum lw_http_outcome outcome;
        const char *says;
    } table[] = {
        {KIT_CERTIFICATE_GOOD, true, LW_HTTP_REPLIED, ""},
        {KIT_CERTIFICATE_GOOD, false, LW_HTTP_TLS, "unable to get local issuer"},
        {KIT_CERTIFICATE_EXPIRED, true, LW_HTTP_TLS, "certificate has expired"},
        {KIT_CERTIFICATE_OTHER_NAME, true, LW_HTTP_TLS, "another name"},
        {KIT_CERTIFICATE_SELF_SIGNED, true, LW_HTTP_TLS, "self-signed certificate"},
        {KIT_CERTIFICATE_SELF_SIGNED, false, LW_HTTP_TLS, "self-signed certificate"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct kit_script script = {
            .reply = REPLY("2\r\n\r\nok"), .tls = true, .certificate = table[i].certificate};
        struct lw_http_request request = {.body = LW_STR("secret"), .ca_file = table[i].ca ? kit_authority() : NULL};
        struct answer answer = ask_once(&script, &request);

        CU_ASSERT_EQUAL(answer.outcome, table[i].outcome);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer.detail, table[i].says));
        if (!strstr(answer.detail, table[i].says))
            printf("# %s\n", answer.detail);
    }
}

static void a_missing_ca_file_is_trust(void)
{
    const struct kit_script script = {.reply = REPLY("2\r\n\r\nok"), .tls = true};
    struct lw_http_request request = {.ca_file = "/nonexistent/ca.pem"};

    CU_ASSERT_EQUAL(ask_once(&script, &request).outcome, LW_HTTP_TLS);
}

static void old_tls_is_not_spoken(void)
{
    const struct kit_script script = {.reply = REPLY("2\r\n\r\nok"), .tls = true, .tls_1_1 = true};
    struct lw_http_request request = {.ca_file = kit_authority()};
    struct answer answer = ask_once(&script, &request);

    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
    CU_ASSERT(answer.unsent);
}

static void cut_replies_are_network(void)
{
    static const char reply[] = REPLY("10\r\n\r\n0123456789");

    for (size_t cut = 1; cut < sizeof(reply) - 1; cut++) {
        for (unsigned tls = 0; tls < 2; tls++) {
            const struct kit_script script = {.reply = reply, .cut = cut, .tls = tls == 1};
            struct lw_http_request request = {.body = LW_STR("x"), .ca_file = kit_authority()};
            struct answer answer = ask_once(&script, &request);

            CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
            CU_ASSERT(!answer.unsent);
            if (answer.outcome != LW_HTTP_NETWORK)
                printf("# cut at %zu: outcome %d %s\n", cut, (int)answer.outcome, answer.detail);
        }
    }
}

static void chunked_replies_must_end(void)
{
    static const struct {
        const char *reply;
        enum lw_http_outcome outcome;
    } table[] = {
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", LW_HTTP_REPLIED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", LW_HTTP_NETWORK},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n", LW_HTTP_NETWORK},
        {"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", LW_HTTP_REPLIED},
        {"HTTP/1.1 100 Continue\r\n\r\n", LW_HTTP_NETWORK},
        {"", LW_HTTP_NETWORK},
        {"hello", LW_HTTP_TOO_LARGE},
        {"\x16\x03\x01\x02\x03\x04\x05", LW_HTTP_TOO_LARGE},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct kit_script script = {.reply = table[i].reply};
        struct lw_http_request request = {0};
        struct answer answer = ask_once(&script, &request);

        CU_ASSERT_EQUAL(answer.outcome, table[i].outcome);
        if (answer.outcome != table[i].outcome)
            printf("# reply %zu: %d %s\n", i, (int)answer.outcome, answer.detail);
        CU_ASSERT(answer.outcome != LW_HTTP_REPLIED || answer.headers_n <= 1);
    }
}

static void replies_are_bounded(void)
{
    char *large = malloc(200000);
    struct lw_http_request request = {.reply_max = 1000};
    struct kit_script script = {.reply = large};

    sprintf(large, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n%01001d", 0);
    CU_ASSERT_EQUAL(ask_once(&script, &request).outcome, LW_HTTP_TOO_LARGE);
    sprintf(large, "HTTP/1.1 200 OK\r\n\r\n%01001d", 0); /* until the connection ends */
    CU_ASSERT_EQUAL(ask_once(&script, &request).outcome, LW_HTTP_TOO_LARGE);
    sprintf(large, "HTTP/1.1 200 OK\r\n\r\n%01000d", 0);
    CU_ASSERT_EQUAL(ask_once(&script, &request).body_n, 1000);
    sprintf(large, "HTTP/1.1 200 OK\r\nX: %070000d\r\n\r\n", 0);
    CU_ASSERT_EQUAL(ask_once(&script, &request).outcome, LW_HTTP_TOO_LARGE);
    strcpy(large, "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < 101; i++)
        strcat(large, "A: b\r\n");
    strcat(large, "\r\n");
    CU_ASSERT_EQUAL(ask_once(&script, &request).outcome, LW_HTTP_TOO_LARGE);
    free(large);
}

static void slow_servers_end_at_the_limit(void)
{
    const struct kit_script drips = {.reply = REPLY("2\r\n\r\nok"), .drip_ms = 30};
    const struct kit_script stalls = {.stall = true};
    struct lw_http_request request = {.timeout = {400}};
    struct answer answer = ask_once(&drips, &request);

    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
    CU_ASSERT(!answer.unsent);
    answer = ask_once(&stalls, &request);
    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
    CU_ASSERT(!answer.unsent);
}

static void nobody_there_is_network_and_unsent(void)
{
    const struct kit_script script = {0};
    struct kit_server *server = kit_server_open(&script);
    struct client client = client_open();
    struct lw_http_request request = {.body = LW_STR("x")};
    struct answer answer;
    char url[200];

    snprintf(url, sizeof(url), "%s", url_of(server, "https", "127.0.0.1"));
    kit_server_close(server);
    answer = ask(&client, &request, url);
    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
    CU_ASSERT(answer.unsent);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer.detail, "refused"));
    CU_ASSERT_PTR_NULL(strstr(answer.detail, "SECRET"));
    answer = ask(&client, &request, "https://no-such-host.invalid/SECRET");
    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
    CU_ASSERT(answer.unsent);
    client_close(&client);
}

static void the_environment_has_no_say(void)
{
    static const char *const names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                        "HTTPS_PROXY", "all_proxy",  "ALL_PROXY"};
    const struct kit_script bad = {.reply = "HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"};
    const struct kit_script good = {.reply = REPLY("2\r\n\r\nok")};
    struct kit_server *trap = kit_server_open(&bad);
    struct lw_http_request request = {0};
    char proxy[64];

    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", kit_server_port(trap));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], proxy, 1);
    CU_ASSERT_EQUAL(ask_once(&good, &request).status, 200);
    request.proxy = proxy; /* and what goes to this machine goes to no proxy at all */
    CU_ASSERT_EQUAL(ask_once(&good, &request).status, 200);
    CU_ASSERT_EQUAL(kit_server_connections(trap), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    kit_server_close(trap);
}

static void a_configured_proxy_sees_no_path(void)
{
    const struct kit_script script = {.reply = "HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n"};
    struct kit_server *proxy = kit_server_open(&script);
    struct client client = client_open();
    struct lw_http_request request = {.body = LW_STR("x")};
    struct answer answer;
    char name[64];

    snprintf(name, sizeof(name), "http://127.0.0.1:%d", kit_server_port(proxy));
    request.proxy = name;
    setenv("NO_PROXY", "*", 1);
    answer = ask(&client, &request, "https://logs.example.org/bulk/SECRET");
    unsetenv("NO_PROXY");
    CU_ASSERT_EQUAL(answer.outcome, LW_HTTP_NETWORK);
    CU_ASSERT_EQUAL(strncmp(kit_server_request(proxy), "CONNECT logs.example.org:443 ", 29), 0);
    CU_ASSERT_PTR_NULL(strstr(kit_server_request(proxy), "SECRET"));
    client_close(&client);
    kit_server_close(proxy);
}

static void connections_are_kept_unless_fresh(void)
{
    const struct kit_script script = {.reply = REPLY("2\r\n\r\nok"), .keep = true};
    struct kit_server *server = kit_server_open(&script);
    struct client client = client_open();
    struct lw_http_request request = {.body = LW_STR("x")};
    char url[200];

    snprintf(url, sizeof(url), "%s", url_of(server, "http", "127.0.0.1"));
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ask(&client, &request, url).status, 200);
    CU_ASSERT_EQUAL(kit_server_connections(server), 1);
    client_close(&client);
    client = client_open();
    request.fresh_connection = true;
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ask(&client, &request, url).status, 200);
    CU_ASSERT_EQUAL(kit_server_connections(server), 4);
    client_close(&client);
    kit_server_close(server);
}

static void cancelled_requests_do_not_call(void)
{
    const struct kit_script script = {.stall = true};
    struct kit_server *server = kit_server_open(&script);
    struct client client = client_open();
    struct lw_http_request request = {.method = LW_STR("POST"),
                                      .url = lw_str_from(url_of(server, "http", "127.0.0.1"))};
    struct answer answer = {0}, refused = {0};
    uint64_t id;

    CU_ASSERT_EQUAL(client.http.start(client.http.self, &request, done, &answer, &id, NULL), LW_ERR_OK);
    event_base_loop(client.loop, EVLOOP_NONBLOCK);
    client.http.cancel(client.http.self, id);
    CU_ASSERT_EQUAL(lw_http_curl_running(client.curl), 0);
    request.url = LW_STR("http://example.org/");
    CU_ASSERT_EQUAL(client.http.start(client.http.self, &request, done, &refused, &id, NULL), LW_ERR_OK);
    client.http.cancel(client.http.self, id);
    event_base_loop(client.loop, EVLOOP_NONBLOCK);
    request.url = lw_str_from(url_of(server, "http", "127.0.0.1"));
    CU_ASSERT_EQUAL(client.http.start(client.http.self, &request, done, &answer, &id, NULL), LW_ERR_OK);
    client_close(&client); /* and closing cancels */
    CU_ASSERT_EQUAL(answer.calls + refused.calls, 0);
    kit_server_close(server);
}

/* A chain: each answer starts the next request and cancels another. */
struct chain {
    struct client *client;
    struct lw_http_request request;
    unsigned left, calls;
    uint64_t other;
    struct answer never;
};

static void go_on(void *context, const struct lw_http_reply *reply)
{
    struct chain *chain = context;
    struct lw_http *http = &chain->client->http;
    uint64_t id;

    chain->calls += reply->outcome == LW_HTTP_REPLIED || reply->outcome == LW_HTTP_REFUSED;
    if (chain->other)
        http->cancel(http->self, chain->other);
    chain->other = 0;
    if (chain->left-- == 0) {
        event_base_loopbreak(chain->client->loop);
        return;
    }
    if (http->start(http->self, &chain->request, go_on, chain, &id, NULL) != LW_ERR_OK ||
        http->start(http->self, &chain->request, done, &chain->never, &chain->other, NULL) != LW_ERR_OK)
        abort();
    if (chain->left == 0) {
        http->cancel(http->self, chain->other);
        chain->other = 0;
    }
}

static void done_may_start_and_cancel(void)
{
    static const char *const urls[] = {NULL, "http://example.org/"};
    const struct kit_script script = {.reply = REPLY("2\r\n\r\nok")};

    for (size_t i = 0; i < 2; i++) {
        struct kit_server *server = kit_server_open(&script);
        struct client client = client_open();
        struct chain chain = {.client = &client, .left = 20};
        const struct lw_http_reply first = {.outcome = LW_HTTP_REPLIED};

        chain.request.method = LW_STR("GET");
        chain.request.url = lw_str_from(urls[i] ? urls[i] : url_of(server, "http", "127.0.0.1"));
        go_on(&chain, &first);
        event_base_dispatch(client.loop);
        CU_ASSERT_EQUAL(chain.calls, 21);
        client_close(&client);
        kit_server_close(server);
    }
}

/* Only our own allocations fail here (libcurl's do not pass the wrapper): the error is clean and nothing stays behind. */
static bool starts(void *self, bool failing)
{
    const char *url = self;
    struct event_base *loop = event_base_new();
    struct lw_http_curl *curl;
    struct lw_http http;
    const struct lw_http_header header = {LW_STR("A"), LW_STR("b")};
    const struct lw_http_request request = {
        .method = LW_STR("POST"), .url = lw_str_from(url), .headers = &header, .headers_n = 1, .body = LW_STR("x")};
    struct answer answer = {0};
    uint64_t id;
    enum lw_err err = lw_http_curl_open(&curl, loop, "leeway/test", NULL);
    bool good = err == LW_ERR_OK || (failing && err == LW_ERR_NOMEM);

    if (err == LW_ERR_OK) {
        http = lw_http_curl_http(curl);
        err = http.start(http.self, &request, done, &answer, &id, NULL);
        good = good && (err == LW_ERR_OK || (failing && err == LW_ERR_NOMEM));
        answer.loop = loop;
        if (err == LW_ERR_OK)
            event_base_dispatch(loop);
        good = good && (err != LW_ERR_OK || answer.calls == 1) && (failing || answer.status == 200);
        lw_http_curl_close(curl);
    }
    event_base_free(loop);
    return good;
}

static void survives_every_failing_allocation(void)
{
    const struct kit_script script = {.reply = REPLY("2\r\n\r\nok")};
    struct kit_server *server = kit_server_open(&script);

    CU_ASSERT(kit_alloc_torture(starts, url_of(server, "http", "127.0.0.1")) > 5);
    kit_server_close(server);
}

KIT_SUITE("http_curl", {"a request is sent as it is told", sends_what_it_is_told},
          {"no Content-Type is made up, whatever the method", adds_no_type_and_knows_the_methods},
          {"large bodies are sent whole and without Expect", sends_large_bodies_whole},
          {"https anywhere, http to loopback and credential services only", asks_only_what_may_be_asked},
          {"a refusal comes later and names no URL", refusals_come_later},
          {"headers that would be cut in two are refused", bad_headers_are_usage},
          {"no redirect is followed", follows_no_redirect},
          {"certificates: name, date and authority must be right", trusts_only_whom_it_should},
          {"a missing authority file is a matter of trust", a_missing_ca_file_is_trust},
          {"nothing older than TLS 1.2 is spoken", old_tls_is_not_spoken},
          {"a reply that is cut at any byte is no reply", cut_replies_are_network},
          {"chunks, interim replies and what is not HTTP", chunked_replies_must_end},
          {"replies and their headers are bounded", replies_are_bounded},
          {"slow servers end at the time limit", slow_servers_end_at_the_limit},
          {"where nobody is, nothing was sent", nobody_there_is_network_and_unsent},
          {"the environment names no proxy", the_environment_has_no_say},
          {"a configured proxy sees the host alone", a_configured_proxy_sees_no_path},
          {"connections are kept, but for fresh ones", connections_are_kept_unless_fresh},
          {"what is cancelled does not call", cancelled_requests_do_not_call},
          {"an answer may start and cancel others", done_may_start_and_cancel},
          {"our own allocations may fail", survives_every_failing_allocation})
