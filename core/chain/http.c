#include "base/check.h"
#include "base/mem.h"
#include "base/random.h"
#include "chain/http.h"
#include "chain/http_version.h"
#include "http/http2.h"

/*
 * Most kept connections are idle most of the time.  An idle one has no codec:
 * the bytes of the next request bring it a new one.
 */
struct http_conn {
	struct l4_run             *l4;
	const struct http_options *options;
	struct codec              *codec;	/* while it has work */
	struct loop_timer          timer;
	int                        streams;	/* exchanges under way */
	int                        receiving;	/* ... whose request is not complete */
	uint64_t                   head_since_ms;	/* a head is awaited since */
	uint64_t                   idle_since_ms;
	size_t                     unreported;	/* sent, the codec does not know */
	bool                       blocked;	/* l4_send said wait */
	bool                       ending;	/* our side ends behind the output */
	bool                       draining;	/* the next answer is the last */
	bool                       is_known;	/* the version of the protocol is */
	bool                       is_tunnel;	/* of bytes, to its end */
	bool                       is_closed;
	struct conn_age            age;
	/* HTTP/2 */
	uint64_t                   ping_ms, pong_ms;
	uint64_t                   heard_ms;
	uint64_t                   pinged_ms;	/* ... and not heard; 0: nobody asked */
};

/*
 * A kept connection that we end may have a request under way to us, which
 * would be lost.  One that was quiet for so long has none.
 */
#define DRAIN_IDLE_MS	1000

const struct http_options http_options_default = {
	.limits = &http_limits_default,
	.head_timeout_ms = 10000,
	.idle_timeout_ms = 60000,
	.body_idle_ms = 60000,
};

void
http_conn_settings_init(struct http_conn_settings *s)
{
	*s = (struct http_conn_settings){
		.h2 = http_limits_default.h2,
		.age = { .max_ms = 3600000 }, .pong_ms = 10000,
	};
}

static void on_finished(void *, enum codec_end);

static bool
is_idle(const struct http_conn *h)
{
	return h->codec == NULL || codec_is_idle(h->codec);
}

static bool
is_in_head(const struct http_conn *h)
{
	return h->codec != NULL && codec_is_in_head(h->codec);
}

/* Many exchanges at a time, of which each has its own clocks. */
static bool
is_multiplexed(const struct http_conn *h)
{
	return h->codec != NULL && codec_is_multiplexed(h->codec);
}

static bool
wants_input(const struct http_conn *h)
{
	return h->codec == NULL || codec_wants_input(h->codec);
}

/* --- clocks --------------------------------------------------------------------- */

static uint64_t
now_ms(const struct http_conn *h)
{
	return loop_now_ms(l4_env(h->l4)->loop);
}

/* A silent peer is asked, or should have answered, in so long. */
static uint64_t
ping_wake_ms(const struct http_conn *h)
{
	uint64_t due = h->pinged_ms > 0 ? h->pinged_ms + h->pong_ms :
	    h->heard_ms + h->ping_ms;

	if (h->ping_ms == 0 || h->streams == 0 || !is_multiplexed(h))
		return UINT64_MAX;
	return due > now_ms(h) ? due - now_ms(h) : 0;
}

/* The timer runs in so long, or before that for age or silence. */
static void
wake_in(struct http_conn *h, uint64_t ms)
{
	uint64_t age = h->is_tunnel ? UINT64_MAX :
	    conn_age_wake_ms(&h->age, now_ms(h));
	uint64_t ping = ping_wake_ms(h);

	if (age < ms)
		ms = age;
	if (ping < ms)
		ms = ping;
	loop_timer_start(&h->timer, ms > 0 ? ms : 1);
}

static void
arm(struct http_conn *h)
{
	uint64_t now = now_ms(h), due;

	if (h->streams > 0)
		due = conn_last_activity_ms(l4_conn(h->l4)) +
		    h->options->body_idle_ms;
	else if (h->draining && !is_in_head(h))
		due = conn_last_activity_ms(l4_conn(h->l4)) + DRAIN_IDLE_MS;
	else if (h->head_since_ms != 0)
		due = h->head_since_ms + h->options->head_timeout_ms;
	else
		due = h->idle_since_ms + h->options->idle_timeout_ms;
	wake_in(h, due > now ? due - now : 1);
}

