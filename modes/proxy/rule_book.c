#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "model/grpc_route.h"
#include "modes/proxy/rule_book.h"

struct builder {
	struct rule_book *book;
	size_t            rules_cap;
};

/* --- splits -------------------------------------------------------------------- */

static uint64_t
common_factor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Steps of nearly the golden section of a circle never leave a large gap
 * (Knuth, The Art of Computer Programming, 6.4), and visit all of its points
 * if they have no factor in common.
 */
static uint64_t
stride_for(uint64_t weights)
{
	uint64_t stride = (uint64_t)((double)weights * 0.6180339887498949);

	if (stride == 0)
		return 1;
	while (common_factor(stride, weights) != 1)
		stride++;
	return stride;
}

static void
share_out(struct rule *r, struct arena *a)
{
	uint64_t factor = 0;

	for (size_t i = 0; i < r->backends_len; i++)
		factor = common_factor((uint64_t)r->backends[i].ref->weight,
		    factor);
	for (size_t i = 0; i < r->backends_len; i++) {
		if (factor > 0)
			r->weights += (uint64_t)r->backends[i].ref->weight /
			    factor;
		r->backends[i].until = r->weights;
	}
	r->turn = arena_alloc(a, sizeof(*r->turn));
	/* Many proxies shall not begin with the same backend. */
	atomic_init(r->turn, r->weights > 1 ? random_below(r->weights) : 0);
	r->stride = r->weights > 1 ? stride_for(r->weights) : 0;
}

const struct rule_backend *
rule_next_backend(const struct rule *r)
{
	uint64_t at = 0;

	if (r->weights == 0)
		return NULL;
	if (r->weights > 1) {
		uint64_t turn = atomic_fetch_add_explicit(r->turn, 1,
		    memory_order_relaxed);

		at = turn % r->weights * r->stride % r->weights;
	}
	for (size_t i = 0;; i++)
		if (at < r->backends[i].until)
			return &r->backends[i];
}

/* --- one rule ------------------------------------------------------------------- */

bool
rule_service_name(struct service_name *out, const struct model_object *route,
    const struct model_object_ref *ref)
{
	const char *namespace = ref->namespace != NULL ? ref->namespace :
	    route->head->meta.namespace;
	char name[MODEL_BACKEND_NAME_MAX];

	if (!model_backend_service_name(ref->group, ref->kind, ref->name, name) ||
	    strlen(namespace) > SNI_LABEL_MAX || strlen(name) > SNI_LABEL_MAX)
		return false;
	memcpy(out->ns, namespace, strlen(namespace) + 1);
	memcpy(out->name, name, strlen(name) + 1);
	return true;
}

static void
add_backends(struct rule_book *b, struct rule *r,
    const struct model_route_rule *doc)
{
	r->backends = arena_zalloc(&b->arena,
	    doc->backends_len * sizeof(*r->backends) + 1);
	r->backends_len = doc->backends_len;
	for (size_t i = 0; i < doc->backends_len; i++) {
		const struct model_backend_ref *ref = &doc->backends[i];
		const struct model_object_ref to = { ref->group, ref->kind,
			ref->namespace, ref->name, ref->port };
		struct rule_backend *backend = &r->backends[i];

		backend->ref = ref;
		backend->filters = ref->filters;
		backend->filters_len = ref->filters_len;
		backend->slot = b->slots++;
		/* Port 0 is none that any service has. */
		if (rule_service_name(&backend->service, r->route, &to))
			backend->port = ref->port;
	}
	share_out(r, &b->arena);
}

static void
add_mirrors(struct rule_book *b, struct rule *r,
    const struct model_http_filter *filters, size_t n,
    const struct rule_backend *only)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_mirror *m = filters[i].mirror;
		struct rule_mirror *mirror = &r->mirrors[r->mirrors_len];

		if (m == NULL)
			continue;
		*mirror = (struct rule_mirror){ .doc = m, .only = only,
			.slot = b->slots++ };
		r->mirrors_len++;
		if (rule_service_name(&mirror->service, r->route, &m->backend))
			mirror->port = m->backend.port;
	}
}

