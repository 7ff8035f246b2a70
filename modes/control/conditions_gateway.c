#include <string.h>

#include "model/gateway.h"
#include "model/secret.h"
#include "modes/control/conditions_judge.h"
#include "route/gateway.h"

/* conditions_gateway: GatewayClass, Gateway and ListenerSet. */

/* One listener, while it is judged. */
struct listening {
	struct sight                *sight;
	const struct model_listener *doc;
	const struct model_object   *of;	/* the document that has it */
	const char                  *conflict;	/* reason, or NULL */
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

/* --- certificates ------------------------------------------------------------------- */

static enum route_reason
find_certificate(struct listening *l, const struct model_object_ref *ref,
    const char **why)
{
	struct model_object_ref full = *ref;
	const char *own = l->of->head->meta.namespace;
	const struct model_object *o;

	if (full.namespace == NULL)
		full.namespace = own;
	*why = "it is no Secret";
	if (!model_ref_is(full.group, full.kind, "", "Secret"))
		return ROUTE_INVALID_KIND;
	*why = "no ReferenceGrant there allows it";
	if (strcmp(full.namespace, own) != 0 && !sight_granted(l->sight, &full))
		return ROUTE_REF_NOT_PERMITTED;
	o = sight_find(l->sight, &model_secret_kind, full.namespace, full.name);
	*why = o == NULL ? "there is none" :
	    "it has no tls.crt with tls.key";
	return o != NULL &&
	    model_secret_bytes(o, "tls.crt", l->sight->arena).len > 0 &&
	    model_secret_bytes(o, "tls.key", l->sight->arena).len > 0 ?
	    ROUTE_RESOLVED : ROUTE_BACKEND_NOT_FOUND;
}

/* NULL: all of it can be used; else the reason. */
static const char *
check_references(struct listening *l, const char **message)
{
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
		enum route_reason r = find_certificate(l, ref, &why);

		if (r == ROUTE_RESOLVED)
			continue;
		*message = arena_printf(l->sight->arena, "certificate %s: %s",
		    ref->name, why);
		return r == ROUTE_REF_NOT_PERMITTED ? "RefNotPermitted" :
		    "InvalidCertificateRef";
	}
	*message = "all references are resolved";
	return NULL;
}

/* --- listeners ---------------------------------------------------------------------- */

static bool
names(const struct model_object *route, const struct model_parent_ref *ref,
    const struct model_object *parent)
{
	const char *ns = ref->namespace != NULL ? ref->namespace :
	    route->head->meta.namespace;

	return model_ref_is(ref->group, ref->kind, parent->kind->group,
	    parent->kind->kind) &&
	    strcmp(ref->name, parent->head->meta.name) == 0 &&
	    strcmp(ns, parent->head->meta.namespace) == 0;
}

static int64_t
count_routes(struct listening *l)
{
	const struct route_listener at = { l->doc, l->of->head->meta.namespace };
	int64_t count = 0;
	size_t n;
	struct model_object **routes = sight_list(l->sight,
	    &model_http_route_kind, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		const struct model_http_route_spec *s =
		    &model_http_route(routes[i])->spec;
		bool attached = false;

		for (size_t k = 0; k < s->parents_len && !attached; k++) {
			if (!names(routes[i], &s->parents[k], l->of))
				continue;
			struct conf_pairs labels = sight_labels(l->sight,
			    routes[i]->head->meta.namespace);

			attached = http_route_meets_listener(routes[i],
			    &s->parents[k], &at, &labels) == ROUTE_ACCEPTED;
		}
		count += attached;
	}
	return count;
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
	bool accepted = is_known && l->conflict == NULL;
	const char *message, *why = check_references(l, &message);
	struct conf_node *list;

	conf_set_string(row, "name", l->doc->name);
	put_kinds(l, row);
	conf_set_int(row, "attachedRoutes", count_routes(l));
	list = conf_set_list(row, "conditions");
	condition_put(l->sight, list, "Accepted", accepted ? "True" : "False",
	    accepted ? "Accepted" : is_known ? l->conflict :
	    "UnsupportedProtocol", accepted ? "the listener is in use" :
	    is_known ? "another listener has the port" :
	    "its protocol is not one of ours");
	condition_put(l->sight, list, "Conflicted",
	    l->conflict != NULL ? "True" : "False", l->conflict != NULL ?
	    l->conflict : "NoConflicts", l->conflict != NULL ?
	    "another listener has the port" : "no listener is in its way");
	condition_put(l->sight, list, "ResolvedRefs",
	    why == NULL ? "True" : "False", why == NULL ? "ResolvedRefs" : why,
	    message);
	condition_promise(l->sight, list, accepted && (why == NULL ||
	    strcmp(why, "InvalidRouteKinds") == 0));
	return accepted;
}

