#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "chain/http.h"
#include "conf/json.h"
#include "filter/table.h"
#include "modes/control/api.h"
#include "modes/control/door_limit.h"
#include "modes/control/doors.h"
#include "modes/control/folders.h"
#include "modes/control/identity.h"
#include "modes/control/log_limit.h"
#include "modes/control/web_cert.h"
#include "net/listener.h"
#include "tls/tls.h"

#define BACKLOG		1024
#define STRANGER_MS	10000	/* without a request, and for its head */

enum { DOOR_API, DOOR_LOCAL, DOOR_ADMIN, DOOR_FEDERATION, DOORS };

static const char *const alpn[] = { "http/1.1", NULL };

struct open_door {
	struct doors          *doors;
	struct door            door;
	struct l4_chain       *l4;
	struct l7_chain       *l7;
	struct http_options    http, stranger;
	struct listener       *listener;
	struct listener_watch *watch;
	struct log_limit       failures;	/* of handshakes */
};

struct doors {
	struct server   *server;
	struct list      arrivals;	/* shaking hands */
	struct open_door open[DOORS];
	struct web_cert *web;	/* of the last; NULL: it is not open */
};

struct arrival {
	struct list           link;
	struct open_door     *door;
	struct addr           peer;
	struct tls_handshake *handshake;
};

/* --- what stands before the terminal ----------------------------------------- */

static const struct {
	const char *name;
	unsigned    role;
	const char *l4_limit;	/* configuration of the filter */
	struct door_share share;	/* 0: the filter's alone */
} kinds[DOORS] = {
	[DOOR_API]   = { "api", API_NOBODY, "{\"connections\":20000}",
	    { .known = 10000, .stranger = 500, .strangers = 5000 } },
	[DOOR_LOCAL] = { "local", API_LOCAL, "{\"connections\":1000}", { 0 } },
	[DOOR_ADMIN] = { "admin", API_ADMIN, "{\"connections\":100}", { 0 } },
	[DOOR_FEDERATION] = { "federation", API_FEDERATION,
	    "{\"connections\":1000}",
	    { .known = 100, .stranger = 100, .strangers = 1000 } },
};

static const struct {
	const char *name, *config;
} l7_filters[] = {
	{ "request_id", NULL }, { "access_log", NULL },
	{ "limit", "{\"headBytes\":\"32Ki\",\"bodyBytes\":\"4Mi\"}" },
};

static int
configure(const struct filter_class *class, const char *json, void **shared,
    struct err *err)
{
	struct arena a;
	int r;

	*shared = NULL;
	if (class->configure == NULL)
		return 0;
	arena_init(&a);
	r = class->configure(shared, json == NULL ? NULL : conf_json_read(&a,
	    slice_str(json), "built in", err), err);
	arena_fini(&a);
	return r;
}

static int
make_chains(struct open_door *d, int kind, struct err *err)
{
	struct filter_stats *stats = d->doors->server->filter_stats;
	const struct filter_row *limit = filter_find_l4("limit");
	void *shared;

	d->l4 = l4_chain_new(kinds[kind].name, stats);
	d->l7 = l7_chain_new(kinds[kind].name, stats);
	if (configure(&limit->l4->base, kinds[kind].l4_limit, &shared, err) < 0)
		return -1;
	if (kinds[kind].share.stranger > 0)
		l4_chain_add(d->l4, &door_limit_filter, door_limit_new(
		    kinds[kind].name, &kinds[kind].share));
	l4_chain_add(d->l4, limit->l4, shared);
	for (size_t i = 0; i < sizeof(l7_filters) / sizeof(l7_filters[0]); i++) {
		const struct l7_filter *f =
		    filter_find_l7(l7_filters[i].name)->l7;

		if (configure(&f->base, l7_filters[i].config, &shared, err) < 0)
			return -1;
		l7_chain_add(d->l7, f, shared);
	}
	return 0;
}

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *head, struct l7_route *r)
{
	struct open_door *d = arg;

	(void)ctx;
	(void)head;
	*r = (struct l7_route){ .chain = d->l7, .terminal = &api_terminal,
	    .terminal_arg = &d->door };
}

static void
on_bad_request(void *arg, struct l4_run *l4, int status, const char *why)
{
	char from[ADDR_TEXT_MAX];
	struct addr room;

	(void)arg;
	addr_format(conn_addr(l4_conn(l4), &room), from);
	log_debug("api", "%s: %s: %d: %s", l4_listener(l4), from, status, why);
}

/* --- connections ----------------------------------------------------------------- */

static void
begin(struct open_door *d, struct conn *c)
{
	const struct conn_peer *peer = conn_peer(c);
	bool is_stranger = peer->is_tls && peer->id[0] == '\0' &&
	    peer->subject == NULL;

	l4_start(d->l4, c, &d->doors->server->env, d->http.listener.name,
	    &http_terminal, is_stranger ? &d->stranger : &d->http);
}

