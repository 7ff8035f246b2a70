#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "conf/schema.h"
#include "conf/yaml.h"

struct port {
	const char              *name;
	uint16_t                 number;
	struct conf_port_or_name target;
	int                      protocol;
};

struct limits {
	int64_t connections, idle_ms, bytes;
};

struct thing {
	const char  *name;
	bool         on;
	int64_t      since;
	struct port *ports;
	size_t       ports_len;
	const char **words;
	size_t       words_len;
	struct conf_pairs labels;
	struct limits     limits;
	struct limits    *more;
	const struct conf_node *config;
	const char  *host;
};

static const char *const protocols[] = { "TCP", "UDP", "off", NULL };

static const struct conf_field port_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct port, name), .pattern = CONF_LABEL },
	{ "port", CONF_PORT_T, CONF_AT(struct port, number), .required = true },
	{ "targetPort", CONF_PORT_OR_NAME_T, CONF_AT(struct port, target) },
	{ "protocol", CONF_ENUM_T, CONF_AT(struct port, protocol),
	    .words = protocols, .fallback = "UDP" },
	{ 0 },
};

static int
verify_port(const void *filled, const struct conf_node *n, struct err *err)
{
	const struct port *p = filled;

	if (p->number == 666)
		return conf_error(conf_get(n, "port"), err, "not that one");
	return 0;
}

static const struct conf_schema port_schema = { "port", sizeof(struct port),
	port_fields, verify_port };

static const struct conf_field limits_fields[] = {
	{ "connections", CONF_INT_T, CONF_AT(struct limits, connections),
	    .min = 1, .max = 1000, .fallback = "100" },
	{ "idle", CONF_DURATION_T, CONF_AT(struct limits, idle_ms),
	    .min = 1000, .max = 3600000, .fallback = "1m" },
	{ "bytes", CONF_BYTES_T, CONF_AT(struct limits, bytes),
	    .min = 0, .max = 1 << 20, .fallback = "64Ki" },
	{ 0 },
};

static const struct conf_schema limits_schema = { "limits",
	sizeof(struct limits), limits_fields, NULL };

static const struct conf_field thing_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct thing, name), .required = true },
	{ "on", CONF_BOOL_T, CONF_AT(struct thing, on), .fallback = "true" },
	{ "since", CONF_TIME_T, CONF_AT(struct thing, since) },
	{ "ports", CONF_STRUCT_T, CONF_LIST_AT(struct thing, ports),
	    .schema = &port_schema, .max_items = 3 },
	{ "words", CONF_STRING_T, CONF_LIST_AT(struct thing, words) },
	{ "labels", CONF_PAIRS_T, CONF_AT(struct thing, labels),
	    .key_pattern = CONF_LABEL_KEY, .pattern = CONF_LABEL_VALUE },
	{ "limits", CONF_STRUCT_T, CONF_AT(struct thing, limits),
	    .schema = &limits_schema },
	{ "more", CONF_POINTER_T, CONF_AT(struct thing, more),
	    .schema = &limits_schema },
	{ "config", CONF_ANY_T, CONF_AT(struct thing, config) },
	{ "host", CONF_STRING_T, CONF_AT(struct thing, host),
	    .pattern = CONF_HOST_PORT },
	{ 0 },
};

static const struct conf_schema thing_schema = { "thing", sizeof(struct thing),
	thing_fields, NULL };

