#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/admin.h"
#include "modes/proxy/admin_config.h"
#include "modes/proxy/admin_metrics.h"
#include "modes/proxy/agent.h"
#include "modes/proxy/door.h"
#include "modes/proxy/proxy_run.h"
#include "stat/text.h"

#define CONNECTIONS_MAX	100	/* of scrapers, probes and people */

struct admin {
	struct proxy_run    *proxy;
	struct door          door;
	struct admin_metrics metrics;
};

/* --- answers ------------------------------------------------------------- */

static void
answer(struct l7_ctx *ctx, int status, const char *type, struct slice text)
{
	struct http_head *head = arena_alloc(l7_arena(ctx), sizeof(*head));
	struct buf body = { 0 };

	http_head_init(head, l7_arena(ctx));
	head->status = status;
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE, slice_str(type));
	http_fields_add(&head->fields, SLICE("cache-control"),
	    SLICE("no-store"));
	if (status == 405)
		http_fields_add(&head->fields, SLICE("allow"),
		    SLICE("GET, HEAD, PUT"));
	buf_add_slice(&body, text);
	l7_reply_with(ctx, head, &body, FLAG_NONE, "");
	buf_fini(&body);
}

static void
answer_text(struct l7_ctx *ctx, int status, const char *text)
{
	struct slice line = slice_str(arena_printf(l7_arena(ctx), "%s\n",
	    text));

	answer(ctx, status, "text/plain", line);
}

/* --- what is asked ------------------------------------------------------- */

static void
get_livez(struct l7_ctx *ctx, struct admin *a)
{
	(void)a;
	answer_text(ctx, 200, "ok");
}

static void
get_readyz(struct l7_ctx *ctx, struct admin *a)
{
	const struct proxy_run *p = a->proxy;

	if (p->is_ready)
		answer_text(ctx, 200, "ok");
	else
		answer_text(ctx, 503, p->draining || p->stopping ? "ending" :
		    p->agent != NULL ? "waiting for an identity and documents" :
		    "starting");
}

static bool
wants_openmetrics(const struct http_head *head)
{
	struct slice rest = http_fields_get(&head->fields, FIELD_ACCEPT), part;

	while (slice_cut(&rest, ',', &part))
		if (slice_has_prefix(slice_trim(part),
		    SLICE("application/openmetrics-text")))
			return true;
	return false;
}

static void
get_metrics(struct l7_ctx *ctx, struct admin *a)
{
	enum stat_format format = wants_openmetrics(l7_request(ctx)) ?
	    STAT_OPENMETRICS : STAT_PROMETHEUS;
	struct str out = { 0 };

	admin_metrics_update(&a->metrics, a->proxy->filter_stats);
	stat_render(a->proxy->stats, format, &out);
	answer(ctx, 200, stat_content_type(format), str_slice(&out));
	str_fini(&out);
}

/* An answer that comes from the agent's thread; the caller may go before. */
struct waiting {
	struct l7_ctx *ctx;	/* NULL: gone */
};

/* State of the terminal. */
struct admin_call {
	struct waiting *waiting;
};

static void
on_described(void *arg, struct slice text)
{
	struct waiting *w = arg;

	if (w->ctx != NULL) {
		struct admin_call *call = w->ctx->state;

		call->waiting = NULL;
		answer(w->ctx, 200, "application/json", text);
	}
	mem_free(w);
}

static void
get_config(struct l7_ctx *ctx, struct admin *a)
{
	struct proxy_run *p = a->proxy;
	struct admin_call *call = ctx->state;

	if (p->agent == NULL) {
		struct str out = { 0 };

		str_add(&out, "{\"proxy\":");
		admin_config_write(&out, p);
		str_add_char(&out, '}');
		answer(ctx, 200, "application/json", str_slice(&out));
		str_fini(&out);
		return;
	}
	call->waiting = mem_alloc(sizeof(*call->waiting));
	call->waiting->ctx = ctx;
	agent_describe(p->agent, on_described, call->waiting);
}

static const char *const scopes[] = {
	"admin", "app", "config", "identity", "listener", "proxy", "sync",
	"tls", "upstream",
};

static void
get_logging(struct l7_ctx *ctx, struct admin *a)
{
	struct str out = { 0 };

	(void)a;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		int level = LOG_DEBUG;

		while (level > LOG_ERROR &&
		    !log_enabled(scopes[i], (enum log_level)level))
			level--;
		str_addf(&out, "%s\"%s\":\"%s\"", i == 0 ? "{" : ",", scopes[i],
		    log_level_name((enum log_level)level));
	}
	str_add_char(&out, '}');
	answer(ctx, 200, "application/json", str_slice(&out));
	str_fini(&out);
}

#define CALLER_TEXT	(ADDR_TEXT_MAX + 16)

/*
 * Whoever may open the local socket may read; whose proxy it is may write, and
 * anybody on this machine by TCP, as ever.
 */
static bool
name_owner(struct l7_ctx *ctx, char out[CALLER_TEXT])
{
	char from[ADDR_TEXT_MAX];
	struct addr room;
	uid_t uid;

	if (conn_peer_uid(l7_conn(ctx), &uid) == 0) {
		snprintf(out, CALLER_TEXT, "uid %u", (unsigned)uid);
		if (uid == 0 || uid == geteuid())
			return true;
		log_warn("admin", "%s may not set log levels", out);
		return false;
	}
	addr_format(l7_addr(ctx, &room), from);
	snprintf(out, CALLER_TEXT, "%s", from);
	return true;
}

