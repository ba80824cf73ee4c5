/* The configuration of the daemon: read from YAML, environment and flags against one table of keys, checked, with the
   origin of every value. */
#ifndef LEEWAY_ENGINE_FLOW_CONFIG_CONFIG_H
#define LEEWAY_ENGINE_FLOW_CONFIG_CONFIG_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/outbox.h"
#include "engine/base/zone.h"
#include "leeway/judged.h"
#include "leeway/rules.h"

#include <stdbool.h>

enum lw_config_source_type { LW_SOURCE_FILE, LW_SOURCE_CLOUDWATCH, LW_SOURCE_LOGGLY, LW_SOURCE_HTTP, LW_SOURCE_STDIN };
enum lw_config_sink_type { LW_SINK_LOGGLY, LW_SINK_WEBHOOK, LW_SINK_FILE, LW_SINK_STDOUT };
enum lw_config_webhook { LW_WEBHOOK_JSON, LW_WEBHOOK_SLACK, LW_WEBHOOK_PAGERDUTY };
enum lw_config_metrics { LW_METRICS_AUTO, LW_METRICS_ALWAYS, LW_METRICS_NEVER };
enum lw_config_alert { LW_ALERT_AS_OBSERVE, LW_ALERT_AS_INFO, LW_ALERT_AS_TICKET, LW_ALERT_AS_PAGE };

/* All texts are terminated, lie in the arena of the configuration; NULL where not given and without default. */
struct lw_config_source {
    enum lw_config_source_type type;
    const char *name;   /* unique; default: type and what it reads. The mark is kept under it */
    const char *origin; /* label, or NULL */
    const char *path, *format, *timezone, *columns; /* file */
    bool until_end;                                 /* file */
    const char *const *regions;
    size_t regions_n;                                        /* cloudwatch */
    const char *role_arn, *external_id, *profile, *endpoint; /* cloudwatch; endpoint also loggly */
    lw_span poll, live;                                      /* live 0: only at the end of a job */
    const char *subdomain, *token_file, *query, *ca_file;    /* loggly */
    bool integration; /* cloudwatch: another integration ships these metrics to Loggly already */
};

struct lw_config_sink {
    enum lw_config_sink_type type;
    const char *name; /* unique */
    const char *url, *url_file, *token_file, *ca_file, *proxy, *path;
    const char *const *tags;
    size_t tags_n;
    enum lw_config_metrics metrics;
    uint64_t spool; /* bytes */
    enum lw_config_webhook format;
    enum lw_severity min_severity;
    const char *const *owners;
    size_t owners_n; /* n = 0: all */
    const char *const *models;
    size_t models_n; /* globs of model names; n = 0: all */
    uint32_t events; /* bit 1u << enum lw_event_kind */
};

/* One block of `models:`, merged with its profile and the defaults. */
struct lw_config_model {
    const char *match, *regex, *name, *use, *owner;
    enum lw_config_alert alert; /* the gravest severity that its alerts may have; observe: no alert events */
    const char *primary;        /* glob of metric names */
    const char *cron;           /* NULL: `every`, or learnt */
    const char *timezone;       /* of cron */
    struct lw_zone *zone;
    struct lw_rules rules; /* complete: what judging a model of this block needs */
    uint32_t line;         /* in the file, 0: built in */
};

struct lw_config_exclude {
    bool tuning;
    const char *tag;   /* "env=dev" */
    const char *match; /* glob of job names */
};

struct lw_config_http {
    const char *listen, *token_file, *certificate, *key; /* listen NULL: no server */
    const char *const *hosts;
    size_t hosts_n; /* allowed values of Host beside the address that is listened on */
};

struct lw_config {
    const char *path; /* of the file that was read, or NULL */
    const char *store;
    const char *control; /* Unix socket: beside the store */
    lw_span quiet_period, heartbeat, lookback;
    lw_time notify_from;
    bool notify_from_start;            /* what began before the first start: stored, one digest, never to a pager */
    lw_span keep_points, keep_history; /* retention */
    struct lw_rules rules;             /* global ones */
    const struct lw_config_model *models;
    size_t models_n;
    const struct lw_config_exclude *exclude;
    size_t exclude_n;
    const struct lw_config_source *sources;
    size_t sources_n;
    const struct lw_config_sink *sinks;
    size_t sinks_n;
    struct lw_config_http http;
    enum lw_log_form { LW_LOG_LOGFMT, LW_LOG_JSON } log_form;
    int log_level; /* enum lw_note */
};

/* What a run's name means: its block (index; the last, built-in one matches everything) and the model's name (empty: by
   the form of the job's name), in `arena`. First match wins. Not for two threads at once. Only LW_ERR_NOMEM. */
struct lw_config_matched {
    size_t block;
    struct lw_str model;
    bool excluded;
    bool gave_up; /* a regular expression hit its bounds on this name and was taken as not matching: worth a warning */
};
LW_MUST_USE enum lw_err lw_config_match(const struct lw_config *config, struct lw_str run, struct lw_arena *arena,
                                        struct lw_config_matched *out, struct lw_fault *fault);
/* true when a tag or being a trial of a tuning job excludes a run. */
bool lw_config_excludes_tag(const struct lw_config *config, struct lw_str key, struct lw_str value);
bool lw_config_excludes_tuning(const struct lw_config *config);
/* What a block lets be told: no graver than `as`; of `observe` nothing is told at all. */
enum lw_severity lw_config_severity(enum lw_config_alert as, enum lw_severity judged);

/* Something given on the command line or in the environment: "store=/x", "sources+=file:/x". */
struct lw_config_given {
    const char *key, *value;
    const char *origin; /* "--store", "LEEWAY_STORE" */
};

/* Reads `path` (NULL: the first of ./leeway.yaml, $XDG_CONFIG_HOME/leeway/leeway.yaml, /etc/leeway/leeway.yaml that is
   there; none is legal), the environment and what was given. LW_ERR_USAGE: the fault's text is the first error; all of
   them, each with file:line:col, the line, a caret and a proposal, are appended to `errors`. */
LW_MUST_USE enum lw_err lw_config_open(struct lw_config **out, const char *path, const struct lw_config_given *given,
                                       size_t given_n, struct lw_buf *errors, struct lw_fault *fault);
void lw_config_close(struct lw_config *config);

#endif
