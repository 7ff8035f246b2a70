#include <string.h>

#include "model/federated_trust_domain.h"
#include "model/warn_impl.h"
#include "pki/spiffe.h"

/* What documents about other trust domains will not do. */

static const struct model_federated_trust_domain_spec *
spec_of(const struct model_object *o)
{
	return &model_federated_trust_domain(o)->spec;
}

static bool
is_about(const struct model_object *o, struct slice domain)
{
	return o->kind == &model_federated_trust_domain_kind &&
	    slice_is(domain, spec_of(o)->trust_domain);
}

/* Whether something says by which roots the first answer is judged. */
static bool
has_beginning(const struct warner *w)
{
	const struct model_federated_trust_domain_spec *s = spec_of(w->object);
	struct spiffe id;

	if (s->bundle != NULL || s->profile == NULL ||
	    s->profile->type != MODEL_HTTPS_SPIFFE ||
	    !spiffe_parse(&id, slice_str(s->profile->spiffe_id)))
		return true;
	/* Of a domain that we know, or of ours, which the documents do not say. */
	return !slice_is(id.domain, s->trust_domain);
}

static void
warn_twin(struct warner *w)
{
	struct slice domain = slice_str(spec_of(w->object)->trust_domain);

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];

		if (o != w->object && is_about(o, domain) &&
		    model_object_by_age(o, w->object) < 0)
			warn_at(w, "trustDomain: %s is about it, too, and goes "
			    "first", o->head->meta.name);
	}
}

void
warn_federation(struct warner *w)
{
	if (!has_beginning(w))
		warn_at(w, "trustDomainBundle: there is none, so nothing says by "
		    "which roots the endpoint is judged the first time");
	warn_twin(w);
}
