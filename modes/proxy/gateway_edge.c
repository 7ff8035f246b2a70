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

static int
show(struct gateway_maker *m, const struct gateway_listener *l,
    const struct model_object_ref *ref, struct gateway_front *f,
    struct hash *shown, struct err *err)
{
	const struct gateway_site *site = l->owner;
	const char *namespace = namespace_in(ref->namespace, site->listener->document);
	const struct model_object *secret;
	struct slice chain, key;

	if (!model_ref_is(ref->group, ref->kind, "", "Secret"))
		return err_set(err, ERR_DATA, "%s: a certificate in a %s",
		    site->listener->doc->name, ref->kind);
	if (!gateway_granted(m->in, site->listener->document, "Secret", namespace, ref->name))
		return err_set(err, ERR_DENIED, "%s: no ReferenceGrant lets it "
		    "use Secret %s/%s", site->listener->doc->name, namespace, ref->name);
	secret = find_secret(m->in, namespace, ref->name);
	if (secret == NULL)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no Secret "
		    "%s/%s", site->listener->doc->name, namespace, ref->name);
	chain = model_secret_bytes(secret, "tls.crt", &m->scratch);
	key = model_secret_bytes(secret, "tls.key", &m->scratch);
	if (tls_edge_add(f->edge, l->hostname, chain, key, err) < 0)
		return err_wrap(err, "%s: Secret %s/%s", site->listener->doc->name,
		    namespace, ref->name);
	hash_add(shown, l->hostname);
	hash_add(shown, SLICE("\n"));
	hash_add(shown, chain);
	hash_add(shown, key);
	return 0;
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

void
gateway_make_edge(struct gateway_maker *m, struct gateway_front *f)
{
	struct tls_edge *before;
	size_t shown_len = 0;
	struct hash shown;

	f->edge = tls_edge_new();
	hash_init(&shown);
	for (size_t i = 0; i < f->port.len; i++) {
		const struct gateway_listener *l = f->port.listeners[i];
		const struct gateway_site *site = l->owner;
		const struct model_listener_tls *tls = site->listener->doc->tls;

		for (size_t k = 0; tls != NULL && k < tls->certificates_len;
		    k++) {
			struct err err = ERR_INIT;

			if (show(m, l, &tls->certificates[k], f, &shown,
			    &err) == 0)
				shown_len++;
			else
				gateway_report(m, site->listener->document, &err);
		}
	}
	hash_out(&shown, f->shown);
	before = edge_before(m, f->shown);
	if (before != NULL) {
		tls_edge_unref(f->edge);
		f->edge = before;
	}
	if (shown_len > 0)
		return;
	tls_edge_unref(f->edge);
	f->edge = NULL;
}
