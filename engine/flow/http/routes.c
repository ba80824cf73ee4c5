#include "engine/flow/http/routes.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define LIMIT_DEFAULT 100
#define LIMIT_MOST    1000

/* open: without a token for whoever is on this machine; else a token is needed where one is configured. */
static const struct {
    const char *path;
    enum lw_route route;
    bool post, open;
} table[] = {
    {"/healthz", LW_ROUTE_HEALTH, false, true},       {"/readyz", LW_ROUTE_READY, false, true},
    {"/metrics", LW_ROUTE_METRICS, false, true},      {"/v1/runs", LW_ROUTE_RUNS, false, false},
    {"/v1/alerts", LW_ROUTE_ALERTS, false, false},    {"/v1/metrics", LW_ROUTE_PUSH, true, false},
    {"/v1/firehose", LW_ROUTE_FIREHOSE, true, false},
};

bool lw_routes_is_push(enum lw_route route)
{
    return route == LW_ROUTE_PUSH || route == LW_ROUTE_FIREHOSE;
}

static struct lw_routes_verdict refuse(int status, const char *why, const char *header)
{
    return (struct lw_routes_verdict){.status = status, .why = why, .header = header};
}

static struct lw_routes_verdict admit(void)
{
    return refuse(0, "", "");
}

/* A web page that the operator looks at can send requests here, but not say that it is none: browsers set this header. */
static bool is_cross_site(const struct lw_head *head)
{
    struct lw_str site = head->field[LW_HEAD_FETCH_SITE];

    return head->has[LW_HEAD_FETCH_SITE] && !lw_head_is(site, "same-origin") && !lw_head_is(site, "none");
}

static bool has_token(const struct lw_routes *routes, const struct lw_head *head, enum lw_route route)
{
    if (route == LW_ROUTE_FIREHOSE && head->has[LW_HEAD_FIREHOSE_KEY])
        return lw_access_token_is(routes->token, head->field[LW_HEAD_FIREHOSE_KEY]);
    return lw_access_bearer(routes->token, head->field[LW_HEAD_AUTHORIZATION]);
}

/* None of these can be sent by a form of a web page, which asks no browser for leave: text/plain can, so logs come as
   application/octet-stream. */
static bool is_type(struct lw_str type, enum lw_route route)
{
    static const char *const types[] = {"application/json",         "application/x-ndjson",    "application/ndjson",
                                        "application/jsonl",        "application/x-jsonlines", "text/csv",
                                        "application/octet-stream", "application/gzip"};
    const char *end = type.len > 0 ? memchr(type.at, ';', type.len) : NULL;

    if (end != NULL)
        type.len = (size_t)(end - type.at);
    while (type.len > 0 && (type.at[type.len - 1] == ' ' || type.at[type.len - 1] == '\t'))
        type.len--;
    for (size_t i = 0; i < (route == LW_ROUTE_FIREHOSE ? 1 : COUNT(types)); i++) {
        if (lw_head_is(type, types[i]))
            return true;
    }
    return false;
}

static struct lw_routes_verdict admit_body(const struct lw_head *head, enum lw_route route)
{
    struct lw_str packed = head->field[LW_HEAD_PACKED];

    if (!is_type(head->field[LW_HEAD_TYPE], route))
        return refuse(415,
                      route == LW_ROUTE_FIREHOSE ? "Content-Type has to be application/json"
                                                 : "Content-Type has to be application/json, application/x-ndjson, "
                                                   "text/csv, application/octet-stream or application/gzip",
                      "");
    if (head->has[LW_HEAD_PACKED] && !lw_head_is(packed, "gzip") && !lw_head_is(packed, "identity"))
        return refuse(415, "Content-Encoding has to be gzip, or none", "Accept-Encoding: gzip\r\n");
    if (!head->has_length && !head->chunked)
        return refuse(411, "say how long the body is: Content-Length", "");
    return admit();
}

static bool exists(const struct lw_routes *routes, enum lw_route route)
{
    if (lw_routes_is_push(route))
        return routes->calls->push != NULL;
    return (route != LW_ROUTE_RUNS || routes->calls->runs != NULL) &&
           (route != LW_ROUTE_ALERTS || routes->calls->alerts != NULL);
}

