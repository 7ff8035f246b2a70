#include "base/arena.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/plain.h"

static uint64_t
settles_at(const struct compile_input *in, const struct inbound_port *p)
{
	const struct inbound_port *old = in->before == NULL ||
	    p->mode != MODEL_MTLS_STRICT ? NULL :
	    snapshot_inbound(in->before, &p->service, p->port);

	if (old == NULL)
		return 0;
	if (old->mode == MODEL_MTLS_DISABLE)
		return in->now_ms + PLAIN_SETTLE_MS;
	return old->settles_ms > in->now_ms ? old->settles_ms : 0;
}

static const struct model_exposed *
exposed_of(const struct model_proxy_spec *s, uint16_t app_port)
{
	for (size_t i = 0; i < s->exposed_len; i++)
		if (s->exposed[i].port == app_port)
			return &s->exposed[i];
	return NULL;
}

static bool
is_loopback(const char *host)
{
	struct err err = ERR_INIT;
	struct addr a;

	return host != NULL && addr_from_ip(slice_str(host), 0, &a, &err) == 0 &&
	    addr_is_loopback(&a);
}

/* What listens on loopback alone is found there alone. */
uint16_t
plain_exposed(const struct model_proxy_spec *s, uint16_t app_port)
{
	const struct model_exposed *e = exposed_of(s, app_port);
	struct err err = ERR_INIT;
	struct addr a;

	if (e == NULL || addr_parse(slice_str(e->listen), &a, &err) != 0 ||
	    (addr_is_loopback(&a) && !is_loopback(s->advertise)))
		return 0;
	return model_exposed_port(e);
}

static void
note_exposed(const struct model_proxy_spec *spec, struct snapshot *s)
{
	s->exposed = arena_alloc(&s->arena, (spec->exposed_len + 1) *
	    sizeof(*s->exposed));
	for (size_t i = 0; i < spec->exposed_len; i++)
		s->exposed[s->exposed_len++] = model_exposed_port(
		    &spec->exposed[i]);
}

static void
note_mode(const struct compile_input *in, struct snapshot *s,
    struct inbound_port *p)
{
	const struct model_metadata *self = &in->self->head->meta;
	const struct model_peer_place place = { .namespace = self->namespace,
		.labels = &self->labels, .port = p->app_port };
	struct model_peer_verdict v = model_peer_decide(in->objects, in->len,
	    &place, s->fallback);

	p->mode = v.mode;
	p->mode_by = v.by == NULL ? NULL : arena_strdup(&s->arena,
	    model_object_name(v.by));
	p->settles_ms = settles_at(in, p);
}

void
compile_plain(const struct compile_input *in, struct snapshot *s)
{
	note_exposed(&in->settings->spec, s);
	s->fallback = model_peer_fallback(in->objects, in->len,
	    in->settings->spec.permissive);
	for (size_t i = 0; in->self != NULL && i < s->inbound_len; i++) {
		struct inbound_port *p = &s->inbound[i];
		const struct model_exposed *e = exposed_of(
		    &in->settings->spec, p->app_port);

		note_mode(in, s, p);
		p->exposed = e == NULL ? 0 : model_exposed_port(e);
		p->is_in_reach = plain_exposed(&in->settings->spec,
		    p->app_port) != 0;
	}
	for (size_t i = 0; in->self != NULL && i < s->lost_len; i++)
		note_mode(in, s, &s->lost[i]);
}

const struct inbound_port *
plain_port(const struct snapshot *s, uint16_t at)
{
	for (size_t i = 0; i < s->inbound_len; i++)
		if (at != 0 && s->inbound[i].exposed == at)
			return &s->inbound[i];
	/* Of a port that no service has: another one is not meant. */
	for (size_t i = 0; i < s->exposed_len; i++)
		if (at != 0 && s->exposed[i] == at)
			return NULL;
	return s->inbound_len > 0 ? &s->inbound[0] : NULL;
}

bool
plain_is_taken(const struct inbound_port *p, uint64_t now_ms)
{
	return p->mode != MODEL_MTLS_STRICT || now_ms < p->settles_ms;
}

uint64_t
plain_settles_ms(const struct snapshot *s, uint64_t now_ms)
{
	uint64_t at = 0;

	for (size_t i = 0; i < s->inbound_len; i++) {
		uint64_t ms = s->inbound[i].settles_ms;

		if (ms > now_ms && (at == 0 || ms < at))
			at = ms;
	}
	return at;
}

static void
on_settled(void *arg)
{
	struct proxy_worker *w = arg;

	authorize_all_again(w);
	plain_settle(w);
}

void
plain_settle_init(struct proxy_worker *w)
{
	loop_timer_init(&w->settling, w->env.loop, on_settled, w);
}

void
plain_settle(struct proxy_worker *w)
{
	uint64_t now = loop_now_ms(w->env.loop);
	uint64_t at = plain_settles_ms(w->snapshot, now);

	if (at != 0 && !w->is_stopped)
		loop_timer_start(&w->settling, at - now);
	else
		loop_timer_stop(&w->settling);
}

/* At the common listener only an application with one port can be told. */
static bool
is_alone(const struct snapshot *s)
{
	for (size_t i = 1; i < s->inbound_len; i++)
		if (s->inbound[i].app_port != s->inbound[0].app_port)
			return false;
	return true;
}

bool
plain_is_the_rule(const struct snapshot *s, uint16_t app_port)
{
	for (size_t i = 0; i < s->inbound_len; i++) {
		const struct inbound_port *p = &s->inbound[i];

		if (p->app_port == app_port && p->mode == MODEL_MTLS_DISABLE)
			return p->is_in_reach || is_alone(s);
	}
	return false;
}
