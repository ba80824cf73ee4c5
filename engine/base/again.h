/* Calls of the system for files that a signal interrupted, or that carried only a part, made again until they are done or
   fail. A sync is not among them: after one that failed nobody knows what is on disk, whatever the error. */
#ifndef LEEWAY_ENGINE_BASE_AGAIN_H
#define LEEWAY_ENGINE_BASE_AGAIN_H

#include <stddef.h>
#include <sys/types.h>

/* As open(); `mode` counts with O_CREAT. */
int lw_again_open(const char *path, int flags, mode_t mode);
/* As pread(), but fewer than n bytes only at the end of the file. < 0: errno says why. */
ssize_t lw_again_pread(int fd, void *into, size_t n, off_t from);
/* 0: all n bytes are written; else < 0, errno says why, and some of them may be. */
int lw_again_pwrite(int fd, const void *at, size_t n, off_t from);
/* As ftruncate(). */
int lw_again_truncate(int fd, off_t size);

#endif
