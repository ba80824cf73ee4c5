/* Checks AWS signatures (version 4) of requests as a server sees them: written from the specification, apart from the
   signer of the program. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_AWS_VERIFY_H
#define LEEWAY_TESTS_KIT_DOUBLE_AWS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request as it arrived. `head`: the lines of its headers, each ended by "\n" or "\r\n", terminated. */
struct aws_seen {
    const char *method, *path, *query, *head, *body;
    size_t body_n;
};

struct aws_scope {
    char key_id[160], date[17], region[64], service[64], signature[65], names[512];
};

/* The value of a header into `out`, without white space at its ends; false when it is not there. */
bool aws_seen_header(const struct aws_seen *seen, const char *name, char *out, size_t room);
/* The parts of the Authorization header; false when there is none, or when it is malformed. */
bool aws_verify_scope(const struct aws_seen *seen, struct aws_scope *scope);
/* NULL when the signature is right for this secret; else what is wrong. Host, X-Amz-Date and every x-amz-* header and
   Content-Type that was sent must be signed. */
const char *aws_verify(const struct aws_seen *seen, const struct aws_scope *scope, const char *secret);
/* Milliseconds of X-Amz-Date. */
int64_t aws_verify_time(const struct aws_scope *scope);

#endif