struct lw_routes_verdict lw_routes_admit(const struct lw_routes *routes, const struct lw_head *head,
                                         const struct sockaddr *own, const struct sockaddr *peer, enum lw_route *route)
{
    bool get = lw_str_equal(head->method, LW_STR("GET")) || lw_str_equal(head->method, LW_STR("HEAD"));
    size_t i = 0;

    if (head->has[LW_HEAD_HOST] && !lw_access_host(head->field[LW_HEAD_HOST], own, routes->hosts, routes->hosts_n))
        return refuse(421, "this is not a name of this server: add it to http: hosts", "");
    if (is_cross_site(head))
        return refuse(403, "web pages of other sites may not ask", "");
    while (i < COUNT(table) && !lw_str_equal(head->path, lw_str_from(table[i].path)))
        i++;
    if (i == COUNT(table) || !exists(routes, table[i].route))
        return refuse(404, "there is nothing here", "");
    if (table[i].post ? !lw_str_equal(head->method, LW_STR("POST")) : !get)
        return refuse(405, "this path has another method", table[i].post ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n");
    if (routes->token != NULL && !(table[i].open && lw_access_is_loopback(peer)) &&
        !has_token(routes, head, table[i].route))
        return refuse(401,
                      table[i].route == LW_ROUTE_FIREHOSE ? "X-Amz-Firehose-Access-Key has to be the token of `http:`"
                                                          : "a token is needed: Authorization: Bearer TOKEN",
                      "WWW-Authenticate: Bearer realm=\"leeway\"\r\n");
    *route = table[i].route;
    if (table[i].post)
        return admit_body(head, table[i].route);
    return head->chunked || head->length > 0 ? refuse(400, "a body makes no sense here", "") : admit();
}

void lw_routes_error(const char *why, struct lw_buf *body)
{
    struct lw_json_out out = {.buf = body};

    lw_json_object(&out);
    lw_json_key(&out, "error");
    lw_json_text(&out, why);
    lw_json_object_end(&out);
    lw_buf_char(body, '\n');
}

static int read_health(const struct lw_routes *routes, struct lw_buf *body)
{
    char reason[200] = "";

    if (routes->calls->alive(routes->calls->self, reason)) {
        lw_buf_text(body, "{\"status\":\"ok\"}\n");
        return 200;
    }
    lw_routes_error(reason, body);
    return 503;
}

static int read_ready(const struct lw_routes *routes, struct lw_buf *body)
{
    struct lw_server_ready ready = {.ready = false};

    routes->calls->ready(routes->calls->self, &ready);
    if (ready.ready) {
        lw_buf_text(body, "{\"status\":\"ready\"}\n");
        return 200;
    }
    lw_routes_error(ready.reason, body);
    return 503;
}

static int read_metrics(const struct lw_routes *routes, const struct lw_server *server, struct lw_buf *body)
{
    struct lw_metrics metrics = {.version = ""};

    routes->calls->metrics(routes->calls->self, &metrics);
    lw_server_count(server, &metrics);
    lw_metrics_write(&metrics, body);
    return 200;
}

static bool read_limit(struct lw_str query, uint32_t *limit)
{
    char room[8];
    struct lw_str text;
    uint32_t value = 0;

    *limit = LIMIT_DEFAULT;
    if (!lw_head_parameter(query, "limit", room, sizeof(room), &text))
        return true;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || i == 4)
            return false;
        value = 10 * value + (uint32_t)(text.at[i] - '0');
    }
    *limit = value;
    return value >= 1 && value <= LIMIT_MOST;
}

static int read_list(const struct lw_routes *routes, enum lw_route route, struct lw_str query, struct lw_buf *body)
{
    const struct lw_server_calls *calls = routes->calls;
    char origin_room[512], model_room[512];
    struct lw_str origin = {.len = 0};
    struct lw_str model = {.len = 0};
    struct lw_fault fault = {.code = LW_ERR_OK};
    uint32_t limit;
    enum lw_err err;

    (void)lw_head_parameter(query, "origin", origin_room, sizeof(origin_room), &origin);
    (void)lw_head_parameter(query, "model", model_room, sizeof(model_room), &model);
    if (!read_limit(query, &limit)) {
        lw_routes_error("limit has to be a number from 1 to 1000", body);
        return 400;
    }
    err = (route == LW_ROUTE_RUNS ? calls->runs : calls->alerts)(calls->self, origin, model, limit, body, &fault);
    if (err == LW_ERR_OK) {
        lw_buf_char(body, '\n');
        return 200;
    }
    lw_buf_clear(body);
    lw_routes_error(fault.text, body);
    return 500;
}

int lw_routes_read(const struct lw_routes *routes, const struct lw_server *server, enum lw_route route,
                   const struct lw_head *head, struct lw_buf *body, const char **type)
{
    *type = route == LW_ROUTE_METRICS ? "text/plain; version=0.0.4; charset=utf-8" : "application/json";
    switch (route) {
    case LW_ROUTE_HEALTH:
        return read_health(routes, body);
    case LW_ROUTE_READY:
        return read_ready(routes, body);
    case LW_ROUTE_METRICS:
        return read_metrics(routes, server, body);
    case LW_ROUTE_RUNS:
    case LW_ROUTE_ALERTS:
        return read_list(routes, route, head->query, body);
    case LW_ROUTE_PUSH:
    case LW_ROUTE_FIREHOSE:
        break;
    }
    return 404;
}
