#include "modes/proxy/data_plane.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/route.h"
#include "modes/proxy/rules.h"
#include "modes/proxy/tcp_upstream.h"
#include "modes/proxy/worker.h"
#include "tls/hello.h"

#define HOLD_MAX	65536	/* bytes, until the endpoint is reached */

/*
 * connect: the L7 terminal of CONNECT to a service of the mesh: bytes both
 * ways once the endpoint is reached; no byte goes there before its 200, and to
 * a host outside, whatever it was called by, none before its client's TLS asked
 * for that host.  Where a TLSRoute has the port the 200 comes first, so that the
 * client says which server name it asks for.
 */
struct connect {
	struct l7_ctx       *ctx;
	struct tcp_upstream *up;
	struct lookup        lookup;
	struct slice         own_host;	/* of who is reached, if outside */
	bool                 looking;
	bool                 is_answered;	/* 200 was said */
	bool                 is_open;	/* up may be written to */
	bool                 wants_name;	/* of a TLSRoute */
	bool                 is_looked_at;	/* held passed, or needs not */
	bool                 has_ended;	/* behind what is held */
	struct buf           held;	/* bytes that nobody may have yet */
	struct loop_timer    timer;
};

struct connect_job {
	struct service_name name;
	bool                has_name;
	uint16_t            port;
	struct slice        host;	/* outside; empty: of the mesh */
	struct slice        asked;	/* either, as CONNECT said */
};

static void forward(struct connect *, struct buf *, bool end);

static void
answer(struct connect *c)
{
	struct arena *a = l7_arena(c->ctx);
	struct http_head *h = arena_alloc(a, sizeof(*h));

	c->is_answered = true;
	http_head_init(h, a);
	h->status = 200;
	l7_tunnel(c->ctx);
	l7_respond_head(c->ctx, h, false);
}

static void
on_open(void *owner)
{
	struct connect *c = owner;
	struct arena *a = l7_arena(c->ctx);
	const struct endpoint *e = tcp_upstream_endpoint(c->up);
	struct buf held = { 0 };

	c->is_open = true;
	l7_summary(c->ctx)->upstream_host = arena_dup(a, e->host);
	l7_summary(c->ctx)->workload = arena_dup(a, e->workload);
	l7_summary(c->ctx)->upstream_id = arena_dup(a, tcp_upstream_id(c->up));
	if (!c->is_answered) {
		answer(c);
		return;
	}
	buf_move(&held, &c->held);
	l7_unblock(c->ctx);
	forward(c, &held, c->has_ended);
}

static void
on_bytes(void *owner, struct buf *b, bool end)
{
	struct connect *c = owner;

	l7_respond_body(c->ctx, b, end);
}

static void
on_drained(void *owner)
{
	struct connect *c = owner;

	l7_unblock(c->ctx);
}

static void
on_failed(void *owner, enum response_flag flag, const char *details)
{
	struct connect *c = owner;

	if (c->is_answered)
		l7_abort(c->ctx, flag, details);
	else
		l7_reply(c->ctx, response_flag_status(flag), flag, details,
		    SLICE_NONE);
}

static const struct tcp_upstream_events events = {
	.on_open = on_open, .on_bytes = on_bytes, .on_drained = on_drained,
	.on_failed = on_failed,
};

/* Takes the cluster. */
static void
use_cluster(struct connect *c, struct cluster *cluster)
{
	struct proxy_worker *w = l7_env(c->ctx)->mode;

	/* A name of the mesh may stand for a host outside, which no ID proves. */
	c->is_looked_at |= !egress_is_outside(cluster) ||
	    cluster_is_federated(cluster);
	c->own_host = arena_dup(l7_arena(c->ctx), egress_host(cluster));
	/* Only what is known is counted by name: a caller may invent others. */
	l7_summary(c->ctx)->service = arena_dup(l7_arena(c->ctx),
	    cluster->service);
	const struct tcp_caller caller = { .source = w->env.workload,
		.conn = l7_conn(c->ctx) };

	c->up = tcp_upstream_start(w->upstream, cluster, &caller, &events, c);
	cluster_unref(cluster);
}

/* --- routes of connections --------------------------------------------------------- */

