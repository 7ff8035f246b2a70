#ifndef CONTROL_CA_OUTSIDE_H
#define CONTROL_CA_OUTSIDE_H

#include "modes/control/ca_rotate.h"

/*
 * ca_outside: an intermediate that another authority signs, whose root's key is
 * never here.
 * Life: ca_outside_request -> (the authority signs) -> ca_outside_prepare ->
 *     ca_rotate_activate.
 *
 * The key is made here and stays: one for each request that is open, so that a
 * request which is asked for again is about the same key.
 */

/* Adds the request in PEM. */
int ca_outside_request(const struct ca_files *, const struct ca_rotate_options *,
    struct str *pem, struct err *);
/*
 * Prepares what was signed: the intermediate, and behind it its root unless that
 * is the active one, and that root as the active one signed it if there is such
 * a certificate.  It is judged as every proxy will judge it.
 * ERR_NOT_FOUND: no request is open; ERR_DATA: why it would not be trusted;
 * ERR_EXISTS, ERR_CONFIG: as of ca_rotate_prepare.
 */
int ca_outside_prepare(const struct ca_files *, struct slice pem,
    const struct ca_rotate_options *, struct err *);

#endif
