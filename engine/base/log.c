#define _DEFAULT_SOURCE
#include "engine/base/log.h"

#include "engine/base/fault.h"
#include "engine/base/time_text.h"
#include "engine/base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A form in which a secret may show up. */
struct form {
    struct form *next;
    size_t len;
    char text[];
};

struct lw_log {
    int fd;
    enum lw_log_style style;
    enum lw_note most;
    const struct lw_world *clock;
    struct form *forms;
    size_t secrets;
    uint64_t lost;
};

enum lw_err lw_log_open(struct lw_log **out, int fd, enum lw_log_style style, enum lw_note most,
                        const struct lw_world *clock, struct lw_fault *fault)
{
    struct lw_log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return lw_fault_memory(fault, "the log");
    log->fd = fd;
    log->clock = clock;
    lw_log_set(log, style, most);
    *out = log;
    return LW_ERR_OK;
}

static void forget(struct form *forms)
{
    while (forms != NULL) {
        struct form *next = forms->next;

        explicit_bzero(forms->text, forms->len);
        free(forms);
        forms = next;
    }
}

void lw_log_close(struct lw_log *log)
{
    if (log == NULL)
        return;
    forget(log->forms);
    free(log);
}

void lw_log_set(struct lw_log *log, enum lw_log_style style, enum lw_note most)
{
    log->style = style;
    log->most = most;
}

uint64_t lw_log_lost(const struct lw_log *log)
{
    return log->lost;
}

const char *lw_log_level(enum lw_note level)
{
    static const char *const names[] = {
        [LW_NOTE_ERROR] = "error",
        [LW_NOTE_WARNING] = "warning",
        [LW_NOTE_INFO] = "info",
        [LW_NOTE_DEBUG] = "debug",
    };

    return names[level];
}

/* The forms of a secret are chained up apart, so that a failure registers none of them. */
static struct form *add_form(struct form **forms, size_t room)
{
    struct form *form = malloc(sizeof(*form) + room);

    if (form != NULL) {
        form->len = 0;
        form->next = *forms;
        *forms = form;
    }
    return form;
}

static bool add_raw(struct form **forms, struct lw_str secret)
{
    struct form *form = add_form(forms, secret.len);

    if (form == NULL)
        return false;
    memcpy(form->text, secret.at, secret.len);
    form->len = secret.len;
    return true;
}

/* RFC 3986: all but unreserved characters. */
static bool add_percent(struct form **forms, struct lw_str secret, const char *digits)
{
    struct form *form = add_form(forms, 3 * secret.len);

    if (form == NULL)
        return false;
    for (size_t i = 0; i < secret.len; i++) {
        unsigned char c = (unsigned char)secret.at[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL) {
            form->text[form->len++] = (char)c;
        } else {
            form->text[form->len++] = '%';
            form->text[form->len++] = digits[c >> 4];
            form->text[form->len++] = digits[c & 15];
        }
    }
    return true;
}

/* The characters of the base64 of any text that carries the secret at an offset of `shift` modulo 3, as far as they depend
   on the secret alone. */
static bool add_base64(struct form **forms, struct lw_str secret, unsigned shift, const char *last)
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t bits = 8 * secret.len;
    size_t at = (6 - 8 * shift % 6) % 6;
    struct form *form = add_form(forms, 2 * secret.len);

    if (form == NULL)
        return false;
    for (; at + 6 <= bits; at += 6) {
        unsigned value = 0;

        for (size_t i = at; i < at + 6; i++)
            value = value << 1 | ((unsigned)(unsigned char)secret.at[i / 8] >> (7 - i % 8) & 1u);
        form->text[form->len++] = value < 62 ? common[value] : last[value - 62];
    }
    return true;
}

/* Of a URL the scheme and the host are no secret, and every log is full of them. */
static struct lw_str secret_part(struct lw_str text)
{
    for (size_t i = 0; i + 3 <= text.len && i < 8; i++) {
        const char *path;

        if (memcmp(text.at + i, "://", 3) != 0)
            continue;
        path = memchr(text.at + i + 3, '/', text.len - i - 3);
        return path == NULL ? text : (struct lw_str){.at = path + 1, .len = text.len - (size_t)(path + 1 - text.at)};
    }
    return text;
}

