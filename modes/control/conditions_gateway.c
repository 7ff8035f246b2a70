#include <string.h>

#include "model/gateway_tls.h"
#include "modes/control/conditions_judge.h"
#include "modes/control/conditions_frontend.h"
#include "route/listeners.h"

/* conditions_gateway: GatewayClass, Gateway and ListenerSet. */

/* One listener, while it is judged. */
struct listening {
	struct sight                *sight;
	const struct model_listener *doc;
	const struct model_object   *of;	/* the document that has it */
	const struct model_object   *gateway;
	const char                  *conflict;	/* reason, or NULL */
	bool                         is_nowhere;	/* its Gateway has no address */
};

/* --- classes ----------------------------------------------------------------------- */

static void
judge_class(struct sight *s, struct conf_node *status)
{
	struct conf_node *list = conf_set_list(status, "conditions");

	if (strcmp(model_gateway_class(s->of)->spec.controller,
	    MODEL_CONTROLLER) == 0)
		condition_put(s, list, "Accepted", "True", "Accepted",
		    "gateways of this class are ours");
	condition_ignored(s, list);
}

/* Only one that says it is somebody else's is not ours. */
static bool
is_ours(struct sight *s, const struct model_object *gateway)
{
	const struct model_object *class = sight_find(s,
	    &model_gateway_class_kind, NULL,
	    model_gateway(gateway)->spec.class_name);

	return class == NULL || strcmp(model_gateway_class(class)->
	    spec.controller, MODEL_CONTROLLER) == 0;
}

/* --- references --------------------------------------------------------------------- */

/* NULL: all of it can be used; else the reason. */
static const char *
check_references(struct listening *l, const char **message)
{
	const struct route_sight seen = sight_of_routes(l->sight);
	const struct model_listener *d = l->doc;
	const char *why;

	for (size_t i = 0; i < d->allowed.kinds_len; i++) {
		const struct model_route_kind *k = &d->allowed.kinds[i];
		bool is_known = false;

		for (size_t j = 0; model_kinds[j] != NULL; j++)
			is_known |= model_ref_is(k->group, k->kind,
			    model_kinds[j]->group, model_kinds[j]->kind) &&
			    model_listener_takes(d, model_kinds[j]);
		if (is_known)
			continue;
		*message = arena_printf(l->sight->arena, "allowedRoutes: a "
		    "listener of protocol %s takes no %s", d->protocol, k->kind);
		return "InvalidRouteKinds";
	}
	for (size_t i = 0; d->tls != NULL && i < d->tls->certificates_len; i++) {
		const struct model_object_ref *ref = &d->tls->certificates[i];
		enum route_reason r = route_sight_certificate(&seen, l->of, ref,
		    &why);

		if (r == ROUTE_RESOLVED)
			continue;
		*message = arena_printf(l->sight->arena, "certificate %s: %s",
		    ref->name, why);
		return r == ROUTE_REF_NOT_PERMITTED ? "RefNotPermitted" :
		    "InvalidCertificateRef";
	}
	why = frontend_fault(l->sight, l->gateway, d, message);
	if (why != NULL)
		return why;
	*message = "all references are resolved";
	return NULL;
}

/* --- listeners ---------------------------------------------------------------------- */

/* Documents of several kinds, one behind the other. */
static const struct model_object **
list_all(struct sight *s, const struct model_kind *const *kinds, size_t *len)
{
	const struct model_object **all = NULL;

	*len = 0;
	for (; *kinds != NULL; kinds++) {
		size_t n, before = *len;
		const struct model_object **some = sight_list(s, *kinds, NULL, &n);
		const struct model_object **more = arena_alloc(s->arena,
		    (before + n + 1) * sizeof(const struct model_object *));

		for (size_t i = 0; i < before; i++)
			more[i] = all[i];
		for (size_t i = 0; i < n; i++)
			more[(*len)++] = some[i];
		all = more;
	}
	return all;
}

static int64_t
count_routes(struct listening *l)
{
	const struct route_sight seen = sight_of_routes(l->sight);
	const struct route_labels labels = route_labels_seen(&seen);
	const struct route_listener at = { l->doc, l->of };
	const struct model_kind *kinds[8] = { NULL };
	const struct model_object **all, **out;
	size_t n = 0;

	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_listener_takes(l->doc, model_kinds[i]) && n < 7)
			kinds[n++] = model_kinds[i];
	all = list_all(l->sight, kinds, &n);
	out = arena_alloc(l->sight->arena, (n + 1) *
	    sizeof(const struct model_object *));
	return (int64_t)routes_of_listener(all, n, &at, &labels, out);
}

static void
put_kinds(const struct listening *l, struct conf_node *row)
{
	struct conf_node *kinds = conf_set_list(row, "supportedKinds");

	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (model_listener_takes(l->doc, model_kinds[i])) {
			struct conf_node *k = conf_add_map(kinds);

			conf_set_string(k, "group", model_kinds[i]->group);
			conf_set_string(k, "kind", model_kinds[i]->kind);
		}
}