/* No new exchange is to begin on it. */
static void
begin_drain(struct http_conn *h)
{
	h->draining = true;
	conn_age_end(&h->age, now_ms(h));
	if (is_multiplexed(h)) {
		codec_drain(h->codec);
		wake_in(h, DRAIN_IDLE_MS);
	} else if (h->streams == 0) {
		arm(h);
	}
}

/* False: it was closed. */
static bool
look_at_age(struct http_conn *h)
{
	if (h->is_tunnel)
		return true;
	if (conn_age_is_cut(&h->age, now_ms(h))) {
		/* An end in order might pass for that of a body. */
		if (is_multiplexed(h))
			l4_close(h->l4, CLOSE_LIMIT);
		else
			l4_abort(h->l4, CLOSE_LIMIT);
		return false;
	}
	if (conn_age_ends(&h->age, now_ms(h)))
		begin_drain(h);
	return true;
}

static bool
look_at_peer(struct http_conn *h)
{
	if (ping_wake_ms(h) > 0)
		return true;
	if (h->pinged_ms > 0) {
		l4_close(h->l4, CLOSE_TIMEOUT);
		return false;
	}
	h->pinged_ms = now_ms(h);
	codec_ping(h->codec);
	return true;
}

static void
drain_idle(struct http_conn *h)
{
	if (h->codec != NULL)
		codec_drain(h->codec);
	else
		on_finished(h, CODEC_END_CLEAN);
}

static void
on_timer(void *arg)
{
	struct http_conn *h = arg;
	uint64_t now = now_ms(h);
	struct conn *c = l4_conn(h->l4);

	if (h->is_closed || !look_at_age(h) || !look_at_peer(h))
		return;
	if (h->streams > 0) {
		/* Only what waits for the peer; the rest is the terminal's. */
		bool slow_peer = !h->is_tunnel && (conn_unsent(c) > 0 ||
		    (h->receiving > 0 && wants_input(h) &&
		    !is_multiplexed(h)));

		if (slow_peer && now >= conn_last_activity_ms(c) +
		    h->options->body_idle_ms) {
			l4_close(h->l4, CLOSE_IDLE);
			return;
		}
		codec_expire(h->codec, h->options->body_idle_ms);
		if (h->draining && is_multiplexed(h))
			codec_drain(h->codec);
		wake_in(h, h->options->body_idle_ms);
		return;
	}
	if (h->draining && is_idle(h) &&
	    now >= conn_last_activity_ms(c) + DRAIN_IDLE_MS) {
		drain_idle(h);
		return;
	}
	if (h->head_since_ms != 0 &&
	    now >= h->head_since_ms + h->options->head_timeout_ms) {
		l4_close_linger(h->l4, CLOSE_TIMEOUT);
		return;
	}
	if (h->head_since_ms == 0 &&
	    now >= h->idle_since_ms + h->options->idle_timeout_ms) {
		l4_close_linger(h->l4, CLOSE_IDLE);
		return;
	}
	arm(h);
}

/* --- codec's events ----------------------------------------------------------------- */

static void
on_request_ended(void *arg)
{
	struct http_conn *h = arg;

	h->receiving--;
}

static void
on_exchange_finished(void *arg)
{
	struct http_conn *h = arg;

	h->streams--;
	if (h->is_closed || h->streams > 0)
		return;
	h->head_since_ms = 0;
	h->idle_since_ms = now_ms(h);
	arm(h);
}

/* Its terminal keeps the times from here on. */
static void
on_tunnelled(void *arg)
{
	struct http_conn *h = arg;

	h->is_tunnel = !is_multiplexed(h);
}

static const struct l7_owner_ops owner_ops = {
	.request_ended = on_request_ended, .finished = on_exchange_finished,
	.tunnelled = on_tunnelled,
};

static void
on_stream(void *owner, struct stream *s)
{
	struct http_conn *h = owner;

	if (conn_age_request(&h->age, now_ms(h)))
		begin_drain(h);
	if (h->draining && !is_multiplexed(h))
		codec_drain(h->codec);
	if (h->streams++ == 0) {
		h->head_since_ms = 0;
		h->heard_ms = now_ms(h);
		wake_in(h, h->options->body_idle_ms);
	}
	h->receiving++;
	l7_start(s, &h->options->listener, h->l4, &owner_ops, h);
}

