#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/yaml.h"
#include "model/http_route.h"
#include "model/mesh_config.h"
#include "model/model_test.h"
#include "model/service.h"

TEST(object_has_key_and_head)
{
	struct model_object *o = object_from(
	    "apiVersion: v1\nkind: Service\n"
	    "metadata:\n  name: web\n  namespace: shop\n  labels: {a: b}\n"
	    "  resourceVersion: '42'\n  generation: 3\n  uid: x\n"
	    "  creationTimestamp: 1970-01-01T00:01:00Z\n"
	    "  managedFields: [{manager: kubectl}]\n"
	    "spec:\n  ports: [{port: 80}]\n"
	    "status: {loadBalancer: {}}\n");

	assert_string_equal(o->key, "/core/services/shop/web");
	assert_string_equal(model_object_name(o), "shop/web");
	assert_int_equal(o->revision, 42);
	assert_int_equal(o->head->meta.generation, 3);
	assert_int_equal(o->head->meta.created, 60);
	assert_string_equal(conf_pairs_get(&o->head->meta.labels, "a"), "b");
	assert_string_equal(o->node->file, "t");
	assert_ptr_equal(model_object_ref(o), o);
	model_object_unref(o);
	assert_int_equal(model_service(o)->spec.ports_len, 1);
	model_object_unref(o);
	model_object_unref(NULL);
}

TEST(object_without_namespace_gets_one)
{
	struct model_object *o = object_from("apiVersion: v1\nkind: Service\n"
	    "metadata: {name: web}\nspec: {ports: [{port: 80}]}\n");

	assert_string_equal(o->key, "/core/services/default/web");
	assert_string_equal(conf_string(conf_find(o->node, "metadata.namespace")),
	    "default");
	model_object_unref(o);
	o = object_from("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
	assert_string_equal(o->key, "/core/namespaces/-/shop");
	assert_string_equal(model_object_name(o), "shop");
	model_object_unref(o);
}

static const struct {
	const char *in, *error;
} faults[] = {
	{ "[]", "t:1:1: expected a document with apiVersion and kind, found a list" },
	{ "kind: Service", "t:1:1: the required field \"apiVersion\" is missing" },
	{ "apiVersion: v1", "t:1:1: the required field \"kind\" is missing" },
	{ "apiVersion: v2\nkind: Service",
	    "t:1:13: apiVersion: \"v2\" has no kind Service, expected \"v1\"" },
	{ "apiVersion: v1\nkind: Servcie",
	    "t:2:7: kind: unknown kind \"Servcie\", did you mean \"Service\"?" },
	{ "apiVersion: apps/v1\nkind: Deployment",
	    "t:2:7: kind: unknown kind \"Deployment\" in \"apps/v1\"" },
	{ "apiVersion: v1\nkind: Service\nspec: {}",
	    "t:1:1: metadata: the required field \"name\" is missing" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {}",
	    "t:3:11: metadata: the required field \"name\" is missing" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {name: ''}",
	    "t:3:18: metadata.name: expected a name (a-z, 0-9, - and . inside, at "
	    "most 253 characters), found \"\"" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {name: 1.0}",
	    "t:3:18: metadata.name: expected a string, found 1.0, which is read as "
	    "a number without quotes: write \"1.0\"" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {name: a.b}\n"
	    "spec: {ports: [{port: 80}]}", "t:3:18: metadata.name: expected a label "
	    "(a-z, 0-9 and - inside, at most 63 characters), found \"a.b\"" },
	{ "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}",
	    "t:3:32: metadata.namespace: expected none, as a Namespace has no "
	    "namespace" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {name: a}",
	    "t:1:1: the required field \"spec\" is missing" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspce: {}",
	    "t:4:1: unknown field \"spce\", did you mean \"spec\"?" },
	{ "apiVersion: v1\nkind: Service\nmetadata: {nmae: a, name: b}",
	    "t:3:12: metadata: unknown field \"nmae\", did you mean \"name\"?" },
};

TEST(object_faults_name_the_place)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct err err = object_refusal(faults[i].in);

		assert_string_equal(err.text, faults[i].error);
		assert_int_equal(err.kind, ERR_DATA);
	}
}

TEST(object_of_a_newer_peer_is_read)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	const struct conf_node *n = conf_yaml_read(&a, SLICE("apiVersion: v1\n"
	    "kind: Service\nmetadata: {name: a, namespace: b, newer: 1}\n"
	    "spec: {ports: [{port: 80, newer: x}]}\nnewer: []\n"), "t", &err);
	struct model_object *o = model_object_read(n, MODEL_KNOWN, NULL, &err);

	assert_non_null(o);
	model_object_unref(o);
	assert_null(model_object_read(n, MODEL_STRICT, NULL, &err));
	arena_fini(&a);
}

TEST(key_reads_back)
{
	struct arena a = { 0 };
	const struct model_kind *kind;
	const char *namespace, *name;

	assert_true(model_key_parse(&a, "/mesh/workloads/shop/web-1", &kind,
	    &namespace, &name));
	assert_ptr_equal(kind, &model_workload_kind);
	assert_string_equal(namespace, "shop");
	assert_string_equal(name, "web-1");
	assert_string_equal(model_key(&a, kind, namespace, name),
	    "/mesh/workloads/shop/web-1");
	assert_true(model_key_parse(&a, "/mesh/meshconfigs/-/default", &kind,
	    &namespace, &name));
	assert_null(namespace);
	assert_false(model_key_parse(&a, "/mesh/nothing/a/b", &kind, &namespace,
	    &name));
	assert_false(model_key_parse(&a, "/mesh/workloads/a", &kind, &namespace,
	    &name));
	assert_false(model_key_parse(&a, "/mesh/workloads/a/", &kind, &namespace,
	    &name));
	assert_false(model_key_parse(&a, "/mesh/workloads/a/b/c", &kind, &namespace,
	    &name));
	assert_false(model_key_parse(&a, "x/mesh/workloads/a/b", &kind, &namespace,
	    &name));
	assert_false(model_key_parse(&a, "", &kind, &namespace, &name));
	arena_fini(&a);
}

