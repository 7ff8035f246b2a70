#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "model/extension.h"
#include "route/document.h"

static const struct {
	const char *name, *message;
} reasons[] = {
	[ROUTE_NO_MATCHING_PARENT] = { "NoMatchingParent",
	    "the parent has no such section or port" },
	[ROUTE_NOT_ALLOWED] = { "NotAllowedByListeners",
	    "no listener takes routes of this kind from this namespace" },
	[ROUTE_NO_MATCHING_HOSTNAME] = { "NoMatchingListenerHostname",
	    "no listener has a hostname in common with the route" },
	[ROUTE_CONFLICTED] = { "Conflicted",
	    "a route of another kind goes before it" },
	[ROUTE_UNSUPPORTED_VALUE] = { "UnsupportedValue",
	    "none of its rules can be used" },
	[ROUTE_ACCEPTED] = { "Accepted", "the route is in use" },
	[ROUTE_RESOLVED] = { "ResolvedRefs", "all references are resolved" },
	[ROUTE_INVALID_KIND] = { "InvalidKind", "what is meant cannot be a" },
	[ROUTE_REF_NOT_PERMITTED] = { "RefNotPermitted",
	    "no ReferenceGrant there allows the reference to" },
	[ROUTE_BACKEND_NOT_FOUND] = { "BackendNotFound", "there is no" },
	[ROUTE_UNSUPPORTED_PROTOCOL] = { "UnsupportedProtocol",
	    "its protocol is not one that the route can use:" },
};

const char *
route_reason_name(enum route_reason r)
{
	check(r < sizeof(reasons) / sizeof(reasons[0]));
	return reasons[r].name;
}

/* --- references ----------------------------------------------------------------- */

struct model_object_ref
route_backend_object(const struct model_backend_ref *b)
{
	return (struct model_object_ref){ .group = b->group, .kind = b->kind,
		.namespace = b->namespace, .name = b->name, .port = b->port };
}

enum route_reason
route_ref(const struct model_object *route, bool is_service,
    const struct model_object_ref *to, const struct route_world *w)
{
	const char *own = route->head->meta.namespace;
	struct model_object_ref full = *to;
	enum route_reason found;

	if (full.namespace == NULL)
		full.namespace = own;
	found = w->find(w->arg, &full);
	if (found == ROUTE_INVALID_KIND)
		return found;
	/* Before it is told whether it is there: that is not for everybody. */
	if (!is_service && strcmp(full.namespace, own) != 0 &&
	    !w->granted(w->arg, own, &full))
		return ROUTE_REF_NOT_PERMITTED;
	return found;
}

struct looking {
	const struct model_object *route;
	bool                       is_service;
	const struct route_world  *world;
	struct model_object_ref   *bad;
};

static enum route_reason
look_at(const struct looking *l, struct model_object_ref to)
{
	enum route_reason r = route_ref(l->route, l->is_service, &to,
	    l->world);

	if (r != ROUTE_RESOLVED)
		*l->bad = to;
	return r;
}

/* A backend may be what no filter is, and the reverse. */
static enum route_reason
look_at_extension(const struct looking *l, const struct model_object_ref *to)
{
	if (model_extension_kind(to->group, to->kind) != NULL)
		return look_at(l, *to);
	*l->bad = *to;
	return ROUTE_INVALID_KIND;
}

static enum route_reason
look_at_filters(const struct looking *l, const struct model_http_filter *f,
    size_t n)
{
	enum route_reason r = ROUTE_RESOLVED;

	for (size_t i = 0; i < n && r == ROUTE_RESOLVED; i++)
		if (f[i].mirror != NULL)
			r = look_at(l, f[i].mirror->backend);
		else if (f[i].external_auth != NULL)
			r = look_at(l, f[i].external_auth->backend);
		else if (f[i].extension != NULL)
			r = look_at_extension(l, f[i].extension);
	return r;
}

static enum route_reason
look_at_backend(const struct looking *l, const struct model_backend_ref *b)
{
	const struct model_object_ref to = route_backend_object(b);

	if (model_extension_kind(b->group, b->kind) == NULL)
		return look_at(l, to);
	*l->bad = to;
	return ROUTE_INVALID_KIND;
}

