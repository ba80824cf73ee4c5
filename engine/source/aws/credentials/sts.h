/* The Security Token Service: the two requests that are made of it, and its replies in XML. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_STS_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_STS_H

#include "engine/base/buf.h"
#include "engine/source/aws/credentials/keys.h"

#define LW_STS_CODE 64u

struct lw_sts_role {
    struct lw_str arn;
    struct lw_str session;     /* name of the session: what CloudTrail shows */
    struct lw_str external_id; /* empty: none */
    struct lw_str web_token;   /* not empty: AssumeRoleWithWebIdentity with this token, unsigned */
    uint32_t seconds;          /* 900 .. 43200; 0: 3600 */
};

/* Appends the body of the POST, application/x-www-form-urlencoded. It holds the web token. */
void lw_sts_body(const struct lw_sts_role *role, struct lw_buf *out);

/* The credentials of a reply. LW_ERR_FORMAT when it is not such a reply (malformed XML, a document type, an element that is
   missing). Entities of XML and numeric ones are decoded, nothing else. */
LW_MUST_USE enum lw_err lw_sts_read(struct lw_keys *keys, struct lw_str xml, struct lw_fault *fault);
/* The code of an error's reply; empty when it has none. */
void lw_sts_code(struct lw_str xml, char code[LW_STS_CODE]);

#endif