TEST(decode_fills_a_struct)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct thing t;
	const struct conf_node *n = conf_yaml_read(&a, slice_str(
	    "name: x\n"
	    "on: false\n"
	    "since: 1970-01-01T00:00:10Z\n"
	    "ports:\n"
	    "- {port: 80, targetPort: http, name: web, protocol: off}\n"
	    "- {port: 81, targetPort: 8081}\n"
	    "words: [a, 'no', \"1.0\"]\n"
	    "labels: {app: web, a.b/c: ''}\n"
	    "limits: {idle: 10s, connections: null}\n"
	    "config: {any: [thing]}\n"
	    "host: '[::1]:80'\n"), "t.yaml", &err);

	assert_non_null(n);
	assert_int_equal(conf_decode(n, &thing_schema, &a, &t, &err), 0);
	assert_string_equal(t.name, "x");
	assert_false(t.on);
	assert_int_equal(t.since, 10);
	assert_int_equal(t.ports_len, 2);
	assert_int_equal(t.ports[0].number, 80);
	assert_string_equal(t.ports[0].target.name, "http");
	assert_int_equal(t.ports[0].protocol, 2);
	assert_null(t.ports[1].name);
	assert_int_equal(t.ports[1].target.number, 8081);
	assert_int_equal(t.ports[1].protocol, 1);
	assert_int_equal(t.words_len, 3);
	assert_string_equal(t.words[2], "1.0");
	assert_string_equal(conf_pairs_get(&t.labels, "app"), "web");
	assert_string_equal(conf_pairs_get(&t.labels, "a.b/c"), "");
	assert_null(conf_pairs_get(&t.labels, "b"));
	assert_int_equal(t.limits.idle_ms, 10000);
	assert_int_equal(t.limits.connections, 100);
	assert_int_equal(t.limits.bytes, 65536);
	assert_null(t.more);
	assert_string_equal(conf_string(conf_at(conf_get(t.config, "any"), 0)),
	    "thing");
	arena_fini(&a);
}

TEST(decode_gives_defaults)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct thing t;
	struct conf_node *n = conf_map_new(&a);

	conf_set_string(n, "name", "x");
	conf_set_map(n, "more");
	assert_int_equal(conf_decode(n, &thing_schema, &a, &t, &err), 0);
	assert_true(t.on);
	assert_int_equal(t.limits.connections, 100);
	assert_int_equal(t.limits.idle_ms, 60000);
	assert_int_equal(t.more->bytes, 65536);
	assert_null(t.ports);
	assert_null(t.config);
	arena_fini(&a);
}

/* Each in a document that begins with "name: x". */
static const struct {
	const char *in, *error;
} faults[] = {
	{ "prots: []", "t:2:1: unknown field \"prots\", did you mean \"ports\"?" },
	{ "limits: {zzz: 1}", "t:2:10: limits: unknown field \"zzz\", expected one "
	    "of connections, idle, bytes" },
	{ "on: yes", "t:2:5: on: expected true or false, found \"yes\"" },
	{ "on: 1", "t:2:5: on: expected true or false, found 1" },
	{ "words: [a, no]", "t:2:12: words[1]: expected a string, found no, which "
	    "is read as a boolean without quotes: write \"no\"" },
	{ "words: [1.0]", "t:2:9: words[0]: expected a string, found 1.0, which is "
	    "read as a number without quotes: write \"1.0\"" },
	{ "words: [true]", "t:2:9: words[0]: expected a string, found true, which "
	    "is read as a boolean without quotes: write \"true\"" },
	{ "words: [010]", "t:2:9: words[0]: expected a string, found 010, which is "
	    "read as a number without quotes: write \"010\"" },
	{ "words: [~]", "t:2:9: words[0]: expected a string, found nothing" },
	{ "words: [[]]", "t:2:9: words[0]: expected a string, found a list" },
	{ "words: a", "t:2:8: words: expected a list, found \"a\"" },
	{ "labels: {a: on}", "t:2:13: labels[a]: expected a string, found on, "
	    "which is read as a boolean without quotes: write \"on\"" },
	{ "labels: {-a: x}", "t:2:10: labels: expected a label's key "
	    "([DOMAIN/]NAME, NAME at most 63 characters), found \"-a\"" },
	{ "labels: {a: x y}", "t:2:13: labels[a]: expected a label's value (A-Z, "
	    "a-z, 0-9, -, _ and ., at most 63 characters), found \"x y\"" },
	{ "labels: [a]", "t:2:9: labels: expected a map of strings, found a list" },
	{ "ports: [{port: 0}]", "t:2:16: ports[0].port: expected a port from 1 to "
	    "65535, found 0" },
	{ "ports: [{port: '80'}]", "t:2:16: ports[0].port: expected a port from 1 "
	    "to 65535, found \"80\"" },
	{ "ports: [{port: 1}, {name: x}]", "t:2:20: ports[1]: the required field "
	    "\"port\" is missing" },
	{ "ports: [{port: 1, name: Web}]", "t:2:25: ports[0].name: expected a label "
	    "(a-z, 0-9 and - inside, at most 63 characters), found \"Web\"" },
	{ "ports: [{port: 1, protocol: tcp}]", "t:2:29: ports[0].protocol: expected "
	    "one of TCP, UDP, off, found \"tcp\"" },
	{ "ports: [{port: 1, targetPort: 1.5}]", "t:2:31: ports[0].targetPort: "
	    "expected a port from 1 to 65535 or the name of a port, found 1.5" },
	{ "ports: [{port: 666}]", "t:2:16: not that one" },
	{ "ports: [{port: 1}, {port: 2}, {port: 3}, {port: 4}]",
	    "t:2:8: ports: expected at most 3 items, found 4" },
	{ "ports: [x]", "t:2:9: ports[0]: expected a map, found \"x\"" },
	{ "limits: {connections: 0}", "t:2:23: limits.connections: expected a whole "
	    "number from 1 to 1000, found 0" },
	{ "limits: {idle: 10}", "t:2:16: limits.idle: expected a duration such as "
	    "10s or 1h30m, found 10" },
	{ "limits: {idle: 500ms}", "t:2:16: limits.idle: expected a duration from "
	    "1s to 1h, found \"500ms\"" },
	{ "limits: {bytes: 2Mi}", "t:2:17: limits.bytes: expected a size from 0 to "
	    "1048576 bytes, found \"2Mi\"" },
	{ "limits: {bytes: -1}", "t:2:17: limits.bytes: expected a size such as "
	    "65536, 64Ki or 10Mi, found -1" },
	{ "labels: {\"a\\n\\e[1m\\x9bb\": x}", "t:2:10: labels: expected a label's key "
	    "([DOMAIN/]NAME, NAME at most 63 characters), found \"a??[1m??b\"" },
	{ "\"a\\nb\": x", "t:2:1: unknown field \"a\\nb\", expected one of name, "
	    "on, since, ports, words, labels, limits, more, config, host" },
	{ "since: yesterday", "t:2:8: since: expected a time such as "
	    "2026-11-21T01:12:41Z, found \"yesterday\"" },
	{ "host: '::1:80'", "t:2:7: host: expected HOST:PORT ([ADDRESS]:PORT for "
	    "IPv6), found \"::1:80\"" },
};

