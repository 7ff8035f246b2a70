#include <string.h>

#include "base/check.h"
#include "model/closure.h"
#include "model/gateway.h"
#include "model/http_route.h"
#include "model/oidc_login.h"

static const char *const versions[] = { "mesh/v1", NULL };

#define PROVIDER(member)	CONF_AT(struct model_oidc_provider, member)
static const struct conf_field provider_fields[] = {
	{ "issuer", CONF_STRING_T, PROVIDER(issuer), .min = 1, .max = 1024,
	    .required = true, .critical = true,
	    .text = "the OpenID provider: https://HOST..." },
	{ "authorizationEndpoint", CONF_STRING_T, PROVIDER(authorization),
	    .min = 1, .max = 2048,
	    .text = "where people log in; as the issuer says unless given" },
	{ "tokenEndpoint", CONF_STRING_T, PROVIDER(token), .min = 1,
	    .max = 2048,
	    .text = "where codes become tokens; likewise" },
	{ "endSessionEndpoint", CONF_STRING_T, PROVIDER(end_session),
	    .min = 1, .max = 2048, .text = "where people log out; likewise" },
	{ 0 },
};

static const struct conf_schema provider_schema = { "OIDC provider",
	sizeof(struct model_oidc_provider), provider_fields, NULL };

#define SPEC(member)	CONF_AT(struct model_oidc_login_spec, member)
#define SPEC_LIST(member)	CONF_LIST_AT(struct model_oidc_login_spec, member)

static const struct conf_field spec_fields[] = {
	{ "targetRefs", CONF_STRUCT_T, SPEC_LIST(targets),
	    .schema = &model_target_ref_schema, .min_items = 1,
	    .max_items = 16, .required = true, .critical = true,
	    .text = "Gateways and HTTPRoutes whose callers log in" },
	{ "provider", CONF_STRUCT_T, SPEC(provider), .schema = &provider_schema,
	    .required = true, .critical = true, .text = "at whom" },
	{ "clientID", CONF_STRING_T, SPEC(client_id), .min = 1, .max = 512,
	    .required = true, .critical = true,
	    .text = "who the Gateway is to the provider" },
	{ "clientSecret", CONF_STRUCT_T, SPEC(secret),
	    .schema = &model_secret_ref_schema, .required = true,
	    .critical = true,
	    .text = "Secret with client-secret, and perhaps cookie-key" },
	{ "redirectURL", CONF_STRING_T, SPEC(redirect_url), .min = 1,
	    .max = 2048, .critical = true,
	    .text = "where the provider sends people back to" },
	{ "logoutPath", CONF_STRING_T, SPEC(logout_path),
	    .pattern = CONF_URL_PATH, .fallback = "/logout",
	    .text = "path that ends a session" },
	{ "scopes", CONF_STRING_T, SPEC_LIST(scopes), .min = 1, .max = 256,
	    .max_items = 32, .text = "asked for besides openid" },
	{ "cookieDomain", CONF_STRING_T, SPEC(cookie_domain),
	    .pattern = CONF_SUBDOMAIN, .critical = true,
	    .text = "hosts below which share a session; none: the host alone" },
	{ "cookieName", CONF_STRING_T, SPEC(cookie_name),
	    .pattern = CONF_HEADER_NAME,
	    .text = "name of the cookie, without __Host- in front" },
	{ "claimToHeaders", CONF_STRUCT_T, SPEC_LIST(claims),
	    .schema = &model_claim_to_header_schema, .max_items = 32,
	    .critical = true,
	    .text = "fields in which the application gets a claim each" },
	{ "forwardAccessToken", CONF_BOOL_T, SPEC(forwards_access),
	    .critical = true,
	    .text = "the application gets the access token, as a bearer's" },
	{ 0 },
};

static const struct conf_schema spec_schema = { "OIDCLogin spec",
	sizeof(struct model_oidc_login_spec), spec_fields, NULL };

static bool
is_address(const char *text)
{
	struct slice s = slice_str(text);

	return text == NULL || slice_has_prefix(s, SLICE("https://")) ||
	    slice_has_prefix(s, SLICE("http://"));
}

bool
model_oidc_target_is_route(const struct model_target_ref *t)
{
	return model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP,
	    "HTTPRoute");
}

static bool
is_gateway(const struct model_target_ref *t)
{
	return model_ref_is(t->group, t->kind, MODEL_GATEWAY_GROUP, "Gateway");
}

