#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "conf/json.h"
#include "conf/stream.h"
#include "model/object.h"
#include "policy/authz.h"

#define POLICIES_MAX	16

/* --- who asks: ten lines ------------------------------------------------------------ */

static struct slice
take_line(struct slice *rest)
{
	struct slice line = SLICE("");

	slice_cut(rest, '\n', &line);
	return line;
}

/* Every header that is asked for is the same. */
static struct slice
header(void *arg, struct slice name)
{
	check(name.len > 0);
	return *(struct slice *)arg;
}

static void
read_ip(struct authz_ip *out, struct slice text)
{
	if (!authz_ip_read(text, out))
		*out = (struct authz_ip){ .is_known = false };
}

struct caller {
	struct authz_facts facts;
	struct authz_token token;
	struct slice       header;
};

static void
read_caller(struct caller *c, struct slice *rest, struct arena *a)
{
	struct authz_facts *f = &c->facts;
	struct err err = ERR_INIT;
	uint64_t port;

	*c = (struct caller){ .header = SLICE("") };
	f->id = take_line(rest);
	read_ip(&f->source, take_line(rest));
	read_ip(&f->remote, take_line(rest));
	if (slice_u64(take_line(rest), &port) && port <= UINT16_MAX)
		f->port = f->app_port = (uint16_t)port;
	f->sni = take_line(rest);
	f->host = f->authority = take_line(rest);
	f->method = take_line(rest);
	f->path = take_line(rest);
	f->is_http = f->method.len > 0;
	c->header = take_line(rest);
	f->header = header;
	f->header_arg = &c->header;
	c->token.claims = conf_json_read(a, take_line(rest), "claims", &err);
	c->token.principal = SLICE("issuer/subject");
	if (c->token.claims != NULL && c->token.claims->kind == CONF_MAP)
		f->token = &c->token;
}

/* --- the policies: the rest ---------------------------------------------------------- */

static size_t
read_policies(struct model_object **out, struct slice text, struct arena *a)
{
	struct conf_stream s;
	struct conf_node *root;
	struct err err = ERR_INIT;
	size_t n = 0;
	int more;

	conf_stream_init(&s, text, "f", CONF_YAML);
	while (n < POLICIES_MAX &&
	    (more = conf_stream_next(&s, a, &root, &err)) != 0) {
		struct model_object *o = more != 1 ? NULL :
		    model_object_read(root, MODEL_STRICT, "default", &err);

		if (o != NULL && o->kind == &model_authorization_policy_kind)
			out[n++] = o;
		else
			model_object_unref(o);
	}
	return n;
}

static bool
is_denied(struct model_object *const *policies, size_t n,
    enum authz_default otherwise, const struct authz_facts *facts)
{
	struct authz_verdict v, again;
	struct authz *z = authz_new(policies, n, otherwise,
	    "mesh.internal");

	check(authz_is_of(z, policies, n, otherwise,
	    "mesh.internal"));
	authz_decide(z, facts, &v);
	authz_decide(z, facts, &again);
	check(v.answer.is_denied == again.answer.is_denied &&
	    v.answer.policy == again.answer.policy);
	check(v.asks_len <= AUTHZ_ASKS_MAX && v.audits_len <= AUTHZ_AUDITS_MAX);
	/* Who cannot be asked allows nothing that was refused before. */
	check(authz_unasked(&v).is_denied || !v.answer.is_denied);
	authz_unref(z);
	return v.answer.is_denied;
}

/*
 * A caller and policies.  The order in which policies stand does not matter,
 * and what is denied where the default is to allow is denied everywhere.
 */
int
fuzz_policy(const uint8_t *data, size_t size)
{
	struct model_object *policies[POLICIES_MAX], *turned[POLICIES_MAX];
	struct slice rest = slice_of(data, size);
	struct caller caller;
	struct arena a;
	bool strict;
	size_t n;

	arena_init(&a);
	read_caller(&caller, &rest, &a);
	n = read_policies(policies, rest, &a);
	for (size_t i = 0; i < n; i++)
		turned[i] = policies[n - 1 - i];
	strict = is_denied(policies, n, AUTHZ_DENY_ALL, &caller.facts);
	check(strict == is_denied(turned, n, AUTHZ_DENY_ALL, &caller.facts));
	check(strict || !is_denied(policies, n, AUTHZ_ALLOW_ALL,
	    &caller.facts));
	check(strict || n > 0);
	for (size_t i = 0; i < n; i++)
		model_object_unref(policies[i]);
	arena_fini(&a);
	return 0;
}
