/* One set of AWS credentials, flat, so that it can be copied and wiped. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_KEYS_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_KEYS_H

#include "leeway/err.h"
#include "leeway/str.h"
#include "leeway/time.h"

#include <stdbool.h>

#define LW_KEYS_ID     129u
#define LW_KEYS_SECRET 257u
#define LW_KEYS_TOKEN  8193u /* AWS states no limit; tokens of STS have some hundred to two thousand characters */

/* Terminated texts. */
struct lw_keys {
    char id[LW_KEYS_ID];
    char secret[LW_KEYS_SECRET];
    char token[LW_KEYS_TOKEN]; /* empty: keys that last */
    lw_time expires;
    bool has_expiry;
};

/* LW_ERR_FORMAT when one that is needed is empty, too long, or has characters that no header may carry; `token` may be
   empty. The fault says which, never what. */
LW_MUST_USE enum lw_err lw_keys_set(struct lw_keys *keys, struct lw_str id, struct lw_str secret, struct lw_str token,
                                    struct lw_fault *fault);
/* The JSON of credential_process (Version 1), of the container endpoint and of the instance metadata service. What is
   copied on the way is wiped. */
LW_MUST_USE enum lw_err lw_keys_read(struct lw_keys *keys, struct lw_str json, struct lw_fault *fault);
void lw_keys_wipe(struct lw_keys *keys);

#endif
