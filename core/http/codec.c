#include <stdint.h>

#include "http/codec.h"

const struct http_limits http_limits_default = {
	.head_bytes = 60 * 1024,
	.line_bytes = 8 * 1024,
	.fields = 100,
	.chunk_ext_line = 1024,
	.chunk_ext_total = 16 * 1024,
	.info_count = 10,
	.drain_bytes = 64 * 1024,
	.h2_streams = 100,
	.h2_window = 64 * 1024,
	.h2_conn_window = 1024 * 1024,
};

void
codec_feed(struct codec *c, struct buf *b, bool eof)
{
	c->vt->feed(c, b, eof);
}

struct stream *
codec_open_stream(struct codec *c, struct arena *arena,
    const struct stream_events *events, void *owner)
{
	return c->vt->open_stream(c, arena, events, owner);
}

void
codec_output_sent(struct codec *c, size_t bytes)
{
	c->vt->output_sent(c, bytes);
}

void
codec_output_drained(struct codec *c)
{
	c->vt->output_sent(c, SIZE_MAX);
}

void
codec_drain(struct codec *c)
{
	c->vt->drain(c);
}

bool
codec_is_idle(const struct codec *c)
{
	return c->vt->is_idle(c);
}

bool
codec_is_in_head(const struct codec *c)
{
	return c->vt->is_in_head(c);
}

bool
codec_wants_input(const struct codec *c)
{
	return c->vt->wants_input(c);
}

size_t
codec_room(const struct codec *c)
{
	return c->vt->room != NULL ? c->vt->room(c) : c->vt->is_idle(c);
}

void
codec_ping(struct codec *c)
{
	if (c->vt->ping != NULL)
		c->vt->ping(c);
}

void
codec_expire(struct codec *c, uint64_t idle_ms)
{
	if (c->vt->expire != NULL)
		c->vt->expire(c, idle_ms);
}

void
codec_abort(struct codec *c, enum stream_error error)
{
	c->vt->abort(c, error);
}

void
codec_free(struct codec *c)
{
	if (c != NULL)
		c->vt->free(c);
}
