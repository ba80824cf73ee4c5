#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow_find.h"

#include "engine/base/again.h"
#include "engine/source/follow/rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int lw_follow_find_open(const char *path, int *code)
{
    int file = lw_again_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    struct stat status;

    *code = errno;
    if (file < 0)
        return -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        return file;
    *code = S_ISDIR(status.st_mode) ? EISDIR : ENOTSUP;
    close(file);
    return -1;
}

enum wanted { THE_FILE, ITS_BYTES, A_COPY };

static bool is_wanted(const struct lw_follow_place *place, enum wanted wanted, int file)
{
    struct stat status;
    bool same;

    if (fstat(file, &status) != 0)
        return false;
    same = (uint64_t)status.st_dev == place->device && (uint64_t)status.st_ino == place->inode;
    return wanted == THE_FILE ? same : place->offset > 0 && (wanted == ITS_BYTES || !same);
}

/* *file stays -1 when it is not the one. */
static enum lw_err try_path(const char *path, const struct lw_follow_place *place, enum wanted wanted, int *file,
                            struct lw_fault *fault)
{
    int code, opened = lw_follow_find_open(path, &code);
    bool holds = false;
    enum lw_err err = LW_ERR_OK;

    if (opened < 0)
        return LW_ERR_OK;
    if (is_wanted(place, wanted, opened))
        err = lw_follow_place_holds(place, opened, &holds, fault);
    if (err == LW_ERR_OK && holds)
        *file = opened;
    else
        close(opened);
    return err;
}

/* The newest first: most often it is that one. */
static enum lw_err try_rotated(const struct lw_rotated *list, const struct lw_follow_place *place, enum wanted wanted,
                               int *file, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = list->n; i-- > 0 && err == LW_ERR_OK && *file < 0;)
        err = try_path(list->files[i].path, place, wanted, file, fault);
    return err;
}

enum lw_err lw_follow_find_marked(const char *path, const struct lw_follow_place *place, bool rotated, int *file,
                                  struct lw_fault *fault)
{
    struct lw_rotated list = {0};
    enum lw_err err = LW_ERR_OK;

    *file = -1;
    if (rotated)
        err = lw_rotated_list(&list, path, fault);
    for (int wanted = THE_FILE; wanted <= ITS_BYTES && err == LW_ERR_OK && *file < 0; wanted++) {
        err = try_path(path, place, (enum wanted)wanted, file, fault);
        if (err == LW_ERR_OK && *file < 0)
            err = try_rotated(&list, place, (enum wanted)wanted, file, fault);
    }
    lw_rotated_close(&list);
    return err;
}

enum lw_err lw_follow_find_copy(const char *path, const struct lw_follow_place *place, int *file,
                                struct lw_fault *fault)
{
    struct lw_rotated list = {0};
    enum lw_err err = LW_ERR_OK;

    *file = -1;
    if (place->offset > 0)
        err = lw_rotated_list(&list, path, fault);
    if (err == LW_ERR_OK)
        err = try_rotated(&list, place, A_COPY, file, fault);
    lw_rotated_close(&list);
    return err;
}

enum lw_err lw_follow_find_newer(const char *path, const struct lw_follow_place *place, int *file,
                                 struct lw_fault *fault)
{
    struct lw_rotated list = {0};
    enum lw_err err = lw_rotated_list(&list, path, fault);
    int code;

    *file = -1;
    for (size_t i = 0; i + 1 < list.n; i++) {
        const struct lw_rotated_file *own = &list.files[i], *next = own + 1;

        if (own->device == place->device && own->inode == place->inode && own->numbered == next->numbered) {
            *file = lw_follow_find_open(next->path, &code);
            break;
        }
    }
    lw_rotated_close(&list);
    return err;
}
