#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "modes/control/oidc.h"
#include "policy/issuer_keys.h"
#include "policy/jwt.h"
#include "tls/system_roots.h"
#include "upstream/issuer_fetch.h"

#define AGE_S		3600		/* where the server does not say */
#define AGE_MIN_S	300
#define AGE_MAX_S	86400
#define RETRY_MS	15000

struct oidc {
	struct server       *server;
	const struct model_control_spec *spec;
	struct issuer_keys  *keys;
	struct system_roots *roots;
	struct issuer_fetch *fetch;	/* under way, or NULL */
	struct loop_timer    again;
};

/* --- keys ----------------------------------------------------------------------- */

static void
take_keys(struct oidc *o, struct issuer_keys *keys)
{
	issuer_keys_unref(o->keys);
	o->keys = keys;
}

static int64_t
age_of(const struct issuer_fetched *r)
{
	int64_t age = r->max_age_s < 0 ? AGE_S : r->max_age_s;

	return age < AGE_MIN_S ? AGE_MIN_S : age > AGE_MAX_S ? AGE_MAX_S : age;
}

static void
on_fetched(void *arg, const struct issuer_fetched *r)
{
	struct oidc *o = arg;
	struct issuer_keys *keys = NULL;
	struct err err = r->err;

	o->fetch = NULL;
	if (err.kind == ERR_NONE)
		keys = issuer_keys_new(r->text, &err);
	if (keys != NULL)
		take_keys(o, keys);
	else
		log_warn("api", "keys of %s: %s", o->spec->oidc_issuer, err.text);
	issuer_keys_answered(o->keys, loop_now_ms(o->server->loop));
	loop_timer_start(&o->again, keys == NULL ? RETRY_MS :
	    (uint64_t)age_of(r) * 1000);
}

static void
fetch_keys(struct oidc *o)
{
	struct err ignored = ERR_INIT;

	if (o->fetch != NULL || o->spec->oidc_jwks != NULL)
		return;
	issuer_keys_asked(o->keys);
	o->fetch = issuer_fetch_start(o->server->loop,
	    &(struct issuer_fetch_request){
		.handshaker = o->server->handshaker,
		.roots = system_roots_get(o->roots, &ignored),
		.issuer = slice_str(o->spec->oidc_issuer),
		.address = slice_str(o->spec->oidc_jwks_uri),
		.files = o->server->names,
	}, on_fetched, o);
}

static void
on_again(void *arg)
{
	fetch_keys(arg);
}

/* --- life ------------------------------------------------------------------------ */

struct oidc *
oidc_new(struct server *s, struct err *err)
{
	struct oidc *o;

	if (s->spec->oidc_issuer == NULL)
		return NULL;
	o = mem_zalloc(sizeof(*o));
	o->server = s;
	o->spec = s->spec;
	loop_timer_init(&o->again, s->loop, on_again, o);
	o->roots = system_roots_new(s->spec->oidc_ca_file);
	if (s->spec->oidc_jwks != NULL)
		o->keys = issuer_keys_new(slice_str(s->spec->oidc_jwks), err);
	else
		o->keys = issuer_keys_none();
	if (o->keys == NULL) {
		err_wrap(err, "oidcJwks");
		err->kind = ERR_CONFIG;
		oidc_free(o);
		return NULL;
	}
	fetch_keys(o);
	return o;
}

void
oidc_free(struct oidc *o)
{
	if (o == NULL)
		return;
	issuer_fetch_cancel(o->fetch);
	loop_timer_stop(&o->again);
	issuer_keys_unref(o->keys);
	system_roots_free(o->roots);
	mem_free(o);
}

/* --- tokens ---------------------------------------------------------------------- */

/* What may stand in a log and in a binding. */
static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 0x7f)
			return false;
	return name.len > 0 && name.len <= OIDC_NAME_MAX;
}

static void
add_group(struct slice *groups, size_t *n, struct slice name)
{
	if (*n < OIDC_GROUPS_MAX && is_name(name) &&
	    !slice_has_prefix(name, SLICE("mesh:")))
		groups[(*n)++] = name;
}

/* A list of names, or one alone. */
static void
read_groups(struct arena *a, const struct conf_node *claim,
    struct bindings_person *p)
{
	struct slice *groups = arena_alloc(a, OIDC_GROUPS_MAX *
	    sizeof(*groups));
	size_t n = 0;

	if (conf_string(claim) != NULL)
		add_group(groups, &n, slice_str(conf_string(claim)));
	else if (claim != NULL && claim->kind == CONF_LIST)
		CONF_FOREACH(e, claim)
			add_group(groups, &n, slice_str(conf_string(e->node)));
	p->groups = groups;
	p->groups_len = n;
}

bool
oidc_read_claims(const struct model_control_spec *spec, struct arena *a,
    const struct conf_node *claims, struct oidc_claims *out, const char **why)
{
	const char *claim = spec->oidc_username_claim;

	*out = (struct oidc_claims){ 0 };
	out->name = slice_str(conf_get_string(claims, claim));
	out->until = conf_get_int(claims, "exp", 0);
	if (!is_name(out->name)) {
		*why = arena_printf(a, "the token has no claim \"%s\" that "
		    "could be a name", claim);
		return false;
	}
	/* An address that anybody may type in proves nobody. */
	if (strcmp(claim, "email") == 0 && conf_get(claims, "email_verified") !=
	    NULL && !conf_get_bool(claims, "email_verified", false)) {
		*why = "the issuer did not verify the address in the token";
		return false;
	}
	if (out->until <= 0) {
		*why = "the token has no end (exp)";
		return false;
	}
	out->person.user = slice_str(arena_printf(a, "oidc:%.*s",
	    SLICE_ARG(out->name)));
	read_groups(a, conf_get(claims, spec->oidc_groups_claim), &out->person);
	return true;
}

/* Its key may be a new one. */
static const char *
ask_for_keys(struct oidc *o)
{
	uint64_t now_ms = loop_now_ms(o->server->loop);

	if (o->spec->oidc_jwks != NULL)
		return jwt_fault_text(JWT_KEY);
	switch (issuer_keys_ask(o->keys, now_ms)) {
	case ISSUER_KEYS_ASK:
		fetch_keys(o);
		break;
	case ISSUER_KEYS_WAIT:
		break;
	case ISSUER_KEYS_FINAL:
		return jwt_fault_text(JWT_KEY);
	}
	return "the keys of the issuer are being fetched: try again";
}

bool
oidc_judge(struct oidc *o, struct arena *a, struct slice token, int64_t now_s,
    struct oidc_claims *out, const char **why)
{
	const struct jwt_trust trust = {
		.issuer = slice_str(o->spec->oidc_issuer),
		.audiences = o->spec->oidc_audience,
		.audiences_len = o->spec->oidc_audience_len,
		.keys = issuer_keys_set(o->keys),
	};
	enum jwt_fault fault;
	struct jwt jwt;

	fault = jwt_read(&jwt, a, token);
	if (fault == JWT_OK)
		fault = jwt_verify(&jwt, &trust, now_s);
	if (fault == JWT_OK)
		return oidc_read_claims(o->spec, a, jwt.claims, out, why);
	*why = fault == JWT_KEY ? ask_for_keys(o) : jwt_fault_text(fault);
	return false;
}
