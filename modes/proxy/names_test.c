#include <stdio.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/proxy/names.h"

/* A loop, and files that name hosts and no DNS server. */
struct world {
	struct loop         *loop;
	struct names        *names;
	struct resolve_files files;
	char                 hosts[64];
	int                  changes;
};

static void
on_changed(void *arg)
{
	struct world *w = arg;

	w->changes++;
	loop_stop(w->loop);
}

static void
world_start(struct world *w)
{
	*w = (struct world){ .changes = 0 };
	snprintf(w->hosts, sizeof(w->hosts), "/tmp/mesh-names-%d", getpid());
	FILE *f = fopen(w->hosts, "w");

	assert_non_null(f);
	fputs("192.0.2.2 api.test\n192.0.2.1 api.test\n", f);
	fclose(f);
	w->files = (struct resolve_files){ w->hosts, "/nonexistent" };
	w->loop = loop_new("test");
	w->names = names_new(w->loop, &w->files, on_changed, w);
}

static void
world_end(struct world *w)
{
	names_free(w->names);
	loop_finish(w->loop);
	loop_free(w->loop);
	unlink(w->hosts);
}

static struct names_answer
compile(struct world *w, const char *host)
{
	struct names_answer a;

	names_begin(w->names);
	names_find(w->names, slice_str(host), &a);
	names_end(w->names);
	return a;
}

TEST(names_tell_when_a_host_is_known)
{
	struct world w;
	struct names_answer a;
	char text[ADDR_TEXT_MAX];

	world_start(&w);
	assert_int_equal(compile(&w, "api.test").state, NAMES_WAITING);
	loop_run(w.loop);
	assert_int_equal(w.changes, 1);
	a = compile(&w, "api.test");
	assert_int_equal(a.state, NAMES_KNOWN);
	assert_int_equal(a.len, 2);
	/* In an order of their own. */
	addr_format_ip(&a.v[0], text);
	assert_string_equal(text, "192.0.2.1");
	world_end(&w);
}

TEST(names_that_fail_are_told_too)
{
	struct world w;

	world_start(&w);
	assert_int_equal(compile(&w, "no host").state, NAMES_WAITING);
	loop_run(w.loop);
	assert_int_equal(compile(&w, "no host").state, NAMES_FAILED);
	world_end(&w);
}

TEST(names_that_nobody_wants_are_forgotten)
{
	struct world w;

	world_start(&w);
	compile(&w, "api.test");
	loop_run(w.loop);
	for (int i = 0; i < 2; i++) {
		names_begin(w.names);
		names_end(w.names);
	}
	assert_int_equal(compile(&w, "api.test").state, NAMES_WAITING);
	world_end(&w);
}
