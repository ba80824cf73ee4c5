#define _GNU_SOURCE /* explicit_bzero, SOCK_CLOEXEC */
#include "engine/base/http/http_curl.h"

#include "engine/base/buf.h"
#include "engine/base/fault.h"
#include "engine/base/http/http_curl_reply.h"
#include "engine/base/http/http_url.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CONNECTIONS_KEPT  8L
#define SOCKETS_PER_QUERY 6 /* two families raced, the resolver's pair, a proxy's, one to spare */

struct query {
    struct query *next;
    struct lw_http_curl *curl;
    uint64_t id;
    CURL *easy; /* NULL: refused, only waits to be told so */
    CURLU *url; /* the one parse that is both checked and used */
    bool plain; /* http: the address that is connected to is checked once more */
    bool link_local;
    struct curl_slist *headers;
    lw_http_done *done;
    void *context;
    struct lw_http_curl_reply reply;
    const char *refused;
};

/* A socket that libcurl wants watched. They are made when a query starts, where a failure is clean: in libcurl's callback
   it would end all queries. */
struct watched {
    struct watched *next;
    struct event event;
};

struct lw_http_curl {
    struct event_base *loop;
    CURLM *multi;
    struct event timer, refusals;
    struct query *queries;
    struct watched *spare;
    size_t running, watched_n;
    uint64_t last_id;
    char user_agent[64];
    void (*on_work)(void *self, bool working);
    void *on_work_self;
};

/* The last check before a byte leaves without TLS: names can be resolved to anything. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct query *query = context;
    struct sockaddr_storage to = {0};

    (void)purpose;
    memcpy(&to, &address->addr, address->addrlen < sizeof(to) ? address->addrlen : sizeof(to));
    if (query->plain && !lw_http_url_plain_address(&to, query->link_local))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- queries ---- */

static void query_free(struct query *query)
{
    struct curl_slist *line;

    if (!query)
        return;
    if (query->easy)
        curl_easy_cleanup(query->easy);
    curl_url_cleanup(query->url);
    for (line = query->headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data)); /* bearer tokens, signatures */
    curl_slist_free_all(query->headers);
    lw_http_curl_reply_close(&query->reply);
    free(query);
}

static void unlink_query(struct lw_http_curl *curl, struct query *query)
{
    struct query **at = &curl->queries;

    while (*at != query)
        at = &(*at)->next;
    *at = query->next;
    curl->running--;
    if (query->easy)
        curl_multi_remove_handle(curl->multi, query->easy);
}

/* It has left the list when `done` runs, so `done` may start and cancel as it likes. */
static void finish(struct query *query, CURLcode code)
{
    struct lw_http_header headers[LW_HTTP_CURL_HEADERS];
    struct lw_http_reply reply;

    if (query->refused) {
        reply = (struct lw_http_reply){.outcome = LW_HTTP_REFUSED};
        snprintf(reply.detail, sizeof(reply.detail), "%s", query->refused);
    } else {
        lw_http_curl_reply_tell(&query->reply, query->easy, code, headers, &reply);
    }
    unlink_query(query->curl, query);
    query->done(query->context, &reply);
    query_free(query);
}

