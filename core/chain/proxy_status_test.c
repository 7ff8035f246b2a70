#include "base/arena.h"
#include "base/unit.h"
#include "chain/proxy_status.h"
#include "pki/distrust.h"
#include "tls/tls.h"

TEST(proxy_status_names_the_step_that_failed)
{
	static const struct {
		enum response_flag flag;
		const char *details, *want;
	} cases[] = {
		{ FLAG_UF, "connection_refused", "connection_refused" },
		{ FLAG_UF, "connect_failed", "destination_unavailable" },
		{ FLAG_UT, "connect_timeout", "connection_timeout" },
		{ FLAG_UT, "timeout", "connection_timeout" },
		{ FLAG_UT, "try_timeout", "http_response_timeout" },
		{ FLAG_UF, "not-tls", "tls_protocol_error" },
		{ FLAG_UF, "tls_alert", "tls_alert_received" },
		{ FLAG_UF, "unexpected-host", "tls_certificate_error" },
		{ FLAG_UF, "no-certificate", "tls_certificate_error" },
		{ FLAG_NR, "expired", "destination_not_found" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(proxy_status_error(cases[i].flag,
		    cases[i].details), cases[i].want);
	assert_null(proxy_status_error(FLAG_NONE, "-"));
	/* No failure of a handshake that is ours to start is a refusal. */
	for (int f = 1; f < TLS_FAILURES; f++)
		if (f != TLS_FAIL_NO_SNI && f != TLS_FAIL_UNKNOWN_NAME)
			assert_string_not_equal(proxy_status_error(FLAG_UF,
			    tls_failure_name((enum tls_failure)f)),
			    "connection_refused");
	for (int d = 1; d < DISTRUST_COUNT; d++)
		assert_string_equal(proxy_status_error(FLAG_UF,
		    distrust_name((enum distrust)d)), "tls_certificate_error");
}

TEST(proxy_status_writes_details_alike)
{
	struct arena a;
	struct http_head head;

	arena_init(&a);
	http_head_init(&head, &a);
	proxy_status_add(&head.fields, FLAG_UF, "unexpected-host");
	struct slice value = http_fields_find(&head.fields,
	    SLICE("proxy-status"));

	assert_true(slice_eq(value, SLICE("mesh; error=tls_certificate_error; "
	    "details=\"unexpected_host\"")));
	arena_fini(&a);
}

TEST(proxy_status_gives_the_details_of_the_mesh_alone)
{
	static const struct { const char *value, *want; } cases[] = {
		{ "mesh; error=http_request_denied; details=\"access_denied\"",
		    "access_denied" },
		{ "mesh; error=x; details=\"\"", "" },
		{ "mesh; error=x; details=\"open", NULL },
		{ "mesh; error=x", NULL },
		{ "nginx; error=x; details=\"y\"", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice got = proxy_status_details(slice_str(
		    cases[i].value));

		assert_int_equal(got.ptr != NULL, cases[i].want != NULL);
		if (cases[i].want != NULL)
			assert_true(slice_is(got, cases[i].want));
	}
}
