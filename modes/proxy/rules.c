#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/unset.h"
#include "filter/caller.h"
#include "model/grpc_route.h"
#include "modes/proxy/ext_authz_rule.h"
#include "modes/proxy/ext_authz.h"
#include "modes/proxy/extensions.h"
#include "modes/proxy/policy.h"
#include "modes/proxy/route.h"
#include "modes/proxy/router.h"
#include "modes/proxy/rule_filters.h"
#include "modes/proxy/rules.h"
#include "modes/proxy/sticky.h"
#include "modes/proxy/worker.h"

/* --- a book in a snapshot --------------------------------------------------------- */

static struct rule_extra *
extra_at(struct rule_set *set, struct arena *a, size_t slot)
{
	if (set->extras == NULL)
		set->extras = arena_zalloc(a, (set->book->slots + 1) *
		    sizeof(struct rule_extra *));
	if (set->extras[slot] == NULL)
		set->extras[slot] = arena_zalloc(a, sizeof(struct rule_extra));
	return set->extras[slot];
}

/* Who is asked before anything else is done; NULL: nobody. */
static struct l7_chain *
asking(const struct rule *r, const struct model_http_filter *f, size_t n,
    const struct rule_world *w)
{
	const struct model_http_filter *found = model_filter_find(f, n,
	    MODEL_EXTERNAL_AUTH);
	const struct model_external_auth *auth = found == NULL ? NULL :
	    found->external_auth;
	const struct service_port *port = NULL;
	struct service_name name;
	struct l7_chain *chain;

	if (auth == NULL)
		return NULL;
	if (rule_service_name(&name, r->route, &auth->backend))
		port = w->port(w->arg, r->route, &name, auth->backend.port);
	if (port != NULL && auth->protocol == MODEL_AUTH_GRPC)
		port = snapshot_backend(w->extensions->out,
		    &model_grpc_route_kind, &name, auth->backend.port);
	chain = l7_chain_new("rule", w->extensions->in->filter_stats);
	l7_chain_add(chain, &ext_authz_rule, ext_authz_provider_of_filter(auth,
	    r->route->head->meta.namespace, port == NULL ? NULL :
	    port->cluster));
	return chain;
}

static void
bind_filters(struct rule_extra *x, const struct rule *r, const char *place,
    const struct model_http_filter *f, size_t n, const struct rule_world *w)
{
	x->own = asking(r, f, n, w);
	x->is_missing = !extensions_of_filters(w->extensions, r->route, place,
	    f, n, &x->own);
}

static void
bind_rule(struct rule_set *set, struct arena *a, const struct rule *r,
    const struct rule_world *w)
{
	char *place = mem_printf("rule %.*s", SLICE_ARG(r->name));

	bind_filters(extra_at(set, a, r->slot), r, place, r->doc->filters,
	    r->doc->filters_len, w);
	mem_free(place);
}

static void
bind_backend(struct rule_set *set, struct arena *a, const struct rule *r,
    size_t index, const struct rule_world *w)
{
	const struct rule_backend *b = &r->backends[index];
	const struct service_port *port = w->port(w->arg, r->route, &b->service,
	    b->port);

	if (port == NULL)
		return;
	set->clusters[b->slot] = cluster_ref(port->cluster);
	if (port->policies != NULL)
		extra_at(set, a, b->slot)->policies =
		    l7_chain_ref(port->policies);
	if (model_filter_find(b->filters, b->filters_len,
	    MODEL_EXTENSION) == NULL && model_filter_find(b->filters,
	    b->filters_len, MODEL_EXTERNAL_AUTH) == NULL)
		return;
	char *place = mem_printf("rule %.*s backend %zu", SLICE_ARG(r->name),
	    index);

	bind_filters(extra_at(set, a, b->slot), r, place, b->filters,
	    b->filters_len, w);
	mem_free(place);
}

struct rule_set *
rule_set_bind(struct arena *a, struct rule_book *book,
    const struct rule_world *w)
{
	struct rule_set *set = arena_zalloc(a, sizeof(*set));

	set->book = book;
	set->clusters = arena_zalloc(a,
	    (book->slots + 1) * sizeof(*set->clusters));
	for (size_t i = 0; i < book->rules_len; i++) {
		const struct rule *r = book->rules[i];

		if (r->is_extended)
			bind_rule(set, a, r, w);
		for (size_t j = 0; j < r->backends_len; j++)
			bind_backend(set, a, r, j, w);
		for (size_t j = 0; j < r->mirrors_len; j++) {
			const struct service_port *port = w->port(w->arg,
			    r->route, &r->mirrors[j].service,
			    r->mirrors[j].port);

			if (port != NULL)
				set->clusters[r->mirrors[j].slot] =
				    cluster_ref(port->cluster);
		}
	}
	return set;
}

void
rule_set_fini(struct rule_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->book->slots; i++) {
		cluster_unref(set->clusters[i]);
		if (set->extras == NULL || set->extras[i] == NULL)
			continue;
		l7_chain_unref(set->extras[i]->own);
		l7_chain_unref(set->extras[i]->policies);
	}
	rule_book_unref(set->book);
}

