#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "modes/control/signer.h"
#include "modes/control/signer_process.h"

/* One request: first in unsent, then in sent, until its reply. */
struct waiting {
	struct list  link;
	struct str   packet;
	uint32_t     number;
	signer_done *done;	/* NULL: cancelled */
	void        *owner;
};

struct signer {
	int         fd;		/* -1: the process is gone */
	pid_t       pid;
	uint32_t    last;	/* number given last */
	size_t      waiting;
	struct list unsent, sent;
	struct str  issuer;
};

/* Returns the length of a packet, 0 at the end, -1 with errno. */
static ssize_t
receive(int fd, char *buf, size_t cap)
{
	ssize_t n;

	do {
		n = recv(fd, buf, cap, 0);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* The first packet: number 0, and the intermediate or the reason. */
static int
await_ready(struct signer *s, struct err *err)
{
	char *buf = mem_alloc(SIGNER_PACKET_MAX);
	ssize_t n = receive(s->fd, buf, SIGNER_PACKET_MAX);
	struct signer_reply reply;
	int r = 0;

	if (n <= 0 || !signer_read_reply(&reply, slice_of(buf, (size_t)n)) ||
	    reply.number != 0)
		r = err_set(err, ERR_INTERNAL, "the signer ended before it "
		    "was ready");
	else if (reply.status != SIGNER_SIGNED)
		r = err_set(err, ERR_CONFIG, "%.*s", SLICE_ARG(reply.body));
	else
		str_add_slice(&s->issuer, reply.body);
	mem_free(buf);
	return r;
}

static int
set_nonblocking(int fd, struct err *err)
{
	/* The pair was made blocking for the signer's end. */
	return fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ?
	    err_errno(err, "signer: fcntl") : 0;
}

struct signer *
signer_start(const struct signer_options *o, struct err *err)
{
	struct signer *s;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		err_errno(err, "signer: socketpair");
		return NULL;
	}
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		signer_process_run(pair[1], o);
	}
	close(pair[1]);
	if (pid < 0) {
		err_errno(err, "signer: fork");
		close(pair[0]);
		return NULL;
	}
	s = mem_zalloc(sizeof(*s));
	s->fd = pair[0];
	s->pid = pid;
	list_init(&s->unsent);
	list_init(&s->sent);
	if (await_ready(s, err) < 0 || set_nonblocking(s->fd, err) < 0) {
		signer_stop(s);
		return NULL;
	}
	return s;
}

static void
finish(struct signer *s, struct waiting *w, const struct signer_reply *reply)
{
	signer_done *done = w->done;
	void *owner = w->owner;

	list_remove(&w->link);
	s->waiting--;
	key_wipe_str(&w->packet);
	mem_free(w);
	if (done != NULL)
		done(owner, reply);
}

static void
finish_all(struct signer *s, struct list *l, enum signer_status status)
{
	struct signer_reply reply = {
		.status = status,
		.body = slice_str(signer_status_sentence(status)),
	};

	while (!list_is_empty(l))
		finish(s, list_entry(l->next, struct waiting, link), &reply);
}

static void
gone(struct signer *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	finish_all(s, &s->sent, SIGNER_GONE);
	finish_all(s, &s->unsent, SIGNER_GONE);
}

void
signer_stop(struct signer *s)
{
	if (s == NULL)
		return;
	gone(s);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	str_fini(&s->issuer);
	mem_free(s);
}

struct slice
signer_issuer(const struct signer *s)
{
	return str_slice(&s->issuer);
}

static void
refuse(signer_done *done, void *owner, enum signer_status status)
{
	struct signer_reply reply = {
		.status = status,
		.body = slice_str(signer_status_sentence(status)),
	};

	done(owner, &reply);
}

/* NULL: refused, and done was told. */
static struct waiting *
waiting_new(struct signer *s, signer_done *done, void *owner)
{
	struct waiting *w;

	if (s->fd < 0 || s->waiting >= SIGNER_WAITING_MAX) {
		refuse(done, owner, s->fd < 0 ? SIGNER_GONE : SIGNER_BUSY);
		return NULL;
	}
	w = mem_zalloc(sizeof(*w));
	if (++s->last == 0)
		s->last = 1;
	w->number = s->last;
	w->done = done;
	w->owner = owner;
	return w;
}