static const struct service_port *
service_port_of(const struct connect *c)
{
	const struct proxy_worker *w = l7_env(c->ctx)->mode;

	return !c->lookup.has_name ? NULL : service_port(snapshot_service(
	    w->snapshot, &c->lookup.name), c->lookup.port);
}

/* The documents may have changed while the name came. */
static void
route_bytes(struct connect *c, const char *name)
{
	const struct connect_job *job = c->ctx->shared;
	const struct service_port *p = service_port_of(c);
	const char *why = "no_route";
	struct cluster *to = p == NULL ? NULL : p->streams == NULL ?
	    cluster_ref(p->cluster) : rules_stream(p->streams, slice_str(name),
	    &why);

	c->wants_name = false;
	loop_timer_stop(&c->timer);
	/* Of a service, a TLSRoute has said which names are meant. */
	c->is_looked_at |= job->host.len == 0 && name[0] != '\0';
	if (to != NULL)
		use_cluster(c, to);
	else
		on_failed(c, FLAG_NR, why);
}

static void
look_at_name(struct connect *c)
{
	char bytes[HELLO_PEEK_BYTES], name[HELLO_NAME_MAX];
	size_t n = buf_len(&c->held) < sizeof(bytes) ? buf_len(&c->held) :
	    sizeof(bytes);
	enum hello_state state;

	buf_copy_out(&c->held, bytes, n);
	state = hello_name(slice_of(bytes, n), name);
	if (state == HELLO_NAMED)
		route_bytes(c, name);
	else if (state == HELLO_BAD || n == sizeof(bytes) || c->has_ended)
		l7_abort(c->ctx, FLAG_NR, "bad_hello");
}

static void
on_found(struct connect *c, struct cluster *cluster)
{
	const struct service_port *p = service_port_of(c);

	if (p != NULL && p->streams != NULL) {
		cluster_unref(cluster);
		c->wants_name = rules_ask_name(p->streams);
		if (c->wants_name)
			answer(c);
		else
			route_bytes(c, "");
	} else if (cluster->protocol == CLUSTER_HTTP) {
		cluster_unref(cluster);
		l7_reply(c->ctx, 405, FLAG_NR, "connect_to_http",
		    SLICE("This port speaks HTTP: send the request itself.\n"));
	} else {
		use_cluster(c, cluster);
	}
}

static void
on_lookup(void *arg, enum lookup_answer answered, struct cluster *cluster)
{
	struct connect *c = arg;

	c->looking = false;
	if (answered == LOOKUP_FOUND)
		on_found(c, cluster);
	else if (answered == LOOKUP_NO_PORT || answered == LOOKUP_NO_SERVICE)
		l7_reply(c->ctx, 404, FLAG_NR, answered == LOOKUP_NO_PORT ?
		    "no_port" : "no_service", SLICE_NONE);
	else
		egress_reply(c->ctx, answered, c->lookup.host, c->lookup.port);
}

static void
refuse(struct connect *c, enum egress_refusal why)
{
	const struct connect_job *job = c->ctx->shared;

	buf_fini(&c->held);
	egress_note(l7_env(c->ctx)->mode, why, job->asked, job->port);
	l7_abort(c->ctx, FLAG_NR, egress_refusal_name(why));
}

/* The rest of the hello does not come. */
static void
on_timer(void *arg)
{
	struct connect *c = arg;

	if (c->wants_name)
		l7_abort(c->ctx, FLAG_NR, "late_hello");
	else
		refuse(c, EGRESS_NO_HELLO);
}

static void
head(struct l7_ctx *ctx, struct http_head *h, bool end)
{
	struct connect *c = ctx->state;
	const struct connect_job *job = ctx->shared;
	struct cluster *cluster = NULL;

	(void)h;
	(void)end;
	c->ctx = ctx;
	loop_timer_init(&c->timer, l7_loop(ctx), on_timer, c);
	c->lookup.name = job->name;
	c->lookup.has_name = job->has_name;
	c->lookup.host = job->host;
	c->lookup.protocol = CLUSTER_TCP;
	c->lookup.caller = l7_conn(ctx);
	c->lookup.port = job->port;
	c->lookup.done = on_lookup;
	c->lookup.arg = c;
	c->looking = true;
	enum lookup_answer answered = lookup_start(l7_env(ctx)->mode,
	    &c->lookup, &cluster);

	if (answered != LOOKUP_WAIT)
		on_lookup(c, answered, cluster);
}

