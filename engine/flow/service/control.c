#define _GNU_SOURCE
#include "engine/flow/service/control.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"
#include "engine/base/json/json_out.h"
#include "engine/base/time_text.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 8
#define CLIENT_TIME 10 /* seconds for the request, and for the reply to be taken */
#define ASK_TIME    30
#define ARENA_MAX   ((size_t)4 << 20)
#define GOOD_HEAD   "{\"ok\":true,\"result\":"

static const char *const commands[] = {
#define COMMAND(name, id) id,
    LW_PEOPLE_COMMANDS(COMMAND)
#undef COMMAND
};

static const char *const errors[] = {
#define ERROR(name, text) #name,
    LW_ERR_LIST(ERROR)
#undef ERROR
};

/* The request line. */
static void put(struct lw_json_out *out, const char *key, struct lw_str text)
{
    if (text.len == 0)
        return;
    lw_json_key(out, key);
    lw_json_str(out, text);
}

void lw_control_write(const struct lw_people_request *request, struct lw_buf *buf)
{
    struct lw_json_out out = {.buf = buf};
    const struct lw_people_note *note = &request->note;

    lw_json_object(&out);
    put(&out, "command", lw_str_from(commands[request->command]));
    put(&out, "origin", note->origin);
    put(&out, "model", note->model);
    put(&out, "alert_id", note->alert_id);
    put(&out, "run", note->run);
    put(&out, "series", note->series);
    put(&out, "reason", note->reason);
    put(&out, "who", note->who);
    put(&out, "path", request->path);
    if (note->has_from) {
        lw_json_key(&out, "from");
        lw_json_time(&out, note->from);
    }
    if (note->has_until) {
        lw_json_key(&out, "until");
        lw_json_time(&out, note->until);
    }
    if (note->rebaseline) {
        lw_json_key(&out, "rebaseline");
        lw_json_bool(&out, true);
    }
    if (request->lasts.ms > 0) {
        lw_json_key(&out, "lasts_ms");
        lw_json_int(&out, request->lasts.ms);
    }
    lw_json_object_end(&out);
}

static enum lw_err wrong(struct lw_fault *fault, const char *what)
{
    return lw_fault_set(fault, LW_ERR_FORMAT, "this is no request: %s", what);
}

static bool read_member(struct lw_people_request *out, const struct lw_json_node *node)
{
    struct lw_people_note *note = &out->note;
    struct {
        const char *key;
        struct lw_str *text;
    } texts[] = {{"origin", &note->origin}, {"model", &note->model},   {"alert_id", &note->alert_id},
                 {"run", &note->run},       {"series", &note->series}, {"reason", &note->reason},
                 {"who", &note->who},       {"path", &out->path}};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!lw_str_equal(node->key, lw_str_from(texts[i].key)))
            continue;
        *texts[i].text = node->text;
        return node->kind == LW_TOKEN_STRING && (node->text.len == 0 || !memchr(node->text.at, '\0', node->text.len));
    }
    if (lw_str_equal(node->key, LW_STR("from")))
        return note->has_from = node->kind == LW_TOKEN_STRING && lw_time_read(node->text, NULL, &note->from);
    if (lw_str_equal(node->key, LW_STR("until")))
        return note->has_until = node->kind == LW_TOKEN_STRING && lw_time_read(node->text, NULL, &note->until);
    if (lw_str_equal(node->key, LW_STR("rebaseline"))) {
        note->rebaseline = node->kind == LW_TOKEN_TRUE;
        return node->kind == LW_TOKEN_TRUE || node->kind == LW_TOKEN_FALSE;
    }
    if (lw_str_equal(node->key, LW_STR("lasts_ms"))) {
        if (node->kind != LW_TOKEN_NUMBER || !(node->number >= 0 && node->number <= 3650.0 * LW_DAY))
            return false;
        out->lasts.ms = (int64_t)node->number;
        return true;
    }
    return lw_str_equal(node->key, LW_STR("command"));
}

enum lw_err lw_control_read(struct lw_str line, struct lw_arena *arena, struct lw_people_request *out,
                            struct lw_fault *fault)
{
    struct lw_people_request request = {.command = LW_PEOPLE_DO_STATUS};
    const struct lw_json_node *node;
    struct lw_json_in in;
    struct lw_str command;
    size_t i = 0;
    enum lw_err err = lw_json_in_read(&in, line, arena, fault);

