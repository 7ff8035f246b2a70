#include <string.h>

#include "model/closure.h"
#include "model/gateway.h"
#include "model/mesh_config.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/asked.h"
#include "modes/ctl/asked_token.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/input.h"
#include "modes/ctl/names.h"
#include "modes/ctl/rows.h"
#include "modes/ctl/trust_domain.h"
#include "pki/spiffe.h"
#include "policy/authz.h"

static int check_one(struct ctl *);

static const struct ctl_option options[] = {
	{ "from", 0, "CALLER",
	    .text = "who asks: a SPIFFE ID, a service account as NAME or "
	    "NAMESPACE/NAME, or \"nobody\", without an identity" },
	{ "to", 0, "SERVICE[:PORT]", .text = "what is called" },
	{ "gateway", 0, "GATEWAY",
	    .text = "asked at this Gateway instead of for a service" },
	{ "port", 0, "PORT", .text = "at this port of the Gateway" },
	ASKED_OPTIONS,
	ASKED_TOKEN_OPTIONS,
	{ "bytes", 0, NULL,
	    .text = "a connection of bytes or datagrams instead of a request" },
	{ "from-ip", 0, "ADDRESS", .text = "where the caller connects from" },
	INPUT_OPTIONS,
	{ "trust-domain", 0, "DOMAIN",
	    .text = "ours, with -f; default: that of the files' MeshConfig, else "
	    "mesh.internal" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "authz check --from web --to orders --path /orders",
	    "may web read the orders, and by which rule?" },
	{ "authz check --from spiffe://mesh.internal/ns/shop/sa/cart --to "
	    "shop/orders:80 --method POST --path /orders -H x-team=red",
	    "as the proxy beside orders decides it" },
	{ "authz check --from nobody --gateway infra/public --host shop.example "
	    "--from-ip 192.0.2.7", "at a Gateway: may a stranger come in?" },
	{ "authz check --from web --to orders --path /admin --claims-file "
	    "ann.json", "with a token that says {\"iss\": ..., \"groups\": ...}" },
	{ "authz check --from web --to orders --method DELETE -f policies.yaml",
	    "what would be, by the documents of a file" },
	{ 0 },
};

static const struct ctl_command authz_check = {
	.name = "check",
	.arguments = "",
	.summary = "show whether a request is allowed, and by which policy",
	.text = "Runs what proxies run, on the AuthorizationPolicies about the "
	    "service and about each workload behind it. With -f nobody is asked, "
	    "the files are all that there is; where they hold no workload, one "
	    "with the labels of the service's selector is taken. Who is of another "
	    "trust domain has no namespace and no account here. Who was revoked and "
	    "has not joined again is denied whatever they say.\n"
	    "The verdict is \"asked\" where a policy asks a provider and nothing "
	    "else refuses: what it says is not known here.\n"
	    "The exit code is 1 if one of them denies it, else 0.",
	.options = options,
	.examples = examples,
	.run = check_one,
};

static const struct ctl_command *const below[] = { &authz_check, NULL };

const struct ctl_command cmd_authz = {
	.name = "authz",
	.arguments = "",
	.summary = "who may do what",
	.below = below,
};

struct inquiry {
	struct ctl                *c;
	struct traffic             traffic;
	struct traffic_name        to;
	const struct model_object *service, *gateway;	/* one of them */
	struct asked               asked;
	struct authz_facts         facts;
	enum model_inbound_policy  mesh;
	const struct model_object *config;	/* MeshConfig, or NULL */
	const char                *revoked;	/* the caller: when; or NULL */
	struct conf_node          *rows;
	size_t                     denied;
};

/* --- the question ----------------------------------------------------------------- */

static const char *
trust_domain(struct inquiry *q)
{
	struct err err = ERR_INIT;
	const char *domain = ctl_value(q->c, "trust-domain");

	if (domain != NULL)
		return domain;
	if (q->traffic.is_offline)
		return trust_domain_of_files(&q->traffic);
	domain = trust_domain_of_control(q->c, &err);
	return domain != NULL ? domain : trust_domain_default;
}

