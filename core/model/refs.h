#ifndef MODEL_REFS_H
#define MODEL_REFS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/schema.h"

/*
 * refs: how documents name others, as Gateway API writes it.
 *
 * A namespace that is NULL is that of the document itself.  A reference to a
 * kind that we lack, or to nothing, is no fault of the document: it shows in
 * its conditions.  References from one namespace into another need a
 * ReferenceGrant there, except those of routes whose parent is a Service.
 */
#define MODEL_GATEWAY_GROUP	"gateway.networking.k8s.io"
#define MODEL_X_GROUP		"gateway.networking.x-k8s.io"	/* experiments */
#define MODEL_WEIGHT_LIMIT	1000000

struct model_http_filter;

/* What a route hangs on. */
struct model_parent_ref {
	const char *group, *kind;	/* Gateway API's Gateway unless given */
	const char *namespace, *name;
	const char *section;	/* a listener, or the port of a Service by name */
	uint16_t    port;	/* 0: all */
};

/* Where a route sends to. */
struct model_backend_ref {
	const char *group, *kind;	/* core's Service unless given */
	const char *namespace, *name;
	uint16_t    port;	/* 0: none given; a Service has one */
	int64_t     weight;	/* 0 to MODEL_WEIGHT_LIMIT, 1 unless given */
	struct model_http_filter *filters;	/* HTTPRoute and GRPCRoute only */
	size_t      filters_len;
};

/* Some object; which fields a place allows is the schema's affair. */
struct model_object_ref {
	const char *group, *kind, *namespace, *name;
	uint16_t    port;
};

/* What a policy is about, in its own namespace. */
struct model_target_ref {
	const char *group, *kind, *name;
	const char *section;	/* port of a Service by name; NULL: all */
};

extern const struct conf_schema model_parent_ref_schema,
    model_backend_ref_schema,		/* without filters */
    model_http_backend_ref_schema, model_grpc_backend_ref_schema,
    model_mirror_ref_schema,		/* model_object_ref with port */
    model_secret_ref_schema,		/* model_object_ref, Secret unless given */
    model_local_ref_schema,		/* model_object_ref: group, kind, name */
    model_target_ref_schema;

bool model_ref_is(const char *group, const char *kind, const char *wanted_group,
    const char *wanted_kind);	/* "" is core */
bool model_parent_is_service(const struct model_parent_ref *);
bool model_backend_is_service(const struct model_backend_ref *);
/*
 * The Service that a reference to a backend means: that of its name, or the one
 * that an XBackend stands for (xbackend.h).  False: nothing can be sent there.
 */
#define MODEL_XBACKEND_SUFFIX	".xbackend"
#define MODEL_BACKEND_NAME_MAX	(253 + sizeof(MODEL_XBACKEND_SUFFIX))
bool model_backend_service_name(const char *group, const char *kind,
    const char *name, char out[MODEL_BACKEND_NAME_MAX]);

/* Rules of rows: a Service needs a port; parents must be told apart. */
int model_backend_ref_rule(const void *ref, const struct conf_place *);
int model_mirror_ref_rule(const void *ref, const struct conf_place *);
int model_parents_check(const struct model_parent_ref *, size_t n,
    const struct conf_place *);

/* Columns: "a,b", or none when the list is empty; "default/web", "Service/web". */
void model_print_words(struct str *out, const char *const *words, size_t n,
    const char *none);
void model_print_parents(struct str *out, const struct model_parent_ref *, size_t n);
/* Adds what names a Service of the same namespace; gives it. */
struct conf_node *model_add_service_ref(struct conf_node *list, const char *name);
void model_print_targets(struct str *out, const struct model_target_ref *, size_t n);

#define MODEL_PARENTS_MAX	32
#define MODEL_BACKENDS_MAX	16

#endif
