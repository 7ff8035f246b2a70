#include <string.h>

#include "modes/ctl/choice.h"
#include "modes/ctl/names.h"

/* choice_gateway: which listener of a Gateway a request or connection means. */

struct looking {
	struct choice           *q;
	struct route_sight       sight;
	struct gateway_listener *all;
	size_t                   len;
	struct gateway_plan      plan;
	const struct gateway_port *at;
};

static const struct route_listener *
owner_of(const struct gateway_listener *l)
{
	return l->owner;
}

/* --- the documents -------------------------------------------------------- */

static int
load(struct looking *k, const char *namespace, const char *name)
{
	static const struct model_kind *const kinds[] = {
		&model_listener_set_kind, &model_namespace_kind,
		&model_reference_grant_kind,
	};
	struct choice *q = k->q;
	struct err err = ERR_INIT;

	q->gateway = traffic_find(&q->traffic, &model_gateway_kind, namespace,
	    name, &err);
	if (q->gateway == NULL)
		return ctl_fail_call(q->c, &err);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (traffic_load(&q->traffic, kinds[i], NULL, &err) < 0)
			return ctl_fail_call(q->c, &err);
	if (traffic_load_routes(&q->traffic, NULL, &err) < 0)
		return ctl_fail_call(q->c, &err);
	return CTL_OK;
}

static void
plan(struct looking *k)
{
	struct choice *q = k->q;
	const struct model_set *set = &q->traffic.set;
	const struct route_labels labels = route_labels_seen(&k->sight);

	k->all = listeners_of(&q->c->arena, q->gateway,
	    (const struct model_object *const *)set->objects, set->len,
	    &labels, &k->len);
	gateway_plan(&q->c->arena, k->all, k->len, &k->plan);
}

/* --- the port ------------------------------------------------------------- */

static const char *
port_list(const struct looking *k)
{
	struct ctl *c = k->q->c;
	const char *list = "";

	for (size_t i = 0; i < k->plan.len; i++)
		list = arena_printf(&c->arena, "%s%s%u", list, i > 0 ? ", " : "",
		    k->plan.ports[i].number);
	return list;
}

static int
read_port(const struct looking *k, uint64_t *port)
{
	struct ctl *c = k->q->c;
	const char *typed = k->q->typed_port, *name = k->q->typed_listener;
	struct err err = ERR_INIT;

	if (typed != NULL && name != NULL)
		return ctl_misused(c, "--port and --listener exclude each other");
	if (typed != NULL)
		return slice_u64(slice_str(typed), port) && *port > 0 &&
		    *port <= 65535 ? CTL_OK : ctl_misused(c, "--port: expected "
		    "a port from 1 to 65535, found \"%s\"", typed);
	if (name == NULL && k->plan.len == 1)
		*port = k->plan.ports[0].number;
	if (name == NULL && k->plan.len > 1)
		return ctl_misused(c, "Gateway %s has ports %s: say which, "
		    "--port N or --listener NAME",
		    model_object_name(k->q->gateway), port_list(k));
	for (size_t i = 0; name != NULL && i < k->len && *port == 0; i++)
		if (slice_eq(k->all[i].name, slice_str(name)))
			*port = k->all[i].port;
	if (*port != 0)
		return CTL_OK;
	err_set(&err, ERR_NOT_FOUND, "Gateway %s has no %s%s",
	    model_object_name(k->q->gateway), name == NULL ?
	    "port that could be opened" : "listener ", name == NULL ? "" : name);
	return ctl_fail_call(c, &err);
}

static int
find_port(struct looking *k)
{
	uint64_t port = 0;
	int code = read_port(k, &port);
	struct err err = ERR_INIT;

	for (size_t i = 0; code == CTL_OK && i < k->plan.len; i++)
		if (k->plan.ports[i].number == port && k->at == NULL)
			k->at = &k->plan.ports[i];
	if (code != CTL_OK || k->at != NULL) {
		k->q->to.port = (uint16_t)port;
		return code;
	}
	err_set(&err, ERR_NOT_FOUND, "Gateway %s opens no port %u; it opens %s",
	    model_object_name(k->q->gateway), (unsigned)port,
	    k->plan.len == 0 ? "none" : port_list(k));
	return ctl_fail_call(k->q->c, &err);
}

/* --- the listener --------------------------------------------------------- */

/* As listeners of one port tell connections and requests apart. */
static void
find_listener(struct looking *k)
{
	struct choice *q = k->q;
	enum gateway_answer answer = GATEWAY_MEANT;

	q->listener = q->is_tls ? gateway_find(k->at, q->sni) :
	    k->at->listeners[0];
	if (k->at->protocol == GATEWAY_UDP) {
		q->refusal = "listeners of UDP are not served yet";
	} else if (q->listener == NULL) {
		q->refusal = "no listener has this server name: TLS is refused";
	} else if (listener_is_stream(owner_of(q->listener)->doc)) {
		q->is_stream = true;
		return;
	} else {
		answer = gateway_meant(k->at, q->is_tls ? q->sni : SLICE_NONE,
		    q->asked.request.host, &q->listener);
	}
	if (answer == GATEWAY_NOBODY)
		q->refusal = "no listener has this host: answered 404";
	else if (answer == GATEWAY_MISDIRECTED)
		q->refusal = "the server name means another listener than the "
		    "host: answered 421";
	if (q->refusal != NULL)
		q->listener = NULL;
}

/* What the listeners of its port are told apart by. */
static struct slice
name_of(const struct looking *k)
{
	return k->q->is_stream ? k->q->sni : k->q->asked.request.host;
}