static void
on_bad_request(void *owner, int status, const char *why)
{
	struct http_conn *h = owner;

	if (h->options->listener.bad_request != NULL)
		h->options->listener.bad_request(h->options->listener.arg,
		    h->l4, status, why);
}

static void
on_refusal(void *owner, struct http_head *reply, const char *why)
{
	struct http_conn *h = owner;

	if (h->options->listener.refusal != NULL)
		h->options->listener.refusal(h->options->listener.arg, reply,
		    why);
}

/* Until then the exchange is charged for it, and its source waits. */
static void
report_sent(struct http_conn *h)
{
	size_t len = h->unreported;

	h->unreported = 0;
	if (len > 0 && !h->is_closed)
		codec_output_sent(h->codec, len);
}

static void
send_output(struct http_conn *h)
{
	size_t len = h->codec != NULL ? buf_len(&h->codec->output) : 0;
	bool end = h->ending;

	if (h->blocked || h->is_closed || (len == 0 && !end))
		return;
	h->ending = false;
	h->unreported += len;
	h->blocked = !l4_send(h->l4, &h->codec->output, end);
	if (!h->blocked)
		report_sent(h);
}

static void
on_output(void *owner)
{
	send_output(owner);
}

static void
on_output_end(void *owner)
{
	struct http_conn *h = owner;

	h->ending = true;
	send_output(h);
}

static void
on_input(void *owner)
{
	struct http_conn *h = owner;

	l4_resume_up(h->l4);
	l4_pull(h->l4);
}

/*
 * A close that leaves nothing unread is in order by itself.  TLS takes leave of
 * its peer first.
 */
static bool
may_close_at_once(struct http_conn *h, enum codec_end end)
{
	struct conn *c = l4_conn(h->l4);

	if (end == CODEC_END_ASKED && !conn_peer(c)->is_tls &&
	    buf_len(conn_in(c)) == 0 && l4_flow(h->l4)->queued == 0)
		conn_flush(c);
	else if (end != CODEC_END_CLEAN)
		return false;
	return conn_unsent(c) == 0;
}

static void
on_finished(void *owner, enum codec_end end)
{
	struct http_conn *h = owner;

	if (h->is_closed)
		return;
	h->blocked = false;
	send_output(h);
	if (h->is_closed)
		return;
	if (end == CODEC_END_ABORT)
		l4_abort(h->l4, CLOSE_TRUNCATED);
	else if (may_close_at_once(h, end))
		l4_close(h->l4, CLOSE_FINISHED);
	else
		l4_close_linger(h->l4, end == CODEC_END_ERROR ?
		    CLOSE_PROTOCOL : CLOSE_FINISHED);
}

static void
on_idle(void *owner)
{
	struct http_conn *h = owner;

	if (!is_idle(h) || h->unreported > 0)
		return;
	if (!is_multiplexed(h)) {
		codec_free(h->codec);
		h->codec = NULL;
	}
	conn_expect(l4_conn(h->l4), true);
}

static const struct codec_events codec_events = {
	.on_stream = on_stream, .on_bad_request = on_bad_request,
	.on_refusal = on_refusal,
	.on_output = on_output, .on_output_end = on_output_end,
	.on_input = on_input, .on_finished = on_finished, .on_idle = on_idle,
};

/* --- the terminal ---------------------------------------------------------------------- */

static const struct http_conn_settings *
settings_of(const struct http_conn *h)
{
	return h->options->settings == NULL ? NULL : h->options->settings(
	    h->options->listener.arg, l4_env(h->l4));
}

static void *
http_open(void *arg, struct l4_run *l4)
{
	struct http_conn *h = mem_zalloc(sizeof(*h));
	struct loop *loop = l4_env(l4)->loop;
	const struct http_conn_settings *s;

	h->l4 = l4;
	h->options = arg;
	h->head_since_ms = loop_now_ms(loop);
	s = settings_of(h);
	if (s != NULL) {
		conn_age_start(&h->age, &s->age, loop_now_ms(loop));
		h->ping_ms = s->ping_ms + random_below(s->ping_ms / 7 + 1);
		h->pong_ms = s->pong_ms;
	}
	loop_timer_init(&h->timer, loop, on_timer, h);
	arm(h);
	return h;
}

