#include <string.h>

#include "model/closure.h"
#include "model/federation.h"
#include "model/gateway.h"
#include "model/mesh_config.h"
#include "model/oidc_login.h"
#include "model/request_authentication.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/allow_caller.h"
#include "modes/ctl/call.h"
#include "modes/ctl/choice.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/input.h"
#include "modes/ctl/inquiry.h"
#include "modes/ctl/inquiry_arrival.h"
#include "modes/ctl/names.h"
#include "modes/ctl/trust_domain.h"
#include "pki/spiffe.h"

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
	    .text = "a connection of bytes or datagrams instead of a request; "
	    "ports of a service that are tcp, tls or udp have nothing else" },
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
	{ "authz check --from web --to orders --path /admin --token-file ann.jwt",
	    "with this token: is it good, and what is it good for?" },
	{ "authz check --from web --to orders --path /admin --claims-file "
	    "ann.json", "with one that would say {\"iss\": ..., \"groups\": ...}" },
	{ "authz check --from web --to orders --method DELETE -f policies.yaml",
	    "what would be, by the documents of a file" },
	{ 0 },
};

static const struct ctl_command authz_check = {
	.name = "check",
	.arguments = "",
	.needs = "--from CALLER (--to SERVICE[:PORT] | --gateway GATEWAY)",
	.summary = "show whether a request is allowed, and by which policy",
	.text = "Runs what proxies run, on the RequestAuthentications and "
	    "AuthorizationPolicies about the service and about each workload "
	    "behind it. With -f nobody is asked, the files are all that there is; "
	    "where they hold no workload, one with the labels of the service's "
	    "selector is taken. Who is of another trust domain has no namespace "
	    "and no account here. Who was revoked and has not joined again is "
	    "denied whatever they say, and so is plain text (nobody) where a "
	    "port is STRICT, and a head that is larger than proxies take.\n"
	    "A token is verified as the proxy does it. Keys that a document only "
	    "points to are not fetched: give them by --jwks-file, or the verdict "
	    "is \"undecided\" where they would decide. It is \"asked\" where a "
	    "policy asks a provider and nothing else refuses. At a Gateway with an "
	    "OIDCLogin nobody comes in without a login; --claims-file says what "
	    "the login would. What policies of a dry run would do stands behind "
	    "the reason.\n"
	    "The exit code is 1 if one of them denies it, else 2 if one is asked "
	    "or undecided, else 0.",
	.options = options,
	.examples = examples,
	.run = check_one,
};

static const struct ctl_command *const below[] = { &authz_check, NULL };

const struct ctl_command cmd_authz = {
	.name = "authz",
	.arguments = "",
	.summary = "ask who may do what",
	.below = below,
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

	if (code != CTL_OK)
		return code;
	q->facts.id = slice_str(model_spiffe_id(&c->arena, trust_domain(q),
	    namespace, name));
	if (!q->traffic.is_offline)
		allow_warn_account(c, namespace, name);
	return CTL_OK;
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
	return asked_token_read(c, &q->token);
}

/* Who typed something of a request is told that it is none. */
static void
be_bytes(struct inquiry *q, const char *word)
{
	static const char *const of_requests[] = { "method", "path", "query",
		"header", "host", "token-file", "claims-file" };

	q->facts.is_http = false;
	for (size_t i = 0; i < sizeof(of_requests) / sizeof(of_requests[0]); i++)
		if (args_typed(&q->c->args, of_requests[i]) != NULL) {
			ctl_warn(q->c, "--%s counts for nothing: port %u is %s, so "
			    "proxies see a connection and no request",
			    of_requests[i], q->to.port, word);
			return;
		}
}

