#ifndef MODEL_EXTENSION_PROVIDER_H
#define MODEL_EXTENSION_PROVIDER_H

#include "model/object.h"

/*
 * extension_provider: MeshConfig.spec.extensionProviders, Istio's shape: who is
 * asked by AuthorizationPolicies with the action CUSTOM, under which name, and
 * what it is told.
 *
 * Only those that decide are known.  The service is one of the mesh, or one that
 * stands for a host outside: NAME.NAMESPACE, that with .mesh, .svc or
 * .svc.cluster.local, or NAMESPACE/ and any of them.  Lists of headers hold names
 * in lower case, of which "abc*" is a beginning, "*abc" an end, "*" all.
 */
struct model_provider_body {
	int64_t max;		/* bytes */
	bool    allows_part;	/* of a longer one the beginning; else 413 */
	bool    as_bytes;	/* of gRPC: raw_body */
};

struct model_auth_provider {
	const char *host;	/* as it was written, */
	const char *namespace, *service;	/* and what it means */
	uint16_t    port;
	int64_t     timeout_ms;
	bool        fails_open;
	const char *error_status;	/* 400 to 599; NULL: 403 */
	struct model_provider_body *body;	/* NULL: it does not see it */
	/* Of HTTP. */
	const char       *path;		/* put before the request's, or NULL */
	const char      **headers;	/* of the request, that it sees */
	size_t            headers_len;
	struct conf_pairs more_headers;	/* that it sees besides */
	const char      **up_allow, **down_deny, **down_allow;	/* of its answer */
	size_t            up_allow_len, down_deny_len, down_allow_len;
};

struct model_extension_provider {
	const char                 *name;
	struct model_auth_provider *http, *grpc;	/* one of them */
};

extern const struct conf_schema model_extension_provider_schema;

#define MODEL_PROVIDERS_MAX	64
#define MODEL_AUTH_TIMEOUT	"200ms"
#define MODEL_AUTH_BODY_MAX	(1024 * 1024)

/* For MeshConfig: names are there once, services can be read, which is done. */
int model_extension_providers_check(const struct model_extension_provider *,
    size_t n, const struct conf_place *spec);
void model_extension_providers_finish(struct arena *,
    struct model_extension_provider *, size_t n);
/* NULL: none has the name, or there is no MeshConfig. */
const struct model_extension_provider *model_extension_provider(
    const struct model_object *mesh_config, const char *name);
/* Which of the two it is. */
const struct model_auth_provider *model_auth_provider(
    const struct model_extension_provider *);

#endif