static const enum gateway_protocol protocols[] = {
	[MODEL_LISTENER_HTTP] = GATEWAY_HTTP,
	[MODEL_LISTENER_HTTPS] = GATEWAY_HTTPS,
	[MODEL_LISTENER_TLS] = GATEWAY_TLS,
	[MODEL_LISTENER_TCP] = GATEWAY_TCP,
	[MODEL_LISTENER_UDP] = GATEWAY_UDP,
};

/* Adds those of a document whose protocols are known; gives how many. */
static size_t
add(struct gateway_listener *to, const struct model_listener *from, size_t n,
    unsigned int document)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		enum model_listener_protocol p = model_listener_protocol(&from[i]);

		if (p != MODEL_LISTENER_OTHER)
			to[len++] = (struct gateway_listener){
				.name = slice_str(from[i].name),
				.hostname = from[i].hostname == NULL ?
				    SLICE("") : slice_str(from[i].hostname),
				.port = from[i].port,
				.protocol = protocols[p],
				.document = document, .owner = &from[i],
			};
	}
	return len;
}

/* The document's listeners, those of the Gateway in front of a ListenerSet's. */
static void
put_listeners(struct sight *s, const struct model_object *gateway,
    const struct model_listener *own, size_t n, struct conf_node *status,
    size_t *good)
{
	const struct model_gateway_spec *g = &model_gateway(gateway)->spec;
	struct gateway_listener *all = arena_zalloc(s->arena,
	    (g->listeners_len + n + 1) * sizeof(*all));
	struct conf_node *list = conf_set_list(status, "listeners");
	struct gateway_plan plan;
	size_t len = 0;

	if (own != g->listeners)
		len = add(all, g->listeners, g->listeners_len, 0);
	len += add(all + len, own, n, 1);
	gateway_plan(s->arena, all, len, &plan);
	*good = 0;
	for (size_t i = 0; i < n; i++) {
		struct listening l = { .sight = s, .doc = &own[i], .of = s->of };

		for (size_t k = 0; k < len; k++)
			if (all[k].owner == &own[i])
				l.conflict = gateway_conflict_reason(
				    all[k].conflict);
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
judge_one_gateway(struct sight *s, struct conf_node *status)
{
	const struct model_gateway_spec *g = &model_gateway(s->of)->spec;
	struct conf_node *list;
	size_t good;

	if (!is_ours(s, s->of))
		return;
	list = conf_set_list(status, "conditions");
	put_listeners(s, s->of, g->listeners, g->listeners_len, status, &good);
	put_whole(s, list, good, g->listeners_len);
}

static bool
is_allowed(struct sight *s, const struct model_object *gateway)
{
	const char *own = s->of->head->meta.namespace;
	struct conf_pairs labels = sight_labels(s, own);

	return model_namespaces_allow(&model_gateway(gateway)->spec.
	    allowed_listeners.namespaces, gateway->head->meta.namespace, own,
	    &labels);
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
	struct conf_node *list;
	size_t good;

	if (gateway != NULL && !is_ours(s, gateway))
		return;
	list = conf_set_list(status, "conditions");
	if (gateway == NULL || !is_allowed(s, gateway)) {
		condition_put(s, list, "Accepted", "False", gateway == NULL ?
		    "ParentNotAccepted" : "NotAllowed", gateway == NULL ?
		    "its Gateway does not exist" :
		    "its Gateway does not allow it");
		condition_promise(s, list, false);
		return;
	}
	put_listeners(s, gateway, set->listeners, set->listeners_len, status,
	    &good);
	put_whole(s, list, good, set->listeners_len);
}

const struct judge judge_gateway_class = { &model_gateway_class_kind,
	judge_class, false };
const struct judge judge_gateway = { &model_gateway_kind, judge_one_gateway,
	true };
const struct judge judge_listener_set = { &model_listener_set_kind, judge_set,
	true };
