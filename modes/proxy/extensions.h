#ifndef PROXY_EXTENSIONS_H
#define PROXY_EXTENSIONS_H

#include "model/http_filter.h"
#include "modes/proxy/compile.h"

/*
 * extensions: RateLimit, FaultInjection, Compression and Cache as filters, for
 * rules that refer to them and for services that they target.
 *
 * A document at a place (a service, a rule) is one part of a chain, which lives
 * on in the next snapshot as long as the document asks for the same: buckets
 * and caches are those of the place, whatever else changes.  What counts for the
 * whole proxy (faults, coders) is one part for all places.
 *
 *	kind		of a service	acts
 *	FaultInjection	at the caller	where it is sent to its endpoints
 *	RateLimit	at the service	in the sidecar beside each endpoint, or where
 *	Compression	at the service	endpoints have none, where it is sent to
 *	Cache		at the service	them
 */
struct extension {
	struct model_object *doc;	/* a reference */
	char                *text;	/* what it asks for; owned */
	struct l7_part      *part;	/* counted */
};

/* What is being compiled: the documents, found by whom they are about. */
struct extensions {
	const struct compile_input *in;
	struct snapshot            *out;
	struct map                  docs;	/* by key */
	struct map                  of_service;	/* "ns/name": struct targeting */
};

void extensions_init(struct extensions *, const struct compile_input *,
    struct snapshot *out);
void extensions_fini(struct extensions *);

enum extension_side { AT_CALLER, AT_SERVICE };

/*
 * What acts on one port of a service; NULL: nothing does.  Sides are bits:
 * both where endpoints have no sidecars.  Gives a reference.
 */
#define EXTENSION_SIDE(side)	(1u << (side))
struct l7_chain *extensions_of_service(struct extensions *,
    const struct service_name *, uint16_t port, const char *port_name,
    unsigned sides);
/*
 * What the ExtensionRefs of a route's filters name, in their order, behind what
 * is in *chain; NULL: there is nothing, so far.  False: one is not there or is
 * no filter.
 */
bool extensions_of_filters(struct extensions *,
    const struct model_object *route, const char *place,
    const struct model_http_filter *, size_t n, struct l7_chain **chain);

/* Calls fn for each limit of scope Global, by document and place. */
void extensions_of_all(const struct snapshot *, void (*fn)(void *arg,
    struct slice name, struct l7_part *), void *arg);

void extension_free(void *);	/* of snapshot.extensions */

#endif
