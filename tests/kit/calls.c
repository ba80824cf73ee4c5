#undef _FORTIFY_SOURCE /* its inlined functions have the names that are defined here */
#define _GNU_SOURCE
#include "tests/kit/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the C library calls in place of these when it knows how large a buffer is, and SQLite for large files. */
ssize_t __read_chk(int fd, void *at, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *at, size_t n, off_t from, size_t room);
ssize_t __pread64_chk(int fd, void *at, size_t n, off_t from, size_t room);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

static uint64_t counted, failing;
static int failing_with = EIO;
static bool failing_on;

void kit_calls_fail(uint64_t nth, int number, bool forever)
{
    counted = 0;
    failing = nth;
    failing_with = number;
    failing_on = forever;
}

uint64_t kit_calls_count(void)
{
    return counted;
}

/* What a call is, as flags. */
enum { LOOKS = 0, NEEDS_ROOM = 1, CAN_WAIT = 2, CARRIES = 4 };

static bool is_meant(unsigned nature)
{
    switch (failing_with) {
    case ENOSPC:
    case EDQUOT:
        return (nature & NEEDS_ROOM) != 0;
    case EINTR:
        return (nature & CAN_WAIT) != 0;
    case KIT_CALLS_SHORT:
        return (nature & CARRIES) != 0;
    default:
        return true;
    }
}

static bool is_struck(int fd, unsigned nature)
{
    if ((fd >= 0 && fd <= STDERR_FILENO) || !is_meant(nature))
        return false;
    counted++;
    if (failing == 0 || counted < failing)
        return false;
    return counted == failing || (failing_on && (failing_with != EINTR || (counted - failing) % 2 == 0));
}

static bool fails(int fd, unsigned nature)
{
    if (!is_struck(fd, nature))
        return false;
    errno = failing_with;
    return true;
}

/* How many of n bytes are carried; < 0: it fails. */
static ssize_t carried(int fd, unsigned nature, size_t n)
{
    if (failing_with == KIT_CALLS_SHORT)
        return (ssize_t)(n > 1 && is_struck(fd, nature | CARRIES) ? n / 2 : n);
    return fails(fd, nature | CARRIES | CAN_WAIT) ? -1 : (ssize_t)n;
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    return fails(-1, CAN_WAIT | ((flags & O_CREAT) != 0 ? NEEDS_ROOM : LOOKS))
               ? -1
               : (int)syscall(SYS_openat, folder, path, flags, mode);
}

static mode_t mode_of(int flags, va_list list)
{
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? (mode_t)va_arg(list, unsigned) : 0;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        va_list list;                                                                                                  \
        mode_t mode;                                                                                                   \
                                                                                                                       \
        va_start(list, flags);                                                                                         \
        mode = mode_of(flags, list);                                                                                   \
        va_end(list);                                                                                                  \
        return open_at(AT_FDCWD, path, flags, mode);                                                                   \
    }
OPEN(open)
OPEN(open64)

int openat(int folder, const char *path, int flags, ...)
{
    va_list list;
    mode_t mode;

    va_start(list, flags);
    mode = mode_of(flags, list);
    va_end(list);
    return open_at(folder, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

ssize_t read(int fd, void *at, size_t n)
{
    ssize_t most = carried(fd, LOOKS, n);

    return most < 0 ? -1 : (ssize_t)syscall(SYS_read, fd, at, most);
}

ssize_t __read_chk(int fd, void *at, size_t n, size_t room)
{
    (void)room;
    return read(fd, at, n);
}

ssize_t pread(int fd, void *at, size_t n, off_t from)
{
    ssize_t most = carried(fd, LOOKS, n);

    return most < 0 ? -1 : (ssize_t)syscall(SYS_pread64, fd, at, most, from);
}

ssize_t pread64(int fd, void *at, size_t n, off64_t from)
{
    return pread(fd, at, n, from);
}

ssize_t __pread_chk(int fd, void *at, size_t n, off_t from, size_t room)
{
    (void)room;
    return pread(fd, at, n, from);
}

ssize_t __pread64_chk(int fd, void *at, size_t n, off_t from, size_t room)
{
    (void)room;
    return pread(fd, at, n, from);
}

ssize_t write(int fd, const void *at, size_t n)
{
    ssize_t most = carried(fd, NEEDS_ROOM, n);

    return most < 0 ? -1 : (ssize_t)syscall(SYS_write, fd, at, most);
}

ssize_t pwrite(int fd, const void *at, size_t n, off_t from)
{
    ssize_t most = carried(fd, NEEDS_ROOM, n);

    return most < 0 ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, at, most, from);
}

ssize_t pwrite64(int fd, const void *at, size_t n, off64_t from)
{
    return pwrite(fd, at, n, from);
}

int fsync(int fd)
{
    return fails(fd, NEEDS_ROOM) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(fd, NEEDS_ROOM) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    return fails(fd, NEEDS_ROOM | CAN_WAIT) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int unlink(const char *path)
{
    return fails(-1, LOOKS) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to)
{
    return fails(-1, NEEDS_ROOM) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fstat(int fd, struct stat *out)
{
    return fails(fd, LOOKS) ? -1 : fstatat(fd, "", out, AT_EMPTY_PATH);
}

int lstat(const char *path, struct stat *out)
{
    return fails(-1, LOOKS) ? -1 : fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int stat(const char *path, struct stat *out)
{
    return fails(-1, LOOKS) ? -1 : fstatat(AT_FDCWD, path, out, 0);
}
