#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/cache_control.h"
#include "http/exchange.h"
#include "http/message.h"
#include "http/url.h"
#include "net/dial.h"
#include "pki/web.h"
#include "tls/outside.h"
#include "tls/tls.h"
#include "upstream/fetch.h"

#define CONNECT_MS	3000	/* for one address of several */

struct fetch {
	struct loop          *loop;
	struct arena          arena;
	struct fetch_request  request;	/* texts in the arena, own references */
	struct http_url       url;	/* that is asked now */
	int                   followed;	/* redirects */
	uint64_t              deadline_ms;
	struct loop_timer     deadline;
	struct loop_task      task;	/* goes on, or fails, not from inside a call */
	struct resolve       *resolve;
	struct dial          *dial;
	struct tls_handshake *handshake;
	struct exchange      *exchange;
	struct addr           addrs[RESOLVE_MAX];
	int                   addrs_len, next;
	struct fetch_result   result;	/* err: of the last address tried */
	void                (*done)(void *, const struct fetch_result *);
	void                 *arg;
};

static void
release(void *p)
{
	struct fetch *f = p;

	web_roots_unref(f->request.roots);
	tls_identity_unref(f->request.identity);
	arena_fini(&f->arena);
	mem_free(f);
}

/* Everything under way ends. */
static void
stop(struct fetch *f)
{
	loop_timer_stop(&f->deadline);
	loop_task_cancel(&f->task);
	resolve_cancel(f->resolve);
	if (f->dial != NULL)
		dial_cancel(f->dial);
	if (f->handshake != NULL)
		tls_handshake_cancel(f->handshake);
	if (f->exchange != NULL)
		exchange_cancel(f->exchange);
	f->resolve = NULL;
	f->dial = NULL;
	f->handshake = NULL;
	f->exchange = NULL;
}

static void
finish(struct fetch *f)
{
	struct loop *loop = f->loop;

	stop(f);
	if (f->result.err.kind != ERR_NONE && f->url.host.len > 0)
		err_wrap(&f->result.err, "%s://%.*s%.*s",
		    f->url.is_tls ? "https" : "http",
		    SLICE_ARG(f->url.authority), SLICE_ARG(f->url.target));
	f->done(f->arg, &f->result);
	loop_free_later(loop, release, f);
}

static void
on_deadline(void *arg)
{
	struct fetch *f = arg;

	/* What was tried before says more. */
	if (f->result.err.kind == ERR_NONE)
		err_set(&f->result.err, ERR_UNAVAILABLE, "no answer in time");
	finish(f);
}

static uint64_t
left_ms(const struct fetch *f)
{
	uint64_t now = loop_now_ms(f->loop);

	return f->deadline_ms > now ? f->deadline_ms - now : 1;
}

/* --- the answer ---------------------------------------------------------- */

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

/* Whether it leads on, and where to. */
static bool
leads_on(struct fetch *f, const struct http_head *h)
{
	struct slice to = http_fields_get(&h->fields, FIELD_LOCATION);
	struct http_url from = f->url;

	if (!is_redirect(h->status) || to.ptr == NULL ||
	    f->request.form.ptr != NULL ||
	    f->followed >= f->request.redirects ||
	    f->followed >= FETCH_REDIRECTS_MAX)
		return false;
	if (!http_url_follow(&f->arena, &from, arena_dup(&f->arena, to),
	    &f->url) || f->url.is_tls != from.is_tls) {
		f->url = from;
		return false;
	}
	if (!http_url_same_origin(&from, &f->url))
		f->request.authorization = SLICE_NONE;
	f->result.err = ERR_INIT;	/* of an address that was tried before */
	f->followed++;
	return true;
}

static int64_t
max_age(const struct http_head *h)
{
	struct cache_control c;

	cache_control_read(&c, &h->fields);
	return c.no_store || c.no_cache ? 0 : c.max_age;
}

static void
take_answer(struct fetch *f, const struct exchange_result *r)
{
	f->result.err = ERR_INIT;
	f->result.status = r->head->status;
	f->result.body = buf_len(r->body) > 0 ?
	    buf_pull(r->body, buf_len(r->body)) : SLICE("");
	f->result.content_type = http_fields_get(&r->head->fields,
	    FIELD_CONTENT_TYPE);
	f->result.max_age_s = max_age(r->head);
}

