#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "link/frame.h"
#include "link/meta.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/entrance.h"
#include "modes/proxy/session.h"
#include "modes/proxy/session_clock.h"
#include "modes/proxy/session_look.h"
#include "modes/proxy/session_metrics.h"
#include "modes/proxy/tcp_upstream.h"
#include "modes/proxy/worker.h"
#include "net/conn_splice.h"
#include "stat/metrics.h"
#include "upstream/mismatch.h"

#define UNSAID_MS	5000	/* until a gateway says for whom it calls */

struct session {
	struct l4_run       *l4;
	struct session_job  *job;
	struct tcp_upstream *up;
	struct frame_reader  reader;	/* of what the caller's sidecar sends */
	struct session_facts facts;
	struct session_clock clock;
	struct session_look  look;
	struct loop_timer    look_timer;
	struct loop_timer    unsaid;
	bool is_unsaid;			/* a gateway is yet to say for whom it is */
	bool is_looking;		/* nothing was passed on yet */
	bool is_guarding;
	bool is_listening;		/* only to tell what it was */
	bool has_failed;		/* up, while looking: there is none */
	bool is_open;			/* up may be written to */
	bool up_blocked, down_blocked;
	bool ended_up, ended_down;	/* that direction's end was passed on */
	bool is_closing;
};

static bool settle(struct session *);
static void session_free(struct session *, bool abort);

struct session_job *
session_job_new(struct cluster *cluster, bool is_inbound, bool down_framed,
    struct slice source)
{
	struct session_job *job = mem_alloc(sizeof(*job));

	*job = (struct session_job){ .cluster = cluster,
	    .is_inbound = is_inbound, .down_framed = down_framed,
	    .source = source };
	return job;
}

void
session_job_free(struct session_job *job)
{
	cluster_unref(job->cluster);
	mem_free(job);
}

/* The caller sees that its stream was cut off. */
static void
cut_off(struct session *s, enum close_reason why)
{
	struct buf out = { 0 };

	if (s->is_closing || l4_is_closed(s->l4))
		return;
	s->is_closing = true;
	if (s->job->down_framed && !s->ended_down) {
		frame_put_reset(&out);
		l4_send(s->l4, &out, false);
		l4_close_linger(s->l4, why);
	} else {
		l4_abort(s->l4, why);
	}
}

/* Both directions have ended: a framed side closes, a raw one has its FINs. */
static void
check_finished(struct session *s)
{
	if (!s->ended_up || !s->ended_down || s->is_closing)
		return;
	s->is_closing = true;
	if (s->job->down_framed)
		l4_close_linger(s->l4, CLOSE_FINISHED);
}

/* --- from the endpoint to the caller --------------------------------------------- */

static void
on_up_bytes(void *owner, struct buf *b, bool end)
{
	struct session *s = owner;
	struct buf out = { 0 };
	bool room, was_looking = s->is_looking;

	settle(s);
	s->facts.bytes_down += buf_len(b);
	session_clock_moved(&s->clock);
	if (s->job->down_framed) {
		frame_put_data(&out, b);
		if (end)
			frame_put_end(&out);
		room = l4_send(s->l4, &out, false);
	} else {
		room = l4_send(s->l4, b, end);
	}
	if (end) {
		s->ended_down = true;
		check_finished(s);
	} else if (!room) {
		s->down_blocked = true;
		tcp_upstream_pause(s->up);
	}
	if (was_looking)
		l4_pull(s->l4);
}

static void
session_drained(void *state)
{
	struct session *s = state;

	if (!s->down_blocked)
		return;
	s->down_blocked = false;
	tcp_upstream_resume(s->up);
}

/* Where nobody looks at the bytes, they need not come up to us. */
static void
join(struct session *s)
{
	struct conn *up = tcp_upstream_raw(s->up);

	if (up != NULL && !s->job->down_framed && !l4_reads_bytes(s->l4))
		conn_join(l4_conn(s->l4), up, &s->facts.bytes_up,
		    &s->facts.bytes_down);
}

static void
on_over(void *owner, enum response_flag flag, enum close_reason why)
{
	struct session *s = owner;

	if (s->is_closing)
		return;
	s->facts.flag = flag;
	cut_off(s, why);
}

