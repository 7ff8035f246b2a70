#ifndef PROXY_GATEWAY_MAKE_H
#define PROXY_GATEWAY_MAKE_H

#include "modes/proxy/gateway.h"

/* gateway_make: what the files have in common that make a struct gateway. */
struct rule_order;

struct gateway_maker {
	const struct compile_input *in;
	struct extensions          *extensions;
	struct snapshot            *out;
	struct gateway             *gateway;
	struct rule_order          *orders;	/* as many as documents */
	const struct model_object **found;	/* likewise */
	struct arena                scratch;
};

void gateway_report(const struct gateway_maker *, const struct model_object *,
    const struct err *);
/* Whether a document may refer to another: in its namespace, or by a grant. */
bool gateway_granted(const struct compile_input *,
    const struct model_object *from, const struct model_object_ref *to);
/* Whether it is a Gateway that we are to run. */
bool gateway_is_ours(const struct compile_input *, const struct model_object *);
/* The Secret that a document refers to.  ERR_DENIED, ERR_NOT_FOUND. */
int gateway_find_pair(const struct compile_input *,
    const struct model_object *from, const struct model_object_ref *,
    const struct model_object **secret, struct err *);
/*
 * Sets f->edge to the certificates of the port's listeners, most specific name
 * first, or to NULL: they have none.
 */
void gateway_make_edge(struct gateway_maker *, struct gateway_front *f);
/* Sets f->asks and f->clients. */
void gateway_make_clients(struct gateway_maker *,
    const struct model_object *gateway, struct gateway_front *f);

#endif
