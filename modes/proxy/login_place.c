#include <stdlib.h>
#include <string.h>

#include "model/oidc_login.h"
#include "modes/proxy/login_forward.h"
#include "modes/proxy/login_place.h"
#include "modes/proxy/rules.h"

#define NOTE	"login"

/* --- as documents have it ----------------------------------------------------------- */

/* Whether a rule of that route is among those of a listener. */
static bool
takes(const struct gateway_site *site, const char *route)
{
	const struct rule_book *book = site->rules == NULL ? NULL :
	    site->rules->book;

	for (size_t i = 0; book != NULL && i < book->rules_len; i++)
		if (strcmp(book->rules[i]->route->key, route) == 0)
			return true;
	return false;
}

static bool
hangs_at(const struct gateway_front *f, const char *route)
{
	for (size_t i = 0; i < f->port.len; i++)
		if (takes(f->port.listeners[i]->owner, route))
			return true;
	return false;
}

/* False: it is about something else. */
static bool
place(const struct gateway_front *f, const struct model_object *doc,
    const struct model_target_ref *t, struct arena *a, struct login_at *at)
{
	const struct model_metadata *m = &f->of->head->meta;
	const char *namespace = doc->head->meta.namespace;

	*at = (struct login_at){
		.closeness = model_oidc_target_closeness(t) };
	if (model_oidc_target_is_route(t)) {
		at->route = model_key(a, &model_http_route_kind, namespace,
		    t->name);
		at->rule = t->section;
		return hangs_at(f, at->route);
	}
	if (t->section != NULL)
		at->site = arena_printf(a, "%s %s", f->of->key, t->section);
	return strcmp(m->namespace, namespace) == 0 &&
	    strcmp(m->name, t->name) == 0;
}

static int
compare(const void *p, const void *q)
{
	const struct login_at *a = p, *b = q;
	int by = b->closeness - a->closeness;

	return by != 0 ? by : model_object_by_age(a->login->doc,
	    b->login->doc);
}

/* One document is one login, wherever it is about something. */
static struct login *
login_of(const struct compile_input *in, struct snapshot *s,
    struct model_object *doc)
{
	for (size_t i = 0; i < s->logins_len; i++)
		if (s->logins[i]->doc == doc)
			return s->logins[i];
	return s->logins[s->logins_len++] = login_new(in, doc);
}

void
login_places_make(const struct compile_input *in, struct snapshot *s,
    struct gateway_front *f)
{
	struct arena *a = &s->arena;
	size_t room = 0;

	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_oidc_login_kind)
			room += model_oidc_login(in->objects[i])->targets_len;
	f->logins = arena_zalloc(a, (room + 1) * sizeof(*f->logins));
	f->logins_len = 0;
	for (size_t i = 0; i < in->len; i++) {
		struct model_object *doc = in->objects[i];
		const struct model_oidc_login_spec *spec;

		if (doc->kind != &model_oidc_login_kind)
			continue;
		spec = model_oidc_login(doc);
		for (size_t k = 0; k < spec->targets_len; k++) {
			struct login_at *at = &f->logins[f->logins_len];

			if (!place(f, doc, &spec->targets[k], a, at))
				continue;
			at->login = login_of(in, s, doc);
			f->logins_len++;
		}
	}
	qsort(f->logins, f->logins_len, sizeof(*f->logins), compare);
}

/* --- as a request asks --------------------------------------------------------------- */

static bool
is_there(const struct login_at *at, const struct login_asked *asked)
{
	const struct rule *r = asked->rule;
	const char *name = r == NULL || r->doc == NULL ? NULL : r->doc->name;

	if (at->site != NULL && !slice_is(asked->site, at->site))
		return false;
	if (at->route != NULL && (r == NULL || strcmp(r->route->key,
	    at->route) != 0))
		return false;
	return at->rule == NULL || (name != NULL && strcmp(name,
	    at->rule) == 0);
}

struct login *
login_place_find(const struct login_at *v, size_t n,
    const struct login_asked *asked)
{
	for (size_t i = 0; i < n; i++)
		if (is_there(&v[i], asked))
			return v[i].login;
	return NULL;
}

void
login_enter(const struct gateway_front *f, struct l7_ctx *ctx,
    struct http_head *h)
{
	struct l7_summary *sum = l7_summary(ctx);

	for (size_t i = 0; f != NULL && i < f->logins_len; i++) {
		const struct login *l = f->logins[i].login;

		login_forward_clear(l, &h->fields);
		if (slice_eq(h->path, l->callback))
			sum->query = login_query_hide(sum->query,
			    l7_arena(ctx));
	}
}

void
login_note(const struct gateway_front *f, struct l7_ctx *ctx,
    const struct gateway_site *site, const struct rule *rule)
{
	struct login_asked *asked;

	if (f == NULL || f->logins_len == 0)
		return;
	asked = arena_alloc(l7_arena(ctx), sizeof(*asked));
	*asked = (struct login_asked){ rule, site == NULL ? SLICE_NONE :
	    arena_dup(l7_arena(ctx), site->key) };
	l7_note_set(ctx, NOTE, asked);
}

struct login_asked
login_asked_of(struct l7_ctx *ctx)
{
	const struct login_asked *asked = l7_note_get(ctx, NOTE);

	return asked != NULL ? *asked : (struct login_asked){ .rule = NULL };
}
