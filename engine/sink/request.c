#define _GNU_SOURCE /* explicit_bzero */
#include "engine/sink/request.h"

#include "engine/sink/secret_file.h"
#include "engine/sink/webhook.h"

#include <stdio.h>
#include <string.h>

#define LOGGLY_URL    "https://logs-01.loggly.com"
#define PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"
#define TAG_MAX       64
#define PAYLOAD_MAX   ((size_t)8 << 20)
#define REPLY_MAX     ((size_t)16 << 10)

/* First an ASCII letter or digit, then those and . _ - (what Loggly's own clients let through). */
static bool is_tag(const char *tag)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(tag);

    return n >= 1 && n <= TAG_MAX && strspn(tag, first) >= 1 &&
           strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

const char *lw_request_check(const struct lw_delivery_options *options)
{
    bool webhook = options->type == LW_DELIVERY_WEBHOOK;
    bool pager = webhook && options->format == LW_DELIVERY_PAGERDUTY;

    for (size_t i = 0; i < options->tags_n; i++) {
        if (!is_tag(options->tags[i]))
            return "a tag begins with a letter or digit, has only those and . _ - and at most 64 characters";
    }
    if (options->type == LW_DELIVERY_LOGGLY && !options->token_file)
        return "it needs token_file";
    if (pager && !options->token_file)
        return "it needs token_file, with the routing key";
    if (webhook && !pager && !options->url && !options->url_file)
        return "it needs url or url_file";
    if (options->type == LW_DELIVERY_FILE && !options->path)
        return "it needs path";
    return NULL;
}

static bool copy_text(struct lw_arena *arena, const char **text)
{
    if (!*text)
        return true;
    *text = lw_arena_text(arena, lw_str_from(*text)).at;
    return *text != NULL;
}

bool lw_request_copy(struct lw_delivery_options *own, const struct lw_delivery_options *options, struct lw_arena *arena)
{
    const char **tags;

    *own = *options;
    if (!own->name)
        own->name = "unnamed";
    if (!copy_text(arena, &own->name) || !copy_text(arena, &own->url) || !copy_text(arena, &own->url_file) ||
        !copy_text(arena, &own->token_file) || !copy_text(arena, &own->ca_file) || !copy_text(arena, &own->proxy) ||
        !copy_text(arena, &own->path))
        return false;
    tags = lw_arena_array(arena, options->tags_n, sizeof(*tags));
    if (!tags)
        return false;
    for (size_t i = 0; i < options->tags_n; i++) {
        tags[i] = options->tags[i];
        if (!copy_text(arena, &tags[i]))
            return false;
    }
    own->tags = tags;
    return true;
}

/* What is put together for one request. All of it is wiped afterwards. */
struct parts {
    const struct lw_delivery_options *options;
    enum lw_event_kind kind;
    struct lw_secret_file token, address;
    struct lw_buf url, tags, bearer;
    struct lw_http_header headers[3];
    size_t headers_n;
};

static void wipe_buf(struct lw_buf *buf)
{
    if (buf->at)
        explicit_bzero(buf->at, buf->capacity);
    lw_buf_close(buf);
}

static void add_header(struct parts *parts, struct lw_str name, struct lw_str value)
{
    parts->headers[parts->headers_n++] = (struct lw_http_header){name, value};
}

static bool hold(struct lw_verdict *verdict)
{
    verdict->result = LW_DELIVERY_RESULT_HELD;
    return false;
}

static bool read_secrets(struct parts *parts, struct lw_verdict *verdict)
{
    const struct lw_delivery_options *options = parts->options;

    if (options->token_file &&
        !lw_secret_file_read(&parts->token, options->token_file, verdict->why, sizeof(verdict->why)))
        return hold(verdict);
    if (options->url_file &&
        !lw_secret_file_read(&parts->address, options->url_file, verdict->why, sizeof(verdict->why)))
        return hold(verdict);
    return true;
}

/* URL of Loggly: the token is a segment of the path, so it must be nothing but one. */
static bool loggly_parts(struct parts *parts, struct lw_verdict *verdict)
{
    const struct lw_delivery_options *options = parts->options;
    struct lw_str url = lw_str_from(options->url ? options->url : LOGGLY_URL), token = parts->token.text;

    for (size_t i = 0; i < token.len; i++) {
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", token.at[i])) {
            snprintf(verdict->why, sizeof(verdict->why),
                     "the secret file %s: has characters that are in no Loggly token", options->token_file);
            return hold(verdict);
        }
    }
    while (url.len > 0 && url.at[url.len - 1] == '/')
        url.len--;
    lw_buf_str(&parts->url, url);
    lw_buf_text(&parts->url, "/bulk/");
    lw_buf_str(&parts->url, token);
    for (size_t i = 0; i < options->tags_n; i++) {
        lw_buf_text(&parts->tags, options->tags[i]);
        lw_buf_char(&parts->tags, ',');
    }
    lw_buf_text(&parts->tags, "leeway-");
    lw_buf_text(&parts->tags, lw_event_kind_id(parts->kind));
    add_header(parts, LW_STR("X-LOGGLY-TAG"), lw_buf_view(&parts->tags));
    return true;
}

