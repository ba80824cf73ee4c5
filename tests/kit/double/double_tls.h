/* Certificates for servers in tests: an authority, and good and bad ones that it signed, made anew at each start. */
#ifndef LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_TLS_H
#define LEEWAY_TESTS_KIT_DOUBLE_DOUBLE_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

enum double_certificate {
    DOUBLE_GOOD, /* localhost, 127.0.0.1, ::1 */
    DOUBLE_WRONG_HOST,
    DOUBLE_EXPIRED,
    DOUBLE_UNTRUSTED, /* signed by itself */
    DOUBLE_CERTIFICATES
};
extern const char *const double_certificate_names[DOUBLE_CERTIFICATES]; /* "good", "wrong_host", ... */

/* Fills `contexts` and writes the authority's certificate to `ca_file` (PEM). */
bool double_tls_make(SSL_CTX *contexts[DOUBLE_CERTIFICATES], const char *ca_file);

#endif