static void
add_all_mirrors(struct rule_book *b, struct rule *r,
    const struct model_route_rule *doc)
{
	size_t most = doc->filters_len;

	for (size_t i = 0; i < doc->backends_len; i++)
		most += doc->backends[i].filters_len;
	if (most == 0)
		return;
	r->mirrors = arena_alloc(&b->arena, most * sizeof(*r->mirrors));
	add_mirrors(b, r, doc->filters, doc->filters_len, NULL);
	for (size_t i = 0; i < doc->backends_len; i++)
		add_mirrors(b, r, doc->backends[i].filters,
		    doc->backends[i].filters_len, &r->backends[i]);
}

/* What most rules want of a request besides its way: nothing. */
static const struct model_http_rule plain = {
	.timeouts = { .request_ms = -1, .backend_request_ms = -1 },
};

static bool
is_plain(const struct model_http_rule *doc)
{
	return doc->filters_len == 0 && doc->retry == NULL &&
	    doc->persistence == NULL && doc->timeouts.request_ms < 0 &&
	    doc->timeouts.backend_request_ms < 0;
}

/* One of a GRPCRoute says nothing of time. */
static const struct model_http_rule *
doc_of(struct rule_book *b, const struct model_object *route, size_t index)
{
	const struct model_grpc_rule *from;
	struct model_http_rule *doc;

	if (route->kind == &model_http_route_kind)
		return &model_http_route(route)->spec.rules[index];
	if (route->kind != &model_grpc_route_kind)
		return NULL;
	from = &model_grpc_route(route)->spec.rules[index];
	doc = arena_alloc(&b->arena, sizeof(*doc));
	*doc = plain;
	doc->filters = from->filters;
	doc->filters_len = from->filters_len;
	doc->persistence = from->persistence;
	return doc;
}

static struct rule *
make_rule(struct builder *bd, const struct model_object *route, size_t index)
{
	struct rule_book *b = bd->book;
	const struct model_route_rule doc = model_route_rule(route, index);
	struct rule *r = arena_zalloc(&b->arena, sizeof(*r));

	r->route = route;
	r->is_grpc = route->kind == &model_grpc_route_kind;
	r->doc = doc_of(b, route, index);
	r->orders = r->doc == NULL || is_plain(r->doc) ? &plain : r->doc;
	r->name = slice_str(doc.name != NULL ?
	    arena_printf(&b->arena, "%s/%s", model_object_name(route), doc.name) :
	    arena_printf(&b->arena, "%s/%zu", model_object_name(route), index));
	r->is_extended = model_filter_find(doc.filters, doc.filters_len,
	    MODEL_EXTENSION) != NULL || model_filter_find(doc.filters,
	    doc.filters_len, MODEL_EXTERNAL_AUTH) != NULL;
	if (r->is_extended)
		r->slot = b->slots++;
	add_backends(b, r, &doc);
	add_all_mirrors(b, r, &doc);
	if (b->rules_len == bd->rules_cap) {
		bd->rules_cap = 2 * bd->rules_cap + 8;
		b->rules = mem_realloc(b->rules,
		    bd->rules_cap * sizeof(struct rule *));
	}
	b->rules[b->rules_len++] = r;
	return r;
}

/* --- the book ---------------------------------------------------------------------- */

/* What became of this key in an earlier book, or NULL. */
static struct model_object *
last_good(const struct rule_book *b, const char *key)
{
	for (size_t i = 0; b != NULL && i < b->good_len; i++)
		if (strcmp(b->good[i]->key, key) == 0)
			return b->good[i];
	return NULL;
}

static bool
is_same_route(const struct model_object *a, const struct model_object *b)
{
	return a == b || (strcmp(a->key, b->key) == 0 &&
	    a->head->meta.created == b->head->meta.created &&
	    model_same_spec(a->node, b->node));
}

static char *
hosts_of(const struct rule_order *orders, size_t n)
{
	struct str s = { 0 };

	for (size_t i = 0; i < n; i++)
		str_addf(&s, "%s\n", orders[i].is_service ? "service" :
		    orders[i].hostname == NULL ? "" : orders[i].hostname);
	return str_give(&s);
}