static int
claims_check(const struct model_oidc_login_spec *s, const struct conf_place *at)
{
	for (size_t i = 0; i < s->claims_len; i++) {
		const char *field = s->claims[i].header;

		if (model_claim_header_is_carrier(field))
			return conf_fail(at, "claimToHeaders[%zu].header: "
			    MODEL_CLAIM_HEADER_EXPECTED ", found \"%s\"", i,
			    field);
		if (slice_ieq(slice_str(field), SLICE("cookie")) ||
		    slice_ieq(slice_str(field), SLICE("authorization")))
			return conf_fail(at, "claimToHeaders[%zu].header: "
			    "expected a field that callers have no use for, found "
			    "\"%s\"", i, field);
	}
	return 0;
}

static int
spec_rule(const void *value, const struct conf_place *at)
{
	const struct model_oidc_login_spec *s = value;
	const struct {
		const char *path, *text;
	} urls[] = {
		{ "provider.issuer", s->provider.issuer },
		{ "provider.authorizationEndpoint", s->provider.authorization },
		{ "provider.tokenEndpoint", s->provider.token },
		{ "provider.endSessionEndpoint", s->provider.end_session },
		{ "redirectURL", s->redirect_url },
	};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		if (!is_address(urls[i].text))
			return conf_fail(at, "%s: expected https://..., or "
			    "http:// on loopback, found \"%s\"", urls[i].path,
			    urls[i].text);
	for (size_t i = 0; i < s->targets_len; i++)
		if (!model_oidc_target_is_route(&s->targets[i]) &&
		    !is_gateway(&s->targets[i]))
			return conf_fail(at, "targetRefs[%zu]: expected a "
			    "Gateway or an HTTPRoute of " MODEL_GATEWAY_GROUP,
			    i);
	if (s->logout_path[0] != '/')
		return conf_fail(at, "logoutPath: expected a path that begins "
		    "with \"/\", found \"%s\"", s->logout_path);
	if (s->secret.namespace != NULL)
		return conf_fail(at, "clientSecret.namespace: expected a Secret "
		    "of its own namespace, found \"%s\"", s->secret.namespace);
	return claims_check(s, at);
}

struct oidc_login {
	struct model_head            head;
	struct model_oidc_login_spec spec;
};

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_STRUCT_T, CONF_AT(struct oidc_login, spec),
	    .schema = &spec_schema, .rule = spec_rule, .required = true,
	    .critical = true, .text = "what is wanted" },
	{ 0 },
};

static const struct conf_schema schema = { "OIDCLogin",
	sizeof(struct oidc_login), fields, NULL };

const struct model_oidc_login_spec *
model_oidc_login(const struct model_object *o)
{
	check(o->kind == &model_oidc_login_kind);
	return &((const struct oidc_login *)(const void *)o->head)->spec;
}

static bool
is_for(const struct model_object *o, const char *namespace,
    const char *gateway, bool is_all)
{
	if (o->kind != &model_oidc_login_kind ||
	    strcmp(o->head->meta.namespace, namespace) != 0)
		return false;
	const struct model_oidc_login_spec *s = model_oidc_login(o);

	for (size_t i = 0; i < s->targets_len; i++)
		if (is_gateway(&s->targets[i]) &&
		    strcmp(s->targets[i].name, gateway) == 0 &&
		    (!is_all || s->targets[i].section == NULL))
			return true;
	return false;
}

bool
model_oidc_login_is_for(const struct model_object *o, const char *namespace,
    const char *gateway)
{
	return is_for(o, namespace, gateway, false);
}

bool
model_oidc_login_is_for_all(const struct model_object *o,
    const char *namespace, const char *gateway)
{
	return is_for(o, namespace, gateway, true);
}

bool
model_oidc_login_has_parts(const struct model_object *o)
{
	const struct model_oidc_login_spec *s = model_oidc_login(o);

	for (size_t i = 0; i < s->targets_len; i++)
		if (model_oidc_target_is_route(&s->targets[i]) ||
		    s->targets[i].section != NULL)
			return true;
	return false;
}

static bool
is_named(const struct model_object *o, const struct model_object *login,
    const char *name)
{
	return o != NULL && strcmp(o->head->meta.namespace,
	    login->head->meta.namespace) == 0 &&
	    strcmp(o->head->meta.name, name) == 0;
}