/* Both ends are there, and it is bytes that they exchange. */
static void
begin(struct session *s)
{
	if (!s->facts.opened) {
		session_metrics_open(&s->facts);
		session_clock_start(&s->clock, &s->facts, on_over, s);
	}
	if (!s->is_looking)
		join(s);
}

static void
on_up_open(void *owner)
{
	struct session *s = owner;

	s->is_open = true;
	s->facts.endpoint = tcp_upstream_endpoint(s->up);
	if (!s->is_looking || s->look.is_silent)
		begin(s);
	if (!s->is_looking)
		l4_pull(s->l4);
}

static void
on_up_drained(void *owner)
{
	struct session *s = owner;

	if (!s->up_blocked)
		return;
	s->up_blocked = false;
	l4_resume_up(s->l4);
	l4_pull(s->l4);
}

static void
on_up_failed(void *owner, enum response_flag flag, const char *details)
{
	struct session *s = owner;

	log_debug("session", "%.*s: %s %s", SLICE_ARG(s->job->cluster->name),
	    response_flag_name(flag), details);
	if (flag == FLAG_UO)
		worker_env_count_service(l4_env(s->l4),
		    METRIC_UPSTREAM_OVERFLOWS, s->job->cluster->service, details,
		    1);
	s->facts.flag = flag;
	/* A request would be answered, so it may still come. */
	s->has_failed = s->is_looking && !s->look.is_silent;
	if (!s->has_failed)
		cut_off(s, s->is_open ? CLOSE_RESET : CLOSE_CONNECT);
}

static const struct tcp_upstream_events up_events = {
	.on_open = on_up_open, .on_bytes = on_up_bytes,
	.on_drained = on_up_drained, .on_failed = on_up_failed,
};

/* --- what the caller speaks --------------------------------------------------------- */

/* False: who came in plain text may not, and was cut off. */
static bool
start_up(struct session *s)
{
	struct proxy_worker *w = l4_env(s->l4)->mode;
	const struct tcp_caller caller = { .source = s->job->source,
		.conn = l4_conn(s->l4), .is_inbound = s->job->is_inbound,
		.tells_client = s->job->tells_client };

	if (s->job->http != NULL && !authorize_session(s->l4)) {
		s->facts.flag = FLAG_UAEX;
		cut_off(s, CLOSE_DENIED);
		return false;
	}
	s->up = tcp_upstream_start(w->upstream, s->job->cluster, &caller,
	    &up_events, s);
	return true;
}

/* It is bytes.  False: and there is nobody to have them. */
static bool
settle(struct session *s)
{
	if (!s->is_looking)
		return true;
	s->is_looking = false;
	loop_timer_stop(&s->look_timer);
	if (s->has_failed) {
		cut_off(s, CLOSE_CONNECT);
		return false;
	}
	if (s->up == NULL)
		return start_up(s);
	if (s->is_open)
		begin(s);
	return true;
}

static void
count_refusal(struct session *s, const char *reason)
{
	const struct slice labels[] = { slice_str(l4_listener(s->l4)),
		slice_str(reason) };

	worker_env_count(l4_env(s->l4), METRIC_CONNECTIONS_REFUSED, labels, 2,
	    1);
}

/*
 * Who was connected to in vain sees a connection that ends without a word.  bad:
 * it is no request, and the codec says so.
 */
static void
become_http(struct session *s, bool bad)
{
	struct l4_run *l4 = s->l4;
	struct http_options *http = s->job->http;
	struct buf nothing = { 0 };

	if (bad) {
		count_refusal(s, "almost_http");
		s->facts.flag = FLAG_DPE;
	}
	if (bad || s->facts.opened)
		session_metrics_close(&s->facts, bad ? CLOSE_PROTOCOL :
		    CLOSE_FINISHED);
	if (s->is_open)
		tcp_upstream_write(s->up, &nothing, true);
	session_free(s, false);
	l4_become(l4, &http_terminal, http);
}

static void
wait_to_look(struct session *s)
{
	uint64_t now = loop_now_ms(l4_env(s->l4)->loop);
	uint64_t due = session_look_due_ms(&s->look);

	if (due == 0)
		loop_timer_stop(&s->look_timer);
	else
		loop_timer_start(&s->look_timer, due > now ? due - now : 1);
}