static void take_finished(struct lw_http_curl *curl)
{
    CURLMsg *message;
    struct query *query;
    CURLcode code;
    int left;

    while ((message = curl_multi_info_read(curl->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &query);
        finish(query, code);
    }
}

static void tell_refusals(evutil_socket_t fd, short what, void *context)
{
    struct lw_http_curl *curl = context;
    struct query *query = curl->queries;

    (void)fd;
    (void)what;
    while (query) {
        if (query->refused) {
            finish(query, CURLE_OK);
            query = curl->queries; /* `done` may have changed the list */
            continue;
        }
        query = query->next;
    }
}

/* ---- the loop ---- */

/* libcurl is beside itself (a callback of ours failed for want of memory): all that runs has failed, nothing hangs. */
static void fail_all(struct lw_http_curl *curl)
{
    uint64_t until = curl->last_id;
    struct query *query = curl->queries;

    while (query) {
        if (query->id <= until && !query->refused) {
            finish(query, CURLE_OUT_OF_MEMORY);
            query = curl->queries;
            continue;
        }
        query = query->next;
    }
}

static void act(struct lw_http_curl *curl, curl_socket_t fd, int events)
{
    int running;

    if (curl->on_work != NULL)
        curl->on_work(curl->on_work_self, true);
    if (curl_multi_socket_action(curl->multi, fd, events, &running) != CURLM_OK)
        fail_all(curl);
    else
        take_finished(curl);
    if (curl->on_work != NULL)
        curl->on_work(curl->on_work_self, false);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    act(context, fd, ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long milliseconds, void *context)
{
    struct lw_http_curl *curl = context;
    struct timeval wait = {milliseconds / 1000, milliseconds % 1000 * 1000};

    (void)multi;
    if (milliseconds < 0)
        return evtimer_del(&curl->timer);
    return evtimer_add(&curl->timer, &wait);
}

static void unwatch(struct lw_http_curl *curl, struct watched *watched)
{
    event_del(&watched->event);
    watched->next = curl->spare;
    curl->spare = watched;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct lw_http_curl *curl = context;
    struct watched *watched = known;
    short events = EV_PERSIST;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(curl->multi, fd, NULL);
        if (watched)
            unwatch(curl, watched);
        return 0;
    }
    events = (short)(events | (what != CURL_POLL_OUT ? EV_READ : 0) | (what != CURL_POLL_IN ? EV_WRITE : 0));
    if (watched) {
        event_del(&watched->event);
    } else {
        watched = curl->spare;
        if (!watched)
            return -1;
        curl->spare = watched->next;
        curl_multi_assign(curl->multi, fd, watched);
    }
    event_assign(&watched->event, curl->loop, fd, events, on_socket, curl);
    return event_add(&watched->event, NULL);
}

static bool room_to_watch(struct lw_http_curl *curl)
{
    size_t wanted = (curl->running + 1) * SOCKETS_PER_QUERY + (size_t)CONNECTIONS_KEPT;
    struct watched *watched;

    while (curl->watched_n < wanted) {
        watched = calloc(1, sizeof(*watched));
        if (!watched)
            return false;
        watched->next = curl->spare;
        curl->spare = watched;
        curl->watched_n++;
    }
    return true;
}

/* ---- starting ---- */

static bool clean(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    }
    return true;
}

static bool add_line(struct query *query, const char *line)
{
    struct curl_slist *more = curl_slist_append(query->headers, line);

    if (more)
        query->headers = more;
    return more != NULL;
}

/* libcurl adds a form's Content-Type to a POST and an Expect to a large one, unless it is told that there is none. */
static enum lw_err add_headers(struct query *query, const struct lw_http_request *request, struct lw_fault *fault)
{
    struct lw_buf line = {.ceiling = LW_HTTP_CURL_HEADER_BYTES};
    bool good = add_line(query, "Expect:"), typed = false;

    for (size_t i = 0; good && i < request->headers_n; i++) {
        const struct lw_http_header *header = &request->headers[i];

        if (header->name.len == 0 || !clean(header->name) || !clean(header->value) ||
            memchr(header->name.at, ':', header->name.len)) {
            lw_buf_close(&line);
            return lw_fault_set(fault, LW_ERR_USAGE, "a header of a request has characters that no header may have");
        }
        typed |= header->name.len == 12 && strncasecmp(header->name.at, "Content-Type", 12) == 0;
        lw_buf_clear(&line);
        lw_buf_str(&line, header->name);
        lw_buf_text(&line, header->value.len > 0 ? ": " : ";"); /* "Name;" is how libcurl is told of an empty one */
        lw_buf_str(&line, header->value);
        lw_buf_char(&line, '\0');
        good = line.error == LW_ERR_OK && add_line(query, line.at);
        if (line.at)
            explicit_bzero(line.at, line.len);
    }
    lw_buf_close(&line);
    if (good && !typed)
        good = add_line(query, "Content-Type:");
    return good ? LW_ERR_OK : lw_fault_memory(fault, "a request");
}

static bool set_method(CURL *easy, const struct lw_http_request *request, const char *method)
{
    bool get = strcmp(method, "GET") == 0, head = strcmp(method, "HEAD") == 0;
    bool good = true;

    if (head)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (get && request->body.len == 0)
        return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    good = curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.at ? request->body.at : "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) == CURLE_OK;
    if (strcmp(method, "POST") != 0)
        good = good && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
    return good;
}

static long or_default(lw_span span, int64_t otherwise)
{
    return (long)(span.ms > 0 ? span.ms : otherwise);
}

/* Every option that keeps a secret on its way is set here by hand, whatever its default: a default can change. */
static bool set_safety(const struct query *query, const struct lw_http_request *request)
{
    /* A plain request goes to this machine: a proxy would only learn its secrets. */
    const char *proxy = request->proxy && !query->plain ? request->proxy : "";
    CURL *easy = query->easy;

    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, query->plain ? "http" : "https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (!request->ca_file || curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file) == CURLE_OK) &&
           (!request->ca_file || curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK) &&
           curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, query) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK; /* cancelling does not wait for a resolver */
}

