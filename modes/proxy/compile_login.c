#include "base/mem.h"
#include "http/url.h"
#include "model/gateway.h"
#include "model/oidc_login.h"
#include "model/secret.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/gateway_make.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/login_place.h"
#include "pki/base64.h"
#include "pki/web.h"
#include "route/query.h"
#include "tls/system_roots.h"

/* compile_login: OIDCLogin documents as what their Gateways' ports do. */

struct login *
login_ref(struct login *l)
{
	refs_take(&l->refs);
	return l;
}

void
login_unref(struct login *l)
{
	if (l == NULL || !refs_drop(&l->refs))
		return;
	wrap_key_wipe(&l->key);
	issuer_keys_unref(l->rule.keys);
	web_roots_unref(l->roots);
	model_object_unref(l->doc);
	arena_fini(&l->arena);
	mem_free(l);
}

/* RFC 6749, section 2.3.1: both are encoded as a form's. */
static struct slice
basic(struct slice id, struct slice secret, struct arena *a)
{
	struct str pair = { 0 }, text = { 0 };

	query_encode(&pair, id);
	str_add_char(&pair, ':');
	query_encode(&pair, secret);
	str_add(&text, "Basic ");
	base64_add(&text, BASE64_STD, str_slice(&pair));
	struct slice made = arena_dup(a, str_slice(&text));

	str_fini(&text);
	str_fini(&pair);
	return made;
}

/*
 * All who have the Secret are one; the name keeps documents apart, and who was
 * somebody to another provider, or for another client, is nobody here.
 */
static void
derive_key(struct login *l, struct slice secret)
{
	struct slice about = slice_str(arena_printf(&l->arena,
	    "mesh oidc cookies 2 %s %.*s %.*s", model_object_name(l->doc),
	    SLICE_ARG(l->rule.trust.issuer), SLICE_ARG(l->client_id)));

	hash_hmac(l->key.bytes, secret, about);
}

static int
read_secret(struct login *l, const struct compile_input *in,
    const struct model_oidc_login_spec *spec, struct err *err)
{
	const struct model_object *secret;
	struct slice client, cookie;

	if (gateway_find_pair(in, l->doc, &spec->secret, &secret, err) < 0)
		return -1;
	client = model_secret_bytes(secret, MODEL_OIDC_CLIENT_SECRET,
	    &l->arena);
	cookie = model_secret_bytes(secret, MODEL_OIDC_COOKIE_KEY, &l->arena);
	if (client.len == 0)
		return err_set(err, ERR_DATA, "Secret %s has no "
		    MODEL_OIDC_CLIENT_SECRET, model_object_name(secret));
	if (cookie.ptr != NULL && cookie.len < 16)
		return err_set(err, ERR_DATA, MODEL_OIDC_COOKIE_KEY " of Secret "
		    "%s has %zu bytes, 16 are needed",
		    model_object_name(secret), cookie.len);
	l->authorization = basic(l->client_id, client, &l->arena);
	derive_key(l, cookie.ptr != NULL ? cookie : client);
	return 0;
}

/*
 * Of its own where several documents can be about one host: a browser keeps one
 * cookie of a name.
 */
static const char *
cookie_name(struct login *l, const struct model_oidc_login_spec *spec)
{
	if (spec->cookie_name != NULL)
		return spec->cookie_name;
	if (!model_oidc_login_has_parts(l->doc))
		return MODEL_OIDC_COOKIE;
	return arena_printf(&l->arena, MODEL_OIDC_COOKIE "-%08x",
	    (unsigned int)slice_hash_fixed(slice_str(model_object_name(
	    l->doc))));
}

static void
read_cookies(struct login *l, const struct model_oidc_login_spec *spec)
{
	struct arena *a = &l->arena;
	bool is_host = l->is_secure && spec->cookie_domain == NULL;

	l->is_shared = spec->cookie_domain != NULL;
	l->cookies = (struct login_cookies){
		.name = slice_str(arena_printf(a, "%s%s", is_host ?
		    "__Host-" : l->is_secure ? "__Secure-" : "",
		    cookie_name(l, spec))),
		.attributes = slice_str(arena_printf(a, "; Path=/%s%s; "
		    "HttpOnly; SameSite=Lax%s", spec->cookie_domain == NULL ?
		    "" : "; Domain=", spec->cookie_domain == NULL ? "" :
		    spec->cookie_domain, l->is_secure ? "; Secure" : "")),
		.key = &l->key,
	};
}

