#define _GNU_SOURCE

#include "tests/kit/double/loggly_double.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    printf("Bail out! the double of Loggly: %s\n", what);
    fflush(stdout);
    abort();
}

void kit_double_start(struct kit_double *loggly, const struct kit_double_options *options)
{
    char line[512] = "";
    size_t n = 0;
    int ends[2];

    if (pipe(ends) != 0)
        give_up("no pipe");
    fflush(stdout);
    loggly->process = fork();
    if (loggly->process < 0)
        give_up("no process");
    if (loggly->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        _exit(kit_double_run(options, ends[1]));
    }
    close(ends[1]);
    while (n + 1 < sizeof(line) && memchr(line, '\n', n) == NULL) {
        ssize_t got = read(ends[0], line + n, sizeof(line) - 1 - n);

        if (got <= 0)
            give_up("it did not start");
        n += (size_t)got;
    }
    close(ends[0]);
    if (sscanf(line, "%63s %63s %255s", loggly->url, loggly->control, loggly->ca_file) != 3)
        give_up("it said something else");
    loggly->control_port = (int)strtol(strrchr(loggly->control, ':') + 1, NULL, 10);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (file >= 0 && connect(file, (struct sockaddr *)&address, sizeof(address)) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

static bool write_all(int file, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = write(file, bytes, n);

        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Up to the Content-Length of the reply. */
static char *read_body(int file)
{
    size_t n = 0, capacity = 1 << 16, wanted = 0;
    char *text = malloc(capacity), *body = NULL;

    while (text != NULL && (body == NULL || (size_t)(text + n - body) < wanted)) {
        ssize_t got;

        if (n + 1 == capacity) {
            size_t at = body != NULL ? (size_t)(body - text) : 0;

            text = realloc(text, capacity *= 2);
            if (text == NULL)
                return NULL;
            body = body != NULL ? text + at : NULL;
        }
        got = read(file, text + n, capacity - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        text[n] = '\0';
        if (body == NULL && (body = strstr(text, "\r\n\r\n")) != NULL) {
            const char *length = strcasestr(text, "Content-Length:");

            wanted = length != NULL ? (size_t)strtoull(length + 15, NULL, 10) : 0;
            body += 4;
        }
    }
    if (body == NULL) {
        free(text);
        return NULL;
    }
    memmove(text, body, n - (size_t)(body - text) + 1);
    return text;
}

char *kit_double_ask(const struct kit_double *loggly, const char *path, const char *body)
{
    char head[512];
    int file = connect_to(loggly->control_port);
    int n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n",
                     body != NULL ? "POST" : "GET", path, body != NULL ? strlen(body) : 0);
    char *reply = NULL;

    if (file < 0)
        return NULL;
    if (write_all(file, head, (size_t)n) && (body == NULL || write_all(file, body, strlen(body))))
        reply = read_body(file);
    close(file);
    return reply;
}

void kit_double_stop(struct kit_double *loggly)
{
    int status;

    kill(loggly->process, SIGTERM);
    waitpid(loggly->process, &status, 0);
}