static bool set_limits(CURL *easy, const struct lw_http_request *request)
{
    long fresh = request->fresh_connection ? 1L : 0L;

    return curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, or_default(request->connect_timeout, 10 * LW_SECOND)) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, or_default(request->timeout, LW_MINUTE)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 30L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, fresh) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK;
}

static bool set_up(struct query *query, const struct lw_http_request *request, const char *method)
{
    CURL *easy = query->easy;

    return set_safety(query, request) && set_limits(easy, request) && set_method(easy, request, method) &&
           curl_easy_setopt(easy, CURLOPT_CURLU, query->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, query->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, query->curl->user_agent) == CURLE_OK &&
           lw_http_curl_reply_attach(&query->reply, easy) && curl_easy_setopt(easy, CURLOPT_PRIVATE, query) == CURLE_OK;
}

static enum lw_err make_query(struct lw_http_curl *curl, const struct lw_http_request *request, struct query *query,
                              struct lw_fault *fault)
{
    char method[16] = "";
    enum lw_err err;

    if (request->method.len > 0 && request->method.len < sizeof(method))
        memcpy(method, request->method.at, request->method.len);
    if (request->method.len == 0 || strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != request->method.len)
        return lw_fault_set(fault, LW_ERR_USAGE, "a request needs a method such as POST");
    err = add_headers(query, request, fault);
    if (err != LW_ERR_OK)
        return err;
    query->link_local = request->link_local;
    query->refused = lw_http_url_check(request->url, request->link_local, &query->url, &query->plain);
    if (query->refused)
        return LW_ERR_OK;
    query->easy = curl_easy_init();
    if (!query->easy || !room_to_watch(curl) || !set_up(query, request, method) ||
        curl_multi_add_handle(curl->multi, query->easy) != CURLM_OK)
        return lw_fault_memory(fault, "a request");
    return LW_ERR_OK;
}

static enum lw_err start(void *self, const struct lw_http_request *request, lw_http_done *done, void *context,
                         uint64_t *id, struct lw_fault *fault)
{
    struct lw_http_curl *curl = self;
    struct query *query = calloc(1, sizeof(*query));
    enum lw_err err;

    if (!query)
        return lw_fault_memory(fault, "a request");
    query->curl = curl;
    query->done = done;
    query->context = context;
    lw_http_curl_reply_open(&query->reply, request->reply_max > 0 ? request->reply_max : LW_HTTP_REPLY_MAX);
    err = make_query(curl, request, query, fault);
    if (err != LW_ERR_OK) {
        query_free(query);
        return err;
    }
    query->id = ++curl->last_id;
    query->next = curl->queries;
    curl->queries = query;
    curl->running++;
    if (query->refused)
        event_active(&curl->refusals, EV_TIMEOUT, 1);
    *id = query->id;
    return LW_ERR_OK;
}

static void cancel(void *self, uint64_t id)
{
    struct lw_http_curl *curl = self;

    for (struct query *query = curl->queries; query; query = query->next) {
        if (query->id == id) {
            unlink_query(curl, query);
            query_free(query);
            return;
        }
    }
}

enum lw_err lw_http_curl_open(struct lw_http_curl **out, struct event_base *loop, const char *user_agent,
                              struct lw_fault *fault)
{
    struct lw_http_curl *curl;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return lw_fault_memory(fault, "libcurl");
    curl = calloc(1, sizeof(*curl));
    if (curl)
        curl->multi = curl_multi_init();
    if (!curl || !curl->multi) {
        free(curl);
        curl_global_cleanup();
        return lw_fault_memory(fault, "libcurl");
    }
    curl->loop = loop;
    snprintf(curl->user_agent, sizeof(curl->user_agent), "%s", user_agent);
    evtimer_assign(&curl->timer, loop, on_timer, curl);
    evtimer_assign(&curl->refusals, loop, tell_refusals, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    *out = curl;
    return LW_ERR_OK;
}

struct lw_http lw_http_curl_http(struct lw_http_curl *curl)
{
    return (struct lw_http){.self = curl, .start = start, .cancel = cancel};
}

void lw_http_curl_on_work(struct lw_http_curl *curl, void (*call)(void *self, bool working), void *self)
{
    curl->on_work = call;
    curl->on_work_self = self;
}

size_t lw_http_curl_running(const struct lw_http_curl *curl)
{
    return curl->running;
}

void lw_http_curl_close(struct lw_http_curl *curl)
{
    struct watched *watched;

    if (!curl)
        return;
    while (curl->queries)
        cancel(curl, curl->queries->id);
    curl_multi_cleanup(curl->multi);
    event_del(&curl->timer);
    event_del(&curl->refusals);
    while ((watched = curl->spare) != NULL) {
        curl->spare = watched->next;
        free(watched);
    }
    free(curl);
    curl_global_cleanup();
}