/* --- choosing ---------------------------------------------------------------------- */

/* Fields of several lines, so that each is put together once for all rules. */
#define JOINED_MAX	8	/* more are put together again */
struct joined {
	struct {
		struct slice name, value;
	}      v[JOINED_MAX];
	size_t len;
};

struct asked {
	const struct http_head *head;
	struct l7_ctx          *ctx;
	struct joined          *joined;
};

static struct slice
value_of(const struct asked *q, struct slice name)
{
	struct joined *j = q->joined;
	const struct http_fields *f = &q->head->fields;
	struct slice value;

	for (size_t i = 0; i < j->len; i++)
		if (slice_eq(j->v[i].name, name))
			return j->v[i].value;
	value = http_fields_join(f, l7_arena(q->ctx), name, SLICE(","));
	if (value.ptr != http_fields_find(f, name).ptr && j->len < JOINED_MAX) {
		j->v[j->len].name = name;
		j->v[j->len++].value = value;
	}
	return value;
}

static struct slice
header_of(const void *arg, struct slice name)
{
	const struct asked *q = arg;

	if (slice_is(name, "host"))
		return q->head->authority;
	return slice_is(name, ROUTE_CALLER) ? filter_caller(q->ctx) :
	    value_of(q, name);
}

static bool
find(const struct rule_set *set, struct l7_ctx *ctx,
    const struct http_head *head, struct route_found *found)
{
	UNSET struct joined joined;
	const struct asked asked = { head, ctx, &joined };
	const struct route_request request = {
		.host = head->host, .method = head->method,
		.path = head->path, .query = head->query,
		.header = header_of, .head = &asked,
	};

	joined.len = 0;
	return route_find(set->book->table, &request, found);
}

/* Of many rules the one is in no cache; all of it is wanted soon. */
static void
fetch_rule(const struct rule *r)
{
	__builtin_prefetch(r->name.ptr);
	__builtin_prefetch(r->backends);
}

void
rule_choice_answer(struct rule_choice *c, int status, enum response_flag flag,
    const char *details)
{
	c->status = status;
	c->flag = flag;
	c->details = details;
}

/* The one that the request's session is with, or NULL. */
static const struct rule_backend *
session_backend(const struct rule_set *set, struct l7_ctx *ctx,
    const struct http_head *head, struct rule_choice *c)
{
	const struct rule *r = c->rule;
	struct session_settings session;

	if (r->orders->persistence == NULL)
		return NULL;
	policy_session(r->orders->persistence, &session);
	c->sticky = sticky_begin(&session, r->name, l7_arena(ctx), head,
	    l7_summary(ctx)->start_wall_us / 1000000);
	for (size_t i = 0; i < r->backends_len; i++)
		if (sticky_seek(c->sticky, set->clusters[r->backends[i].slot]))
			return &r->backends[i];
	return NULL;
}

static void
add_behind(struct rule_choice *c, struct l7_chain *chain)
{
	if (chain != NULL)
		c->behind[c->behind_len++] = chain;
}

/* Callers of gRPC hear UNAVAILABLE (GRPCRouteRule.backendRefs). */
static int
broken_status(const struct rule_choice *c)
{
	return c->rule->is_grpc ? 503 : 500;
}

/* What a reference that leads nowhere would have done is not known. */
static void
use_extra(const struct rule_set *set, size_t slot, struct rule_choice *c)
{
	const struct rule_extra *x = set->extras == NULL ? NULL :
	    set->extras[slot];

	if (x == NULL)
		return;
	if (x->is_missing) {
		rule_choice_answer(c, broken_status(c), FLAG_NR, "unresolved_filter");
		return;
	}
	add_behind(c, x->own);
	add_behind(c, x->policies);
}

static void
choose_backend(const struct rule_set *set, struct rule_choice *c,
    struct l7_ctx *ctx, const struct http_head *head, uint16_t port)
{
	const struct rule_backend *b = session_backend(set, ctx, head, c);

	if (b == NULL)
		b = rule_next_backend(c->rule);
	if (b == NULL) {
		rule_choice_answer(c, broken_status(c), FLAG_NR, "no_backend");
		return;
	}
	if (set->clusters[b->slot] == NULL) {
		rule_choice_answer(c, broken_status(c), FLAG_NC, "missing_backend");
		return;
	}
	use_extra(set, b->slot, c);
	if (c->status == 0)
		rule_backend_answer(c, l7_arena(ctx), head, port, b);
	if (c->status != 0)
		return;
	c->backend = b;
	c->cluster = cluster_ref(set->clusters[b->slot]);
}

/* Those whose turn it is, by chance; one that is missing gets nothing. */
static void
choose_mirrors(const struct rule_set *set, struct arena *a,
    struct rule_choice *c)
{
	const struct rule *r = c->rule;

	if (r->mirrors_len == 0 || c->status != 0)
		return;
	c->mirrors = arena_alloc(a, r->mirrors_len * sizeof(*c->mirrors));
	for (size_t i = 0; i < r->mirrors_len; i++) {
		const struct rule_mirror *m = &r->mirrors[i];
		struct cluster *to = set->clusters[m->slot];

		if (to != NULL && (m->only == NULL || m->only == c->backend) &&
		    random_below(1000000) < model_mirror_share(m->doc))
			c->mirrors[c->mirrors_len++] = cluster_ref(to);
	}
}

