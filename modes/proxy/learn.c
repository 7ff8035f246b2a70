#include <string.h>

#include "base/mem.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/learn.h"
#include "pki/spiffe.h"
#include "policy/calls.h"

/* "ns/account" of ours, or what another domain's ID says behind its scheme. */
static struct slice
caller_of(const struct authz_facts *f, char room[SERVICE_KEY_MAX])
{
	struct slice rest = f->id;
	struct spiffe id;

	if (f->id.len == 0)
		return SLICE("");
	if (!f->is_foreign && spiffe_parse(&id, f->id) &&
	    id.kind == SPIFFE_WORKLOAD && id.ns.len <= SNI_LABEL_MAX &&
	    id.name.len <= SNI_LABEL_MAX) {
		struct service_name name = { { 0 }, { 0 } };

		memcpy(name.ns, id.ns.ptr, id.ns.len);
		memcpy(name.name, id.name.ptr, id.name.len);
		service_key(&name, room);
		return slice_str(room);
	}
	return slice_has_prefix(rest, SLICE("spiffe://")) ?
	    slice_from(rest, 9) : rest;
}

/* gRPC's requests are POSTs. */
static bool
is_grpc(const struct authz_facts *f)
{
	return f->is_http && slice_is(f->method, "POST") && slice_has_prefix(
	    f->header(f->header_arg, SLICE("content-type")),
	    SLICE("application/grpc"));
}

static uint64_t
mark_of(const struct authorize_at *at, const struct authz_facts *f,
    bool is_of_grpc)
{
	const struct slice parts[] = { at->service, f->id, f->method, f->path };
	uint64_t mark = (uint64_t)at->app_port << 2 |
	    (unsigned)f->is_http << 1 | is_of_grpc;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		mark = mark * UINT64_C(0x9e3779b97f4a7c15) ^
		    slice_hash(parts[i]);
	return mark;
}

void
learn_note(struct proxy_worker *w, const struct authorize_at *at,
    const struct authz_facts *f)
{
	uint64_t now_ms = loop_now_ms(w->env.loop), mark;
	char room[SERVICE_KEY_MAX];
	struct call call;
	bool is_of_grpc;

	/* Who comes in at a gateway is not of the mesh. */
	if (at->service.len == 0 || (f->is_http && at->is_bytes))
		return;
	if (w->calls == NULL)
		w->calls = calls_new();
	is_of_grpc = is_grpc(f);
	mark = mark_of(at, f, is_of_grpc);
	if (calls_again(w->calls, mark, now_ms))
		return;
	call = (struct call){
		.service = at->service, .caller = caller_of(f, room),
		.port = at->app_port, .is_http = f->is_http,
		.is_grpc = is_of_grpc, .method = f->method, .path = f->path,
	};
	calls_note(w->calls, &call, mark, now_ms);
}

/* --- for control ------------------------------------------------------------------ */

/* Goes from worker to worker. */
struct gathering {
	struct data_plane *plane;
	int                next;
	struct calls      *all;
	uint64_t           now_ms;	/* the latest that a worker knew */
	void             (*done)(void *arg, struct slice json);
	void              *arg;
};

struct writing {
	struct str *out;
	uint64_t    now_ms;
	size_t      n;
};

/* How many it stands for, and some. */
static void
add_paths(struct str *out, const struct calls_row *r)
{
	str_addf(out, ",\"paths\":%u,\"morePaths\":%s,\"examples\":[", r->paths,
	    r->has_more ? "true" : "false");
	for (size_t i = 0; i < CALLS_EXAMPLES && r->examples[i].ptr != NULL;
	    i++) {
		str_add(out, i > 0 ? "," : "");
		str_add_json(out, r->examples[i]);
	}
	str_add_char(out, ']');
}

static void
add_row(void *arg, const struct calls_row *r)
{
	struct writing *w = arg;
	const struct {
		const char  *name;
		struct slice value;
	} members[] = {
		{ "service", r->of.service }, { "caller", r->of.caller },
		{ "method", r->of.method }, { "path", r->of.path },
	};

	str_add(w->out, w->n++ > 0 ? ",{" : "{");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		str_addf(w->out, "\"%s\":", members[i].name);
		str_add_json(w->out, members[i].value);
		str_add_char(w->out, ',');
	}
	str_addf(w->out, "\"port\":%u,\"count\":%llu,\"secondsAgo\":%llu",
	    r->of.port, (unsigned long long)r->count,
	    (unsigned long long)(w->now_ms - r->last_ms) / 1000);
	if (r->of.is_http)
		add_paths(w->out, r);
	str_add_char(w->out, '}');
}

static void
finish(struct gathering *g)
{
	struct str out = { 0 };
	struct writing w = { &out, g->now_ms, 0 };

	str_add(&out, "{\"calls\":[");
	calls_each(g->all, add_row, &w);
	str_addf(&out, "],\"leftOut\":%llu,\"since\":%llu}",
	    (unsigned long long)calls_left_out(g->all),
	    (unsigned long long)(g->now_ms - g->plane->born_ms) / 1000);
	g->done(g->arg, str_slice(&out));
	str_fini(&out);
}

static void
on_gather(void *arg)
{
	struct gathering *g = arg;
	struct proxy_worker *w = &g->plane->workers[g->next++];
	uint64_t now_ms = loop_now_ms(w->env.loop);

	/* This one's turn may be older than what the one before noted. */
	if (g->now_ms < now_ms)
		g->now_ms = now_ms;
	if (w->calls != NULL)
		calls_merge(g->all, w->calls);
	if (!w->is_stopped && g->next < g->plane->options.workers) {
		loop_post(g->plane->workers[g->next].env.loop, on_gather, g);
		return;
	}
	if (w->is_stopped)
		g->done(g->arg, SLICE(""));
	else
		finish(g);
	calls_free(g->all);
	mem_free(g);
}

void
learn_gather(struct data_plane *p, void (*done)(void *, struct slice), void *arg)
{
	struct gathering *g = mem_zalloc(sizeof(*g));

	*g = (struct gathering){ p, 0, calls_new(), 0, done, arg };
	loop_post(p->workers[0].env.loop, on_gather, g);
}
