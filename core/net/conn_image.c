#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/conn_image.h"
#include "net/conn_state.h"

/* What remains of an image whose fd and queues went elsewhere. */
static void
conn_image_wipe(struct conn_image *image)
{
	mem_wipe(image, sizeof(*image));
	image->fd = -1;
}

void
conn_image_fini(struct conn_image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	mem_free(image->peer);
	buf_fini(&image->unread);
	buf_fini(&image->unsent);
	conn_image_wipe(image);
}

static bool
conn_can_detach(const struct conn *c)
{
	bool is_whole = c->phase == CONN_OPEN && !c->must_shut &&
	    !c->has_ended && c->write_error == CLOSE_NONE && c->pipe == NULL;

	return is_whole && (c->io == NULL || buf_len(&c->in) == 0);
}

int
conn_detach(struct conn *c, struct conn_image *image)
{
	if (!conn_can_detach(c))
		return -1;
	conn_seal(c);
	*image = (struct conn_image){ .fd = c->watch.fd };
	image->peer = c->peer;
	c->peer = NULL;
	image->addr = *conn_addr(c, &image->addr);
	image->local = *conn_local(c, &image->local);
	buf_move(&image->unread, c->io != NULL ? &c->tls->raw : &c->in);
	buf_move(&image->unsent, &c->out);
	buf_unshare(&image->unread);
	buf_unshare(&image->unsent);
	if (c->io != NULL) {
		c->io->pack(c->io_state, image);
		c->io->free(c->io_state);
		c->io_state = NULL;
	}
	conn_part(c);
	conn_peers_leave(c);
	c->phase = CONN_GONE;
	loop_fd_stop(&c->watch);
	c->watch.fd = -1;
	loop_task_cancel(&c->task);
	loop_task_cancel(&c->read_task);
	loop_free_later(c->watch.loop, conn_free, c);
	return 0;
}

struct conn *
conn_attach(struct loop *l, struct conn_image *image,
    const struct transport *tls, const struct conn_ops *ops, void *owner)
{
	const struct transport *io = image->suite != 0 ? tls : NULL;

	check(image->fd >= 0 && (image->suite == 0 || tls != NULL));
	struct conn *c = conn_new(l, image->fd, io,
	    io != NULL ? io->unpack(image) : NULL, ops, owner);

	conn_set_peer(c, &image->peer);
	if (image->addr.len != 0)
		conn_set_addrs(c, &image->addr, &image->local);
	buf_move(&c->out, &image->unsent);
	c->bytes_in = io != NULL ? 0 : buf_len(&image->unread);
	buf_move(io != NULL ? &c->tls->raw : &c->in, &image->unread);
	c->must_open = io != NULL && buf_len(&c->tls->raw) > 0;
	c->must_tell = buf_len(&c->in) > 0;
	conn_peers_join(c);
	loop_defer(l, &c->task);
	conn_image_wipe(image);
	return c;
}
