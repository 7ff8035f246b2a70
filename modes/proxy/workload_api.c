#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "chain/grpc_message.h"
#include "modes/proxy/workload_run.h"
#include "net/listener.h"
#include "stat/metrics.h"

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
	worker_env_count(&c->api->door.env, METRIC_WORKLOAD_API_REQUESTS, labels, 2, 1);
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
	uint64_t now = loop_now_ms(api->door.env.loop);

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
	c->api = door_owner(ctx);
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

/* --- the socket ---------------------------------------------------------- */

static int
listen_at(struct workload_api *api, const char *path, struct err *err)
{
	struct str text = { 0 };
	struct listener *l;

	str_addf(&text, "unix:%s", path);
	l = door_listen(&api->door, str_slice(&text), 0666, err);
	str_fini(&text);
	if (l == NULL)
		return err_wrap(err, "--workload-api-socket %s", path);
	log_info("listener", "the Workload API listens on unix:%s", path);
	return 0;
}

/* Who is given nothing keeps nobody from what he is given. */
static bool
is_stranger(void *owner, const struct conn *c)
{
	uid_t uid;

	return conn_peer_uid(c, &uid) != 0 || !is_served(owner, uid);
}

struct workload_api *
workload_api_open(struct proxy_run *p, struct err *err)
{
	struct workload_api *api = mem_zalloc(sizeof(*api));

	api->proxy = p;
	list_init(&api->streams);
	door_init(&api->door, p->loop, p->filter_stats, &(struct door_is){
	    .name = "workload-api", .scope = "identity",
	    .connections = WORKLOAD_API_CONNS_MAX, .terminal = &terminal,
	    .owner = api, .is_stranger = is_stranger });
	api->door.env.stats = p->stats;
	api->door.env.stat = p->stat;
	api->door.env.memo = &api->memo;
	if (listen_at(api, p->settings.spec->workload_api_socket, err) == 0)
		return api;
	workload_api_free(api);
	return NULL;
}

void
workload_api_close(struct workload_api *api)
{
	if (api != NULL)
		door_close(&api->door);
}

void
workload_api_free(struct workload_api *api)
{
	if (api == NULL)
		return;
	door_fini(&api->door);
	stat_memo_fini(&api->memo);
	svids_unref(api->now);
	mem_free(api);
}
