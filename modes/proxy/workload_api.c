#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "chain/grpc_message.h"
#include "conf/json.h"
#include "filter/table.h"
#include "modes/proxy/workload_run.h"
#include "net/listener.h"
#include "stat/metrics.h"

#define BACKLOG		128
#define REQUEST_MAX	32768	/* bytes of a message to us */
#define LOG_MS		1000
#define SERVICE		"/SpiffeWorkloadAPI/"

static const struct workload_method methods[] = {
	{ "FetchX509SVID", workload_put_x509, NULL },
	{ "FetchX509Bundles", workload_put_x509_bundles, NULL },
	{ "FetchJWTSVID", NULL, workload_fetch_jwt },
	{ "FetchJWTBundles", workload_put_jwt_bundles, NULL },
	{ "ValidateJWTSVID", NULL, workload_validate_jwt },
};

/* --- answers ------------------------------------------------------------- */

static void
count(struct workload_call *c, int status)
{
	char code[12];
	struct slice labels[2] = {
		slice_str(c->method != NULL ? c->method->name : "unknown"),
	};

	snprintf(code, sizeof(code), "%d", status);
	labels[1] = slice_str(code);
	worker_env_count(&c->api->env, METRIC_WORKLOAD_API_REQUESTS, labels, 2, 1);
}

static void
forget(struct workload_call *c)
{
	if (c->is_streaming) {
		list_remove(&c->link);
		c->api->streams_len--;
	}
	c->is_streaming = false;
	buf_fini(&c->body);
	workload_forget(c);
}

/* Before anything was answered, or in place of what would go on. */
void
workload_fail(struct workload_call *c, int status, const char *why)
{
	struct arena *a = l7_arena(c->ctx);
	struct buf none = { 0 };

	c->is_answered = true;
	forget(c);
	count(c, status);
	if (l7_has_responded(c->ctx)) {
		struct http_fields *f = arena_alloc(a, sizeof(*f));

		http_fields_init(f, a);
		grpc_status_put(f, status, slice_str(why));
		l7_respond_trailers(c->ctx, f);
		return;
	}
	struct http_head *head = arena_alloc(a, sizeof(*head));

	http_head_init(head, a);
	grpc_answer(head, status, slice_str(why));
	l7_reply_with(c->ctx, head, &none, FLAG_NONE, "");
}

static void
respond(struct workload_call *c)
{
	struct http_head *head = arena_alloc(l7_arena(c->ctx), sizeof(*head));

	c->is_answered = true;
	http_head_init(head, l7_arena(c->ctx));
	head->status = 200;
	head->content_length = -1;
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE,
	    SLICE("application/grpc"));
	l7_respond_head(c->ctx, head, false);
}

void
workload_answer(struct workload_call *c, struct slice message)
{
	struct http_fields *f = arena_alloc(l7_arena(c->ctx), sizeof(*f));
	struct buf out = { 0 };

	count(c, GRPC_OK);
	respond(c);
	grpc_message_put(&out, message);
	l7_respond_body(c->ctx, &out, false);
	buf_fini(&out);
	http_fields_init(f, l7_arena(c->ctx));
	http_fields_add_id(f, FIELD_GRPC_STATUS, SLICE("0"));
	l7_respond_trailers(c->ctx, f);
}

/* The whole state, unless the caller has exactly that. */
static void
push(struct workload_call *c)
{
	uint8_t hash[HASH_LEN];
	struct str message = { 0 };
	struct buf out = { 0 };

	if (c->is_paused) {
		c->owes = true;
		return;
	}
	c->owes = false;
	c->method->put(&message, c->api->now);
	hash_sha256(hash, str_slice(&message));
	if (memcmp(hash, c->said, HASH_LEN) != 0) {
		memcpy(c->said, hash, HASH_LEN);
		grpc_message_put(&out, str_slice(&message));
		l7_respond_body(c->ctx, &out, false);
		buf_fini(&out);
	}
	key_wipe_str(&message);
}

static void
start_stream(struct workload_call *c)
{
	struct workload_api *api = c->api;

	if (api->now == NULL) {
		workload_fail(c, GRPC_PERMISSION_DENIED, "this workload has no identity "
		    "now");
		return;
	}
	if (api->streams_len >= WORKLOAD_API_STREAMS_MAX) {
		workload_fail(c, GRPC_RESOURCE_EXHAUSTED, "too many streams are open");
		return;
	}
	c->is_streaming = true;
	list_append(&api->streams, &c->link);
	api->streams_len++;
	count(c, GRPC_OK);
	respond(c);
	push(c);
}

