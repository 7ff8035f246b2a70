#include "base/unit.h"
#include "net/cidr.h"

static const struct {
	const char *range, *ip;
	bool        has;
} cases[] = {
	{ "10.0.0.0/8", "10.255.0.1", true },
	{ "10.0.0.0/8", "11.0.0.1", false },
	{ "10.1.2.3", "10.1.2.3", true },
	{ "10.1.2.3", "10.1.2.2", false },
	{ "192.168.4.0/22", "192.168.7.255", true },
	{ "192.168.4.0/22", "192.168.8.0", false },
	{ "0.0.0.0/0", "1.2.3.4", true },
	{ "0.0.0.0/0", "::1", false },
	{ "::/0", "::1", true },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::ffff:10.0.0.0/104", "10.9.9.9", true },
	{ "10.0.0.0/8", "::ffff:10.9.9.9", true },
};

TEST(cidr_has_what_shares_its_first_bits)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cidr c;
		struct addr a;
		struct err err;

		assert_true(cidr_parse(slice_str(cases[i].range), &c));
		assert_int_equal(addr_from_ip(slice_str(cases[i].ip), 80, &a,
		    &err), 0);
		if (cidr_has(&c, &a) != cases[i].has)
			fail_msg("%s, %s", cases[i].range, cases[i].ip);
	}
}

TEST(cidr_refuses_what_is_no_range)
{
	static const char *const wrong[] = {
		"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129",
		"10.0.0.0/-1", "10.0.0.0/8/8", "localhost", "10.0.0.0/ 8",
		"::ffff:10.0.0.0/95",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cidr c;

		if (cidr_parse(slice_str(wrong[i]), &c))
			fail_msg("%s", wrong[i]);
	}
}

TEST(cidr_of_addresses_has_no_unix_socket)
{
	struct cidr c;
	struct addr a;
	struct err err;

	assert_true(cidr_parse(SLICE("0.0.0.0/0"), &c));
	assert_int_equal(addr_parse(SLICE("unix:/run/x"), &a, &err), 0);
	assert_false(cidr_has(&c, &a));
}
