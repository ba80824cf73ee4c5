#define _POSIX_C_SOURCE 200809L

#include "engine/source/file.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What to do about the reasons for which files usually cannot be read. */
static const char *advice(int code)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {
        {ENOENT, "check the spelling"},
        {ENOTDIR, "check the spelling: a part of the path is not a directory"},
        {EACCES, "give this user the right to read it"},
        {EPERM, "give this user the right to read it"},
        {EISDIR, "name the files in it"},
        {ELOOP, "a symbolic link leads to itself"},
        {ENAMETOOLONG, "the path is too long"},
        {EMFILE, "too many files are open: raise the limit (ulimit -n)"},
        {ENFILE, "too many files are open on this machine"},
        {EIO, "the disk may be failing"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code)
            return rows[i].text;
    }
    return "see what the system says of it";
}

static enum lw_err cannot_read(const char *path, int code, uint64_t byte, struct lw_fault *fault)
{
    char reason[96];

    if (code == ENOMEM)
        return lw_fault_memory(fault, "reading a file");
    if (strerror_r(code, reason, sizeof(reason)) != 0)
        snprintf(reason, sizeof(reason), "error %d", code);
    return lw_fault_set_at(fault, LW_ERR_IO, 0, byte, "cannot read %.140s: %s; %s", path, reason, advice(code));
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* Takes ownership of `path`, also when it fails. */
static enum lw_err append(struct lw_file_list *list, char *path, struct lw_fault *fault)
{
    if (path == NULL)
        return lw_fault_memory(fault, "the list of files");
    if (list->n == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        char **paths = realloc(list->paths, capacity * sizeof(*paths));

        if (paths == NULL) {
            free(path);
            return lw_fault_memory(fault, "the list of files");
        }
        list->paths = paths;
        list->capacity = capacity;
    }
    list->paths[list->n++] = path;
    return LW_ERR_OK;
}

static void shorten(struct lw_file_list *list, size_t n)
{
    while (list->n > n)
        free(list->paths[--list->n]);
}

static char *join(const char *folder, const char *name)
{
    size_t folder_n = strlen(folder);
    size_t name_n = strlen(name);
    bool slash = folder_n > 0 && folder[folder_n - 1] == '/';
    char *path = malloc(folder_n + !slash + name_n + 1);

    if (path == NULL)
        return NULL;
    memcpy(path, folder, folder_n);
    if (!slash)
        path[folder_n] = '/';
    memcpy(path + folder_n + !slash, name, name_n + 1);
    return path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A file that vanishes between the listing and the look at it is none of the directory's files any more. */
static enum lw_err add_entry(struct lw_file_list *list, const char *folder, const char *name, struct lw_fault *fault)
{
    struct stat status;
    char *path;

    if (name[0] == '.')
        return LW_ERR_OK;
    path = join(folder, name);
    if (path == NULL)
        return lw_fault_memory(fault, "the list of files");
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        free(path);
        return LW_ERR_OK;
    }
    return append(list, path, fault);
}

static enum lw_err add_entries(struct lw_file_list *list, DIR *folder, const char *path, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    while (err == LW_ERR_OK) {
        const struct dirent *entry;

        errno = 0;
        entry = readdir(folder);
        if (entry == NULL)
            return errno == 0 ? LW_ERR_OK : cannot_read(path, errno, 0, fault);
        err = add_entry(list, path, entry->d_name, fault);
    }
    return err;
}

static enum lw_err add_folder(struct lw_file_list *list, const char *path, struct lw_fault *fault)
{
    size_t before = list->n;
    DIR *folder = opendir(path);
    enum lw_err err;

    if (folder == NULL)
        return cannot_read(path, errno, 0, fault);
    err = add_entries(list, folder, path, fault);
    closedir(folder);
    if (err == LW_ERR_OK && list->n == before)
        err = lw_fault_set(fault, LW_ERR_IO, "the directory %.140s has no files in it; name one that has", path);
    if (err != LW_ERR_OK) {
        shorten(list, before);
        return err;
    }
    qsort(list->paths + before, list->n - before, sizeof(*list->paths), by_name);
    return LW_ERR_OK;
}

enum lw_err lw_file_list_add(struct lw_file_list *list, const char *path, struct lw_fault *fault)
{
    struct stat status;

    if (is_stdin(path))
        return append(list, strdup(path), fault);
    if (stat(path, &status) != 0)
        return cannot_read(path, errno, 0, fault);
    return S_ISDIR(status.st_mode) ? add_folder(list, path, fault) : append(list, strdup(path), fault);
}

void lw_file_list_close(struct lw_file_list *list)
{
    if (list == NULL)
        return;
    shorten(list, 0);
    free(list->paths);
    *list = (struct lw_file_list){0};
}

static enum lw_err read_all(int file, const char *path, char *chunk, lw_file_call *call, void *self,
                            struct lw_fault *fault)
{
    uint64_t byte = 0;

    for (;;) {
        ssize_t n = read(file, chunk, LW_FILE_CHUNK);
        enum lw_err err;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot_read(path, errno, byte, fault);
        if (n == 0)
            return LW_ERR_OK;
        byte += (uint64_t)n;
        err = call(self, chunk, (size_t)n, fault);
        if (err != LW_ERR_OK)
            return err;
    }
}

enum lw_err lw_file_read(const char *path, lw_file_call *call, void *self, struct lw_fault *fault)
{
    int file = is_stdin(path) ? STDIN_FILENO : lw_again_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
    char *chunk;
    enum lw_err err;

    if (file < 0)
        return cannot_read(path, errno, 0, fault);
    chunk = malloc(LW_FILE_CHUNK);
    if (chunk == NULL)
        err = lw_fault_memory(fault, "reading a file");
    else
        err = read_all(file, is_stdin(path) ? "standard input" : path, chunk, call, self, fault);
    free(chunk);
    if (file != STDIN_FILENO)
        close(file);
    return err;
}

uint64_t lw_file_size(const char *path)
{
    struct stat status;

    if (is_stdin(path) ? fstat(STDIN_FILENO, &status) != 0 : stat(path, &status) != 0)
        return 0;
    return S_ISREG(status.st_mode) && status.st_size > 0 ? (uint64_t)status.st_size : 0;
}
