#include "engine/source/aws/credentials/profile.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct lw_str trim(struct lw_str text)
{
    while (text.len > 0 && is_blank(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool same_key(struct lw_str text, const char *key)
{
    size_t n = strlen(key), i = 0;

    while (i < n && i < text.len && lower(text.at[i]) == key[i])
        i++;
    return i == n && i == text.len;
}

static struct lw_str next_line(struct lw_str *rest)
{
    const char *end = memchr(rest->at, '\n', rest->len);
    struct lw_str line = {rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len};
    size_t taken = line.len + (end != NULL);

    rest->at += taken;
    rest->len -= taken;
    return line;
}

/* The name within "[...]", or .at NULL. */
static struct lw_str section_of(struct lw_str line)
{
    const char *end;

    if (line.len == 0 || line.at[0] != '[' || (end = memchr(line.at, ']', line.len)) == NULL)
        return (struct lw_str){NULL, 0};
    return trim((struct lw_str){line.at + 1, (size_t)(end - line.at) - 1});
}

static struct lw_str without_quotes(struct lw_str text)
{
    if (text.len >= 2 && (text.at[0] == '"' || text.at[0] == '\'') && text.at[text.len - 1] == text.at[0])
        return (struct lw_str){text.at + 1, text.len - 2};
    return text;
}

static bool is_section(struct lw_str name, enum lw_profile_file file, struct lw_str profile)
{
    static const struct lw_str prefix = {"profile", 7};

    if (file == LW_PROFILE_CREDENTIALS)
        return lw_str_equal(without_quotes(name), profile);
    if (lw_str_equal(name, LW_STR("default")))
        return lw_str_equal(profile, name);
    if (name.len <= prefix.len || memcmp(name.at, prefix.at, prefix.len) != 0 || !is_blank(name.at[prefix.len]))
        return false;
    name = trim((struct lw_str){name.at + prefix.len, name.len - prefix.len});
    return lw_str_equal(without_quotes(name), profile);
}

bool lw_profile_value(struct lw_str text, enum lw_profile_file file, struct lw_str profile, const char *key,
                      struct lw_str *value)
{
    bool inside = false, found = false;

    while (text.len > 0) {
        struct lw_str line = next_line(&text), section = section_of(line);
        const char *equals;

        if (section.at != NULL) {
            inside = is_section(section, file, profile);
            continue;
        }
        if (!inside || line.len == 0 || line.at[0] == '#' || line.at[0] == ';' || is_blank(line.at[0]))
            continue;
        equals = memchr(line.at, '=', line.len);
        if (equals == NULL || !same_key(trim((struct lw_str){line.at, (size_t)(equals - line.at)}), key))
            continue;
        *value = trim((struct lw_str){equals + 1, line.len - (size_t)(equals - line.at) - 1});
        found = true;
    }
    return found;
}

bool lw_profile_there(struct lw_str text, enum lw_profile_file file, struct lw_str profile)
{
    while (text.len > 0) {
        struct lw_str section = section_of(next_line(&text));

        if (section.at != NULL && is_section(section, file, profile))
            return true;
    }
    return false;
}