/* Or its client waits for an answer first. */
static bool
awaits_bytes(const struct http_conn *h)
{
	return h->streams == 0 || h->receiving > 0 || is_multiplexed(h);
}

/* The codec refuses whatever is no request; here it may be known what it is. */
static void
greet(struct http_conn *h, const struct buf *first)
{
	const struct http_options *o = h->options;
	struct detect d;

	if (o->misspoken == NULL || conn_peer(l4_conn(h->l4))->is_tls)
		return;
	detect_init(&d);
	detect_peek(&d, first);
	if (d.found == SPOKEN_TLS || d.found == SPOKEN_OTHER)
		o->misspoken(o->listener.arg, h->l4, d.found);
}

/* Who is known by a certificate at a gateway is a client for all that. */
static bool
is_member(const struct http_conn *h)
{
	const struct conn_peer *peer = conn_peer(l4_conn(h->l4));

	return peer->id[0] != '\0' && peer->subject == NULL;
}

/* False: it cannot be told yet. */
static bool
begin_codec(struct http_conn *h, const struct buf *b, bool end)
{
	struct loop *loop = l4_env(h->l4)->loop;
	enum http_version v = h->is_known ? HTTP_VERSION_1 :
	    http_version_of(conn_peer(l4_conn(h->l4))->alpn, b, end);

	if (!h->is_known && v == HTTP_VERSION_1)
		greet(h, b);
	h->is_known = v != HTTP_VERSION_UNKNOWN;
	if (v == HTTP_VERSION_2) {
		const struct http_conn_settings *s = settings_of(h);
		struct http_limits limits = *h->options->limits;

		if (s != NULL)
			limits.h2 = s->h2;
		h->codec = h2_server_new(loop, &limits, is_member(h),
		    &codec_events, h);
	} else if (v == HTTP_VERSION_1) {
		h->codec = h1_server_new(loop, h->options->limits,
		    &codec_events, h);
	}
	return h->is_known;
}

static void
http_bytes(void *state, struct buf *b, bool end)
{
	struct http_conn *h = state;

	if (h->is_closed)
		return;
	if (h->codec == NULL && !begin_codec(h, b, end))
		return;
	h->pinged_ms = 0;
	h->heard_ms = now_ms(h);
	codec_feed(h->codec, b, end);
	if (!h->is_closed)
		conn_expect(l4_conn(h->l4), awaits_bytes(h));
	if (!h->is_closed && !wants_input(h))
		l4_pause(h->l4);	/* its end is not to come before there is room */
	if (!h->is_closed && is_multiplexed(h) && h->head_since_ms != 0 &&
	    !is_in_head(h)) {
		/* It has said who it is, and need not ask at once. */
		h->head_since_ms = 0;
		h->idle_since_ms = now_ms(h);
		if (h->streams == 0)
			arm(h);
	}
	if (!h->is_closed && h->streams == 0 && h->head_since_ms == 0 &&
	    is_in_head(h)) {
		h->head_since_ms = now_ms(h);
		arm(h);
	}
}

static void
http_drained(void *state)
{
	struct http_conn *h = state;

	h->blocked = false;
	report_sent(h);
	send_output(h);
	on_idle(h);
}

static void
free_conn(void *p)
{
	struct http_conn *h = p;

	codec_free(h->codec);
	mem_free(h);
}

static void
http_close(void *state, enum close_reason why)
{
	struct http_conn *h = state;

	h->is_closed = true;
	loop_timer_stop(&h->timer);
	if (h->codec != NULL)
		codec_abort(h->codec, why == CLOSE_RESET ? STREAM_CONN_RESET :
	    why == CLOSE_IDLE || why == CLOSE_TIMEOUT ? STREAM_TIMEOUT :
	    STREAM_CONN_CLOSED);
	/* Exchanges finish in this turn and still use the codec. */
	loop_free_later(l4_env(h->l4)->loop, free_conn, h);
}

static void
http_drain(void *state)
{
	begin_drain(state);
}

const struct l4_terminal http_terminal = {
	.name = "http", .open = http_open, .bytes = http_bytes,
	.drained = http_drained, .close = http_close, .drain = http_drain,
};
