#include "modes/proxy/entrance.h"

#include "base/mem.h"
#include "base/unit.h"

static const struct {
	const char *id;
	bool        is_gateway, is_foreign;
} ids[] = {
	{ "spiffe://td/ns/x/sa/gw--edge", true, false },
	{ "spiffe://td/ns/x/sa/web", false, false },
	{ "spiffe://td/ns/gw--x/sa/web", false, false },
	{ "spiffe://gw--td/ns/x/sa/web", false, false },
	{ "spiffe://td/ns/x/sa/web-gw--edge", false, false },
	{ "spiffe://td/ns/x/sa/gw-", false, false },
	{ "spiffe://td/a/b/c/gw--edge", false, false },
	{ "spiffe://far/ns/x/sa/gw--edge", false, true },
	{ "spiffe://far/gw--edge", false, true },
	{ "", false, false },
};

TEST(a_gateway_is_known_by_its_account)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct conn_peer *peer = conn_peer_copy(&(struct conn_peer){
		    .id = ids[i].id, .sni = "", .alpn = "",
		    .is_foreign = ids[i].is_foreign });

		assert_int_equal(entrance_is_gateway(peer), ids[i].is_gateway);
		mem_free(peer);
	}
}

TEST(a_trailer_says_nothing_of_who_calls)
{
	static const struct { const char *name; bool stays; } fields[] = {
		{ "x-mesh-source", false }, { "x-envoy-peer-metadata", false },
		{ "x-forwarded-client-cert", false }, { "x-own", true },
		/* As PHP and some others read it. */
		{ "x.forwarded.client.cert", false }, { "x.mesh-source", false },
		{ "x.mesh", true }, { "x.meshed", true },
		{ "x-ext-authz-principal", false }, { "x-ext-authz", true },
		{ "x.ext-authz.principal", false },
		/* Of a body, to a provider of authorization. */
		{ "x-envoy-auth-partial-body", true },
	};
	struct http_fields f;
	struct arena a;

	arena_init(&a);
	http_fields_init(&f, &a);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		http_fields_add(&f, slice_str(fields[i].name), SLICE("x"));
	entrance_apply_trailers(&f);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_int_equal(http_fields_find(&f,
		    slice_str(fields[i].name)).ptr != NULL, fields[i].stays);
	arena_fini(&a);
}
