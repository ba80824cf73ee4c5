#include "engine/sink/webhook.h"

#include "engine/base/digest.h"
#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/base/utf8.h"
#include "engine/sink/told.h"

#include <stdio.h>

#define EVENT_MAX      ((size_t)1000000)
#define ARENA_MAX      ((size_t)24 << 20) /* 60 times the largest event that is read, and more */
#define LINE_MAX       2800               /* bytes of one Slack section; 3000 characters are allowed */
#define GROUP_LINE_MAX 800                /* of one alert among several */
#define TEXT_MAX       ((size_t)12000)    /* of all texts of a Slack message */
#define BLOCKS_MAX     50
#define FALLBACK_MAX   600
#define SUMMARY_MAX    ((size_t)1024)
#define GROUP_KEYS_MAX 4096
#define ID_MAX         64                          /* ours have 26 characters */
#define ACK_ROOM       ((size_t)(5 * ID_MAX + 20)) /* escaped, with the words around it */

/* ---- lines ---- */

static bool next_line(struct lw_str *left, struct lw_str *line)
{
    const char *end;

    if (left->len == 0)
        return false;
    end = memchr(left->at, '\n', left->len);
    *line = (struct lw_str){left->at, end ? (size_t)(end - left->at) : left->len};
    left->at += line->len + (end ? 1 : 0);
    left->len -= line->len + (end ? 1 : 0);
    return true;
}

static uint32_t count_lines(struct lw_str lines)
{
    struct lw_str line;
    uint32_t n = 0;

    while (next_line(&lines, &line))
        n++;
    return n;
}

enum lw_fit lw_webhook_fit(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str event,
                           const char **reason)
{
    static const uint32_t forms[] = {
        [LW_DELIVERY_JSON] = (1u << LW_EVENT_COUNT) - 1,
        [LW_DELIVERY_SLACK] =
            1u << LW_EVENT_ALERT | 1u << LW_EVENT_LOSS | 1u << LW_EVENT_RUN | 1u << LW_EVENT_HEARTBEAT,
        [LW_DELIVERY_PAGERDUTY] = 1u << LW_EVENT_ALERT | 1u << LW_EVENT_LOSS,
    };
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_told told;
    enum lw_err err;

    if (!(forms[format] & 1u << kind))
        return LW_FIT_SKIP;
    if (format == LW_DELIVERY_JSON) {
        *reason = "the event is larger than 1 000 000 bytes";
        return event.len > EVENT_MAX ? LW_FIT_DEAD : LW_FIT_SEND;
    }
    err = lw_told_read(&told, kind, event, &arena, reason);
    lw_arena_close(&arena);
    if (err == LW_ERR_OK)
        return LW_FIT_SEND;
    return err == LW_ERR_NOMEM ? LW_FIT_NOMEM : LW_FIT_DEAD;
}

/* A want of memory must not look like a bad event: it is left in the buffer, where the end finds it. */
static bool readable(enum lw_err err, struct lw_buf *out)
{
    if (err == LW_ERR_NOMEM && out->error == LW_ERR_OK)
        out->error = err;
    return err == LW_ERR_OK;
}

/* ---- text for people ---- */

/* Text with a bound in bytes: whole characters go in while they fit, then "...". */
struct line {
    struct lw_buf *buf;
    size_t end; /* of buf, with room for the dots */
    bool full;
};

