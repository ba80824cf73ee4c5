#define _DEFAULT_SOURCE

#include "engine/source/loggly/asking.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"
#include "engine/base/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MOST (5 * LW_MINUTE)

struct meaning {
    int first, last; /* status */
    bool cursor;     /* holds for pages behind the first alone */
    enum lw_asking_meaning meaning;
    const char *trouble;
};

/* The first row that fits. A cursor that Loggly knows no more, or whose request it finds faulty, has expired. */
static const struct meaning meanings[] = {
    {200, 200, false, LW_ASKING_PAGE, ""},
    {400, 400, true, LW_ASKING_ANEW, "Loggly has forgotten the cursor of its pages; reading the window again"},
    {404, 404, true, LW_ASKING_ANEW, "Loggly has forgotten the cursor of its pages; reading the window again"},
    {409, 410, true, LW_ASKING_ANEW, "Loggly has forgotten the cursor of its pages; reading the window again"},
    {400, 400, false, LW_ASKING_HOLD, "Loggly refuses the query (400): correct `query` of this source"},
    {401, 401, false, LW_ASKING_HOLD,
     "Loggly refuses the token (401): put an API token of the account (not a customer token) into the token file"},
    {403, 403, false, LW_ASKING_HOLD,
     "Loggly refuses the token (403): put an API token of the account (not a customer token) into the token file"},
    {404, 404, false, LW_ASKING_HOLD, "there is no retrieval at this address (404): check `subdomain`"},
    {408, 408, false, LW_ASKING_ANEW, "Loggly gave up waiting (408); asking again"},
    {425, 425, false, LW_ASKING_AGAIN, "Loggly asks to come again (425)"},
    {429, 429, false, LW_ASKING_AGAIN, "Loggly limits the rate of requests (429); asking more slowly"},
    {503, 503, false, LW_ASKING_AGAIN, "Loggly limits the rate of requests (503); asking more slowly"},
    {500, 599, false, LW_ASKING_SMALLER, "Loggly fails to answer (5xx); asking again for smaller pages"},
};

enum lw_asking_meaning lw_asking_mean(const struct lw_http_reply *reply, bool cursor, char *trouble, size_t trouble_n)
{
    static const struct {
        enum lw_asking_meaning meaning;
        const char *trouble;
    } outcomes[] = {
        [LW_HTTP_NETWORK] = {LW_ASKING_ANEW, "Loggly is not reached"},
        [LW_HTTP_TLS] = {LW_ASKING_HOLD, "Loggly's certificate is not trusted"},
        [LW_HTTP_TOO_LARGE] = {LW_ASKING_SMALLER, "a page is too large; asking for smaller ones"},
        [LW_HTTP_REFUSED] = {LW_ASKING_HOLD, "the address may not be asked: https, or http to this machine"},
    };

    if (reply->outcome != LW_HTTP_REPLIED) {
        snprintf(trouble, trouble_n, "%s%s%s", outcomes[reply->outcome].trouble, reply->detail[0] != '\0' ? ": " : "",
                 reply->detail);
        return outcomes[reply->outcome].meaning;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        const struct meaning *row = &meanings[i];

        if (reply->status < row->first || reply->status > row->last || (row->cursor && !cursor))
            continue;
        snprintf(trouble, trouble_n, "%s", row->trouble);
        return row->meaning;
    }
    snprintf(trouble, trouble_n, "Loggly answers with status %d, which is none of its own: check `subdomain`",
             reply->status);
    return LW_ASKING_HOLD;
}

lw_span lw_asking_retry_after(const struct lw_http_reply *reply)
{
    int64_t seconds = 0;

    for (size_t i = 0; i < reply->headers_n; i++) {
        struct lw_str value = reply->headers[i].value;

        if (!lw_str_equal(reply->headers[i].name, LW_STR("retry-after")) || value.len == 0 || value.len > 9)
            continue;
        seconds = 0;
        for (size_t at = 0; at < value.len; at++) {
            if (value.at[at] < '0' || value.at[at] > '9')
                return (lw_span){0};
            seconds = seconds * 10 + (value.at[at] - '0');
        }
        seconds = seconds < 1 ? 1 : seconds;
    }
    return (lw_span){seconds * LW_SECOND < RETRY_MOST ? seconds * LW_SECOND : RETRY_MOST};
}

/* RFC 3986, 2.3: all but the unreserved characters. */
static void put_escaped(struct lw_buf *out, struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c != '\0' && strchr("-._~", c) != NULL))
            lw_buf_char(out, (char)c);
        else
            lw_buf_format(out, "%%%02X", c);
    }
}

void lw_asking_url(struct lw_str endpoint, struct lw_str query, lw_time from, lw_time until, uint32_t size,
                   struct lw_buf *out)
{
    char since[LW_TIME_TEXT], before[LW_TIME_TEXT];

    lw_time_write(from, since);
    lw_time_write(until, before);
    while (endpoint.len > 0 && endpoint.at[endpoint.len - 1] == '/')
        endpoint.len--;
    lw_buf_str(out, endpoint);
    lw_buf_text(out, "/apiv2/events/iterate?q=");
    put_escaped(out, LW_STR("("));
    put_escaped(out, query);
    put_escaped(out, LW_STR(") AND NOT tag:leeway"));
    lw_buf_text(out, "&from=");
    put_escaped(out, lw_str_from(since));
    lw_buf_text(out, "&until=");
    put_escaped(out, lw_str_from(before));
    lw_buf_format(out, "&order=asc&size=%u", (unsigned)size);
    lw_buf_char(out, '\0');
    out->len -= out->error == LW_ERR_OK;
}

static enum lw_err no_token(const char *path, const char *why, struct lw_fault *fault)
{
    return lw_fault_set(fault, LW_ERR_IO, "the token file %.80s %s", path, why);
}

static enum lw_err find_token(const char *path, const char *text, size_t n, char *out, size_t out_n,
                              struct lw_fault *fault)
{
    static const char scheme[] = "bearer ";

    while (n > 0 && strchr(" \t\r\n", text[0]) != NULL && text[0] != '\0')
        text++, n--;
    while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL && text[n - 1] != '\0')
        n--;
    if (n == 0)
        return no_token(path, "is empty: put the API token into it", fault);
    if (n > LW_ASKING_TOKEN_MAX || n + sizeof(scheme) > out_n)
        return no_token(path, "is too long to hold a token", fault);
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return no_token(path, "holds something that is no token: one line of visible characters", fault);
    }
    memcpy(out, scheme, sizeof(scheme) - 1);
    memcpy(out + sizeof(scheme) - 1, text, n);
    out[sizeof(scheme) - 1 + n] = '\0';
    return LW_ERR_OK;
}

enum lw_err lw_asking_token(const char *path, char *out, size_t out_n, struct lw_fault *fault)
{
    char text[LW_ASKING_TOKEN_MAX + 64];
    size_t got = 0;
    int file = lw_again_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
    enum lw_err err;

    if (file < 0)
        return no_token(path,
                        errno == ENOENT ? "is not there: write the API token into it"
                                        : "cannot be read: give this user the right to",
                        fault);
    while (got < sizeof(text)) {
        ssize_t n = read(file, text + got, sizeof(text) - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    close(file);
    err = find_token(path, text, got, out, out_n, fault);
    explicit_bzero(text, sizeof(text));
    return err;
}
