
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/stream.h"
#include "modes/control/registry_fixture.h"
#include "modes/control/registry_workload.h"

#define KEY	"/mesh/workloads/shop/web-1"
#define SERVICE	"/core/services/shop/web"

static const struct audit_entry who = {
	.actor = { "spiffe://mesh.internal/ns/shop/sa/web", 37 },
	.from = { "10.0.0.7:999", 12 },
};

struct workload_test {
	struct registry_fixture        *t;
	struct registry_workloads      *ws;
	struct registry_status_listener listener;
	struct str                      told;	/* "Online Offline " */
	int64_t                         now;
};

static void
on_status(void *arg, struct slice key, enum live_status s)
{
	struct workload_test *w = arg;

	assert_true(slice_is(key, KEY));
	str_addf(&w->told, "%s ", live_status_name(s));
}

static void
begin(struct workload_test *w)
{
	w->ws = registry_workloads_new(w->t->registry, w->now);
	w->listener = (struct registry_status_listener){
		.on_status = on_status, .arg = w,
	};
	registry_status_listen(w->ws, &w->listener);
}

static void
end(struct workload_test *w)
{
	registry_status_leave(&w->listener);
	registry_workloads_free(w->ws);
}

static void
workload_test_init(struct workload_test *w)
{
	*w = (struct workload_test){ .t = registry_fixture_new() };
	begin(w);
}

static void
workload_test_fini(struct workload_test *w)
{
	end(w);
	registry_fixture_free(w->t);
	str_fini(&w->told);
}

static void
join(struct workload_test *w, const char *address)
{
	struct err err = ERR_INIT;
	struct conf_stream s;
	struct conf_node *root;
	struct arena a;
	char yaml[512];

	snprintf(yaml, sizeof(yaml), "apiVersion: mesh/v1\nkind: Workload\n"
	    "metadata: {name: web-1, namespace: shop}\n"
	    "spec:\n  serviceAccount: web\n  services: [web]\n"
	    "  address: %s\n  ports: [{port: 80, protocol: http}]\n", address);
	arena_init(&a);
	conf_stream_init(&s, slice_str(yaml), "test", CONF_YAML);
	assert_int_equal(conf_stream_next(&s, &a, &root, &err), 1);
	if (registry_workload_join(w->ws, root, &who, &err) < 0)
		fail_msg("%s", err.text);
	arena_fini(&a);
}

/* Everything that was asked of the store has been done and told. */
static void
settle(struct workload_test *w)
{
	for (int i = 0; i < 3; i++) {
		store_result_free(store_get_wait(w->t->f.store, SLICE("any")));
		inbox_run(&w->t->in, SIZE_MAX);
	}
}

static void
report(struct workload_test *w, bool answers)
{
	registry_workload_report(w->ws, SLICE(KEY), answers, w->now);
	settle(w);
}

static void
pass(struct workload_test *w, int64_t seconds)
{
	for (int64_t i = 0; i < seconds; i++) {
		w->now += LIVE_TICK_MS;
		registry_workloads_tick(w->ws, w->now);
	}
	settle(w);
}

static struct model_object *
find(struct workload_test *w, const char *key)
{
	return registry_find(w->t->registry, slice_str(key));
}

TEST(registry_workload_is_put_when_its_application_answers)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, false);
	assert_null(find(&w, KEY));
	assert_null(find(&w, SERVICE));
	report(&w, true);
	assert_non_null(find(&w, KEY));
	assert_string_equal(str_ptr(&w.told), "Online ");

	uint64_t revision = registry_revision(w.t->registry);

	report(&w, true);
	pass(&w, 10);
	join(&w, "10.0.0.7");
	settle(&w);
	assert_int_equal(registry_revision(w.t->registry), revision);
	workload_test_fini(&w);
}

TEST(registry_workload_brings_its_service_unless_somebody_declared_it)
{
	for (int declared = 0; declared < 2; declared++) {
		struct workload_test w;

		workload_test_init(&w);
		if (declared)
			registry_fixture_put(w.t, "apiVersion: v1\n"
			    "kind: Service\n"
			    "metadata: {name: web, namespace: shop}\n"
			    "spec: {ports: [{port: 8080}]}\n");
		join(&w, "10.0.0.7");
		report(&w, true);

		struct model_object *s = find(&w, SERVICE);
		const char *mark = model_annotation(s, "mesh/auto-created");

		assert_int_equal(conf_get_int(conf_at(conf_find(s->node,
		    "spec.ports"), 0), "port", 0), declared ? 8080 : 80);
		if (declared)
			assert_null(mark);
		else
			assert_string_equal(mark, "true");
		/* It stays when the workload goes. */
		registry_workload_withdraw(w.ws, SLICE(KEY), &who,
		    registry_fixture_on_answer, w.t);
		settle(&w);
		assert_null(find(&w, KEY));
		assert_non_null(find(&w, SERVICE));
		workload_test_fini(&w);
	}
}

TEST(registry_workload_that_moved_is_put_again)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, true);
	join(&w, "10.0.0.8");
	settle(&w);
	assert_string_equal(conf_string(conf_find(find(&w, KEY)->node,
	    "spec.address")), "10.0.0.8");
	assert_int_equal(find(&w, KEY)->head->meta.generation, 2);
	workload_test_fini(&w);
}

