#include "http/limits.h"
#include "model/endpoints.h"
#include "model/http_route.h"
#include "model/mesh_config.h"
#include "model/peer_authentication.h"
#include "model/route.h"
#include "model/service.h"
#include "modes/ctl/inquiry_arrival.h"

#define BEARER	(sizeof("authorization: Bearer \r\n") - 1)
#define AROUND	(sizeof(": \r\n") - 1)	/* a field's name and value, in its line */
#define VERSION	(sizeof("  HTTP/1.1\r\n") - 1)

int
inquiry_arrival_load(struct inquiry *q, struct err *err)
{
	if (q->service == NULL)
		return 0;
	if (traffic_load(&q->traffic, &model_peer_authentication_kind, NULL,
	    err) < 0)
		return -1;
	return q->facts.is_http ? traffic_load_routes(&q->traffic, NULL, err) :
	    0;
}

/* --- heads ------------------------------------------------------------------------ */

static const char *
too_long(struct inquiry *q, int status, const char *what, size_t bytes, size_t max)
{
	return arena_printf(&q->c->arena, "answered %d: %s of %zu bytes, where "
	    "proxies take %zu", status, what, bytes, max);
}

/* As HTTP/1 counts; with the typed token where most stand. */
static const char *
refusal_of_head(struct inquiry *q)
{
	const struct http_limits *max = &http_limits_default;
	const struct route_request *r = &q->asked.request;
	const struct http_fields *f = &q->asked.headers;
	size_t bytes = r->method.len + r->path.len + VERSION + (r->query.len > 0 ?
	    r->query.len + 1 : 0), fields = f->len + 1;

	if (bytes > max->line_bytes)
		return too_long(q, 414, "a request line", bytes,
		    max->line_bytes);
	for (size_t i = 0; i < f->len; i++) {
		size_t line = f->v[i].name.len + f->v[i].value.len + AROUND;

		bytes += line;
		if (line > max->line_bytes)
			return too_long(q, 431, arena_printf(&q->c->arena,
			    "a field %.*s", SLICE_ARG(f->v[i].name)), line,
			    max->line_bytes);
	}
	if (q->token.text.len > 0) {
		bytes += q->token.text.len + BEARER;
		fields++;
		if (q->token.text.len + BEARER > max->line_bytes)
			return too_long(q, 431, "a field with a token",
			    q->token.text.len + BEARER, max->line_bytes);
	}
	if (fields > max->fields)
		return arena_printf(&q->c->arena, "answered 431: %zu fields, where "
		    "proxies take %zu", fields, max->fields);
	return bytes > max->head_bytes ? too_long(q, 431, "a head", bytes,
	    max->head_bytes) : NULL;
}

/* --- plain text ------------------------------------------------------------------- */

static struct model_peer_verdict
mode_at(const struct inquiry *q, const struct model_object *workload)
{
	struct model_object *const *all = q->traffic.set.objects;
	size_t n = q->traffic.set.len;
	const struct model_service *s = model_service(q->service);
	const struct model_service_port *p = model_service_port(s,
	    q->facts.port);
	const struct model_peer_place place = { q->to.namespace,
		&s->spec.selector, q->facts.app_port };

	return workload != NULL ? model_peer_of(all, n, workload,
	    model_target_port(workload, p)) : model_peer_decide(all, n, &place,
	    model_peer_fallback(all, n, false));
}

static const char *
refusal_of_plain(struct inquiry *q, const struct model_object *workload)
{
	struct model_peer_verdict v = mode_at(q, workload);

	if (v.mode != MODEL_MTLS_STRICT)
		return NULL;
	return v.by == NULL ? "plain text is refused (STRICT): no "
	    "PeerAuthentication lets it in" : arena_printf(&q->c->arena,
	    "plain text is refused (STRICT), by PeerAuthentication %s",
	    model_object_name(v.by));
}

const char *
inquiry_arrival_refusal(struct inquiry *q, const struct model_object *workload)
{
	const char *why = NULL;

	if (q->service != NULL && q->facts.id.len == 0)
		why = refusal_of_plain(q, workload);
	return why == NULL && q->facts.is_http ? refusal_of_head(q) : why;
}

/* --- routes ----------------------------------------------------------------------- */

static bool
rewrites(const struct model_object *route)
{
	for (size_t i = 0; i < model_route_rules(route); i++) {
		const struct model_route_rule r = model_route_rule(route, i);
		const struct model_http_filter *f = model_filter_find(r.filters,
		    r.filters_len, MODEL_REWRITE);

		if (f != NULL && f->rewrite->path != NULL)
			return true;
	}
	return false;
}

void
inquiry_arrival_note(struct inquiry *q)
{
	const struct model_object **all;
	size_t n;

	if (q->service == NULL || !q->facts.is_http)
		return;
	n = traffic_of_kind(&q->traffic, &model_http_route_kind, &all);
	for (size_t i = 0; i < n; i++)
		if (traffic_hangs(all[i], q->service) && rewrites(all[i]))
			ctl_say(q->c, "HTTPRoute %s rewrites paths before they "
			    "get here; this is about the path %.*s as it "
			    "arrives. What a route makes of one says mesh ctl "
			    "route", model_object_name(all[i]),
			    SLICE_ARG(q->asked.request.path));
}
