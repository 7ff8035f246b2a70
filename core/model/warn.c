#include <stdio.h>
#include <string.h>

#include "model/authorization_policy.h"
#include "model/backend_policy.h"
#include "model/gateway.h"
#include "model/grpc_route.h"
#include "model/http_route.h"
#include "model/peer_authentication.h"
#include "model/request_authentication.h"
#include "model/warn_impl.h"

void
warn_at(struct warner *w, const char *fmt, ...)
{
	struct err err = ERR_INIT;
	struct conf_place at = { conf_get(w->object->node, "spec"), "spec", &err };
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	conf_fail(&at, "%s", str_ptr(&text));
	w->emit(w->arg, w->object, err.text);
	str_fini(&text);
}

/* --- rules that can never match ----------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
has_value(const struct model_value_match *v, size_t n,
    const struct model_value_match *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].type == wanted->type && strcmp(v[i].name, wanted->name) == 0 &&
		    strcmp(v[i].value, wanted->value) == 0)
			return true;
	return false;
}

/* Names are unique in both, so that as many and all of them is the same. */
static bool
same_values(const struct model_value_match *a, size_t a_len,
    const struct model_value_match *b, size_t b_len)
{
	for (size_t i = 0; i < a_len; i++)
		if (!has_value(b, b_len, &a[i]))
			return false;
	return a_len == b_len;
}

static bool
same_path(const struct model_path_match *a, const struct model_path_match *b)
{
	struct slice x = slice_str(a->value), y = slice_str(b->value);

	if (a->type == MODEL_PATH_PREFIX && slice_has_suffix(x, SLICE("/")))
		x.len--;
	if (b->type == MODEL_PATH_PREFIX && slice_has_suffix(y, SLICE("/")))
		y.len--;
	return a->type == b->type && slice_eq(x, y);
}

/*
 * A rule with more to fulfil goes before one with less, so only one that asks
 * for the very same stands in another's way.
 */
static bool
same_match(const struct model_http_match *a, const struct model_http_match *b)
{
	return same_path(&a->path, &b->path) && same_text(a->method, b->method) &&
	    same_values(a->headers, a->headers_len, b->headers, b->headers_len) &&
	    same_values(a->queries, a->queries_len, b->queries, b->queries_len);
}

static bool
same_call(const struct model_grpc_match *a, const struct model_grpc_match *b)
{
	return a->method.type == b->method.type &&
	    same_text(a->method.service, b->method.service) &&
	    same_text(a->method.method, b->method.method) &&
	    same_values(a->headers, a->headers_len, b->headers, b->headers_len);
}

static bool
has_parent(const struct model_object *route, const struct model_parent_ref *wanted,
    const char *wanted_namespace)
{
	const struct model_route_at *at = model_route(route);

	for (size_t i = 0; i < at->parents_len; i++) {
		const struct model_parent_ref *p = &at->parents[i];
		const char *ns = p->namespace == NULL ? route->head->meta.namespace :
		    p->namespace;

		if (same_text(p->group, wanted->group) &&
		    same_text(p->kind, wanted->kind) &&
		    same_text(p->name, wanted->name) &&
		    same_text(ns, wanted_namespace) &&
		    (p->section == NULL || same_text(p->section, wanted->section)) &&
		    (p->port == 0 || p->port == wanted->port))
			return true;
	}
	return false;
}

static bool
has_host(const struct model_route_at *at, const char *host)
{
	for (size_t i = 0; i < at->hostnames_len; i++)
		if (strcmp(at->hostnames[i], host) == 0)
			return true;
	return false;
}

/* At a service, routes of each namespace are for callers of their own. */
static bool
are_of_other_callers(const struct model_object *a, const struct model_object *b,
    const struct model_parent_ref *p)
{
	return model_parent_is_service(p) &&
	    !same_text(a->head->meta.namespace, b->head->meta.namespace);
}

