#ifndef MODEL_LISTENER_H
#define MODEL_LISTENER_H

#include "model/object.h"
#include "model/refs.h"

/*
 * listener: what Gateways and ListenerSets have in common: a port, who may be
 * meant by its requests, its certificates, and whose routes it takes.
 */
enum model_listener_protocol {
	MODEL_LISTENER_HTTP,
	MODEL_LISTENER_HTTPS,
	MODEL_LISTENER_TLS,
	MODEL_LISTENER_TCP,
	MODEL_LISTENER_UDP,
	MODEL_LISTENER_OTHER,	/* somebody else's; never served */
};
enum model_tls_mode { MODEL_TLS_TERMINATE, MODEL_TLS_PASSTHROUGH };
enum model_from { MODEL_FROM_SAME, MODEL_FROM_ALL, MODEL_FROM_SELECTOR,
	MODEL_FROM_NONE };

enum model_selector_operator { MODEL_IN, MODEL_NOT_IN, MODEL_EXISTS,
	MODEL_NOT_EXISTS };

/* Kubernetes' label selector: all of it must match; empty matches all. */
struct model_selector {
	struct conf_pairs labels;
	struct model_expression {
		const char  *key;
		int          operator;	/* enum model_selector_operator */
		const char **values;
		size_t       values_len;
	} *expressions;
	size_t expressions_len;
};

struct model_namespaces {
	int                    from;		/* enum model_from */
	struct model_selector *selector;	/* of MODEL_FROM_SELECTOR */
};

struct model_listener {
	const char *name;
	const char *hostname;		/* NULL: any */
	uint16_t    port;
	const char *protocol;		/* as written; see model_listener_protocol */
	struct model_listener_tls {
		int                      mode;	/* enum model_tls_mode */
		struct model_object_ref *certificates;
		size_t                   certificates_len;
		struct conf_pairs        options;
	} *tls;				/* NULL: none */
	struct model_allowed_routes {
		struct model_namespaces namespaces;
		struct model_route_kind {
			const char *group, *kind;
		} *kinds;		/* none: those of the protocol */
		size_t kinds_len;
	} allowed;
};

#define MODEL_LISTENERS_MAX	64

enum model_listener_protocol model_listener_protocol(const struct model_listener *);
/* Whether routes of a namespace with these labels may attach. */
bool model_namespaces_allow(const struct model_namespaces *, const char *own,
    const char *namespace, const struct conf_pairs *labels);
bool model_selector_match(const struct model_selector *,
    const struct conf_pairs *labels);
/* Whether the listener takes routes of this kind, by protocol and by kinds. */
bool model_listener_takes(const struct model_listener *, const struct model_kind *);

extern const struct conf_schema model_listener_schema, model_selector_schema;
int model_listener_rule(const void *, const struct conf_place *);
int model_listeners_check(const struct model_listener *, size_t n,
    const struct conf_place *);

#endif
