/* The double of AWS as a program of its own, for scenarios in shell and for trying things out:
     build/tests/double/aws [--jobs N] [--drop N] [--running] [--port N] [--page N] [--empty] [--throttle N] [--fail N]
                            [--garble N] [--deny OPERATION] [--key ID:SECRET[:TOKEN]] [--external-id TEXT]
                            [--container TOKEN] [--lifetime SECONDS] [--clock SECONDS]
   prints its URL and serves until a signal. Jobs are hourly and end with the present one; the last N of --drop have worse
   metrics; --running: the last one has not ended. GET /double shows what was asked. Keys: AKIDTEST:top/secret+1 where none
   is given. */
#define _POSIX_C_SOURCE 200809L

#include "tests/kit/double/aws_double.h"
#include "tests/kit/double/double_http.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE ((int64_t)60000)

static int64_t clock_ahead;

static int64_t wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show(const struct aws_double *aws, struct double_reply *reply)
{
    reply->type = "application/json";
    evbuffer_add_printf(reply->body,
                        "{\"requests\":%lu,\"throttled\":%lu,\"bad_signatures\":%lu,\"refused\":%lu,\"lists\":%lu,"
                        "\"describes\":%lu,\"statistics\":%lu,\"names\":%lu,\"tags\":%lu,\"assumed\":%lu,\"web\":%lu,"
                        "\"container\":%lu,\"instance\":%lu,\"skewed\":%lu,\"wrong\":\"%s\"}\n",
                        aws->requests, aws->throttled, aws->bad_signatures, aws->refused, aws->lists, aws->describes,
                        aws->statistics, aws->names, aws->tags, aws->assumed, aws->web, aws->container, aws->instance,
                        aws->skewed, aws->wrong);
}

static void on_request(void *self, const struct double_request *request, struct double_reply *reply)
{
    struct aws_double *aws = self;
    struct aws_double_answer answer;
    char path[256], *body = OPENSSL_zalloc(request->body_n + 1); /* terminated */
    struct aws_seen seen = {.method = request->method,
                            .path = path,
                            .query = "",
                            .head = request->head,
                            .body = body,
                            .body_n = request->body_n};

    memcpy(body, request->body, request->body_n);
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(request->target, "?"), request->target);
    if (strcmp(path, "/double") == 0) {
        show(aws, reply);
        OPENSSL_free(body);
        return;
    }
    if (strchr(request->target, '?') != NULL)
        seen.query = strchr(request->target, '?') + 1;
    aws->now = wall() + clock_ahead;
    aws_double_answer(aws, &seen, &answer);
    reply->status = answer.status;
    reply->type = "application/x-amz-json-1.1";
    if (strstr(answer.type, "xml") != NULL)
        reply->type = "text/xml";
    snprintf(reply->headers, sizeof(reply->headers), "%s", answer.headers);
    evbuffer_add(reply->body, answer.body, answer.body_n);
    OPENSSL_free(answer.body);
    OPENSSL_free(body);
}

static void add_key(struct aws_double *aws, const char *text)
{
    char id[64] = "", secret[64] = "", token[128] = "";

    if (sscanf(text, "%63[^:]:%63[^:]:%127s", id, secret, token) >= 2)
        aws_double_key(aws, id, secret, token, 0);
}

static void add_jobs(struct aws_double *aws, long jobs, long drop, bool running)
{
    int64_t hour = wall() / (60 * MINUTE) * (60 * MINUTE) - 60 * MINUTE;

    for (long i = 0; i < jobs; i++) {
        int64_t start = hour - (jobs - 1 - i) * 60 * MINUTE;
        time_t seconds = (time_t)(start / 1000);
        struct aws_double_job *job;
        char name[64];
        struct tm tm;

        gmtime_r(&seconds, &tm);
        strftime(name, sizeof(name), "churn-xgb-%Y-%m-%d-%H-%M-%S", &tm);
        job = aws_double_add(aws, name, "us-east-1", start, start + (20 + i * 7 % 5) * MINUTE + 512);
        job->level = (i + drop >= jobs ? 0.84 : 0.9) + 0.002 * (double)(i * 5 % 7);
        if (running && i + 1 == jobs)
            job->end = start + 100000 * MINUTE;
    }
}

int main(int argc, char **argv)
{
    static const struct double_calls calls = {.request = on_request};
    struct aws_double *aws = aws_double_open();
    struct event_base *base = event_base_new();
    long jobs = 30, drop = 0, port = 0;
    bool running = false;
    struct double_http *http;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        const long number = strtol(value, NULL, 10);

        i++;
        if (strcmp(argv[i - 1], "--jobs") == 0) {
            jobs = number;
        } else if (strcmp(argv[i - 1], "--drop") == 0) {
            drop = number;
        } else if (strcmp(argv[i - 1], "--port") == 0) {
            port = number;
        } else if (strcmp(argv[i - 1], "--page") == 0) {
            aws->page = (unsigned)number;
        } else if (strcmp(argv[i - 1], "--throttle") == 0) {
            aws->throttle = (unsigned)number;
        } else if (strcmp(argv[i - 1], "--fail") == 0) {
            aws->fail = (unsigned)number;
        } else if (strcmp(argv[i - 1], "--garble") == 0) {
            aws->garble = (unsigned)number;
        } else if (strcmp(argv[i - 1], "--deny") == 0) {
            aws->deny = value;
        } else if (strcmp(argv[i - 1], "--key") == 0) {
            add_key(aws, value);
        } else if (strcmp(argv[i - 1], "--external-id") == 0) {
            aws->external_id = value;
        } else if (strcmp(argv[i - 1], "--container") == 0) {
            aws->container_token = value;
        } else if (strcmp(argv[i - 1], "--lifetime") == 0) {
            aws->lifetime = number * 1000;
        } else if (strcmp(argv[i - 1], "--clock") == 0) {
            clock_ahead = number * 1000;
        } else {
            i--;
            if (strcmp(argv[i], "--empty") == 0) {
                aws->empty_pages = true;
            } else if (strcmp(argv[i], "--running") == 0) {
                running = true;
            } else {
                fprintf(stderr, "unknown argument %s\n", argv[i]);
                return 2;
            }
        }
    }
    if (aws->keys_n == 0)
        add_key(aws, "AKIDTEST:top/secret+1");
    add_jobs(aws, jobs, drop, running);
    http = double_http_open(base, (int)port, NULL, &calls, aws);
    if (http == NULL)
        return 1;
    printf("http://127.0.0.1:%d\n", double_http_port(http));
    fflush(stdout);
    event_base_dispatch(base);
    return 0;
}
