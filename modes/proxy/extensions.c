#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/json.h"
#include "filter/rate_limit.h"
#include "filter/table.h"
#include "model/extension.h"
#include "modes/proxy/extensions.h"

/* The kinds in the order in which a request meets them. */
static const struct row {
	const struct model_kind *kind;
	const char              *filter;
	enum extension_side      side;
	bool                     is_of_port;	/* one for each port */
	bool                     is_many;	/* several for one service */
	bool                     is_everywhere;	/* one for all its places */
} rows[] = {
	{ &model_fault_injection_kind, "fault", AT_CALLER, false, false, true },
	{ &model_rate_limit_kind, "rate_limit", AT_SERVICE, false, true, false },
	{ &model_compression_kind, "compression", AT_SERVICE, false, false, true },
	{ &model_cache_kind, "cache", AT_SERVICE, true, false, false },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

/* Of one of the four. */
static const struct row *
row_of(const struct model_kind *kind)
{
	size_t i = 0;

	while (i < ROWS - 1 && rows[i].kind != kind)
		i++;
	return &rows[i];
}

/* --- which documents ------------------------------------------------------------ */

struct target {
	struct model_object *doc;
	const char          *port;	/* by name; NULL: all */
};

/* Those about one service. */
struct targeting {
	struct target *v;
	size_t         len, cap;
};

static void
targeting_free(void *arg)
{
	struct targeting *t = arg;

	mem_free(t->v);
	mem_free(t);
}

/* By kind; of one kind those about one port first, then the oldest. */
static int
by_turn(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	ptrdiff_t kinds = row_of(x->doc->kind) - row_of(y->doc->kind);

	if (kinds != 0)
		return kinds < 0 ? -1 : 1;
	if ((x->port == NULL) != (y->port == NULL))
		return x->port != NULL ? -1 : 1;
	return model_object_by_age(x->doc, y->doc);
}

static void
note_target(struct extensions *x, struct model_object *o,
    const struct model_target_ref *ref)
{
	char *key = mem_printf("%s/%s", o->head->meta.namespace, ref->name);
	struct targeting *t = map_get(&x->of_service, slice_str(key));

	if (t == NULL) {
		t = mem_zalloc(sizeof(*t));
		map_put(&x->of_service, slice_str(key), t);
	}
	mem_free(key);
	if (t->len == t->cap) {
		t->cap = 2 * t->cap + 4;
		t->v = mem_realloc(t->v, t->cap * sizeof(*t->v));
	}
	t->v[t->len++] = (struct target){ o, ref->section };
}

void
extensions_init(struct extensions *x, const struct compile_input *in,
    struct snapshot *out)
{
	const struct model_target_ref *targets;
	size_t n, it = 0;
	void *value;

	*x = (struct extensions){ .in = in, .out = out };
	map_init(&x->docs);
	map_init(&x->of_service);
	for (size_t i = 0; i < in->len; i++) {
		struct model_object *o = in->objects[i];

		if (!model_extension_targets(o, &targets, &n))
			continue;
		map_put(&x->docs, slice_str(o->key), o);
		for (size_t j = 0; j < n; j++)
			if (model_ref_is(targets[j].group, targets[j].kind, "",
			    "Service"))
				note_target(x, o, &targets[j]);
	}
	while (map_next(&x->of_service, &it, NULL, &value)) {
		struct targeting *t = value;

		qsort(t->v, t->len, sizeof(*t->v), by_turn);
	}
}

void
extensions_fini(struct extensions *x)
{
	map_fini(&x->docs, NULL);
	map_fini(&x->of_service, targeting_free);
}

/* --- parts ------------------------------------------------------------------------ */

void
extension_free(void *arg)
{
	struct extension *e = arg;

	model_object_unref(e->doc);
	l7_part_unref(e->part);
	mem_free(e->text);
	mem_free(e);
}

/* What it says to its filter: all but where it acts. */
static struct conf_node *
config_of(const struct model_object *o, struct arena *a)
{
	struct conf_node *config = conf_map_new(a);

	CONF_FOREACH(e, conf_get(o->node, "spec"))
		if (!slice_is(e->key, "targetRefs") && !slice_is(e->key, "scope"))
			conf_set(config, arena_printf(a, "%.*s",
			    SLICE_ARG(e->key)), conf_copy(a, e->node));
	return config;
}

static struct extension *
extension_new(struct model_object *doc, char *text, struct l7_part *part)
{
	struct extension *e = mem_alloc(sizeof(*e));

	*e = (struct extension){ model_object_ref(doc), text, part };
	return e;
}

static bool
is_global(const struct model_object *o)
{
	return o->kind == &model_rate_limit_kind &&
	    model_rate_limit(o)->scope == MODEL_LIMIT_GLOBAL;
}

void
extensions_of_all(const struct snapshot *s, void (*fn)(void *arg,
    struct slice name, struct l7_part *), void *arg)
{
	struct slice name;
	size_t it = 0;
	void *value;

	while (map_next(&s->extensions, &it, &name, &value)) {
		const struct extension *e = value;

		if (is_global(e->doc))
			fn(arg, name, e->part);
	}
}

static void
tell(const struct extensions *x, const struct model_object *doc,
    const struct err *why, const char *instead)
{
	struct err err = ERR_INIT;

	err_set(&err, why->kind, "%s; %s", why->text, instead);
	if (x->in->fault != NULL)
		x->in->fault(x->in->fault_arg, doc->key, &err);
}

/*
 * As it was in the snapshot before, if it says the same, or says what cannot be
 * made; else anew.
 */
static struct extension *
make(struct extensions *x, struct model_object *doc, struct slice key)
{
	const struct snapshot *before = x->in->before;
	const struct extension *old = before == NULL ? NULL :
	    map_get(&before->extensions, key);
	const struct l7_filter *f = filter_find_l7(row_of(doc->kind)->filter)->l7;
	struct arena scratch = { 0 };
	struct str text = { 0 };
	struct err err = ERR_INIT;
	void *shared = NULL;
	struct extension *e = NULL;
	struct conf_node *config = config_of(doc, &scratch);

	conf_json_write(&text, config);
	if (is_global(doc))
		str_add(&text, " with other proxies");
	if (old != NULL && strcmp(old->text, str_ptr(&text)) == 0) {
		e = extension_new(doc, mem_strdup(old->text),
		    l7_part_ref(old->part));
	} else if (f->base.configure(&shared, config, &err) == 0) {
		e = extension_new(doc, mem_strdup(str_ptr(&text)),
		    l7_part_new(f, shared));
		if (is_global(doc))
			rate_limit_lease_all(rate_limit_of(e->part));
	} else {
		tell(x, doc, &err, old != NULL ? "its last good form stays in "
		    "force" : "it is left out");
		if (old != NULL)
			e = extension_new(doc, mem_strdup(old->text),
			    l7_part_ref(old->part));
	}
	str_fini(&text);
	arena_fini(&scratch);
	return e;
}

/* Borrowed; NULL: it does not configure, which was told. */
static struct l7_part *
part_at(struct extensions *x, struct model_object *doc, const char *place)
{
	char *text = mem_printf("%s %s", doc->key,
	    row_of(doc->kind)->is_everywhere ? "everywhere" : place);
	struct slice key = slice_str(text);
	struct extension *e = map_get(&x->out->extensions, key);

	if (e == NULL) {
		e = make(x, doc, key);
		if (e != NULL)
			map_put(&x->out->extensions, key, e);
	}
	mem_free(text);
	return e == NULL ? NULL : e->part;
}

static void
add(struct l7_chain **chain, const char *name, struct extensions *x,
    struct l7_part *part)
{
	if (*chain == NULL)
		*chain = l7_chain_new(name, x->in->filter_stats);
	l7_chain_add_part(*chain, part);
}

/* --- of a service ------------------------------------------------------------------- */

static bool
is_for_port(const struct target *t, const char *port_name)
{
	return t->port == NULL || (port_name != NULL &&
	    strcmp(t->port, port_name) == 0);
}

struct l7_chain *
extensions_of_service(struct extensions *x, const struct service_name *name,
    uint16_t port, const char *port_name, unsigned sides)
{
	char key[SERVICE_KEY_MAX];
	const struct targeting *t;
	const struct row *last = NULL;
	struct l7_chain *chain = NULL;

	service_key(name, key);
	t = map_get(&x->of_service, slice_str(key));
	for (size_t i = 0; t != NULL && i < t->len; i++) {
		const struct row *row = row_of(t->v[i].doc->kind);
		struct l7_part *part;

		if (!is_for_port(&t->v[i], port_name) ||
		    (sides & EXTENSION_SIDE(row->side)) == 0 ||
		    (row == last && !row->is_many))
			continue;
		last = row;
		char *place = row->is_of_port ?
		    mem_printf("service %s:%u", key, port) :
		    mem_printf("service %s", key);

		part = part_at(x, t->v[i].doc, place);
		mem_free(place);
		if (part != NULL)
			add(&chain, "service", x, part);
	}
	return chain;
}

/* --- of rules ------------------------------------------------------------------------ */

static struct model_object *
find(struct extensions *x, const struct model_object *route,
    const struct model_object_ref *ref)
{
	const struct model_kind *kind = model_extension_kind(ref->group,
	    ref->kind);
	struct arena scratch = { 0 };
	struct model_object *o = kind == NULL ? NULL : map_get(&x->docs,
	    slice_str(model_key(&scratch, kind, route->head->meta.namespace,
	    ref->name)));

	arena_fini(&scratch);
	return o;
}

bool
extensions_of_filters(struct extensions *x, const struct model_object *route,
    const char *place, const struct model_http_filter *f, size_t n,
    struct l7_chain **chain)
{
	bool is_whole = true;

	for (size_t i = 0; i < n; i++) {
		struct model_object *doc;
		struct l7_part *part;

		if (f[i].extension == NULL)
			continue;
		doc = find(x, route, f[i].extension);
		part = doc == NULL ? NULL : part_at(x, doc, place);
		if (part == NULL)
			is_whole = false;
		else
			add(chain, "rule", x, part);
	}
	return is_whole;
}
