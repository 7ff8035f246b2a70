#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "chain/l4.h"
#include "modes/control/door_limit.h"
#include "modes/control/login_limit.h"

struct door_limit *
door_limit_new(const char *door, const struct door_share *share)
{
	struct door_limit *l = mem_zalloc(sizeof(*l));

	l->share = *share;
	l->door = door;
	map_init(&l->known);
	map_init(&l->strangers);
	return l;
}

void
door_limit_free(void *p)
{
	struct door_limit *l = p;

	map_fini(&l->known, mem_free);
	map_fini(&l->strangers, mem_free);
	mem_free(l);
}

bool
door_limit_enter(struct door_limit *l, const struct addr *from, bool is_known)
{
	struct map *m = is_known ? &l->known : &l->strangers;
	struct slice host = login_limit_host(from);
	unsigned *n = map_get(m, host);

	if (!is_known && l->n_strangers == l->share.strangers)
		return false;
	if (n == NULL) {
		n = mem_zalloc(sizeof(*n));
		map_put(m, host, n);
	}
	if (*n == (is_known ? l->share.known : l->share.stranger))
		return false;
	++*n;
	l->n_strangers += !is_known;
	return true;
}

void
door_limit_leave(struct door_limit *l, const struct addr *from, bool is_known)
{
	struct map *m = is_known ? &l->known : &l->strangers;
	struct slice host = login_limit_host(from);
	unsigned *n = map_get(m, host);

	check(n != NULL && *n > 0);
	l->n_strangers -= !is_known;
	if (--*n == 0)
		mem_free(map_del(m, host));
}

/* --- the filter ------------------------------------------------------------------- */

struct state {
	struct addr from;
	bool        is_in, is_known;
};

static struct door_limit *
limit_of(const void *shared)
{
	union { const void *from; struct door_limit *to; } u = { shared };

	return u.to;
}

static void
tell(struct door_limit *l, const struct state *s, uint64_t now_ms)
{
	char ip[ADDR_TEXT_MAX];
	uint64_t left_out;

	if (!log_limit_take(&l->log, now_ms, &left_out))
		return;
	addr_format_ip(&s->from, ip);
	log_warn("api", "%s: closed a connection from %s: there are as many open "
	    "%s as there may be; %llu lines like this were left out", l->door, ip,
	    s->is_known ? "from there" : "without a certificate",
	    (unsigned long long)left_out);
}

static enum verdict
on_open(struct l4_ctx *ctx)
{
	struct door_limit *l = limit_of(ctx->shared);
	const struct conn_peer *peer = l4_peer(ctx);
	struct state *s = ctx->state;
	struct addr room;

	s->from = *conn_addr(l4_conn(ctx->run), &room);
	s->is_known = peer->id[0] != '\0' || peer->subject != NULL;
	s->is_in = door_limit_enter(l, &s->from, s->is_known);
	if (s->is_in)
		return PASS;
	tell(l, s, loop_now_ms(l4_env(ctx->run)->loop));
	l4_filter_close(ctx, CLOSE_LIMIT);
	return STOP;
}

static void
on_close(struct l4_ctx *ctx, enum close_reason why)
{
	struct state *s = ctx->state;

	(void)why;
	if (s->is_in)
		door_limit_leave(limit_of(ctx->shared), &s->from, s->is_known);
	s->is_in = false;
}

const struct l4_filter door_limit_filter = {
	.base = { .name = "door_limit", .state_size = sizeof(struct state),
	    .release = door_limit_free },
	.open = on_open, .close = on_close,
};