TEST(decode_names_the_place_and_what_was_expected)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct str s = { 0 };
		struct thing t;

		str_addf(&s, "name: x\n%s\n", faults[i].in);
		const struct conf_node *n = conf_yaml_read(&a, str_slice(&s), "t",
		    &err);

		assert_non_null(n);
		assert_int_equal(conf_decode(n, &thing_schema, &a, &t, &err), -1);
		assert_string_equal(err.text, faults[i].error);
		assert_int_equal(err.kind, ERR_DATA);
		str_fini(&s);
		arena_fini(&a);
	}
}

TEST(decode_passes_over_unknown_fields_when_asked)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct thing t;
	const struct conf_node *n = conf_yaml_read(&a,
	    SLICE("name: x\nnew: 1\nlimits: {newer: 1, connections: 5}\n"), "t",
	    &err);

	assert_int_equal(conf_decode_known(n, &thing_schema, &a, &t, &err), 0);
	assert_int_equal(t.limits.connections, 5);
	assert_int_equal(conf_decode(n, &thing_schema, &a, &t, &err), -1);
	arena_fini(&a);
}

TEST(decode_without_a_file_has_no_place)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct thing t;

	assert_int_equal(conf_decode(conf_map_new(&a), &thing_schema, &a, &t, &err),
	    -1);
	assert_string_equal(err.text, "the required field \"name\" is missing");
	assert_int_equal(conf_decode(conf_list_new(&a), &thing_schema, &a, &t, &err),
	    -1);
	assert_string_equal(err.text, "expected a map, found a list");
	arena_fini(&a);
}

struct tree {
	struct tree *left, *trees;
	size_t       trees_len;
	const char  *leaf;
};

