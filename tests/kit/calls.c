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

static bool fails(int fd, bool needs_room)
{
    if ((fd >= 0 && fd <= STDERR_FILENO) || (failing_with == ENOSPC && !needs_room))
        return false;
    counted++;
    if (failing == 0 || counted < failing || (counted > failing && !failing_on))
        return false;
    errno = failing_with;
    return true;
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    return fails(-1, (flags & O_CREAT) != 0) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
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
    return fails(fd, false) ? -1 : (ssize_t)syscall(SYS_read, fd, at, n);
}

ssize_t __read_chk(int fd, void *at, size_t n, size_t room)
{
    (void)room;
    return read(fd, at, n);
}

ssize_t pread(int fd, void *at, size_t n, off_t from)
{
    return fails(fd, false) ? -1 : (ssize_t)syscall(SYS_pread64, fd, at, n, from);
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
    return fails(fd, true) ? -1 : (ssize_t)syscall(SYS_write, fd, at, n);
}

ssize_t pwrite(int fd, const void *at, size_t n, off_t from)
{
    return fails(fd, true) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, at, n, from);
}

ssize_t pwrite64(int fd, const void *at, size_t n, off64_t from)
{
    return pwrite(fd, at, n, from);
}

int fsync(int fd)
{
    return fails(fd, true) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(fd, true) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    return fails(fd, true) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int unlink(const char *path)
{
    return fails(-1, false) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to)
{
    return fails(-1, true) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fstat(int fd, struct stat *out)
{
    return fails(fd, false) ? -1 : fstatat(fd, "", out, AT_EMPTY_PATH);
}

int lstat(const char *path, struct stat *out)
{
    return fails(-1, false) ? -1 : fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int stat(const char *path, struct stat *out)
{
    return fails(-1, false) ? -1 : fstatat(AT_FDCWD, path, out, 0);
}
