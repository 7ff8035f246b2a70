#ifndef CTL_TRUST_H
#define CTL_TRUST_H

#include "pki/bundle.h"

/*
 * trust: a trust bundle from a PEM file.  Its trust domain is what the caller
 * knows; else the one that a root names in its URI, which roots of companies
 * do not.
 */

/*
 * Adds the trust domain that the first certificate names which names one.
 * 1: it did; 0: none does; ERR_DATA.
 */
int trust_domain_read(struct slice pem, struct str *domain, struct err *);
/* known: absent if unknown.  ERR_DATA, ERR_NOT_FOUND. */
struct bundle *trust_from_pem(struct slice pem, struct slice known,
    struct err *);
struct bundle *trust_from_file(const char *path, struct slice known,
    struct err *);

#endif