    if (err != LW_ERR_OK)
        return err;
    if (in.nodes[0].kind != LW_TOKEN_OBJECT)
        return wrong(fault, "it is no JSON object");
    command = lw_json_in_str(&in, in.nodes, "command");
    while (i < LW_PEOPLE_DO_COUNT && !lw_str_equal(command, lw_str_from(commands[i])))
        i++;
    if (i == LW_PEOPLE_DO_COUNT)
        return wrong(fault, "it has no command that is known");
    request.command = (enum lw_people_command)i;
    for (node = lw_json_in_first(&in, in.nodes); node != NULL; node = lw_json_in_next(&in, in.nodes, node)) {
        if (!read_member(&request, node))
            return wrong(fault, "a member is unknown, or not what it should be");
    }
    *out = request;
    return LW_ERR_OK;
}

/* The server. */
struct client {
    struct client *next;
    struct lw_control *control;
    struct bufferevent *bev;
    bool answered;
};

struct lw_control {
    struct lw_control_calls calls;
    const struct lw_world *world;
    struct event_base *base;
    struct evconnlistener *listener;
    struct client *clients;
    unsigned clients_n;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    bool bound;
};

static void free_client(struct client *client)
{
    struct lw_control *control = client->control;
    struct client **at = &control->clients;

    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    control->clients_n--;
    if (client->bev != NULL)
        bufferevent_free(client->bev);
    free(client);
    if (control->listener != NULL)
        (void)evconnlistener_enable(control->listener);
}

static void write_error(enum lw_err err, const struct lw_fault *fault, struct lw_buf *out)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    lw_json_key(&json, "ok");
    lw_json_bool(&json, false);
    put(&json, "code", lw_str_from(errors[err]));
    put(&json, "error", lw_str_from(fault->text[0] != '\0' ? fault->text : lw_err_text(err)));
    lw_json_object_end(&json);
}

static void answer(struct client *client, struct lw_str line)
{
    struct lw_control *control = client->control;
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_buf out = {.ceiling = LW_CONTROL_REPLY_MAX};
    struct lw_people_request request;
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = lw_control_read(line, &arena, &request, &fault);

    client->answered = true;
    lw_buf_text(&out, GOOD_HEAD);
    if (err == LW_ERR_OK)
        err = control->calls.request(control->calls.self, &request, &out, &fault);
    if (err == LW_ERR_OK)
        err = out.error;
    lw_buf_char(&out, '}');
    if (err != LW_ERR_OK) {
        lw_buf_clear(&out);
        write_error(err, &fault, &out);
    }
    lw_buf_char(&out, '\n');
    if (out.error != LW_ERR_OK || evbuffer_add(bufferevent_get_output(client->bev), out.at, out.len) != 0)
        free_client(client);
    lw_buf_close(&out);
    lw_arena_close(&arena);
}

static void on_read(struct bufferevent *bev, void *context)
{
    struct client *client = context;
    struct evbuffer *in = bufferevent_get_input(bev);
    struct evbuffer_ptr end = evbuffer_search(in, "\n", 1, NULL);
    const char *line;

    if (client->answered || end.pos >= (ev_ssize_t)LW_CONTROL_REQUEST_MAX ||
        (end.pos < 0 && evbuffer_get_length(in) >= LW_CONTROL_REQUEST_MAX)) {
        free_client(client);
        return;
    }
    if (end.pos < 0)
        return;
    line = (const char *)evbuffer_pullup(in, end.pos + 1);
    if (line == NULL)
        free_client(client);
    else
        answer(client, (struct lw_str){.at = line, .len = (size_t)end.pos});
}

