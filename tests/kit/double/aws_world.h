/* The double of AWS behind struct lw_http, with a clock that stands still but when a test moves it. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_AWS_WORLD_H
#define LEEWAY_TESTS_KIT_DOUBLE_AWS_WORLD_H

#include "engine/base/http/http.h"
#include "engine/base/world.h"
#include "engine/source/source.h"
#include "tests/kit/double/aws_double.h"

#define AWS_WORLD_FLYING 16

struct aws_world {
    struct aws_double *aws;
    struct lw_http http;
    struct lw_world world;
    int64_t now, ahead;          /* ms: our clock; how much theirs is ahead of it */
    int64_t latency;             /* ms of each request; 0: 20 */
    enum lw_http_outcome down;   /* not REPLIED: every request ends like this */
    unsigned long started, most; /* requests; at a time */
    struct {
        uint64_t id;
        int64_t due;
        lw_http_done *done;
        void *context;
        char *method, *url, *head;
        struct lw_str body; /* the client's, as struct lw_http has it */
    } flying[AWS_WORLD_FLYING];
    uint64_t last_id;
    char notes[2000];
    bool woken;
    const char *const *env; /* "NAME=value", NULL-terminated */
};

void aws_world_open(struct aws_world *world, int64_t now);
void aws_world_close(struct aws_world *world);
struct lw_source_calls aws_world_calls(struct aws_world *world);
const char *aws_world_env(void *self, const char *name);
/* The time of the next reply; INT64_MAX: none is on its way. */
int64_t aws_world_next(const struct aws_world *world);
/* Moves the clock and gives the replies that are due. */
void aws_world_to(struct aws_world *world, int64_t now);

#endif
