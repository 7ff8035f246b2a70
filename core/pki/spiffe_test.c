#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "pki/spiffe.h"

static const struct {
	const char *text, *domain, *path, *ns, *name;
	enum spiffe_kind kind;
} ids[] = {
	{ "spiffe://mesh.internal", "mesh.internal", "", NULL, NULL,
	    SPIFFE_DOMAIN },
	{ "spiffe://td/ns/default/sa/orders", "td", "/ns/default/sa/orders",
	    "default", "orders", SPIFFE_WORKLOAD },
	{ "spiffe://td/operator/alice", "td", "/operator/alice", NULL, "alice",
	    SPIFFE_OPERATOR },
	{ "spiffe://td/control", "td", "/control", NULL, NULL, SPIFFE_CONTROL },
	{ "spiffe://td/Control", "td", "/Control", NULL, NULL, SPIFFE_OTHER },
	{ "spiffe://td/control/x", "td", "/control/x", NULL, NULL,
	    SPIFFE_OTHER },
	{ "spiffe://td/ns/A/sa/b", "td", "/ns/A/sa/b", NULL, NULL,
	    SPIFFE_OTHER },
	{ "spiffe://td/ns/workload/sa/b", "td", "/ns/workload/sa/b", NULL, NULL,
	    SPIFFE_OTHER },
	{ "spiffe://td/ns/a/sa/b/c", "td", "/ns/a/sa/b/c", NULL, NULL,
	    SPIFFE_OTHER },
	{ "spiffe://a_b-c.1/x/Y.z_-", "a_b-c.1", "/x/Y.z_-", NULL, NULL,
	    SPIFFE_OTHER },
	{ "spiffe://td/...", "td", "/...", NULL, NULL, SPIFFE_OTHER },
};

static void
assert_slice(struct slice got, const char *want)
{
	if (want == NULL)
		assert_null(got.ptr);
	else
		assert_true(slice_is(got, want));
}

TEST(spiffe_ids_are_taken_apart)
{
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct spiffe id;

		assert_true(spiffe_parse(&id, slice_str(ids[i].text)));
		assert_slice(id.text, ids[i].text);
		assert_slice(id.domain, ids[i].domain);
		assert_slice(id.path, ids[i].path);
		assert_slice(id.ns, ids[i].ns);
		assert_slice(id.name, ids[i].name);
		assert_string_equal(spiffe_kind_name(id.kind),
		    spiffe_kind_name(ids[i].kind));
	}
}

static const char *const refused[] = {
	"", "spiffe", "spiffe:/td/a", "spiffe://", "spiffe:///a", "http://td/a",
	"SPIFFE://td/a", "spiffe://TD/a", "spiffe://td:80/a", "spiffe://u@td/a",
	"spiffe://t%64/a", "spiffe://td/", "spiffe://td/a/", "spiffe://td//a",
	"spiffe://td/a//b", "spiffe://td/./a", "spiffe://td/a/..",
	"spiffe://td/a?b", "spiffe://td/a#b", "spiffe://td/a%20b",
	"spiffe://td/a b", "spiffe://td/a\tb", "spiffe://td/\xc3\xa9",
	"spiffe://td?a", "spiffe://td#a", " spiffe://td/a", "spiffe://td/a ",
	"spiffe://[::1]/a", "spiffe://td/a:b", "spiffe://td/a,b",
};

TEST(spiffe_ids_that_the_standard_or_we_refuse)
{
	struct spiffe id;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(spiffe_parse(&id, slice_str(refused[i])));
	assert_false(spiffe_parse(&id, slice_of("spiffe://td/a\0b", 15)));
	assert_false(spiffe_parse(&id, slice_of("spiffe://t\0d/a", 14)));
}

TEST(spiffe_lengths_have_limits)
{
	struct str s = { 0 };
	struct spiffe id;

	str_add(&s, "spiffe://");
	for (int i = 0; i < SPIFFE_DOMAIN_MAX; i++)
		str_add_char(&s, 'd');
	assert_true(spiffe_parse(&id, str_slice(&s)));
	str_add_char(&s, 'd');
	assert_false(spiffe_parse(&id, str_slice(&s)));
	str_clear(&s);
	str_add(&s, "spiffe://td/");
	while (s.len < SPIFFE_MAX)
		str_add_char(&s, 'p');
	assert_true(spiffe_parse(&id, str_slice(&s)));
	str_add_char(&s, 'p');
	assert_false(spiffe_parse(&id, str_slice(&s)));
	str_fini(&s);
}

TEST(spiffe_ids_are_put_together)
{
	struct str s = { 0 };

	spiffe_add_workload(&s, SLICE("td"), SLICE("a"), SLICE("b"));
	str_add_char(&s, ' ');
	spiffe_add_operator(&s, SLICE("td"), SLICE("c"));
	str_add_char(&s, ' ');
	spiffe_add_control(&s, SLICE("td"));
	str_add_char(&s, ' ');
	spiffe_add_service_dns(&s, SLICE("a"), SLICE("b"));
	str_add_char(&s, ' ');
	spiffe_add_workload_dns(&s, SLICE("a"), SLICE("b-1"));
	assert_string_equal(str_ptr(&s), "spiffe://td/ns/a/sa/b "
	    "spiffe://td/operator/c spiffe://td/control b.a.mesh "
	    "b-1.a.workload.mesh");
	str_fini(&s);
}

static const struct {
	const char *id, *dns;
	bool allowed;
} dns_names[] = {
	{ "spiffe://td/ns/shop/sa/orders", "orders.shop.mesh", true },
	{ "spiffe://td/ns/shop/sa/orders", "other.shop.mesh", true },
	{ "spiffe://td/ns/shop/sa/orders", "*.orders.shop.mesh", true },
	{ "spiffe://td/ns/shop/sa/orders", "orders-1.shop.workload.mesh", true },
	{ "spiffe://td/ns/shop/sa/orders", "orders.bank.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "orders-1.bank.workload.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "*.shop.workload.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "*.shop.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "*.*.shop.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "80.orders.shop.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "shop.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", ".shop.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "orders.shop", false },
	{ "spiffe://td/ns/shop/sa/orders", "control.mesh", false },
	{ "spiffe://td/ns/shop/sa/orders", "example.com", false },
	{ "spiffe://td/ns/shop/sa/orders", "", false },
	{ "spiffe://td/control", "control.mesh", true },
	{ "spiffe://td/control", "mesh.example.com", true },
	{ "spiffe://td/control", "orders.shop.mesh", false },
	{ "spiffe://td/control", "mesh", false },
	{ "spiffe://td/control", "*.example.com", false },
	{ "spiffe://td/control", "a..b", false },
	{ "spiffe://td/operator/alice", "alice.example.com", false },
	{ "spiffe://td", "example.com", false },
};

TEST(spiffe_dns_names_stay_in_their_namespace)
{
	for (size_t i = 0; i < sizeof(dns_names) / sizeof(dns_names[0]); i++) {
		struct spiffe id;

		assert_true(spiffe_parse(&id, slice_str(dns_names[i].id)));
		if (spiffe_dns_allowed(&id, slice_str(dns_names[i].dns)) !=
		    dns_names[i].allowed)
			fail_msg("%s and %s", dns_names[i].id, dns_names[i].dns);
	}
}
