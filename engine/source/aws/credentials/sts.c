#include "engine/source/aws/credentials/sts.h"

#include "engine/base/fault.h"
#include "engine/base/time_text.h"

#include <openssl/crypto.h>

/* Form encoding: RFC 3986 unreserved characters stay. */
static void put_value(struct lw_buf *out, const char *key, struct lw_str value)
{
    static const char digits[] = "0123456789ABCDEF";

    lw_buf_char(out, '&');
    lw_buf_text(out, key);
    lw_buf_char(out, '=');
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];

        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
            c == '_' || c == '~') {
            lw_buf_char(out, (char)c);
            continue;
        }
        lw_buf_char(out, '%');
        lw_buf_char(out, digits[c >> 4]);
        lw_buf_char(out, digits[c & 15]);
    }
}

void lw_sts_body(const struct lw_sts_role *role, struct lw_buf *out)
{
    lw_buf_text(out, role->web_token.len > 0 ? "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                                             : "Action=AssumeRole&Version=2011-06-15");
    put_value(out, "RoleArn", role->arn);
    put_value(out, "RoleSessionName", role->session);
    lw_buf_format(out, "&DurationSeconds=%u", role->seconds > 0 ? role->seconds : 3600);
    if (role->external_id.len > 0 && role->web_token.len == 0)
        put_value(out, "ExternalId", role->external_id);
    if (role->web_token.len > 0)
        put_value(out, "WebIdentityToken", role->web_token);
}

/* A reader of the XML that STS writes: elements, attributes (passed over), text with entities, the declaration, comments.
   Document types and CDATA sections do not occur and are refused. */
#define DEPTH 16

struct reader {
    struct lw_str rest;
    struct lw_str open[DEPTH]; /* names of the elements that are open */
    uint32_t depth;
};

struct element {
    struct lw_str name;
    bool ends, empty; /* </name>, <name/> */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == ':';
}

static void skip(struct reader *reader, size_t n)
{
    reader->rest.at += n;
    reader->rest.len -= n;
}

static bool starts(const struct reader *reader, const char *text)
{
    size_t n = strlen(text);

    return reader->rest.len >= n && memcmp(reader->rest.at, text, n) == 0;
}

/* Behind the next `end`; false when there is none. */
static bool skip_to(struct reader *reader, const char *end)
{
    while (reader->rest.len > 0 && !starts(reader, end))
        skip(reader, 1);
    if (reader->rest.len == 0)
        return false;
    skip(reader, strlen(end));
    return true;
}

/* The rest of a tag behind its name. A '>' may stand in an attribute's quotes. */
static bool skip_attributes(struct reader *reader, bool *empty)
{
    char quote = '\0', before = '\0';

    *empty = false;
    while (reader->rest.len > 0) {
        char c = reader->rest.at[0];

        skip(reader, 1);
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '<') {
            return false;
        } else if (c == '>') {
            *empty = before == '/';
            return true;
        }
        before = c;
    }
    return false;
}

/* The rest begins with '<'. false: malformed, or what is not taken. `name` is empty for what is passed over. */
static bool read_tag(struct reader *reader, struct element *element)
{
    size_t n = 0;

    *element = (struct element){.ends = false};
    if (starts(reader, "<?"))
        return skip_to(reader, "?>");
    if (starts(reader, "<!--"))
        return skip_to(reader, "-->");
    skip(reader, 1);
    if (reader->rest.len > 0 && reader->rest.at[0] == '/') {
        element->ends = true;
        skip(reader, 1);
    }
    while (n < reader->rest.len && is_name(reader->rest.at[n]))
        n++;
    element->name = (struct lw_str){reader->rest.at, n};
    skip(reader, n);
    return n > 0 && skip_attributes(reader, &element->empty) && !(element->ends && element->empty);
}

/* The next element, and the text before it; false at the end (*good) or when it is malformed. Keeps the stack. */
static bool next(struct reader *reader, struct element *element, struct lw_str *text, bool *good)
{
    *good = false;
    do {
        size_t n = 0;

        while (n < reader->rest.len && reader->rest.at[n] != '<')
            n++;
        *text = (struct lw_str){reader->rest.at, n};
        skip(reader, n);
        if (reader->depth == 0) {
            for (size_t i = 0; i < n; i++) {
                if (!is_blank(text->at[i]))
                    return false;
            }
        }
        if (reader->rest.len == 0) {
            *good = reader->depth == 0;
            return false;
        }
        if (!read_tag(reader, element))
            return false;
    } while (element->name.len == 0);
    if (element->ends) {
        if (reader->depth == 0 || !lw_str_equal(reader->open[reader->depth - 1], element->name))
            return false;
        reader->depth--;
    } else if (!element->empty) {
        if (reader->depth == DEPTH)
            return false;
        reader->open[reader->depth++] = element->name;
    }
    *good = true;
    return true;
}