static void
pass(struct connect *c, struct buf *b, bool end)
{
	if (!tcp_upstream_write(c->up, b, end))
		l7_block(c->ctx);
}

/* Holds what may be the beginning of a hello. */
static void
look(struct connect *c, struct buf *b, bool end)
{
	const struct connect_job *job = c->ctx->shared;
	const struct slice hosts[EGRESS_HOSTS] = { job->asked, c->own_host };
	enum egress_refusal why = EGRESS_NO_HELLO;
	bool is_first = buf_len(&c->held) == 0;
	enum egress_look found;

	buf_move(&c->held, b);
	c->has_ended |= end;
	found = egress_look(&c->held, hosts, &why);
	if (found == EGRESS_MORE && c->has_ended)
		found = buf_len(&c->held) == 0 ? EGRESS_PASS : EGRESS_REFUSE;
	if (found == EGRESS_MORE) {
		if (is_first && buf_len(&c->held) > 0)
			loop_timer_start(&c->timer, EGRESS_HELLO_MS);
		return;
	}
	loop_timer_stop(&c->timer);
	if (found == EGRESS_REFUSE) {
		refuse(c, why);
		return;
	}
	c->is_looked_at = true;
	pass(c, &c->held, c->has_ended);
}

static void
forward(struct connect *c, struct buf *b, bool end)
{
	if (buf_len(b) == 0 && !end)
		return;
	if (c->is_looked_at)
		pass(c, b, end);
	else
		look(c, b, end);
}

/* Until it is known who is to have it, and while that is being reached. */
static void
hold(struct connect *c, struct buf *b, bool end)
{
	if (c->wants_name && buf_len(&c->held) == 0 && buf_len(b) > 0)
		loop_timer_start(&c->timer, EGRESS_HELLO_MS);
	buf_move(&c->held, b);
	c->has_ended |= end;
	if (buf_len(&c->held) > HOLD_MAX)
		l7_block(c->ctx);
	if (c->wants_name)
		look_at_name(c);
}

static void
body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct connect *c = ctx->state;

	if (c->is_open)
		forward(c, b, end);
	else if (c->is_answered)
		hold(c, b, end);
	else
		buf_drain(b, buf_len(b));
}

static void
trailers(struct l7_ctx *ctx, struct http_fields *t)
{
	(void)ctx;
	(void)t;
}

static void
pause_up(struct l7_ctx *ctx, bool paused)
{
	struct connect *c = ctx->state;

	if (c->up == NULL)
		return;
	if (paused)
		tcp_upstream_pause(c->up);
	else
		tcp_upstream_resume(c->up);
}

static void
clean(struct connect *c, bool abort)
{
	if (c->looking)
		lookup_cancel(&c->lookup);
	c->looking = false;
	loop_timer_stop(&c->timer);
	buf_fini(&c->held);
	if (c->up != NULL)
		tcp_upstream_close(c->up, abort);
	c->up = NULL;
}

static void
cancel(struct l7_ctx *ctx)
{
	clean(ctx->state, true);
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *s)
{
	clean(ctx->state, s->flag != FLAG_NONE);
}

static const struct l7_terminal connect_terminal = {
	.name = "connect", .state_size = sizeof(struct connect),
	.head = head, .body = body, .trailers = trailers, .pause = pause_up,
	.cancel = cancel, .done = done,
};

void
route_connect(struct l7_route *route, struct l7_chain *chain,
    struct l7_ctx *ctx, const struct http_head *head,
    const struct service_name *name, uint16_t port, bool may_be_outside)
{
	struct connect_job *job = arena_alloc(l7_arena(ctx), sizeof(*job));

	*job = (struct connect_job){
		.has_name = name != NULL, .port = port, .asked = head->host,
		.host = may_be_outside ? head->host : SLICE_NONE,
	};
	if (name != NULL)
		job->name = *name;
	*route = (struct l7_route){
		.chain = chain, .terminal = &connect_terminal,
		.terminal_arg = job,
	};
}
