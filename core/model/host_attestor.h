#ifndef MODEL_HOST_ATTESTOR_H
#define MODEL_HOST_ATTESTOR_H

#include "model/object.h"

/*
 * host_attestor: mesh/v1 HostAttestor: machines that may join the mesh by what
 * they are, without a token, and as what in the document's namespace.
 */
enum model_host_type { MODEL_HOST_X509, MODEL_HOST_KEY };

struct model_host_x509 {
	const char  *roots;		/* PEM: who signs hosts' certificates */
	const char **hosts;		/* one of a certificate's DNS names */
	size_t       hosts_len;
	const char **revoked;		/* but none of these; serials in hex, too */
	size_t       revoked_len;
};

struct model_host_key {
	const char *public_key;		/* PEM */
};

struct model_host_attestor {
	struct model_head head;
	struct model_host_attestor_spec {
		int                     type;	/* enum model_host_type */
		struct model_host_x509 *x509;	/* one of both, by type */
		struct model_host_key  *host_key;
		const char **services;	/* that hosts may serve */
		size_t       services_len;
		const char **gateways;	/* whose proxies they may be */
		size_t       gateways_len;
		const char  *account;	/* NULL: of the service's name */
		int64_t      expires;	/* seconds since 1970; 0: never */
	} spec;
};

const struct model_host_attestor *model_host_attestor(const struct model_object *);

/*
 * Whether one may serve that service.  A pattern is a name, perhaps with "*" at
 * its end, or has "{host}" for the first label of the host's name.  A Gateway's
 * proxies serve what begins with MODEL_GATEWAY_ACCOUNT, which is a matter of
 * gateways alone.
 */
bool model_host_may_serve(const struct model_host_attestor_spec *,
    struct slice host, struct slice service);

#endif
