#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/registry_apply.h"
#include "modes/control/rollouts.h"
#include "modes/control/server_fixture.h"
#include "modes/control/store_wait.h"
#include "modes/control/traffic.h"

#define ROUTE_KEY "/gateway.networking.k8s.io/httproutes/default/web"
#define KEY(name) "/mesh/rollouts/default/" name

#define ROUTE(v1, v2)							\
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"	\
    "metadata: {name: web, namespace: default}\nspec:\n"		\
    "  parentRefs: [{group: '', kind: Service, name: web}]\n"		\
    "  rules: [{backendRefs: [{name: v1, port: 80, weight: " #v1 "}, "	\
    "{name: v2, port: 80, weight: " #v2 "}]}]\n"
#define ROLLOUT(name, steps, more)					\
    "apiVersion: mesh/v1\nkind: Rollout\n"				\
    "metadata: {name: " name ", namespace: default}\nspec:\n"		\
    "  route: {name: web}\n  stable: v1\n  candidate: v2\n"		\
    "  steps: " steps "\n"						\
    "  check: {interval: 200ms, minimumRequests: 20, failures: 1, p99: "	\
    "100ms}\n" more
#define TWO_STEPS "[{percent: 10, hold: 100ms}, {percent: 50, hold: 100ms}]"

/* A proxy of web that calls v2, and says so. */
struct caller {
	struct server_fixture *t;
	int                    good, bad;	/* so far */
};

static void
call(struct caller *c, int good, int bad)
{
	const struct slice services[] = { SLICE("web") };
	struct traffic_report r = { .sender = SLICE("default/web-1"),
		.ns = SLICE("default"), .services = services, .services_len = 1,
		.uptime_ms = 1000000 };
	struct err err = ERR_INIT;
	char *text;

	c->good += good;
	c->bad += bad;
	text = mem_printf("mesh-counters 1 B\n$outbound\n$default\n$web\n$v2\n"
	    "$http\n$200\n$503\n$w\n#mesh_requests_total direction,"
	    "source_namespace,source_service,destination_namespace,"
	    "destination_service,source_workload,destination_workload,"
	    "protocol,response_code\n0 1 2 1 3 7 7 4 5 =%d\n"
	    "0 1 2 1 3 7 7 4 6 =%d\n#mesh_request_duration_seconds direction,"
	    "source_namespace,source_service,destination_namespace,"
	    "destination_service\n0 1 2 1 3 =%d 10000:%d\n", c->good, c->bad,
	    c->good * 9000, c->good);
	r.counters = slice_str(text);
	assert_int_equal(traffic_apply(c->t->s->traffic, &r,
	    loop_now_ms(c->t->s->loop), &err), 0);
	mem_free(text);
}

static void
write_status(struct server_fixture *t, const char *key, struct str *out)
{
	const struct model_object *o = registry_find(t->s->registry,
	    slice_str(key));
	struct err err = ERR_INIT;
	struct str json = { 0 };
	struct conf_node *status;
	struct arena a;

	assert_non_null(o);
	arena_init(&a);
	rollouts_status(t->s->rollouts, o, &json);
	status = conf_json_read(&a, str_slice(&json), "status", &err);
	assert_non_null(status);
	str_clear(out);
	str_addf(out, "%s %s %lld", conf_get_string(status, "phase"),
	    conf_get_string(status, "reason"),
	    (long long)conf_get_int(status, "percent", -1));
	str_fini(&json);
	arena_fini(&a);
}

static void
write_weights(struct server_fixture *t, struct str *out)
{
	const struct model_object *o = registry_find(t->s->registry,
	    SLICE(ROUTE_KEY));
	const struct conf_node *refs;

	str_clear(out);
	if (o == NULL)
		return;
	refs = conf_get(conf_at(conf_find(o->node, "spec.rules"), 0),
	    "backendRefs");
	str_addf(out, "%lld/%lld",
	    (long long)conf_get_int(conf_at(refs, 0), "weight", -1),
	    (long long)conf_get_int(conf_at(refs, 1), "weight", -1));
}

static void
expect_weights(struct server_fixture *t, const char *want)
{
	struct str got = { 0 };

	write_weights(t, &got);
	assert_string_equal(str_ptr(&got), want);
	str_fini(&got);
}

/* Goes on until the status is that, with so many calls in every turn. */
static void
await(struct server_fixture *t, struct caller *c, int good, int bad,
    const char *key, const char *want)
{
	uint64_t until = clock_mono_ms() + 10000;
	struct str got = { 0 };

	for (;;) {
		server_fixture_turn(t);
		write_status(t, key, &got);
		if (strcmp(str_ptr(&got), want) == 0)
			break;
		if (clock_mono_ms() > until)
			fail_msg("expected %s, found %s", want, str_ptr(&got));
		if (c != NULL)
			call(c, good, bad);
	}
	str_fini(&got);
}

