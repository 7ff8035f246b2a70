#include "base/unit.h"
#include "conf/json.h"
#include "modes/control/api.h"

TEST(api_ttl_is_the_fallback_or_what_is_allowed)
{
	static const struct {
		const char *json;
		int64_t     ms;
		const char *error;
	} v[] = {
		{ "{}", 5000, "" },
		{ "{\"ttl\": \"1s\"}", 1000, "" },
		{ "{\"ttl\": \"10m\"}", 600000, "" },
		{ "{\"ttl\": \"600001ms\"}", -1, "ttl: expected a duration from "
		    "1s to 10m, such as 10m" },
		{ "{\"ttl\": \"999ms\"}", -1, "ttl: expected a duration from 1s "
		    "to 10m, such as 10m" },
		{ "{\"ttl\": 60}", -1, "ttl: expected a duration from 1s to 10m, "
		    "such as 10m" },
		{ "{\"ttl\": null}", -1, "ttl: expected a duration from 1s to "
		    "10m, such as 10m" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		int64_t ms = 0;
		const struct conf_node *n = conf_json_read(&a,
		    slice_str(v[i].json), "t", &err);
		int result = api_read_ttl(n, &(struct api_ttl){ 5000, 1000,
		    600000 }, &ms, &err);

		assert_string_equal(err.text, v[i].error);
		assert_int_equal(result, v[i].ms < 0 ? -1 : 0);
		if (result == 0)
			assert_int_equal(ms, v[i].ms);
		arena_fini(&a);
	}
}