TEST(registry_workload_silent_goes_offline_then_away_without_revisions_between)
{
	struct workload_test w;
	struct str json = { 0 };

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, true);

	uint64_t revision = registry_revision(w.t->registry);

	pass(&w, 30);
	assert_string_equal(str_ptr(&w.told), "Online Offline ");
	assert_int_equal(registry_revision(w.t->registry), revision);
	registry_workload_status_json(w.ws, SLICE(KEY), true, w.now,
	    &json);
	assert_non_null(strstr(str_ptr(&json),
	    "{\"state\":\"Offline\",\"lastSeen\":\"20"));
	pass(&w, 72 * 3600 - 31);
	assert_non_null(find(&w, KEY));
	pass(&w, 2);
	assert_null(find(&w, KEY));
	str_fini(&json);
	workload_test_fini(&w);
}

TEST(registry_workload_restart_of_control_expires_nobody)
{
	struct workload_test w;
	struct str json = { 0 };

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, true);
	end(&w);
	registry_fixture_restart(w.t);
	w.now = 77;	/* another boot: the clock began anew */
	begin(&w);
	assert_int_equal(registry_workload_status(w.ws, SLICE(KEY)),
	    LIVE_ONLINE);
	registry_workload_status_json(w.ws, SLICE(KEY), true, w.now,
	    &json);
	assert_string_equal(str_ptr(&json), "{\"state\":\"Online\"}");
	pass(&w, 60);

	uint64_t revision = registry_revision(w.t->registry);

	join(&w, "10.0.0.7");
	report(&w, true);
	pass(&w, 29);
	assert_string_equal(str_ptr(&w.told), "Online ");
	assert_int_equal(registry_revision(w.t->registry), revision);
	/* And one that never comes back goes the usual way. */
	pass(&w, 1);
	assert_string_equal(str_ptr(&w.told), "Online Offline ");
	str_fini(&json);
	workload_test_fini(&w);
}

TEST(registry_workload_withdraw_gives_the_revision_to_wait_for)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, true);
	registry_workload_withdraw(w.ws, SLICE(KEY), &who,
	    registry_fixture_on_answer, w.t);
	settle(&w);
	assert_string_equal(str_ptr(&w.t->outcomes), "deleted 0");
	assert_int_equal(w.t->revision, registry_revision(w.t->registry));
	assert_int_equal(registry_workload_status(w.ws, SLICE(KEY)),
	    LIVE_UNKNOWN);
	pass(&w, 5);
	/* It may start again at once. */
	join(&w, "10.0.0.7");
	report(&w, true);
	assert_non_null(find(&w, KEY));
	/* Also in the same tick, with the answer still out. */
	registry_workload_withdraw(w.ws, SLICE(KEY), &who,
	    registry_fixture_on_answer, w.t);
	join(&w, "10.0.0.9");
	report(&w, true);
	pass(&w, 2);
	assert_string_equal(conf_string(conf_find(find(&w, KEY)->node,
	    "spec.address")), "10.0.0.9");
	workload_test_fini(&w);
}

TEST(registry_workload_withdrawn_while_it_is_put_is_gone_in_the_end)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	registry_workload_report(w.ws, SLICE(KEY), true, w.now);
	registry_workload_withdraw(w.ws, SLICE(KEY), &who,
	    registry_fixture_on_answer, w.t);
	settle(&w);
	pass(&w, 2);
	assert_null(find(&w, KEY));
	workload_test_fini(&w);
}

TEST(registry_workload_that_somebody_deleted_comes_back_with_its_session)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, true);
	registry_fixture_delete(w.t, KEY);
	settle(&w);
	pass(&w, 2);
	assert_null(find(&w, KEY));
	report(&w, true);
	assert_non_null(find(&w, KEY));
	workload_test_fini(&w);
}

TEST(registry_workload_without_sidecar_has_no_life_here)
{
	struct workload_test w;

	workload_test_init(&w);
	registry_fixture_put(w.t, "apiVersion: mesh/v1\nkind: Workload\n"
	    "metadata: {name: old, namespace: shop}\n"
	    "spec: {address: 10.0.0.9, sidecar: false, services: [web]}\n");
	assert_string_equal(str_ptr(&w.t->outcomes), "created 1");
	pass(&w, 300);
	assert_string_equal(str_ptr(&w.told), "");
	assert_non_null(find(&w, "/mesh/workloads/shop/old"));
	workload_test_fini(&w);
}

TEST(registry_workloads_freed_with_answers_out)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	registry_workload_report(w.ws, SLICE(KEY), true, w.now);
	/* What was sent is answered after this. */
	workload_test_fini(&w);
}

TEST(registry_workload_that_could_not_be_written_is_tried_again)
{
	struct workload_test w;
	struct rlimit disk;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	disk = fixture_fill_disk();
	report(&w, true);
	pass(&w, 2);
	assert_null(find(&w, KEY));
	fixture_free_disk(&disk);
	pass(&w, 1);
	assert_non_null(find(&w, KEY));
	workload_test_fini(&w);
}

TEST(registry_workload_that_comes_back_before_the_tick_is_there)
{
	struct workload_test w;

	workload_test_init(&w);
	join(&w, "10.0.0.7");
	report(&w, true);
	registry_workload_withdraw(w.ws, SLICE(KEY), &who,
	    registry_fixture_on_answer, w.t);
	settle(&w);
	/* new process: hello, tick, then its application answers */
	join(&w, "10.0.0.7");
	pass(&w, 1);
	report(&w, true);
	pass(&w, 10);
	report(&w, true);
	assert_int_equal(registry_workload_status(w.ws, SLICE(KEY)), LIVE_ONLINE);
	assert_non_null(find(&w, KEY));
	workload_test_fini(&w);
}