/* Whether a is wherever b is: at all of its parents, for all of its hosts. */
static bool
covers(const struct model_object *a, const struct model_object *b)
{
	const struct model_route_at *at = model_route(b);

	if (a == b)
		return true;
	for (size_t i = 0; i < at->parents_len; i++)
		if (are_of_other_callers(a, b, &at->parents[i]) ||
		    !has_parent(a, &at->parents[i],
		    at->parents[i].namespace == NULL ?
		    b->head->meta.namespace : at->parents[i].namespace))
			return false;
	for (size_t i = 0; i < at->hostnames_len; i++)
		if (!has_host(model_route(a), at->hostnames[i]))
			return false;
	return at->parents_len > 0 && (at->hostnames_len > 0 ||
	    model_route(a)->hostnames_len == 0);
}

/* Whether rules of a go before equal ones of b. */
static bool
goes_first(const struct model_object *a, const struct model_object *b)
{
	return model_object_by_age(a, b) < 0;
}

/* What does not look into a connection has one match for all. */
static size_t
matches_of(const struct model_object *o, size_t rule)
{
	return o->kind == &model_http_route_kind ?
	    model_http_route(o)->spec.rules[rule].matches_len :
	    o->kind == &model_grpc_route_kind ?
	    model_grpc_route(o)->spec.rules[rule].matches_len : 1;
}

/* One match of a route. */
struct place {
	const struct model_object *route;
	size_t                     rule, match;
};

static const struct model_http_match *
http_match(const struct place *p)
{
	return &model_http_route(p->route)->spec.rules[p->rule].matches[p->match];
}

static const struct model_grpc_match *
grpc_match(const struct place *p)
{
	return &model_grpc_route(p->route)->spec.rules[p->rule].matches[p->match];
}

/* Of routes of one kind. */
static bool
asks_for_the_same(const struct place *a, const struct place *b)
{
	if (a->route->kind == &model_http_route_kind)
		return same_match(http_match(a), http_match(b));
	return a->route->kind != &model_grpc_route_kind ||
	    same_call(grpc_match(a), grpc_match(b));
}

/* The rule of a that takes what match (rule, index) of the object asks for. */
static bool
find_same(const struct model_object *a, const struct place *b, size_t *found)
{
	struct place p = { .route = a };

	for (; p.rule < model_route_rules(a); p.rule++)
		for (p.match = 0; p.match < matches_of(a, p.rule); p.match++) {
			if (a == b->route && (p.rule > b->rule ||
			    (p.rule == b->rule && p.match >= b->match)))
				return false;
			if (asks_for_the_same(&p, b)) {
				*found = p.rule;
				return true;
			}
		}
	return false;
}

static void
warn_shadow(struct warner *w, size_t rule, size_t match)
{
	const struct model_object *b = w->object;
	bool has_matches = b->kind == &model_http_route_kind ||
	    b->kind == &model_grpc_route_kind;
	const struct place place = { b, rule, match };
	size_t found;

	for (size_t i = 0; i < w->set->len; i++) {
		const struct model_object *a = w->set->objects[i];

		if (a->kind != b->kind || (a != b && !goes_first(a, b)) ||
		    !covers(a, b) || !find_same(a, &place, &found))
			continue;
		if (has_matches)
			warn_at(w, "rules[%zu].matches[%zu]: never matches, as "
			    "rules[%zu] of %s %s asks for the same and goes first",
			    rule, match, found, a->kind->kind,
			    model_object_name(a));
		else
			warn_at(w, "rules[%zu]: takes no connection, as %s %s takes "
			    "all of them and goes first", rule, a->kind->kind,
			    model_object_name(a));
		return;
	}
}

/* --- single rules ------------------------------------------------------------- */

static void
warn_weights(struct warner *w, size_t rule, const struct model_backend_ref *b,
    size_t n)
{
	if (n > 0 && model_backends_weight(b, n) == 0)
		warn_at(w, "rules[%zu].backendRefs: all weights are 0, so nothing is "
		    "sent anywhere", rule);
}

static bool
is_repeatable(const char *method)
{
	return method == NULL || (strcmp(method, "POST") != 0 &&
	    strcmp(method, "PATCH") != 0 && strcmp(method, "CONNECT") != 0);
}

