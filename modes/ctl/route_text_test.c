#include "base/unit.h"
#include "model/model_test.h"
#include "modes/ctl/route_text.h"

static const char text[] =
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: HTTPRoute\n"
    "metadata: {name: web}\n"
    "spec:\n"
    "  rules:\n"
    "  - matches:\n"
    "    - path: {value: /a}\n"
    "      method: GET\n"
    "      headers: [{name: X-A, value: '1'}]\n"
    "      queryParams: [{name: q, type: RegularExpression, value: 'b.*'}]\n"
    "    - path: {type: Exact, value: /b}\n"
    "    timeouts: {request: 0s, backendRequest: 1500ms}\n"
    "    retry: {attempts: 2, codes: [500, 503], backoff: 1s}\n"
    "    filters:\n"
    "    - type: RequestMirror\n"
    "      requestMirror: {backendRef: {name: copy, namespace: shop, port: 80}}\n"
    "    - type: ExtensionRef\n"
    "      extensionRef: {group: mesh, kind: RateLimit, name: slow}\n"
    "    backendRefs:\n"
    "    - {name: v1, port: 80, weight: 3}\n"
    "    - {name: v2, namespace: shop, port: 81}\n"
    "    - {group: mesh, kind: Thing, name: x, weight: 0}\n"
    "  - retry: {}\n";

static void
expect(struct str *out, const char *expected)
{
	assert_string_equal(str_ptr(out), expected);
	str_clear(out);
}

TEST(route_text_says_what_the_document_says)
{
	struct model_object *o = object_from(text);
	const struct model_http_rule *r = model_http_route(o)->spec.rules;
	struct str out = { 0 };

	route_text_matches(&out, o, 0);
	expect(&out, "PathPrefix /a, method GET, header X-A=1, query q~b.* or "
	    "Exact /b");
	route_text_backends(&out, r[0].backends, r[0].backends_len);
	expect(&out, "v1:80=3 shop/v2:81=1 Thing/x=0");
	route_text_filters(&out, r[0].filters, r[0].filters_len);
	expect(&out, "RequestMirror to shop/copy:80, ExtensionRef RateLimit/slow");
	route_text_timeouts(&out, &r[0].timeouts);
	expect(&out, "request without limit, each try 1s500ms");
	route_text_retry(&out, r[0].retry);
	expect(&out, "2 times after status 500, 503, each at least 1s later");
	/* What was left out is not made up. */
	route_text_matches(&out, o, 1);
	expect(&out, "PathPrefix /");
	route_text_backends(&out, r[1].backends, r[1].backends_len);
	expect(&out, "");
	route_text_timeouts(&out, &r[1].timeouts);
	expect(&out, "");
	route_text_retry(&out, r[1].retry);
	expect(&out, "once");
	str_fini(&out);
	model_object_unref(o);
}

TEST(route_text_share_is_of_the_sum)
{
	static const struct { int64_t weight, sum; const char *text; } cases[] = {
		{ 1, 1, "100.0%" }, { 1, 3, "33.3%" }, { 0, 5, "0.0%" },
		{ 0, 0, "0.0%" }, { 1000000, 16000000, "6.2%" },
	};
	struct str out = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		route_text_share(&out, cases[i].weight, cases[i].sum);
		expect(&out, cases[i].text);
	}
	str_fini(&out);
}
