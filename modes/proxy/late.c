#include "modes/proxy/egress.h"
#include "modes/proxy/late.h"
#include "modes/proxy/router.h"
#include "modes/proxy/worker.h"

struct state {
	struct l7_ctx    *ctx;
	struct http_head *head;
	struct lookup     lookup;
	bool              looking;
};

static struct router_job *
job_of(const struct l7_ctx *ctx)
{
	union { const void *from; struct router_job *to; } u = {
		l7_terminal_arg(ctx) };

	return u.to;
}

/* Takes c, which says what the service is where no rule says more. */
static enum verdict
go_on(struct l7_ctx *ctx, const struct http_head *head, struct cluster *c)
{
	struct proxy_worker *w = l7_env(ctx)->mode;
	struct router_job *job = job_of(ctx);
	const struct service_port *p = service_port(snapshot_service(
	    w->snapshot, &job->service), job->port);
	const char *why;

	job->is_moved = p != NULL && p->rules == NULL && p->streams != NULL;
	job->cluster = !job->is_moved ? cluster_ref(c) :
	    rules_stream(p->streams, SLICE(""), &why);
	cluster_unref(c);
	if (job->cluster == NULL) {
		l7_reply(ctx, 404, FLAG_NR, "no_rule", SLICE_NONE);
		return STOP;
	}
	if (p != NULL && p->rules != NULL) {
		cluster_unref(job->cluster);
		job->choice = rules_choose(p->rules, ctx, head, job->port);
		job->cluster = job->choice->cluster;
		l7_extend(ctx, job->choice->behind, job->choice->behind_len);
	} else if (p != NULL && p->policies != NULL) {
		l7_extend(ctx, &p->policies, 1);
	}
	if (job->cluster != NULL)
		l7_summary(ctx)->service = job->cluster->service;
	return PASS;
}

static enum verdict
obey(struct l7_ctx *ctx, const struct http_head *head,
    enum lookup_answer answer, struct cluster *c)
{
	switch (answer) {
	case LOOKUP_FOUND:
		return go_on(ctx, head, c);
	case LOOKUP_NO_SERVICE:
		l7_reply(ctx, 404, FLAG_NR, "no_service", SLICE_NONE);
		return STOP;
	case LOOKUP_NO_PORT:
		l7_reply(ctx, 404, FLAG_NR, "no_port", SLICE_NONE);
		return STOP;
	default:
		egress_reply(ctx, answer, job_of(ctx)->host, job_of(ctx)->port);
		return STOP;
	}
}

static void
on_lookup(void *arg, enum lookup_answer answer, struct cluster *c)
{
	struct state *s = arg;

	s->looking = false;
	if (obey(s->ctx, s->head, answer, c) == PASS)
		l7_resume(s->ctx, DIR_UP);
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct router_job *job = job_of(ctx);
	struct state *s = ctx->state;
	struct cluster *c = NULL;

	(void)end;
	/* Who asks again for another has what was found. */
	if (dir == DIR_DOWN || job->cluster != NULL || job->choice != NULL)
		return PASS;
	s->ctx = ctx;
	s->head = h;
	s->lookup.name = job->service;
	s->lookup.port = job->port;
	s->lookup.has_name = job->has_service;
	s->lookup.host = job->host;
	s->lookup.protocol = CLUSTER_HTTP;
	s->lookup.caller = l7_conn(ctx);
	s->lookup.done = on_lookup;
	s->lookup.arg = s;
	enum lookup_answer answer = lookup_start(l7_env(ctx)->mode, &s->lookup,
	    &c);

	s->looking = answer == LOOKUP_WAIT;
	return s->looking ? HOLD : obey(ctx, h, answer, c);
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *sum)
{
	struct state *s = ctx->state;

	(void)sum;
	if (s->looking)
		lookup_cancel(&s->lookup);
}

static const struct l7_filter late = {
	.base = { .name = "lookup", .state_size = sizeof(struct state) },
	.head = head, .done = done,
};

struct l7_chain *
late_chain_new(struct filter_stats *stats)
{
	struct l7_chain *c = l7_chain_new("lookup", stats);

	l7_chain_add(c, &late, NULL);
	return c;
}
