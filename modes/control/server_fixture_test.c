#include "base/mem.h"
#include "base/unit.h"
#include "conf/stream.h"
#include "modes/control/conditions.h"
#include "modes/control/issuer.h"
#include "modes/control/attest.h"
#include "modes/control/operators.h"
#include "modes/control/revocations.h"
#include "modes/control/rollouts.h"
#include "modes/control/server_fixture.h"
#include "modes/control/sessions.h"
#include "modes/control/traffic.h"

#define PATIENCE_MS	10000

static void
post_to_loop(void *loop, void (*fn)(void *), void *arg)
{
	loop_post(loop, fn, arg);
}

struct server_fixture *
server_fixture_new(void)
{
	struct server_fixture *t = mem_zalloc(sizeof(*t));
	struct server *s = t->s = mem_zalloc(sizeof(*s));
	struct err err = ERR_INIT;

	log_set_levels("error");
	dir_make(&t->dir);
	s->ca = must_open(&t->dir);
	t->f = fixture_open();
	s->store = t->f.store;
	s->loop = loop_new("test");
	s->port = (struct store_port){ post_to_loop, s->loop };
	s->stats = stat_registry_new(metrics, METRIC_COUNT);
	worker_env_init(&s->env, s->loop, 0, s);
	s->env.stats = s->stats;
	s->env.stat = stat_worker_new(s->stats);
	s->env.memo = &s->memo;
	s->vault = vault_open(t->f.dir, NULL, &err);
	assert_non_null(s->vault);
	assert_int_equal(vault_keep(s->vault, &err), 0);
	s->attest = attest_new();
	workload_limit_init(&s->workload_limit);
	refusals_init(&s->refused, &refusals_people);
	refusals_init(&s->strangers, &refusals_strangers);
	s->revocations = revocations_open(s->store, &err);
	assert_non_null(s->revocations);
	s->operators = operators_open(s->store, &err);
	assert_non_null(s->operators);
	s->registry = registry_open(s->store, s->vault, &s->port, &err);
	assert_non_null(s->registry);
	s->workloads = registry_workloads_new(s->registry,
	    (int64_t)loop_now_ms(s->loop));
	s->traffic = traffic_new();
	s->sessions = sessions_new(s);
	s->conditions = conditions_new(s);
	s->rollouts = rollouts_new(s);
	s->issuer = issuer_new(s);
	return t;
}

void
server_fixture_free(struct server_fixture *t)
{
	struct server *s = t->s;

	issuer_free(s->issuer);
	ca_close(s->ca);
	rollouts_free(s->rollouts);
	conditions_free(s->conditions);
	sessions_free(s->sessions);
	registry_workloads_free(s->workloads);
	registry_close(&s->registry);
	vault_close(s->vault);
	fixture_shut(&t->f);
	loop_free(s->loop);
	traffic_free(s->traffic);
	operators_free(s->operators);
	revocations_free(s->revocations);
	attest_free(s->attest);
	workload_limit_fini(&s->workload_limit);
	refusals_fini(&s->refused);
	refusals_fini(&s->strangers);
	unrecorded_fini(&s->unrecorded);
	stat_memo_fini(&s->memo);
	stat_registry_free(s->stats);
	mem_free(s);
	fixture_close(&t->f);
	dir_remove(&t->dir);
	mem_free(t);
}

struct wait {
	struct loop       *loop;
	const bool        *done;
	struct loop_timer  timer;
	uint64_t           until_ms;
};

static void
look(void *arg)
{
	struct wait *w = arg;

	if (*w->done || loop_now_ms(w->loop) > w->until_ms)
		loop_stop(w->loop);
	else
		loop_timer_start(&w->timer, 1);
}

void
server_fixture_run(struct server_fixture *t, const bool *done)
{
	struct wait w = { .loop = t->s->loop, .done = done };

	w.until_ms = loop_now_ms(w.loop) + PATIENCE_MS;
	loop_timer_init(&w.timer, w.loop, look, &w);
	loop_timer_start(&w.timer, 0);
	loop_run(w.loop);
	loop_timer_stop(&w.timer);
	assert_true(*done);
}

void
server_fixture_turn(struct server_fixture *t)
{
	bool yes = true;

	server_fixture_run(t, &yes);
}

struct put {
	bool             done;
	struct err       err;
	uint64_t         revision;
};

static void
on_put(void *ctx, const struct registry_answer *a)
{
	struct put *p = ctx;

	p->done = true;
	p->err = a->err;
	p->revision = a->revision;
}

uint64_t
server_fixture_put(struct server_fixture *t, const char *yaml)
{
	struct registry_edit edits[16];
	struct registry_set set = { .edits = edits,
	    .who = { .actor = SLICE("test"), .from = SLICE("here") } };
	struct put p = { .err = ERR_INIT };
	struct conf_stream stream;
	struct conf_node *root;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	conf_stream_init(&stream, slice_str(yaml), "test", CONF_YAML);
	while (conf_stream_next(&stream, &a, &root, &err) > 0)
		edits[set.n++] = (struct registry_edit){ .document = root };
	assert_string_equal(err.text, "");
	registry_apply(t->s->registry, &set, on_put, &p);
	server_fixture_run(t, &p.done);
	assert_string_equal(p.err.text, "");
	arena_fini(&a);
	return p.revision;
}

/* What the parts need of the server that is not there. */
TEST(server_fixture_starts_and_ends)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_turn(t);
	assert_int_equal(registry_revision(t->s->registry), 0);
	server_fixture_free(t);
}