static bool
is_made_of(const struct rule_book *b, const struct rule_order *orders, size_t n,
    const char *hosts)
{
	if (b == NULL || b->wanted_len != n || strcmp(b->hosts, hosts) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_same_route(b->wanted[i], orders[i].route))
			return false;
	return true;
}

/* Documents are counted, so whoever keeps one changes its count. */
static struct model_object *
keep(const struct model_object *o)
{
	union { const struct model_object *from; struct model_object *to; } u = {
		o
	};

	return model_object_ref(u.to);
}

static struct rule_book *
book_new(const struct rule_order *orders, size_t n, char *hosts)
{
	struct rule_book *b = mem_zalloc(sizeof(*b));

	refs_init(&b->refs);
	arena_init(&b->arena);
	b->hosts = hosts;
	b->table = route_table_new();
	b->wanted = arena_alloc(&b->arena, (n + 1) * sizeof(*b->wanted));
	b->good = arena_alloc(&b->arena, (n + 1) * sizeof(*b->good));
	b->faults = arena_alloc(&b->arena, (n + 1) * sizeof(*b->faults));
	b->wanted_len = n;
	for (size_t i = 0; i < n; i++)
		b->wanted[i] = keep(orders[i].route);
	return b;
}

static const void *
payload(void *arg, const struct model_object *route, size_t rule)
{
	return make_rule(arg, route, rule);
}

static void
add_route(struct builder *bd, const struct rule_order *o,
    const struct model_object *route, struct route_built *built)
{
	const struct route_parent parent = {
		.is_service = o->is_service, .hostname = o->hostname,
		.payload = payload, .arg = bd,
	};

	route_add(bd->book->table, route, &parent, built);
}

static void
tell(struct rule_book *b, const char *key, const struct err *why,
    const char *instead)
{
	struct rule_fault *f = &b->faults[b->faults_len++];

	*f = (struct rule_fault){ .key = key, .err = ERR_INIT };
	err_set(&f->err, why->kind, "%s; %s", why->text, instead);
}

/* As it is, or if not all of it compiles as it was, or else what does. */
static void
take_route(struct builder *bd, const struct rule_order *o,
    const struct rule_book *before)
{
	struct rule_book *b = bd->book;
	const struct model_object *good = o->route, *old;
	size_t start = route_table_len(b->table);
	struct route_built built;

	add_route(bd, o, good, &built);
	if (built.dropped > 0) {
		old = last_good(before, good->key);
		tell(b, good->key, &built.err, old != NULL ?
		    "what it said before stays in force" :
		    "its other rules are in force");
		if (old != NULL) {
			route_table_cut(b->table, start);
			good = old;
			add_route(bd, o, good, &built);
		}
	}
	b->good[b->good_len++] = keep(good);
}

static struct rule_book *
book_make(const struct rule_order *orders, size_t n, char *hosts,
    const struct rule_book *before)
{
	struct builder bd = { .book = book_new(orders, n, hosts) };

	for (size_t i = 0; i < n; i++)
		take_route(&bd, &orders[i], before);
	route_table_seal(bd.book->table);
	return bd.book;
}

struct rule_book *
rule_book_make(const struct rule_order *orders, size_t n,
    struct rule_book *before, rule_fault_fn *fault, void *arg)
{
	char *hosts = hosts_of(orders, n);
	struct rule_book *b;

	if (is_made_of(before, orders, n, hosts)) {
		mem_free(hosts);
		b = rule_book_ref(before);
	} else {
		b = book_make(orders, n, hosts, before);
	}
	for (size_t i = 0; fault != NULL && i < b->faults_len; i++)
		fault(arg, b->faults[i].key, &b->faults[i].err);
	return b;
}

struct rule_book *
rule_book_ref(struct rule_book *b)
{
	refs_take(&b->refs);
	return b;
}

void
rule_book_unref(struct rule_book *b)
{
	if (b == NULL || !refs_drop(&b->refs))
		return;
	for (size_t i = 0; i < b->wanted_len; i++)
		model_object_unref(b->wanted[i]);
	for (size_t i = 0; i < b->good_len; i++)
		model_object_unref(b->good[i]);
	route_table_unref(b->table);
	mem_free(b->rules);
	mem_free(b->hosts);
	arena_fini(&b->arena);
	mem_free(b);
}