static bool is_known(const struct lw_log *log, struct lw_str secret)
{
    for (const struct form *form = log->forms; form != NULL; form = form->next) {
        if (lw_str_equal((struct lw_str){.at = form->text, .len = form->len}, secret))
            return true;
    }
    return false;
}

enum lw_err lw_log_secret(struct lw_log *log, struct lw_str secret, struct lw_fault *fault)
{
    struct lw_str part = secret_part(secret);
    struct form *forms = NULL;
    struct form *last;
    bool good;

    if (part.len < LW_LOG_SECRET_LEAST || is_known(log, part))
        return LW_ERR_OK;
    if (log->secrets == LW_LOG_SECRETS_MAX)
        return lw_fault_set(fault, LW_ERR_LIMIT, "the log keeps %d secrets at most: restart to forget old ones",
                            LW_LOG_SECRETS_MAX);
    good = add_raw(&forms, part) && add_percent(&forms, part, "0123456789ABCDEF") &&
           add_percent(&forms, part, "0123456789abcdef");
    for (unsigned shift = 0; good && shift < 3; shift++)
        good = add_base64(&forms, part, shift, "+/") && add_base64(&forms, part, shift, "-_");
    if (!good) {
        forget(forms);
        return lw_fault_memory(fault, "the filter of the log");
    }
    last = forms;
    while (last->next != NULL)
        last = last->next;
    last->next = log->forms;
    log->forms = forms;
    log->secrets++;
    return LW_ERR_OK;
}

/* How many bytes at `text` are one of the forms, or the beginning of one that is long enough to give it away. */
static size_t secret_at(const struct lw_log *log, const char *text)
{
    size_t longest = 0;

    for (const struct form *form = log->forms; form != NULL; form = form->next) {
        size_t n = 0;

        while (n < form->len && text[n] == form->text[n] && text[n] != '\0')
            n++;
        if (n >= LW_LOG_SECRET_LEAST && n > longest)
            longest = n;
    }
    return longest;
}

