#define _DEFAULT_SOURCE

#include "tests/kit/kit.h"

#include "engine/source/file.h"
#include "tests/kit/alloc.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *in_folder(const char *name)
{
    static char path[2][512];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", kit_temporary_directory(), name);
    return path[turn];
}

static void write_file(const char *name, const char *bytes, size_t n)
{
    FILE *file = fopen(in_folder(name), "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, n, file), n);
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
}

static void make_folder(const char *name)
{
    CU_ASSERT_EQUAL_FATAL(mkdir(in_folder(name), 0700), 0);
}

struct seen {
    char *text;
    size_t n, capacity, largest, calls, fail_at;
};

static enum lw_err on_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct seen *seen = self;

    (void)fault;
    CU_ASSERT(n > 0);
    seen->calls++;
    seen->largest = n > seen->largest ? n : seen->largest;
    if (seen->n + n <= seen->capacity)
        memcpy(seen->text + seen->n, bytes, n);
    seen->n += n;
    return seen->calls == seen->fail_at ? LW_ERR_LIMIT : LW_ERR_OK;
}

static void a_file_is_read_to_its_end_in_chunks(void)
{
    size_t n = 2 * LW_FILE_CHUNK + LW_FILE_CHUNK / 2;
    char *text = malloc(n);
    struct seen seen = {.text = malloc(n), .capacity = n};

    for (size_t i = 0; i < n; i++)
        text[i] = (char)(i * 31 % 251);
    write_file("large", text, n);
    CU_ASSERT_EQUAL(lw_file_read(in_folder("large"), on_bytes, &seen, NULL), LW_ERR_OK);
    CU_ASSERT(seen.n == n && memcmp(seen.text, text, n) == 0);
    CU_ASSERT_EQUAL(seen.largest, LW_FILE_CHUNK);
    CU_ASSERT_EQUAL(lw_file_size(in_folder("large")), n);
    unlink(in_folder("large"));
    free(text);
    free(seen.text);
}

static void an_empty_file_gives_nothing(void)
{
    struct seen seen = {0};

    write_file("empty", "", 0);
    CU_ASSERT_EQUAL(lw_file_read(in_folder("empty"), on_bytes, &seen, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen.calls, 0);
    CU_ASSERT_EQUAL(lw_file_size(in_folder("empty")), 0);
}

static void a_missing_file_is_named_with_the_reason_and_what_to_do(void)
{
    struct lw_file_list list = {0};
    struct lw_fault fault = {0};

    CU_ASSERT_EQUAL(lw_file_list_add(&list, "/nowhere/metrics.csv", &fault), LW_ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "/nowhere/metrics.csv"));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "No such file"));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "check the spelling"));
    CU_ASSERT_EQUAL(list.n, 0);
    CU_ASSERT_EQUAL(lw_file_read("/nowhere/metrics.csv", on_bytes, NULL, &fault), LW_ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "/nowhere/metrics.csv"));
    CU_ASSERT_EQUAL(lw_file_size("/nowhere/metrics.csv"), 0);
    lw_file_list_close(&list);
}

