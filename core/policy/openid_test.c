#include "base/unit.h"
#include "policy/openid.h"

TEST(openid_is_asked_at_its_well_known_address)
{
	struct arena a = { 0 };

	assert_true(slice_is(openid_address(&a, SLICE("https://a.example/x")),
	    "https://a.example/x/.well-known/openid-configuration"));
	assert_true(slice_is(openid_address(&a, SLICE("https://a.example/")),
	    "https://a.example/.well-known/openid-configuration"));
	arena_fini(&a);
}

#define ISS	"\"issuer\":\"https://a.example\""

TEST(openid_providers_speak_for_themselves_alone)
{
	static const struct {
		const char *issuer, *text, *why;	/* NULL: taken */
	} v[] = {
		{ "https://a.example", "{" ISS ",\"jwks_uri\":"
		    "\"https://b.example/k\",\"token_endpoint\":"
		    "\"https://a.example/t\",\"more\":[1]}", NULL },
		{ "http://a.example", "{\"issuer\":\"http://a.example\","
		    "\"jwks_uri\":\"http://a.example/k\"}", NULL },
		{ "https://b.example", "{" ISS ",\"jwks_uri\":"
		    "\"https://b.example/k\"}", "https://a.example" },
		{ "https://a.example/", "{" ISS ",\"jwks_uri\":"
		    "\"https://b.example/k\"}", "https://a.example" },
		{ "https://a.example", "{" ISS ",\"jwks_uri\":"
		    "\"http://a.example/k\"}", "jwks_uri is not https" },
		{ "https://a.example", "{" ISS ",\"jwks_uri\":7}",
		    "jwks_uri is not https" },
		{ "https://a.example", "{" ISS ",\"jwks_uri\":"
		    "\"https://a.example/k\",\"token_endpoint\":\"/t\"}",
		    "token_endpoint is not https" },
		{ "https://a.example", "{" ISS "}", "no jwks_uri" },
		{ "https://a.example", "{\"jwks_uri\":\"https://b/k\"}",
		    "issuer" },
		{ "https://a.example", "[]", "issuer" },
		{ "https://a.example", "<html>", "" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct arena a = { 0 };
		struct err err = ERR_INIT;
		struct openid_provider p;
		int rc = openid_read(&p, &a, slice_str(v[i].issuer),
		    slice_str(v[i].text), &err);

		if ((rc == 0) != (v[i].why == NULL) || (rc != 0 &&
		    strstr(err.text, v[i].why) == NULL))
			fail_msg("%s: %s", v[i].text, err.text);
		arena_fini(&a);
	}
}