static void put(struct line *line, const char *at, size_t n)
{
    if (line->full)
        return;
    if (line->buf->len + n > line->end) {
        line->full = true;
        lw_buf_text(line->buf, "...");
        return;
    }
    lw_buf_bytes(line->buf, at, n);
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* `escape`: for Slack, where these three begin links and mentions (a model may be named "<!channel>"). */
static void put_str(struct line *line, struct lw_str text, bool escape)
{
    const unsigned char *at = (const unsigned char *)text.at;

    for (size_t i = 0, n; i < text.len && !line->full; i += n) {
        n = lw_utf8_character(at + i, text.len - i);
        if (n == 0) {
            n = 1;
            put(line, "?", 1);
        } else if (at[i] < 0x20 || at[i] == 0x7f) {
            put(line, " ", 1);
        } else if (escape && at[i] == '&') {
            put_text(line, "&amp;");
        } else if (escape && at[i] == '<') {
            put_text(line, "&lt;");
        } else if (escape && at[i] == '>') {
            put_text(line, "&gt;");
        } else {
            put(line, text.at + i, n);
        }
    }
}

static void put_count(struct line *line, const struct lw_told *told)
{
    char text[LW_NUMBER_TEXT];

    if (told->has_count) {
        put(line, text, lw_number_shortest(told->count, text));
        put_text(line, " ");
    }
}

/* What happened, in one sentence without state or severity. */
static void put_sentence(struct line *line, enum lw_event_kind kind, const struct lw_told *told, bool escape)
{
    switch (kind) {
    case LW_EVENT_ALERT:
        put_str(line, told->message.len > 0 ? told->message : told->model, escape);
        return;
    case LW_EVENT_LOSS:
        put_text(line, "leeway gave up ");
        put_count(line, told);
        put_text(line, "events: ");
        put_str(line, told->class_, escape);
        put_text(line, " ");
        put_str(line, told->message, escape);
        return;
    case LW_EVENT_RUN:
        put_text(line, "run ");
        put_str(line, told->run, escape);
        put_text(line, " of ");
        put_str(line, told->model, escape);
        put_text(line, ": ");
        put_str(line, told->status, escape);
        put_text(line, told->status.len > 0 ? ", " : "");
        put_str(line, told->verdict, escape);
        return;
    case LW_EVENT_HEARTBEAT:
        put_text(line, "leeway is alive; seconds behind: ");
        put_str(line, told->message, escape);
        return;
    case LW_EVENT_SUMMARY:
    case LW_EVENT_METRIC:
    case LW_EVENT_COUNT:
        return;
    }
}

/* A test says so first, and once: most say it themselves. */
static bool is_marked_test(const struct lw_told *told)
{
    return told->test && (told->message.len < 4 || memcmp(told->message.at, "TEST", 4) != 0);
}

/* ---- Slack ---- */

static const char *slack_sign(enum lw_event_kind kind, const struct lw_told *told)
{
    if (kind == LW_EVENT_LOSS)
        return ":warning: ";
    if (kind != LW_EVENT_ALERT)
        return "";
    if (!lw_str_equal(told->state, LW_STR("open")) && !lw_str_equal(told->state, LW_STR("stale")))
        return ":white_check_mark: ";
    if (lw_str_equal(told->severity, LW_STR("page")))
        return ":rotating_light: ";
    return lw_str_equal(told->severity, LW_STR("ticket")) ? ":warning: " : ":information_source: ";
}

/* Whoever reads it takes care of it next, and then needs its id. What leeway itself has to say (a digest, a silent source)
   has no detectors, and is in no list that could be acknowledged. */
static bool wants_ack(enum lw_event_kind kind, const struct lw_told *told)
{
    return kind == LW_EVENT_ALERT && !told->test && told->detectors.len > 0 && told->alert_id.len <= ID_MAX &&
           lw_str_equal(told->state, LW_STR("open"));
}

static void slack_line(enum lw_event_kind kind, const struct lw_told *told, bool marked, size_t max, struct lw_buf *out)
{
    bool ack = marked && wants_ack(kind, told);
    struct line line = {.buf = out, .end = out->len + max - 3 - (ack ? ACK_ROOM : 0)};

    if (marked)
        put_text(&line, slack_sign(kind, told));
    if (is_marked_test(told))
        put_text(&line, marked ? "*TEST* " : "TEST ");
    if (kind == LW_EVENT_ALERT) {
        put_text(&line, marked ? "*" : "[");
        put_str(&line, told->severity, true);
        put_text(&line, marked ? "* " : " ");
        put_str(&line, told->state, true);
        put_text(&line, marked ? ": " : "] ");
    }
    put_sentence(&line, kind, told, true);
    if (ack) {
        struct line command = {.buf = out, .end = out->len + ACK_ROOM};

        put_text(&command, "\n`leeway ack ");
        put_str(&command, told->alert_id, true);
        put_text(&command, "`");
    }
}

/* The text of one event, appended. Without memory the error is left in `out`; true otherwise says that it was readable. */
static bool slack_event(enum lw_event_kind kind, struct lw_str event, bool marked, size_t max, struct lw_buf *out)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_told told;
    const char *reason;
    bool good = readable(lw_told_read(&told, kind, event, &arena, &reason), out);

    if (good)
        slack_line(kind, &told, marked, max, out);
    lw_arena_close(&arena);
    return good;
}

