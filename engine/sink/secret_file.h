/* A secret in a file of its own: a token, or a URL that holds one. */
#ifndef LEEWAY_ENGINE_SINK_SECRET_FILE_H
#define LEEWAY_ENGINE_SINK_SECRET_FILE_H

#include "leeway/str.h"

#include <stdbool.h>
#include <stddef.h>

#define LW_SECRET_FILE_MAX ((size_t)4096)

/* On the caller's stack, and wiped by it. */
struct lw_secret_file {
    char bytes[LW_SECRET_FILE_MAX + 1];
    struct lw_str text; /* without the blanks and line ends around it */
};

/* false: `why` says what is wrong and what to do, with the path but nothing of the content; the secret is empty. Refused are
   what is no regular file, what others may read or write (mode o+r, o+w), more than 4 KiB, nothing but blanks, and control
   characters inside (two tokens on two lines; a header that would be cut in two). */
bool lw_secret_file_read(struct lw_secret_file *secret, const char *path, char why[], size_t why_n);
void lw_secret_file_wipe(struct lw_secret_file *secret);

#endif