static enum route_reason
look_at_rule(const struct looking *l, const struct model_route_rule *rule)
{
	enum route_reason r = look_at_filters(l, rule->filters,
	    rule->filters_len);

	for (size_t i = 0; i < rule->backends_len && r == ROUTE_RESOLVED; i++) {
		const struct model_backend_ref *b = &rule->backends[i];

		r = look_at_backend(l, b);
		if (r == ROUTE_RESOLVED)
			r = look_at_filters(l, b->filters, b->filters_len);
	}
	return r;
}

enum route_reason
route_refs(const struct model_object *route, bool is_service,
    const struct route_world *world, struct model_object_ref *bad)
{
	struct looking l = { route, is_service, world, bad };
	enum route_reason r = ROUTE_RESOLVED;

	for (size_t i = 0; i < model_route_rules(route) &&
	    r == ROUTE_RESOLVED; i++) {
		const struct model_route_rule rule = model_route_rule(route, i);

		r = look_at_rule(&l, &rule);
	}
	return r;
}

/* --- conditions -------------------------------------------------------------------- */

static struct route_condition *
put(struct route_status *s, const char *type, bool is_true,
    enum route_reason reason)
{
	struct route_condition *c = &s->v[s->len++];

	*c = (struct route_condition){ .type = type, .is_true = is_true,
		.reason = reasons[reason].name };
	snprintf(c->message, sizeof(c->message), "%s", reasons[reason].message);
	return c;
}

static void
say(struct route_condition *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts more behind the message. */
static void
say(struct route_condition *c, const char *fmt, ...)
{
	size_t len = strlen(c->message);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->message + len, sizeof(c->message) - len, fmt, ap);
	va_end(ap);
}

void
route_status_fill(struct route_status *s, enum route_reason accepted,
    const struct route_built *built, enum route_reason refs,
    const struct model_object_ref *bad)
{
	struct route_condition *c;

	s->len = 0;
	if (accepted == ROUTE_ACCEPTED && built->taken == 0 && built->dropped > 0)
		accepted = ROUTE_UNSUPPORTED_VALUE;
	c = put(s, "Accepted", accepted == ROUTE_ACCEPTED, accepted);
	if (accepted == ROUTE_UNSUPPORTED_VALUE)
		say(c, ": %s", built->err.text);
	c = put(s, "ResolvedRefs", refs == ROUTE_RESOLVED, refs);
	if (refs != ROUTE_RESOLVED)
		say(c, " %s %s%s%s", bad->kind,
		    bad->namespace != NULL ? bad->namespace : "",
		    bad->namespace != NULL ? "/" : "", bad->name);
	if (refs == ROUTE_BACKEND_NOT_FOUND && bad->port != 0)
		say(c, " with port %u", bad->port);
	if (accepted == ROUTE_ACCEPTED && built->dropped > 0) {
		c = put(s, "PartiallyInvalid", true, ROUTE_UNSUPPORTED_VALUE);
		c->message[0] = '\0';
		say(c, "Dropped Rule: %zu of %zu cannot be used: %s",
		    built->dropped, built->taken + built->dropped,
		    built->err.text);
	}
}

/* --- all of it --------------------------------------------------------------------- */

static const void *
no_payload(void *arg, const struct model_object *route, size_t rule)
{
	(void)arg;
	(void)rule;
	return route;
}

/* Into a table that nobody asks, to see what becomes of its rules. */
static void
build(const struct model_object *route, const struct route_parent *parent,
    struct route_built *built)
{
	struct route_table *t = route_table_new();

	route_add(t, route, parent, built);
	route_table_unref(t);
}

int
route_compiles(const struct model_object *route, struct err *err)
{
	const struct route_parent parent = { .is_service = true,
		.payload = no_payload };
	struct route_built built = { .err = ERR_INIT };

	build(route, &parent, &built);
	return built.dropped == 0 ? 0 :
	    conf_error(route->node, err, "%s %s: %s", route->kind->kind,
	    model_object_name(route), built.err.text);
}

void
route_judge(const struct route_case *c, struct route_status *out)
{
	const struct route_parent parent = { .is_service = c->is_service,
		.hostname = c->hostname, .payload = no_payload };
	struct route_built built = { .err = ERR_INIT };
	struct model_object_ref bad = { 0 };
	enum route_reason refs;

	if (c->accepted == ROUTE_ACCEPTED)
		build(c->route, &parent, &built);
	refs = route_refs(c->route, c->is_service, c->world, &bad);
	route_status_fill(out, c->accepted, &built, refs, &bad);
}
