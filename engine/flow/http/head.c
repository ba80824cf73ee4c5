#include "engine/flow/http/head.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

size_t lw_head_end(struct lw_str bytes)
{
    const char *at = bytes.at;
    size_t left = bytes.len;

    while (left >= 4) {
        const char *found = memchr(at, '\r', left - 3);

        if (found == NULL)
            return 0;
        if (memcmp(found, "\r\n\r\n", 4) == 0)
            return (size_t)(found - bytes.at) + 4;
        left -= (size_t)(found + 1 - at);
        at = found + 1;
    }
    return 0;
}

bool lw_head_is(struct lw_str text, const char *lower)
{
    size_t n = strlen(lower);

    if (text.len != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text.at[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != lower[i])
            return false;
    }
    return true;
}

/* RFC 9110, section 5.6.2. */
static bool is_token(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL)))
            return false;
    }
    return text.len > 0;
}

/* Visible characters, blanks and tabs; nothing that another reader might take for the end of a line. */
static bool is_value(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static struct lw_str trimmed(struct lw_str text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static struct lw_str before(struct lw_str *rest, char mark)
{
    const char *found = memchr(rest->at, mark, rest->len);
    struct lw_str first = {.at = rest->at, .len = found == NULL ? rest->len : (size_t)(found - rest->at)};
    size_t gone = found == NULL ? rest->len : first.len + 1;

    rest->at += gone;
    rest->len -= gone;
    return first;
}

static int wrong(int status, const char *text, const char **why)
{
    *why = text;
    return status;
}

/* METHOD SP origin-form SP HTTP/1.x; one blank each. */
static int read_request_line(struct lw_str line, struct lw_head *head, const char **why)
{
    struct lw_str target, version;

    head->method = before(&line, ' ');
    target = before(&line, ' ');
    version = line;
    if (!is_token(head->method))
        return wrong(400, "the method is malformed", why);
    for (size_t i = 0; i < target.len; i++) {
        if ((unsigned char)target.at[i] <= 0x20 || (unsigned char)target.at[i] >= 0x7f || target.at[i] == '#')
            return wrong(400, "the path is malformed", why);
    }
    if (version.len != 8 || memcmp(version.at, "HTTP/", 5) != 0)
        return wrong(400, "the request line is malformed", why);
    if (lw_str_equal(version, LW_STR("HTTP/1.0")))
        head->old = true;
    else if (!lw_str_equal(version, LW_STR("HTTP/1.1")))
        return wrong(505, "only HTTP/1.1 is spoken here", why);
    if (target.len == 0 || target.at[0] != '/')
        return wrong(400, "the path is malformed", why);
    head->path = before(&target, '?');
    head->query = target;
    return 0;
}

static int read_field(struct lw_str line, struct lw_head *head, const char **why)
{
    static const char *const names[] = {
#define NAME(name, text) text,
        LW_HEAD_FIELDS(NAME)
#undef NAME
    };
    struct lw_str name;

    if (line.at[0] == ' ' || line.at[0] == '\t')
        return wrong(400, "a header is folded", why);
    if (memchr(line.at, ':', line.len) == NULL)
        return wrong(400, "a header has no colon", why);
    name = before(&line, ':');
    if (!is_token(name) || !is_value(line))
        return wrong(400, "a header is malformed", why);
    for (size_t i = 0; i < LW_HEAD_COUNT; i++) {
        if (!lw_head_is(name, names[i]))
            continue;
        if (head->has[i])
            return wrong(400, "a header is there twice", why);
        head->has[i] = true;
        head->field[i] = trimmed(line);
    }
    return 0;
}

/* Digits alone; lists of equal lengths, signs and hex are refused. */
static bool read_length(struct lw_str text, uint64_t *length)
{
    *length = 0;
    if (text.len == 0 || text.len > 15)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *length = 10 * *length + (uint64_t)(text.at[i] - '0');
    }
    return true;
}

static int read_framing(struct lw_head *head, const char **why)
{
    struct lw_str rest = head->field[LW_HEAD_CONNECTION];

    if (!head->old && !head->has[LW_HEAD_HOST])
        return wrong(400, "there is no Host", why);
    if (head->has[LW_HEAD_CODING]) {
        if (head->has[LW_HEAD_LENGTH] || head->old)
            return wrong(400, "the length of the body is ambiguous", why);
        if (!lw_head_is(head->field[LW_HEAD_CODING], "chunked"))
            return wrong(501, "of transfer codings only chunked is known", why);
        head->chunked = true;
    }
    if (head->has[LW_HEAD_LENGTH] && !read_length(head->field[LW_HEAD_LENGTH], &head->length))
        return wrong(400, "Content-Length is malformed", why);
    head->has_length = head->has[LW_HEAD_LENGTH];
    if (head->has[LW_HEAD_EXPECT] && !lw_head_is(head->field[LW_HEAD_EXPECT], "100-continue"))
        return wrong(417, "of expectations only 100-continue is known", why);
    head->keep_alive = !head->old;
    while (rest.len > 0) {
        if (lw_head_is(trimmed(before(&rest, ',')), "close"))
            head->keep_alive = false;
    }
    return 0;
}

int lw_head_read(struct lw_str bytes, struct lw_head *out, const char **why)
{
    struct lw_head head = {.old = false};
    bool first = true;
    int status = 0;

    while (status == 0 && bytes.len > 0) {
        struct lw_str line = before(&bytes, '\n');

        /* A line feed alone ends a line for some readers and not for others. */
        if (line.len == 0 || line.at[line.len - 1] != '\r' || memchr(line.at, '\r', line.len - 1) != NULL)
            return wrong(400, "a line does not end with CR LF", why);
        line.len--;
        if (first)
            status = read_request_line(line, &head, why);
        else if (line.len > 0)
            status = read_field(line, &head, why);
        else if (bytes.len > 0)
            status = wrong(400, "the head is malformed", why);
        first = false;
    }
    if (status == 0)
        status = first ? wrong(400, "the head is empty", why) : read_framing(&head, why);
    if (status == 0)
        *out = head;
    return status;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode(struct lw_str text, char *room, size_t room_n, struct lw_str *value)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++, n++) {
        char c = text.at[i];

        if (n == room_n)
            return false;
        if (c == '%') {
            if (i + 2 >= text.len || hex(text.at[i + 1]) < 0 || hex(text.at[i + 2]) < 0)
                return false;
            c = (char)(unsigned char)(hex(text.at[i + 1]) << 4 | hex(text.at[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        room[n] = c;
    }
    *value = (struct lw_str){.at = room, .len = n};
    return true;
}

bool lw_head_has_parameter(struct lw_str query, const char *name)
{
    while (query.len > 0) {
        struct lw_str pair = before(&query, '&');

        if (lw_str_equal(before(&pair, '='), lw_str_from(name)))
            return true;
    }
    return false;
}

bool lw_head_parameter(struct lw_str query, const char *name, char *room, size_t room_n, struct lw_str *value)
{
    while (query.len > 0) {
        struct lw_str pair = before(&query, '&');
        struct lw_str key = before(&pair, '=');

        if (lw_str_equal(key, lw_str_from(name)))
            return decode(pair, room, room_n, value);
    }
    return false;
}