void lw_log_filter(const struct lw_log *log, char *text)
{
    char *to = text;

    if (log->forms == NULL)
        return;
    while (*text != '\0') {
        size_t n = secret_at(log, text);

        if (n > 0) {
            memset(to, '*', 4);
            to += 4;
            text += n;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

/* A line in the making. There is always room for its end: "...", a quote, a brace, a line end, a NUL. */
#define TAIL 16
struct line {
    char at[LW_LOG_LINE_MAX];
    size_t len;
    bool cut;
};

static void add(struct line *line, const char *bytes, size_t n)
{
    if (line->cut)
        return;
    if (n > sizeof(line->at) - TAIL - line->len) {
        line->cut = true;
        bytes = "...";
        n = 3;
    }
    memcpy(line->at + line->len, bytes, n);
    line->len += n;
}

static void add_text(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

/* Characters that move the cursor, hide text or turn its direction: C0, DEL, C1, and the marks of bidirectional text. */
static unsigned unsafe(const unsigned char *at, size_t n)
{
    if (n == 1)
        return at[0] < 0x20 || at[0] == 0x7f ? at[0] + 1u : 0;
    if (n == 2 && at[0] == 0xc2 && at[1] < 0xa0)
        return at[1] + 1u;
    if (n == 3 && at[0] == 0xe2) {
        unsigned code = 0x2000u | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);

        if ((code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
            code == 0x200f)
            return code + 1;
    }
    return 0;
}

/* A quoted string that is one of JSON and one of logfmt. */
static void add_quoted(struct line *line, struct lw_str text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t left = text.len;
    bool cut_before = line->cut;
    char escape[8];

    add(line, "\"", 1);
    while (left > 0) {
        size_t n = lw_utf8_character(at, left);
        unsigned code = n == 0 ? 0 : unsafe(at, n);

        if (n == 0) {
            add_text(line, "\xef\xbf\xbd");
        } else if (*at == '"' || *at == '\\') {
            char pair[2] = {'\\', (char)*at};

            add(line, pair, 2);
        } else if (code != 0) {
            snprintf(escape, sizeof(escape), "\\u%04x", code - 1);
            add(line, escape, 6);
        } else {
            add(line, (const char *)at, n);
        }
        at += n == 0 ? 1 : n;
        left -= n == 0 ? 1 : n;
    }
    if (!line->cut)
        add(line, "\"", 1);
    else if (!cut_before)
        line->at[line->len++] = '"';
}

static void add_field(struct line *line, enum lw_log_style style, const char *name, struct lw_str value)
{
    if (line->cut)
        return;
    if (style == LW_LOG_STYLE_JSON) {
        add_text(line, ",\"");
        add_text(line, name);
        add_text(line, "\":");
    } else {
        add_text(line, " ");
        add_text(line, name);
        add_text(line, "=");
    }
    add_quoted(line, value);
}

static void add_head(struct line *line, enum lw_log_style style, lw_time now, enum lw_note level)
{
    char stamp[LW_TIME_TEXT];

    lw_time_write(now, stamp);
    add_text(line, style == LW_LOG_STYLE_JSON ? "{\"time\":\"" : "time=");
    add_text(line, stamp);
    add_text(line, style == LW_LOG_STYLE_JSON ? "\",\"level\":\"" : " level=");
    add_text(line, lw_log_level(level));
    if (style == LW_LOG_STYLE_JSON)
        add_text(line, "\"");
}

static void put_out(struct lw_log *log, struct line *line)
{
    size_t done = 0;

    while (done < line->len) {
        ssize_t n = write(log->fd, line->at + done, line->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log->lost++;
            return;
        }
        done += (size_t)n;
    }
}

/* The filter sees every text before it is escaped (an escape must not tear a secret apart) and the finished line. */
static struct lw_str filtered(const struct lw_log *log, struct lw_str text, char room[LW_LOG_LINE_MAX])
{
    size_t n = text.len < LW_LOG_LINE_MAX - 1 ? text.len : LW_LOG_LINE_MAX - 1;

    for (size_t i = 0; i < n; i++)
        room[i] = text.at[i] == '\0' ? ' ' : text.at[i];
    room[n] = '\0';
    lw_log_filter(log, room);
    return lw_str_from(room);
}

void lw_log_fields(struct lw_log *log, enum lw_note level, const char *text, const struct lw_log_field *fields,
                   size_t n)
{
    struct line line = {.len = 0};
    char room[LW_LOG_LINE_MAX];
    int before = errno;

    if (level > log->most)
        return;
    add_head(&line, log->style, log->clock->now(log->clock->self), level);
    add_field(&line, log->style, "msg", filtered(log, lw_str_from(text), room));
    for (size_t i = 0; i < n; i++)
        add_field(&line, log->style, fields[i].name, filtered(log, fields[i].value, room));
    if (log->style == LW_LOG_STYLE_JSON)
        line.at[line.len++] = '}';
    line.at[line.len] = '\0';
    lw_log_filter(log, line.at);
    line.len = strlen(line.at);
    line.at[line.len++] = '\n';
    put_out(log, &line);
    explicit_bzero(room, sizeof(room));
    errno = before;
}

void lw_log_note(void *log, enum lw_note level, const char *text)
{
    lw_log_fields(log, level, text, NULL, 0);
}

static lw_time log_now(void *self)
{
    const struct lw_log *log = self;

    return log->clock->now(log->clock->self);
}

static lw_span log_ticks(void *self)
{
    const struct lw_log *log = self;

    return log->clock->ticks(log->clock->self);
}

static int64_t log_micros(void *self)
{
    const struct lw_log *log = self;

    return log->clock->micros(log->clock->self);
}

static int64_t log_cpu(void *self)
{
    const struct lw_log *log = self;

    return log->clock->cpu(log->clock->self);
}

struct lw_world lw_log_world(struct lw_log *log)
{
    return (struct lw_world){.self = log,
                             .now = log_now,
                             .ticks = log_ticks,
                             .note = lw_log_note,
                             .micros = log->clock->micros != NULL ? log_micros : NULL,
                             .cpu = log->clock->cpu != NULL ? log_cpu : NULL};
}