TEST(same_spec_ignores_metadata_and_status)
{
	static const struct {
		const char *a, *b;
		bool        same;
	} cases[] = {
		{ "{kind: A, spec: {x: 1, y: 2}}", "{kind: A, spec: {y: 2, x: 1}}",
		    true },
		{ "{spec: {x: 1}, metadata: {a: 1}, status: 1}", "{spec: {x: 1}}",
		    true },
		{ "{spec: {x: 1}}", "{spec: {x: 2}}", false },
		{ "{spec: {x: 1}}", "{spec: {x: 1}, endpoints: []}", false },
		{ "{spec: {x: 1}, endpoints: []}", "{spec: {x: 1}}", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err;

		assert_int_equal(model_same_spec(
		    conf_yaml_read(&a, slice_str(cases[i].a), "a", &err),
		    conf_yaml_read(&a, slice_str(cases[i].b), "b", &err)),
		    cases[i].same);
		arena_fini(&a);
	}
}

TEST(objects_have_an_order_by_age)
{
	static const struct {
		const char *ns, *name;
		int         created_s;
	} v[] = {
		{ "b", "z", 1 }, { "a", "b", 2 }, { "a", "c", 2 }, { "b", "a", 2 },
		{ "a", "a", 3 },
	};
	struct model_object *o[sizeof(v) / sizeof(v[0])];
	const int n = sizeof(v) / sizeof(v[0]);

	for (int i = 0; i < n; i++) {
		char text[200];

		snprintf(text, sizeof(text), "apiVersion: v1\nkind: Service\n"
		    "metadata: {name: %s, namespace: %s, creationTimestamp: "
		    "1970-01-01T00:00:0%dZ}\nspec: {ports: [{port: 80}]}\n",
		    v[i].name, v[i].ns, v[i].created_s);
		o[i] = object_from(text);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			int order = model_object_by_age(o[i], o[j]);

			if ((order < 0) != (i < j) || (order == 0) != (i == j))
				fail_msg("%d and %d: %d", i, j, order);
		}
	for (int i = 0; i < n; i++)
		model_object_unref(o[i]);
}

TEST(stamp_writes_what_control_keeps)
{
	struct arena a = { 0 };
	struct err err;
	struct str s = { 0 };
	struct conf_node *n = conf_yaml_read(&a, SLICE("{metadata: {name: x, "
	    "generation: 9}, spec: {}, status: {a: 1}}"), "t", &err);

	model_stamp(n, 12, 3, 60, "u-1");
	conf_json_write(&s, n);
	assert_string_equal(str_ptr(&s), "{\"metadata\":{\"name\":\"x\","
	    "\"generation\":3,\"creationTimestamp\":\"1970-01-01T00:01:00Z\","
	    "\"resourceVersion\":\"12\",\"uid\":\"u-1\"},\"spec\":{}}");
	str_fini(&s);
	arena_fini(&a);
}

TEST(labels_match_when_all_are_there)
{
	struct conf_pair want[] = { { "a", "1" }, { "b", "2" } };
	struct conf_pair have[] = { { "c", "3" }, { "b", "2" }, { "a", "1" } };
	struct conf_pairs selector = { want, 2 }, labels = { have, 3 };

	assert_true(model_labels_match(&selector, &labels));
	labels.len = 2;
	assert_false(model_labels_match(&selector, &labels));
	have[1].value = "x";
	labels.len = 3;
	assert_false(model_labels_match(&selector, &labels));
	selector.len = 0;
	assert_true(model_labels_match(&selector, &labels));
}

TEST(object_keys_of_secrets_are_known)
{
	assert_true(model_key_is_secret(SLICE("/core/secrets/default/a")));
	assert_false(model_key_is_secret(SLICE("/core/services/x/secrets")));
	assert_false(model_key_is_secret(SLICE("/mesh/secrets/default/a")));
}

TEST(documents_of_the_program_have_the_head_of_their_kind)
{
	struct str out = { 0 };
	struct arena a;

	arena_init(&a);
	struct conf_node *doc = model_document_new(&a,
	    &model_http_route_kind, "shop", "web");

	model_add_service_ref(conf_set_list(conf_set_map(doc, "spec"),
	    "parentRefs"), "orders");
	conf_json_write(&out, doc);
	assert_string_equal(str_ptr(&out), "{\"apiVersion\":"
	    "\"gateway.networking.k8s.io/v1\",\"kind\":\"HTTPRoute\","
	    "\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},"
	    "\"spec\":{\"parentRefs\":[{\"group\":\"\",\"kind\":\"Service\","
	    "\"name\":\"orders\"}]}}");
	str_clear(&out);
	conf_json_write(&out, conf_get(model_document_new(&a,
	    &model_mesh_config_kind, NULL, "default"), "metadata"));
	assert_string_equal(str_ptr(&out), "{\"name\":\"default\"}");
	str_fini(&out);
	arena_fini(&a);
}