static void
put_logging(struct l7_ctx *ctx, struct admin *a)
{
	char caller[CALLER_TEXT];
	struct slice rest = l7_request(ctx)->query, part;
	const char *level = NULL;

	while (slice_cut(&rest, '&', &part))
		if (slice_has_prefix(part, SLICE("level=")))
			level = arena_dup(l7_arena(ctx),
			    slice_from(part, 6)).ptr;
	if (!name_owner(ctx, caller)) {
		answer_text(ctx, 403, "only the user that the proxy runs as sets "
		    "log levels");
		return;
	}
	/* Beforehand: the new level may leave warnings out. */
	if (level != NULL)
		log_warn("admin", "%s sets the log level: %s", caller, level);
	if (level == NULL || log_set_levels(level) != 0) {
		answer_text(ctx, 400, "level: expected error, warn, info or "
		    "debug, also by part: info,tls=debug");
		return;
	}
	get_logging(ctx, a);
}

static const struct admin_row {
	enum http_method method;
	const char      *path;
	void           (*run)(struct l7_ctx *, struct admin *);
} rows[] = {
	{ METHOD_GET, "/livez", get_livez },
	{ METHOD_GET, "/readyz", get_readyz },
	{ METHOD_GET, "/metrics", get_metrics },
	{ METHOD_GET, "/config", get_config },
	{ METHOD_GET, "/logging", get_logging },
	{ METHOD_PUT, "/logging", put_logging },
};

/* --- the terminal -------------------------------------------------------- */

static void
on_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	struct admin *a = door_owner(ctx);
	enum http_method method = head->method_id == METHOD_HEAD ? METHOD_GET :
	    head->method_id;
	bool has_path = false;

	(void)end;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!slice_is(head->path, rows[i].path))
			continue;
		has_path = true;
		if (rows[i].method != method)
			continue;
		rows[i].run(ctx, a);
		return;
	}
	answer_text(ctx, has_path ? 405 : 404, has_path ?
	    "this is not done here" : "there are /livez, /readyz, /metrics, "
	    "/config and /logging");
}

static void
on_body(struct l7_ctx *ctx, struct buf *b, bool end)
{
	(void)ctx;
	(void)end;
	buf_drain(b, buf_len(b));
}

static void
on_trailers(struct l7_ctx *ctx, struct http_fields *trailers)
{
	(void)ctx;
	(void)trailers;
}

static void
on_pause(struct l7_ctx *ctx, bool paused)
{
	(void)ctx;
	(void)paused;
}

static void
forget(struct l7_ctx *ctx)
{
	struct admin_call *call = ctx->state;

	if (call->waiting != NULL)
		call->waiting->ctx = NULL;
	call->waiting = NULL;
}

static void
on_done(struct l7_ctx *ctx, const struct l7_summary *summary)
{
	(void)summary;
	forget(ctx);
}

static const struct l7_terminal terminal = {
	.name = "admin", .state_size = sizeof(struct admin_call),
	.head = on_head, .body = on_body, .trailers = on_trailers,
	.pause = on_pause, .cancel = forget, .done = on_done,
};

/* --- where it is asked --------------------------------------------------- */

static int
open_tcp(struct admin *a, struct err *err)
{
	const char *text = a->proxy->settings.spec->admin_listen;
	struct listener *l = door_listen(&a->door, slice_str(text), 0, err);
	char shown[ADDR_TEXT_MAX];

	if (l == NULL)
		return err_wrap(err, "admin");
	a->proxy->admin_addr = *listener_addr(l);
	addr_format(&a->proxy->admin_addr, shown);
	log_info("listener", "admin listens on %s", shown);
	return 0;
}

/* The path of the socket in an arena-like str; false: none is wanted. */
static bool
socket_path(const struct proxy_run *p, struct str *out)
{
	const struct model_proxy_spec *s = p->settings.spec;
	struct slice name = slice_str(s->service);
	ptrdiff_t slash;

	if (s->admin_socket != NULL) {
		str_add(out, s->admin_socket);
		return true;
	}
	if (access(ADMIN_SOCKET_DIR, W_OK) != 0)
		return false;
	slash = slice_find(name, '/');
	if (slash >= 0)
		name = slice_from(name, (size_t)slash + 1);
	str_addf(out, "%s/%.*s.sock", ADMIN_SOCKET_DIR,
	    name.ptr == NULL ? (int)strlen("standalone") : (int)name.len,
	    name.ptr == NULL ? "standalone" : name.ptr);
	return true;
}

static int
open_local(struct admin *a, struct err *err)
{
	struct str path = { 0 }, text = { 0 };
	int result = 0;

	if (socket_path(a->proxy, &path)) {
		str_addf(&text, "unix:%s", path.ptr);
		if (door_listen(&a->door, str_slice(&text), 0660, err) == NULL)
			result = err_wrap(err, "admin");
	}
	str_fini(&path);
	str_fini(&text);
	return result;
}

struct admin *
admin_open(struct proxy_run *p, struct err *err)
{
	struct admin *a = mem_zalloc(sizeof(*a));

	a->proxy = p;
	admin_metrics_init(&a->metrics, p->stats, p->stat);
	door_init(&a->door, p->loop, p->filter_stats, &(struct door_is){
	    .name = "admin", .scope = "admin", .connections = CONNECTIONS_MAX,
	    .terminal = &terminal, .owner = a });
	if (open_tcp(a, err) != 0 || open_local(a, err) != 0) {
		admin_free(a);
		return NULL;
	}
	return a;
}

void
admin_close(struct admin *a)
{
	if (a != NULL)
		door_close(&a->door);
}

void
admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	door_fini(&a->door);
	admin_metrics_fini(&a->metrics);
	mem_free(a);
}