static uint32_t slack_group(enum lw_event_kind kind, struct lw_str lines)
{
    struct lw_buf text = {.ceiling = 2 * TEXT_MAX};
    struct lw_str line;
    size_t left = TEXT_MAX - FALLBACK_MAX - 100; /* what stands above the list */
    uint32_t n = 0;

    while (n < BLOCKS_MAX - 1 && next_line(&lines, &line)) {
        lw_buf_clear(&text);
        if (!slack_event(kind, line, true, GROUP_LINE_MAX, &text) || text.error != LW_ERR_OK || text.len > left)
            break;
        left -= text.len;
        n++;
    }
    lw_buf_close(&text);
    return n > 0 ? n : 1;
}

static void slack_section(struct lw_json_out *json, const struct lw_buf *text)
{
    lw_json_object(json);
    lw_json_key(json, "type");
    lw_json_text(json, "section");
    lw_json_key(json, "text");
    lw_json_object(json);
    lw_json_key(json, "type");
    lw_json_text(json, "mrkdwn");
    lw_json_key(json, "text");
    lw_json_str(json, lw_buf_view(text));
    (void)readable(text->error, json->buf);
    lw_json_object_end(json);
    lw_json_object_end(json);
}

static bool slack_fallback(struct lw_json_out *json, enum lw_event_kind kind, struct lw_str lines, uint32_t n,
                           struct lw_buf *text)
{
    struct lw_str line;
    bool good = next_line(&lines, &line);

    lw_buf_clear(text);
    if (n > 1)
        lw_buf_format(text, "%lu messages of leeway: ", (unsigned long)n);
    good = good && slack_event(kind, line, false, FALLBACK_MAX - 40, text);
    lw_json_key(json, "text");
    lw_json_str(json, lw_buf_view(text));
    (void)readable(text->error, json->buf);
    return good;
}

static bool slack(enum lw_event_kind kind, struct lw_str lines, struct lw_buf *out)
{
    struct lw_buf text = {.ceiling = 2 * TEXT_MAX};
    struct lw_json_out json = {.buf = out};
    struct lw_str line;
    uint32_t n = count_lines(lines);
    bool good;

    lw_json_object(&json);
    good = slack_fallback(&json, kind, lines, n, &text);
    lw_json_key(&json, "blocks");
    lw_json_array(&json);
    if (n > 1) {
        lw_buf_clear(&text);
        lw_buf_format(&text, "*%lu messages of leeway, grouped because there are many:*", (unsigned long)n);
        slack_section(&json, &text);
    }
    while (good && next_line(&lines, &line)) {
        lw_buf_clear(&text);
        good = slack_event(kind, line, true, n > 1 ? GROUP_LINE_MAX : LINE_MAX, &text);
        slack_section(&json, &text);
    }
    lw_json_array_end(&json);
    lw_json_object_end(&json);
    lw_buf_close(&text);
    return good;
}

/* ---- PagerDuty ---- */

/* What the alert's state means for the incident. Stale is no end (the level did not come back, the data stopped): it is
   shown in the open incident. What is not known triggers: better told than not. */
static const char *pager_action(const struct lw_told *told)
{
    static const struct {
        const char *state, *action;
    } actions[] = {
        {"resolved", "resolve"},
        {"settled", "resolve"},
        {"retracted", "resolve"},
        {"acknowledged", "acknowledge"},
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (lw_str_equal(told->state, lw_str_from(actions[i].state)))
            return actions[i].action;
    }
    return "trigger";
}

static const char *pager_severity(enum lw_event_kind kind, const struct lw_told *told)
{
    if (kind == LW_EVENT_LOSS)
        return "warning";
    if (lw_str_equal(told->severity, LW_STR("page")))
        return "critical";
    return lw_str_equal(told->severity, LW_STR("ticket")) ? "error" : "info";
}