static bool
is_foreign(struct inquiry *q, struct slice id)
{
	struct spiffe of;

	return spiffe_parse(&of, id) && !slice_is(of.domain, trust_domain(q));
}

static int
read_trust_domain(struct inquiry *q)
{
	const char *typed = ctl_value(q->c, "trust-domain");

	if (typed != NULL && !q->traffic.is_offline)
		return ctl_misused(q->c, "--trust-domain goes with -f: control "
		    "knows its own");
	if (typed != NULL && !spiffe_domain_ok(slice_str(typed)))
		return ctl_misused(q->c, "--trust-domain: expected a name such as "
		    "mesh.internal, found \"%s\"", typed);
	return CTL_OK;
}

static int
read_caller(struct inquiry *q)
{
	struct ctl *c = q->c;
	const char *typed = ctl_value(c, "from"), *namespace, *name;

	if (typed == NULL)
		return ctl_misused(c, "--from is missing: a SPIFFE ID, a service "
		    "account, or nobody");
	q->facts.id = SLICE("");
	if (strcmp(typed, "nobody") == 0)
		return CTL_OK;
	if (strncmp(typed, "spiffe://", 9) == 0) {
		q->facts.id = slice_str(typed);
		q->facts.is_foreign = is_foreign(q, q->facts.id);
		return CTL_OK;
	}
	int code = names_read(c, "--from", typed, &namespace, &name);

	if (code == CTL_OK)
		q->facts.id = slice_str(model_spiffe_id(&c->arena,
		    trust_domain(q), namespace, name));
	return code;
}

/* Whoever was revoked and has got nothing since does not get to any policy. */
static int
read_revoked(struct inquiry *q)
{
	struct err err = ERR_INIT;
	struct conf_node *list;

	if (q->traffic.is_offline || q->facts.id.len == 0)
		return CTL_OK;
	list = call_list(q->c, "/v1/revocations", "items", &err);
	if (list == NULL && err.kind == ERR_DENIED)
		ctl_warn(q->c, "who was revoked is not known: %s", err.text);
	else if (list == NULL)
		return ctl_fail_call(q->c, &err);
	CONF_FOREACH(e, list) {
		const char *id = conf_get_string(e->node, "identity");

		if (id != NULL && slice_is(q->facts.id, id) &&
		    conf_get(e->node, "issuedSince") == NULL)
			q->revoked = conf_get_string(e->node, "revoked");
	}
	return CTL_OK;
}

static struct slice
header_of(void *arg, struct slice name)
{
	const struct asked *a = arg;

	if (slice_is(name, "host"))
		return a->authority;
	for (size_t i = 0; i < a->len; i++)
		if (slice_eq(a->headers[i].name, name))
			return a->headers[i].value;
	return SLICE_NONE;
}

static int
read_request(struct inquiry *q)
{
	struct ctl *c = q->c;
	const char *ip = ctl_value(c, "from-ip");
	int code = asked_read(c, ctl_has(c, "gateway") ? "" : arena_printf(
	    &c->arena, "%s.%s.mesh", q->to.name, q->to.namespace), &q->asked);

	if (code != CTL_OK)
		return code;
	if (ip != NULL && !authz_ip_read(slice_str(ip), &q->facts.source))
		return ctl_misused(c, "--from-ip: expected an IP address, found "
		    "\"%s\"", ip);
	q->facts.remote = q->facts.source;
	q->facts.is_http = !ctl_has(c, "bytes");
	q->facts.method = q->asked.request.method;
	q->facts.path = q->asked.request.path;
	q->facts.host = q->asked.request.host;
	q->facts.authority = q->asked.authority;
	q->facts.header = header_of;
	q->facts.header_arg = &q->asked;
	return asked_token_read(c, &q->facts.token);
}

