#include "modes/proxy/session_look.h"

void
session_look_start(struct session_look *l, uint64_t now_ms)
{
	*l = (struct session_look){ .since_ms = now_ms, .heard_ms = now_ms };
	detect_init(&l->detect);
}

/* A server might take it for a request: then ours refuses it, or its rest comes. */
static enum session_sight
as_far_as_known(const struct session_look *l)
{
	return detect_resembles_http(&l->detect) ? SIGHT_HTTP : SIGHT_BYTES;
}

enum session_sight
session_look_at(struct session_look *l, const struct buf *b, bool end,
    uint64_t now_ms)
{
	enum spoken found = detect_peek(&l->detect, b);

	if (l->len == 0 && buf_len(b) > 0)
		l->since_ms = now_ms;
	if (buf_len(b) > l->len)
		l->heard_ms = now_ms;
	l->len = buf_len(b);
	if (found == SPOKEN_HTTP1 || found == SPOKEN_HTTP2)
		return SIGHT_HTTP;
	return found != SPOKEN_UNKNOWN || end || l->len >= LOOK_BYTES_MAX ?
	    as_far_as_known(l) : SIGHT_WAIT;
}

uint64_t
session_look_due_ms(const struct session_look *l)
{
	uint64_t late = l->heard_ms + LOOK_MS, whole = l->since_ms +
	    LOOK_WHOLE_MS;

	if (!l->is_quiet)
		return l->since_ms + LOOK_QUIET_MS;
	if (l->len == 0)
		return l->is_silent ? 0 : late;
	return late < whole ? late : whole;
}

enum session_sight
session_look_tick(struct session_look *l, uint64_t now_ms)
{
	uint64_t due = session_look_due_ms(l);

	if (due == 0 || now_ms < due)
		return SIGHT_WAIT;
	if (!l->is_quiet) {
		l->is_quiet = true;
		return SIGHT_CONNECT;
	}
	if (l->len > 0)
		return as_far_as_known(l);
	l->is_silent = true;
	return SIGHT_SILENT;
}
