#include <string.h>

#include "model/grpc_route.h"
#include "modes/ctl/names.h"
#include "modes/ctl/route_text.h"
#include "modes/ctl/split.h"
#include "modes/ctl/table.h"

/* --- what was typed ------------------------------------------------------- */

static bool
is_same_service(const struct traffic_name *a, const char *namespace,
    const char *name)
{
	return strcmp(a->namespace, namespace) == 0 && strcmp(a->name, name) == 0;
}

static int
read_part(struct split *s, const char *word)
{
	struct split_part *p = &s->parts[s->len];
	const char *equals = strrchr(word, '=');
	uint64_t weight;
	int code;

	if (equals == NULL || !slice_u64(slice_str(equals + 1), &weight) ||
	    weight > MODEL_WEIGHT_LIMIT)
		return ctl_misused(s->c, "BACKEND: expected NAME=WEIGHT with a "
		    "weight from 0 to %d, found \"%s\"", MODEL_WEIGHT_LIMIT, word);
	p->weight = (int64_t)weight;
	code = traffic_name_read(s->c, "BACKEND", arena_printf(&s->c->arena, "%.*s",
	    (int)(equals - word), word), s->to.namespace, &p->to);
	for (size_t i = 0; i < s->len && code == CTL_OK; i++)
		if (is_same_service(&s->parts[i].to, p->to.namespace, p->to.name) &&
		    s->parts[i].to.port == p->to.port)
			return ctl_misused(s->c, "BACKEND: %s/%s stands twice",
			    p->to.namespace, p->to.name);
	s->len++;
	return code;
}

int
split_read(struct split *s)
{
	struct ctl *c = s->c;
	size_t n = c->args.len - 1;
	int64_t sum = 0;
	int code = traffic_name_read(c, "SERVICE", ctl_word(c, 0), NULL, &s->to);

	if (code == CTL_OK && n > MODEL_BACKENDS_MAX)
		code = ctl_misused(c, "expected at most %d backends, found %zu",
		    MODEL_BACKENDS_MAX, n);
	s->parts = arena_zalloc(&c->arena, n * sizeof(*s->parts));
	for (size_t i = 0; i < n && code == CTL_OK; i++)
		code = read_part(s, ctl_word(c, i + 1));
	for (size_t i = 0; i < s->len; i++)
		sum += s->parts[i].weight;
	if (code == CTL_OK && sum == 0)
		code = ctl_misused(c, "every weight is 0: all requests would fail");
	return code;
}

bool
split_hangs(const struct split *s, const struct model_object *route)
{
	const struct model_object *one;

	if (s->to.port == 0)
		return traffic_hangs(route, s->service);
	return routes_of_service(&route, 1, s->service, s->to.port,
	    s->to.namespace, &one) == 1;
}

/* --- ports of backends ---------------------------------------------------- */

/* The reference of the rule that a part stands for; NULL: there is none. */
static const struct model_backend_ref *
ref_of(const struct split *s, const struct split_part *p)
{
	for (size_t i = 0; i < s->before_len; i++) {
		const struct model_backend_ref *b = &s->before[i];

		if (model_backend_is_service(b) && is_same_service(&p->to,
		    b->namespace != NULL ? b->namespace : s->to.namespace,
		    b->name) && (p->to.port == 0 || p->to.port == b->port))
			return b;
	}
	return NULL;
}

static uint16_t
only_port(const struct model_object *service)
{
	const struct model_service *m = model_service(service);

	return m->spec.ports_len == 1 ? m->spec.ports[0].port : 0;
}

/* As typed, as it was, that of the service itself, the only one. */
static int
find_port(struct split *s, struct split_part *p,
    const struct model_object *backend)
{
	const struct model_service *m = model_service(backend);
	uint16_t front = s->to.port != 0 ? s->to.port : only_port(s->service);
	const struct model_backend_ref *ref = ref_of(s, p);
	struct err err = ERR_INIT;

	if (p->to.port == 0 && ref != NULL)
		p->to.port = ref->port;
	else if (p->to.port == 0 && front != 0 &&
	    model_service_port(m, front) != NULL)
		p->to.port = front;
	else if (p->to.port == 0)
		p->to.port = only_port(backend);
	if (p->to.port == 0)
		return ctl_misused(s->c, "Service %s has %zu ports: say which, "
		    "%s:PORT=%lld", model_object_name(backend), m->spec.ports_len,
		    p->to.name, (long long)p->weight);
	if (model_service_port(m, p->to.port) != NULL)
		return CTL_OK;
	err_set(&err, ERR_NOT_FOUND, "Service %s has no port %u",
	    model_object_name(backend), p->to.port);
	return ctl_fail_call(s->c, &err);
}

static bool
takes_every_call(const struct model_grpc_rule *r)
{
	for (size_t i = 0; i < r->matches_len; i++) {
		const struct model_grpc_match *m = &r->matches[i];

		if (m->method.service == NULL && m->method.method == NULL &&
		    m->headers_len == 0)
			return true;
	}
	return false;
}

static bool
takes_every_request(const struct model_http_rule *r)
{
	for (size_t i = 0; i < r->matches_len; i++) {
		const struct model_http_match *m = &r->matches[i];

		if (m->path.type == MODEL_PATH_PREFIX &&
		    strcmp(m->path.value, "/") == 0 && m->method == NULL &&
		    m->headers_len == 0 && m->queries_len == 0)
			return true;
	}
	return false;
}

static bool
takes_all(const struct model_object *route, size_t rule)
{
	return route->kind == &model_grpc_route_kind ?
	    takes_every_call(&model_grpc_route(route)->spec.rules[rule]) :
	    takes_every_request(&model_http_route(route)->spec.rules[rule]);
}