/* False: there is nothing to pass on, or nobody to do it. */
static bool
look(struct session *s, const struct buf *b, bool end)
{
	switch (session_look_at(&s->look, b, end,
	    loop_now_ms(l4_env(s->l4)->loop))) {
	case SIGHT_HTTP:
		become_http(s, detect_resembles_http(&s->look.detect));
		return false;
	case SIGHT_BYTES:
		return settle(s);
	default:
		wait_to_look(s);
		return false;
	}
}

static void
on_look_timer(void *arg)
{
	struct session *s = arg;

	switch (session_look_tick(&s->look,
	    loop_now_ms(l4_env(s->l4)->loop))) {
	case SIGHT_CONNECT:
		if (!start_up(s))
			return;
		break;
	case SIGHT_SILENT:
		if (s->has_failed)
			settle(s);
		else if (s->is_open)
			begin(s);
		break;
	case SIGHT_BYTES:
		if (settle(s))
			l4_pull(s->l4);
		return;
	case SIGHT_HTTP:
		become_http(s, false);
		return;
	default:
		break;
	}
	wait_to_look(s);
}

/* Nothing becomes of it, whatever it is: it was declared. */
static void
listen_to(struct session *s, const struct buf *data)
{
	enum spoken found = detect_peek(&s->look.detect, data);

	detect_drained(&s->look.detect);
	s->is_listening = found == SPOKEN_UNKNOWN;
	mismatch_look(l4_env(s->l4), s->job->cluster, MISMATCH_CALLER, found);
}

/* What a server might take for a request.  False: it was cut off. */
static bool
guard(struct session *s, const struct buf *data, bool end)
{
	enum spoken found = detect_peek(&s->look.detect, data);

	detect_drained(&s->look.detect);
	s->is_guarding = !detect_is_done(&s->look.detect);
	if (found != SPOKEN_HTTP1 && found != SPOKEN_HTTP2 &&
	    ((found == SPOKEN_UNKNOWN && !end) ||
	    !detect_resembles_http(&s->look.detect)))
		return true;
	count_refusal(s, "bytes_to_http");
	s->facts.flag = FLAG_UAEX;
	cut_off(s, CLOSE_DENIED);
	return false;
}

/* --- from the caller to the endpoint ------------------------------------------------ */

static void
pass_up(struct session *s, struct buf *data, bool end)
{
	if (s->is_listening)
		listen_to(s, data);
	else if (s->is_guarding && !guard(s, data, end))
		return;
	s->facts.bytes_up += buf_len(data);
	session_clock_moved(&s->clock);
	s->up_blocked = !tcp_upstream_write(s->up, data, end);
	if (s->up_blocked && !end)
		l4_pause(s->l4);	/* its end is not to come before there is room */
	if (end) {
		s->ended_up = true;
		check_finished(s);
	}
}

/* Whether what the other side says of a client is believed. */
static bool
is_from_gateway(const struct session *s)
{
	return s->job->down_framed &&
	    entrance_is_gateway(conn_peer(l4_conn(s->l4)));
}

/* The workload is believed only as far as logs and counters go. */
static void
take_meta(struct session *s, const char *text, size_t len)
{
	struct meta m;

	meta_read(&m, slice_of(text, len));
	session_facts_source(&s->facts, m.source);
	if (m.has_client && is_from_gateway(s)) {
		conn_set_remote(l4_conn(s->l4), &m.from);
		conn_set_local(l4_conn(s->l4), &m.to);
	}
}

static void
on_unsaid(void *arg)
{
	cut_off(arg, CLOSE_TIMEOUT);
}

/* The first frame alone: what follows is for the endpoint. */
static void
await_meta(struct session *s, struct buf *b, bool eof)
{
	char meta[FRAME_META_MAX];
	size_t len;
	struct buf data = { 0 };
	enum frame_event e = frame_read(&s->reader, b, &data, meta, &len);

	buf_fini(&data);
	if (e == FRAME_GOT_META) {
		take_meta(s, meta, len);
		s->is_unsaid = false;
		loop_timer_stop(&s->unsaid);
		start_up(s);
	} else if (e == FRAME_BAD || eof) {
		s->is_closing = true;
		l4_close(s->l4, e == FRAME_BAD ? CLOSE_PROTOCOL : CLOSE_RESET);
	}
}

