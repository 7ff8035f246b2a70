#include "base/mem.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/login.h"

/*
 * compile_authn: whose tokens are taken where.  Rules are made once for all
 * ports about which the same documents are, and go on while those and their
 * keys stay the same.
 */
struct rules {
	const struct compile_input *in;
	struct snapshot            *out;
	struct model_object       **policies;	/* room for all */
	size_t                      policies_len;
	struct authn_sources        sources;
};

static struct authn *
find(struct authn *const *v, size_t n, const struct rules *r)
{
	for (size_t i = 0; i < n; i++)
		if (authn_is_of(v[i], r->policies, r->policies_len,
		    &r->sources))
			return v[i];
	return NULL;
}

static void
report(const struct rules *r, const struct authn *z)
{
	struct err err = ERR_INIT;

	if (z->left_out == 0 || r->in->fault == NULL)
		return;
	err_set(&err, ERR_TOO_LARGE, "more than %d jwtRules are about one "
	    "place: the %zu youngest take no token", AUTHN_RULES_MAX,
	    z->left_out);
	r->in->fault(r->in->fault_arg,
	    z->policies[z->policies_len - 1]->key, &err);
}

/* NULL: nobody's, no token is looked at. */
static struct authn *
rules_of(struct rules *r, const struct model_authz_place *place)
{
	const struct snapshot *before = r->in->before;
	struct snapshot *s = r->out;
	struct authn *z;

	r->policies_len = 0;
	for (size_t i = 0; i < r->in->len; i++)
		if (model_request_authentication_is_for(r->in->objects[i],
		    place))
			r->policies[r->policies_len++] = r->in->objects[i];
	if (r->policies_len == 0)
		return NULL;
	z = find(s->authn, s->authn_len, r);
	if (z != NULL)
		return z;
	z = before == NULL ? NULL : find(before->authn, before->authn_len, r);
	z = z != NULL ? authn_ref(z) : authn_new(r->policies, r->policies_len,
	    &r->sources);
	report(r, z);
	return s->authn[s->authn_len++] = z;
}

static bool
is_used(const struct snapshot *s, const struct model_object *o)
{
	for (size_t i = 0; i < s->authn_len; i++)
		for (size_t k = 0; k < s->authn[i]->policies_len; k++)
			if (s->authn[i]->policies[k] == o)
				return true;
	return false;
}

/* Documents whose issuers did not give out keys. */
static void
report_issuers(const struct compile_input *in, const struct snapshot *s)
{
	for (size_t i = 0; i < in->len; i++) {
		const struct model_object *o = in->objects[i];
		const struct model_request_authentication_spec *spec;
		struct err err = ERR_INIT;

		if (o->kind != &model_request_authentication_kind ||
		    !is_used(s, o))
			continue;
		spec = &model_request_authentication(o)->spec;
		for (size_t k = 0; k < spec->rules_len; k++)
			if (issuers_fault(in->issuers, &spec->rules[k], &err))
				in->fault(in->fault_arg, o->key, &err);
	}
}

static struct issuer_keys *
no_keys(void *arg, const struct model_jwt_rule *r, struct slice *source)
{
	(void)arg;
	(void)r;
	(void)source;
	return NULL;
}

static void
add_ports(struct rules *r, struct inbound_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_authz_place place =
		    authorize_place_of_port(r->in, &ports[i]);

		ports[i].rules = rules_of(r, &place);
	}
}

void
compile_authentication(const struct compile_input *in, struct snapshot *s)
{
	struct rules r = { .in = in, .out = s, .sources = {
	    in->issuers != NULL ? issuers_keys : no_keys, in->issuers } };
	size_t fronts = s->gateway == NULL ? 0 : s->gateway->len;

	r.policies = mem_zalloc_array(in->len + 1, sizeof(*r.policies));
	if (in->issuers != NULL)
		issuers_begin(in->issuers);
	s->authn = arena_zalloc(&s->arena, sizeof(*s->authn) *
	    (s->inbound_len + s->lost_len + fronts + 1));
	if (in->self != NULL) {
		add_ports(&r, s->inbound, s->inbound_len);
		add_ports(&r, s->lost, s->lost_len);
	}
	for (size_t i = 0; i < fronts; i++) {
		const struct model_authz_place place =
		    authorize_place_of_front(in, &s->gateway->fronts[i]);

		s->gateway->fronts[i].rules = rules_of(&r, &place);
	}
	compile_logins(in, s);
	if (in->issuers != NULL && in->fault != NULL)
		report_issuers(in, s);
	if (in->issuers != NULL)
		issuers_end(in->issuers);
	mem_free(r.policies);
}
