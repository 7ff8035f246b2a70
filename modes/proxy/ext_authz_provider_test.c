#include "base/unit.h"
#include "model/http_route.h"
#include "model/mesh_config.h"
#include "model/model_test.h"
#include "modes/proxy/ext_authz.h"

static bool
sees(const struct ext_authz_provider *p, const char *name)
{
	return ext_authz_has(&p->settings.headers, slice_str(name));
}

/* The document may go: the provider has copies. */
static struct ext_authz_provider *
provider_of_config(const char *provider)
{
	struct str text = { 0 };

	str_addf(&text, "apiVersion: mesh/v1\nkind: MeshConfig\nmetadata: {name: "
	    "default}\nspec: {extensionProviders: [{name: p, %s}]}\n", provider);
	struct model_object *o = object_of("shop", str_ptr(&text));
	struct ext_authz_provider *p = ext_authz_provider_new(
	    model_extension_provider(o, "p"), NULL);

	model_object_unref(o);
	str_fini(&text);
	return p;
}

TEST(ext_authz_provider_is_what_the_mesh_config_says)
{
	struct ext_authz_provider *p = provider_of_config(
	    "envoyExtAuthzHttp: {service: auth.infra, port: 80, timeout: 3s, "
	    "failOpen: true, statusOnError: '503', pathPrefix: /check, "
	    "includeRequestHeadersInCheck: [X-Team], "
	    "includeAdditionalHeadersInCheck: {X-From: mesh}, "
	    "includeRequestBodyInCheck: {maxRequestBytes: 9}, "
	    "headersToUpstreamOnAllow: [X-User], "
	    "headersToDownstreamOnDeny: [x-why], "
	    "headersToDownstreamOnAllow: [x-back]}");
	const struct ext_authz_settings *s = &p->settings;

	assert_false(s->is_grpc);
	assert_int_equal(s->timeout_ms, 3000);
	assert_true(s->fails_open);
	assert_int_equal(s->error_status, 503);
	assert_true(slice_is(s->path, "/check"));
	assert_true(sees(p, "x-team"));
	assert_false(sees(p, "x-else"));
	assert_string_equal(s->more_headers.items[0].key, "x-from");
	assert_int_equal(s->body_max, 9);
	assert_false(s->allows_part);
	assert_true(ext_authz_has(&s->up_allow, SLICE("x-user")));
	assert_true(ext_authz_has(&s->down_deny, SLICE("x-why")));
	assert_true(ext_authz_has(&s->down_allow, SLICE("x-back")));
	assert_false(s->denies_with_all);
	assert_true(slice_is(p->name, "p"));
	assert_true(slice_is(p->service, "infra/auth"));
	assert_null(p->cluster);
	ext_authz_provider_unref(p);

	p = provider_of_config("envoyExtAuthzGrpc: {service: infra/auth, port: "
	    "9000}");
	assert_true(p->settings.is_grpc);
	assert_int_equal(p->settings.timeout_ms, 200);
	assert_false(p->settings.fails_open);
	assert_int_equal(p->settings.error_status, 403);
	assert_int_equal(p->settings.body_max, 0);
	assert_true(sees(p, "anything"));
	assert_true(slice_is(p->authority, "auth.infra.mesh:9000"));
	ext_authz_provider_unref(p);
}

static struct ext_authz_provider *
provider_of_route(const char *auth)
{
	struct str text = { 0 };

	str_addf(&text, "apiVersion: gateway.networking.k8s.io/v1\nkind: "
	    "HTTPRoute\nmetadata: {name: r}\nspec: {rules: [{filters: [{type: "
	    "ExternalAuth, externalAuth: %s}]}]}\n", auth);
	struct model_object *o = object_of("shop", str_ptr(&text));
	struct ext_authz_provider *p = ext_authz_provider_of_filter(
	    model_http_route(o)->spec.rules[0].filters[0].external_auth, "shop",
	    NULL);

	model_object_unref(o);
	str_fini(&text);
	return p;
}

TEST(ext_authz_provider_is_what_a_filter_says)
{
	struct ext_authz_provider *p = provider_of_route("{protocol: HTTP, "
	    "backendRef: {name: auth, port: 80}}");
	const struct ext_authz_settings *s = &p->settings;

	assert_int_equal(s->timeout_ms, 200);
	assert_false(s->fails_open);
	assert_int_equal(s->body_max, 0);
	assert_true(s->denies_with_all);
	assert_false(sees(p, "x-team"));
	assert_true(ext_authz_has(&s->up_allow, SLICE("x-user")));
	assert_false(ext_authz_names(&s->up_allow, SLICE("x-user")));
	assert_true(slice_is(p->name, "shop/auth"));
	ext_authz_provider_unref(p);

	p = provider_of_route("{protocol: HTTP, backendRef: {name: auth, "
	    "namespace: infra, port: 80}, http: {path: /a, allowedHeaders: "
	    "[X-Team], allowedResponseHeaders: [X-User]}, forwardBody: "
	    "{maxSize: 5}}");
	s = &p->settings;
	assert_true(slice_is(s->path, "/a"));
	assert_true(sees(p, "x-team"));
	assert_true(ext_authz_names(&s->up_allow, SLICE("x-user")));
	assert_false(ext_authz_has(&s->up_allow, SLICE("x-else")));
	assert_int_equal(s->body_max, 5);
	assert_true(s->allows_part);
	assert_true(slice_is(p->name, "infra/auth"));
	ext_authz_provider_unref(p);

	p = provider_of_route("{protocol: GRPC, backendRef: {name: auth, port: "
	    "80}, grpc: {allowedHeaders: [x-team]}}");
	assert_true(p->settings.is_grpc);
	assert_true(sees(p, "x-team"));
	assert_false(sees(p, "x-else"));
	ext_authz_provider_unref(p);
}