static void on_written(struct bufferevent *bev, void *context)
{
    struct client *client = context;

    if (client->answered && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
        free_client(client);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct client *client = context;

    (void)bev;
    if (!(what & BEV_EVENT_EOF) || !client->answered)
        free_client(client);
}

/* Whoever may read the store may also command the daemon; nobody else. */
static bool is_friend(evutil_socket_t fd)
{
    struct ucred peer = {.pid = 0};
    socklen_t length = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

static bool begin_client(struct client *client, evutil_socket_t fd)
{
    struct timeval patience = {.tv_sec = CLIENT_TIME};

    client->bev = bufferevent_socket_new(client->control->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (client->bev == NULL)
        return false;
    bufferevent_setcb(client->bev, on_read, on_written, on_event, client);
    bufferevent_setwatermark(client->bev, EV_READ, 0, 2 * LW_CONTROL_REQUEST_MAX);
    bufferevent_set_timeouts(client->bev, &patience, &patience);
    return bufferevent_enable(client->bev, EV_READ | EV_WRITE) == 0;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int length,
                      void *context)
{
    struct lw_control *control = context;
    struct client *client = is_friend(fd) ? calloc(1, sizeof(*client)) : NULL;

    (void)peer;
    (void)length;
    if (client == NULL) {
        evutil_closesocket(fd);
        return;
    }
    client->control = control;
    client->next = control->clients;
    control->clients = client;
    if (++control->clients_n >= CLIENTS_MAX)
        (void)evconnlistener_disable(listener);
    if (!begin_client(client, fd)) {
        if (client->bev == NULL)
            evutil_closesocket(fd);
        free_client(client);
    }
}

static enum lw_err address_of(const char *path, struct sockaddr_un *address, struct lw_fault *fault)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] == '\0' || strlen(path) >= sizeof(address->sun_path))
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "the control socket %.120s: its path has %zu characters at most; put the store elsewhere",
                            path, sizeof(address->sun_path) - 1);
    memcpy(address->sun_path, path, strlen(path) + 1);
    return LW_ERR_OK;
}

static enum lw_err remove_stale(const char *path, struct lw_fault *fault)
{
    struct stat stat;

    if (lstat(path, &stat) != 0)
        return LW_ERR_OK;
    if (!S_ISSOCK(stat.st_mode))
        return lw_fault_set(fault, LW_ERR_USAGE, "%.160s is in the way of the control socket: it is no socket", path);
    if (unlink(path) != 0)
        return lw_fault_set(fault, LW_ERR_IO, "the old control socket %.120s cannot be removed: %s", path,
                            strerror(errno));
    return LW_ERR_OK;
}

/* The mode is set before the name is there: nobody else can connect in between. */
static int bind_to(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (fchmod(fd, 0600) == 0 && bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
        if (chmod(address->sun_path, 0600) == 0)
            return fd;
        (void)unlink(address->sun_path);
    }
    close(fd);
    return -1;
}

static enum lw_err begin(struct lw_control *control, const char *path, struct lw_fault *fault)
{
    struct sockaddr_un address;
    enum lw_err err = address_of(path, &address, fault);
    int fd;

    if (err == LW_ERR_OK)
        err = remove_stale(path, fault);
    if (err != LW_ERR_OK)
        return err;
    fd = bind_to(&address);
    if (fd < 0)
        return lw_fault_set(fault, LW_ERR_IO, "the control socket %.120s cannot be made: %s", path, strerror(errno));
    memcpy(control->path, path, strlen(path) + 1);
    control->bound = true;
    control->listener = evconnlistener_new(control->base, on_accept, control, LEV_OPT_CLOSE_ON_FREE, 16, fd);
    if (control->listener == NULL) {
        close(fd);
        return lw_fault_memory(fault, "the control socket");
    }
    return LW_ERR_OK;
}

enum lw_err lw_control_open(struct lw_control **out, struct event_base *base, const char *path,
                            const struct lw_control_calls *calls, const struct lw_world *world, struct lw_fault *fault)
{
    struct lw_control *control = calloc(1, sizeof(*control));
    enum lw_err err;

    if (control == NULL)
        return lw_fault_memory(fault, "the control socket");
    control->calls = *calls;
    control->world = world;
    control->base = base;
    err = begin(control, path, fault);
    if (err != LW_ERR_OK) {
        lw_control_close(control);
        return err;
    }
    *out = control;
    return LW_ERR_OK;
}

