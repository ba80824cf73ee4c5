#define _POSIX_C_SOURCE 200809L
#include "engine/base/again.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int lw_again_open(const char *path, int flags, mode_t mode)
{
    int fd;

    do
        fd = open(path, flags, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

ssize_t lw_again_pread(int fd, void *into, size_t n, off_t from)
{
    size_t got = 0;

    while (got < n) {
        ssize_t more = pread(fd, (char *)into + got, n - got, from + (off_t)got);

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return -1;
        if (more == 0)
            break;
        got += (size_t)more;
    }
    return (ssize_t)got;
}

int lw_again_pwrite(int fd, const void *at, size_t n, off_t from)
{
    size_t gone = 0;

    while (gone < n) {
        ssize_t more = pwrite(fd, (const char *)at + gone, n - gone, from + (off_t)gone);

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return -1;
        gone += (size_t)more;
    }
    return 0;
}

int lw_again_truncate(int fd, off_t size)
{
    int rc;

    do
        rc = ftruncate(fd, size);
    while (rc < 0 && errno == EINTR);
    return rc;
}