/* A GRPCRoute is for calls: who makes none is told as a server of gRPC does. */
static bool
is_no_call(const struct rule *r, const struct http_head *head)
{
	return r->is_grpc && !slice_has_prefix(http_fields_get(&head->fields,
	    FIELD_CONTENT_TYPE), SLICE("application/grpc"));
}

struct rule_choice *
rules_choose(const struct rule_set *set, struct l7_ctx *ctx,
    const struct http_head *head, uint16_t port)
{
	struct rule_choice *out = arena_zalloc(l7_arena(ctx), sizeof(*out));
	struct route_found found;

	if (!find(set, ctx, head, &found)) {
		rule_choice_answer(out, 404, FLAG_NR, "no_rule");
		return out;
	}
	out->book = rule_book_ref(set->book);
	out->rule = found.payload;
	fetch_rule(out->rule);
	if (found.path_kind == ROUTE_PREFIX)
		out->prefix = found.path;
	l7_summary(ctx)->route = arena_dup(l7_arena(ctx), out->rule->name);
	if (is_no_call(out->rule, head)) {
		rule_choice_answer(out, 415, FLAG_NONE, "no_grpc");
		return out;
	}
	if (out->rule->is_extended)
		use_extra(set, out->rule->slot, out);
	if (out->status == 0)
		rule_answer(out, l7_arena(ctx), head, port);
	if (out->status == 0)
		choose_backend(set, out, ctx, head, port);
	choose_mirrors(set, l7_arena(ctx), out);
	return out;
}

struct rule_choice *
rule_choice_again(const struct rule_choice *from, struct arena *a)
{
	struct rule_choice *c = arena_alloc(a, sizeof(*c));

	*c = *from;
	if (c->book != NULL)
		rule_book_ref(c->book);
	if (c->cluster != NULL)
		cluster_ref(c->cluster);
	c->sticky = NULL;
	c->mirrors = NULL;
	c->mirrors_len = 0;
	if (c->prefix.ptr != NULL)
		c->prefix = arena_dup(a, from->prefix);
	c->reply = NULL;
	return c;
}

void
rule_choice_fini(struct rule_choice *c)
{
	for (size_t i = 0; i < c->mirrors_len; i++)
		cluster_unref(c->mirrors[i]);
	cluster_unref(c->cluster);
	rule_book_unref(c->book);
	*c = (struct rule_choice){ 0 };
}

void
rule_choice_reply(struct l7_ctx *ctx, const struct rule_choice *c)
{
	struct buf none = { 0 };

	if (c->reply != NULL)
		l7_reply_with(ctx, c->reply, &none, c->flag, c->details);
	else
		l7_reply(ctx, c->status, c->flag, c->details, SLICE_NONE);
}

/* --- connections ------------------------------------------------------------------------ */

struct cluster *
rules_stream(const struct rule_set *set, struct slice sni, const char **why)
{
	const struct route_request request = route_connection(sni);
	const struct rule_backend *b;
	struct route_found found;

	*why = "no_route";
	if (!route_find(set->book->table, &request, &found))
		return NULL;
	*why = "no_backend";
	b = rule_next_backend(found.payload);
	if (b == NULL)
		return NULL;
	*why = "missing_backend";
	return set->clusters[b->slot] == NULL ? NULL :
	    cluster_ref(set->clusters[b->slot]);
}

struct cluster *
rules_stream_again(const struct rule_set *set, const struct cluster *before,
    const char **why)
{
	for (size_t i = 0; before != NULL && i < set->book->slots; i++)
		if (set->clusters[i] != NULL &&
		    slice_eq(set->clusters[i]->name, before->name))
			return cluster_ref(set->clusters[i]);
	return rules_stream(set, SLICE(""), why);
}

bool
rules_ask_name(const struct rule_set *set)
{
	for (size_t i = 0; i < set->book->rules_len; i++)
		if (set->book->rules[i]->route->kind == &model_tls_route_kind)
			return true;
	return false;
}

/* --- as a listener does it ------------------------------------------------------------ */

void
rules_route(const struct rule_set *set, struct l7_chain *chain,
    struct l7_ctx *ctx, struct http_head *head, uint16_t port,
    struct l7_route *out)
{
	struct proxy_worker *w = l7_env(ctx)->mode;
	struct router_job *job = arena_zalloc(l7_arena(ctx), sizeof(*job));

	job->choice = rules_choose(set, ctx, head, port);
	job->cluster = job->choice->cluster;
	job->port = port;
	job->source = w->env.workload;
	*out = (struct l7_route){
		.chain = chain, .terminal = &router_terminal,
		.terminal_arg = job, .release = router_job_release,
		.again = router_job_again,
		.behind_len = job->choice->behind_len,
	};
	memcpy(out->behind, job->choice->behind, sizeof(job->choice->behind));
	if (job->cluster != NULL)
		l7_summary(ctx)->service = job->cluster->service;
}