static void
run(struct workload_call *c)
{
	size_t len = buf_len(&c->body);
	struct slice message;

	if (!grpc_message_read(len == 0 ? SLICE("") : buf_pull(&c->body, len),
	    &message)) {
		workload_fail(c, GRPC_INVALID_ARGUMENT, "expected one message, not "
		    "compressed");
		return;
	}
	if (c->method->run != NULL)
		c->method->run(c, message);
	else
		start_stream(c);
	buf_fini(&c->body);
}

void
workload_api_use(struct workload_api *api, struct svids *now)
{
	svids_unref(api->now);
	api->now = now;
	LIST_FOREACH_SAFE(at, &api->streams) {
		struct workload_call *c = list_entry(at, struct workload_call, link);

		if (now != NULL)
			push(c);
		else
			workload_fail(c, GRPC_PERMISSION_DENIED, "this workload has no "
			    "identity any more");
	}
}

/* --- who may ask --------------------------------------------------------- */

static bool
has(const int64_t *users, size_t len, uid_t uid)
{
	for (size_t i = 0; i < len; i++)
		if (users[i] == (int64_t)uid)
			return true;
	return false;
}

static bool
is_served(struct workload_api *api, uid_t uid)
{
	const struct model_proxy_spec *s = api->proxy->settings.spec;

	if (s->workload_api_users_len > 0)
		return has(s->workload_api_users, s->workload_api_users_len,
		    uid);
	return uid == geteuid() || has(s->app_users, s->app_users_len, uid);
}

static void
tell_refusal(struct workload_api *api, uid_t uid)
{
	uint64_t now = loop_now_ms(api->env.loop);

	if (api->log_ms != 0 && now - api->log_ms < LOG_MS)
		return;
	api->log_ms = now;
	log_warn("identity", "user %lu asks for an identity by the Workload "
	    "API and may have none (--workload-api-user)", (unsigned long)uid);
}

static const struct workload_method *
find_method(struct slice path)
{
	if (!slice_has_prefix(path, SLICE(SERVICE)))
		return NULL;
	path = slice_from(path, strlen(SERVICE));
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_is(path, methods[i].name))
			return &methods[i];
	return NULL;
}

/* False: it was refused. */
static bool
admit(struct workload_call *c, const struct http_head *head)
{
	uid_t uid = (uid_t)-1;

	c->method = find_method(head->path);
	if (!slice_is(http_fields_find(&head->fields,
	    SLICE("workload.spiffe.io")), "true")) {
		workload_fail(c, GRPC_INVALID_ARGUMENT, "the metadata "
		    "workload.spiffe.io: true is missing");
	} else if (c->method == NULL) {
		workload_fail(c, GRPC_UNIMPLEMENTED, "there is no such method here");
	} else if (conn_peer_uid(l7_conn(c->ctx), &uid) != 0 ||
	    !is_served(c->api, uid)) {
		tell_refusal(c->api, uid);
		workload_fail(c, GRPC_PERMISSION_DENIED, "this user is given no identity "
		    "here");
	}
	return !c->is_answered;
}

/* --- the terminal -------------------------------------------------------- */

static void
on_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	struct workload_call *c = ctx->state;

	c->ctx = ctx;
	c->api = *(struct workload_api *const *)ctx->shared;
	list_init(&c->link);
	if (!grpc_is_asked(head)) {
		c->is_answered = true;
		l7_reply(ctx, 415, FLAG_NONE, "", SLICE("this is the SPIFFE "
		    "Workload API, which speaks gRPC\n"));
	} else if (admit(c, head) && end) {
		run(c);
	}
}

static void
on_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	struct workload_call *c = ctx->state;

	if (c->is_answered) {
		buf_drain(b, buf_len(b));
		return;
	}
	buf_move(&c->body, b);
	if (buf_len(&c->body) > REQUEST_MAX)
		workload_fail(c, GRPC_RESOURCE_EXHAUSTED, "the message is too large");
	else if (end)
		run(c);
}

static void
on_trailers(struct l7_ctx *ctx, struct http_fields *trailers)
{
	struct workload_call *c = ctx->state;

	(void)trailers;
	if (!c->is_answered)
		run(c);
}

static void
on_pause(struct l7_ctx *ctx, bool is_paused)
{
	struct workload_call *c = ctx->state;

	c->is_paused = is_paused;
	if (c->is_streaming && c->owes && !is_paused)
		push(c);
}