/* One entity at text.at[i], which is '&'. Returns how many characters it takes, 0: none that is known. */
static size_t entity(struct lw_str text, size_t i, char *c)
{
    static const struct {
        const char *text;
        char c;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    size_t n = 2, digits = 0, hex;
    unsigned value = 0;

    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
        size_t length = strlen(known[k].text);

        if (text.len - i >= length && memcmp(text.at + i, known[k].text, length) == 0) {
            *c = known[k].c;
            return length;
        }
    }
    if (text.len - i < 4 || text.at[i + 1] != '#')
        return 0;
    hex = text.at[i + 2] == 'x';
    for (n += hex; i + n < text.len && text.at[i + n] != ';' && digits < 4; n++, digits++) {
        char d = text.at[i + n];
        unsigned digit = d >= '0' && d <= '9' ? (unsigned)(d - '0') : 99;

        if (hex && d >= 'a' && d <= 'f')
            digit = (unsigned)(d - 'a') + 10;
        if (hex && d >= 'A' && d <= 'F')
            digit = (unsigned)(d - 'A') + 10;
        if (digit >= (hex ? 16u : 10u))
            return 0;
        value = value * (hex ? 16u : 10u) + digit;
    }
    /* Credentials and codes are ASCII. */
    if (digits == 0 || i + n >= text.len || text.at[i + n] != ';' || value < 32 || value > 126)
        return 0;
    *c = (char)value;
    return n + 1;
}

/* Terminated; false when it is too long or has an entity that is not known. */
static bool decode(struct lw_str text, char *out, size_t room)
{
    size_t n = 0;

    while (text.len > 0 && is_blank(text.at[0]))
        text = (struct lw_str){text.at + 1, text.len - 1};
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    for (size_t i = 0; i < text.len;) {
        char c = text.at[i];
        size_t taken = c == '&' ? entity(text, i, &c) : 1;

        if (taken == 0 || n + 1 >= room)
            return false;
        out[n++] = c;
        i += taken;
    }
    out[n] = '\0';
    return true;
}

struct parts {
    char id[LW_KEYS_ID], secret[LW_KEYS_SECRET], token[LW_KEYS_TOKEN], expires[64];
};

/* Whether the path of open elements ends with this. */
static bool within(const struct reader *reader, const char *name)
{
    return reader->depth > 0 && lw_str_equal(reader->open[reader->depth - 1], lw_str_from(name));
}

static bool read_parts(struct lw_str xml, struct parts *parts)
{
    struct {
        const char *name;
        char *out;
        size_t room;
    } wanted[] = {{"AccessKeyId", parts->id, sizeof(parts->id)},
                  {"SecretAccessKey", parts->secret, sizeof(parts->secret)},
                  {"SessionToken", parts->token, sizeof(parts->token)},
                  {"Expiration", parts->expires, sizeof(parts->expires)}};
    struct reader reader = {.rest = xml};
    struct element element;
    struct lw_str text;
    bool good;

    while (next(&reader, &element, &text, &good)) {
        if (!element.ends || !within(&reader, "Credentials"))
            continue;
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            if (lw_str_equal(element.name, lw_str_from(wanted[i].name)) && !decode(text, wanted[i].out, wanted[i].room))
                return false;
        }
    }
    return good;
}

enum lw_err lw_sts_read(struct lw_keys *keys, struct lw_str xml, struct lw_fault *fault)
{
    struct parts parts = {.id = ""};
    struct lw_keys made;
    lw_time expires;
    enum lw_err err;

    expires.ms = 0;
    if (!read_parts(xml, &parts))
        err = lw_fault_set(fault, LW_ERR_FORMAT, "the reply of STS is not the XML that it should be");
    else if (!lw_time_read(lw_str_from(parts.expires), NULL, &expires))
        err = lw_fault_set(fault, LW_ERR_FORMAT, "the reply of STS has no credentials with an Expiration");
    else
        err = lw_keys_set(&made, lw_str_from(parts.id), lw_str_from(parts.secret), lw_str_from(parts.token), fault);
    if (err == LW_ERR_OK) {
        made.has_expiry = true;
        made.expires = expires;
        *keys = made;
        lw_keys_wipe(&made);
    }
    OPENSSL_cleanse(&parts, sizeof(parts));
    return err;
}

void lw_sts_code(struct lw_str xml, char code[LW_STS_CODE])
{
    struct reader reader = {.rest = xml};
    struct element element;
    struct lw_str text;
    bool good;

    code[0] = '\0';
    while (next(&reader, &element, &text, &good)) {
        if (element.ends && within(&reader, "Error") && lw_str_equal(element.name, LW_STR("Code"))) {
            if (!decode(text, code, LW_STS_CODE))
                code[0] = '\0';
            return;
        }
    }
}
