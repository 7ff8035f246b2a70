#include "modes/ctl/choice.h"
#include "modes/ctl/problems.h"
#include "modes/ctl/route_text.h"

static struct model_route_rule
rule_of(const struct choice_target *t)
{
	return model_route_rule(t->route, t->rule);
}

static const void *
make_target(void *arg, const struct model_object *route, size_t rule)
{
	struct choice *q = arg;
	struct choice_target *t = arena_alloc(&q->c->arena, sizeof(*t));

	*t = (struct choice_target){ route, rule };
	return t;
}

/* --- who won, who lost ---------------------------------------------------- */

static void
set_text(struct conf_node *map, const char *key, struct str *text)
{
	conf_set_slice(map, key, str_slice(text));
	str_fini(text);
}

static void
add_place(struct conf_node *row, const struct choice_target *t,
    const struct route_found *found)
{
	struct str text = { 0 };

	conf_set_string(row, "kind", t->route->kind->kind);
	conf_set_string(row, "route", model_object_name(t->route));
	conf_set_int(row, "rule", found->rule);
	conf_set_string(row, "name", rule_of(t).name);
	conf_set_int(row, "match", found->match);
	if (found->host.len > 0)
		str_addf(&text, "host %.*s, ", SLICE_ARG(found->host));
	route_text_match_of(&text, t->route, t->rule, found->match);
	set_text(row, "matches", &text);
}

static bool
is_grpc(const struct choice_target *t)
{
	return t->route->kind == &model_grpc_route_kind;
}

static void
on_verdict(void *arg, const struct route_verdict *v)
{
	struct choice *q = arg;
	struct conf_node *row;
	struct str why = { 0 };

	if (v->loss == ROUTE_WON) {
		q->winner = v->rule.payload;
		q->found = v->rule;
		return;
	}
	row = conf_add_map(q->others);
	add_place(row, v->rule.payload, &v->rule);
	str_add(&why, is_grpc(v->rule.payload) ?
	    route_loss_text_of_call(v->loss) : route_loss_text(v->loss));
	if (v->name.ptr != NULL)
		str_addf(&why, ": %.*s", SLICE_ARG(v->name));
	set_text(row, "why", &why);
}

bool
choice_is_free(const struct choice *q)
{
	return q->service != NULL && q->len == 0;
}

static const char *
hostname_of(const struct choice *q)
{
	const struct route_listener *l = q->listener == NULL ? NULL :
	    q->listener->owner;

	return l == NULL ? NULL : l->doc->hostname;
}

/* What is asked says so; what says nothing may be a call. */
static bool
is_no_call(const struct choice *q)
{
	const struct route_request *r = &q->asked.request;
	struct slice type = r->header(r->head, SLICE("content-type"));

	return type.ptr != NULL &&
	    !slice_has_prefix(type, SLICE("application/grpc"));
}

bool
choice_is_call(const struct choice *q)
{
	if (q->is_stream || is_no_call(q))
		return false;
	for (size_t i = 0; i < q->len; i++)
		if (q->routes[i]->kind != &model_grpc_route_kind)
			return q->winner != NULL && is_grpc(q->winner);
	return q->len > 0;
}

/* What a GRPCRoute has is for calls alone. */
static void
find_answer(struct choice *q)
{
	if (q->winner != NULL && is_grpc(q->winner) && is_no_call(q))
		conf_add_string(q->problems, "it is answered 415, as by its "
		    "content-type it is no call of gRPC");
}

static void
find_problems(struct choice *q)
{
	q->problems = conf_list_new(&q->c->arena);
	for (size_t i = 0; i < q->len; i++)
		problems_of_route(&q->traffic, q->routes[i], q->problems);
	if (q->gateway != NULL)
		problems_of_gateway(&q->traffic, q->gateway, q->problems);
	if (q->listener != NULL)
		problems_of_listener(&q->traffic, q->listener->owner,
		    q->problems);
	find_answer(q);
}