static void
on_cancel(struct l7_ctx *ctx)
{
	struct workload_call *c = ctx->state;

	if (c->api != NULL)
		forget(c);
	c->is_answered = true;
}

static void
on_done(struct l7_ctx *ctx, const struct l7_summary *summary)
{
	(void)summary;
	on_cancel(ctx);
}

static const struct l7_terminal terminal = {
	.name = "workload_api", .state_size = sizeof(struct workload_call),
	.head = on_head, .body = on_body, .trailers = on_trailers,
	.pause = on_pause, .cancel = on_cancel, .done = on_done,
};

static void
route(void *arg, struct l7_ctx *ctx, struct http_head *head, struct l7_route *r)
{
	struct workload_api *api = arg;
	struct workload_api **kept = arena_alloc(l7_arena(ctx), sizeof(*kept));

	(void)head;
	*kept = api;
	*r = (struct l7_route){ .chain = api->l7, .terminal = &terminal,
		.terminal_arg = kept };
}

static void
on_bad_request(void *arg, struct l4_run *run, int status, const char *why)
{
	(void)arg;
	(void)run;
	log_debug("identity", "Workload API: %d: %s", status, why);
}

/* --- the socket ---------------------------------------------------------- */

static void
on_accepted(void *arg, int fd, const struct addr *peer)
{
	struct workload_api *api = arg;
	struct conn *c = conn_accept(api->env.loop, fd, peer,
	    listener_addr(api->listener), &conn_no_ops, NULL);

	l4_start(api->l4, c, &api->env, "workload-api", &http_terminal,
	    &api->http);
}

static int
listen_at(struct workload_api *api, const char *path, struct err *err)
{
	struct str text = { 0 };
	struct addr addr;
	int r;

	str_addf(&text, "unix:%s", path);
	r = addr_parse(str_slice(&text), &addr, err);
	str_fini(&text);
	if (r == 0) {
		api->listener = listener_open(&addr, BACKLOG, err);
		r = api->listener == NULL ? -1 :
		    listener_set_mode(api->listener, 0666, -1, err);
	}
	if (r != 0)
		return err_wrap(err, "--workload-api-socket %s", path);
	api->watch = listener_watch(api->listener, api->env.loop, on_accepted,
	    api);
	log_info("listener", "the Workload API listens on unix:%s", path);
	return 0;
}

/* One caller that opens too many takes no descriptors from traffic. */
static int
add_limit(struct workload_api *api, struct err *err)
{
	const struct filter_row *limit = filter_find_l4("limit");
	struct conf_node *config;
	struct arena arena;
	void *shared = NULL;

	arena_init(&arena);
	config = conf_map_new(&arena);
	conf_set_int(config, "connections", WORKLOAD_API_CONNS_MAX);

	int r = limit->l4->base.configure(&shared, config, err);

	if (r == 0)
		l4_chain_add(api->l4, limit->l4, shared);
	arena_fini(&arena);
	return r;
}

struct workload_api *
workload_api_open(struct proxy_run *p, struct err *err)
{
	struct workload_api *api = mem_zalloc(sizeof(*api));

	api->proxy = p;
	list_init(&api->streams);
	worker_env_init(&api->env, p->loop, 0, api);
	api->env.stats = p->stats;
	api->env.stat = p->stat;
	api->env.memo = &api->memo;
	api->l4 = l4_chain_new("workload-api", p->filter_stats);
	api->l7 = l7_chain_new("workload-api", p->filter_stats);
	api->http = http_options_default;
	api->http.listener = (struct l7_listener){ .name = "workload-api",
		.route = route, .bad_request = on_bad_request, .arg = api };
	if (add_limit(api, err) == 0 && listen_at(api,
	    p->settings.spec->workload_api_socket, err) == 0)
		return api;
	workload_api_free(api);
	return NULL;
}

void
workload_api_close(struct workload_api *api)
{
	if (api == NULL)
		return;
	if (api->watch != NULL)
		listener_unwatch(api->watch);
	if (api->listener != NULL)
		listener_close(api->listener);
	api->watch = NULL;
	api->listener = NULL;
	worker_env_close(&api->env);
}

void
workload_api_free(struct workload_api *api)
{
	if (api == NULL)
		return;
	workload_api_close(api);
	l4_chain_unref(api->l4);
	l7_chain_unref(api->l7);
	stat_memo_fini(&api->memo);
	svids_unref(api->now);
	mem_free(api);
}
