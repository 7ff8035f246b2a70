#ifndef MODEL_XBACKEND_H
#define MODEL_XBACKEND_H

#include "model/backend_tls_policy.h"
#include "model/object.h"

/*
 * xbackend: Gateway API's XBackend: a host outside that routes send to, how it
 * is spoken to and known, in one document.
 *
 * Nothing looks at one twice: for whoever compiles documents it stands for a
 * Service of type ExternalName with one port, and if it has TLS for the
 * BackendTLSPolicy about that, which do all of it.  The Service's name is the
 * XBackend's and MODEL_XBACKEND_SUFFIX, which no Service can have that somebody
 * wrote, as those are labels without a dot.  References of routes mean that
 * name (model_backend_service_name in refs.h); theirs says no port, as there
 * is but one.
 */
#define MODEL_XBACKEND_NAME_MAX	54	/* a label with the suffix */

enum model_xbackend_type { MODEL_EXTERNAL_HOSTNAME, MODEL_ENDPOINT_SELECTOR };
enum model_xbackend_mode { MODEL_TLS_NONE, MODEL_TLS_SERVER,
	MODEL_TLS_CLIENT_AND_SERVER };

struct model_xbackend {
	struct model_head head;
	struct model_xbackend_spec {
		int type;	/* enum model_xbackend_type */
		struct model_xbackend_host {
			const char *hostname;
		} host;
		struct model_xbackend_selector {
			struct conf_pairs labels;
		} selector;
		struct model_xbackend_port {
			const char *name;
			uint16_t    number, port;	/* one of them */
		} port;
		const char *protocol;	/* NULL: HTTP */
		struct model_xbackend_tls {
			int                              mode;
			struct model_object_ref         *certificate;
			struct model_backend_validation *validation;
		} *tls;	/* NULL: none */
	} spec;
};

const struct model_xbackend *model_xbackend(const struct model_object *);
uint16_t model_xbackend_port(const struct model_xbackend *);
/* Whether anything can be sent to it: not to what it selects. */
bool model_xbackend_is_host(const struct model_object *);
/* The Secret with the certificate that it is shown; NULL: none. */
const struct model_object_ref *model_xbackend_shown(const struct model_object *);
/* Whether TLS is spoken there; validation may be NULL for the system's. */
bool model_xbackend_has_tls(const struct model_object *);
/*
 * What a BackendTLSPolicy or an XBackend asks of certificates; NULL for
 * other kinds and where there is nothing.
 */
const struct model_backend_validation *model_validation_of(
    const struct model_object *);

/* The name of the XBackend that stands behind this Service; or SLICE_NONE. */
struct slice model_xbackend_of(const char *service);

/*
 * The objects, and what the XBackends among them stand for: in the arena, which
 * must not outlive them.  Without XBackends gives objects themselves.
 */
struct model_object *const *model_xbackends_expand(struct arena *,
    struct model_object *const *objects, size_t *len);

#endif
