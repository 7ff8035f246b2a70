#ifndef MODEL_ROUTE_H
#define MODEL_ROUTE_H

#include "model/http_filter.h"
#include "model/object.h"

/*
 * route: what all kinds of routes have in common: what they hang on, for which
 * hosts, and rules that send to backends by weight.
 *
 * The spec of each kind begins with a model_route_at, called `at`.
 */
struct model_route_at {
	struct model_parent_ref *parents;
	size_t                   parents_len;
	const char             **hostnames;	/* none: TCPRoute and UDPRoute */
	size_t                   hostnames_len;
	const char              *default_gateways;
};

/* The rows of a spec that begins so, but for the hostnames. */
#define MODEL_ROUTE_FIELDS(type)					\
	{ "parentRefs", CONF_STRUCT_T, CONF_LIST_AT(type, at.parents),	\
	    .schema = &model_parent_ref_schema,				\
	    .max_items = MODEL_PARENTS_MAX,				\
	    .text = "gateways, listener sets or services that it hangs on" },	\
	{ "useDefaultGateways", CONF_WORD_T,				\
	    CONF_AT(type, at.default_gateways),				\
	    .words = model_route_scopes,				\
	    .text = "whether it hangs on default gateways too" }
extern const char *const model_route_scopes[];

/* One rule of any kind of route. */
struct model_route_rule {
	const char                     *name;	/* NULL: it has none */
	const struct model_http_filter *filters;
	size_t                          filters_len;
	const struct model_backend_ref *backends;
	size_t                          backends_len;
};

/* NULL: it is no route. */
const struct model_route_at *model_route(const struct model_object *);
/* Of a route. */
size_t model_route_rules(const struct model_object *);
struct model_route_rule model_route_rule(const struct model_object *, size_t);

/*
 * For the rows of kinds.  A weight of zero counts as a backend too: a shift of
 * traffic then finds the service where it is needed.  References to other kinds
 * than Service are passed over.
 */
bool model_route_concerns(const struct model_subject *,
    const struct model_object *route);
void model_route_backends(const struct model_object *route,
    model_backend_fn *fn, void *arg);
/* The documents that filters are, of rules and of their backends. */
void model_route_extensions(const struct model_object *route,
    model_extension_fn *fn, void *arg);
/* PARENTS; PARENTS and HOSTNAMES. */
extern const struct model_column model_route_columns[],
    model_route_host_columns[];
void model_route_print_parents(struct str *, const struct model_object *route);
void model_route_print_hostnames(struct str *, const struct model_object *route);

#endif