/* From worst to best. */
static unsigned gravity(const char *severity)
{
    return severity[0] == 'c' ? 0 : severity[0] == 'e' ? 1 : severity[0] == 'w' ? 2 : 3;
}

static bool pager_triggers(enum lw_event_kind kind, struct lw_str event)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_told told;
    const char *reason;
    bool triggers =
        lw_told_read(&told, kind, event, &arena, &reason) == LW_ERR_OK && strcmp(pager_action(&told), "trigger") == 0;

    lw_arena_close(&arena);
    return triggers;
}

static uint32_t pager_group(enum lw_event_kind kind, struct lw_str lines)
{
    struct lw_str line;
    uint32_t n = 0;

    while (n < GROUP_KEYS_MAX && next_line(&lines, &line) && pager_triggers(kind, line))
        n++;
    return n > 0 ? n : 1;
}

static void key_text(struct lw_json_out *json, const char *key, struct lw_str text)
{
    if (text.len == 0)
        return;
    lw_json_key(json, key);
    lw_json_str(json, text);
}

static void pager_begin(struct lw_json_out *json, struct lw_str key, const char *action, struct lw_str dedup)
{
    lw_json_object(json);
    key_text(json, "routing_key", key);
    lw_json_key(json, "event_action");
    lw_json_text(json, action);
    key_text(json, "dedup_key", dedup);
}

static void pager_summary(struct lw_json_out *json, enum lw_event_kind kind, const struct lw_told *told, uint32_t more)
{
    struct lw_buf text = {.ceiling = 2 * SUMMARY_MAX};
    struct line line = {.buf = &text, .end = SUMMARY_MAX - 120};

    if (more > 0)
        lw_buf_format(&text, "%lu alerts at once: ", (unsigned long)more + 1);
    if (is_marked_test(told))
        put_text(&line, "TEST ");
    put_sentence(&line, kind, told, false);
    if (more > 0)
        lw_buf_text(&text, " (and others; close this by hand, it is not resolved by itself)");
    lw_json_key(json, "summary");
    lw_json_str(json, lw_buf_view(&text));
    (void)readable(text.error, json->buf);
    lw_buf_close(&text);
}

static void pager_source(struct lw_json_out *json, const struct lw_told *told)
{
    struct lw_str source = told->origin.len > 0 ? told->origin : told->model;

    lw_json_key(json, "source");
    lw_json_str(json, source.len > 0 ? source : LW_STR("leeway"));
    key_text(json, "timestamp", told->timestamp);
}

static void pager_one(struct lw_json_out *json, enum lw_event_kind kind, const struct lw_told *told,
                      struct lw_str event, struct lw_str key)
{
    const char *action = pager_action(told);

    pager_begin(json, key, action, kind == LW_EVENT_ALERT ? told->alert_id : told->id);
    if (strcmp(action, "trigger") == 0) {
        lw_json_key(json, "payload");
        lw_json_object(json);
        pager_summary(json, kind, told, 0);
        lw_json_key(json, "severity");
        lw_json_text(json, pager_severity(kind, told));
        pager_source(json, told);
        key_text(json, "component", told->model);
        key_text(json, "group", told->run);
        key_text(json, "class", told->detectors);
        lw_buf_text(json->buf, ",\"custom_details\":"); /* an object already, spliced in as it is stored */
        lw_buf_str(json->buf, event);
        lw_json_object_end(json);
        lw_json_key(json, "client");
        lw_json_text(json, "leeway");
    }
    lw_json_object_end(json);
}

