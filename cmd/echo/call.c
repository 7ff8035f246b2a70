#include <sys/epoll.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/echo/call.h"
#include "cmd/echo/json.h"

#define REPLY_MAX	(4 * 1024 * 1024)

struct call {
	struct watch              watch;
	struct timer              timer;
	const struct call_target *target;
	struct str                out, in, content, json;
	size_t                    out_off;
	struct message            head;
	struct body               body;
	bool                      has_head, ok, is_done;
	void                    (*on_done)(void *);
	void                     *owner;
};

/* Fields that an application passes on for tracing. */
static const char *const passed_on[] = {
	"x-request-id", "traceparent", "tracestate", "baggage", "b3",
	"x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled",
	"x-b3-flags",
};

static void
call_free(struct watch *w)
{
	struct call *c = list_entry(w, struct call, watch);

	str_fini(&c->out);
	str_fini(&c->in);
	str_fini(&c->content);
	str_fini(&c->json);
	body_fini(&c->body);
	mem_free(c);
}

static void
report(struct timer *t)
{
	struct call *c = list_entry(t, struct call, timer);

	c->on_done(c->owner);
}

/* The result stands in json; the owner hears of it from the reactor. */
static void
finish(struct call *c, bool ok)
{
	if (c->is_done)
		return;
	c->is_done = true;
	c->ok = ok;
	watch_drop(&c->watch);
	timer_set(c->watch.reactor, &c->timer, 0, report);
}

static void
fail(struct call *c, const char *what, int error)
{
	str_clear(&c->json);
	str_add(&c->json, "{\"error\": ");
	struct str text = { 0 };

	str_add(&text, what);
	if (error != 0)
		str_addf(&text, ": %s", strerrordesc_np(error));
	str_add_json(&c->json, str_slice(&text));
	str_fini(&text);
	str_add_char(&c->json, '}');
	finish(c, false);
}

static void
on_timeout(struct timer *t)
{
	fail(list_entry(t, struct call, timer), "deadline exceeded", 0);
}

static void
finish_http(struct call *c)
{
	struct slice content = str_slice(&c->content);

	if (slice_has_suffix(content, SLICE("\n")))
		content.len--;
	bool ok = c->head.status == 200;

	if (ok && json_is_object(content)) {
		str_add_slice(&c->json, content);
	} else {
		str_addf(&c->json, "{\"status\": %d, \"body\": ", c->head.status);
		if (json_is_object(content))
			str_add_slice(&c->json, content);
		else
			str_add_json(&c->json, content);
		if (!ok)
			str_addf(&c->json, ", \"error\": \"status %d\"",
			    c->head.status);
		str_add_char(&c->json, '}');
	}
	finish(c, ok);
}

static void
finish_tcp(struct call *c)
{
	str_add(&c->json, "{\"reply\": ");
	str_add_json(&c->json, str_slice(&c->in));
	str_add_char(&c->json, '}');
	finish(c, c->in.len > 0);
}

/* Returns the bytes of in that were used. */
static size_t
feed_head(struct call *c)
{
	ptrdiff_t n = message_parse_reply(&c->head, str_slice(&c->in), false);

	if (n < 0) {
		fail(c, "malformed reply", 0);
		return 0;
	}
	if (n > 0 && c->head.status >= 200) {
		c->has_head = true;
		body_init(&c->body, &c->head);
	}
	return (size_t)n;
}

static void
consume_in(struct call *c, size_t n)
{
	memmove(c->in.ptr, c->in.ptr + n, c->in.len - n);
	c->in.len -= n;
}

static void
feed_http(struct call *c)
{
	while (!c->has_head && c->in.len > 0) {
		size_t n = feed_head(c);

		if (n == 0)
			return;
		consume_in(c, n);
	}
	struct slice rest = str_slice(&c->in);

	while (rest.len > 0 && !c->body.is_done && !c->body.is_wrong)
		str_add_slice(&c->content, body_feed(&c->body, &rest));
	str_clear(&c->in);
	if (c->body.is_wrong)
		fail(c, "malformed chunk", 0);
	else if (c->has_head && c->body.is_done)
		finish_http(c);
}

static void
on_eof(struct call *c)
{
	if (c->target->is_tcp)
		finish_tcp(c);
	else if (c->has_head && body_ends_at_eof(&c->body))
		finish_http(c);
	else
		fail(c, "connection closed before the reply was whole", 0);
}

static void
on_readable(struct call *c)
{
	char *buf = c->watch.reactor->read_buf;
	ssize_t n = read(c->watch.fd, buf, REACTOR_READ_MAX);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(c, "read", errno);
		return;
	}
	if (n == 0) {
		on_eof(c);
		return;
	}
	str_add_slice(&c->in, slice_of(buf, (size_t)n));
	if (!c->target->is_tcp)
		feed_http(c);
	if (!c->is_done && c->in.len + c->content.len > REPLY_MAX)
		fail(c, "reply too large", 0);
}