/* Anybody can cause that, as often as he likes. */
static void
tell_failure(struct open_door *d, const char *from, const struct tls_result *t)
{
	char more[64] = "";
	uint64_t left_out;

	if (!log_limit_take(&d->failures, loop_now_ms(d->doors->server->loop),
	    &left_out))
		return;
	if (left_out > 0)
		snprintf(more, sizeof(more), "; %llu lines like this were left "
		    "out", (unsigned long long)left_out);
	log_info("tls", "%s: %s: %s%s", d->http.listener.name, from,
	    *t->text ? t->text : tls_failure_text(t->failure), more);
}

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct arrival *a = arg;
	struct open_door *d = a->door;
	struct server *s = d->doors->server;
	char from[ADDR_TEXT_MAX];

	addr_format(&a->peer, from);
	list_remove(&a->link);
	mem_free(a);
	if (t->failure != TLS_OK) {
		server_count(s, METRIC_TLS_FAILURES, (struct slice[]){
		    SLICE(METRIC_INBOUND), slice_str(t->cert_reason != NULL ?
		    t->cert_reason : tls_failure_name(t->failure)) });
		tell_failure(d, from, t);
		return;
	}
	server_count(s, METRIC_TLS_HANDSHAKES, (struct slice[]){
	    SLICE(METRIC_INBOUND), t->image.peer->is_resumed ?
	    SLICE("resumed") : SLICE("full") });
	if (s->is_ending)
		conn_image_fini(&t->image);
	else
		begin(d, conn_attach(s->loop, &t->image, &tls_transport, &conn_no_ops,
		    NULL));
}

static void
shake_hands(struct open_door *d, int fd, const struct addr *peer)
{
	struct server *s = d->doors->server;
	struct tls_request q = { .is_server = true, .alpn = alpn };
	struct arrival *a = mem_zalloc(sizeof(*a));

	if (d->door.role == API_FEDERATION) {
		q.edge = web_cert_get(d->doors->web);
	} else {
		q.client_cert_optional = true;
		q.identity = identity_get(s->identity);
		/* The CA has ended: nobody could know us. */
		if (q.identity == NULL) {
			mem_free(a);
			close(fd);
			return;
		}
	}
	a->door = d;
	a->peer = *peer;
	list_append(&d->doors->arrivals, &a->link);
	a->handshake = tls_handshake_start(s->handshaker, fd, &q, s->loop,
	    on_handshake, a);
	tls_identity_unref(q.identity);
}

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct open_door *d = arg;
	struct conn *c;

	server_count(d->doors->server, METRIC_CONNECTIONS_ACCEPTED,
	    (struct slice[]){ slice_str(d->http.listener.name) });
	if (d->door.role == API_NOBODY || d->door.role == API_FEDERATION) {
		shake_hands(d, fd, peer);
		return;
	}
	c = conn_accept(d->doors->server->loop, fd, peer,
	    listener_addr(d->listener), &conn_no_ops, NULL);
	begin(d, c);
}

/* --- life ------------------------------------------------------------------------- */

static int
open_door(struct doors *ds, int kind, const char *text, struct err *err)
{
	struct open_door *d = &ds->open[kind];
	struct addr at;
	char real[ADDR_TEXT_MAX];

	d->doors = ds;
	d->door = (struct door){ ds->server, kinds[kind].role };
	d->http = http_options_default;
	d->http.listener = (struct l7_listener){ .name = kinds[kind].name,
	    .route = route, .bad_request = on_bad_request, .arg = d };
	d->stranger = d->http;
	d->stranger.head_timeout_ms = STRANGER_MS;
	d->stranger.idle_timeout_ms = STRANGER_MS;
	if (make_chains(d, kind, err) < 0 ||
	    addr_parse(slice_str(text), &at, err) < 0)
		return -1;
	d->listener = listener_open(&at, BACKLOG, err);
	if (d->listener == NULL)
		return -1;
	if (kind == DOOR_LOCAL && listener_set_mode(d->listener, 0660,
	    ds->server->spec->socket_group, err) < 0)
		return -1;
	d->watch = listener_watch(d->listener, ds->server->loop, on_accepted, d);
	addr_format(listener_addr(d->listener), real);
	log_info("api", "%s: listening on %s", kinds[kind].name, real);
	return 0;
}

static int
open_federation(struct doors *ds, struct err *err)
{
	const struct model_control_spec *s = ds->server->spec;

	ds->web = web_cert_new(s->federation_cert_file, s->federation_key_file,
	    err);
	if (ds->web == NULL)
		return err_wrap(err, "federation");
	return open_door(ds, DOOR_FEDERATION, s->federation_listen, err);
}

struct doors *
doors_open(struct server *s, struct err *err)
{
	struct doors *ds = mem_zalloc(sizeof(*ds));
	char *local = mem_printf("unix:%s", s->spec->socket);
	int r;

	ds->server = s;
	list_init(&ds->arrivals);
	folders_make_above(s->spec->socket);
	r = open_door(ds, DOOR_ADMIN, s->spec->admin_listen, err);
	if (r == 0)
		r = open_door(ds, DOOR_LOCAL, local, err);
	if (r == 0)
		r = open_door(ds, DOOR_API, s->spec->api_listen, err);
	if (r == 0 && s->spec->federation_listen != NULL)
		r = open_federation(ds, err);
	mem_free(local);
	if (r == 0)
		return ds;
	doors_shut(ds);
	doors_close(ds);
	return NULL;
}

void
doors_shut(struct doors *ds)
{
	for (int i = 0; ds != NULL && i < DOORS; i++) {
		struct open_door *d = &ds->open[i];

		if (d->watch != NULL)
			listener_unwatch(d->watch);
		d->watch = NULL;
		if (d->listener != NULL)
			listener_close(d->listener);
		d->listener = NULL;
	}
}

void
doors_close(struct doors *ds)
{
	if (ds == NULL)
		return;
	LIST_FOREACH_SAFE(at, &ds->arrivals) {
		struct arrival *a = list_entry(at, struct arrival, link);

		tls_handshake_cancel(a->handshake);
		list_remove(at);
		mem_free(a);
	}
	for (int i = 0; i < DOORS; i++) {
		l4_chain_unref(ds->open[i].l4);
		l7_chain_unref(ds->open[i].l7);
	}
	web_cert_free(ds->web);
	mem_free(ds);
}
