/* `leeway watch` before the double of Loggly, both as processes of their own: started, asked over HTTP, watched from
   outside. Whatever fails ends the program. $LEEWAY and $LOGGLY: the two programs. */
#ifndef LEEWAY_BENCH_KIT_DAEMON_H
#define LEEWAY_BENCH_KIT_DAEMON_H

#include "engine/base/buf.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define BENCH_MIB   ((size_t)1 << 20)
#define BENCH_TOKEN "0a1b2c3d-0000-4000-8000-00000000cafe"

struct bench {
    char folder[256], config[300], store[300], token[300], ca[300];
    char url[128], control[128]; /* of the double */
    int port, double_port;
    pid_t daemon, loggly;
    CURL *to_daemon, *to_control;
    struct lw_buf reply;
    const char *events; /* the file of them */
};

/* A folder of its own in $TMPDIR, and ports; no process yet. `events`: a file of metric events. */
void bench_open(struct bench *bench, const char *events);
void bench_close(struct bench *bench);

_Noreturn void bench_die(const char *what);
double bench_seconds(void);
void bench_nap(int ms);

/* `events`: what the double gets; NULL: a file of alerts is all there is. */
void bench_configure(struct bench *bench, const char *quiet, const char *events);
void bench_remove_store(const struct bench *bench);
void bench_start_double(struct bench *bench, bool light);
/* The time until it is ready. */
double bench_start_daemon(struct bench *bench);
void bench_stop(pid_t *process, int signal);

/* POST with a body, GET with NULL: the status, 0 when there was no answer. The reply is in bench->reply, a string. */
long bench_ask(struct bench *bench, CURL *curl, const char *base, const char *path, const char *body, size_t n);
long bench_ask_daemon(struct bench *bench, const char *path, const char *body, size_t n);
/* The number behind the first `key`; 0 when there is none. */
double bench_number_after(const char *text, const char *key);
/* A number of what the double counts. */
double bench_received(struct bench *bench, const char *key);

/* MiB of a line of /proc/PID/status of the daemon. */
double bench_memory(const struct bench *bench, const char *line);
/* Seconds of processor time of a process. */
double bench_spent(pid_t process);
/* How many slices of each kind of work took longer than 50 ms, and of how many; and what the kind took in all of them. */
void bench_print_over(struct bench *bench, const char *figure);

#endif