static void
on_answer(void *arg, const struct exchange_result *r)
{
	struct fetch *f = arg;

	f->exchange = NULL;
	if (r->error == STREAM_OK && leads_on(f, r->head)) {
		loop_defer(f->loop, &f->task);
		return;
	}
	if (r->error == STREAM_OK)
		take_answer(f, r);
	else if (r->error == STREAM_TOO_LARGE)
		err_set(&f->result.err, ERR_TOO_LARGE,
		    "the answer is larger than %zu bytes", f->request.body_max);
	else
		err_set(&f->result.err, ERR_UNAVAILABLE, "no answer (%s)",
		    stream_error_name(r->error));
	finish(f);
}

/* --- the question -------------------------------------------------------- */

static void
add_fields(const struct fetch_request *q, struct http_fields *to)
{
	const struct {
		struct slice name, value;
	} v[] = {
		{ SLICE("accept"), q->accept },
		{ SLICE("authorization"), q->authorization },
		{ SLICE("content-type"), q->form.ptr == NULL ? SLICE_NONE :
		    SLICE("application/x-www-form-urlencoded") },
	};

	http_fields_add(to, SLICE("user-agent"), SLICE("mesh"));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i].value.ptr != NULL)
			http_fields_add(to, v[i].name, v[i].value);
}

static void
ask(struct fetch *f, struct conn *c)
{
	const struct fetch_request *q = &f->request;
	const struct exchange_limits limits = {
		.body_bytes = q->body_max, .timeout_ms = left_ms(f),
	};
	struct buf body = { 0 };
	struct http_head h;
	/* The URL was taken apart by the same rules. */
	bool ok = message_request_init(&h, &f->arena, q->form.ptr != NULL ?
	    "POST" : "GET", f->url.authority, f->url.target);

	if (!ok) {
		conn_close(c, CLOSE_LOCAL);
		err_set(&f->result.err, ERR_CONFIG, "cannot be asked for");
		finish(f);
		return;
	}
	h.scheme = f->url.is_tls ? SLICE("https") : SLICE("http");
	add_fields(q, &h.fields);
	if (q->form.ptr != NULL)
		buf_add_slice(&body, q->form);
	f->exchange = exchange_start(c, &h, &body, &limits, on_answer, f);
	buf_fini(&body);
}

/* --- the connection ------------------------------------------------------ */

static void try_next(struct fetch *);

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct fetch *f = arg;

	f->handshake = NULL;
	if (t->failure == TLS_OK) {
		ask(f, conn_attach(f->loop, &t->image, &tls_transport,
		    &conn_no_ops, NULL));
		return;
	}
	err_set(&f->result.err, t->failure == TLS_FAIL_CERT ||
	    t->failure == TLS_FAIL_WRONG_PEER ? ERR_DENIED : ERR_UNAVAILABLE,
	    "%s", t->text[0] != '\0' ? t->text : tls_failure_text(t->failure));
	try_next(f);
}

static struct tls_outside *
make_outside(const struct fetch *f)
{
	const struct web_name name = { .text = f->url.host };
	const struct tls_outside_options o = {
		.sni = f->url.host, .roots = f->request.roots, .names = &name,
		.names_len = 1,
	};

	return tls_outside_new(&o);
}

static void
shake_hands(struct fetch *f, int fd)
{
	static const char *const alpn[] = { "http/1.1", NULL };
	struct tls_request q = { .alpn = alpn, .timeout_ms = left_ms(f) };
	struct slice id = f->request.expected_id, sni = f->url.host;

	if (f->request.identity != NULL) {
		q.identity = f->request.identity;
		memcpy(q.expected_id, id.ptr, id.len);
	} else {
		q.outside = make_outside(f);
		sni = tls_outside_sni(q.outside);
	}
	if (sni.len > 0 && sni.len < sizeof(q.sni) && !addr_is_ip(sni))
		memcpy(q.sni, sni.ptr, sni.len);
	f->handshake = tls_handshake_start(f->request.handshaker, fd, &q,
	    f->loop, on_handshake, f);
	tls_outside_unref(q.outside);
}

