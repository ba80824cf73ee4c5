#define _GNU_SOURCE /* explicit_bzero, O_CLOEXEC */
#include "engine/sink/secret_file.h"

#include "engine/base/again.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *trim(struct lw_secret_file *secret, size_t n)
{
    struct lw_str text = {secret->bytes, n};

    while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]) && text.at[text.len - 1] != '\0')
        text.len--;
    while (text.len > 0 && strchr(" \t\r\n", *text.at) && *text.at != '\0') {
        text.at++;
        text.len--;
    }
    if (text.len == 0)
        return "is empty";
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return "has more than one line, or control characters";
    }
    secret->text = text;
    return NULL;
}

static const char *read_whole(struct lw_secret_file *secret, int fd)
{
    struct stat facts;
    size_t n = 0;
    ssize_t got;

    if (fstat(fd, &facts) < 0)
        return strerror(errno);
    if (!S_ISREG(facts.st_mode))
        return "is not a regular file";
    if (facts.st_mode & (S_IROTH | S_IWOTH))
        return "is open to every user of this machine: chmod 600, and make a new token";
    while (n < sizeof(secret->bytes)) {
        got = read(fd, secret->bytes + n, sizeof(secret->bytes) - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return strerror(errno);
        if (got == 0)
            return trim(secret, n);
        n += (size_t)got;
    }
    return "is larger than 4 KiB";
}

bool lw_secret_file_read(struct lw_secret_file *secret, const char *path, char why[], size_t why_n)
{
    const char *wrong;
    /* Not blocking: a pipe in its place must not stop the loop. */
    int fd = lw_again_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);

    secret->text = (struct lw_str){0};
    wrong = fd < 0 ? strerror(errno) : read_whole(secret, fd);
    if (fd >= 0)
        close(fd);
    if (!wrong)
        return true;
    lw_secret_file_wipe(secret);
    snprintf(why, why_n, "the secret file %s: %s", path, wrong);
    return false;
}

void lw_secret_file_wipe(struct lw_secret_file *secret)
{
    explicit_bzero(secret, sizeof(*secret));
}