static void
restart(struct server_fixture *t)
{
	rollouts_free(t->s->rollouts);
	t->s->rollouts = rollouts_new(t->s);
}

struct ordered {
	bool       done;
	struct err err;
};

static void
on_ordered(void *ctx, const struct err *err)
{
	struct ordered *o = ctx;

	o->done = true;
	o->err = *err;
}

static enum err_kind
order(struct server_fixture *t, const char *key, enum rollout_order what)
{
	const struct audit_entry who = { .actor = SLICE("operator/anna"),
		.from = SLICE("10.0.0.7:1") };
	struct ordered o = { .done = false };

	rollouts_order(t->s->rollouts, slice_str(key), what, &who, on_ordered,
	    &o);
	server_fixture_run(t, &o.done);
	return o.err.kind;
}

static bool
is_in_log(struct server_fixture *t, const char *text)
{
	struct store_result *l = store_log_wait(t->s->store, 0, 0);
	bool yes = false;

	for (size_t i = 0; i < l->n_entries; i++)
		yes |= strstr(arena_dup(&l->arena, l->entries[i].content).ptr,
		    text) != NULL;
	store_result_free(l);
	return yes;
}

TEST(rollouts_move_weights_while_the_candidate_does_well)
{
	struct server_fixture *t = server_fixture_new();
	struct caller c = { .t = t };

	server_fixture_put(t, ROUTE(1, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing TooFewRequests 10");
	expect_weights(t, "90/10");
	/* Nobody calls, nothing moves; control starts anew, nothing moves. */
	restart(t);
	await(t, NULL, 0, 0, KEY("web"), "Progressing TooFewRequests 10");
	await(t, &c, 30, 0, KEY("web"), "Progressing Begins 50");
	expect_weights(t, "50/50");
	await(t, &c, 30, 0, KEY("web"), "Succeeded Complete 100");
	expect_weights(t, "0/100");
	assert_true(is_in_log(t, "\"actor\":\"rollout/default/web\",\"from\":"
	    "\"local\",\"action\":\"document.put\",\"target\":\"" ROUTE_KEY));
	assert_true(is_in_log(t, "\"action\":\"rollout.move\",\"target\":\""
	    KEY("web") "\",\"detail\":{\"phase\":\"Succeeded\",\"reason\":"
	    "\"Complete\",\"step\":2,\"percent\":100}"));
	restart(t);
	await(t, NULL, 0, 0, KEY("web"), "Succeeded Complete 100");
	server_fixture_free(t);
}

TEST(rollouts_take_back_a_candidate_that_does_badly)
{
	struct server_fixture *t = server_fixture_new();
	struct caller c = { .t = t };

	server_fixture_put(t, ROUTE(100, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, &c, 30, 0, KEY("web"), "Progressing Begins 50");
	await(t, &c, 20, 10, KEY("web"), "RolledBack Failed 0");
	expect_weights(t, "100/0");
	restart(t);
	await(t, &c, 20, 10, KEY("web"), "RolledBack Failed 0");
	server_fixture_free(t);
}

TEST(rollouts_obey_people)
{
	struct server_fixture *t = server_fixture_new();

	assert_int_equal(order(t, KEY("web"), ROLLOUT_ABORT), ERR_NOT_FOUND);
	server_fixture_put(t, ROUTE(100, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing Begins 10");
	assert_int_equal(order(t, KEY("web"), ROLLOUT_PAUSE), ERR_NONE);
	await(t, NULL, 0, 0, KEY("web"), "Paused PausedByPerson 10");
	restart(t);
	await(t, NULL, 0, 0, KEY("web"), "Paused PausedByPerson 10");
	assert_int_equal(order(t, KEY("web"), ROLLOUT_PROMOTE), ERR_NONE);
	expect_weights(t, "50/50");
	assert_int_equal(order(t, KEY("web"), ROLLOUT_RESUME), ERR_CONFLICT);
	assert_int_equal(order(t, KEY("web"), ROLLOUT_ABORT), ERR_NONE);
	expect_weights(t, "100/0");
	assert_true(is_in_log(t, "\"actor\":\"operator/anna\",\"from\":"
	    "\"10.0.0.7:1\",\"action\":\"rollout.abort\""));
	server_fixture_free(t);
}

/* Its answer came to a run that was freed. */
TEST(rollouts_that_end_while_a_write_is_out_leave_it_alone)
{
	const struct audit_entry who = { .actor = SLICE("uid/0"),
		.from = SLICE("local") };
	struct server_fixture *t = server_fixture_new();
	struct ordered o = { .done = false };

	server_fixture_put(t, ROUTE(100, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing Begins 10");
	rollouts_order(t->s->rollouts, SLICE(KEY("web")), ROLLOUT_PAUSE, &who,
	    on_ordered, &o);
	server_fixture_turn(t);
	restart(t);
	server_fixture_run(t, &o.done);
	await(t, NULL, 0, 0, KEY("web"), "Paused PausedByPerson 10");
	server_fixture_free(t);
}

static void
on_file(void *ctx, const struct registry_answer *a)
{
	struct ordered *o = ctx;

	o->done = true;
	o->err = a->err;
	if (a->err.kind == ERR_NONE)
		assert_int_equal(a->applied[0].outcome, REGISTRY_UNCHANGED);
}

/* As a file, not as an edit. */
static void
apply_file(struct server_fixture *t, const char *json)
{
	struct registry_edit edit = { 0 };
	struct registry_set set = { .edits = &edit, .n = 1, .is_files = true };
	struct ordered o = { .done = false };
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	edit.document = conf_json_read(&a, slice_str(json), "file", &err);
	assert_non_null(edit.document);
	registry_apply(t->s->registry, &set, on_file, &o);
	server_fixture_run(t, &o.done);
	assert_string_equal(o.err.text, "");
	arena_fini(&a);
}

TEST(rollouts_keep_their_weights_when_the_file_is_applied_again)
{
	static const char file[] = "{\"apiVersion\":\"gateway.networking.k8s.io/"
	    "v1\",\"kind\":\"HTTPRoute\",\"metadata\":{\"name\":\"web\","
	    "\"namespace\":\"default\"},\"spec\":{\"parentRefs\":[{\"group\":"
	    "\"\",\"kind\":\"Service\",\"name\":\"web\"}],\"rules\":["
	    "{\"backendRefs\":[{\"name\":\"v1\",\"port\":80,\"weight\":1},"
	    "{\"name\":\"v2\",\"port\":80,\"weight\":0}]}]}}";
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, ROUTE(1, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing Begins 10");
	apply_file(t, file);
	expect_weights(t, "90/10");
	restart(t);
	apply_file(t, file);
	expect_weights(t, "90/10");
	assert_int_equal(order(t, KEY("web"), ROLLOUT_PROMOTE_ALL), ERR_NONE);
	apply_file(t, file);
	expect_weights(t, "0/100");
	/* An edit by hand is what somebody wants now. */
	server_fixture_put(t, ROUTE(1, 0));
	expect_weights(t, "1/0");
	server_fixture_free(t);
}

TEST(rollouts_stop_when_somebody_else_moves_the_weights)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, ROUTE(100, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing Begins 10");
	server_fixture_put(t, ROUTE(70, 30));
	await(t, NULL, 0, 0, KEY("web"), "Stopped RouteEdited -1");
	expect_weights(t, "70/30");
	assert_int_equal(order(t, KEY("web"), ROLLOUT_RESUME), ERR_NONE);
	expect_weights(t, "90/10");
	server_fixture_free(t);
}

TEST(rollouts_of_one_route_go_one_after_the_other)
{
	struct server_fixture *t = server_fixture_new();

	server_fixture_put(t, ROLLOUT("a", TWO_STEPS, ""));
	server_fixture_put(t, ROLLOUT("b", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("a"), "Pending RouteNotFound -1");
	server_fixture_put(t, ROUTE(100, 0));
	await(t, NULL, 0, 0, KEY("a"), "Progressing Begins 10");
	await(t, NULL, 0, 0, KEY("b"), "Pending Conflicted -1");
	assert_int_equal(order(t, KEY("a"), ROLLOUT_ABORT), ERR_NONE);
	await(t, NULL, 0, 0, KEY("b"), "Progressing Begins 10");
	server_fixture_free(t);
}

static void
on_deleted(void *ctx, const struct registry_answer *a)
{
	on_ordered(ctx, &a->err);
}

/* A document of the same name that is another one begins anew. */
TEST(rollouts_that_are_deleted_leave_nothing_behind)
{
	struct server_fixture *t = server_fixture_new();
	struct registry_edit edit = { .key = SLICE(KEY("web")) };
	struct registry_set set = { .edits = &edit, .n = 1 };
	struct ordered o = { .done = false };
	struct store_query q = { .prefix = SLICE("!rollout/") };
	struct store_result *l;

	server_fixture_put(t, ROUTE(100, 0));
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing Begins 10");
	assert_int_equal(order(t, KEY("web"), ROLLOUT_PROMOTE_ALL), ERR_NONE);
	registry_apply(t->s->registry, &set, on_deleted, &o);
	server_fixture_run(t, &o.done);
	server_fixture_turn(t);
	l = store_list_wait(t->s->store, &q);
	assert_int_equal(l->n_items, 0);
	store_result_free(l);
	expect_weights(t, "0/100");
	server_fixture_put(t, ROLLOUT("web", TWO_STEPS, ""));
	await(t, NULL, 0, 0, KEY("web"), "Progressing Begins 10");
	expect_weights(t, "90/10");
	server_fixture_free(t);
}
