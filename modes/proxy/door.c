#include "base/check.h"
#include "base/log.h"
#include "conf/node.h"
#include "filter/table.h"
#include "modes/proxy/door.h"
#include "net/listener.h"

#define BACKLOG		128

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *head, struct l7_route *r)
{
	struct door *d = arg;

	(void)ctx;
	(void)head;
	*r = (struct l7_route){ .chain = d->l7, .terminal = d->is.terminal,
		.terminal_arg = d };
}

void *
door_owner(const struct l7_ctx *ctx)
{
	const struct door *d = ctx->shared;

	return d->is.owner;
}

static void
on_bad_request(void *arg, struct l4_run *run, int status, const char *why)
{
	const struct door *d = arg;

	(void)run;
	log_debug(d->is.scope, "%s: %d: %s", d->is.name, status, why);
}

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	const struct door_listener *l = arg;
	struct door *d = l->door;
	struct conn *c = conn_accept(d->env.loop, fd, peer,
	    listener_addr(l->listener), &conn_no_ops, NULL);
	bool is_stranger = d->is.is_stranger != NULL &&
	    d->is.is_stranger(d->is.owner, c);

	l4_start(is_stranger ? d->strangers : d->l4, c, &d->env, d->is.name,
	    &http_terminal, &d->http);
}

static struct l4_chain *
chain_new(const struct door *d, struct filter_stats *stats, int64_t connections)
{
	struct l4_chain *chain = l4_chain_new(d->is.name, stats);
	const struct filter_row *limit = filter_find_l4("limit");
	struct err err = ERR_INIT;
	struct conf_node *config;
	struct arena arena;
	void *shared = NULL;

	arena_init(&arena);
	config = conf_map_new(&arena);
	conf_set_int(config, "connections", connections);
	check(limit->l4->base.configure(&shared, config, &err) == 0);
	l4_chain_add(chain, limit->l4, shared);
	arena_fini(&arena);
	return chain;
}

void
door_init(struct door *d, struct loop *loop, struct filter_stats *stats,
    const struct door_is *is)
{
	d->is = *is;
	worker_env_init(&d->env, loop, 0, is->owner);
	d->l4 = chain_new(d, stats, is->connections);
	d->strangers = chain_new(d, stats, DOOR_STRANGERS);
	d->l7 = l7_chain_new(is->name, stats);
	d->http = http_options_default;
	d->http.listener = (struct l7_listener){ .name = is->name,
		.route = route, .bad_request = on_bad_request, .arg = d };
}

struct listener *
door_listen(struct door *d, struct slice at, unsigned mode, struct err *err)
{
	struct door_listener *l = &d->listeners[d->listeners_len];
	struct addr addr;

	check(d->listeners_len < DOOR_LISTENERS);
	if (addr_parse(at, &addr, err) != 0)
		return NULL;
	l->door = d;
	l->listener = listener_open(&addr, BACKLOG, err);
	if (l->listener == NULL)
		return NULL;
	l->watch = listener_watch(l->listener, d->env.loop, on_accepted, l);
	d->listeners_len++;
	if (addr.sa.sa_family == AF_UNIX &&
	    listener_set_mode(l->listener, mode, -1, err) != 0)
		return NULL;
	return l->listener;
}

void
door_close(struct door *d)
{
	while (d->listeners_len > 0) {
		struct door_listener *l = &d->listeners[--d->listeners_len];

		listener_unwatch(l->watch);
		listener_close(l->listener);
	}
	if (d->env.loop != NULL)
		worker_env_close(&d->env);
}

void
door_fini(struct door *d)
{
	door_close(d);
	l4_chain_unref(d->l4);
	l4_chain_unref(d->strangers);
	l7_chain_unref(d->l7);
	d->l4 = d->strangers = NULL;
	d->l7 = NULL;
}
