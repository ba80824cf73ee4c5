#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/flow/service/control.h"
#include "tests/kit/alloc.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct event_base *base;
static struct lw_control *control;
static struct lw_world world;
static char path[108];
static char last[256];
static enum lw_err says;

static enum lw_err on_request(void *self, const struct lw_people_request *request, struct lw_buf *reply,
                              struct lw_fault *fault)
{
    (void)self;
    snprintf(last, sizeof(last), "%d %.*s %lld", (int)request->command, (int)request->note.model.len,
             request->note.model.at != NULL ? request->note.model.at : "", (long long)request->lasts.ms);
    if (says != LW_ERR_OK) {
        snprintf(fault->text, sizeof(fault->text), "there is no \"such\" alert");
        return says;
    }
    lw_buf_text(reply, "{\"message\":\"done\"}");
    return LW_ERR_OK;
}

static enum lw_err try_open(struct lw_fault *fault)
{
    static const struct lw_control_calls calls = {.request = on_request};

    world = lw_world_real();
    return lw_control_open(&control, base, path, &calls, &world, fault);
}

static void open_control(void)
{
    snprintf(path, sizeof(path), "%s/leeway.sock", kit_temporary_directory());
    says = LW_ERR_OK;
    base = event_base_new();
    CU_ASSERT_EQUAL_FATAL(try_open(NULL), LW_ERR_OK);
}

static void close_control(void)
{
    lw_control_close(control);
    event_base_free(base);
}

/* The blocking client runs in a thread of its own, beside the loop. */
struct client {
    const struct lw_people_request *request;
    struct lw_buf reply;
    struct lw_fault fault;
    enum lw_err err;
    bool there;
    atomic_bool done;
};

static void *client_main(void *context)
{
    struct client *client = context;

    client->err = lw_control_ask(path, client->request, &client->reply, &client->there, &client->fault);
    atomic_store(&client->done, true);
    return NULL;
}

static void ask(struct client *client, const struct lw_people_request *request)
{
    struct timeval tick = {.tv_usec = 1000};
    pthread_t thread;

    memset(client, 0, sizeof(*client));
    client->request = request;
    client->reply.ceiling = (size_t)1 << 20;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, client_main, client), 0);
    while (!atomic_load(&client->done)) {
        event_base_loopexit(base, &tick);
        event_base_loop(base, 0);
    }
    pthread_join(thread, NULL);
}

static void a_request_is_answered(void)
{
    struct lw_people_request request = {
        .command = LW_PEOPLE_DO_ACK, .note = {.model = LW_STR("churn")}, .lasts = {7 * LW_DAY}};
    struct client client;
    struct stat stat;

    open_control();
    CU_ASSERT_EQUAL(lstat(path, &stat), 0);
    CU_ASSERT(S_ISSOCK(stat.st_mode) && (stat.st_mode & 0777) == 0600);
    ask(&client, &request);
    CU_ASSERT(client.err == LW_ERR_OK && client.there);
    CU_ASSERT(lw_str_equal(lw_buf_view(&client.reply), LW_STR("{\"message\":\"done\"}")));
    CU_ASSERT_STRING_EQUAL(last, "2 churn 604800000");
    lw_buf_close(&client.reply);
    says = LW_ERR_USAGE;
    ask(&client, &request);
    CU_ASSERT(client.err == LW_ERR_USAGE && client.there);
    CU_ASSERT_STRING_EQUAL(client.fault.text, "there is no \"such\" alert");
    lw_buf_close(&client.reply);
    close_control();
    CU_ASSERT(lstat(path, &stat) != 0);
}

static void without_a_daemon_nothing_is_there(void)
{
    struct lw_people_request request = {.command = LW_PEOPLE_DO_STATUS};
    struct lw_buf reply = {.ceiling = 100};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool there = true;
    int fd;

    snprintf(path, sizeof(path), "%s/none.sock", kit_temporary_directory());
    CU_ASSERT_EQUAL(lw_control_ask(path, &request, &reply, &there, NULL), LW_ERR_OK);
    CU_ASSERT_FALSE(there);
    /* One that a killed daemon left behind. */
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    there = true;
    CU_ASSERT_EQUAL(lw_control_ask(path, &request, &reply, &there, NULL), LW_ERR_OK);
    CU_ASSERT_FALSE(there);
    base = event_base_new();
    CU_ASSERT_EQUAL(try_open(NULL), LW_ERR_OK);
    close_control();
}

static void what_is_no_socket_is_left_alone(void)
{
    struct lw_fault fault;
    struct stat stat;
    int fd;

    snprintf(path, sizeof(path), "%s/file", kit_temporary_directory());
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    base = event_base_new();
    CU_ASSERT_EQUAL(try_open(&fault), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(lstat(path, &stat), 0);
    snprintf(path, sizeof(path), "%s/no/folder", kit_temporary_directory());
    CU_ASSERT_EQUAL(try_open(&fault), LW_ERR_IO);
    event_base_free(base);
}

/* Writes these bytes, and runs the loop until the peer answers or hangs up. */
static const char *raw(const char *bytes, size_t n)
{
    static char text[4096];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t got = 0;

    memcpy(address.sun_path, path, strlen(path) + 1);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 200; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        size_t part = n < 4096 ? n : 4096;
        ssize_t k = part > 0 ? send(fd, bytes, part, MSG_NOSIGNAL) : 0;

        bytes += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
        if (poll(&wait, 1, 1) > 0) {
            k = recv(fd, text + got, sizeof(text) - 1 - got, 0);
            if (k <= 0)
                break;
            got += (size_t)k;
        }
    }
    text[got] = '\0';
    close(fd);
    event_base_loop(base, EVLOOP_NONBLOCK);
    return text;
}