static const char *
why_not(const struct looking *k, const struct gateway_listener *l)
{
	const struct choice *q = k->q;

	if (l->conflict != GATEWAY_DISTINCT)
		return arena_printf(&q->c->arena, "another has its place: %s",
		    gateway_conflict_reason(l->conflict));
	if (l->port != k->at->number ||
	    (l->protocol == GATEWAY_UDP) != (k->at->protocol == GATEWAY_UDP))
		return "its port is another";
	if (k->at->protocol == GATEWAY_UDP)
		return "it is not served yet";
	if (!gateway_holds(l->hostname, name_of(k)))
		return "its hostname is another";
	return q->listener == NULL && gateway_find(k->at, name_of(k)) == l ?
	    "the server name means another" :
	    "its hostname is less specific";
}

static void
add_listener(struct ctl *c, struct conf_node *row,
    const struct gateway_listener *l)
{
	const struct route_listener *of = owner_of(l);

	conf_set_slice(row, "listener", l->name);
	conf_set_string(row, "of", arena_printf(&c->arena, "%s %s",
	    of->document->kind->kind, model_object_name(of->document)));
	conf_set_int(row, "port", l->port);
	conf_set_string(row, "protocol", of->doc->protocol);
	if (l->hostname.len > 0)
		conf_set_slice(row, "hostname", l->hostname);
}

static void
explain_listeners(struct looking *k)
{
	struct ctl *c = k->q->c;

	k->q->listeners = conf_list_new(&c->arena);
	for (size_t i = 0; i < k->len; i++) {
		struct conf_node *row;

		if (&k->all[i] == k->q->listener)
			continue;
		row = conf_add_map(k->q->listeners);
		add_listener(c, row, &k->all[i]);
		conf_set_string(row, "why", why_not(k, &k->all[i]));
	}
}

/* --- its routes ----------------------------------------------------------- */

static void
find_routes(struct looking *k)
{
	struct choice *q = k->q;
	const struct model_set *set = &q->traffic.set;
	const struct route_labels labels = route_labels_seen(&k->sight);

	q->routes = arena_alloc(&q->c->arena,
	    (set->len + 1) * sizeof(const struct model_object *));
	if (q->listener != NULL)
		q->len = routes_of_listener((const struct model_object *const *)
		    set->objects, set->len, owner_of(q->listener), &labels,
		    q->routes);
}

static bool
is_there(const struct choice *q, const struct model_object *route)
{
	for (size_t i = 0; i < q->len; i++)
		if (q->routes[i] == route)
			return true;
	return false;
}

/* The best that its references say; false: none is to this document. */
static bool
meets(const struct looking *k, const struct model_object *route,
    enum route_reason *best)
{
	const struct route_listener *l = owner_of(k->q->listener);
	const struct model_route_at *at = model_route(route);
	const struct conf_pairs labels = route_sight_labels(&k->sight,
	    route->head->meta.namespace);
	bool is_named = false;

	*best = ROUTE_NO_MATCHING_PARENT;
	for (size_t i = 0; i < at->parents_len; i++) {
		enum route_reason r;

		if (!route_names(route, &at->parents[i], l->document))
			continue;
		r = route_meets_listener(route, &at->parents[i], l, &labels);
		is_named = true;
		if (r > *best)
			*best = r;
	}
	return is_named;
}

static void
explain_routes(struct looking *k)
{
	static const char *const why[] = {
		[ROUTE_NO_MATCHING_PARENT] = "it names another listener or port",
		[ROUTE_NOT_ALLOWED] = "allowedRoutes leaves out its kind or "
		    "namespace",
		[ROUTE_NO_MATCHING_HOSTNAME] = "it has no host in common with "
		    "the listener",
		[ROUTE_ACCEPTED] = "a route of another kind has its hosts",
	};
	struct choice *q = k->q;
	const struct model_object **all;
	size_t n = traffic_routes(&q->traffic, &all);

	q->unattached = conf_list_new(&q->c->arena);
	for (size_t i = 0; q->listener != NULL && i < n; i++) {
		enum route_reason reason;
		struct conf_node *row;

		if (is_there(q, all[i]) || !meets(k, all[i], &reason))
			continue;
		row = conf_add_map(q->unattached);
		conf_set_string(row, "kind", all[i]->kind->kind);
		conf_set_string(row, "route", model_object_name(all[i]));
		conf_set_string(row, "why", why[reason]);
	}
}

/* --- all of it ------------------------------------------------------------ */

static int
read_names(struct looking *k)
{
	struct choice *q = k->q;
	const char *typed = q->typed_sni;

	q->is_tls = k->at->protocol == GATEWAY_HTTPS;
	if (!q->is_tls && typed != NULL)
		return ctl_misused(q->c, "--sni: port %u has no TLS",
		    k->at->number);
	q->sni = !q->is_tls ? SLICE("") : typed == NULL ?
	    q->asked.request.host : asked_host(q->c, slice_str(typed));
	return CTL_OK;
}

int
choice_at_gateway(struct choice *q)
{
	struct looking k = { .q = q, .sight = traffic_sight(&q->traffic) };
	const char *namespace, *name;
	int code = names_read(q->c, "--gateway", ctl_value(q->c, "gateway"),
	    &namespace, &name);

	if (code == CTL_OK)
		code = asked_read(q->c, "", &q->asked);
	if (code == CTL_OK)
		code = load(&k, namespace, name);
	if (code != CTL_OK)
		return code;
	q->from = namespace;
	asked_by_stranger(q->c, &q->asked);
	plan(&k);
	code = find_port(&k);
	if (code == CTL_OK)
		code = read_names(&k);
	if (code != CTL_OK)
		return code;
	find_listener(&k);
	explain_listeners(&k);
	find_routes(&k);
	explain_routes(&k);
	return CTL_OK;
}

void
choice_add_listener(struct choice *q, struct conf_node *out)
{
	if (q->listener != NULL)
		add_listener(q->c, out, q->listener);
}