/* Whether proxies see requests there; who says neither gets what it is. */
static void
read_protocol(struct inquiry *q, const struct model_service_port *p)
{
	enum model_protocol protocol = model_port_protocol(p);

	if (q->facts.is_http && (p->transport != MODEL_TCP ||
	    protocol == MODEL_OPAQUE || protocol == MODEL_TLS))
		be_bytes(q, model_port_word(p));
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
	read_protocol(q, p);
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
	    traffic_load(t, &model_request_authentication_kind, NULL,
	    &err) < 0 || traffic_load(t, &model_oidc_login_kind, NULL,
	    &err) < 0 || traffic_load(t, &model_federated_trust_domain_kind,
	    NULL, &err) < 0 || traffic_load(t, &model_mesh_config_kind, NULL,
	    &err) < 0)
		return ctl_fail_call(q->c, &err);
	q->cluster_local = model_cluster_local(t->set.objects, t->set.len,
	    trust_domain(q));
	n = traffic_of_kind(t, &model_mesh_config_kind, &found);
	if (n > 0) {
		q->config = found[0];
		q->mesh = (enum model_inbound_policy)
		    model_mesh_config(found[0])->spec.inbound_policy;
	}
	int code = q->gateway != NULL ? find_gateway_port(q) : find_port(q);

	return code == CTL_OK && inquiry_arrival_load(q, &err) < 0 ?
	    ctl_fail_call(q->c, &err) : code;
}

/* Who calls for a Gateway calls for people who may have had to log in. */
static void
note_gateway(struct inquiry *q)
{
	const struct model_object *login;
	struct slice gateway;
	struct spiffe id;

	if (q->facts.is_foreign || !spiffe_parse(&id, q->facts.id) ||
	    id.kind != SPIFFE_WORKLOAD || !slice_has_prefix(id.name,
	    SLICE(MODEL_GATEWAY_ACCOUNT)))
		return;
	gateway = slice_from(id.name, strlen(MODEL_GATEWAY_ACCOUNT));
	login = inquiry_login(q, arena_dup(&q->c->arena, id.ns).ptr,
	    arena_dup(&q->c->arena, gateway).ptr);
	if (login != NULL)
		ctl_say(q->c, "who comes through Gateway %.*s/%.*s logs in "
		    "there first, by OIDCLogin %s; ask with --gateway what it "
		    "lets in", SLICE_ARG(id.ns), SLICE_ARG(gateway),
		    model_object_name(login));
}

static bool
has_parts(struct inquiry *q)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&q->traffic, &model_oidc_login_kind, &all);

	for (size_t i = 0; i < n; i++)
		if (model_oidc_login_has_parts(all[i]))
			return true;
	return false;
}

static void
note_place(struct inquiry *q, const struct choice *k)
{
	const struct route_listener *l = k->listener == NULL ? NULL :
	    k->listener->owner;

	if (l != NULL && l->document->kind == &model_gateway_kind)
		q->came.listener = l->doc->name;
	if (k->winner == NULL ||
	    k->winner->route->kind != &model_http_route_kind)
		return;
	q->came.route = k->winner->route;
	q->came.rule = model_route_rule(k->winner->route, k->winner->rule).name;
}

/*
 * Where it comes to, as `route` finds it.  Only logins ask for that, and only if
 * one is about less than a Gateway are routes read.
 */
static int
find_place(struct inquiry *q)
{
	struct choice k = { .c = q->c, .traffic = q->traffic,
		.typed_port = ctl_has(q->c, "gateway") ?
		    ctl_value(q->c, "port") : NULL };
	int code;

	q->came.gateway = q->gateway;
	if (q->gateway == NULL || !q->facts.is_http || !has_parts(q))
		return CTL_OK;
	code = choice_at_gateway(&k);
	if (code == CTL_OK) {
		choice_make(&k);
		note_place(q, &k);
	}
	q->traffic = k.traffic;
	k.traffic = (struct traffic){ .c = q->c };
	choice_fini(&k);
	return code;
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
		code = traffic_service_read(&q.traffic, "--to", to, &q.to);
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
	if (code == CTL_OK)
		code = find_place(&q);
	if (code == CTL_OK) {
		inquiry_decide(&q);
		inquiry_print(&q);
		inquiry_arrival_note(&q);
		note_gateway(&q);
		code = q.denied > 0 ? CTL_NO : q.open > 0 ? CTL_ERROR : CTL_OK;
	}
	traffic_close(&q.traffic);
	return code;
}