/* Which rule of the route to change. */
static int
find_rule(struct split *s)
{
	size_t n, found = 0;

	if (s->route == NULL)
		return CTL_OK;
	n = model_route_rules(s->route);
	for (size_t i = n; i > 0; i--)
		if (n == 1 || takes_all(s->route, i - 1)) {
			s->rule = i - 1;
			found++;
		}
	const struct model_route_rule rule = model_route_rule(s->route, s->rule);

	s->before = rule.backends;
	s->before_len = rule.backends_len;
	if (found == 1)
		return CTL_OK;
	return ctl_misused(s->c, "%s %s has %zu rules, %zu of which take "
	    "every request; change it with mesh ctl apply", s->kind->kind,
	    model_object_name(s->route), n, found);
}

int
split_find_backends(struct split *s)
{
	int code = find_rule(s);

	for (size_t i = 0; i < s->len && code == CTL_OK; i++) {
		struct split_part *p = &s->parts[i];
		struct err err = ERR_INIT;
		const struct model_object *o = traffic_find(&s->traffic,
		    &model_service_kind, p->to.namespace, p->to.name, &err);

		code = o == NULL ? ctl_fail_call(s->c, &err) : find_port(s, p, o);
	}
	return code;
}

/* --- the document --------------------------------------------------------- */

static struct conf_node *
new_document(struct split *s)
{
	struct conf_node *doc = model_document_new(&s->c->arena, s->kind,
	    s->to.namespace, s->route_name);
	struct conf_node *parent = model_add_service_ref(conf_set_list(
	    conf_set_map(doc, "spec"), "parentRefs"), s->to.name);

	if (s->to.port != 0)
		conf_set_int(parent, "port", s->to.port);
	return doc;
}

static void
add_ref(struct split *s, struct conf_node *list, const struct split_part *p,
    const struct conf_node *before)
{
	const struct model_backend_ref *there = ref_of(s, p);
	struct conf_node *ref;

	if (there != NULL) {
		ref = conf_copy(&s->c->arena, conf_at(before,
		    (size_t)(there - s->before)));
		conf_add(list, ref);
	} else {
		ref = conf_add_map(list);
		conf_set_string(ref, "name", p->to.name);
		if (strcmp(p->to.namespace, s->to.namespace) != 0)
			conf_set_string(ref, "namespace", p->to.namespace);
	}
	conf_set_int(ref, "port", p->to.port);
	conf_set_int(ref, "weight", p->weight);
}

int
split_write(struct split *s)
{
	struct conf_node *spec, *rules, *rule, *list;
	struct model_object *o;
	struct err err = ERR_INIT;

	s->document = s->route == NULL ? new_document(s) :
	    conf_copy(&s->c->arena, s->route->node);
	conf_unset(s->document, "status");
	spec = conf_get(s->document, "spec");
	rules = conf_get(spec, "rules");
	if (conf_len(rules) == 0)
		conf_add_map(rules = conf_set_list(spec, "rules"));
	rule = conf_at(rules, s->rule);
	list = conf_list_new(&s->c->arena);
	for (size_t i = 0; i < s->len; i++)
		add_ref(s, list, &s->parts[i], conf_get(rule, "backendRefs"));
	conf_set(rule, "backendRefs", list);
	o = model_object_read(s->document, MODEL_STRICT, NULL, &err);
	model_object_unref(o);
	return o != NULL ? CTL_OK : ctl_fail(s->c, &err);
}

/* --- before and after ----------------------------------------------------- */

static void
add_weight(struct table *t, int64_t weight, int64_t sum)
{
	struct str cell = { 0 };

	if (weight >= 0) {
		str_addf(&cell, "%lld (", (long long)weight);
		route_text_share(&cell, weight, sum);
		str_add_char(&cell, ')');
	}
	table_add(t, str_slice(&cell));
	str_fini(&cell);
}

static void
add_gone(struct split *s, struct table *t, int64_t sum)
{
	for (size_t i = 0; i < s->before_len; i++) {
		const struct model_backend_ref *b = &s->before[i];
		struct str name = { 0 };
		bool stays = false;

		for (size_t k = 0; k < s->len && !stays; k++)
			stays = ref_of(s, &s->parts[k]) == b;
		if (stays)
			continue;
		route_text_backend(&name, b);
		table_add(t, str_slice(&name));
		add_weight(t, b->weight, sum);
		add_weight(t, -1, 0);
		str_fini(&name);
	}
}

void
split_print(struct split *s)
{
	static const char *const titles[] = { "BACKEND", "BEFORE", "AFTER", NULL };
	int64_t before = model_backends_weight(s->before, s->before_len), after = 0;
	struct table t;

	table_init(&t);
	table_columns(&t, titles);
	for (size_t i = 0; i < s->len; i++)
		after += s->parts[i].weight;
	for (size_t i = 0; i < s->len; i++) {
		const struct split_part *p = &s->parts[i];
		const struct model_backend_ref *ref = ref_of(s, p);
		bool is_near = strcmp(p->to.namespace, s->to.namespace) == 0;

		table_addf(&t, "%s%s%s:%u", is_near ? "" : p->to.namespace,
		    is_near ? "" : "/", p->to.name, p->to.port);
		add_weight(&t, ref == NULL ? -1 : ref->weight, before);
		add_weight(&t, p->weight, after);
	}
	add_gone(s, &t, before);
	table_print(&s->c->out, &t, s->c->headers, s->c->term.colour_out);
	table_fini(&t);
}