static void
on_writable(struct call *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		fail(c, "connect", error);
		return;
	}
	ssize_t n = send(c->watch.fd, c->out.ptr + c->out_off,
	    c->out.len - c->out_off, MSG_NOSIGNAL);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(c, "write", errno);
		return;
	}
	c->out_off += (size_t)n;
	if (c->out_off < c->out.len)
		return;
	if (c->target->is_tcp)
		shutdown(c->watch.fd, SHUT_WR);
	watch_want(&c->watch, EPOLLIN);
}

static void
on_event(struct watch *w, uint32_t events)
{
	struct call *c = list_entry(w, struct call, watch);

	if (w->reactor->stopped) {
		call_close(c);
		return;
	}
	if (c->out_off < c->out.len && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		on_writable(c);
	else if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		on_readable(c);
}

static void
write_request(struct call *c, const char *caller, const struct message *cause)
{
	const struct call_target *t = c->target;

	if (t->is_tcp) {
		str_addf(&c->out, "hello from %s\n", caller);
		return;
	}
	str_addf(&c->out, "GET %s%s%s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: echo/%s\r\nConnection: close\r\n",
	    t->via_proxy ? "http://" : "", t->via_proxy ? t->authority : "",
	    t->path, t->authority, caller);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
		struct slice value = message_field(cause, passed_on[i]);

		if (value.ptr != NULL)
			str_addf(&c->out, "%s: %.*s\r\n", passed_on[i],
			    SLICE_ARG(value));
	}
	str_add(&c->out, "\r\n");
}

struct call *
call_start(struct reactor *r, const struct call_target *target,
    const char *caller, const struct message *cause, uint64_t timeout_ms,
    void (*on_done)(void *), void *owner)
{
	struct call *c = mem_zalloc(sizeof(*c));
	int fd = address_dial(&target->address);

	c->target = target;
	c->on_done = on_done;
	c->owner = owner;
	if (fd < 0) {
		c->watch = (struct watch){
			.reactor = r, .fd = -1, .free = call_free,
		};
		fail(c, "connect", errno);
		return c;
	}
	write_request(c, caller, cause);
	watch_open(&c->watch, r, fd, EPOLLIN | EPOLLOUT, on_event, call_free);
	timer_set(r, &c->timer, timeout_ms, on_timeout);
	return c;
}

const struct call_target *
call_target_of(const struct call *c)
{
	return c->target;
}

struct call_result
call_result(const struct call *c)
{
	check(c->is_done);
	return (struct call_result){ str_slice(&c->json), c->ok };
}

void
call_close(struct call *c)
{
	timer_clear(&c->timer);
	watch_close(&c->watch);
}

int
call_target_parse_http(struct call_target *t, const char *spec,
    const char *proxy, struct err *err)
{
	struct slice rest = slice_str(spec), name, host = SLICE_NONE;

	*t = (struct call_target){ 0 };
	if (!slice_cut(&rest, '=', &name) || name.len == 0 ||
	    !slice_has_prefix(rest, SLICE("http://")))
		return err_set(err, ERR_USAGE, "%s: not NAME=http://HOST/PATH", spec);
	rest = slice_from(rest, 7);
	ptrdiff_t slash = slice_find(rest, '/');

	host = slash < 0 ? rest : slice_of(rest.ptr, (size_t)slash);
	t->name = mem_dup(name.ptr, name.len);
	t->authority = mem_dup(host.ptr, host.len);
	t->path = slash < 0 ? mem_strdup("/") : mem_strdup(rest.ptr + slash);
	if (address_parse(&t->address, host) == 0)
		return 0;
	t->via_proxy = true;
	if (proxy == NULL)
		return err_set(err, ERR_USAGE, "%s: a host that is no "
		    "ADDR:PORT needs --proxy", spec);
	struct slice at = slice_str(proxy);

	if (slice_has_prefix(at, SLICE("http://")))
		at = slice_from(at, 7);
	if (slice_has_suffix(at, SLICE("/")))
		at.len--;
	if (address_parse(&t->address, at) != 0)
		return err_set(err, ERR_USAGE, "%s: not http://ADDR:PORT", proxy);
	return 0;
}

int
call_target_parse_tcp(struct call_target *t, const char *spec, struct err *err)
{
	struct slice rest = slice_str(spec), name;

	*t = (struct call_target){ .is_tcp = true };
	if (!slice_cut(&rest, '=', &name) || name.len == 0 ||
	    address_parse(&t->address, rest) != 0)
		return err_set(err, ERR_USAGE, "%s: not NAME=ADDR:PORT", spec);
	t->name = mem_dup(name.ptr, name.len);
	t->authority = mem_strdup("");
	t->path = mem_strdup("");
	return 0;
}

void
call_target_fini(struct call_target *t)
{
	mem_free(t->name);
	mem_free(t->authority);
	mem_free(t->path);
}
