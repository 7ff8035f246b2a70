#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/delivery.h"
#include "modes/control/registry_fixture.h"
#include "sync/message.h"

/* A proxy's end: does what the lines say and knows its digest. */
struct mirror {
	struct delivery       d;
	struct delivery_lines lines;
	struct map            has;	/* key: struct registry_change */
	struct str            told;	/* "put web, commit 3, ..." */
	uint64_t              revision;
};

static const char service_yaml[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"
    "spec: {ports: [{port: %d}]}\n";
static const char workload_yaml[] =
    "apiVersion: mesh/v1\nkind: Workload\nmetadata: {name: %s-1}\n"
    "spec: {serviceAccount: x, services: [%s], address: 192.0.2.%d}\n";

static void
put(struct registry_fixture *t, const char *format, const char *name, int n)
{
	char *yaml = format == service_yaml ? mem_printf(service_yaml, name, n) :
	    mem_printf(workload_yaml, name, name, n);

	registry_fixture_put(t, yaml);
	assert_string_equal(t->err.text, "");
	mem_free(yaml);
}

static void
unref_change(void *c)
{
	registry_change_unref(c);
}

static void
mirror_init(struct mirror *m, struct registry_fixture *t)
{
	*m = (struct mirror){ 0 };
	delivery_init(&m->d, t->registry, &m->lines, "default", "web-1");
}

static void
mirror_fini(struct mirror *m)
{
	delivery_fini(&m->d);
	delivery_lines_fini(&m->lines);
	map_fini(&m->has, unref_change);
	str_fini(&m->told);
}

/* The last part of a key. */
static struct slice
name_of(struct slice key)
{
	struct slice part = key;

	while (slice_cut(&key, '/', &part))
		continue;
	return part;
}

static void
digest_of(const struct mirror *m, char text[MODEL_DIGEST_TEXT])
{
	struct model_digest sum = { 0 };
	size_t it = 0;
	void *c;

	while (map_next(&m->has, &it, NULL, &c)) {
		const struct registry_change *change = c;

		model_digest_add(&sum, change->key, change->revision,
		    change->document);
	}
	model_digest_text(&sum, text);
}

static void
do_line(struct mirror *m, const struct sync_message *line)
{
	char digest[MODEL_DIGEST_TEXT];
	struct str json = { 0 };

	str_addf(&m->told, "%s%s", m->told.len > 0 ? ", " : "",
	    sync_type_name(line->type));
	switch (line->type) {
	case SYNC_PUT:
		conf_json_write(&json, line->document);
		registry_change_unref(map_put(&m->has, line->key,
		    registry_change_new(line->revision, line->key,
		    str_slice(&json))));
		str_fini(&json);
		/* FALLTHROUGH */
	case SYNC_DEL:
		if (line->type == SYNC_DEL)
			registry_change_unref(map_del(&m->has, line->key));
		str_addf(&m->told, " %.*s", SLICE_ARG(name_of(line->key)));
		break;
	case SYNC_NONE:
		str_addf(&m->told, " %.*s", SLICE_ARG(line->service));
		break;
	case SYNC_RESET:
		map_fini(&m->has, unref_change);
		break;
	case SYNC_COMMIT:
		m->revision = line->revision;
		break;
	case SYNC_SYNCED:
		digest_of(m, digest);
		assert_true(slice_is(line->digest, digest));
		break;
	default:
		break;
	}
}

/* Takes at most max chunks; gives what was told. */
static const char *
take(struct mirror *m, size_t max)
{
	struct sync_lines lines = { 0 };
	struct sync_message msg;
	struct err err = ERR_INIT;
	struct buf b = { 0 };
	struct slice line;
	struct arena a;

	str_clear(&m->told);
	arena_init(&a);
	while (max-- > 0 && delivery_next(&m->d, &b))
		while (sync_lines_next(&lines, &b, &a, &line, &err) > 0) {
			assert_int_equal(sync_message_read(&msg, &a, line, &err),
			    0);
			do_line(m, &msg);
		}
	assert_string_equal(err.text, "");
	arena_fini(&a);
	buf_fini(&b);
	return str_ptr(&m->told);
}

static void
interest(struct mirror *m, const char *service)
{
	struct slice s = slice_str(service);

	delivery_interest(&m->d, &s, service == NULL ? 0 : 1);
}

TEST(delivery_sends_the_closure_and_its_changes)
{
	struct registry_fixture *t = registry_fixture_new();
	struct mirror m;

	put(t, service_yaml, "a", 1);
	put(t, service_yaml, "b", 1);
	put(t, workload_yaml, "a", 1);
	mirror_init(&m, t);
	assert_string_equal(take(&m, SIZE_MAX), "");
	interest(&m, "default/a");
	delivery_start(&m.d, 0);
	assert_string_equal(take(&m, SIZE_MAX),
	    "put a, put a-1, commit, synced");
	assert_string_equal(take(&m, SIZE_MAX), "");
	/* Others' changes are no news; those of its own are, once. */
	put(t, service_yaml, "b", 2);
	assert_string_equal(take(&m, SIZE_MAX), "");
	put(t, service_yaml, "a", 2);
	assert_string_equal(take(&m, SIZE_MAX), "put a, commit");
	assert_int_equal(m.revision, registry_revision(t->registry));
	put(t, workload_yaml, "web", 9);
	assert_string_equal(take(&m, SIZE_MAX), "put web-1, commit");
	registry_fixture_delete(t, "/mesh/workloads/default/a-1");
	assert_string_equal(take(&m, SIZE_MAX), "del a-1, commit");
	mirror_fini(&m);
	registry_fixture_free(t);
}

TEST(delivery_follows_interests)
{
	struct registry_fixture *t = registry_fixture_new();
	struct mirror m;

	put(t, service_yaml, "a", 1);
	put(t, service_yaml, "b", 1);
	mirror_init(&m, t);
	interest(&m, "default/nothing");
	delivery_start(&m.d, 0);
	assert_string_equal(take(&m, SIZE_MAX),
	    "none default/nothing, commit, synced");
	put(t, service_yaml, "nothing", 1);
	assert_string_equal(take(&m, SIZE_MAX), "put nothing, commit");
	registry_fixture_delete(t, "/core/services/default/nothing");
	assert_string_equal(take(&m, SIZE_MAX),
	    "del nothing, none default/nothing, commit");
	interest(&m, "default/b");
	assert_string_equal(take(&m, SIZE_MAX), "put b, commit, synced");
	interest(&m, NULL);
	assert_string_equal(take(&m, SIZE_MAX), "del b, commit, synced");
	interest(&m, "malformed");
	assert_string_equal(take(&m, SIZE_MAX), "synced");
	mirror_fini(&m);
	registry_fixture_free(t);
}

static void
put_split(struct registry_fixture *t, int weight, const char *to)
{
	char *yaml = mem_printf("apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: TCPRoute\nmetadata: {name: split}\nspec:\n"
	    "  parentRefs: [{group: '', kind: Service, name: a}]\n"
	    "  rules: [{backendRefs: [{name: v1, port: 1, weight: %d},"
	    " {name: %s, port: 1}]}]\n", weight, to);

	registry_fixture_put(t, yaml);
	assert_string_equal(t->err.text, "");
	mem_free(yaml);
}

/* Nobody ever asked for v1 and v2. */
TEST(delivery_follows_routes_while_it_runs)
{
	struct registry_fixture *t = registry_fixture_new();
	struct mirror m;

	put(t, service_yaml, "a", 1);
	put(t, service_yaml, "v1", 1);
	put(t, service_yaml, "v2", 1);
	put(t, workload_yaml, "v1", 1);
	put(t, workload_yaml, "v2", 1);
	mirror_init(&m, t);
	interest(&m, "default/a");
	delivery_start(&m.d, 0);
	assert_string_equal(take(&m, SIZE_MAX), "put a, commit, synced");
	put_split(t, 1, "v1");
	assert_string_equal(take(&m, SIZE_MAX),
	    "put v1, put split, put v1-1, commit");
	put_split(t, 1, "v2");
	assert_string_equal(take(&m, SIZE_MAX),
	    "put v2, put split, put v2-1, commit");
	/* A weight is the route's own affair. */
	put_split(t, 9, "v2");
	assert_string_equal(take(&m, SIZE_MAX), "put split, commit");
	/* A backend goes, and comes back. */
	registry_fixture_delete(t, "/core/services/default/v2");
	assert_string_equal(take(&m, SIZE_MAX), "del v2, commit");
	put(t, service_yaml, "v2", 2);
	assert_string_equal(take(&m, SIZE_MAX), "put v2, commit");
	put_split(t, 9, "v1");
	take(&m, SIZE_MAX);
	assert_int_equal(m.has.len, 4);
	assert_false(map_has(&m.has, SLICE("/core/services/default/v2")));
	assert_false(map_has(&m.has, SLICE("/mesh/workloads/default/v2-1")));
	registry_fixture_delete(t, "/gateway.networking.k8s.io/tcproutes/"
	    "default/split");
	take(&m, SIZE_MAX);
	assert_int_equal(m.has.len, 1);
	assert_true(map_has(&m.has, SLICE("/core/services/default/a")));
	mirror_fini(&m);
	registry_fixture_free(t);
}

/* What a backend's selector chose is not kept when the backend is gone. */
TEST(delivery_forgets_what_a_lost_backend_selected)
{
	static const char selecting[] = "apiVersion: v1\nkind: Service\n"
	    "metadata: {name: v1}\n"
	    "spec: {selector: {app: v}, ports: [{port: 1}]}\n";
	static const char selected[] = "apiVersion: mesh/v1\nkind: Workload\n"
	    "metadata: {name: w-1, labels: {app: v}}\n"
	    "spec: {serviceAccount: x, address: 192.0.2.1}\n";
	struct registry_fixture *t = registry_fixture_new();
	struct mirror m;

	put(t, service_yaml, "a", 1);
	registry_fixture_put(t, selecting);
	registry_fixture_put(t, selected);
	put_split(t, 1, "v1");
	mirror_init(&m, t);
	interest(&m, "default/a");
	delivery_start(&m.d, 0);
	take(&m, SIZE_MAX);
	assert_int_equal(m.has.len, 4);
	/* Called and sent to at once, then gone. */
	const struct slice both[] = { SLICE("default/a"), SLICE("default/v1") };

	delivery_interest(&m.d, both, 2);
	take(&m, SIZE_MAX);
	registry_fixture_delete(t, "/core/services/default/v1");
	take(&m, SIZE_MAX);
	assert_int_equal(m.has.len, 2);
	interest(&m, "default/a");
	registry_fixture_put(t, selecting);
	take(&m, SIZE_MAX);
	assert_int_equal(m.has.len, 4);
	registry_fixture_delete(t, "/core/services/default/v1");
	take(&m, SIZE_MAX);
	assert_int_equal(m.has.len, 2);
	mirror_fini(&m);
	registry_fixture_free(t);
}

TEST(delivery_goes_on_where_a_proxy_left)
{
	struct registry_fixture *t = registry_fixture_new();
	struct mirror m, back;
	uint64_t since;

	put(t, service_yaml, "a", 1);
	put(t, service_yaml, "b", 1);
	put(t, workload_yaml, "a", 1);
	mirror_init(&m, t);
	interest(&m, "default/a");
	delivery_start(&m.d, 0);
	take(&m, SIZE_MAX);
	since = m.revision;
	put(t, service_yaml, "a", 2);
	registry_fixture_delete(t, "/mesh/workloads/default/a-1");
	mirror_init(&back, t);
	back.has = m.has;
	m.has = (struct map){ 0 };
	interest(&back, "default/a");
	delivery_start(&back.d, since);
	/* synced asserts that both ends have the same. */
	assert_string_equal(take(&back, SIZE_MAX),
	    "put a, del a-1, commit, synced");
	mirror_fini(&m);
	mirror_fini(&back);

	mirror_init(&back, t);
	delivery_start(&back.d, 1000000);
	assert_string_equal(take(&back, SIZE_MAX), "reset, commit, synced");
	mirror_fini(&back);
	registry_fixture_free(t);
}

TEST(delivery_never_shows_half_a_revision)
{
	struct registry_fixture *t = registry_fixture_new();
	char long_yaml[16384];
	struct mirror m;
	struct str yaml = { 0 };

	memset(long_yaml, 'x', 4000);
	long_yaml[4000] = '\0';
	mirror_init(&m, t);
	interest(&m, "default/a");
	put(t, service_yaml, "a", 1);
	delivery_start(&m.d, 0);
	take(&m, SIZE_MAX);
	/* Forty workloads of one revision do not fit into one chunk. */
	for (int i = 0; i < 40; i++)
		str_addf(&yaml, "---\napiVersion: mesh/v1\nkind: Workload\n"
		    "metadata: {name: w%d, annotations: {x: %s}}\n"
		    "spec: {serviceAccount: x, services: [a], address: "
		    "192.0.2.1}\n", i, long_yaml);
	registry_fixture_put(t, str_ptr(&yaml));
	assert_string_equal(t->err.text, "");
	assert_null(strstr(take(&m, 1), "commit"));
	assert_false(delivery_is_idle(&m.d));
	/* What happens meanwhile waits for its own commit. */
	put(t, service_yaml, "a", 2);
	registry_fixture_delete(t, "/mesh/workloads/default/w39");
	const char *told = take(&m, SIZE_MAX);
	const char *commit = strstr(told, "commit");

	assert_non_null(commit);
	/* In any order, but both. */
	assert_int_equal(strlen(commit), strlen("commit, put a, del w39, commit"));
	assert_non_null(strstr(commit, "put a, "));
	assert_non_null(strstr(commit, "del w39, "));
	assert_string_equal(commit + strlen(commit) - 6, "commit");
	assert_int_equal(m.has.len, 40);
	mirror_fini(&m);
	str_fini(&yaml);
	registry_fixture_free(t);
}

TEST(delivery_knows_what_a_proxy_should_have)
{
	struct registry_fixture *t = registry_fixture_new();
	char first[MODEL_DIGEST_TEXT], second[MODEL_DIGEST_TEXT];
	struct mirror m;
	uint64_t at;

	put(t, service_yaml, "a", 1);
	mirror_init(&m, t);
	delivery_start(&m.d, 0);
	take(&m, SIZE_MAX);
	digest_of(&m, first);
	at = m.revision;
	assert_int_equal(delivery_match(&m.d, at, slice_str(first)),
	    DELIVERY_SAME);
	interest(&m, "default/a");
	assert_int_equal(delivery_match(&m.d, at, slice_str(first)),
	    DELIVERY_SAME);
	take(&m, SIZE_MAX);
	digest_of(&m, second);
	/* An answer to the state before crosses with the next one. */
	assert_int_equal(m.revision, at);
	assert_int_equal(delivery_match(&m.d, at, slice_str(first)),
	    DELIVERY_EARLIER);
	assert_int_equal(delivery_match(&m.d, at, slice_str(second)),
	    DELIVERY_SAME);
	assert_int_equal(delivery_match(&m.d, at - 1, slice_str(second)),
	    DELIVERY_EARLIER);
	second[0] = second[0] == '0' ? '1' : '0';
	assert_int_equal(delivery_match(&m.d, at, slice_str(second)),
	    DELIVERY_OTHER);
	delivery_restart(&m.d);
	assert_string_equal(take(&m, SIZE_MAX), "reset, put a, commit, synced");
	mirror_fini(&m);
	registry_fixture_free(t);
}

TEST(delivery_expects_no_word_about_what_it_did_not_send)
{
	struct registry_fixture *t = registry_fixture_new();
	struct mirror m;

	mirror_init(&m, t);
	delivery_start(&m.d, 0);
	take(&m, SIZE_MAX);
	uint64_t told = m.d.told;

	put(t, service_yaml, "a", 1);
	assert_string_equal(take(&m, SIZE_MAX), "");
	assert_true(m.d.at > told);
	assert_int_equal(m.d.told, told);
	interest(&m, "default/a");
	take(&m, SIZE_MAX);
	assert_int_equal(m.d.told, m.d.at);
	mirror_fini(&m);
	registry_fixture_free(t);
}

static bool is_marked;

static bool
marked(void *ctx, const struct model_object *o)
{
	(void)ctx;
	return is_marked && o->kind == &model_workload_kind;
}

static void
write_marked(void *ctx, const struct model_object *o, struct str *out)
{
	if (marked(ctx, o))
		str_add(out, "{\"status\":{\"state\":\"Offline\"}}");
	else
		conf_json_write(out, o->node);
}

TEST(delivery_tells_status_without_a_revision)
{
	struct registry_fixture *t = registry_fixture_new();
	struct slice key = SLICE("/mesh/workloads/default/a-1");
	struct mirror m;

	put(t, service_yaml, "a", 1);
	put(t, workload_yaml, "a", 1);
	mirror_init(&m, t);
	m.lines.has_status = marked;
	m.lines.write = write_marked;
	interest(&m, "default/a");
	delivery_start(&m.d, 0);
	take(&m, SIZE_MAX);
	for (int i = 0; i < 2; i++) {
		const struct registry_change *c;

		is_marked = i == 0;
		delivery_lines_drop(&m.lines, key);
		delivery_touch(&m.d, key);
		assert_string_equal(take(&m, SIZE_MAX), "put a-1, commit");
		c = map_get(&m.has, key);
		assert_int_equal(c->document.len < 40, is_marked);
	}
	delivery_touch(&m.d, key);
	assert_string_equal(take(&m, SIZE_MAX), "");
	mirror_fini(&m);
	registry_fixture_free(t);
}

TEST(delivery_lines_are_shared)
{
	struct registry_fixture *t = registry_fixture_new();
	struct delivery_lines lines = { 0 };
	struct delivery d[2];
	struct buf out = { 0 };

	put(t, service_yaml, "a", 1);
	for (size_t i = 0; i < 2; i++) {
		struct slice a = SLICE("default/a");

		delivery_init(&d[i], t->registry, &lines, "default", "x");
		delivery_interest(&d[i], &a, 1);
		delivery_start(&d[i], 0);
		assert_true(delivery_next(&d[i], &out));
	}
	assert_ptr_equal(map_get(&d[0].has, SLICE("/core/services/default/a")),
	    map_get(&d[1].has, SLICE("/core/services/default/a")));
	buf_fini(&out);
	delivery_fini(&d[0]);
	delivery_fini(&d[1]);
	delivery_lines_fini(&lines);
	registry_fixture_free(t);
}
