#ifndef MODEL_OIDC_LOGIN_H
#define MODEL_OIDC_LOGIN_H

#include "model/claim_header.h"
#include "model/object.h"
#include "model/refs.h"

/*
 * oidc_login: mesh/v1 OIDCLogin: people who come to a Gateway with a browser log
 * in at an OpenID provider first.  Its words are those of Envoy Gateway's
 * SecurityPolicy, spec.oidc; what becomes of them is told where it acts
 * (modes/proxy/login.h).
 *
 * It is about Gateways of its own namespace, or one listener of them, and
 * HTTPRoutes there, or one rule of them by its name.  Of several about a request
 * the closest counts: rule, route, listener, Gateway; of equals the oldest.
 */
struct model_oidc_login_spec {
	struct model_target_ref *targets;
	size_t                   targets_len;
	struct model_oidc_provider {
		const char *issuer;
		/* NULL: as the issuer says. */
		const char *authorization, *token, *end_session;
	}                        provider;
	const char              *client_id;
	struct model_object_ref  secret;	/* of its namespace */
	const char              *redirect_url;	/* NULL: https://HOST/oauth2/callback */
	const char              *logout_path;
	const char             **scopes;	/* besides openid */
	size_t                   scopes_len;
	const char              *cookie_domain;	/* NULL: the host alone */
	const char              *cookie_name;	/* NULL: see MODEL_OIDC_COOKIE */
	struct model_claim_to_header *claims;	/* for the application */
	size_t                   claims_len;
	bool                     forwards_access;	/* likewise: its token */
};
/* Keys of the Secret. */
#define MODEL_OIDC_CLIENT_SECRET	"client-secret"
#define MODEL_OIDC_COOKIE_KEY		"cookie-key"	/* may be absent */
#define MODEL_OIDC_CALLBACK		"/oauth2/callback"
/* Where it is about parts of Gateways, with the mark of its document behind. */
#define MODEL_OIDC_COOKIE	"mesh-session"

const struct model_oidc_login_spec *model_oidc_login(
    const struct model_object *);
/* A target is an HTTPRoute; else it is a Gateway. */
bool model_oidc_target_is_route(const struct model_target_ref *);
/* Whether it is about this Gateway, or a listener of it. */
bool model_oidc_login_is_for(const struct model_object *,
    const char *namespace, const char *gateway);
/* All of it.  Some targets may be parts of Gateways besides. */
bool model_oidc_login_is_for_all(const struct model_object *,
    const char *namespace, const char *gateway);
bool model_oidc_login_has_parts(const struct model_object *);
/* Where a request has come to at a Gateway. */
struct model_oidc_place {
	const struct model_object *gateway;
	const char                *listener;	/* of its own; NULL: none of these */
	const struct model_object *route;	/* HTTPRoute that took it, or NULL */
	const char                *rule;	/* of it, by its name; or NULL */
};
/* How little a target is about, from 0, a Gateway, to 3, a rule of a route. */
int model_oidc_target_closeness(const struct model_target_ref *);
/* The same of one that is about that place; -1: it is about something else. */
int model_oidc_closeness(const struct model_object *login,
    const struct model_target_ref *, const struct model_oidc_place *);
/* What is wrong with the object that a target names; NULL: nothing. */
const char *model_oidc_target_fault(const struct model_target_ref *,
    const struct model_object *);
/* Whether a target of another login means that the same one of this never acts. */
bool model_oidc_login_displaces(const struct model_object *other,
    const struct model_object *login, const struct model_target_ref *);
/* Whether its secret is that. */
bool model_oidc_login_refers(const struct model_object *,
    const struct model_object *secret);

#endif
