#include <sys/epoll.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/echo/echo.h"
#include "cmd/echo/reply.h"

/*
 * The TCP side.  The first line may choose a mode, otherwise it is content:
 *
 *   ECHO      lines come back as "NAME: line"; at the peer's end follows
 *             "NAME got N bytes crc32 XXXXXXXX" (this is the default)
 *   RAW       bytes come back as they are
 *   SINK      bytes are only counted; the summary follows at the end
 *   SOURCE n  sends n bytes "abc...zabc...", then ends its direction
 *   RST       resets the connection
 *
 * Bytes and checksum of the summary do not include the line with the mode.
 */
#define OUT_MAX		(256 * 1024)
#define MODE_LINE_MAX	64

enum mode { MODE_UNKNOWN, MODE_ECHO, MODE_RAW, MODE_SINK, MODE_SOURCE, MODE_RST };

static const struct {
	const char *word;
	enum mode   mode;
} modes[] = {
	{ "ECHO", MODE_ECHO }, { "RAW", MODE_RAW }, { "SINK", MODE_SINK },
	{ "SOURCE", MODE_SOURCE }, { "RST", MODE_RST },
};

struct tcp_conn {
	struct watch watch;
	struct echo *echo;
	enum mode    mode;
	struct str   first;		/* until the mode is known */
	struct str   out;
	size_t       out_off;
	bool         in_line;		/* ECHO: the prefix was sent */
	uint64_t     got;
	uint32_t     crc;
	uint64_t     source_size, source_sent;
	bool         peer_ended, all_said, is_shut;
};

static void
conn_free(struct watch *w)
{
	struct tcp_conn *c = list_entry(w, struct tcp_conn, watch);

	str_fini(&c->first);
	str_fini(&c->out);
	mem_free(c);
}

static size_t
pending(const struct tcp_conn *c)
{
	return c->out.len - c->out_off;
}

static void
conn_reset(struct tcp_conn *c)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	watch_close(&c->watch);
}

static void
echo_lines(struct tcp_conn *c, struct slice data)
{
	while (data.len > 0) {
		ptrdiff_t at = slice_find(data, '\n');
		size_t n = at < 0 ? data.len : (size_t)at + 1;

		if (!c->in_line)
			str_addf(&c->out, "%s: ", c->echo->name);
		str_add_slice(&c->out, slice_of(data.ptr, n));
		c->in_line = at < 0;
		data = slice_from(data, n);
	}
}

static void
take(struct tcp_conn *c, struct slice data)
{
	c->got += data.len;
	c->crc = message_crc32(c->crc, data);
	if (c->mode == MODE_ECHO)
		echo_lines(c, data);
	else if (c->mode == MODE_RAW)
		str_add_slice(&c->out, data);
}

/* The mode that the line without its end asks for, MODE_UNKNOWN if none. */
static enum mode
read_mode(struct tcp_conn *c, struct slice line)
{
	struct slice word;

	slice_cut(&line, ' ', &word);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!slice_is(word, modes[i].word))
			continue;
		bool has_argument = line.ptr != NULL;

		if (modes[i].mode == MODE_SOURCE ?
		    slice_u64(line, &c->source_size) : !has_argument)
			return modes[i].mode;
	}
	return MODE_UNKNOWN;
}

/* Collects the first line; then what was collected is content or mode. */
static void
take_first(struct tcp_conn *c, struct slice data)
{
	struct str first;
	struct slice line;

	str_add_slice(&c->first, data);
	struct slice all = str_slice(&c->first);
	ptrdiff_t at = slice_find(all, '\n');

	if (at < 0 && all.len < MODE_LINE_MAX && !c->peer_ended)
		return;
	line = slice_of(all.ptr, at < 0 ? all.len : (size_t)at);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	c->mode = read_mode(c, line);
	if (c->mode == MODE_UNKNOWN)
		c->mode = MODE_ECHO;
	else
		all = slice_from(all, at < 0 ? all.len : (size_t)at + 1);
	first = c->first;
	c->first = (struct str){ 0 };
	take(c, all);
	str_fini(&first);
}

/* What the peer's end makes us say. */
static void
on_end(struct tcp_conn *c)
{
	c->peer_ended = true;
	if (c->mode == MODE_UNKNOWN)
		take_first(c, slice_of("", 0));
	if (c->mode == MODE_ECHO || c->mode == MODE_SINK) {
		if (c->in_line)
			str_add_char(&c->out, '\n');
		str_addf(&c->out, "%s got %llu bytes crc32 %08x\n",
		    c->echo->name, (unsigned long long)c->got, c->crc);
	}
	if (c->mode != MODE_SOURCE)
		c->all_said = true;
}

/* Returns false if the connection is gone. */
static bool
conn_read(struct tcp_conn *c)
{
	char *buf = c->watch.reactor->read_buf;
	ssize_t n = read(c->watch.fd, buf, REACTOR_READ_MAX);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		watch_close(&c->watch);
		return false;
	}
	if (n == 0)
		on_end(c);
	else if (c->mode == MODE_UNKNOWN)
		take_first(c, slice_of(buf, (size_t)n));
	else
		take(c, slice_of(buf, (size_t)n));
	if (c->mode == MODE_RST) {
		conn_reset(c);
		return false;
	}
	return true;
}

static void
pump_source(struct tcp_conn *c)
{
	uint64_t left = c->source_size - c->source_sent;
	size_t n = left < OUT_MAX ? (size_t)left : OUT_MAX;

	if (c->mode != MODE_SOURCE || pending(c) > 0)
		return;
	reply_add_pattern(&c->out, c->source_sent, n);
	c->source_sent += n;
	c->all_said = c->source_sent == c->source_size;
}

/* Returns false if the connection is gone. */
static bool
flush(struct tcp_conn *c)
{
	pump_source(c);
	if (pending(c) == 0)
		return true;
	ssize_t n = send(c->watch.fd, c->out.ptr + c->out_off, pending(c),
	    MSG_NOSIGNAL);

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return true;
		watch_close(&c->watch);
		return false;
	}
	c->out_off += (size_t)n;
	if (pending(c) == 0) {
		str_clear(&c->out);
		c->out_off = 0;
	}
	return true;
}

static void
conn_on_event(struct watch *w, uint32_t events)
{
	struct tcp_conn *c = list_entry(w, struct tcp_conn, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		watch_close(w);
		return;
	}
	if ((events & EPOLLIN) && !conn_read(c))
		return;
	if (!flush(c))
		return;
	if (pending(c) == 0 && c->all_said && !c->is_shut) {
		c->is_shut = true;
		shutdown(w->fd, SHUT_WR);
	}
	if (c->is_shut && c->peer_ended) {
		watch_close(w);
		return;
	}
	bool wants_out = pending(c) > 0 ||
	    (c->mode == MODE_SOURCE && !c->all_said);
	bool may_read = !c->peer_ended && pending(c) < OUT_MAX;

	watch_want(w, (may_read ? EPOLLIN : 0u) | (wants_out ? EPOLLOUT : 0u));
}

void
tcp_on_accept(struct acceptor *a, int fd, const struct address *peer)
{
	struct tcp_conn *c = mem_zalloc(sizeof(*c));
	struct listener *l = a->owner;

	(void)peer;
	c->echo = l->echo;
	watch_open(&c->watch, a->watch.reactor, fd, EPOLLIN, conn_on_event,
	    conn_free);
}