static int
read_redirect(struct login *l, const struct model_oidc_login_spec *spec,
    struct err *err)
{
	struct http_url url;
	struct slice rest, path;

	l->callback = SLICE(MODEL_OIDC_CALLBACK);
	l->is_secure = true;
	if (spec->redirect_url == NULL)
		return 0;
	l->redirect_url = slice_str(spec->redirect_url);
	if (!http_url_parse(&l->arena, l->redirect_url, &url))
		return err_set(err, ERR_DATA, "redirectURL is no URL");
	rest = url.target;
	slice_cut(&rest, '?', &path);
	l->callback = path;
	l->is_secure = url.is_tls;
	return 0;
}

static struct slice
scopes_of(const struct model_oidc_login_spec *spec, struct arena *a)
{
	struct slice all = SLICE("openid");

	for (size_t i = 0; i < spec->scopes_len; i++) {
		const struct slice parts[] = { all, SLICE(" "),
			slice_str(spec->scopes[i]) };

		if (strcmp(spec->scopes[i], "openid") != 0)
			all = arena_join(a, parts, 3);
	}
	return all;
}

static struct slice
either(const char *given, struct slice said)
{
	return given != NULL ? slice_str(given) : said;
}

/* Addresses and keys, which the issuer may not have given yet. */
static void
read_provider(struct login *l, const struct compile_input *in,
    const struct model_oidc_login_spec *spec)
{
	const struct model_jwt_rule asked = { .issuer = spec->provider.issuer };
	const char **audience = arena_alloc(&l->arena, sizeof(*audience));
	struct openid_provider said = { 0 };
	struct slice source = SLICE_NONE;
	struct err err = ERR_INIT;

	*audience = spec->client_id;
	if (in->issuers != NULL) {
		l->rule.keys = issuers_keys(in->issuers, &asked, &source);
		issuers_provider(in->issuers, &asked, &l->arena, &said);
	}
	if (l->rule.keys == NULL)
		l->rule.keys = issuer_keys_none();
	l->rule.source = arena_dup(&l->arena, source);
	l->rule.trust = (struct jwt_trust){ slice_str(spec->provider.issuer),
		audience, 1, issuer_keys_set(l->rule.keys) };
	l->authorize = either(spec->provider.authorization,
	    said.authorization);
	l->token = either(spec->provider.token, said.token);
	l->end_session = either(spec->provider.end_session, said.end_session);
	if (in->system != NULL) {
		struct web_roots *roots = system_roots_get(in->system, &err);

		l->roots = roots == NULL ? NULL : web_roots_ref(roots);
	}
}

struct login *
login_new(const struct compile_input *in, struct model_object *doc)
{
	const struct model_oidc_login_spec *spec = model_oidc_login(doc);
	struct login *l = mem_zalloc(sizeof(*l));
	struct err err = ERR_INIT;

	refs_init(&l->refs);
	l->doc = model_object_ref(doc);
	l->client_id = slice_str(spec->client_id);
	l->logout = slice_str(spec->logout_path);
	l->scopes = scopes_of(spec, &l->arena);
	read_provider(l, in, spec);
	authn_outputs(&l->rule, &l->arena, NULL, spec->claims, spec->claims_len);
	l->forwards_access = spec->forwards_access;
	if (read_redirect(l, spec, &err) != 0 ||
	    read_secret(l, in, spec, &err) != 0)
		l->barred = "misconfigured";
	else if (l->authorize.len == 0 || l->token.len == 0)
		l->barred = "no_provider";
	read_cookies(l, spec);
	const struct model_jwt_rule asked = { .issuer = spec->provider.issuer };

	if (err.kind == ERR_NONE && in->issuers != NULL)
		issuers_fault(in->issuers, &asked, &err);
	if (err.kind != ERR_NONE && in->fault != NULL)
		in->fault(in->fault_arg, doc->key, &err);
	return l;
}

void
compile_logins(const struct compile_input *in, struct snapshot *s)
{
	size_t fronts = s->gateway == NULL ? 0 : s->gateway->len, docs = 0;

	for (size_t i = 0; fronts > 0 && i < in->len; i++)
		docs += in->objects[i]->kind == &model_oidc_login_kind;
	s->logins = arena_zalloc(&s->arena, sizeof(*s->logins) * (docs + 1));
	for (size_t i = 0; docs > 0 && i < fronts; i++)
		login_places_make(in, s, &s->gateway->fronts[i]);
}
