#include "engine/base/digest.h"

#include "engine/base/fault.h"

#include <openssl/evp.h>
#include <stdbool.h>

static bool feed(EVP_MD_CTX *context, struct lw_str part)
{
    unsigned char prefix[8];

    for (unsigned i = 0; i < sizeof(prefix); i++)
        prefix[i] = (unsigned char)((uint64_t)part.len >> (8 * i));
    return EVP_DigestUpdate(context, prefix, sizeof(prefix)) == 1 &&
           (part.len == 0 || EVP_DigestUpdate(context, part.at, part.len) == 1);
}

/* RFC 4648 section 6, lower case: five bits per character from the most significant on. */
static void base32(const unsigned char *bytes, char id[LW_DIGEST_ID])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    unsigned have = 0;

    for (unsigned i = 0; i < LW_DIGEST_ID - 1; i++) {
        if (have < 5) {
            bits = bits << 8 | *bytes++;
            have += 8;
        }
        have -= 5;
        id[i] = letters[bits >> have & 31];
    }
    id[LW_DIGEST_ID - 1] = '\0';
}

enum lw_err lw_digest_id(const struct lw_str *parts, size_t n, char id[LW_DIGEST_ID], struct lw_fault *fault)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; good && i < n; i++)
        good = feed(context, parts[i]);
    good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        return lw_fault_memory(fault, "the digest of an id");
    base32(digest, id);
    return LW_ERR_OK;
}