static void
unframe(struct session *s, struct buf *b, bool eof)
{
	char meta[FRAME_META_MAX];
	size_t meta_len;
	struct buf data = { 0 };
	enum frame_event e;

	while ((e = frame_read(&s->reader, b, &data, meta, &meta_len)) ==
	    FRAME_GOT_DATA || e == FRAME_GOT_META)
		if (e == FRAME_GOT_META)
			take_meta(s, meta, meta_len);
	if (buf_len(&data) > 0 || e == FRAME_GOT_END)
		pass_up(s, &data, e == FRAME_GOT_END);
	buf_fini(&data);
	if (e == FRAME_BAD) {
		s->is_closing = true;
		l4_close(s->l4, CLOSE_PROTOCOL);
	} else if (e == FRAME_GOT_RESET ||
	    (e == FRAME_MORE && eof && !s->reader.ended)) {
		s->is_closing = true;
		l4_close(s->l4, CLOSE_RESET);
	}
}

static void
session_bytes(void *state, struct buf *b, bool end)
{
	struct session *s = state;

	if (s->is_looking && !look(s, b, end))
		return;
	if (s->is_unsaid && !s->is_closing)
		await_meta(s, b, end);
	/* Until there is room they wait where they are. */
	if (!s->is_open || s->up_blocked || s->ended_up || s->is_closing)
		return;
	if (s->job->down_framed)
		unframe(s, b, end);
	else
		pass_up(s, b, end);
}

/* --- life ----------------------------------------------------------------------------- */

static void *
session_open(void *arg, struct l4_run *l4)
{
	struct session *s = mem_zalloc(sizeof(*s));

	s->l4 = l4;
	s->job = arg;
	frame_reader_init(&s->reader, true);
	session_facts_init(&s->facts, l4, s->job);
	loop_timer_init(&s->look_timer, l4_env(l4)->loop, on_look_timer, s);
	s->is_guarding = s->job->is_guarded;
	/* A sidecar has told of its own callers. */
	s->is_listening = !s->job->down_framed &&
	    s->job->cluster->protocol == CLUSTER_TCP;
	s->is_looking = s->job->http != NULL;
	session_look_start(&s->look, loop_now_ms(l4_env(l4)->loop));
	loop_timer_init(&s->unsaid, l4_env(l4)->loop, on_unsaid, s);
	s->is_unsaid = s->job->cluster->announce != PROXY_NONE &&
	    is_from_gateway(s);
	if (s->is_unsaid)
		loop_timer_start(&s->unsaid, UNSAID_MS);
	else if (s->is_looking)
		wait_to_look(s);
	else
		start_up(s);
	return s;
}

/* Who ended what had not ended in order, if it was not the endpoint. */
static enum response_flag
flag_of(enum close_reason why)
{
	switch (why) {
	case CLOSE_PEER:
	case CLOSE_RESET:
	case CLOSE_TRUNCATED:
		return FLAG_DC;
	case CLOSE_PROTOCOL:
	case CLOSE_TLS:
		return FLAG_DPE;
	case CLOSE_IDLE:
		return FLAG_SI;
	case CLOSE_DENIED:
		return FLAG_UAEX;
	case CLOSE_DRAINED:
		return FLAG_LR;
	default:
		return FLAG_NONE;
	}
}

static void
session_free(struct session *s, bool abort)
{
	session_clock_stop(&s->clock);
	loop_timer_stop(&s->look_timer);
	loop_timer_stop(&s->unsaid);
	if (s->up != NULL)
		tcp_upstream_close(s->up, abort);
	session_job_free(s->job);
	mem_free(s);
}

static void
session_close(void *state, enum close_reason why)
{
	struct session *s = state;
	bool in_order = s->ended_up && s->ended_down;

	session_clock_stop(&s->clock);
	if (!in_order && s->facts.flag == FLAG_NONE)
		s->facts.flag = flag_of(why);
	session_metrics_close(&s->facts, in_order ? CLOSE_FINISHED : why);
	session_free(s, !in_order);
}

static void
session_refused(void *arg)
{
	session_job_free(arg);
}

/*
 * Bytes of strangers cannot be asked to end: they have the drain time, and then
 * are cut off.
 */
const struct l4_terminal session_terminal = {
	.name = "session", .open = session_open, .bytes = session_bytes,
	.drained = session_drained, .close = session_close,
	.refused = session_refused,
};
