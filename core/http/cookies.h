#ifndef HTTP_COOKIES_H
#define HTTP_COOKIES_H

#include "http/head.h"

/*
 * cookies: what of a request's Cookie fields (RFC 6265, section 4.2) goes no
 * further.  There may be several such fields (RFC 9113, section 8.2.3).
 */

/* Whether a pair, "name=value" with spaces about it, is to go.  Borrows. */
typedef bool cookies_goes(const void *arg, struct slice pair);

/*
 * Takes the pairs out for which goes() says so, and with the last pair the
 * field.  A field that loses none stays as it is, to the byte.  What is written
 * anew lives in a.
 */
void cookies_drop(struct http_fields *, cookies_goes *goes, const void *arg,
    struct arena *a);

#endif