void
choice_make(struct choice *q)
{
	const struct route_parent parent = {
		.is_service = q->service != NULL, .hostname = hostname_of(q),
		.payload = make_target, .arg = q,
	};
	const struct route_request stream = route_connection(q->sni);
	struct route_built built;

	q->others = conf_list_new(&q->c->arena);
	q->table = route_table_new();
	for (size_t i = 0; i < q->len; i++)
		route_add(q->table, q->routes[i], &parent, &built);
	route_table_seal(q->table);
	route_explain(q->table, q->is_stream ? &stream : &q->asked.request,
	    on_verdict, q);
	CONF_FOREACH(e, q->unattached)
		conf_add(q->others, e->node);
	find_problems(q);
	choice_find_policies(q);
}

void
choice_fini(struct choice *q)
{
	route_table_unref(q->table);
	traffic_close(&q->traffic);
}

/* --- for programs --------------------------------------------------------- */

static void
add_request(struct choice *q, struct conf_node *out)
{
	const struct route_request *r = &q->asked.request;

	if (!q->is_stream) {
		/* Every call is a POST, whatever was typed. */
		conf_set_slice(out, "method", choice_is_call(q) ?
		    SLICE("POST") : r->method);
		conf_set_slice(out, "path", r->path);
		if (r->query.ptr != NULL)
			conf_set_slice(out, "query", r->query);
		conf_set_slice(out, "host", r->host);
	}
	if (q->sni.len > 0)
		conf_set_slice(out, "serverName", q->sni);
	conf_set_int(out, "port", q->to.port);
	if (q->service != NULL && model_service_port(model_service(q->service),
	    q->to.port) != NULL)
		conf_set_string(out, "protocol", model_port_word(
		    model_service_port(model_service(q->service),
		    q->to.port)));
	if (q->gateway != NULL) {
		conf_set_string(out, "gateway", model_object_name(q->gateway));
		return;
	}
	conf_set_string(out, "service", model_object_name(q->service));
	conf_set_string(out, "callerNamespace", q->from);
}

static void
add_entrance(struct choice *q, struct conf_node *out)
{
	if (q->gateway == NULL)
		return;
	if (q->listener != NULL)
		choice_add_listener(q, conf_set_map(out, "listener"));
	else
		conf_set(out, "listener", conf_null_new(&q->c->arena));
	conf_set_string(out, "refused", q->refusal);
	conf_set(out, "otherListeners", q->listeners);
}

static void
add_backends(struct conf_node *list, const struct model_route_rule rule)
{
	int64_t sum = model_backends_weight(rule.backends, rule.backends_len);

	for (size_t i = 0; i < rule.backends_len; i++) {
		const struct model_backend_ref *b = &rule.backends[i];
		struct conf_node *row = conf_add_map(list);
		struct str text = { 0 };

		route_text_backend(&text, b);
		set_text(row, "backend", &text);
		conf_set_int(row, "weight", b->weight);
		route_text_share(&text, b->weight, sum);
		set_text(row, "share", &text);
	}
}

static void
add_winner(struct choice *q, struct conf_node *out)
{
	const struct conf_node *rules = conf_find(q->winner->route->node,
	    "spec.rules");
	const struct conf_node *rule = conf_at(rules, q->winner->rule);

	add_place(out, q->winner, &q->found);
	add_backends(conf_set_list(out, "backends"), rule_of(q->winner));
	if (rule != NULL)
		conf_set(out, "document", conf_copy(&q->c->arena, rule));
}

struct conf_node *
choice_node(struct choice *q)
{
	struct conf_node *out = conf_map_new(&q->c->arena), *list;

	add_request(q, conf_set_map(out, "request"));
	add_entrance(q, out);
	list = conf_set_list(out, "routes");
	for (size_t i = 0; i < q->len; i++)
		conf_add_string(list, model_object_name(q->routes[i]));
	if (q->winner != NULL)
		add_winner(q, conf_set_map(out, "winner"));
	else
		conf_set(out, "winner", conf_null_new(&q->c->arena));
	conf_set(out, "policies", q->policies);
	conf_set(out, "others", q->others);
	conf_set(out, "problems", q->problems);
	return out;
}