static int
find_port(struct inquiry *q)
{
	const struct model_service_spec *s = &model_service(q->service)->spec;
	const struct model_service_port *p;
	struct err err = ERR_INIT;

	if (q->to.port == 0 && s->ports_len == 1)
		q->to.port = s->ports[0].port;
	if (q->to.port == 0)
		return ctl_misused(q->c, "Service %s has %zu ports: say which, "
		    "--to %s:PORT", model_object_name(q->service), s->ports_len,
		    q->to.name);
	p = model_service_port(model_service(q->service), q->to.port);
	if (p == NULL) {
		err_set(&err, ERR_NOT_FOUND, "Service %s has no port %u",
		    model_object_name(q->service), q->to.port);
		return ctl_fail_call(q->c, &err);
	}
	q->facts.port = p->port;
	q->facts.app_port = p->target.number;
	q->facts.sni = slice_str(arena_printf(&q->c->arena, "%u.%s.%s.mesh",
	    p->port, q->to.name, q->to.namespace));
	return CTL_OK;
}

/* The one that was typed, or the only one that there is. */
static int
find_gateway_port(struct inquiry *q)
{
	const struct model_gateway_spec *s = &model_gateway(q->gateway)->spec;
	const char *typed = ctl_value(q->c, "port");
	uint64_t port = 0;

	if (typed != NULL && (!slice_u64(slice_str(typed), &port) ||
	    port == 0 || port > UINT16_MAX))
		return ctl_misused(q->c, "--port: expected a port, found \"%s\"",
		    typed);
	for (size_t i = 0; typed == NULL && i < s->listeners_len; i++) {
		if (port != 0 && port != s->listeners[i].port)
			return ctl_misused(q->c, "Gateway %s has several ports: "
			    "say which, --port PORT",
			    model_object_name(q->gateway));
		port = s->listeners[i].port;
	}
	q->facts.port = (uint16_t)port;
	q->facts.sni = q->facts.host;
	return CTL_OK;
}

static int
load(struct inquiry *q)
{
	struct traffic *t = &q->traffic;
	const struct model_object **found;
	struct err err = ERR_INIT;
	size_t n;

	if (ctl_has(q->c, "gateway"))
		q->gateway = traffic_find(t, &model_gateway_kind,
		    q->to.namespace, q->to.name, &err);
	else
		q->service = traffic_find(t, &model_service_kind,
		    q->to.namespace, q->to.name, &err);
	if ((q->service == NULL && q->gateway == NULL) || traffic_load(t,
	    &model_authorization_policy_kind, NULL, &err) < 0 ||
	    traffic_load(t, &model_workload_kind, q->to.namespace, &err) < 0 ||
	    traffic_load(t, &model_mesh_config_kind, NULL, &err) < 0)
		return ctl_fail_call(q->c, &err);
	n = traffic_of_kind(t, &model_mesh_config_kind, &found);
	if (n > 0) {
		q->config = found[0];
		q->mesh = (enum model_inbound_policy)
		    model_mesh_config(found[0])->spec.inbound_policy;
	}
	return q->gateway != NULL ? find_gateway_port(q) : find_port(q);
}

/* --- the answer ------------------------------------------------------------------- */

static const char *
reason(struct inquiry *q, const struct authz_verdict *v,
    const struct authz_answer *a)
{
	struct arena *arena = &q->c->arena;

	if (a->policy != NULL)
		return arena_printf(arena, "rule %d of %s", a->rule, a->policy);
	if (v->has_allow)
		return "no rule of an ALLOW policy matches";
	if (q->gateway != NULL)
		return "no ALLOW policy speaks: a gateway lets everybody in";
	return arena_printf(arena, "no ALLOW policy speaks, and "
	    "defaultInboundPolicy is %s", model_inbound_policy_name(q->mesh));
}

/* Whether a provider can be asked: of bytes only gRPC speaks. */
static const struct model_auth_provider *
askable(const struct inquiry *q, const struct authz_ask *ask)
{
	const struct model_extension_provider *p = model_extension_provider(
	    q->config, ask->provider);

	return p == NULL || (!q->facts.is_http && p->grpc == NULL) ? NULL :
	    model_auth_provider(p);
}

