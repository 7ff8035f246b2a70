#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/exchange.h"
#include "http/message.h"
#include "modes/proxy/app_health.h"
#include "net/dial.h"
#include "upstream/grpc_health.h"

#define EAGER_MS	1000	/* while it is down, or may be */
#define CALM_MS		5000
#define PROBE_MS	1000	/* for one answer */
#define FAILURES	2	/* in a row, and it is down */
#define BODY_MAX	(64 * 1024)

struct probe {
	struct app_health *owner;
	struct addr        addr;
	char               name[ADDR_TEXT_MAX];
	enum proxy_version announce;
	char              *why;	/* it did not answer the last time, or NULL */
	uint16_t           port;
	struct loop_timer  timer;
	struct dial       *dial;
	struct exchange   *exchange;
	struct arena       arena;
	bool               is_silent;	/* speaks UDP: nobody can ask it */
	bool               is_up, is_told;	/* that it is not */
	unsigned           failures;
};

struct app_health {
	struct loop  *loop;
	const char   *path;	/* of http; or NULL */
	const char   *service;	/* of grpc, or ""; NULL too: tcp */
	struct probe *probes;
	size_t        len;
	bool          is_up;
	void        (*on_change)(void *, bool);
	void         *arg;
};

static bool
all_up(const struct app_health *h)
{
	for (size_t i = 0; i < h->len; i++)
		if (!h->probes[i].is_up)
			return false;
	return h->len > 0;
}

static void
tell(struct app_health *h)
{
	bool is_up = all_up(h);

	if (is_up == h->is_up)
		return;
	h->is_up = is_up;
	h->on_change(h->arg, is_up);
}

static void
take_good(struct probe *p)
{
	if (!p->is_up)
		log_info("app", "%s answers", p->name);
	p->is_up = true;
	p->is_told = false;
	p->failures = 0;
	mem_free(p->why);
	p->why = NULL;
}

static const char *
wanted(const struct app_health *h)
{
	return h->path != NULL ? "answers GET " : h->service != NULL ?
	    "says SERVING by gRPC" : "accepts a connection";
}

/* Said once, at the start too; until all answer nobody is sent here. */
static void
take_bad(struct probe *p, const char *why)
{
	mem_free(p->why);
	p->why = mem_strdup(why);
	if (++p->failures < FAILURES || p->is_told)
		return;
	p->is_up = false;
	p->is_told = true;
	log_warn("app", "%s does not answer for port %u: %s; callers are kept "
	    "away until it %s%s", p->name, p->port, why, wanted(p->owner),
	    p->owner->path == NULL ? "" : p->owner->path);
}

static void
answered(struct probe *p, bool is_good, const char *why)
{
	if (is_good)
		take_good(p);
	else
		take_bad(p, why);
	loop_timer_start(&p->timer, is_good ? CALM_MS : EAGER_MS);
	tell(p->owner);
}

/* --- http:/path ---------------------------------------------------------- */

static void
on_reply(void *arg, const struct exchange_result *r)
{
	struct probe *p = arg;

	p->exchange = NULL;
	if (r->head == NULL)
		answered(p, false, stream_error_name(r->error));
	else
		answered(p, r->head->status >= 200 && r->head->status < 400,
		    http_status_text(r->head->status));
	arena_reset(&p->arena);
}

/* An application that is told who calls hears that nobody does. */
static void
announce_nobody(const struct probe *p, struct conn *c)
{
	const struct proxy_header nobody = {
		.version = p->announce, .is_local = true,
	};
	struct str out = { 0 };

	if (p->announce == PROXY_NONE)
		return;
	proxy_header_put(&out, &nobody);
	conn_write_bytes(c, out.ptr, out.len);
	str_fini(&out);
}

static struct conn *
connect_to(struct probe *p, int fd)
{
	struct conn *c = conn_new(p->owner->loop, fd, NULL, NULL, &conn_no_ops,
	    p);

	announce_nobody(p, c);
	return c;
}

static void
ask(struct probe *p, int fd)
{
	static const struct exchange_limits limits = { BODY_MAX, PROBE_MS };
	struct http_head head;

	if (!message_request_init(&head, &p->arena, "GET", slice_str(p->name),
	    slice_str(p->owner->path))) {
		close(fd);
		answered(p, false, "the path cannot be asked for");
		return;
	}
	p->exchange = exchange_start(connect_to(p, fd), &head, NULL, &limits,
	    on_reply, p);
}