static const struct conf_schema aged_schema;
static const struct conf_field aged_fields[] = {
	{ "old", CONF_STRING_T, CONF_AT(struct tree, leaf), .critical = true },
	{ "harmless", CONF_STRING_T, CONF_AT(struct tree, leaf), .since = "0.3" },
	{ "new", CONF_STRING_T, CONF_AT(struct tree, leaf), .since = "0.3",
	    .critical = true },
	{ "left", CONF_POINTER_T, CONF_AT(struct tree, left),
	    .schema = &aged_schema },
	{ "list", CONF_STRUCT_T, CONF_LIST_AT(struct tree, trees),
	    .schema = &aged_schema },
	{ 0 },
};
static const struct conf_schema aged_schema = { "aged", sizeof(struct tree),
	aged_fields, NULL };

TEST(schema_finds_what_an_older_reader_must_not_pass_over)
{
	static const struct {
		const char *in, *version;
		bool        found;
	} cases[] = {
		{ "{old: x, harmless: x}", "0.1", false },
		{ "{new: x}", "0.2", true },
		{ "{new: x}", "0.2.9", true },
		{ "{new: x}", "0.3", false },
		{ "{new: x}", "0.10", false },
		{ "{new: x}", "1.0", false },
		{ "{new: x}", "what", true },
		{ "{new: null}", "0.1", false },
		{ "{unknown: {new: x}}", "0.1", false },
		{ "{left: {left: {new: x}}}", "0.1", true },
		{ "{list: [{old: x}, {list: [{new: x}]}]}", "0.1", true },
		{ "{list: [{old: x}, {harmless: x}]}", "0.1", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		struct err err;
		const struct conf_node *n = conf_yaml_read(&a,
		    slice_str(cases[i].in), "t", &err);
		const struct conf_field *f = conf_critical_since(n, &aged_schema,
		    cases[i].version);

		assert_ptr_equal(f, cases[i].found ? &aged_fields[2] : NULL);
		arena_fini(&a);
	}
}

TEST(schema_find_follows_lists_and_structs)
{
	assert_ptr_equal(conf_schema_find(&thing_schema, "ports.port"),
	    &port_fields[1]);
	assert_ptr_equal(conf_schema_find(&thing_schema, "limits.idle"),
	    &limits_fields[1]);
	assert_ptr_equal(conf_schema_find(&thing_schema, "name"), &thing_fields[0]);
	assert_null(conf_schema_find(&thing_schema, "name.more"));
	assert_null(conf_schema_find(&thing_schema, "ports.zzz"));
	assert_null(conf_schema_find(&thing_schema, ""));
}

static void
note(void *arg, const char *path, const struct conf_field *f)
{
	struct str *s = arg;

	str_addf(s, "%s (", path);
	conf_field_type(s, f);
	str_add(s, ")\n");
}

static const struct conf_schema tree_schema;
static const struct conf_field tree_fields[] = {
	{ "left", CONF_POINTER_T, CONF_AT(struct tree, left),
	    .schema = &tree_schema },
	{ "leaf", CONF_STRING_T, CONF_AT(struct tree, leaf) },
	{ 0 },
};
static const struct conf_schema tree_schema = { "tree", sizeof(struct tree),
	tree_fields, NULL };

TEST(schema_walk_visits_every_field_once)
{
	struct str s = { 0 };

	conf_schema_walk(&port_schema, note, &s);
	assert_string_equal(str_ptr(&s), "name (string)\nport (port)\n"
	    "targetPort (port or name of a port)\n"
	    "protocol (one of: TCP, UDP, off)\n");
	str_clear(&s);
	conf_schema_walk(&tree_schema, note, &s);
	assert_string_equal(str_ptr(&s), "left (object)\nleaf (string)\n");
	str_clear(&s);
	conf_schema_walk(&thing_schema, note, &s);
	assert_non_null(strstr(str_ptr(&s), "ports (list of object)\n"
	    "ports.name (string)\n"));
	assert_non_null(strstr(str_ptr(&s), "more.idle (duration)\n"));
	str_fini(&s);
}

struct shape {
	int         type;
	const char *round, *edge;
	const char *word;
	int64_t     percent, wait_ms;
	int64_t    *sizes;
	size_t      sizes_len;
};

static const char *const shape_types[] = { "Round", "Edged", NULL };
static const char *const shape_words[] = { "big", "small", NULL };

static int
size_rule(const void *value, const struct conf_place *at)
{
	return *(const int64_t *)value != 13 ? 0 :
	    conf_fail(at, ": expected another number");
}

static const struct conf_field shape_fields[] = {
	{ "type", CONF_ENUM_T, CONF_AT(struct shape, type), .words = shape_types,
	    .required = true, .chooses = true },
	{ "round", CONF_STRING_T, CONF_AT(struct shape, round), .arm = "Round",
	    .min = 2, .max = 4 },
	{ "edge", CONF_STRING_T, CONF_AT(struct shape, edge), .arm = "Edged",
	    .arm_optional = true },
	{ "word", CONF_WORD_T, CONF_AT(struct shape, word), .words = shape_words },
	{ "percent", CONF_PERCENT_T, CONF_AT(struct shape, percent),
	    .fallback = "12.5" },
	{ "wait", CONF_DURATION_T, CONF_AT(struct shape, wait_ms), .absent = -1 },
	{ "sizes", CONF_INT_T, CONF_LIST_AT(struct shape, sizes), .min_items = 1,
	    .rule = size_rule },
	{ 0 },
};

static const struct conf_schema shape_schema = { "shape", sizeof(struct shape),
	shape_fields, NULL };

static int
find_rule(const void *value, const struct conf_place *at)
{
	(void)value;
	return conf_fail(at, "sizes[%d].x: not found", 1);
}

struct holder {
	struct shape *shape;
};

static const struct conf_field holder_fields[] = {
	{ "shape", CONF_POINTER_T, CONF_AT(struct holder, shape),
	    .schema = &shape_schema, .rule = find_rule },
	{ 0 },
};

static const struct conf_schema holder_schema = { "holder",
	sizeof(struct holder), holder_fields, NULL };

static const struct {
	const struct conf_schema *schema;
	const char               *in, *error;
} shapes[] = {
	{ &shape_schema, "{type: Round, round: abc}", "" },
	{ &shape_schema, "{type: Edged}", "" },
	{ &shape_schema, "{type: Round}", "t:1:1: the field \"round\" is missing, "
	    "which type Round requires" },
	{ &shape_schema, "{type: Edged, round: abc}", "t:1:22: \"round\" is only "
	    "for type Round, found type Edged" },
	{ &shape_schema, "{type: Round, round: abcde}", "t:1:22: round: expected 2 to "
	    "4 bytes, found 5" },
	{ &shape_schema, "{type: Edged, word: none}", "t:1:21: word: expected one of "
	    "big, small, found \"none\"" },
	{ &shape_schema, "{type: Edged, percent: 101}", "t:1:24: percent: expected a "
	    "percentage from 0 to 100, found 101" },
	{ &shape_schema, "{type: Edged, sizes: []}", "t:1:22: sizes: expected at "
	    "least 1 item, found 0" },
	{ &shape_schema, "{type: Edged, sizes: [1, 13]}", "t:1:26: sizes[1]: expected "
	    "another number" },
	{ &holder_schema, "{shape: {type: Edged, sizes: [1, 2]}}",
	    "t:1:34: shape.sizes[1].x: not found" },
};

TEST(decode_checks_unions_lengths_and_rules)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		const struct conf_node *n = conf_yaml_read(&a,
		    slice_str(shapes[i].in), "t", &err);
		void *out = arena_alloc(&a, shapes[i].schema->size);

		assert_non_null(n);
		assert_int_equal(conf_decode(n, shapes[i].schema, &a, out, &err),
		    shapes[i].error[0] == '\0' ? 0 : -1);
		assert_string_equal(err.text, shapes[i].error);
		arena_fini(&a);
	}
}

TEST(decode_tells_absent_from_zero)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct shape s;
	const struct conf_node *n = conf_yaml_read(&a,
	    SLICE("{type: Edged, word: small}"), "t", &err);

	assert_int_equal(conf_decode(n, &shape_schema, &a, &s, &err), 0);
	assert_int_equal(s.wait_ms, -1);
	assert_int_equal(s.percent, 125000);
	assert_string_equal(s.word, "small");
	n = conf_yaml_read(&a, SLICE("{type: Edged, wait: 0s, percent: 0.1}"), "t",
	    &err);
	assert_int_equal(conf_decode(n, &shape_schema, &a, &s, &err), 0);
	assert_int_equal(s.wait_ms, 0);
	assert_int_equal(s.percent, 1000);
	assert_null(s.word);
	arena_fini(&a);
}