/* None is asked about what is meant for itself. */
static void
drop_own(const struct inquiry *q, struct authz_verdict *v)
{
	size_t kept = 0;

	for (size_t i = 0; i < v->asks_len; i++) {
		const struct model_auth_provider *p = askable(q, &v->asks[i]);

		if (p == NULL || q->service == NULL ||
		    strcmp(p->service, q->to.name) != 0 ||
		    strcmp(p->namespace, q->to.namespace) != 0)
			v->asks[kept++] = v->asks[i];
	}
	v->asks_len = kept;
}

/* The rule that refuses as its provider cannot be asked, or NULL. */
static const struct authz_ask *
in_vain(const struct inquiry *q, const struct authz_verdict *v)
{
	for (size_t i = 0; i < v->asks_len; i++)
		if (askable(q, &v->asks[i]) == NULL)
			return &v->asks[i];
	return NULL;
}

static const char *
reason_of_asked(struct inquiry *q, const struct authz_verdict *v,
    const struct authz_answer *a, struct conf_node *asks)
{
	struct arena *arena = &q->c->arena;
	const char *text = "";

	for (size_t i = 0; i < v->asks_len; i++) {
		const struct authz_ask *ask = &v->asks[i];
		const char *one = arena_printf(arena, "asks provider %s by rule "
		    "%d of %s", ask->provider, ask->rule, ask->policy);

		conf_add_string(asks, one);
		text = arena_printf(arena, "%s%s, ", text, one);
	}
	return arena_printf(arena, "%sthen %s", text, reason(q, v, a));
}

static void
add_dry(struct inquiry *q, struct conf_node *row, const struct authz_verdict *v)
{
	bool is_asked = v->dry_ask.policy != NULL;
	struct conf_node *dry;

	if (!v->is_dry || (v->dry.is_denied == v->answer.is_denied && !is_asked))
		return;
	dry = conf_set_map(row, "dryRun");
	conf_set_string(dry, "verdict", v->dry.is_denied ? "denied" : is_asked ?
	    "asked" : "allowed");
	conf_set_string(dry, "reason", is_asked && !v->dry.is_denied ?
	    arena_printf(&q->c->arena, "asks a provider by %s", reason(q, v,
	    &v->dry_ask)) : reason(q, v, &v->dry));
}

/* What holds if every provider says yes. */
static void
add_verdict(struct inquiry *q, struct conf_node *row,
    const struct authz_verdict *v)
{
	const struct authz_ask *vain = in_vain(q, v);
	const struct authz_answer a = vain == NULL ? v->answer :
	    (struct authz_answer){ true, vain->policy, vain->rule };
	bool is_asked = vain == NULL && v->asks_len > 0;

	conf_set_string(row, "verdict", a.is_denied ? "denied" : is_asked ?
	    "asked" : "allowed");
	conf_set_string(row, "reason", is_asked ? reason_of_asked(q, v, &a,
	    conf_set_list(row, "asks")) : reason(q, v, &a));
	if (a.policy != NULL) {
		conf_set_string(row, "policy", a.policy);
		conf_set_int(row, "rule", a.rule);
	}
	q->denied += a.is_denied;
}

static void
add_answer(struct inquiry *q, const char *workload,
    const struct authz_verdict *v)
{
	struct conf_node *row = conf_add_map(q->rows), *audits;

	conf_set_string(row, "workload", workload);
	if (q->revoked != NULL) {
		conf_set_string(row, "verdict", "denied");
		conf_set_string(row, "reason", arena_printf(&q->c->arena,
		    "the identity was revoked at %s, and has not joined again",
		    q->revoked));
		q->denied++;
		return;
	}
	add_verdict(q, row, v);
	add_dry(q, row, v);
	if (v->audits_len > 0)
		audits = conf_set_list(row, "audits");
	for (size_t i = 0; i < v->audits_len; i++)
		conf_add_string(audits, reason(q, v, &v->audits[i]));
}