/* Whether it can be served. */
static bool
put_listener(struct listening *l, struct conf_node *row)
{
	bool is_known = model_listener_protocol(l->doc) != MODEL_LISTENER_OTHER;
	bool is_barred = frontend_bars(l->sight, l->gateway, l->doc);
	bool accepted = is_known && l->conflict == NULL && !is_barred;
	const char *message, *why = check_references(l, &message);
	struct conf_node *list;

	conf_set_string(row, "name", l->doc->name);
	put_kinds(l, row);
	conf_set_int(row, "attachedRoutes", count_routes(l));
	list = conf_set_list(row, "conditions");
	condition_put(l->sight, list, "Accepted", accepted ? "True" : "False",
	    accepted ? "Accepted" : !is_known ? "UnsupportedProtocol" :
	    l->conflict != NULL ? l->conflict : "NoValidCACertificate",
	    accepted ? "the listener is in use" : !is_known ?
	    "its protocol is not one of ours" : l->conflict != NULL ?
	    "another listener has the port" : "there is no authority to trust "
	    "for clients' certificates, so nobody comes in");
	condition_put(l->sight, list, "Conflicted",
	    l->conflict != NULL ? "True" : "False", l->conflict != NULL ?
	    l->conflict : "NoConflicts", l->conflict != NULL ?
	    "another listener has the port" : "no listener is in its way");
	condition_put(l->sight, list, "ResolvedRefs",
	    why == NULL ? "True" : "False", why == NULL ? "ResolvedRefs" : why,
	    message);
	condition_promise(l->sight, list, accepted && !l->is_nowhere &&
	    (why == NULL ||
	    strcmp(why, "InvalidRouteKinds") == 0));
	return accepted;
}

/* Those of one document, among all that the Gateway has. */
static void
put_listeners(struct sight *s, const struct model_object *gateway,
    struct conf_node *status, size_t *good, size_t *all_len)
{
	const struct route_sight seen = sight_of_routes(s);
	const struct route_labels labels = route_labels_seen(&seen);
	struct conf_node *list = conf_set_list(status, "listeners");
	size_t sets_len, len;
	const struct model_object **sets = sight_list(s, &model_listener_set_kind,
	    NULL, &sets_len);
	struct gateway_listener *all = listeners_of(s->arena, gateway,
	    sets, sets_len, &labels, &len);
	const struct model_listener *own = model_listeners(s->of, all_len);
	struct gateway_plan plan;

	gateway_plan(s->arena, all, len, &plan);
	*good = 0;
	for (size_t i = 0; i < *all_len; i++) {
		struct listening l = { .sight = s, .doc = &own[i], .of = s->of,
			.gateway = gateway,
			.is_nowhere = listeners_odd_address(gateway) != NULL };

		for (size_t k = 0; k < len; k++) {
			const struct route_listener *r = all[k].owner;

			if (r->doc == &own[i])
				l.conflict = gateway_conflict_reason(
				    all[k].conflict);
		}
		*good += put_listener(&l, conf_add_map(list));
	}
}

/* --- documents ---------------------------------------------------------------------- */

static void
put_whole(struct sight *s, struct conf_node *list, size_t good, size_t n)
{
	condition_put(s, list, "Accepted", good > 0 ? "True" : "False",
	    good == n ? "Accepted" : "ListenersNotValid", good == n ?
	    "all listeners are in use" : "not all listeners can be used");
	condition_promise(s, list, good > 0);
	condition_ignored(s, list);
}

static void
put_odd_address(struct sight *s, struct conf_node *list,
    const struct model_gateway_address *a)
{
	condition_put(s, list, "Accepted", "False", "UnsupportedAddress",
	    arena_printf(s->arena, "address %s: nobody can listen at a %s, only "
	    "at an IPAddress", a->value == NULL ? "of any value" : a->value,
	    a->type));
	condition_promise(s, list, false);
	condition_ignored(s, list);
}

/* ListenerSets that it lets add to it. */
static int64_t
count_sets(struct sight *s)
{
	const struct route_sight seen = sight_of_routes(s);
	const struct route_labels labels = route_labels_seen(&seen);
	int64_t count = 0;
	size_t n;
	const struct model_object **sets = sight_list(s, &model_listener_set_kind,
	    NULL, &n);

	for (size_t i = 0; i < n; i++)
		count += listeners_name(sets[i], s->of) &&
		    listeners_allow(s->of, sets[i], &labels);
	return count;
}

static void
judge_one_gateway(struct sight *s, struct conf_node *status)
{
	const struct model_gateway_address *odd = listeners_odd_address(s->of);
	struct conf_node *list;
	size_t good, n;

	if (!is_ours(s, s->of))
		return;
	list = conf_set_list(status, "conditions");
	put_listeners(s, s->of, status, &good, &n);
	if (odd == NULL)
		put_whole(s, list, good, n);
	else
		put_odd_address(s, list, odd);
	frontend_put(s, list);
	conf_set_int(status, "attachedListenerSets", count_sets(s));
}

static void
judge_set(struct sight *s, struct conf_node *status)
{
	const struct model_listener_set_spec *set =
	    &model_listener_set(s->of)->spec;
	const char *ns = set->parent.namespace != NULL ? set->parent.namespace :
	    s->of->head->meta.namespace;
	const struct model_object *gateway = sight_find(s, &model_gateway_kind,
	    ns, set->parent.name);
	const struct route_sight seen = sight_of_routes(s);
	const struct route_labels labels = route_labels_seen(&seen);
	struct conf_node *list;
	size_t good, n;

	if (gateway != NULL && !is_ours(s, gateway))
		return;
	list = conf_set_list(status, "conditions");
	if (gateway == NULL || !listeners_allow(gateway, s->of, &labels)) {
		condition_put(s, list, "Accepted", "False", gateway == NULL ?
		    "ParentNotAccepted" : "NotAllowed", gateway == NULL ?
		    "its Gateway does not exist" :
		    "its Gateway does not allow it");
		condition_promise(s, list, false);
		return;
	}
	put_listeners(s, gateway, status, &good, &n);
	put_whole(s, list, good, n);
}

const struct judge judge_gateway_class = { &model_gateway_class_kind,
	judge_class, false };
const struct judge judge_gateway = { &model_gateway_kind, judge_one_gateway,
	true };
const struct judge judge_listener_set = { &model_listener_set_kind, judge_set,
	true };
