/* What the service manager is told: ready, status, alive, stopping (the datagrams of sd_notify(3), without its library). */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_NOTIFY_H
#define LEEWAY_ENGINE_FLOW_SERVICE_NOTIFY_H

#include "engine/base/world.h"
#include "leeway/err.h"
#include "leeway/str.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct lw_notify {
    int fd;           /* -1: nobody listens, and all calls do nothing */
    lw_span watchdog; /* WATCHDOG=1 is expected that often at least; 0: never. Send it at half of it */
};

/* `socket`: $NOTIFY_SOCKET (a path, or '@' and an abstract name); `usec`: $WATCHDOG_USEC; `pid`: $WATCHDOG_PID, for which
   `self` must be this process. Any may be NULL. A service manager that cannot be reached is no error of ours: fd is -1 then,
   and the fault says why. */
struct lw_notify lw_notify_open(const char *socket, const char *usec, const char *pid, long self,
                                struct lw_fault *fault);
void lw_notify_close(struct lw_notify *notify);

void lw_notify_ready(struct lw_notify *notify, const char *status);
void lw_notify_status(struct lw_notify *notify, const char *status); /* one line for people */
void lw_notify_alive(struct lw_notify *notify);                      /* feeds the watchdog */
void lw_notify_reloading(struct lw_notify *notify, lw_span ticks);   /* then ready again */
void lw_notify_stopping(struct lw_notify *notify, const char *status);

/* The address of a socket name; false: it is none. */
bool lw_notify_address(struct lw_str name, struct sockaddr_un *address, socklen_t *length);

#endif
