#include <errno.h>

#include "base/check.h"
#include "net/conn_splice.h"
#include "net/conn_state.h"
#include "net/pipe.h"

/* Less than this at a time is copied: a pipe costs two calls more. */
#define SPLICE_MIN	((size_t)16 * 1024)

void
conn_join(struct conn *a, struct conn *b, uint64_t *from_a, uint64_t *from_b)
{
	check(a->watch.loop == b->watch.loop && a->twin == NULL && b->twin == NULL);
	if (a->io != NULL || b->io != NULL)
		return;
	a->twin = b;
	b->twin = a;
	a->spliced = from_a;
	b->spliced = from_b;
}

void
conn_part(struct conn *c)
{
	struct conn *twin = c->twin;

	if (twin == NULL)
		return;
	c->twin = twin->twin = NULL;
	c->spliced = twin->spliced = NULL;
	c->is_bulk = twin->is_bulk = false;
	/* Whichever waited for the other's pipe reads on. */
	if (c->phase == CONN_OPEN)
		loop_defer(c->watch.loop, &c->task);
	if (twin->phase == CONN_OPEN)
		loop_defer(twin->watch.loop, &twin->task);
}

size_t
conn_piped(const struct conn *c)
{
	return c->pipe != NULL ? c->pipe->len : 0;
}

void
conn_drop_pipe(struct conn *c)
{
	pipe_put(&c->pipe);
}

bool
conn_is_held(const struct conn *c)
{
	return c->twin != NULL && c->twin->pipe != NULL;
}

/* --- in ----------------------------------------------------------------------- */

static bool
conn_may_splice(const struct conn *c)
{
	const struct conn *to = c->twin;

	return c->is_bulk && to != NULL && buf_len(&c->in) == 0 &&
	    to->phase == CONN_OPEN && to->write_error == CLOSE_NONE &&
	    !to->must_shut && buf_len(&to->out) == 0;
}

static void
conn_spliced(struct conn *c, size_t len)
{
	struct conn *to = c->twin;

	c->bytes_in += len;
	*c->spliced += len;
	c->last_activity_ms = loop_now_ms(c->watch.loop);
	c->is_bulk = len >= SPLICE_MIN;
	conn_send(to);
	/* Its owner is told what became of it, later in this turn. */
	if (to->write_error != CLOSE_NONE)
		loop_defer(to->watch.loop, &to->task);
}

bool
conn_splice(struct conn *c, ssize_t *got)
{
	struct conn *to = c->twin;

	if (!conn_may_splice(c))
		return false;
	to->pipe = pipe_get();
	if (to->pipe == NULL)
		return false;
	*got = pipe_fill(to->pipe, c->watch.fd);
	int error = errno;

	if (*got > 0) {
		conn_spliced(c, (size_t)*got);
		return true;
	}
	conn_drop_pipe(to);
	if (*got < 0 && error == EINVAL)	/* not of this kind of socket */
		conn_part(c);
	errno = error;
	return *got == 0 || error != EINVAL;
}

/* --- out ---------------------------------------------------------------------- */

/* What is in the pipe came before what is queued. */
ssize_t
conn_pour(struct conn *c)
{
	ssize_t sent = pipe_pour(c->pipe, c->watch.fd);
	int error = errno;

	if (c->pipe->len == 0) {
		conn_drop_pipe(c);
		if (c->twin != NULL)
			loop_defer(c->watch.loop, &c->twin->task);
	}
	errno = error;
	return sent;
}