int
model_oidc_target_closeness(const struct model_target_ref *t)
{
	return (model_oidc_target_is_route(t) ? 2 : 0) + (t->section != NULL);
}

int
model_oidc_closeness(const struct model_object *login,
    const struct model_target_ref *t, const struct model_oidc_place *at)
{
	bool is_route = model_oidc_target_is_route(t);
	const char *part = is_route ? at->rule : at->listener;

	if (!is_named(is_route ? at->route : at->gateway, login, t->name))
		return -1;
	return t->section == NULL || (part != NULL &&
	    strcmp(part, t->section) == 0) ? model_oidc_target_closeness(t) : -1;
}

static bool
has_listener(const struct model_object *gateway, const char *name)
{
	size_t n;
	const struct model_listener *l = model_listeners(gateway, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(l[i].name, name) == 0)
			return true;
	return false;
}

static bool
has_rule(const struct model_http_route_spec *route, const char *name)
{
	for (size_t i = 0; i < route->rules_len; i++)
		if (route->rules[i].name != NULL &&
		    strcmp(route->rules[i].name, name) == 0)
			return true;
	return false;
}

static bool
hangs_on_gateway(const struct model_http_route_spec *route)
{
	for (size_t i = 0; i < route->at.parents_len; i++)
		if (!model_parent_is_service(&route->at.parents[i]))
			return true;
	return false;
}

const char *
model_oidc_target_fault(const struct model_target_ref *t,
    const struct model_object *o)
{
	const struct model_http_route_spec *route;

	if (!model_oidc_target_is_route(t))
		return t->section == NULL || has_listener(o, t->section) ?
		    NULL : "the Gateway has no such listener";
	route = &model_http_route(o)->spec;
	if (t->section != NULL && !has_rule(route, t->section))
		return "no rule of the HTTPRoute has that name";
	return hangs_on_gateway(route) ? NULL : "the HTTPRoute hangs on no "
	    "Gateway, where people log in";
}

static bool
is_same_target(const struct model_target_ref *a, const struct model_target_ref *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->name, b->name) == 0 &&
	    (a->section == NULL ? b->section == NULL : b->section != NULL &&
	    strcmp(a->section, b->section) == 0);
}

bool
model_oidc_login_displaces(const struct model_object *other,
    const struct model_object *o, const struct model_target_ref *t)
{
	if (other->kind != o->kind || strcmp(other->key, o->key) == 0 ||
	    strcmp(other->head->meta.namespace, o->head->meta.namespace) != 0 ||
	    model_object_by_age(other, o) >= 0)
		return false;
	const struct model_oidc_login_spec *s = model_oidc_login(other);

	for (size_t i = 0; i < s->targets_len; i++)
		if (is_same_target(&s->targets[i], t))
			return true;
	return false;
}

bool
model_oidc_login_refers(const struct model_object *o,
    const struct model_object *secret)
{
	const struct model_object_ref *ref = &model_oidc_login(o)->secret;

	return secret->kind == &model_secret_kind &&
	    model_ref_is(ref->group, ref->kind, "", "Secret") &&
	    strcmp(ref->name, secret->head->meta.name) == 0 &&
	    strcmp(o->head->meta.namespace,
	    secret->head->meta.namespace) == 0;
}

static bool
concerns(const struct model_subject *s, const struct model_object *o)
{
	return model_subject_logs_in(s, o);
}

/* --- for people ------------------------------------------------------------- */

static void
print_targets(struct str *out, const struct model_object *o)
{
	const struct model_oidc_login_spec *s = model_oidc_login(o);

	model_print_targets(out, s->targets, s->targets_len);
}

static void
print_issuer(struct str *out, const struct model_object *o)
{
	str_add(out, model_oidc_login(o)->provider.issuer);
}

static const struct model_column columns[] = {
	{ "TARGETS", print_targets, false },
	{ "ISSUER", print_issuer, false },
	{ NULL, NULL, false },
};

const struct model_kind model_oidc_login_kind = {
	.kind = "OIDCLogin", .plural = "oidclogins", .short_name = "login",
	.group = "mesh", .versions = versions, .namespaced = true,
	.stored = true, .delivery = MODEL_TO_MEMBERS, .schema = &schema,
	.columns = columns, .concerns = concerns,
	.text = "logs in who comes to a Gateway",
};