/* The worst severity among them, and a key of all their ids: the same group sent again is the same incident. */
static bool pager_survey(enum lw_event_kind kind, struct lw_str lines, const char **worst, char dedup[LW_DIGEST_ID],
                         struct lw_buf *out)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_buf ids = {.ceiling = (size_t)GROUP_KEYS_MAX * 260};
    struct lw_str line, parts[2] = {LW_STR("group"), {0}};
    struct lw_told told;
    const char *reason, *severity;
    bool good = true;

    *worst = "info";
    while (good && next_line(&lines, &line)) {
        lw_arena_reset(&arena);
        good = readable(lw_told_read(&told, kind, line, &arena, &reason), out);
        if (!good)
            break;
        severity = pager_severity(kind, &told);
        if (gravity(severity) < gravity(*worst))
            *worst = severity;
        lw_buf_str(&ids, kind == LW_EVENT_ALERT ? told.alert_id : told.id);
        lw_buf_char(&ids, '\n');
    }
    parts[1] = lw_buf_view(&ids);
    if (good && (ids.error != LW_ERR_OK || lw_digest_id(parts, 2, dedup, NULL) != LW_ERR_OK))
        good = readable(LW_ERR_NOMEM, out);
    lw_buf_close(&ids);
    lw_arena_close(&arena);
    return good;
}

static bool pager_many(struct lw_json_out *json, enum lw_event_kind kind, const struct lw_told *first,
                       struct lw_str lines, struct lw_str key)
{
    char dedup[LW_DIGEST_ID];
    const char *worst;
    struct lw_str line;
    const char *comma = "";

    if (!pager_survey(kind, lines, &worst, dedup, json->buf))
        return false;
    pager_begin(json, key, "trigger", lw_str_from(dedup));
    lw_json_key(json, "payload");
    lw_json_object(json);
    pager_summary(json, kind, first, count_lines(lines) - 1);
    lw_json_key(json, "severity");
    lw_json_text(json, worst);
    pager_source(json, first);
    lw_buf_text(json->buf, ",\"custom_details\":{\"alerts\":[");
    while (next_line(&lines, &line)) {
        lw_buf_text(json->buf, comma);
        lw_buf_str(json->buf, line);
        comma = ",";
    }
    lw_buf_text(json->buf, "]}");
    lw_json_object_end(json);
    lw_json_key(json, "client");
    lw_json_text(json, "leeway");
    lw_json_object_end(json);
    return true;
}

static bool pagerduty(enum lw_event_kind kind, struct lw_str lines, struct lw_str key, struct lw_buf *out)
{
    struct lw_arena arena = {.ceiling = ARENA_MAX};
    struct lw_json_out json = {.buf = out};
    struct lw_str left = lines, first;
    struct lw_told told;
    const char *reason;
    bool good = next_line(&left, &first) && readable(lw_told_read(&told, kind, first, &arena, &reason), out);

    if (good && left.len > 0)
        good = pager_many(&json, kind, &told, lines, key);
    else if (good)
        pager_one(&json, kind, &told, first, key);
    lw_arena_close(&arena);
    return good;
}

/* ---- all ---- */

static bool plain_json(struct lw_str lines, struct lw_buf *out)
{
    bool many = count_lines(lines) > 1;
    const char *before = many ? "[" : "";
    struct lw_str line;

    while (next_line(&lines, &line)) {
        lw_buf_text(out, before);
        lw_buf_str(out, line);
        before = ",";
    }
    if (many)
        lw_buf_char(out, ']');
    return true;
}

uint32_t lw_webhook_group(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str lines)
{
    switch (format) {
    case LW_DELIVERY_JSON:
        break;
    case LW_DELIVERY_SLACK:
        return slack_group(kind, lines);
    case LW_DELIVERY_PAGERDUTY:
        return pager_group(kind, lines);
    }
    return count_lines(lines);
}

enum lw_err lw_webhook_render(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str lines,
                              struct lw_str key, struct lw_buf *out, struct lw_fault *fault)
{
    bool good = true;

    switch (format) {
    case LW_DELIVERY_JSON:
        good = plain_json(lines, out);
        break;
    case LW_DELIVERY_SLACK:
        good = slack(kind, lines, out);
        break;
    case LW_DELIVERY_PAGERDUTY:
        good = pagerduty(kind, lines, key, out);
        break;
    }
    if (out->error != LW_ERR_OK)
        return lw_fault_set(fault, out->error, "a message cannot be written: %s", lw_err_text(out->error));
    if (!good)
        return lw_fault_set(fault, LW_ERR_FORMAT, "a stored event cannot be made into a message");
    return LW_ERR_OK;
}
