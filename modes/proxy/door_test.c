#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/unit.h"
#include "chain/l7.h"
#include "loop/loop_fd.h"
#include "modes/proxy/door.h"
#include "net/listener.h"

/* A door that says its owner's word to everybody. */
struct world {
	struct loop         *loop;
	struct filter_stats *stats;
	struct door          door;
	struct listener     *tcp, *local;
	char                 path[64];
	const char          *word;
};

struct caller {
	struct world  *w;
	int            fd;
	struct loop_fd watch;
	struct str     got;
	bool           is_over;
};

static void
on_head(struct l7_ctx *ctx, struct http_head *head, bool end)
{
	const struct world *w = door_owner(ctx);

	(void)head;
	assert_true(end);
	l7_reply(ctx, 200, FLAG_NONE, "", slice_str(w->word));
}

static void
on_cancel(struct l7_ctx *ctx)
{
	(void)ctx;
}

static void
on_done(struct l7_ctx *ctx, const struct l7_summary *s)
{
	(void)ctx;
	(void)s;
}

static const struct l7_terminal terminal = {
	.name = "word", .head = on_head, .cancel = on_cancel, .done = on_done,
};

static struct listener *
listen_at(struct world *w, const char *at)
{
	struct err err = ERR_INIT;
	struct listener *l = door_listen(&w->door, slice_str(at), 0640, &err);

	if (l == NULL)
		fail_msg("%s", err.text);
	return l;
}

static void
world_init(struct world *w)
{
	char at[80];

	memset(w, 0, sizeof(*w));
	w->loop = loop_new("test");
	w->stats = filter_stats_new(1);
	w->word = "well met";
	door_init(&w->door, w->loop, w->stats, &(struct door_is){
	    .name = "word", .scope = "test", .connections = 2,
	    .terminal = &terminal, .owner = w });
	snprintf(w->path, sizeof(w->path), "/tmp/mesh-door-%d.sock", getpid());
	snprintf(at, sizeof(at), "unix:%s", w->path);
	w->tcp = listen_at(w, "127.0.0.1:0");
	w->local = listen_at(w, at);
}

static void
world_fini(struct world *w)
{
	door_fini(&w->door);
	door_fini(&w->door);
	loop_free(w->loop);
	filter_stats_free(w->stats);
}

/* Until it was told something, or that it is not wanted. */
static void
on_ready(void *arg, unsigned ready)
{
	struct caller *c = arg;
	char room[1024];
	ssize_t n = read(c->fd, room, sizeof(room));

	(void)ready;
	if (n > 0)
		str_add_slice(&c->got, slice_of(room, (size_t)n));
	else
		c->is_over = true;
	if (n <= 0 || strstr(c->got.ptr, c->w->word) != NULL) {
		loop_fd_stop(&c->watch);
		loop_stop(c->w->loop);
	}
}

static void
listen_to(struct caller *c)
{
	loop_fd_start_level(&c->watch, c->w->loop, c->fd, on_ready, c);
	loop_run(c->w->loop);
}

static void
call(struct caller *c, struct world *w, const struct listener *l)
{
	static const char ask[] = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
	const struct addr *to = listener_addr(l);

	*c = (struct caller){ .w = w };
	c->fd = socket(to->sa.sa_family, SOCK_STREAM, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, &to->sa, to->len), 0);
	assert_int_equal(send(c->fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL),
	    sizeof(ask) - 1);
	listen_to(c);
}

static void
caller_fini(struct caller *c)
{
	close(c->fd);
	str_fini(&c->got);
}

TEST(doors_answer_as_many_as_they_are_told_at_all_places_together)
{
	struct world w;
	struct caller a, b, c;

	world_init(&w);
	call(&a, &w, w.tcp);
	call(&b, &w, w.local);
	assert_false(a.is_over || b.is_over);
	assert_true(slice_has_prefix(str_slice(&a.got),
	    SLICE("HTTP/1.1 200 ")));
	assert_true(slice_has_prefix(str_slice(&b.got),
	    SLICE("HTTP/1.1 200 ")));
	call(&c, &w, w.tcp);
	assert_true(c.is_over);
	assert_int_equal(c.got.len, 0);
	caller_fini(&a);
	caller_fini(&b);
	caller_fini(&c);
	world_fini(&w);
}

TEST(doors_that_close_leave_nobody_and_no_path)
{
	struct world w;
	struct caller a;
	struct stat st;

	world_init(&w);
	assert_int_equal(stat(w.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	call(&a, &w, w.local);
	assert_false(a.is_over);
	door_close(&w.door);
	door_close(&w.door);
	listen_to(&a);
	assert_true(a.is_over);
	assert_int_equal(stat(w.path, &st), -1);
	caller_fini(&a);
	world_fini(&w);
}

TEST(doors_that_cannot_be_where_they_should_say_so)
{
	static const char *const nowhere[] = {
		"127.0.0.1", "unix:/nowhere/at/all.sock",
	};
	struct loop *loop = loop_new("test");
	struct filter_stats *stats = filter_stats_new(1);
	struct door d = { 0 };

	door_fini(&d);
	door_init(&d, loop, stats, &(struct door_is){ .name = "word",
	    .scope = "test", .connections = 1, .terminal = &terminal });
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		struct err err = ERR_INIT;

		assert_null(door_listen(&d, slice_str(nowhere[i]), 0600, &err));
		assert_true(err.text[0] != '\0');
	}
	door_fini(&d);
	loop_free(loop);
	filter_stats_free(stats);
}
