#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * url: an absolute "http" or "https" URL (RFC 3986, RFC 9110, section 4.2) taken
 * apart for who is to ask for it.
 *
 * Refused: a user and a password in front of the host, a fragment, bytes that
 * a request's target may not have, a path that can be read in two ways (path.h).
 */
struct http_url {
	bool         is_tls;
	struct slice host;	/* lower case, without brackets */
	int          port;	/* as it says, or 443 or 80 */
	struct slice authority;	/* as it says: host[:port] */
	struct slice target;	/* path and query; begins with '/' */
};

/* What it gives borrows text, or lies in the arena. */
bool http_url_parse(struct arena *, struct slice text, struct http_url *);
/*
 * Where a Location leads from there (RFC 9110, section 10.2.2): another URL, or
 * another path of the same server; its fragment is left out.  Other relative
 * references are refused.
 */
bool http_url_follow(struct arena *, const struct http_url *from,
    struct slice location, struct http_url *);
/* scheme, host and port are the same (RFC 6454, section 5). */
bool http_url_same_origin(const struct http_url *, const struct http_url *);

#endif
