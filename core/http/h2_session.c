#include "base/check.h"
#include "base/mem.h"
#include "http/h2_session.h"
#include "http/h2_stream.h"

/* nghttp2 counts a CONTINUATION once for each piece that its head comes in. */
#define PIECES_MAX	128
#define FRAME_USUAL	16384	/* RFC 9113, section 4.2 */

/* --- memory: there, or the process ends ------------------------------------- */

static void *
session_malloc(size_t n, void *arg)
{
	(void)arg;
	return mem_alloc(n > 0 ? n : 1);
}

static void *
session_calloc(size_t n, size_t size, void *arg)
{
	(void)arg;
	return mem_zalloc_array(n > 0 ? n : 1, size > 0 ? size : 1);
}

static void *
session_realloc(void *p, size_t n, void *arg)
{
	(void)arg;
	return mem_realloc(p, n > 0 ? n : 1);
}

static void
session_free(void *p, void *arg)
{
	(void)arg;
	mem_free(p);
}

/* --- for what comes and goes ------------------------------------------------------ */

struct h2_stream *
h2_session_stream(struct h2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

int
h2_session_end(struct h2 *h, uint32_t code, const char *why)
{
	h2_break(h, code, why);
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int
h2_session_calm(struct h2 *h, const char *why)
{
	return h2_session_end(h, NGHTTP2_ENHANCE_YOUR_CALM, why);
}

int
h2_session_spend(struct h2 *h, enum h2_flood_kind kind)
{
	return h2_flood_take(&h->flood, kind, loop_now_ms(h->base.loop)) ? 0 :
	    h2_session_calm(h, h2_flood_why(kind));
}

/* --- the session ------------------------------------------------------------------- */

static nghttp2_session_callbacks *
callbacks_new(const struct h2_limits *l)
{
	nghttp2_session_callbacks *c;

	check(nghttp2_session_callbacks_new(&c) == 0);
	h2_recv_callbacks(c);
	h2_send_callbacks(c, l->frame_bytes > FRAME_USUAL);
	return c;
}

static nghttp2_option *
option_new(const struct h2_limits *l)
{
	nghttp2_option *o;

	check(nghttp2_option_new(&o) == 0);
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_outbound_ack(o, l->queued_acks);
	nghttp2_option_set_max_settings(o, 32);
	/* It counts a frame once for each piece that its head comes in. */
	nghttp2_option_set_max_continuations(o, PIECES_MAX);
	nghttp2_option_set_max_reserved_remote_streams(o, 0);
	/* Ours is stricter, and knows who asks. */
	nghttp2_option_set_stream_reset_rate_limit(o, 1000000, 1000000);
	return o;
}

static void
submit_settings(struct h2 *h)
{
	const struct h2_limits *l = &h->limits.h2;
	const nghttp2_settings_entry all[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, l->window },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, l->head_bytes },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
		{ NGHTTP2_SETTINGS_MAX_FRAME_SIZE, l->frame_bytes },
	};
	const nghttp2_settings_entry client[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 }, all[1], all[2], all[4],
		all[5],
	};
	/* The last one goes without saying. */
	size_t usual = l->frame_bytes == FRAME_USUAL;

	if (h->role->is_server)
		nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, all,
		    sizeof(all) / sizeof(all[0]) - usual);
	else
		nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, client,
		    sizeof(client) / sizeof(client[0]) - usual);
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
	    (int32_t)l->conn_window);
}

void
h2_session_open(struct h2 *h)
{
	nghttp2_mem mem = { NULL, session_malloc, session_free, session_calloc,
	    session_realloc };
	nghttp2_session_callbacks *c = callbacks_new(&h->limits.h2);
	nghttp2_option *o = option_new(&h->limits.h2);

	check((h->role->is_server ? nghttp2_session_server_new3 :
	    nghttp2_session_client_new3)(&h->session, c, h, o, &mem) == 0);
	nghttp2_session_callbacks_del(c);
	nghttp2_option_del(o);
	submit_settings(h);
}

void
h2_session_close(struct h2 *h)
{
	nghttp2_session_del(h->session);
	h->session = NULL;
}

static void
on_fatal(struct h2 *h, int error)
{
	switch (error) {
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		h2_break(h, NGHTTP2_PROTOCOL_ERROR, "no HTTP/2 preface");
		break;
	case NGHTTP2_ERR_FLOODED:
		h2_break(h, NGHTTP2_ENHANCE_YOUR_CALM,
		    "acknowledgements pile up");
		break;
	case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
		h2_break(h, NGHTTP2_ENHANCE_YOUR_CALM,
		    "flood of CONTINUATION");
		break;
	default:
		h2_break(h, NGHTTP2_INTERNAL_ERROR, "frames cannot be read");
		break;
	}
}

bool
h2_session_read(struct h2 *h, const char *p, size_t len)
{
	ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)p,
	    len);

	if (n < 0)
		on_fatal(h, (int)n);	/* whoever ended it was there first, if it was us */
	else if (nghttp2_session_get_outbound_queue_size(h->session) >
	    h->limits.h2.queued_frames)
		h2_break(h, NGHTTP2_ENHANCE_YOUR_CALM, "frames pile up");
	return !h->is_broken;
}

void
h2_session_write(struct h2 *h)
{
	int error = nghttp2_session_send(h->session);

	check(error == 0 || error == NGHTTP2_ERR_FLOODED ||
	    error == NGHTTP2_ERR_CALLBACK_FAILURE);
	if (error != 0)
		h2_break(h, NGHTTP2_INTERNAL_ERROR, "frames cannot be written");
}

const char *
h2_library_version(void)
{
	return nghttp2_version(0)->version_str;
}