static void
on_dialled(void *arg, int fd, int error)
{
	struct fetch *f = arg;

	f->dial = NULL;
	if (fd < 0) {
		err_set(&f->result.err, ERR_UNAVAILABLE, "%s",
		    strerror(error));
		try_next(f);
	} else if (f->url.is_tls) {
		shake_hands(f, fd);
	} else {
		ask(f, conn_new(f->loop, fd, NULL, NULL, &conn_no_ops, NULL));
	}
}

static void
try_next(struct fetch *f)
{
	const struct addr *to = &f->addrs[f->next];
	uint64_t ms = left_ms(f);

	if (f->next == f->addrs_len) {
		finish(f);
		return;
	}
	f->next++;
	if (!f->url.is_tls && !addr_is_loopback(to)) {
		err_set(&f->result.err, ERR_DENIED, "http is for loopback "
		    "alone: nothing would say who answers");
		try_next(f);
		return;
	}
	f->dial = dial_start(f->loop, to, ms < CONNECT_MS ? ms : CONNECT_MS,
	    on_dialled, f);
}

static void
on_resolved(void *arg, const struct addr *addrs, int n, const char *why)
{
	struct fetch *f = arg;

	f->resolve = NULL;
	f->addrs_len = f->next = 0;
	for (int i = 0; i < n && i < RESOLVE_MAX; i++)
		f->addrs[f->addrs_len++] = addrs[i];
	if (n == 0)
		err_set(&f->result.err, ERR_UNAVAILABLE, "%s", why);
	try_next(f);
}

/* --- start and end ------------------------------------------------------- */

/* What the request must have for its URL; the first one, or a redirect's. */
static bool
is_allowed(struct fetch *f)
{
	const struct fetch_request *q = &f->request;
	struct err *err = &f->result.err;

	if (!f->url.is_tls && !q->allows_plain)
		err_set(err, ERR_CONFIG, "not https");
	else if (f->url.is_tls && q->roots == NULL && q->identity == NULL)
		err_set(err, ERR_CONFIG, "there is no authority to trust");
	else if (q->identity != NULL &&
	    (q->expected_id.len == 0 || q->expected_id.len >= CONN_ID_MAX))
		err_set(err, ERR_CONFIG, "no SPIFFE ID to expect");
	return err->kind == ERR_NONE;
}

static void
begin(void *arg)
{
	struct fetch *f = arg;

	if (f->result.err.kind != ERR_NONE || !is_allowed(f)) {
		finish(f);
		return;
	}
	f->resolve = f->request.files != NULL ?
	    resolve_start_with(f->request.files, f->loop, f->url.host,
	    f->url.port, on_resolved, f) :
	    resolve_start(f->loop, f->url.host, f->url.port, on_resolved, f);
}

static struct slice
keep(struct fetch *f, struct slice s)
{
	return s.ptr == NULL ? SLICE_NONE : arena_dup(&f->arena, s);
}

struct fetch *
fetch_start(struct loop *loop, const struct fetch_request *q,
    void (*done)(void *, const struct fetch_result *), void *arg)
{
	struct fetch *f = mem_zalloc(sizeof(*f));

	f->loop = loop;
	f->request = *q;
	f->done = done;
	f->arg = arg;
	f->result.err = ERR_INIT;
	f->result.max_age_s = -1;
	arena_init(&f->arena);
	f->request.url = keep(f, q->url);
	f->request.accept = keep(f, q->accept);
	f->request.authorization = keep(f, q->authorization);
	f->request.form = keep(f, q->form);
	f->request.expected_id = keep(f, q->expected_id);
	if (q->roots != NULL)
		web_roots_ref(q->roots);
	if (q->identity != NULL)
		tls_identity_ref(q->identity);
	if (!http_url_parse(&f->arena, f->request.url, &f->url))
		err_set(&f->result.err, ERR_DATA, "\"%.*s\" is no URL that "
		    "can be asked for", SLICE_ARG(q->url));
	f->deadline_ms = loop_now_ms(loop) + q->timeout_ms;
	loop_timer_init(&f->deadline, loop, on_deadline, f);
	loop_timer_start(&f->deadline, q->timeout_ms);
	loop_task_init(&f->task, begin, f);
	loop_defer(loop, &f->task);
	return f;
}

void
fetch_cancel(struct fetch *f)
{
	if (f == NULL)
		return;
	stop(f);
	loop_free_later(f->loop, release, f);
}
