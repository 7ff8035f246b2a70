#include <string.h>

#include "model/authorities.h"
#include "model/secret.h"
#include "model/xbackend.h"

const char *
model_authorities_reason(enum model_authorities a)
{
	static const char *const reasons[] = {
		[MODEL_AUTHORITIES_RESOLVED] = "ResolvedRefs",
		[MODEL_AUTHORITIES_KIND] = "InvalidKind",
		[MODEL_AUTHORITIES_ABSENT] = "InvalidCACertificateRef",
		[MODEL_AUTHORITIES_REF] = "InvalidCACertificateRef",
		[MODEL_AUTHORITIES_DENIED] = "RefNotPermitted",
	};

	return reasons[a];
}

bool
model_authorities_is_domain(const struct model_object_ref *ref)
{
	return model_ref_is(ref->group, ref->kind,
	    model_federated_trust_domain_kind.group,
	    model_federated_trust_domain_kind.kind);
}

static bool
is_config_map(const struct model_object_ref *ref)
{
	return model_ref_is(ref->group, ref->kind, "", "ConfigMap");
}

static enum model_authorities
take_roots(const struct model_object *found, struct web_roots *roots,
    struct err *err)
{
	const char *kind = found->kind->kind, *name = found->head->meta.name;
	struct arena a;
	enum model_authorities answer = MODEL_AUTHORITIES_REF;

	arena_init(&a);
	struct slice text = model_secret_bytes(found, MODEL_CA_KEY, &a);

	if (text.ptr == NULL)
		err_set(err, ERR_CONFIG, "%s %s has no " MODEL_CA_KEY, kind,
		    name);
	else if (web_roots_add(roots, text, err) < 0)
		err_wrap(err, "%s %s: " MODEL_CA_KEY, kind, name);
	else
		answer = MODEL_AUTHORITIES_RESOLVED;
	arena_fini(&a);
	return answer;
}

enum model_authorities
model_authorities_follow(const struct model_object_ref *ref, bool allows_secret,
    model_find_fn *find, void *arg, struct web_roots *roots, struct err *err)
{
	const struct model_kind *kind = is_config_map(ref) ?
	    &model_config_map_kind : allows_secret && model_ref_is(ref->group,
	    ref->kind, "", "Secret") ? &model_secret_kind : NULL;
	const struct model_object *found;

	if (kind == NULL) {
		err_set(err, ERR_CONFIG, "expected a ConfigMap%s, found %s",
		    allows_secret ? ", a Secret or a "
		    "ClusterFederatedTrustDomain" : "", ref->kind);
		return MODEL_AUTHORITIES_KIND;
	}
	found = find(arg, kind, ref->namespace, ref->name);
	if (found == NULL) {
		err_set(err, ERR_CONFIG, "there is no %s %s", kind->kind,
		    ref->name);
		return MODEL_AUTHORITIES_ABSENT;
	}
	return take_roots(found, roots, err);
}

/* Its roots are in no document: each proxy has them, by the domain. */
static enum model_authorities
follow_domain(const struct model_backend_validation *v, model_find_fn *find,
    void *arg, struct err *err)
{
	if (find(arg, &model_federated_trust_domain_kind, NULL,
	    model_backend_domain(v)) != NULL)
		return MODEL_AUTHORITIES_RESOLVED;
	err_set(err, ERR_CONFIG, "caCertificateRefs[0]: there is no "
	    "ClusterFederatedTrustDomain %s", model_backend_domain(v));
	return MODEL_AUTHORITIES_ABSENT;
}

enum model_authorities
model_authorities(const struct model_object *policy, model_find_fn *find,
    void *arg, struct web_roots *roots, struct err *err)
{
	const struct model_backend_validation *v = model_validation_of(policy);
	enum model_authorities first = MODEL_AUTHORITIES_RESOLVED;

	if (v != NULL && model_backend_domain(v) != NULL)
		return follow_domain(v, find, arg, err);
	for (size_t i = 0; v != NULL && i < v->cas_len; i++) {
		struct model_object_ref ref = v->cas[i];
		struct err why = ERR_INIT;
		enum model_authorities answer;

		ref.namespace = policy->head->meta.namespace;
		answer = model_authorities_follow(&ref, false, find, arg, roots,
		    &why);

		if (answer == MODEL_AUTHORITIES_RESOLVED ||
		    first != MODEL_AUTHORITIES_RESOLVED)
			continue;
		first = answer;
		*err = why;
		err_wrap(err, "spec.%svalidation.caCertificateRefs[%zu]",
		    policy->kind == &model_xbackend_kind ? "tls." : "", i);
	}
	return first;
}

bool
model_authorities_refer(const struct model_object *policy,
    const struct model_object *config_map)
{
	const struct model_backend_validation *v = model_validation_of(policy);
	const struct model_metadata *m = &config_map->head->meta;

	if (v == NULL || strcmp(m->namespace, policy->head->meta.namespace) != 0)
		return false;
	for (size_t i = 0; i < v->cas_len; i++)
		if (is_config_map(&v->cas[i]) &&
		    strcmp(v->cas[i].name, m->name) == 0)
			return true;
	return false;
}
