#define _GNU_SOURCE
#include "engine/flow/service/notify.h"

#include "engine/base/fault.h"
#include "engine/base/scan/scan.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define MESSAGE_MAX 512

bool lw_notify_address(struct lw_str name, struct sockaddr_un *address, socklen_t *length)
{
    bool abstract = name.len > 0 && name.at[0] == '@';

    /* An abstract name fills the whole field and needs no NUL; a path keeps one. */
    if (name.len < 2 || (!abstract && name.at[0] != '/') || name.len > sizeof(address->sun_path) - (abstract ? 0 : 1) ||
        memchr(name.at, '\0', name.len) != NULL)
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name.at, name.len);
    if (abstract)
        address->sun_path[0] = '\0';
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len + (abstract ? 0 : 1));
    return true;
}

/* A whole number of microseconds or a process id. */
static bool read_number(const char *text, int64_t *number)
{
    double value;

    if (text == NULL || text[0] < '0' || text[0] > '9' || !lw_scan_decimal(lw_str_from(text), &value) || value > 1e15)
        return false;
    *number = (int64_t)value;
    return true;
}

static bool connect_to(int fd, const char *name)
{
    struct sockaddr_un address;
    socklen_t length;

    if (!lw_notify_address(lw_str_from(name), &address, &length)) {
        errno = EINVAL;
        return false;
    }
    return connect(fd, (const struct sockaddr *)&address, length) == 0;
}

struct lw_notify lw_notify_open(const char *socket_name, const char *usec, const char *pid, long self,
                                struct lw_fault *fault)
{
    struct lw_notify notify = {.fd = -1};
    int64_t micros = 0;
    int64_t whose = self;

    if (socket_name == NULL || socket_name[0] == '\0')
        return notify;
    notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (notify.fd < 0 || !connect_to(notify.fd, socket_name)) {
        (void)lw_fault_set(fault, LW_ERR_IO, "the service manager cannot be told anything (NOTIFY_SOCKET): %s",
                           strerror(errno));
        lw_notify_close(&notify);
        return notify;
    }
    if (pid != NULL && pid[0] != '\0' && !read_number(pid, &whose))
        whose = -1;
    if (read_number(usec, &micros) && whose == self)
        notify.watchdog.ms = micros / 1000;
    return notify;
}

void lw_notify_close(struct lw_notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    *notify = (struct lw_notify){.fd = -1};
}

/* A datagram that is not taken is lost: the next one says the same, and the daemon does not wait for its manager. */
static void tell(struct lw_notify *notify, const char *text)
{
    if (notify->fd >= 0 && send(notify->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        return;
}

/* `status` is one line: what would begin another assignment becomes a blank. */
static void tell_status(struct lw_notify *notify, const char *first, const char *status)
{
    char text[MESSAGE_MAX];
    size_t n = (size_t)snprintf(text, sizeof(text), "%s", first);

    snprintf(text + n, sizeof(text) - n, "STATUS=%s", status);
    for (char *at = text + n; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    }
    tell(notify, text);
}

void lw_notify_ready(struct lw_notify *notify, const char *status)
{
    tell_status(notify, "READY=1\n", status);
}

void lw_notify_status(struct lw_notify *notify, const char *status)
{
    tell_status(notify, "", status);
}

void lw_notify_alive(struct lw_notify *notify)
{
    tell(notify, "WATCHDOG=1");
}

void lw_notify_reloading(struct lw_notify *notify, lw_span ticks)
{
    char text[96];

    /* Type=notify-reload of later versions demands the clock of the message; ticks are CLOCK_MONOTONIC. */
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)ticks.ms * 1000);
    tell(notify, text);
}

void lw_notify_stopping(struct lw_notify *notify, const char *status)
{
    tell_status(notify, "STOPPING=1\n", status);
}
