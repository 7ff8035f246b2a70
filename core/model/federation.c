#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/federation.h"

static const struct model_federated_trust_domain_spec *
spec_of(const struct model_object *o)
{
	return &model_federated_trust_domain(o)->spec;
}

static bool
is_domain(const struct model_object *o)
{
	return o->kind == &model_federated_trust_domain_kind;
}

/* Whether what was fetched was begun with what the document says now. */
static bool
stands_for(const struct model_object *fetched, const struct model_object *domain)
{
	const struct model_federated_bundle_spec *s =
	    &model_federated_bundle(fetched)->spec;
	char hash[MODEL_BUNDLE_HASH + 1];

	if (strcmp(s->trust_domain, spec_of(domain)->trust_domain) != 0 ||
	    spec_of(domain)->url == NULL)
		return false;
	model_federated_bundle_hash(spec_of(domain)->bundle, hash);
	return strcmp(s->begun_with, hash) == 0;
}

const struct model_object *
model_federation_fetched(struct model_object *const *objects, size_t n,
    const struct model_object *domain)
{
	for (size_t i = 0; i < n; i++)
		if (objects[i]->kind == &model_federated_bundle_kind &&
		    strcmp(objects[i]->head->meta.name,
		    domain->head->meta.name) == 0)
			return stands_for(objects[i], domain) ? objects[i] :
			    NULL;
	return NULL;
}

const char *
model_federation_refusal(struct arena *a, struct model_object *const *objects,
    size_t n, const struct model_object *domain, const char *own)
{
	const char *name = spec_of(domain)->trust_domain;

	if (strcmp(name, own) == 0)
		return arena_printf(a, "spec.trustDomain: %s is our own trust "
		    "domain, whose roots come from control alone: name another",
		    name);
	for (size_t i = 0; i < n; i++)
		if (is_domain(objects[i]) && objects[i] != domain &&
		    strcmp(spec_of(objects[i])->trust_domain, name) == 0 &&
		    model_object_by_age(objects[i], domain) < 0)
			return arena_printf(a, "spec.trustDomain: %s, which is "
			    "older, is about %s already: delete one of them",
			    model_object_name(objects[i]), name);
	return NULL;
}

const char *
model_cluster_local(struct model_object *const *objects, size_t n,
    const char *own)
{
	for (size_t i = 0; i < n; i++)
		if (objects[i]->kind == &model_federated_trust_domain_kind &&
		    strcmp(model_federated_trust_domain(objects[i])->spec.
		    trust_domain, MODEL_CLUSTER_LOCAL) == 0)
			return NULL;
	return own;
}

bool
model_federation_bundle(struct model_object *const *objects, size_t n,
    const struct model_object *domain, struct spiffe_bundle *out)
{
	const struct model_object *fetched = model_federation_fetched(objects,
	    n, domain);
	const char *text = fetched != NULL ?
	    model_federated_bundle(fetched)->spec.bundle :
	    spec_of(domain)->bundle;
	struct err err = ERR_INIT;

	/* Both were checked when they were read. */
	return text != NULL && spiffe_bundle_read(out,
	    slice_str(spec_of(domain)->trust_domain), slice_str(text),
	    &err) == 0;
}

static int
add(struct bundle_set *set, struct model_object *const *objects, size_t n,
    const struct model_object *domain, struct err *err)
{
	struct spiffe_bundle b;
	int result;

	if (!model_federation_bundle(objects, n, domain, &b))
		return 0;
	result = bundle_set_add(set, b.roots, err);
	spiffe_bundle_fini(&b);
	return result;
}

struct bundle_set *
model_federation(struct model_object *const *objects, size_t n,
    const char *own, void (*fault)(void *arg, const char *key,
    const struct err *), void *arg)
{
	struct bundle_set *set = NULL;
	struct arena a = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		const char *why;

		if (!is_domain(objects[i]))
			continue;
		if (set == NULL)
			set = bundle_set_new();
		why = model_federation_refusal(&a, objects, n, objects[i],
		    own);
		if (why != NULL)
			err_set(&err, ERR_CONFLICT, "%s", why);
		else
			add(set, objects, n, objects[i], &err);
		if (err.kind != ERR_NONE && fault != NULL)
			fault(arg, objects[i]->key, &err);
	}
	arena_fini(&a);
	return set;
}
