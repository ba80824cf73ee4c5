#include "tests/kit/double/double_tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

const char *const double_certificate_names[DOUBLE_CERTIFICATES] = {"good", "wrong_host", "expired", "untrusted"};

#define DAY (24L * 3600)

static bool extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool done;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* Signed by `signer` with the name of `issuer`; both NULL: by itself. */
static X509 *make(EVP_PKEY *key, const char *name, const char *hosts, long from, long until, X509 *issuer,
                  EVP_PKEY *signer)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    bool authority = hosts == NULL;

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer) : subject);
    if (!extend(certificate, issuer != NULL ? issuer : certificate, NID_basic_constraints,
                authority ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
        !extend(certificate, issuer != NULL ? issuer : certificate, NID_key_usage,
                authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
        (hosts != NULL && !extend(certificate, issuer != NULL ? issuer : certificate, NID_subject_alt_name, hosts)) ||
        X509_sign(certificate, signer != NULL ? signer : key, EVP_sha256()) == 0) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static SSL_CTX *context_of(X509 *certificate, EVP_PKEY *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || certificate == NULL || SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1)
        return NULL;
    return context;
}

bool double_tls_make(SSL_CTX *contexts[DOUBLE_CERTIFICATES], const char *ca_file)
{
    static const char here[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = make(ca_key, "leeway test authority", NULL, -DAY, 365 * DAY, NULL, NULL);
    FILE *file = fopen(ca_file, "w");
    bool done = file != NULL && ca != NULL && PEM_write_X509(file, ca) == 1;

    if (file != NULL)
        done &= fclose(file) == 0;
    if (!done)
        return false;
    contexts[DOUBLE_GOOD] = context_of(make(key, "localhost", here, -DAY, 30 * DAY, ca, ca_key), key);
    contexts[DOUBLE_WRONG_HOST] =
        context_of(make(key, "elsewhere.example", "DNS:elsewhere.example", -DAY, 30 * DAY, ca, ca_key), key);
    contexts[DOUBLE_EXPIRED] = context_of(make(key, "localhost", here, -30 * DAY, -DAY, ca, ca_key), key);
    contexts[DOUBLE_UNTRUSTED] = context_of(make(key, "localhost", here, -DAY, 30 * DAY, NULL, NULL), key);
    for (int i = 0; i < DOUBLE_CERTIFICATES; i++)
        done &= contexts[i] != NULL;
    return done;
}
