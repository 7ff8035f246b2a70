#include "base/check.h"
#include "http/stream.h"

static const char *const error_names[] = {
	[STREAM_OK] = "ok",
	[STREAM_CANCEL] = "cancel",
	[STREAM_REFUSED] = "refused",
	[STREAM_PROTOCOL] = "protocol",
	[STREAM_TOO_LARGE] = "too-large",
	[STREAM_TRUNCATED] = "truncated",
	[STREAM_CONN_RESET] = "conn-reset",
	[STREAM_CONN_CLOSED] = "conn-closed",
	[STREAM_TIMEOUT] = "timeout",
	[STREAM_INTERNAL] = "internal",
};

const char *
stream_error_name(enum stream_error e)
{
	check(e < sizeof(error_names) / sizeof(error_names[0]));
	return error_names[e];
}

void
stream_set_owner(struct stream *s, const struct stream_events *events,
    void *owner)
{
	s->events = events;
	s->owner = owner;
}

void
stream_send_head(struct stream *s, const struct http_head *h, bool end)
{
	s->vt->send_head(s, h, end);
}

void
stream_send_info(struct stream *s, const struct http_head *h)
{
	check(s->vt->send_info != NULL);	/* a client has none to send */
	check(h->status >= 100 && h->status < 200 && h->status != 101);
	s->vt->send_info(s, h);
}

void
stream_send_body(struct stream *s, struct buf *b, bool end)
{
	s->vt->send_body(s, b, end);
}

void
stream_send_trailers(struct stream *s, const struct http_fields *f)
{
	s->vt->send_trailers(s, f);
}

void
stream_set_tunnel(struct stream *s)
{
	s->is_tunnel = true;
}

void
stream_pause(struct stream *s)
{
	s->vt->pause(s, true);
}

void
stream_resume(struct stream *s)
{
	s->vt->pause(s, false);
}

void
stream_close(struct stream *s, enum stream_error error)
{
	s->vt->close(s, error);
}
