#ifndef ROUTE_ACTION_H
#define ROUTE_ACTION_H

#include "base/arena.h"
#include "model/http_filter.h"

/*
 * action: what the filters of a rule make of a request, as pure functions.
 *
 * They know nothing of heads: they are given parts of one and give others, in
 * the arena or borrowed from what they were given.
 */

/* Where a request went. */
struct route_place {
	struct slice scheme;	/* "http" or "https" */
	struct slice host;	/* without port and brackets */
	uint16_t     port;	/* of the listener */
	struct slice path;	/* "/..." */
	struct slice query;	/* absent: the target had no '?' */
	struct slice prefix;	/* route_found's path if the rule has a prefix */
};

/*
 * The path after a rewrite or redirect.  A modifier that is NULL changes
 * nothing.  Of a prefix that is replaced whole segments are: /foo by /xyz/ makes
 * /foo/bar into /xyz/bar, /foo by "" makes /foo into "/" (Gateway API,
 * HTTPPathModifier.replacePrefixMatch).
 */
struct slice route_path_change(struct arena *, const struct model_path_modifier *,
    struct slice path, struct slice prefix);

/*
 * The Location of a redirect.  The port is the redirect's, or else that of its
 * scheme, or else the listener's; the scheme's usual port is left out.  The
 * query stays.
 */
struct slice route_location(struct arena *, const struct model_redirect *,
    const struct route_place *);

/* --- fields ------------------------------------------------------------------ */

/* How to change the fields that somebody else keeps. */
struct route_fields {
	/* Instead of all of that name; behind them with ", "; none of them. */
	void (*set)(void *fields, struct slice lower_name, struct slice value);
	void (*add)(void *fields, struct slice lower_name, struct slice value);
	void (*remove)(void *fields, struct slice lower_name);
};

/* First set, then add, then remove; names in lower case, in the arena. */
void route_fields_change(struct arena *, const struct model_header_change *,
    const struct route_fields *, void *fields);

/* --- CORS (Fetch standard, section 3.3) ---------------------------------------- */

enum route_cors {
	ROUTE_CORS_NONE,	/* no Origin: no answer of its own */
	ROUTE_CORS_PREFLIGHT,	/* answer 204 with the fields, ask nobody */
	ROUTE_CORS_ACTUAL,	/* pass on; set the fields in the reply */
};

struct route_cors_request {
	struct slice method;
	struct slice origin;		/* absent: Vary alone */
	struct slice asked_method;	/* Access-Control-Request-Method */
	struct slice asked_headers;	/* Access-Control-Request-Headers */
};

/*
 * Calls put for each field that the reply gets.  When the origin is not
 * allowed that is Vary alone, and the browser refuses the page.  Without an
 * origin it is Vary, too, lest a cache give the answer to one that has one
 * (Fetch, section 3.2.5).  Where credentials are allowed no "*" is ever sent:
 * what was asked for is named.  Fields of these names that the service's own
 * reply has are to be removed before (route_cors_fields), but for Vary, to which
 * this one is added.
 */
enum route_cors route_cors_answer(struct arena *, const struct model_cors *,
    const struct route_cors_request *,
    void (*put)(void *arg, struct slice lower_name, struct slice value),
    void *arg);
bool route_cors_allows(const struct model_cors *, struct slice origin);
/* The fields of replies that the filter alone answers for; NULL ends. */
extern const char *const route_cors_fields[];

#endif
