#include <stdint.h>

#include "base/check.h"
#include "http/codec_base.h"

const struct http_limits http_limits_default = {
	.head_bytes = 60 * 1024,
	.line_bytes = 8 * 1024,
	.fields = 100,
	.chunk_ext_line = 1024,
	.chunk_ext_total = 16 * 1024,
	.info_count = 10,
	.drain_bytes = 64 * 1024,
	.h2 = {
		.streams = 100, .window = 64 * 1024, .conn_window = 1024 * 1024,
		.frame_bytes = 16 * 1024, .head_bytes = 60 * 1024,
		.queued_frames = 5000, .queued_acks = 1000, .continuations = 8,
		.resets = 100, .pings = 1000, .settings = 100,
		.priorities = 100, .window_updates = 20, .empty_data = 1,
	},
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
	return c->vt->open_stream == NULL ? NULL :
	    c->vt->open_stream(c, arena, events, owner);
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

bool
codec_is_multiplexed(const struct codec *c)
{
	return c->vt->is_multiplexed;
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

/* --- what the owner is told ------------------------------------------------- */

/* Says one of the flags once; false when the codec was freed meanwhile. */
static bool
tell(struct codec *c, bool *flag, void (*event)(void *))
{
	if (!*flag)
		return !c->is_freed;
	*flag = false;
	if (event != NULL)
		event(c->owner);
	return !c->is_freed;
}

static void
on_task(void *arg)
{
	struct codec *c = arg;
	const struct codec_events *ev = c->events;

	c->vt->before_telling(c);
	if (c->is_freed)
		return;
	if (buf_len(&c->output) == 0)
		c->tell_output = false;
	if (!tell(c, &c->tell_output, ev->on_output) ||
	    !tell(c, &c->tell_output_end, ev->on_output_end))
		return;
	if (c->is_finished) {
		if (c->told_finished)
			return;
		c->told_finished = true;
		ev->on_finished(c->owner, c->end);
		return;
	}
	if (tell(c, &c->tell_idle, ev->on_idle))
		tell(c, &c->tell_input, ev->on_input);
}

void
codec_base_init(struct codec *c, const struct codec_vtable *vt,
    struct loop *loop, const struct codec_events *events, void *owner)
{
	*c = (struct codec){ .vt = vt, .events = events, .owner = owner,
	    .loop = loop };
	buf_init(&c->output);
	loop_task_init(&c->task, on_task, c);
}

void
codec_base_fini(struct codec *c)
{
	check(!c->is_freed);
	c->is_freed = true;
	loop_task_cancel(&c->task);
	buf_fini(&c->output);
}

void
codec_base_refuse(struct codec *c, struct http_head *h, struct arena *a,
    int status, const char *why)
{
	http_head_init(h, a);
	h->status = status;
	h->content_length = (int64_t)slice_str(why).len + 1;
	http_fields_add_id(&h->fields, FIELD_CONTENT_TYPE, SLICE("text/plain"));
	if (status == 405)
		http_fields_add(&h->fields, SLICE("allow"),
		    SLICE("GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"));
	if (c->events->on_refusal != NULL)
		c->events->on_refusal(c->owner, h, why);
}

void
codec_base_tell(struct codec *c)
{
	if (!c->is_freed)
		loop_defer(c->loop, &c->task);
}

void
codec_base_finish(struct codec *c, enum codec_end end)
{
	if (c->is_finished)
		return;
	c->is_finished = true;
	c->end = end;
	codec_base_tell(c);
}

void
codec_base_abort(struct codec *c)
{
	c->is_finished = true;
	c->told_finished = true;
}
