#define _GNU_SOURCE
#include "tests/kit/kit.h"

#include "engine/flow/service/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char name[128];
static int peer;

/* A service manager: a datagram socket of that name. */
static void listen_at(const char *text)
{
    struct sockaddr_un address;
    socklen_t length;

    snprintf(name, sizeof(name), "%s", text);
    peer = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CU_ASSERT_TRUE_FATAL(lw_notify_address(lw_str_from(name), &address, &length));
    CU_ASSERT_EQUAL_FATAL(bind(peer, (struct sockaddr *)&address, length), 0);
}

static const char *heard(void)
{
    static char text[1024];
    ssize_t n = recv(peer, text, sizeof(text) - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void speaks(const char *text)
{
    struct lw_notify notify;
    struct lw_fault fault = {.code = LW_ERR_OK};

    listen_at(text);
    notify = lw_notify_open(name, "3000000", NULL, (long)getpid(), &fault);
    CU_ASSERT(notify.fd >= 0 && fault.code == LW_ERR_OK);
    CU_ASSERT_EQUAL(notify.watchdog.ms, 3000);
    lw_notify_ready(&notify, "2 sources");
    CU_ASSERT_STRING_EQUAL(heard(), "READY=1\nSTATUS=2 sources");
    lw_notify_status(&notify, "one\nSTOPPING=1");
    CU_ASSERT_STRING_EQUAL(heard(), "STATUS=one STOPPING=1");
    lw_notify_alive(&notify);
    CU_ASSERT_STRING_EQUAL(heard(), "WATCHDOG=1");
    lw_notify_reloading(&notify, (lw_span){1234});
    CU_ASSERT_STRING_EQUAL(heard(), "RELOADING=1\nMONOTONIC_USEC=1234000");
    lw_notify_stopping(&notify, "drains");
    CU_ASSERT_STRING_EQUAL(heard(), "STOPPING=1\nSTATUS=drains");
    lw_notify_close(&notify);
    lw_notify_alive(&notify);
    CU_ASSERT_STRING_EQUAL(heard(), "");
    close(peer);
}

static void it_speaks_to_a_socket_that_has_a_path(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/notify", kit_temporary_directory());
    speaks(path);
}

static void it_speaks_to_an_abstract_socket(void)
{
    char text[64];

    snprintf(text, sizeof(text), "@leeway-test-%ld", (long)getpid());
    speaks(text);
}

static void without_a_manager_it_is_silent(void)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_notify notify = lw_notify_open(NULL, NULL, NULL, 1, &fault);

    CU_ASSERT(notify.fd == -1 && fault.code == LW_ERR_OK && notify.watchdog.ms == 0);
    lw_notify_ready(&notify, "x");
    notify = lw_notify_open("", "1", NULL, 1, &fault);
    CU_ASSERT(notify.fd == -1 && fault.code == LW_ERR_OK);
    notify = lw_notify_open("/nowhere/at/all", NULL, NULL, 1, &fault);
    CU_ASSERT(notify.fd == -1 && fault.code == LW_ERR_IO);
    notify = lw_notify_open("relative", NULL, NULL, 1, &fault);
    CU_ASSERT(notify.fd == -1 && fault.code == LW_ERR_IO);
}

static void the_watchdog_is_that_of_this_process(void)
{
    static const struct {
        const char *usec, *pid;
        int64_t ms;
    } rows[] = {
        {"2000000", "42", 2000},
        {"2000000", "43", 0},
        {"2000000", "", 2000},
        {"x", NULL, 0},
        {"-1", NULL, 0},
        {"", NULL, 0},
        {"1e400", NULL, 0},
        {NULL, "42", 0},
        {"2000000", "x", 0},
        {"500", NULL, 0},
        {"99999999999999999999", NULL, 0},
    };

    it_speaks_to_an_abstract_socket();
    listen_at("@leeway-test-watchdog");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_notify notify = lw_notify_open("@leeway-test-watchdog", rows[i].usec, rows[i].pid, 42, NULL);

        CU_ASSERT_EQUAL(notify.watchdog.ms, rows[i].ms);
        lw_notify_close(&notify);
    }
    close(peer);
}

static void addresses_are_read_strictly(void)
{
    struct sockaddr_un address;
    socklen_t length;
    char text[200];

    memset(text, 'x', sizeof(text));
    text[0] = '/';
    CU_ASSERT_TRUE(lw_notify_address((struct lw_str){text, sizeof(address.sun_path) - 1}, &address, &length));
    CU_ASSERT_EQUAL(length, sizeof(address));
    CU_ASSERT_FALSE(lw_notify_address((struct lw_str){text, sizeof(address.sun_path)}, &address, &length));
    text[0] = '@';
    CU_ASSERT_TRUE(lw_notify_address((struct lw_str){text, sizeof(address.sun_path)}, &address, &length));
    CU_ASSERT(address.sun_path[0] == '\0' && length == sizeof(address));
    CU_ASSERT_FALSE(lw_notify_address((struct lw_str){text, sizeof(address.sun_path) + 1}, &address, &length));
    CU_ASSERT_FALSE(lw_notify_address(LW_STR("@"), &address, &length));
    CU_ASSERT_FALSE(lw_notify_address(LW_STR(""), &address, &length));
    CU_ASSERT_FALSE(lw_notify_address(LW_STR("vsock:2:1"), &address, &length));
    CU_ASSERT_FALSE(lw_notify_address(LW_STR("/a\0b"), &address, &length));
    CU_ASSERT_TRUE(lw_notify_address(LW_STR("@ab"), &address, &length));
    CU_ASSERT_EQUAL(length, offsetof(struct sockaddr_un, sun_path) + 3);
}

static void a_manager_that_does_not_listen_holds_nothing_up(void)
{
    struct lw_notify notify;

    listen_at("@leeway-test-full");
    notify = lw_notify_open("@leeway-test-full", NULL, NULL, 1, NULL);
    for (int i = 0; i < 10000; i++)
        lw_notify_alive(&notify);
    CU_ASSERT_STRING_EQUAL(heard(), "WATCHDOG=1");
    close(peer);
    lw_notify_alive(&notify);
    lw_notify_close(&notify);
}

KIT_SUITE("notify", {"it speaks to a socket that has a path", it_speaks_to_a_socket_that_has_a_path},
          {"it speaks to an abstract socket", it_speaks_to_an_abstract_socket},
          {"without a manager it is silent", without_a_manager_it_is_silent},
          {"the watchdog is that of this process", the_watchdog_is_that_of_this_process},
          {"addresses are read strictly", addresses_are_read_strictly},
          {"a manager that does not listen holds nothing up", a_manager_that_does_not_listen_holds_nothing_up})