static void what_is_no_request_is_refused(void)
{
    static const char *const bad[] = {"\n",
                                      "{}\n",
                                      "[]\n",
                                      "{\"command\":\"boom\"}\n",
                                      "{\"command\":7}\n",
                                      "{\"command\":\"ack\",\"model\":7}\n",
                                      "{\"command\":\"ack\",\"model\":\"a\\u0000b\"}\n",
                                      "{\"command\":\"ack\",\"other\":\"x\"}\n",
                                      "{\"command\":\"ack\",\"until\":\"soon\"}\n",
                                      "{\"command\":\"ack\",\"lasts_ms\":-1}\n",
                                      "{\"command\":\"ack\",\"lasts_ms\":1e300}\n",
                                      "{\"command\":\"ack\"}{}\n"};
    char *large = malloc(2 * LW_CONTROL_REQUEST_MAX);

    open_control();
    last[0] = '\0';
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *text = raw(bad[i], strlen(bad[i]));

        CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"ok\":false,\"code\":\"FORMAT\",\"error\":"));
        if (strstr(text, "FORMAT") == NULL)
            printf("# %s -> %s\n", bad[i], text);
    }
    memset(large, ' ', 2 * LW_CONTROL_REQUEST_MAX);
    CU_ASSERT_STRING_EQUAL(raw(large, 2 * LW_CONTROL_REQUEST_MAX), "");
    CU_ASSERT_STRING_EQUAL(last, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(raw("{\"command\":\"status\"}\n", 21), "{\"ok\":true,\"result\":{\"message\""));
    free(large);
    close_control();
}

static void clients_are_bounded(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fds[30];

    open_control();
    memcpy(address.sun_path, path, strlen(path) + 1);
    for (int i = 0; i < 20; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&address, sizeof(address));
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    for (int i = 0; i < 50; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    CU_ASSERT_PTR_NOT_NULL(strstr(raw("{\"command\":\"status\"}\n", 21), "\"ok\":true"));
    close_control();
}

static void a_request_line_is_read_back_as_it_was_written(void)
{
    struct lw_people_request request = {.command = LW_PEOPLE_DO_EXPECT,
                                        .note = {.origin = LW_STR("o"),
                                                 .model = LW_STR("m\"\n"),
                                                 .alert_id = LW_STR("a"),
                                                 .run = LW_STR("r"),
                                                 .series = LW_STR("s"),
                                                 .reason = LW_STR("why"),
                                                 .who = LW_STR("w"),
                                                 .from = {5000},
                                                 .until = {6000},
                                                 .has_from = true,
                                                 .has_until = true,
                                                 .rebaseline = true},
                                        .lasts = {77},
                                        .path = LW_STR("/x")};
    struct lw_people_request again;
    struct lw_arena arena = {.ceiling = (size_t)1 << 20};
    struct lw_buf line = {.ceiling = 4096}, other = {.ceiling = 4096};

    lw_control_write(&request, &line);
    CU_ASSERT_PTR_NULL(memchr(line.at, '\n', line.len));
    CU_ASSERT_EQUAL(lw_control_read(lw_buf_view(&line), &arena, &again, NULL), LW_ERR_OK);
    lw_control_write(&again, &other);
    CU_ASSERT(lw_str_equal(lw_buf_view(&line), lw_buf_view(&other)));
    CU_ASSERT(lw_str_equal(again.note.model, LW_STR("m\"\n")));
    lw_buf_close(&line);
    lw_buf_close(&other);
    lw_arena_close(&arena);
}

static bool all_of_it(void *self, bool failed)
{
    bool good = false;

    (void)self;
    says = LW_ERR_OK;
    base = event_base_new();
    if (try_open(NULL) == LW_ERR_OK) {
        good = strstr(raw("{\"command\":\"status\"}\n", 21), "\"ok\":") != NULL;
        lw_control_close(control);
    }
    event_base_free(base);
    return good || failed;
}

static void every_allocation_may_fail(void)
{
    snprintf(path, sizeof(path), "%s/torture.sock", kit_temporary_directory());
    CU_ASSERT(kit_alloc_torture(all_of_it, NULL) > 3);
}

KIT_SUITE("control", {"a request is answered", a_request_is_answered},
          {"without a daemon nothing is there", without_a_daemon_nothing_is_there},
          {"what is no socket is left alone", what_is_no_socket_is_left_alone},
          {"what is no request is refused", what_is_no_request_is_refused},
          {"clients are bounded", clients_are_bounded},
          {"a request line is read back as it was written", a_request_line_is_read_back_as_it_was_written},
          {"every allocation may fail", every_allocation_may_fail})
