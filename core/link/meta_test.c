#include "link/meta.h"

#include <string.h>

#include "base/unit.h"

static const struct {
	const char *text, *source, *from, *to;	/* from NULL: no client */
} texts[] = {
	{ "", "", NULL, NULL },
	{ "source=a/b", "a/b", NULL, NULL },
	{ "client=192.0.2.1:5 198.51.100.1:443\nsource=a/b", "a/b",
	    "192.0.2.1:5", "198.51.100.1:443" },
	{ "client=[2001:db8::1]:5 [2001:db8::2]:443\nsource=", "",
	    "[2001:db8::1]:5", "[2001:db8::2]:443" },
	/* of a later version */
	{ "else=x\nclient=192.0.2.1:5 198.51.100.1:443\nmore\nsource=a/b",
	    "a/b", "192.0.2.1:5", "198.51.100.1:443" },
	/* no addresses */
	{ "client=\nsource=a/b", "a/b", NULL, NULL },
	{ "client=192.0.2.1:5\nsource=a/b", "a/b", NULL, NULL },
	{ "client=192.0.2.1:5 x\nsource=a/b", "a/b", NULL, NULL },
	{ "client=192.0.2.1:5 192.0.2.2:5 192.0.2.3:5", "", NULL, NULL },
	{ "client=unix:/x unix:/y", "", NULL, NULL },
	{ "client=192.0.2.1:99999 192.0.2.2:5", "", NULL, NULL },
	{ "\n\n=\n==", "", NULL, NULL },
};

static void
assert_address(const struct addr *a, const char *want)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text);
	assert_string_equal(text, want);
}

TEST(meta_says_who_calls_and_for_whom)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct meta m;

		meta_read(&m, slice_str(texts[i].text));
		assert_true(slice_is(m.source, texts[i].source));
		assert_int_equal(m.has_client, texts[i].from != NULL);
		if (!m.has_client)
			continue;
		assert_address(&m.from, texts[i].from);
		assert_address(&m.to, texts[i].to);
	}
}

TEST(meta_reads_what_it_writes)
{
	static const char *const addresses[] = { "192.0.2.1:5", "[2001:db8::1]:80" };

	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		struct str out = { 0 };
		struct addr a;
		struct meta m;

		assert_int_equal(addr_parse(slice_str(addresses[i]), &a, &err), 0);
		meta_add_client(&out, &a, &a);
		meta_add_source(&out, SLICE("shop/web"));
		meta_read(&m, str_slice(&out));
		assert_true(m.has_client && addr_eq(&m.from, &a) &&
		    addr_eq(&m.to, &a));
		assert_true(slice_is(m.source, "shop/web"));
		str_fini(&out);
	}
}

TEST(meta_says_nothing_of_what_is_no_ip)
{
	struct addr nowhere = { .len = sizeof(nowhere.un) };
	struct str out = { 0 };

	nowhere.sa.sa_family = AF_UNIX;
	meta_add_client(&out, &nowhere, &nowhere);
	assert_int_equal(out.len, 0);
	str_fini(&out);
}
