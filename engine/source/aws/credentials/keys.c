#include "engine/source/aws/credentials/keys.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_in.h"

#include <openssl/crypto.h>

/* Characters of a header's value: what is printed. */
static bool is_plain(struct lw_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '!' || text.at[i] > '~')
            return false;
    }
    return true;
}

static enum lw_err put(char *out, size_t room, struct lw_str text, bool needed, const char *what,
                       struct lw_fault *fault)
{
    if (needed && text.len == 0)
        return lw_fault_set(fault, LW_ERR_FORMAT, "the credentials have no %s", what);
    if (text.len >= room || !is_plain(text))
        return lw_fault_set(fault, LW_ERR_FORMAT, "the %s of the credentials is too long or no plain text", what);
    if (text.len > 0)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return LW_ERR_OK;
}

enum lw_err lw_keys_set(struct lw_keys *keys, struct lw_str id, struct lw_str secret, struct lw_str token,
                        struct lw_fault *fault)
{
    struct lw_keys made = {.has_expiry = false};
    enum lw_err err = put(made.id, sizeof(made.id), id, true, "access key id", fault);

    if (err == LW_ERR_OK)
        err = put(made.secret, sizeof(made.secret), secret, true, "secret access key", fault);
    if (err == LW_ERR_OK)
        err = put(made.token, sizeof(made.token), token, false, "session token", fault);
    if (err == LW_ERR_OK)
        *keys = made;
    lw_keys_wipe(&made);
    return err;
}

static void wipe_texts(const struct lw_json_in *in)
{
    for (uint32_t i = 0; i < in->n; i++) {
        if (in->nodes[i].text.len > 0)
            OPENSSL_cleanse((void *)(uintptr_t)in->nodes[i].text.at, in->nodes[i].text.len);
    }
}

static enum lw_err take(struct lw_keys *keys, const struct lw_json_in *in, struct lw_fault *fault)
{
    struct lw_str token = lw_json_in_str(in, in->nodes, "SessionToken");
    double version = 1;
    enum lw_err err;

    /* What a container or instance without a role says: {"Code": "...", "Message": "..."} */
    if (lw_json_in_str(in, in->nodes, "AccessKeyId").len == 0 && lw_json_in_str(in, in->nodes, "Code").len > 0) {
        struct lw_str code = lw_json_in_str(in, in->nodes, "Code");

        return lw_fault_set(fault, LW_ERR_FORMAT, "the credentials are refused: %.*s",
                            code.len < 80 ? (int)code.len : 80, code.at);
    }
    if (lw_json_in_number(in, in->nodes, "Version", &version) && version != 1)
        return lw_fault_set(fault, LW_ERR_FORMAT, "the credentials are of a version other than 1");
    if (token.len == 0)
        token = lw_json_in_str(in, in->nodes, "Token");
    err = lw_keys_set(keys, lw_json_in_str(in, in->nodes, "AccessKeyId"),
                      lw_json_in_str(in, in->nodes, "SecretAccessKey"), token, fault);
    if (err != LW_ERR_OK)
        return err;
    keys->has_expiry = lw_json_in_time(in, in->nodes, "Expiration", &keys->expires);
    if (!keys->has_expiry && lw_json_in_str(in, in->nodes, "Expiration").len > 0) {
        lw_keys_wipe(keys);
        return lw_fault_set(fault, LW_ERR_FORMAT, "the credentials have an Expiration that is no time");
    }
    return LW_ERR_OK;
}

enum lw_err lw_keys_read(struct lw_keys *keys, struct lw_str json, struct lw_fault *fault)
{
    struct lw_arena arena = {.ceiling = (size_t)4 << 20};
    struct lw_json_in in = {.n = 0};
    struct lw_fault why = {.code = LW_ERR_OK};
    struct lw_keys made;
    enum lw_err err = lw_json_in_read(&in, json, &arena, &why);

    if (err == LW_ERR_FORMAT)
        err = lw_fault_set(fault, LW_ERR_FORMAT, "the credentials are no JSON document");
    else if (err != LW_ERR_OK)
        err = lw_fault_memory(fault, "credentials");
    if (err == LW_ERR_OK)
        err = take(&made, &in, fault);
    if (err == LW_ERR_OK) {
        *keys = made;
        lw_keys_wipe(&made);
    }
    wipe_texts(&in);
    lw_arena_close(&arena);
    return err;
}

void lw_keys_wipe(struct lw_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof(*keys));
}