static void
decide(struct inquiry *q, const char *workload, const struct conf_pairs *labels)
{
	const struct model_authz_place place = { .namespace = q->to.namespace,
		.labels = labels,
		.service = q->service != NULL ? q->to.name : NULL,
		.gateway = q->gateway != NULL ? q->to.name : NULL,
		.gateway_class = q->gateway != NULL ?
		    model_gateway(q->gateway)->spec.class_name : NULL,
	};
	const struct model_set *set = &q->traffic.set;
	struct model_object **v = arena_alloc(&q->c->arena,
	    (set->len + 1) * sizeof(*v));
	struct authz_verdict verdict;
	size_t n = 0;

	for (size_t i = 0; i < set->len; i++)
		if (set->objects[i]->kind == &model_authorization_policy_kind &&
		    model_authz_is_for(set->objects[i], &place))
			v[n++] = set->objects[i];
	struct authz *z = authz_new(v, n, q->gateway != NULL ?
	    AUTHZ_ALLOW_ALL : authz_default_of(q->mesh));

	authz_decide(z, &q->facts, &verdict);
	drop_own(q, &verdict);
	add_answer(q, workload, &verdict);
	authz_unref(z);
}

/* Whether the workload takes the calls that are asked about. */
static bool
is_asked(const struct inquiry *q, const struct model_object *workload)
{
	const char *account =
	    model_workload(workload)->spec.service_account;

	if (q->service != NULL)
		return model_workload_backs(workload, q->service);
	return account != NULL && strncmp(account, MODEL_GATEWAY_ACCOUNT,
	    strlen(MODEL_GATEWAY_ACCOUNT)) == 0 && strcmp(account +
	    strlen(MODEL_GATEWAY_ACCOUNT), q->to.name) == 0;
}

static void
decide_all(struct inquiry *q)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&q->traffic, &model_workload_kind, &all), asked = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_asked(q, all[i]))
			continue;
		decide(q, model_object_name(all[i]), &all[i]->head->meta.labels);
		asked++;
	}
	if (asked == 0)
		decide(q, "-", q->service == NULL ? NULL :
		    &model_service(q->service)->spec.selector);
}

static void
print(struct inquiry *q)
{
	static const struct rows_column columns[] = {
		{ "WORKLOAD", "workload", ROWS_TEXT, false },
		{ "VERDICT", "verdict", ROWS_TEXT, false },
		{ "BECAUSE", "reason", ROWS_TEXT, false },
		{ "DRY-RUN", "dryRun.verdict", ROWS_TEXT, true },
		{ "DRY-RUN-BECAUSE", "dryRun.reason", ROWS_TEXT, true },
		{ "AUDITED-BY", "audits", ROWS_TEXT, true },
		{ 0 },
	};

	rows_print(q->c, q->rows, columns, "workloads");
}

static int
check_one(struct ctl *c)
{
	struct inquiry q = { .c = c, .rows = conf_list_new(&c->arena) };
	const char *to = ctl_value(c, "to"), *at = ctl_value(c, "gateway");
	int code = (to == NULL) == (at == NULL) ? ctl_misused(c, "expected one "
	    "of --to SERVICE[:PORT] and --gateway GATEWAY") :
	    to != NULL && ctl_has(c, "port") ? ctl_misused(c, "--port goes with "
	    "--gateway; of a service: --to SERVICE:PORT") :
	    traffic_open(&q.traffic, c);

	if (code == CTL_OK && to != NULL)
		code = traffic_name_read(c, "--to", to, NULL, &q.to);
	else if (code == CTL_OK)
		code = names_read(c, "--gateway", at, &q.to.namespace,
		    &q.to.name);
	if (code == CTL_OK)
		code = read_trust_domain(&q);
	if (code == CTL_OK)
		code = read_caller(&q);
	if (code == CTL_OK)
		code = read_revoked(&q);
	if (code == CTL_OK)
		code = read_request(&q);
	if (code == CTL_OK)
		code = load(&q);
	if (code == CTL_OK) {
		decide_all(&q);
		print(&q);
		code = q.denied > 0 ? CTL_NO : CTL_OK;
	}
	traffic_close(&q.traffic);
	return code;
}