static void webhook_parts(struct parts *parts)
{
    const struct lw_delivery_options *options = parts->options;

    if (options->url_file)
        lw_buf_str(&parts->url, parts->address.text);
    else
        lw_buf_text(&parts->url, options->url ? options->url : PAGERDUTY_URL);
    if (options->format != LW_DELIVERY_JSON || parts->token.text.len == 0)
        return;
    lw_buf_text(&parts->bearer, "Bearer ");
    lw_buf_str(&parts->bearer, parts->token.text);
    add_header(parts, LW_STR("Authorization"), lw_buf_view(&parts->bearer));
}

static bool render(const struct parts *parts, const struct lw_batch *batch, struct lw_buf *payload,
                   struct lw_verdict *verdict)
{
    struct lw_fault fault = {0};
    enum lw_err err;

    lw_buf_clear(payload);
    payload->ceiling = PAYLOAD_MAX;
    lw_buf_reserve(payload, 2 * batch->body.len + LW_SECRET_FILE_MAX);
    err = lw_webhook_render(parts->options->format, batch->kind, lw_buf_view(&batch->body), parts->token.text, payload,
                            &fault);
    if (err == LW_ERR_OK)
        return true;
    verdict->result = err == LW_ERR_NOMEM ? LW_DELIVERY_RESULT_RETRY : LW_DELIVERY_RESULT_REFUSED;
    snprintf(verdict->why, sizeof(verdict->why), "%.150s", fault.text);
    return false;
}

static bool send_parts(struct parts *parts, const struct lw_http *http, struct lw_str body, lw_http_done *done,
                       void *context, uint64_t *id, struct lw_verdict *verdict)
{
    const struct lw_delivery_options *options = parts->options;
    bool alerts = lw_event_kind_lane(parts->kind) == LW_LANE_ALERT;
    struct lw_fault fault = {0};
    const struct lw_http_request request = {
        .method = LW_STR("POST"),
        .url = lw_buf_view(&parts->url),
        .headers = parts->headers,
        .headers_n = parts->headers_n,
        .body = body,
        .ca_file = options->ca_file,
        .proxy = options->proxy,
        .timeout = {(alerts ? 1 : 2) * LW_MINUTE},
        .reply_max = REPLY_MAX,
        .fresh_connection = alerts, /* a kept connection may die under it, and libcurl would send it twice */
    };
    bool whole = parts->url.error == LW_ERR_OK && parts->tags.error == LW_ERR_OK && parts->bearer.error == LW_ERR_OK;

    if (whole && http->start(http->self, &request, done, context, id, &fault) == LW_ERR_OK)
        return true;
    verdict->result = LW_DELIVERY_RESULT_RETRY;
    snprintf(verdict->why, sizeof(verdict->why), "%.150s", fault.text[0] ? fault.text : "there is no memory");
    return false;
}

bool lw_request_start(const struct lw_delivery_options *options, const struct lw_http *http,
                      const struct lw_batch *batch, struct lw_buf *payload, lw_http_done *done, void *context,
                      uint64_t *id, struct lw_verdict *verdict)
{
    bool loggly = options->type == LW_DELIVERY_LOGGLY;
    struct parts parts = {.options = options,
                          .kind = batch->kind,
                          .url.ceiling = 2 * LW_SECRET_FILE_MAX,
                          .tags.ceiling = (size_t)16 << 10,
                          .bearer.ceiling = 2 * LW_SECRET_FILE_MAX};
    bool started = read_secrets(&parts, verdict);

    /* Buffers that hold secrets have all their room from the start: a growing one leaves copies behind. */
    lw_buf_reserve(&parts.url, parts.url.ceiling);
    lw_buf_reserve(&parts.bearer, parts.bearer.ceiling);
    add_header(&parts, LW_STR("Content-Type"), LW_STR("application/json"));
    if (started && loggly)
        started = loggly_parts(&parts, verdict);
    if (started && !loggly) {
        webhook_parts(&parts);
        started = render(&parts, batch, payload, verdict);
    }
    if (started)
        started = send_parts(&parts, http, lw_buf_view(loggly ? &batch->body : payload), done, context, id, verdict);
    wipe_buf(&parts.url);
    wipe_buf(&parts.bearer);
    lw_buf_close(&parts.tags);
    lw_secret_file_wipe(&parts.token);
    lw_secret_file_wipe(&parts.address);
    return started;
}