static void
warn_rule(struct warner *w, size_t i, const struct model_http_rule *r)
{
	const struct model_http_timeouts *t = &r->timeouts;

	if (t->request_ms > 0 && t->backend_request_ms == t->request_ms)
		warn_at(w, "rules[%zu].timeouts.backendRequest: is not below "
		    "request, so the first try takes all the time there is", i);
	for (size_t j = 0; j < r->matches_len; j++) {
		if (r->retry != NULL && !is_repeatable(r->matches[j].method))
			warn_at(w, "rules[%zu].matches[%zu].method: %s is retried, "
			    "though it may have been done already", i, j,
			    r->matches[j].method);
		warn_shadow(w, i, j);
	}
	warn_weights(w, i, r->backends, r->backends_len);
}

static void
warn_policy(struct warner *w)
{
	const struct model_backend_policy_spec *s = model_backend_policy(w->object);

	if (s == NULL || s->retry == NULL)
		return;
	if (s->timeouts != NULL && s->timeouts->response_ms > 0 &&
	    s->retry->per_try_ms >= s->timeouts->response_ms)
		warn_at(w, "retry.perTryTimeout: is not below timeouts.response, "
		    "which ends the first try before");
	if (s->retry->unsafe_methods)
		warn_at(w, "retry.unsafeMethods: POST and PATCH are retried, though "
		    "they may have been done already");
}

static void
warn_addresses(struct warner *w)
{
	const struct model_gateway_spec *s = &model_gateway(w->object)->spec;

	for (size_t i = 0; i < s->addresses_len; i++)
		if (!same_text(s->addresses[i].type, "IPAddress"))
			warn_at(w, "addresses[%zu].type: nobody can listen at a %s, "
			    "so the Gateway is not accepted", i,
			    s->addresses[i].type);
}

static void
warn_listeners(struct warner *w)
{
	size_t n;
	const struct model_listener *l = model_listeners(w->object, &n);

	for (size_t i = 0; i < n; i++)
		if (model_listener_protocol(&l[i]) == MODEL_LISTENER_OTHER)
			warn_at(w, "listeners[%zu].protocol: %s is not one of ours, "
			    "so nobody listens there", i, l[i].protocol);
}

static void
warn_object(struct warner *w)
{
	const struct model_object *o = w->object;

	if (o->kind == &model_http_route_kind) {
		const struct model_http_route_spec *s = &model_http_route(o)->spec;

		for (size_t i = 0; i < s->rules_len; i++)
			warn_rule(w, i, &s->rules[i]);
	} else if (model_route(o) != NULL) {
		for (size_t i = 0; i < model_route_rules(o); i++) {
			struct model_route_rule r = model_route_rule(o, i);

			warn_weights(w, i, r.backends, r.backends_len);
			for (size_t j = 0; j < matches_of(o, i); j++)
				warn_shadow(w, i, j);
		}
	} else if (o->kind == &model_gateway_kind) {
		warn_addresses(w);
		warn_listeners(w);
	} else if (o->kind == &model_listener_set_kind) {
		warn_listeners(w);
	} else {
		warn_policy(w);
	}
}

void
model_warn(const struct model_set *set, unsigned flags, model_warn_fn *emit,
    void *arg)
{
	model_warn_beside(set, flags, NULL, emit, arg);
}

void
model_warn_beside(const struct model_set *set, unsigned flags,
    model_elsewhere_fn *elsewhere, model_warn_fn *emit, void *arg)
{
	struct warner w = { .set = set, .emit = emit, .arg = arg,
		.elsewhere = elsewhere,
		.is_all = (flags & MODEL_WARN_REFERENCES) != 0 };

	for (size_t i = 0; i < set->len; i++) {
		w.object = set->objects[i];
		warn_annotations(&w);
		if (conf_get(w.object->node, "spec") == NULL)
			continue;
		warn_object(&w);
		warn_outside(&w, flags);
		if (w.object->kind == &model_federated_trust_domain_kind)
			warn_federation(&w);
		if (w.object->kind == &model_request_authentication_kind)
			warn_authn(&w);
		if (w.object->kind == &model_peer_authentication_kind)
			warn_peer(&w);
		if (w.object->kind == &model_authorization_policy_kind) {
			warn_authz(&w);
			warn_loose(&w);
		}
		if (w.is_all)
			warn_selector(&w);
		if (w.is_all || elsewhere != NULL)
			warn_references(&w);
	}
}
