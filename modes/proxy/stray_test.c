#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/stray.h"
#include "net/conn.h"

/* A worker that runs nothing but lookups, and a caller that asks. */
struct stage {
	struct data_plane   plane;
	struct proxy_worker worker;
	struct strays      *strays;
	struct conn        *caller;
	int                 far;
	enum lookup_answer  answer;	/* the last that came late */
	int                 answers;
	/* In the first late answer this one is asked for as well. */
	struct lookup      *next;
};

static void
stage_init(struct stage *s)
{
	const struct stray_settings settings = {
		.hosts_file = "/nonexistent", .resolv_conf = "/nonexistent",
	};
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	*s = (struct stage){ .far = ends[1] };
	s->plane.registry = cluster_registry_new();
	s->worker.plane = &s->plane;
	s->worker.env.loop = loop_new("test");
	s->strays = strays_new(&s->worker, &settings);
	s->caller = conn_new(s->worker.env.loop, ends[0], NULL, NULL,
	    &conn_no_ops, NULL);
}

static void
stage_fini(struct stage *s)
{
	strays_close(s->strays);
	conn_close(s->caller, CLOSE_LOCAL);
	loop_free(s->worker.env.loop);
	strays_free(s->strays);
	cluster_registry_free(s->plane.registry);
	close(s->far);
}

static void
on_done(void *arg, enum lookup_answer answer, struct cluster *c)
{
	struct stage *s = arg;
	struct lookup *next = s->next;
	struct cluster *other = NULL;

	s->answer = answer;
	s->answers++;
	loop_stop(s->worker.env.loop);
	cluster_unref(c);
	s->next = NULL;
	if (next != NULL)
		strays_find(s->strays, next, &other);
	cluster_unref(other);
}

static struct lookup
lookup_of(struct stage *s, const char *host)
{
	struct lookup l = {
		.host = slice_str(host), .port = 80, .protocol = CLUSTER_TCP,
		.caller = s->caller, .done = on_done, .arg = s,
		.worker = &s->worker,
	};

	loop_timer_init(&l.timer, s->worker.env.loop, NULL, NULL);
	return l;
}

/* Gives the answer, at once or late; *late says which. */
static enum lookup_answer
find(struct stage *s, const char *host, bool *late)
{
	struct lookup l = lookup_of(s, host);
	struct cluster *c = NULL;
	enum lookup_answer answer;

	list_init(&l.link);
	answer = strays_find(s->strays, &l, &c);
	cluster_unref(c);
	*late = answer == LOOKUP_WAIT;
	if (*late)
		loop_run(s->worker.env.loop);
	return *late ? s->answer : answer;
}

static bool
is_known(struct stage *s, const char *host)
{
	bool late;

	assert_int_equal(find(s, host, &late), LOOKUP_FOUND);
	return !late;
}

static const char *
address(unsigned n)
{
	static char text[32];

	snprintf(text, sizeof(text), "10.0.%u.%u", n / 256, n % 256);
	return text;
}

static void
fill(struct stage *s)
{
	for (unsigned i = 0; i < STRAYS_MAX; i++)
		assert_false(is_known(s, address(i)));
}

TEST(strays_used_longest_ago_make_room)
{
	struct stage s;
	bool late;

	stage_init(&s);
	fill(&s);
	assert_true(is_known(&s, address(0)));	/* the oldest, in use */
	assert_false(is_known(&s, "10.1.0.0"));
	assert_true(is_known(&s, address(0)));
	assert_false(is_known(&s, address(1)));	/* had to go; and now 2 */
	/* Before any that is of use, one that has no address. */
	assert_int_equal(find(&s, "nobody.test", &late), LOOKUP_UNRESOLVED);
	assert_false(is_known(&s, "10.1.0.1"));
	assert_true(is_known(&s, address(4)));
	stage_fini(&s);
}

/* One that is told about finds another, for which there is no room but its own. */
TEST(strays_stay_while_they_are_told_about)
{
	struct stage s;
	struct lookup waiting[STRAYS_MAX], same, other;
	struct cluster *c = NULL;

	stage_init(&s);
	other = lookup_of(&s, "10.2.0.0");
	same = lookup_of(&s, "10.0.0.0");
	for (unsigned i = 0; i < STRAYS_MAX; i++) {
		char host[32];

		snprintf(host, sizeof(host), "10.0.%u.%u", i / 256, i % 256);
		waiting[i] = lookup_of(&s, host);
		list_init(&waiting[i].link);
		assert_int_equal(strays_find(s.strays, &waiting[i], &c),
		    LOOKUP_WAIT);
	}
	list_init(&same.link);
	list_init(&other.link);
	assert_int_equal(strays_find(s.strays, &same, &c), LOOKUP_WAIT);
	/* All of them are being asked for. */
	assert_int_equal(strays_find(s.strays, &other, &c), LOOKUP_TIMEOUT);
	s.next = &other;
	loop_finish(s.worker.env.loop);
	assert_int_equal(s.answers, STRAYS_MAX + 1);
	assert_int_equal(s.answer, LOOKUP_FOUND);
	stage_fini(&s);
}
