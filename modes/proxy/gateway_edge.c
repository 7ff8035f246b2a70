#include <string.h>

#include "model/secret.h"
#include "modes/proxy/gateway_make.h"

/* gateway_edge: what a port of a Gateway shows to strangers. */

static const char *
namespace_in(const char *namespace, const struct model_object *o)
{
	return namespace != NULL ? namespace : o->head->meta.namespace;
}

static bool
is_named(const struct model_object *o, const char *namespace, const char *name)
{
	return strcmp(o->head->meta.namespace, namespace) == 0 &&
	    strcmp(o->head->meta.name, name) == 0;
}

static const struct model_object *
find_secret(const struct compile_input *in, const char *namespace,
    const char *name)
{
	for (size_t i = 0; i < in->len; i++)
		if (in->objects[i]->kind == &model_secret_kind &&
		    is_named(in->objects[i], namespace, name))
			return in->objects[i];
	return NULL;
}

/* One certificate of a listener, while it is looked for. */
struct showing {
	struct gateway_maker          *maker;
	struct gateway_front          *front;
	const struct gateway_listener *listener;
	const struct gateway_site     *site;
	size_t                         ref;
};

static void
note_shown(const struct showing *s, const unsigned char hash[HASH_LEN])
{
	struct gateway_shown *at = &s->front->from[s->front->from_len++];
	struct arena *a = &s->maker->out->arena;

	*at = (struct gateway_shown){ .site = s->site->key, .ref = s->ref,
		.hostname = arena_dup(a, s->listener->hostname) };
	memcpy(at->hash, hash, HASH_LEN);
}

int
gateway_find_pair(const struct compile_input *in, const struct model_object *of,
    const struct model_object_ref *ref, const struct model_object **secret,
    struct err *err)
{
	const char *namespace = namespace_in(ref->namespace, of);

	if (!model_ref_is(ref->group, ref->kind, "", "Secret"))
		return err_set(err, ERR_DENIED, "a certificate in a %s",
		    ref->kind);
	if (!gateway_granted(in, of, &(struct model_object_ref){
	    "", "Secret", namespace, ref->name, 0 }))
		return err_set(err, ERR_DENIED, "no ReferenceGrant lets it "
		    "use Secret %s/%s", namespace, ref->name);
	*secret = find_secret(in, namespace, ref->name);
	if (*secret == NULL)
		return err_set(err, ERR_NOT_FOUND, "there is no Secret %s/%s",
		    namespace, ref->name);
	return 0;
}

static int
show(const struct showing *s, struct err *err)
{
	const struct route_listener *l = s->site->listener;
	struct arena *a = &s->maker->scratch;
	const struct model_object *secret;
	unsigned char digest[HASH_LEN];
	struct slice chain, key;
	struct hash hash;

	if (gateway_find_pair(s->maker->in, l->document,
	    &l->doc->tls->certificates[s->ref], &secret, err) < 0)
		return -1;
	chain = model_secret_bytes(secret, "tls.crt", a);
	key = model_secret_bytes(secret, "tls.key", a);
	if (tls_edge_add(s->front->edge, s->listener->hostname, chain, key,
	    err) < 0)
		return err_wrap(err, "Secret %s", model_object_name(secret));
	hash_init(&hash);
	hash_add(&hash, chain);
	hash_add(&hash, key);
	hash_out(&hash, digest);
	note_shown(s, digest);
	return 0;
}

/* What the front shows there, if it shows it by the same name; else -1. */
static ptrdiff_t
find_shown(const struct showing *s, const struct gateway_front *f)
{
	for (size_t i = 0; i < f->from_len; i++)
		if (f->from[i].ref == s->ref &&
		    slice_eq(f->from[i].site, s->site->key) &&
		    slice_eq(f->from[i].hostname, s->listener->hostname))
			return (ptrdiff_t)i;
	return -1;
}

/* Goes on with the one of the snapshot before.  False: there was none. */
static bool
keep(const struct showing *s)
{
	const struct snapshot *before = s->maker->in->before;
	const struct gateway *g = before == NULL ? NULL : before->gateway;

	for (size_t i = 0; g != NULL && i < g->len; i++) {
		const struct gateway_front *f = &g->fronts[i];
		ptrdiff_t at = f->edge == NULL ? -1 : find_shown(s, f);

		if (at < 0)
			continue;
		tls_edge_keep(s->front->edge, f->edge, (size_t)at);
		note_shown(s, f->from[at].hash);
		return true;
	}
	return false;
}

/*
 * A Secret that is spoilt is a mistake, and the certificate before is better
 * than none.  One that is gone, or that we may not use, is meant to be so.
 */
static void
show_or_keep(const struct showing *s)
{
	struct err why = ERR_INIT, err = ERR_INIT;
	const char *instead = "";

	if (show(s, &why) == 0)
		return;
	if (why.kind != ERR_NOT_FOUND && why.kind != ERR_DENIED && keep(s))
		instead = "; the certificate before stays in force";
	err_set(&err, why.kind, "listener %s: %s%s", s->site->listener->doc->name,
	    why.text, instead);
	gateway_report(s->maker, s->site->listener->document, &err);
}

/* What the snapshot before shows somewhere, if it was made from the same. */
static struct tls_edge *
edge_before(const struct gateway_maker *m, const unsigned char *shown)
{
	const struct gateway *g = m->in->before == NULL ? NULL :
	    m->in->before->gateway;

	for (size_t i = 0; g != NULL && i < g->len; i++)
		if (g->fronts[i].edge != NULL &&
		    memcmp(g->fronts[i].shown, shown, HASH_LEN) == 0)
			return tls_edge_ref(g->fronts[i].edge);
	return NULL;
}

static size_t
count_refs(const struct gateway_port *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++) {
		const struct gateway_site *site = p->listeners[i]->owner;
		const struct model_listener_tls *tls = site->listener->doc->tls;

		n += tls == NULL ? 0 : tls->certificates_len;
	}
	return n;
}

static void
show_all(struct gateway_maker *m, struct gateway_front *f)
{
	for (size_t i = 0; i < f->port.len; i++) {
		const struct gateway_listener *l = f->port.listeners[i];
		struct showing s = { m, f, l, l->owner, 0 };
		const struct model_listener_tls *tls =
		    s.site->listener->doc->tls;

		for (; tls != NULL && s.ref < tls->certificates_len; s.ref++)
			show_or_keep(&s);
	}
}

static void
hash_shown(struct gateway_front *f)
{
	struct hash shown;

	hash_init(&shown);
	for (size_t i = 0; i < f->from_len; i++) {
		hash_add(&shown, f->from[i].hostname);
		hash_add(&shown, SLICE("\n"));
		hash_add(&shown, slice_of(f->from[i].hash, HASH_LEN));
	}
	hash_out(&shown, f->shown);
}

void
gateway_make_edge(struct gateway_maker *m, struct gateway_front *f)
{
	struct tls_edge *before;

	f->edge = tls_edge_new();
	f->from = arena_alloc(&m->out->arena,
	    (count_refs(&f->port) + 1) * sizeof(*f->from));
	show_all(m, f);
	hash_shown(f);
	before = edge_before(m, f->shown);
	if (before != NULL) {
		tls_edge_unref(f->edge);
		f->edge = before;
	}
	if (f->from_len > 0)
		return;
	tls_edge_unref(f->edge);
	f->edge = NULL;
}
