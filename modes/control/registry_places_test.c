#include "base/unit.h"
#include "conf/stream.h"
#include "modes/control/registry_places.h"

static struct model_object *
workload(const char *name, const char *spec)
{
	struct err err = ERR_INIT;
	struct conf_stream s;
	struct conf_node *root;
	struct str yaml = { 0 };
	struct model_object *o;
	struct arena a;

	arena_init(&a);
	str_addf(&yaml, "{apiVersion: mesh/v1, kind: Workload, metadata: {name: "
	    "%s, namespace: shop}, spec: {%s}}\n", name, spec);
	conf_stream_init(&s, str_slice(&yaml), "test", CONF_YAML);
	assert_int_equal(conf_stream_next(&s, &a, &root, &err), 1);
	o = model_object_read(root, MODEL_KNOWN, "default", &err);
	if (o == NULL)
		fail_msg("%s", err.text);
	arena_fini(&a);
	str_fini(&yaml);
	return o;
}

static void
add_key(void *ctx, struct slice key)
{
	str_addf(ctx, "%.*s ", SLICE_ARG(slice_from(key,
	    sizeof("/mesh/workloads/shop/") - 1)));
}

/* A place is an account, an address and a port; each makes another one. */
TEST(places_tell_who_else_is_there)
{
	static const struct {
		const char *spec, *others;
	} cases[] = {
		{ "serviceAccount: web, address: 10.0.0.1", "a b " },
		{ "serviceAccount: web, address: 10.0.0.1, inboundPort: 7710",
		    "a b " },
		{ "serviceAccount: web, address: 10.0.0.1, inboundPort: 7711",
		    "c " },
		{ "serviceAccount: web, address: 10.0.0.2", "" },
		{ "serviceAccount: orders, address: 10.0.0.1", "" },
		/* People registered it, and may do so twice. */
		{ "serviceAccount: web, address: 10.0.0.1, sidecar: false", "" },
		{ "serviceAccount: gw--web, address: 10.0.0.1", "" },
	};
	static const char *const there[][2] = {
		{ "a", "serviceAccount: web, address: 10.0.0.1" },
		{ "b", "serviceAccount: web, address: 10.0.0.1" },
		{ "c", "serviceAccount: web, address: 10.0.0.1, inboundPort: "
		    "7711" },
		{ "d", "address: 10.0.0.1, sidecar: false" },
		{ "e", "serviceAccount: gw--web, address: 10.0.0.1" },
	};
	struct registry_places ps = { 0 };
	struct str others = { 0 };

	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		struct model_object *o = workload(there[i][0], there[i][1]);

		registry_places_put(&ps, o);
		model_object_unref(o);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_object *o = workload("new", cases[i].spec);

		str_clear(&others);
		registry_places_others(&ps, o, add_key, &others);
		assert_string_equal(str_ptr(&others), cases[i].others);
		model_object_unref(o);
	}
	str_fini(&others);
	registry_places_fini(&ps);
}

TEST(places_follow_what_moves_and_goes)
{
	static const char at_1[] = "serviceAccount: web, address: 10.0.0.1",
	    at_2[] = "serviceAccount: web, address: 10.0.0.2";
	struct registry_places ps = { 0 };
	struct str others = { 0 };
	struct model_object *a = workload("a", at_1), *b = workload("b", at_1),
	    *moved = workload("a", at_2);

	registry_places_put(&ps, a);
	registry_places_put(&ps, b);
	registry_places_others(&ps, b, add_key, &others);
	assert_string_equal(str_ptr(&others), "a ");	/* not itself */
	str_clear(&others);
	registry_places_put(&ps, moved);
	registry_places_others(&ps, b, add_key, &others);
	assert_int_equal(others.len, 0);
	registry_places_put(&ps, a);
	registry_places_del(&ps, slice_str(a->key));
	registry_places_del(&ps, slice_str(a->key));
	registry_places_others(&ps, b, add_key, &others);
	assert_int_equal(others.len, 0);
	registry_places_del(&ps, slice_str(b->key));
	assert_int_equal(ps.by_place.len, 0);
	assert_int_equal(ps.by_key.len, 0);
	model_object_unref(a);
	model_object_unref(b);
	model_object_unref(moved);
	str_fini(&others);
	registry_places_fini(&ps);
}