/* --- grpc ---------------------------------------------------------------- */

static void
on_grpc_reply(void *arg, const struct exchange_result *r)
{
	struct probe *p = arg;
	const char *why = NULL;
	bool is_well = grpc_health_is_well(r, &why);

	p->exchange = NULL;
	answered(p, is_well, why);
}

static void
ask_grpc(struct probe *p, int fd)
{
	const struct grpc_health_question q = {
		.authority = slice_str(p->name),
		.service = slice_str(p->owner->service), .timeout_ms = PROBE_MS,
	};

	p->exchange = grpc_health_ask(connect_to(p, fd), &q, on_grpc_reply, p);
}

/* --- tcp ----------------------------------------------------------------- */

static void
on_connected(void *arg, int fd, int error)
{
	struct probe *p = arg;

	p->dial = NULL;
	if (fd < 0) {
		answered(p, false, strerror(error));
	} else if (p->owner->path != NULL) {
		ask(p, fd);
	} else if (p->owner->service != NULL) {
		ask_grpc(p, fd);
	} else {
		close(fd);
		answered(p, true, NULL);
	}
}

static void
on_due(void *arg)
{
	struct probe *p = arg;

	if (p->is_silent) {
		p->is_up = true;
		tell(p->owner);
		return;
	}
	p->dial = dial_start(p->owner->loop, &p->addr, PROBE_MS, on_connected,
	    p);
}

/* --- start and end ------------------------------------------------------- */

static const char *
service_in(const char *spec)
{
	if (strcmp(spec, "grpc") == 0)
		return "";
	return strncmp(spec, "grpc:", 5) == 0 ? spec + 5 : NULL;
}

struct app_health *
app_health_start(struct loop *loop, const struct compile_app *apps, size_t len,
    const char *spec, void (*on_change)(void *, bool), void *arg)
{
	struct app_health *h = mem_zalloc(sizeof(*h));

	*h = (struct app_health){ .loop = loop, .len = len,
		.on_change = on_change, .arg = arg,
		.path = strncmp(spec, "http:", 5) == 0 ? spec + 5 : NULL,
		.service = service_in(spec) };
	h->probes = mem_zalloc_array(len + 1, sizeof(*h->probes));
	for (size_t i = 0; i < len; i++) {
		struct probe *p = &h->probes[i];

		p->owner = h;
		p->addr = apps[i].addr;
		p->port = apps[i].port;
		p->announce = apps[i].announce;
		p->is_silent = apps[i].is_udp;
		addr_format(&p->addr, p->name);
		arena_init(&p->arena);
		loop_timer_init(&p->timer, loop, on_due, p);
		loop_timer_start(&p->timer, 0);
	}
	return h;
}

bool
app_health_is_up(const struct app_health *h)
{
	return h->is_up;
}

bool
app_health_is_down(const struct app_health *h)
{
	for (size_t i = 0; i < h->len; i++)
		if (!h->probes[i].is_up && h->probes[i].is_told)
			return true;
	return false;
}

void
app_health_write(const struct app_health *h, struct str *out)
{
	str_add_char(out, '[');
	for (size_t i = 0; h != NULL && i < h->len; i++) {
		const struct probe *p = &h->probes[i];

		str_addf(out, "%s{\"port\":%u,\"address\":\"%s\","
		    "\"answers\":%s", i > 0 ? "," : "", p->port, p->name,
		    p->is_up ? "true" : "false");
		if (p->why != NULL) {
			str_add(out, ",\"reason\":");
			str_add_json(out, slice_str(p->why));
		}
		str_add_char(out, '}');
	}
	str_add_char(out, ']');
}

void
app_health_stop(struct app_health *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->len; i++) {
		struct probe *p = &h->probes[i];

		loop_timer_stop(&p->timer);
		if (p->dial != NULL)
			dial_cancel(p->dial);
		if (p->exchange != NULL)
			exchange_cancel(p->exchange);
		arena_fini(&p->arena);
		mem_free(p->why);
	}
	mem_free(h->probes);
	mem_free(h);
}
