#ifndef CTL_TRUST_H
#define CTL_TRUST_H

#include "pki/bundle.h"

/*
 * trust: a trust bundle from a PEM file.  Its trust domain is the one that
 * the first root names in its URI.
 */

/* ERR_DATA, ERR_NOT_FOUND; without the file's name in front. */
struct bundle *trust_from_pem(struct slice pem, struct err *);
struct bundle *trust_from_file(const char *path, struct err *);

#endif
