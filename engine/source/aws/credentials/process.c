#define _GNU_SOURCE

#include "engine/source/aws/credentials/process.h"

#include "engine/base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* One word from *at on, its characters into `out`. false: a quote that stays open, or a backslash at the end. */
static bool read_word(struct lw_str line, size_t *at, char *out, size_t *n)
{
    char quote = '\0';

    while (*at < line.len) {
        char c = line.at[*at];

        if (quote == '\0' && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
            break;
        ++*at;
        if (quote == '\0' && (c == '\'' || c == '"')) {
            quote = c;
        } else if (quote != '\0' && c == quote) {
            quote = '\0';
        } else if (c == '\\' && quote != '\'') {
            if (*at == line.len)
                return false;
            if (quote == '"' && line.at[*at] != '"' && line.at[*at] != '\\')
                out[(*n)++] = '\\';
            out[(*n)++] = line.at[(*at)++];
        } else {
            out[(*n)++] = c;
        }
    }
    return quote == '\0';
}

enum lw_err lw_process_split(struct lw_str line, struct lw_arena *arena, char ***words, struct lw_fault *fault)
{
    char **list = lw_arena_array(arena, LW_PROCESS_WORDS_MAX + 1, sizeof(*list));
    /* Words take no more room than the line, and each its NUL, for which there was a blank before it, or the end. */
    char *room = lw_arena_take(arena, line.len + 1);
    size_t n = 0, at = 0, used = 0;

    if (list == NULL || room == NULL)
        return lw_fault_memory(fault, "credential_process");
    if (line.len > 0 && memchr(line.at, '\0', line.len) != NULL)
        return lw_fault_set(fault, LW_ERR_FORMAT, "credential_process holds a NUL");
    for (;;) {
        size_t length = 0;

        while (at < line.len &&
               (line.at[at] == ' ' || line.at[at] == '\t' || line.at[at] == '\r' || line.at[at] == '\n'))
            at++;
        if (at == line.len)
            break;
        if (n == LW_PROCESS_WORDS_MAX)
            return lw_fault_set(fault, LW_ERR_FORMAT, "credential_process has more than %u words",
                                LW_PROCESS_WORDS_MAX);
        if (!read_word(line, &at, room + used, &length))
            return lw_fault_set(fault, LW_ERR_FORMAT, "credential_process has a quote that is not closed");
        list[n++] = room + used;
        room[used + length] = '\0';
        used += length + 1;
    }
    if (n == 0)
        return lw_fault_set(fault, LW_ERR_FORMAT, "credential_process is empty");
    *words = list;
    return LW_ERR_OK;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int output)
{
    sigset_t none, all;
    int code = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    sigemptyset(&none);
    sigfillset(&all);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (code == 0)
        code = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (code == 0)
        code = posix_spawnattr_setflags(attributes,
                                        POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (code == 0)
        code = posix_spawnattr_setsigmask(attributes, &none);
    return code != 0 ? code : posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn(pid_t *pid, char *const *words, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int code = posix_spawn_file_actions_init(&actions);

    if (code != 0)
        return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        code = prepare(&actions, &attributes, output);
        if (code == 0)
            code = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

enum lw_err lw_process_start(struct lw_process *process, char *const *words, lw_span deadline, struct lw_fault *fault)
{
    struct lw_process made = {.deadline = deadline};
    int ends[2], code;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return lw_fault_set(fault, LW_ERR_IO, "credential_process cannot be started: no pipe");
    made.bytes = malloc(LW_PROCESS_OUTPUT_MAX);
    if (made.bytes == NULL) {
        close(ends[0]);
        close(ends[1]);
        return lw_fault_memory(fault, "credential_process");
    }
    /* The process itself is given an end that waits when it is full. */
    (void)fcntl(ends[1], F_SETFL, 0);
    code = spawn(&made.pid, words, ends[1]);
    close(ends[1]);
    if (code != 0) {
        close(ends[0]);
        free(made.bytes);
        return lw_fault_set(fault, LW_ERR_IO, "credential_process %.80s cannot be started: %s", words[0],
                            strerrordesc_np(code));
    }
    made.output = ends[0];
    *process = made;
    return LW_ERR_OK;
}

static void end(struct lw_process *process)
{
    if (process->pid == 0)
        return;
    /* Its children as well; they could keep it from being waited for only if it was in their group. */
    (void)kill(-process->pid, SIGKILL);
    (void)kill(process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    close(process->output);
}

/* true when its output has ended. */
static bool read_output(struct lw_process *process)
{
    for (;;) {
        size_t room = LW_PROCESS_OUTPUT_MAX - process->len;
        char more;
        ssize_t n =
            room > 0 ? read(process->output, process->bytes + process->len, room) : read(process->output, &more, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 || errno != EAGAIN;
        if (room == 0) {
            process->over = true;
            return false;
        }
        process->len += (size_t)n;
    }
}

enum lw_err lw_process_poll(struct lw_process *process, lw_span ticks, bool *done, struct lw_fault *fault)
{
    bool ended = read_output(process);
    int status = 0;
    pid_t pid = 0;

    *done = false;
    if (process->over) {
        end(process);
        return lw_fault_set(fault, LW_ERR_LIMIT, "credential_process printed more than %zu bytes",
                            LW_PROCESS_OUTPUT_MAX);
    }
    if (ended)
        pid = waitpid(process->pid, &status, WNOHANG);
    if (pid == 0 && ticks.ms >= process->deadline.ms) {
        end(process);
        return lw_fault_set(fault, LW_ERR_IO, "credential_process did not end in time: run it by hand to see why");
    }
    if (pid == 0)
        return LW_ERR_OK;
    process->pid = 0;
    close(process->output);
    /* pid < 0: somebody else waited for it. Its output tells whether it went well. */
    if (pid > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        return lw_fault_set(fault, LW_ERR_IO, "credential_process failed (%s %d): run it by hand to see why",
                            WIFEXITED(status) ? "status" : "signal",
                            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    *done = true;
    return LW_ERR_OK;
}

void lw_process_close(struct lw_process *process)
{
    end(process);
    if (process->bytes != NULL)
        OPENSSL_cleanse(process->bytes, LW_PROCESS_OUTPUT_MAX);
    free(process->bytes);
    *process = (struct lw_process){.pid = 0};
}