void lw_control_close(struct lw_control *control)
{
    if (control == NULL)
        return;
    if (control->listener != NULL)
        evconnlistener_free(control->listener);
    control->listener = NULL;
    while (control->clients != NULL)
        free_client(control->clients);
    if (control->bound)
        (void)unlink(control->path);
    free(control);
}

/* The client. */
static enum lw_err lost(struct lw_fault *fault, const char *what)
{
    return lw_fault_set(fault, LW_ERR_IO, "the daemon %s: look at its log", what);
}

static enum lw_err send_all(int fd, struct lw_str bytes, struct lw_fault *fault)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return lost(fault, "does not take the request");
        bytes.at += n;
        bytes.len -= (size_t)n;
    }
    return LW_ERR_OK;
}

static enum lw_err receive_line(int fd, struct lw_buf *line, struct lw_fault *fault)
{
    for (;;) {
        char *room = lw_buf_reserve(line, 65536);
        ssize_t n;

        if (room == NULL)
            return lw_fault_memory(fault, "the daemon's reply");
        n = recv(fd, room, 65536, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return lost(fault, n == 0 ? "hung up" : "does not answer");
        line->len += (size_t)n;
        if (line->at[line->len - 1] == '\n') {
            line->len--;
            return LW_ERR_OK;
        }
    }
}

static enum lw_err read_reply(struct lw_str line, struct lw_buf *reply, struct lw_fault *fault)
{
    size_t head = sizeof(GOOD_HEAD) - 1;
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_json_in in;
    enum lw_err err;

    if (line.len > head && memcmp(line.at, GOOD_HEAD, head) == 0 && line.at[line.len - 1] == '}') {
        lw_buf_bytes(reply, line.at + head, line.len - head - 1);
        return reply->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the daemon's reply");
    }
    err = lw_json_in_read(&in, line, &arena, fault);
    if (err == LW_ERR_OK) {
        struct lw_str code = lw_json_in_str(&in, in.nodes, "code");
        struct lw_str text = lw_json_in_str(&in, in.nodes, "error");

        err = lost(fault, "answered what makes no sense");
        for (size_t i = 1; i < sizeof(errors) / sizeof(errors[0]); i++) {
            if (lw_str_equal(code, lw_str_from(errors[i])) && text.len > 0)
                err = lw_fault_set(fault, (enum lw_err)i, "%.*s", (int)(text.len < 240 ? text.len : 240), text.at);
        }
    } else if (err == LW_ERR_FORMAT) {
        err = lost(fault, "answered what makes no sense");
    }
    lw_arena_close(&arena);
    return err;
}

static enum lw_err ask(int fd, const struct lw_people_request *request, struct lw_buf *reply, struct lw_fault *fault)
{
    struct timeval patience = {.tv_sec = ASK_TIME};
    struct lw_buf line = {.ceiling = LW_CONTROL_REPLY_MAX + 65536};
    enum lw_err err;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    lw_control_write(request, &line);
    lw_buf_char(&line, '\n');
    if (line.error != LW_ERR_OK)
        err = lw_fault_memory(fault, "a request");
    else if (line.len > LW_CONTROL_REQUEST_MAX)
        err = lw_fault_set(fault, LW_ERR_USAGE, "the request is too long: shorten the reason");
    else
        err = send_all(fd, lw_buf_view(&line), fault);
    lw_buf_clear(&line);
    if (err == LW_ERR_OK)
        err = receive_line(fd, &line, fault);
    if (err == LW_ERR_OK)
        err = read_reply(lw_buf_view(&line), reply, fault);
    lw_buf_close(&line);
    return err;
}

enum lw_err lw_control_ask(const char *path, const struct lw_people_request *request, struct lw_buf *reply, bool *there,
                           struct lw_fault *fault)
{
    struct sockaddr_un address;
    enum lw_err err = address_of(path, &address, fault);
    int fd;

    *there = false;
    if (err != LW_ERR_OK)
        return err;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return lw_fault_set(fault, LW_ERR_IO, "no socket can be made: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        *there = true;
        err = ask(fd, request, reply, fault);
    } else if (errno != ENOENT && errno != ECONNREFUSED) {
        err = lw_fault_set(fault, LW_ERR_IO, "the daemon's control socket %.120s: %s", path, strerror(errno));
    }
    close(fd);
    return err;
}
