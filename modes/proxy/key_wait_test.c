#include "base/unit.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/key_wait.h"

struct world {
	struct data_plane   plane;
	struct proxy_worker worker;
	struct authn_rule   rule;
	struct key_wait     wait;
	int                 wanted, keys, late;
};

static void
want(void *arg, struct slice source)
{
	struct world *x = arg;

	assert_true(slice_is(source, "here"));
	x->wanted++;
}

static void
on_keys(void *arg)
{
	((struct world *)arg)->keys++;
}

static void
on_late(void *arg)
{
	struct world *x = arg;

	x->late++;
	loop_stop(x->worker.env.loop);
}

static const struct key_wait_ops ops = { on_keys, on_late };

static void
world_init(struct world *x)
{
	*x = (struct world){ .plane.options = { .want_keys = want, .arg = x },
	    .worker = { .plane = &x->plane }, .rule = {
	    .source = SLICE("here"), .keys = issuer_keys_none(),
	    .timeout_ms = 60000 } };
	x->worker.env.loop = loop_new("test");
	list_init(&x->worker.key_waits);
}

static void
world_fini(struct world *x)
{
	key_wait_stop(&x->wait);
	assert_int_equal(x->worker.key_waits_len, 0);
	assert_true(list_is_empty(&x->worker.key_waits));
	issuer_keys_unref(x->rule.keys);
	loop_free(x->worker.env.loop);
}

static enum key_wait_result
start(struct world *x, struct key_wait *k)
{
	return key_wait_start(k, &x->worker, &x->rule, &ops, x);
}

TEST(key_wait_ends_when_the_keys_of_its_source_are_there)
{
	struct world x;
	struct key_wait other = { .worker = NULL };

	world_init(&x);
	assert_int_equal(start(&x, &x.wait), KEY_WAIT_STARTED);
	assert_int_equal(start(&x, &other), KEY_WAIT_STARTED);
	assert_int_equal(x.wanted, 1);	/* once for all */
	key_wait_settled(&x.worker, SLICE("there"));
	assert_int_equal(x.keys, 0);
	key_wait_stop(&other);
	key_wait_stop(&other);
	key_wait_settled(&x.worker, SLICE("here"));
	assert_int_equal(x.keys, 1);
	key_wait_settled(&x.worker, SLICE("here"));
	assert_int_equal(x.keys, 1);
	world_fini(&x);
}

TEST(key_wait_ends_when_its_rule_says_so)
{
	struct world x;

	world_init(&x);
	x.rule.timeout_ms = 1;
	assert_int_equal(start(&x, &x.wait), KEY_WAIT_STARTED);
	loop_run(x.worker.env.loop);
	assert_int_equal(x.late, 1);
	assert_int_equal(x.keys, 0);
	world_fini(&x);
}

TEST(key_wait_is_for_nobody_where_no_other_keys_can_be)
{
	struct world x;

	world_init(&x);
	issuer_keys_answered(x.rule.keys, loop_now_ms(x.worker.env.loop));
	assert_int_equal(start(&x, &x.wait), KEY_WAIT_FINAL);
	x.rule.source = SLICE_NONE;
	assert_int_equal(start(&x, &x.wait), KEY_WAIT_FINAL);
	assert_int_equal(x.wanted, 0);
	world_fini(&x);
}

TEST(key_wait_has_a_bound)
{
	struct world x;

	world_init(&x);
	x.worker.key_waits_len = KEY_WAITS_MAX;
	assert_int_equal(start(&x, &x.wait), KEY_WAIT_FULL);
	x.worker.key_waits_len = 0;
	world_fini(&x);
}
