#include "base/unit.h"
#include "conf/json.h"

static void
assert_json(const struct conf_node *n, const char *expected)
{
	struct str s = { 0 };

	conf_json_write(&s, n);
	assert_string_equal(str_ptr(&s), expected);
	str_fini(&s);
}

TEST(node_builds_what_it_is_told)
{
	struct arena a = { 0 };
	struct conf_node *n = conf_map_new(&a);
	struct conf_node *meta = conf_set_map(n, "metadata");

	conf_set_string(meta, "name", "web");
	conf_set_string(meta, "absent", NULL);
	conf_set_time(meta, "since", 784111777);
	conf_set_int(n, "revision", INT64_MIN);
	conf_set_bool(n, "ready", true);
	conf_set_float(n, "rate", 0.1);
	conf_set(n, "none", conf_null_new(&a));
	struct conf_node *list = conf_set_list(n, "list");

	conf_add_string(list, "a\"b");
	conf_add_string(list, NULL);
	conf_set_int(conf_add_map(list), "x", 1);
	conf_add_list(list);
	assert_json(n, "{\"metadata\":{\"name\":\"web\","
	    "\"since\":\"1994-11-06T08:49:37Z\"},"
	    "\"revision\":-9223372036854775808,\"ready\":true,\"rate\":0.1,"
	    "\"none\":null,\"list\":[\"a\\\"b\",{\"x\":1},[]]}");
	arena_fini(&a);
}

TEST(node_set_replaces_in_place_and_unset_unlinks)
{
	struct arena a = { 0 };
	struct conf_node *n = conf_map_new(&a);

	conf_set_int(n, "a", 1);
	conf_set_int(n, "b", 2);
	conf_set_int(n, "c", 3);
	conf_set_int(n, "a", 9);
	assert_json(n, "{\"a\":9,\"b\":2,\"c\":3}");
	conf_unset(n, "c");
	conf_set_int(n, "d", 4);
	assert_json(n, "{\"a\":9,\"b\":2,\"d\":4}");
	conf_unset(n, "a");
	conf_unset(n, "b");
	conf_unset(n, "d");
	conf_unset(n, "d");
	assert_json(n, "{}");
	conf_set_int(n, "e", 5);
	assert_json(n, "{\"e\":5}");
	arena_fini(&a);
}

TEST(node_lookups_pass_over_what_is_not_there)
{
	struct arena a = { 0 };
	struct conf_node *n = conf_map_new(&a);

	conf_set_string(conf_set_map(n, "spec"), "name", "x");
	conf_set_int(n, "port", 80);
	assert_string_equal(conf_string(conf_find(n, "spec.name")), "x");
	assert_null(conf_find(n, "spec.name.more"));
	assert_null(conf_find(n, "nothing.at.all"));
	assert_null(conf_string(conf_get(conf_get(NULL, "a"), "b")));
	assert_null(conf_get_string(n, "port"));
	assert_int_equal(conf_get_int(n, "port", 1), 80);
	assert_int_equal(conf_get_int(n, "spec", 1), 1);
	assert_true(conf_get_bool(n, "port", true));
	assert_int_equal(conf_len(NULL), 0);
	assert_null(conf_at(conf_get(n, "spec"), 7));
	arena_fini(&a);
}

TEST(node_copy_is_equal_and_apart)
{
	struct arena a = { 0 }, b = { 0 };
	struct err err;
	struct conf_node *n = conf_json_read(&a, SLICE("{\"a\":[1,2.5,\"x\",null],"
	    "\"b\":{\"c\":true}}"), "t.json", &err);
	struct conf_node *copy = conf_copy(&b, n);

	assert_true(conf_equal(n, copy));
	assert_int_equal(conf_get(copy, "b")->column, 27);
	conf_set_int(conf_get(copy, "b"), "c", 1);
	assert_false(conf_equal(n, copy));
	arena_fini(&a);
	assert_string_equal(conf_get(copy, "a")->file, "t.json");
	assert_json(copy, "{\"a\":[1,2.5,\"x\",null],\"b\":{\"c\":1}}");
	arena_fini(&b);
}

TEST(node_equal_ignores_the_order_of_keys)
{
	struct arena a = { 0 };
	struct err err;
	const struct conf_node *x = conf_json_read(&a,
	    SLICE("{\"a\":1,\"b\":[1,2]}"), "x", &err);
	const struct conf_node *y = conf_json_read(&a,
	    SLICE("{\"b\":[1,2],\"a\":1}"), "y", &err);
	const struct conf_node *z = conf_json_read(&a,
	    SLICE("{\"b\":[2,1],\"a\":1}"), "z", &err);

	assert_true(conf_equal(x, y));
	assert_false(conf_equal(x, z));
	assert_false(conf_equal(x, NULL));
	arena_fini(&a);
}
