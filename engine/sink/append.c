#define _GNU_SOURCE /* O_NOFOLLOW, O_CLOEXEC, O_DIRECTORY */
#include "engine/sink/append.h"

#include "engine/base/again.h"
#include "engine/base/json/json_in.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_MAX   ((off_t)1 << 20) /* larger than any event */
#define PIPE_SLICE ((size_t)4096)   /* PIPE_BUF of Linux: a pipe that is ready takes that much without waiting */

static enum lw_delivery_result failed(const struct lw_append *append, int number, const char *doing, char why[],
                                      size_t why_n)
{
    static const int for_people[] = {EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, EROFS, ENAMETOOLONG, ENXIO, EPIPE};
    enum lw_delivery_result result = LW_DELIVERY_RESULT_RETRY;

    for (size_t i = 0; i < sizeof(for_people) / sizeof(for_people[0]); i++) {
        if (for_people[i] == number)
            result = LW_DELIVERY_RESULT_HELD;
    }
    snprintf(why, why_n, "%s %s: %s", doing, append->path ? append->path : "standard output",
             number == ELOOP ? "it is a symbolic link; give the file itself" : strerror(number));
    return result;
}

/* The name of a new file must survive a crash too. */
static void sync_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash;
    int fd;

    if (!folder)
        return;
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    fd = lw_again_open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

static bool moved(const struct lw_append *append)
{
    struct stat here, there;

    return fstat(append->fd, &here) < 0 || lstat(append->path, &there) < 0 || here.st_dev != there.st_dev ||
           here.st_ino != there.st_ino;
}

/* 0, or the number of the error. */
static int ensure_open(struct lw_append *append)
{
    const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    struct stat facts;

    if (append->fd >= 0 && !moved(append))
        return 0;
    lw_append_close(append);
    append->unchecked = true;
    append->fd = lw_again_open(append->path, flags | O_CREAT | O_EXCL, 0640);
    if (append->fd >= 0)
        sync_folder(append->path);
    else if (errno == EEXIST)
        append->fd = lw_again_open(append->path, flags, 0);
    if (append->fd < 0)
        return errno;
    if (fstat(append->fd, &facts) == 0 && S_ISREG(facts.st_mode))
        return 0;
    lw_append_close(append);
    return ENXIO;
}

static int write_all(int fd, const char *at, size_t n)
{
    ssize_t gone;

    while (n > 0) {
        gone = write(fd, at, n);
        if (gone < 0 && errno == EINTR)
            continue;
        if (gone < 0)
            return errno;
        at += gone;
        n -= (size_t)gone;
    }
    return 0;
}

static int read_all(int fd, char *at, size_t n, off_t from)
{
    ssize_t got = lw_again_pread(fd, at, n, from);

    if (got < 0)
        return errno;
    return (size_t)got == n ? 0 : EIO;
}

/* A line that is whole but for its end may be somebody's: it is kept. */
static int is_whole(struct lw_str line, bool *whole)
{
    struct lw_arena arena = {.ceiling = (size_t)80 << 20};
    struct lw_json_in in;
    enum lw_err err = lw_json_in_read(&in, line, &arena, NULL);

    lw_arena_close(&arena);
    *whole = err == LW_ERR_OK;
    return err == LW_ERR_NOMEM ? ENOMEM : 0;
}

static int repair_tail(int fd, off_t size, char *tail, size_t n)
{
    char *end = memrchr(tail, '\n', n);
    struct lw_str line = {end ? end + 1 : tail, end ? n - (size_t)(end + 1 - tail) : n};
    bool begins = end || (off_t)n == size, whole;
    int number;

    if (line.len == 0)
        return 0;
    number = is_whole(line, &whole);
    if (number != 0)
        return number;
    if (begins && !whole && *line.at == '{')
        return lw_again_truncate(fd, size - (off_t)line.len) < 0 ? errno : 0;
    return write_all(fd, "\n", 1);
}

static int repair(struct lw_append *append)
{
    struct stat facts;
    size_t n;
    char *tail;
    int number;

    if (fstat(append->fd, &facts) < 0)
        return errno;
    n = (size_t)(facts.st_size < TAIL_MAX ? facts.st_size : TAIL_MAX);
    if (n == 0)
        return 0;
    tail = malloc(n);
    if (!tail)
        return ENOMEM;
    number = read_all(append->fd, tail, n, facts.st_size - (off_t)n);
    if (number == 0)
        number = repair_tail(append->fd, facts.st_size, tail, n);
    free(tail);
    return number;
}

static enum lw_delivery_result append_file(struct lw_append *append, struct lw_str bytes, char why[], size_t why_n)
{
    struct stat before;
    int number = ensure_open(append);

    if (number != 0)
        return failed(append, number, "cannot open", why, why_n);
    if (append->unchecked)
        number = repair(append);
    if (number == 0 && fstat(append->fd, &before) < 0)
        number = errno;
    if (number != 0)
        return failed(append, number, "cannot read the end of", why, why_n);
    append->unchecked = false;
    number = write_all(append->fd, bytes.at, bytes.len);
    if (number != 0) {
        append->unchecked = lw_again_truncate(append->fd, before.st_size) < 0;
        return failed(append, number, "cannot write to", why, why_n);
    }
    if (fsync(append->fd) == 0)
        return LW_DELIVERY_RESULT_ACKNOWLEDGED;
    /* The kernel forgets what it could not write: only writing it again can help. */
    failed(append, errno, "cannot sync", why, why_n);
    append->unchecked = lw_again_truncate(append->fd, before.st_size) < 0;
    return LW_DELIVERY_RESULT_AMBIGUOUS;
}

static enum lw_delivery_result write_out(struct lw_append *append, struct lw_str bytes, size_t *written, bool *pending,
                                         char why[], size_t why_n)
{
    struct pollfd ready = {.fd = append->fd, .events = POLLOUT};
    struct stat facts;

    while (*written < bytes.len) {
        size_t n = bytes.len - *written < PIPE_SLICE ? bytes.len - *written : PIPE_SLICE;
        ssize_t gone;

        if (poll(&ready, 1, 0) == 0) {
            *pending = true;
            return LW_DELIVERY_RESULT_ACKNOWLEDGED;
        }
        gone = write(append->fd, bytes.at + *written, n);
        if (gone < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (gone < 0)
            return failed(append, errno, "cannot write to", why, why_n);
        *written += (size_t)gone;
    }
    if (fstat(append->fd, &facts) == 0 && S_ISREG(facts.st_mode) && fsync(append->fd) < 0) {
        failed(append, errno, "cannot sync", why, why_n);
        return LW_DELIVERY_RESULT_AMBIGUOUS;
    }
    return LW_DELIVERY_RESULT_ACKNOWLEDGED;
}

enum lw_delivery_result lw_append_write(struct lw_append *append, struct lw_str bytes, size_t *written, bool *pending,
                                        char why[], size_t why_n)
{
    *pending = false;
    if (append->path)
        return append_file(append, bytes, why, why_n);
    return write_out(append, bytes, written, pending, why, why_n);
}

void lw_append_close(struct lw_append *append)
{
    if (append->path && append->fd >= 0)
        close(append->fd);
    if (append->path)
        append->fd = -1;
}
