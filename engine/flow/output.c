#define _XOPEN_SOURCE 700
#include "engine/flow/output.h"

#include "engine/base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, struct lw_str text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.at, text.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text.at += n;
        text.len -= (size_t)n;
    }
    return true;
}

static enum lw_err cannot(const char *path, struct lw_fault *fault)
{
    return lw_fault_set(fault, LW_ERR_IO, "cannot write %.120s: %s: check the path, permissions and free space", path,
                        strerror(errno));
}

/* The place in which a file is replaced: behind a symbolic link, the file that it points to. */
static bool resolve(const char *path, char place[PATH_MAX])
{
    if (realpath(path, place) != NULL)
        return true;
    if (errno != ENOENT || strlen(path) >= PATH_MAX)
        return false;
    memcpy(place, path, strlen(path) + 1);
    return true;
}

/* Permissions of a file that is replaced, or what a new one would get. */
static mode_t permissions(const char *place)
{
    struct stat status;
    mode_t mask;

    if (stat(place, &status) == 0)
        return status.st_mode & 07777;
    mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A rename is on the disk when its directory is. */
static bool sync_directory(const char *place)
{
    char copy[PATH_MAX];
    int fd;
    bool done;

    memcpy(copy, place, strlen(place) + 1);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    done = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return done;
}

static enum lw_err replace(const char *path, struct lw_str text, struct lw_fault *fault)
{
    char place[PATH_MAX];
    char beside[PATH_MAX + 16];
    int saved;
    int fd;

    if (!resolve(path, place))
        return cannot(path, fault);
    snprintf(beside, sizeof(beside), "%s.XXXXXX", place);
    fd = mkstemp(beside);
    if (fd < 0)
        return cannot(path, fault);
    if (!write_all(fd, text) || fchmod(fd, permissions(place)) != 0 || fsync(fd) != 0)
        goto written_half;
    if (close(fd) != 0) {
        fd = -1;
        goto written_half;
    }
    fd = -1;
    if (rename(beside, place) != 0)
        goto written_half;
    if (!sync_directory(place))
        return cannot(path, fault);
    return LW_ERR_OK;

written_half:
    saved = errno;
    if (fd >= 0)
        close(fd);
    unlink(beside);
    errno = saved;
    return cannot(path, fault);
}

static enum lw_err write_directly(const char *path, struct lw_str text, struct lw_fault *fault)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    enum lw_err err = LW_ERR_OK;

    if (fd < 0)
        return cannot(path, fault);
    if (!write_all(fd, text))
        err = cannot(path, fault);
    close(fd);
    return err;
}

enum lw_err lw_output_write(const char *path, struct lw_str text, struct lw_fault *fault)
{
    struct stat status;

    if (path == NULL || strcmp(path, "-") == 0) {
        if (!write_all(STDOUT_FILENO, text))
            return cannot("standard output", fault);
        return LW_ERR_OK;
    }
    if (path[0] == '\0')
        return lw_fault_set(fault, LW_ERR_USAGE, "--output needs the name of a file");
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return lw_fault_set(fault, LW_ERR_IO, "cannot write %.120s: it is a directory; name a file in it", path);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_directly(path, text, fault);
    return replace(path, text, fault);
}
