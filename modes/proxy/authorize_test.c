#include "base/unit.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/gateway.h"
#include "policy/authn.h"

#define PORT(number, table)						\
	{ .service = { .ns = "default" }, .port = number, .authz = table }

/* Who is open is asked again when one of these changes, and else not. */
TEST(authorize_asks_again_only_when_something_may_be_decided_otherwise)
{
	struct authz *first = authz_new(NULL, 0, AUTHZ_ALLOW_ALL, NULL),
	    *second = authz_new(NULL, 0, AUTHZ_DENY_ALL, NULL);
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct inbound_port a[] = { PORT(80, first), PORT(81, first) },
	    b[] = { PORT(80, first), PORT(81, first) };
	struct snapshot x = { .inbound = a, .inbound_len = 2 },
	    y = { .inbound = b, .inbound_len = 2 };

	assert_true(authorize_is_same(&x, &y));
	b[1].authz = second;
	assert_false(authorize_is_same(&x, &y));
	b[1] = a[1];
	b[1].rules = rules;
	assert_false(authorize_is_same(&x, &y));
	b[1] = a[1];
	b[1].port = 82;
	assert_false(authorize_is_same(&x, &y));
	b[1] = a[1];
	b[1].service.name[0] = 'c';
	assert_false(authorize_is_same(&x, &y));
	b[1] = a[1];
	b[1].mode = MODEL_MTLS_PERMISSIVE;
	assert_false(authorize_is_same(&x, &y));
	b[1] = a[1];
	b[1].settles_ms = 1;
	assert_false(authorize_is_same(&x, &y));
	b[1] = a[1];
	y.inbound_len = 1;
	assert_false(authorize_is_same(&x, &y));
	y.inbound_len = 2;
	x.inbound_udp = a;
	x.inbound_udp_len = 1;
	assert_false(authorize_is_same(&x, &y));
	authn_unref(rules);
	authz_unref(first);
	authz_unref(second);
}

TEST(authorize_asks_again_when_a_gateway_changes)
{
	struct authz *table = authz_new(NULL, 0, AUTHZ_ALLOW_ALL, NULL);
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct gateway_front a[] = { { .authz = table } },
	    b[] = { { .authz = table } };
	struct gateway g = { .fronts = a, .len = 1 },
	    h = { .fronts = b, .len = 1 };
	struct snapshot x = { .gateway = &g }, y = { .gateway = &h }, none = {
	    .gateway = NULL };

	assert_true(authorize_is_same(&x, &y));
	b[0].rules = rules;
	assert_false(authorize_is_same(&x, &y));
	b[0] = a[0];
	b[0].authz = NULL;
	assert_false(authorize_is_same(&x, &y));
	assert_false(authorize_is_same(&x, &none));
	authn_unref(rules);
	authz_unref(table);
}

TEST(authorize_knows_addresses_of_both_kinds)
{
	static const char *const texts[] = { "127.0.0.1:80", "[2001:db8::1]:80" };
	static const char *const ips[] = { "127.0.0.1", "2001:db8::1" };
	struct authz_ip wanted, got;
	struct err err = ERR_INIT;
	struct addr a;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(addr_parse(slice_str(texts[i]), &a, &err), 0);
		got = authorize_ip(&a);
		assert_true(authz_ip_read(slice_str(ips[i]), &wanted));
		assert_true(got.is_known);
		assert_memory_equal(got.bytes, wanted.bytes, 16);
	}
	assert_int_equal(addr_parse(SLICE("unix:/x"), &a, &err), 0);
	assert_false(authorize_ip(&a).is_known);
}
