/* What the parts of the double of AWS share: private to tests/kit/double/aws_double*.c. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_AWS_DOUBLE_STATE_H
#define LEEWAY_TESTS_KIT_DOUBLE_AWS_DOUBLE_STATE_H

#include "tests/kit/double/aws_double.h"

struct aws_double_text {
    char *at;
    size_t n;
};

/* Memory of OPENSSL_malloc, which no test lets fail. */
__attribute__((format(printf, 2, 3))) void aws_double_put(struct aws_double_text *text, const char *format, ...);
/* Takes over the text. */
void aws_double_reply(struct aws_double_answer *answer, int status, const char *type, struct aws_double_text *text);
void aws_double_xml_error(struct aws_double_answer *answer, int status, const char *code);
/* The first thing that a client must not do is kept. */
void aws_double_complain(struct aws_double *aws, const char *what);

/* aws_double_keys.c: keys that are given: by STS, by the metadata of an instance (IMDSv2: a token by PUT, then the role's
   name, then its keys, both with the token), by the endpoint of a container. */
void aws_double_sts(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer);
void aws_double_instance(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer);
void aws_double_container(struct aws_double *aws, const struct aws_seen *seen, struct aws_double_answer *answer);

#endif