static void
queue(struct signer *s, struct waiting *w)
{
	list_append(&s->unsent, &w->link);
	s->waiting++;
	signer_on_writable(s);
}

void
signer_send(struct signer *s, const struct signer_request *r,
    signer_done *done, void *owner)
{
	struct waiting *w = waiting_new(s, done, owner);

	if (w == NULL)
		return;
	signer_add_request(&w->packet, w->number, r);
	queue(s, w);
}

void
signer_install(struct signer *s, struct slice cert, const struct key *key,
    signer_done *done, void *owner)
{
	struct waiting *w = waiting_new(s, done, owner);

	if (w == NULL)
		return;
	signer_add_install(&w->packet, w->number, cert, key);
	queue(s, w);
}

void
signer_send_token(struct signer *s, const struct signer_token *t,
    signer_done *done, void *owner)
{
	struct waiting *w = waiting_new(s, done, owner);

	if (w == NULL)
		return;
	signer_add_token(&w->packet, w->number, t);
	queue(s, w);
}

void
signer_renew(struct signer *s, const struct key *key, signer_done *done,
    void *owner)
{
	struct waiting *w = waiting_new(s, done, owner);

	if (w == NULL)
		return;
	signer_add_renewal(&w->packet, w->number, key);
	queue(s, w);
}

void
signer_cancel(struct signer *s, const void *owner)
{
	struct list *lists[] = { &s->unsent, &s->sent };

	for (size_t i = 0; i < 2; i++)
		LIST_FOREACH(at, lists[i]) {
			struct waiting *w = list_entry(at, struct waiting,
			    link);

			if (w->owner == owner)
				w->done = NULL;
		}
}

int
signer_fd(const struct signer *s)
{
	return s->fd;
}

bool
signer_wants_write(const struct signer *s)
{
	return s->fd >= 0 && !list_is_empty(&s->unsent);
}

bool
signer_is_alive(const struct signer *s)
{
	return s->fd >= 0;
}

size_t
signer_waiting(const struct signer *s)
{
	return s->waiting;
}

/*
 * A fault of the pair is left to signer_on_readable, which reads first what
 * the signer still had to say.
 */
void
signer_on_writable(struct signer *s)
{
	while (s->fd >= 0 && !list_is_empty(&s->unsent)) {
		struct waiting *w = list_entry(s->unsent.next, struct waiting,
		    link);

		if (send(s->fd, w->packet.ptr, w->packet.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		key_wipe_str(&w->packet);
		list_remove(&w->link);
		list_append(&s->sent, &w->link);
	}
}

/* False: the other end does not keep to the protocol. */
static bool
take_reply(struct signer *s, struct slice packet)
{
	struct signer_reply reply;
	struct waiting *w;

	if (list_is_empty(&s->sent) || !signer_read_reply(&reply, packet))
		return false;
	w = list_entry(s->sent.next, struct waiting, link);
	if (w->number != reply.number)
		return false;
	finish(s, w, &reply);
	return true;
}

void
signer_on_readable(struct signer *s)
{
	char *buf = mem_alloc(SIGNER_PACKET_MAX);

	while (s->fd >= 0) {
		ssize_t n = receive(s->fd, buf, SIGNER_PACKET_MAX);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n <= 0 || !take_reply(s, slice_of(buf, (size_t)n)))
			gone(s);
	}
	mem_free(buf);
	signer_on_writable(s);
}

/* For signer_sign: where the reply goes. */
struct answer {
	bool         here;
	enum signer_status status;
	struct str  *der;
};

static void
take_answer(void *owner, const struct signer_reply *reply)
{
	struct answer *a = owner;

	a->here = true;
	a->status = reply->status;
	if (reply->status == SIGNER_SIGNED)
		str_add_slice(a->der, reply->body);
}

int
signer_sign(struct signer *s, const struct signer_request *r, struct str *der,
    struct err *err)
{
	struct answer a = { .der = der };

	signer_send(s, r, take_answer, &a);
	while (!a.here) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };

		if (signer_wants_write(s))
			p.events |= POLLOUT;
		if (poll(&p, 1, -1) < 0 && errno != EINTR) {
			signer_cancel(s, &a);
			return err_errno(err, "signer: poll");
		}
		signer_on_writable(s);
		signer_on_readable(s);
	}
	return a.status == SIGNER_SIGNED ? 0 : signer_status_err(a.status, err);
}
