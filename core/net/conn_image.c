#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/conn_state.h"

void
conn_image_fini(struct conn_image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
	mem_wipe(&image->rx, sizeof(image->rx));
	mem_wipe(&image->tx, sizeof(image->tx));
	buf_fini(&image->unread);
	buf_fini(&image->unsent);
}

int
conn_detach(struct conn *c, struct conn_image *image)
{
	check(c->phase == CONN_OPEN);
	if (c->io != NULL && buf_len(&c->in) > 0)
		return -1;
	*image = (struct conn_image){ .peer = *conn_peer(c) };
	if (c->io != NULL) {
		conn_seal(c);
		buf_move(&image->unread, &c->raw);
		c->io->pack(c->io_state, image);
		c->io->free(c->io_state);
		c->io_state = NULL;
	} else {
		buf_move(&image->unread, &c->in);
	}
	flow_discharge(&c->flow, buf_len(&c->out));
	buf_move(&image->unsent, &c->out);
	c->phase = CONN_GONE;
	conn_update_events(c);
	image->fd = c->fd;
	c->fd = -1;
	loop_task_cancel(&c->task);
	loop_task_cancel(&c->read_task);
	loop_free_later(c->loop, conn_free, c);
	return 0;
}

struct conn *
conn_attach(struct loop *l, struct conn_image *image,
    const struct transport *tls, const struct conn_ops *ops, void *owner)
{
	const struct transport *io = image->suite != 0 ? tls : NULL;
	struct conn *c = conn_make(l, image->fd, io,
	    io != NULL ? io->unpack(image) : NULL, ops, owner);

	c->peer = mem_alloc(sizeof(*c->peer));
	*c->peer = image->peer;
	if (io != NULL) {
		buf_move(&c->raw, &image->unread);
		c->must_open = buf_len(&c->raw) > 0;
	} else {
		c->bytes_in += buf_len(&image->unread);
		buf_move(&c->in, &image->unread);
		c->must_tell = buf_len(&c->in) > 0;
	}
	flow_charge(&c->flow, buf_len(&image->unsent));
	buf_move(&c->out, &image->unsent);
	/* The edge may have come while nobody watched. */
	c->can_read = true;
	loop_defer(l, &c->task);
	image->fd = -1;
	conn_image_fini(image);
	return c;
}
