#include <string.h>

#include "model/authorization_policy.h"
#include "model/peer_authentication.h"
#include "model/request_authentication.h"
#include "model/warn_impl.h"

/* warn_selector: policies whose selector picks none of the workloads there are. */

static const struct model_authz_selector *
selector_of(const struct model_object *o)
{
	if (o->kind == &model_authorization_policy_kind)
		return model_authorization_policy(o)->spec.selector;
	if (o->kind == &model_request_authentication_kind)
		return model_request_authentication(o)->spec.selector;
	if (o->kind == &model_peer_authentication_kind &&
	    !model_peer_is_for_nobody(o))
		return model_peer_authentication(o)->spec.selector;
	return NULL;
}

/* Without any workload nothing is known of them: files rarely have them. */
static bool
picks_some(const struct warner *w, const struct model_authz_selector *s)
{
	const struct model_authz_scope scope = {
		w->object->head->meta.namespace, s, NULL, 0 };
	size_t workloads = 0;

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *o = w->set->objects[i];
		const struct model_authz_place place = {
			.namespace = o->head->meta.namespace,
			.labels = &o->head->meta.labels };

		if (o->kind != &model_workload_kind)
			continue;
		workloads++;
		if (model_authz_scope_is_for(&scope, &place))
			return true;
	}
	return workloads == 0;
}

void
warn_selector(struct warner *w)
{
	const struct model_authz_selector *s = selector_of(w->object);
	const char *namespace = w->object->head->meta.namespace;
	struct str labels = { 0 };

	if (s == NULL || s->labels.len == 0 || picks_some(w, s))
		return;
	for (size_t i = 0; i < s->labels.len; i++)
		str_addf(&labels, "%s%s=%s", i > 0 ? "," : "",
		    s->labels.items[i].key, s->labels.items[i].value);
	warn_at(w, "selector.matchLabels: selects no workload, as none of %s%s "
	    "has %s", model_is_root_namespace(namespace) ? "the mesh" :
	    "namespace ", model_is_root_namespace(namespace) ? "" : namespace,
	    str_ptr(&labels));
	str_fini(&labels);
}
