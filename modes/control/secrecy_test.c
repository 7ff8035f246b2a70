#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/secrecy.h"

static const struct {
	const char *doc, *seen;
} cases[] = {
	{ "{\"kind\":\"Secret\",\"type\":\"Opaque\",\"data\":{\"a\":\"eA==\"},"
	    "\"stringData\":{\"b\":\"x\"}}",
	    "{\"kind\":\"Secret\",\"type\":\"Opaque\",\"data\":{\"a\":\"\"},"
	    "\"stringData\":{\"b\":\"\"}}" },
	{ "{\"metadata\":{\"annotations\":{\"a\":\"b\",\"kubectl.kubernetes.io/"
	    "last-applied-configuration\":\"all\"}}}",
	    "{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}" },
	{ "{\"kind\":\"Secret\"}", "{\"kind\":\"Secret\"}" },
};

TEST(secrecy_shows_names_and_no_values)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = { 0 };
		struct err err = ERR_INIT;
		struct arena a;

		arena_init(&a);
		secrecy_write(&out, conf_json_read(&a,
		    slice_str(cases[i].doc), "test", &err));
		assert_string_equal(str_ptr(&out), cases[i].seen);
		str_fini(&out);
		arena_fini(&a);
	}
}

static const struct {
	const char *put, *there, *becomes;
} edits[] = {
	{ "{\"data\":{\"k\":\"\",\"l\":\"x\",\"m\":\"\"}}",
	    "{\"data\":{\"k\":\"v\",\"l\":\"w\"}}",
	    "{\"data\":{\"k\":\"v\",\"l\":\"x\",\"m\":\"\"}}" },
	{ "{\"stringData\":{\"k\":\"\"}}", "{\"stringData\":{\"k\":\"v\"}}",
	    "{\"stringData\":{\"k\":\"v\"}}" },
	{ "{\"a\":1}", "{\"data\":{\"k\":\"v\"}}", "{\"a\":1}" },
};

TEST(secrecy_keeps_values_that_are_not_said_again)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct str out = { 0 };
		struct err err = ERR_INIT;
		struct conf_node *doc;
		struct arena a;

		arena_init(&a);
		doc = conf_json_read(&a, slice_str(edits[i].put), "test", &err);
		secrecy_keep(doc, conf_json_read(&a, slice_str(edits[i].there),
		    "test", &err));
		conf_json_write(&out, doc);
		assert_string_equal(str_ptr(&out), edits[i].becomes);
		str_fini(&out);
		arena_fini(&a);
	}
}