static void a_directory_means_the_files_in_it_by_name(void)
{
    struct lw_file_list list = {0};

    make_folder("folder");
    make_folder("folder/inner");
    write_file("folder/b.log", "b", 1);
    write_file("folder/a.log", "a", 1);
    write_file("folder/B.log", "B", 1);
    write_file("folder/.hidden", "h", 1);
    write_file("folder/inner/c.log", "c", 1);
    write_file("first", "1", 1);
    CU_ASSERT_EQUAL_FATAL(symlink("a.log", in_folder("folder/z-link")), 0);
    CU_ASSERT_EQUAL_FATAL(symlink("nothing", in_folder("folder/dangling")), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(in_folder("folder/pipe"), 0600), 0);
    CU_ASSERT_EQUAL(lw_file_list_add(&list, in_folder("first"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_file_list_add(&list, in_folder("folder"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_file_list_add(&list, in_folder("folder/inner/"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(list.n, 6);
    CU_ASSERT_STRING_EQUAL(list.paths[0], in_folder("first"));
    CU_ASSERT_STRING_EQUAL(list.paths[1], in_folder("folder/B.log"));
    CU_ASSERT_STRING_EQUAL(list.paths[2], in_folder("folder/a.log"));
    CU_ASSERT_STRING_EQUAL(list.paths[3], in_folder("folder/b.log"));
    CU_ASSERT_STRING_EQUAL(list.paths[4], in_folder("folder/z-link"));
    CU_ASSERT_STRING_EQUAL(list.paths[5], in_folder("folder/inner/c.log"));
    lw_file_list_close(&list);
    lw_file_list_close(&list);
    lw_file_list_close(NULL);
}

static void a_large_directory_is_sorted_too(void)
{
    struct lw_file_list list = {0};
    char name[64];

    make_folder("many");
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "many/run-%03d.log", i * 7 % 300);
        write_file(name, "x", 1);
    }
    CU_ASSERT_EQUAL(lw_file_list_add(&list, in_folder("many"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL_FATAL(list.n, 300);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "many/run-%03d.log", i);
        CU_ASSERT_STRING_EQUAL(list.paths[i], in_folder(name));
    }
    lw_file_list_close(&list);
}

static void a_directory_without_files_is_an_error_and_leaves_the_list(void)
{
    struct lw_file_list list = {0};
    struct lw_fault fault = {0};

    make_folder("bare");
    make_folder("bare/inner");
    CU_ASSERT_EQUAL(lw_file_list_add(&list, "-", NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_file_list_add(&list, in_folder("bare"), &fault), LW_ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "no files"));
    CU_ASSERT_EQUAL(list.n, 1);
    CU_ASSERT_STRING_EQUAL(list.paths[0], "-");
    lw_file_list_close(&list);
}

/* Done by a child without the rights of the super-user, who may read everything. */
static void what_may_not_be_read_is_said(void)
{
    int status = -1;
    pid_t child;

    make_folder("locked");
    write_file("secret", "x", 1);
    CU_ASSERT_EQUAL(chmod(in_folder("secret"), 0000), 0);
    CU_ASSERT_EQUAL(chmod(in_folder("locked"), 0000), 0);
    CU_ASSERT_EQUAL(chmod(kit_temporary_directory(), 0755), 0);
    fflush(stdout);
    child = fork();
    CU_ASSERT_FATAL(child >= 0);
    if (child == 0) {
        struct lw_file_list list = {0};
        struct lw_fault fault = {0};
        int bad = 0;

        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(8);
        bad |= lw_file_list_add(&list, in_folder("locked"), &fault) != LW_ERR_IO;
        bad |= (strstr(fault.text, "Permission denied") == NULL) << 1;
        bad |= (lw_file_read(in_folder("secret"), on_bytes, NULL, &fault) != LW_ERR_IO) << 2;
        _exit(bad);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(chmod(in_folder("locked"), 0700), 0);
}

static void a_directory_is_not_read_as_a_file(void)
{
    struct lw_fault fault = {0};

    CU_ASSERT_EQUAL(lw_file_read(kit_temporary_directory(), on_bytes, NULL, &fault), LW_ERR_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "name the files in it"));
}

/* The first page of a process is not mapped: reading it there is EIO. */
static void a_failing_read_is_an_error_at_its_byte(void)
{
    struct lw_fault fault = {.byte = 7};

    CU_ASSERT_EQUAL(lw_file_read("/proc/self/mem", on_bytes, NULL, &fault), LW_ERR_IO);
    CU_ASSERT_EQUAL(fault.byte, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "/proc/self/mem"));
}

/* Writes `text` into `path` in two parts from a child process. */
static pid_t write_from_child(const char *path, const char *text)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        int file = open(path, O_WRONLY);
        size_t half = strlen(text) / 2;

        if (file < 0 || write(file, text, half) < 0 || write(file, text + half, strlen(text) - half) < 0)
            _exit(1);
        _exit(0);
    }
    return child;
}

static void a_pipe_is_read_to_its_end(void)
{
    char text[64];
    struct seen seen = {.text = text, .capacity = sizeof(text)};
    int status = -1;
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(mkfifo(in_folder("pipe"), 0600), 0);
    child = write_from_child(in_folder("pipe"), "one two three four");
    CU_ASSERT_EQUAL(lw_file_read(in_folder("pipe"), on_bytes, &seen, NULL), LW_ERR_OK);
    CU_ASSERT(seen.n == 18 && memcmp(text, "one two three four", 18) == 0);
    CU_ASSERT_EQUAL(lw_file_size(in_folder("pipe")), 0);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
}

static void a_dash_is_standard_input(void)
{
    char text[64];
    struct seen seen = {.text = text, .capacity = sizeof(text)};
    int before = dup(STDIN_FILENO);
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    CU_ASSERT_EQUAL(write(ends[1], "from a pipe", 11), 11);
    close(ends[1]);
    CU_ASSERT_EQUAL_FATAL(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    CU_ASSERT_EQUAL(lw_file_read("-", on_bytes, &seen, NULL), LW_ERR_OK);
    CU_ASSERT(seen.n == 11 && memcmp(text, "from a pipe", 11) == 0);
    CU_ASSERT_EQUAL(lw_file_size("-"), 0);
    if (before >= 0)
        dup2(before, STDIN_FILENO);
}

static void an_error_of_the_caller_ends_the_reading(void)
{
    struct seen seen = {.fail_at = 1};

    write_file("small", "x", 1);
    CU_ASSERT_EQUAL(lw_file_read(in_folder("small"), on_bytes, &seen, NULL), LW_ERR_LIMIT);
}

static bool list_and_read(void *self, bool failed)
{
    struct lw_file_list list = {0};
    struct lw_fault fault = {0};
    struct seen seen = {0};
    enum lw_err err = lw_file_list_add(&list, in_folder("few"), &fault);
    size_t n = list.n;

    (void)self;
    if (err == LW_ERR_OK)
        err = lw_file_list_add(&list, "-", &fault);
    if (err == LW_ERR_OK)
        err = lw_file_read(list.paths[0], on_bytes, &seen, &fault);
    CU_ASSERT(n == 0 || n == 20); /* a directory is taken whole or not at all */
    lw_file_list_close(&list);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK && seen.n == 1;
}

static void memory_may_run_out_anywhere(void)
{
    char name[64];

    make_folder("few");
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "few/%d", i);
        write_file(name, "x", 1);
    }
    CU_ASSERT(kit_alloc_torture(list_and_read, NULL) > 20);
}

KIT_SUITE("file", {"a file is read to its end in chunks", a_file_is_read_to_its_end_in_chunks},
          {"an empty file gives nothing", an_empty_file_gives_nothing},
          {"a missing file is named, with the reason and what to do",
           a_missing_file_is_named_with_the_reason_and_what_to_do},
          {"a directory means the files in it, by name", a_directory_means_the_files_in_it_by_name},
          {"a large directory is sorted too", a_large_directory_is_sorted_too},
          {"a directory without files is an error and leaves the list",
           a_directory_without_files_is_an_error_and_leaves_the_list},
          {"what may not be read is said", what_may_not_be_read_is_said},
          {"a directory is not read as a file", a_directory_is_not_read_as_a_file},
          {"a failing read is an error at its byte", a_failing_read_is_an_error_at_its_byte},
          {"a pipe is read to its end", a_pipe_is_read_to_its_end},
          {"a dash is standard input", a_dash_is_standard_input},
          {"an error of the caller ends the reading", an_error_of_the_caller_ends_the_reading},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
