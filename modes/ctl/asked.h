#ifndef CTL_ASKED_H
#define CTL_ASKED_H

#include "http/head.h"
#include "modes/ctl/ctl_run.h"
#include "route/table.h"

/*
 * asked: the request that --method, --path, --query, --header and --host
 * describe, in the form in which a proxy looks for its rule: the path
 * normalised, names of headers in lower case, each as often as it was typed.
 * Life: asked_read; everything is in the arena of c.
 */
#define ASKED_OPTIONS							\
	{ "method", 0, "METHOD", .fallback = "GET",			\
	    .text = "of the request" },					\
	{ "path", 0, "PATH", .fallback = "/",				\
	    .text = "of the request, with its query or without" },	\
	{ "query", 0, "NAME=VALUE", .repeats = true,			\
	    .text = "a parameter of its query" },			\
	{ "header", 'H', "NAME=VALUE", .repeats = true,			\
	    .text = "a header of it; \"NAME: VALUE\" too" },		\
	{ "host", 0, "HOST",						\
	    .text = "its host; default: the service's name, or none" }

struct asked {
	struct route_request request;	/* its head is this struct */
	struct slice         authority;	/* the host as typed, port and all */
	struct http_fields   headers;
};

/* CTL_OK, or CTL_USAGE, reported. */
int asked_read(struct ctl *, const char *default_host, struct asked *);
/*
 * A header as a proxy looks at it, all lines of it as one; "host" is the authority.
 * What stands between lines differs: "," for routes, ", " for policies.
 */
struct slice asked_header(const struct asked *, struct slice lower_name,
    struct slice between);
/* "Shop.Example:8080" as it is compared: "shop.example"; in the arena. */
struct slice asked_host(struct ctl *, struct slice typed);
/* Drops headers that nobody outside may set, and warns of them. */
void asked_by_stranger(struct ctl *, struct asked *);
/* Says who asks, "NAMESPACE/ACCOUNT", unless a header was typed that does. */
void asked_by(struct asked *, const char *caller);

#endif
