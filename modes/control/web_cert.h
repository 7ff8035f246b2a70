#ifndef CONTROL_WEB_CERT_H
#define CONTROL_WEB_CERT_H

#include "base/err.h"

/*
 * web_cert: the certificate of the web that the endpoint of our bundle shows,
 * from two files, which are read again when they have changed: whoever renews
 * it restarts nothing.
 *
 * Life: web_cert_new -> web_cert_get, for each connection -> web_cert_free.
 */
struct tls_edge;
struct web_cert;

/* Keeps the paths.  NULL: they cannot be used (ERR_CONFIG, ERR_DATA, ERR_SYSTEM). */
struct web_cert *web_cert_new(const char *cert_file, const char *key_file,
    struct err *);
void web_cert_free(struct web_cert *);	/* NULL is allowed */
/*
 * Borrowed until the next call.  What does not read any more is said once in
 * the log, and the one before goes on.
 */
struct tls_edge *web_cert_get(struct web_cert *);

#endif
