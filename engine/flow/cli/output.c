#define _XOPEN_SOURCE 700
#include "engine/flow/cli/output.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"

#include <assert.h>
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
    fd = lw_again_open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return false;
    done = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return done;
}

/* `path` and `beside` are NULL-terminated; beside is empty where nothing is replaced. */
struct lw_output_file {
    int fd;
    const char *path;
    char place[PATH_MAX];
    char beside[PATH_MAX + 16];
};

static enum lw_err open_beside(struct lw_output_file *file, struct lw_fault *fault)
{
    if (!resolve(file->path, file->place))
        return cannot(file->path, fault);
    snprintf(file->beside, sizeof(file->beside), "%s.XXXXXX", file->place);
    file->fd = mkstemp(file->beside);
    if (file->fd >= 0)
        return LW_ERR_OK;
    file->beside[0] = '\0';
    return cannot(file->path, fault);
}

static enum lw_err open_file(struct lw_output_file *file, struct lw_fault *fault)
{
    struct stat status;

    if (file->path == NULL || strcmp(file->path, "-") == 0) {
        file->path = "standard output";
        file->fd = STDOUT_FILENO;
        return LW_ERR_OK;
    }
    if (file->path[0] == '\0')
        return lw_fault_set(fault, LW_ERR_USAGE, "--output needs the name of a file");
    if (stat(file->path, &status) == 0 && S_ISDIR(status.st_mode))
        return lw_fault_set(fault, LW_ERR_IO, "cannot write %.120s: it is a directory; name a file in it", file->path);
    if (stat(file->path, &status) != 0 || S_ISREG(status.st_mode))
        return open_beside(file, fault);
    file->fd = lw_again_open(file->path, O_WRONLY | O_CLOEXEC, 0);
    return file->fd < 0 ? cannot(file->path, fault) : LW_ERR_OK;
}

enum lw_err lw_output_open(struct lw_output_file **out, const char *path, struct lw_fault *fault)
{
    struct lw_output_file *file = calloc(1, sizeof(*file));
    enum lw_err err;

    if (file == NULL)
        return lw_fault_memory(fault, "the output");
    file->fd = -1;
    file->path = path;
    err = open_file(file, fault);
    if (err != LW_ERR_OK) {
        lw_output_close(file);
        return err;
    }
    *out = file;
    return LW_ERR_OK;
}

enum lw_err lw_output_put(struct lw_output_file *file, struct lw_str text, struct lw_fault *fault)
{
    assert(file != NULL);
    return write_all(file->fd, text) ? LW_ERR_OK : cannot(file->path, fault);
}

enum lw_err lw_output_end(struct lw_output_file *file, struct lw_fault *fault)
{
    int fd = file->fd;

    if (file->beside[0] == '\0')
        return LW_ERR_OK;
    if (fchmod(fd, permissions(file->place)) != 0 || fsync(fd) != 0)
        return cannot(file->path, fault);
    file->fd = -1;
    if (close(fd) != 0 || rename(file->beside, file->place) != 0)
        return cannot(file->path, fault);
    file->beside[0] = '\0';
    return sync_directory(file->place) ? LW_ERR_OK : cannot(file->path, fault);
}

void lw_output_close(struct lw_output_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0 && file->fd != STDOUT_FILENO)
        close(file->fd);
    if (file->beside[0] != '\0')
        unlink(file->beside);
    free(file);
}

enum lw_err lw_output_write(const char *path, struct lw_str text, struct lw_fault *fault)
{
    struct lw_output_file *file = NULL;
    enum lw_err err = lw_output_open(&file, path, fault);

    if (err == LW_ERR_OK)
        err = lw_output_put(file, text, fault);
    if (err == LW_ERR_OK)
        err = lw_output_end(file, fault);
    lw_output_close(file);
    return err;
}
