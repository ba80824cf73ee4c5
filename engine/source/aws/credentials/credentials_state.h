/* What the parts of obtaining credentials share: private to engine/source/aws/credentials/credentials*.c. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_CREDENTIALS_STATE_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_CREDENTIALS_STATE_H

#include "engine/base/buf.h"
#include "engine/source/aws/api.h"
#include "engine/source/aws/credentials/credentials.h"
#include "engine/source/aws/credentials/plan.h"
#include "engine/source/aws/credentials/process.h"

#define LW_CREDENTIALS_TOKEN_MAX 1024u /* bytes of a session token of IMDS */

/* What is going on. Each request is one step; its reply leads to the next one. */
enum lw_credentials_step {
    LW_CREDENTIALS_NONE,
    LW_CREDENTIALS_PLAN,
    LW_CREDENTIALS_PROCESS,
    LW_CREDENTIALS_WEB,
    LW_CREDENTIALS_CONTAINER,
    LW_CREDENTIALS_TOKEN,
    LW_CREDENTIALS_ROLE,
    LW_CREDENTIALS_INSTANCE,
    LW_CREDENTIALS_ASSUME
};

struct lw_credentials {
    struct lw_credentials_options options; /* its texts lie in `texts` */
    struct lw_source_calls calls;
    struct lw_arena texts, arena; /* arena: of the plan */
    struct lw_plan plan;
    struct lw_process process;
    struct lw_keys current, made; /* `made`: what is being obtained */
    bool usable, refused, failed; /* refused: by a service; failed: the step that ended did */
    enum lw_credentials_step step;
    size_t role; /* of the plan, that is assumed now */
    char imds_token[LW_CREDENTIALS_TOKEN_MAX];
    char imds_role[128];
    bool asked; /* a request is on its way */
    uint64_t request, requests;
    lw_span due, next; /* ticks at which to begin; `next` of the work that runs */
    unsigned attempts;
    uint64_t random;
    struct lw_buf body; /* of a request to STS: it may hold a token */
    char url[LW_API_URL_MAX];
    char trouble[200];
};

/* The attempt is over: its trouble is told, and the next one waits. `fail_with` says the sentence of a fault. */
void lw_credentials_fail(struct lw_credentials *c, const char *sentence);
void lw_credentials_fail_with(struct lw_credentials *c, const struct lw_fault *fault);
/* The base is there, or one more role is assumed: on with the next role, or done. */
void lw_credentials_go_on(struct lw_credentials *c);
void lw_credentials_wake(struct lw_credentials *c);
/* The body of the last request to STS: it may hold a token. */
void lw_credentials_wipe_body(struct lw_credentials *c);

/* credentials_ask.c: the request of the step that it stands at; its reply leads on from there. Whatever fails but memory
   ends the attempt and yields LW_ERR_OK. */
LW_MUST_USE enum lw_err lw_credentials_ask_web(struct lw_credentials *c, lw_time now, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_credentials_ask_assume(struct lw_credentials *c, lw_time now, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_credentials_ask_container(struct lw_credentials *c, struct lw_fault *fault);
LW_MUST_USE enum lw_err lw_credentials_ask_instance(struct lw_credentials *c, struct lw_fault *fault);

#endif
