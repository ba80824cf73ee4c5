#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/rotated.h"

#include "engine/base/fault.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST 1000 /* rotated files that are looked at */

/* What stands behind the name of the file: ".12" is numbered, "-20260101" or ".2026-01-01T00" is dated. */
static bool is_rotated(const char *suffix, struct lw_rotated_file *file)
{
    size_t n = strlen(suffix);
    size_t digits = n > 0 ? strspn(suffix + 1, "0123456789") : 0;

    if (digits == 0 || (suffix[0] != '.' && suffix[0] != '-'))
        return false;
    file->numbered = suffix[0] == '.' && digits + 1 == n && digits <= 5;
    if (file->numbered)
        file->number = strtoull(suffix + 1, NULL, 10);
    return strspn(suffix + 1, "0123456789-_:.T") + 1 == n;
}

static enum lw_err append(struct lw_rotated *list, const struct lw_rotated_file *file, struct lw_fault *fault)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct lw_rotated_file *files = realloc(list->files, capacity * sizeof(*files));

        if (files == NULL)
            return lw_fault_memory(fault, "the list of rotated files");
        list->files = files;
        list->capacity = capacity;
    }
    list->files[list->n++] = *file;
    return LW_ERR_OK;
}

static enum lw_err add(struct lw_rotated *list, const char *folder, size_t folder_n, const char *name,
                       struct lw_rotated_file file, struct lw_fault *fault)
{
    size_t n = folder_n + strlen(name) + 1;
    struct stat status;
    enum lw_err err;

    file.path = malloc(n);
    if (file.path == NULL)
        return lw_fault_memory(fault, "the list of rotated files");
    snprintf(file.path, n, "%.*s%s", (int)folder_n, folder, name);
    if (stat(file.path, &status) != 0 || !S_ISREG(status.st_mode)) {
        free(file.path);
        return LW_ERR_OK;
    }
    file.device = (uint64_t)status.st_dev;
    file.inode = (uint64_t)status.st_ino;
    err = append(list, &file, fault);
    if (err != LW_ERR_OK)
        free(file.path);
    return err;
}

static int by_age(const void *a, const void *b)
{
    const struct lw_rotated_file *left = a, *right = b;

    if (left->numbered != right->numbered)
        return left->numbered ? 1 : -1;
    if (left->numbered && left->number != right->number)
        return left->number > right->number ? -1 : 1;
    return strcmp(left->path, right->path);
}

static DIR *open_folder(const char *path, size_t folder_n, struct lw_fault *fault, enum lw_err *err)
{
    char *folder;
    DIR *opened;

    *err = LW_ERR_OK;
    if (folder_n == 0)
        return opendir(".");
    folder = strndup(path, folder_n);
    if (folder == NULL) {
        *err = lw_fault_memory(fault, "the list of rotated files");
        return NULL;
    }
    opened = opendir(folder);
    free(folder);
    return opened;
}

enum lw_err lw_rotated_list(struct lw_rotated *list, const char *path, struct lw_fault *fault)
{
    const char *slash = strrchr(path, '/');
    size_t folder_n = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    const char *base = path + folder_n;
    size_t base_n = strlen(base);
    const struct dirent *entry;
    enum lw_err err;
    DIR *folder = open_folder(path, folder_n, fault, &err);

    if (folder == NULL)
        return err;
    while (err == LW_ERR_OK && list->n < MOST && (entry = readdir(folder)) != NULL) {
        struct lw_rotated_file file = {.number = 0};

        if (strncmp(entry->d_name, base, base_n) == 0 && is_rotated(entry->d_name + base_n, &file))
            err = add(list, path, folder_n, entry->d_name, file, fault);
    }
    closedir(folder);
    if (err != LW_ERR_OK) {
        lw_rotated_close(list);
        return err;
    }
    if (list->n > 1)
        qsort(list->files, list->n, sizeof(*list->files), by_age);
    return LW_ERR_OK;
}

void lw_rotated_close(struct lw_rotated *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (struct lw_rotated){0};
}
