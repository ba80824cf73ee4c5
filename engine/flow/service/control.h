/* The control socket: commands of people to a running daemon, one JSON line in, one JSON line out. */
#ifndef LEEWAY_ENGINE_FLOW_SERVICE_CONTROL_H
#define LEEWAY_ENGINE_FLOW_SERVICE_CONTROL_H

#include "engine/base/world.h"
#include "engine/flow/people/people.h"

struct event_base;
struct lw_control;

#define LW_CONTROL_REQUEST_MAX ((size_t)16 << 10)
#define LW_CONTROL_REPLY_MAX   ((size_t)64 << 20)

/* Functions of the loop. `request` and its texts are valid during the call. Appends one JSON value to `reply`; an error
   becomes {"ok":false,"code":...,"error":...}. */
struct lw_control_calls {
    void *self;
    enum lw_err (*request)(void *self, const struct lw_people_request *request, struct lw_buf *reply,
                           struct lw_fault *fault);
};

/* The caller owns the store's lock: a socket that is left over belongs to nobody and is removed (what is no socket is not:
   LW_ERR_USAGE). 0600; only processes of the same user, or root, are served. At most 8 at once. */
LW_MUST_USE enum lw_err lw_control_open(struct lw_control **out, struct event_base *base, const char *path,
                                        const struct lw_control_calls *calls, const struct lw_world *world,
                                        struct lw_fault *fault);
/* Removes the socket. */
void lw_control_close(struct lw_control *control);

/* The request line, both ways. Texts in `arena`. LW_ERR_FORMAT: it is none, with the reason. */
void lw_control_write(const struct lw_people_request *request, struct lw_buf *out);
LW_MUST_USE enum lw_err lw_control_read(struct lw_str line, struct lw_arena *arena, struct lw_people_request *out,
                                        struct lw_fault *fault);

/* For commands: asks the daemon and waits, 30 s at most. *there: false when no daemon answers at `path` (nothing was done).
   `reply` gets the value of "result". An error that the daemon answered is returned as it was there. */
LW_MUST_USE enum lw_err lw_control_ask(const char *path, const struct lw_people_request *request, struct lw_buf *reply,
                                       bool *there, struct lw_fault *fault);

#endif
