/* Where credentials are to be had from: what the environment and the shared files say, before anything is asked. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_PLAN_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_PLAN_H

#include "engine/base/arena.h"
#include "engine/source/aws/credentials/credentials.h"

#define LW_PLAN_ROLES 6u /* that are assumed one with the other */

enum lw_plan_base {
    LW_PLAN_KEYS,         /* they are there already */
    LW_PLAN_PROCESS,      /* command line */
    LW_PLAN_WEB_IDENTITY, /* token file, role */
    LW_PLAN_CONTAINER,    /* URL, token */
    LW_PLAN_INSTANCE      /* base URL of IMDS */
};

struct lw_plan_role {
    struct lw_str arn, session, external_id;
};

/* Texts lie in the arena given to lw_plan_make, which is to be wiped with lw_plan_wipe. */
struct lw_plan {
    enum lw_plan_base base;
    struct lw_keys keys;      /* KEYS */
    struct lw_str command;    /* PROCESS */
    struct lw_str url;        /* CONTAINER, INSTANCE */
    struct lw_str token_file; /* WEB_IDENTITY, CONTAINER; empty: none */
    struct lw_str token;      /* CONTAINER */
    struct lw_plan_role web;  /* WEB_IDENTITY */
    struct lw_plan_role roles[LW_PLAN_ROLES];
    size_t roles_n;     /* to be assumed from the first to the last */
    const char *source; /* for people: "the environment" */
};

/* LW_ERR_CONFIG: what is said there cannot be followed; the fault says what to do. */
LW_MUST_USE enum lw_err lw_plan_make(struct lw_plan *plan, const struct lw_credentials_options *options,
                                     struct lw_arena *arena, struct lw_fault *fault);
void lw_plan_wipe(struct lw_plan *plan);

/* The URL of a container's endpoint may only be one of these: https, loopback, or the addresses of ECS and EKS. */
bool lw_plan_container_url(struct lw_str url);
/* A small file in memory, terminated (the length does not count that), to be wiped and freed with lw_plan_file_free. Missing
   files: .at is NULL and LW_ERR_OK. Larger than 1 MiB or unreadable: LW_ERR_CONFIG. */
LW_MUST_USE enum lw_err lw_plan_file(const char *path, struct lw_str *text, struct lw_fault *fault);
void lw_plan_file_free(struct lw_str *text);

#endif
