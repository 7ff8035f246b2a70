#include "base/unit.h"
#include "net/addr.h"
#include "net/close_reason.h"

TEST(addr_parses_and_formats)
{
	static const struct {
		const char *text, *out;
		int         port;
		bool        is_any, is_loopback;
	} cases[] = {
		{ "127.0.0.1:80", "127.0.0.1:80", 80, false, true },
		{ "127.9.9.9:0", "127.9.9.9:0", 0, false, true },
		{ "255.100.10.109:1", "255.100.10.109:1", 1, false, false },
		{ "0.0.0.0:65535", "0.0.0.0:65535", 65535, true, false },
		{ "10.1.2.3:7700", "10.1.2.3:7700", 7700, false, false },
		{ "[::1]:80", "[::1]:80", 80, false, true },
		{ "[::]:1", "[::]:1", 1, true, false },
		{ ":8080", "[::]:8080", 8080, true, false },
		{ "[2001:db8::1]:443", "[2001:db8::1]:443", 443, false, false },
		{ "[::ffff:127.0.0.1]:5", "[::ffff:127.0.0.1]:5", 5, false,
		    true },
		{ "unix:/run/x.sock", "unix:/run/x.sock", 0, false, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[ADDR_TEXT_MAX];
		struct addr a, b;
		struct err err;

		assert_int_equal(addr_parse(slice_str(cases[i].text), &a, &err),
		    0);
		addr_format(&a, out);
		assert_string_equal(out, cases[i].out);
		assert_int_equal(addr_port(&a), cases[i].port);
		assert_int_equal(addr_is_any(&a), cases[i].is_any);
		assert_int_equal(addr_is_loopback(&a), cases[i].is_loopback);
		assert_int_equal(addr_parse(slice_str(out), &b, &err), 0);
		assert_true(addr_eq(&a, &b));
		addr_set_port(&b, 9);
		assert_int_equal(addr_eq(&a, &b), a.sa.sa_family == AF_UNIX);
	}
}

TEST(addr_refuses_what_is_no_address)
{
	static const char *const cases[] = {
		"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1:8o", "::1:80", "[::1]", "[::1]80",
		"[::1]:", "[::1", "name:80", "1.2.3:80", "1.2.3.4.5:80",
		"[1.2.3.4:80", "unix:", "01.2.3.4:80",
		"unix:/0123456789012345678901234567890123456789012345678901234"
		"56789012345678901234567890123456789012345678901234567890",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a;
		struct err err = ERR_INIT;

		assert_int_equal(addr_parse(slice_str(cases[i]), &a, &err), -1);
		assert_int_equal(err.kind, ERR_DATA);
		assert_true(err.text[0] != '\0');
	}
}

TEST(addr_splits_names_from_ports)
{
	struct slice host;
	struct err err;
	int port;

	assert_int_equal(addr_split(SLICE("control.mesh:7700"), &host, &port,
	    &err), 0);
	assert_true(slice_is(host, "control.mesh"));
	assert_int_equal(port, 7700);
	assert_int_equal(addr_split(SLICE("[::1]:1"), &host, &port, &err), 0);
	assert_true(slice_is(host, "::1"));
}

TEST(addr_unmaps_ipv4)
{
	char out[ADDR_TEXT_MAX];
	struct addr a;
	struct err err;

	addr_parse(SLICE("[::ffff:10.0.0.7]:5"), &a, &err);
	addr_unmap(&a);
	addr_format(&a, out);
	assert_string_equal(out, "10.0.0.7:5");
	addr_format_ip(&a, out);
	assert_string_equal(out, "10.0.0.7");
}

TEST(addr_knows_a_host_whatever_the_port)
{
	static const struct {
		const char *a, *b;
		bool        same;
	} cases[] = {
		{ "127.0.0.1:1", "127.0.0.1:2", true },
		{ "127.0.0.1:1", "127.0.0.2:1", false },
		{ "[::2]:1", "[::2]:2", true },
		{ "[::2]:1", "[::3]:1", false },
		{ "[::1]:1", "127.0.0.1:1", false },
		{ "unix:/a", "unix:/a", false },
	};
	const struct addr unknown = { 0 };
	struct addr a, b;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		addr_parse(slice_str(cases[i].a), &a, &err);
		addr_parse(slice_str(cases[i].b), &b, &err);
		assert_int_equal(addr_is_same_host(&a, &b), cases[i].same);
	}
	assert_false(addr_is_same_host(&unknown, &unknown));
}

TEST(addr_is_the_same_after_it_was_brief)
{
	static const char *const cases[] = {
		"127.0.0.1:80", "[::1]:443", "unix:/run/mesh.sock",
	};
	struct addr a, room;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		addr_parse(slice_str(cases[i]), &a, &err);
		struct addr_brief brief = addr_shorten(&a);

		assert_true(addr_eq(addr_whole(&brief, &room), &a));
		addr_brief_fini(&brief);
		assert_int_equal(addr_whole(&brief, &room)->len, 0);
	}
	a = (struct addr){ 0 };
	struct addr_brief none = addr_shorten(&a);

	assert_int_equal(addr_whole(&none, &room)->len, 0);
	assert_true(sizeof(none) <= 32);
}

TEST(addr_tells_an_ip_from_a_name)
{
	static const struct {
		const char *text;
		bool        is_ip;
	} cases[] = {
		{ "10.0.0.1", true }, { "::1", true }, { "2001:db8::", true },
		{ "", false }, { "10.0.0", false }, { "10.0.0.1:80", false },
		{ "[::1]", false }, { "a.example", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (addr_is_ip(slice_str(cases[i].text)) != cases[i].is_ip)
			fail_msg("%s", cases[i].text);
}

TEST(close_reasons_have_names_and_sentences)
{
	for (int i = 0; i < CLOSE_REASONS; i++) {
		enum close_reason r = (enum close_reason)i;

		assert_non_null(close_reason_name(r));
		assert_non_null(close_reason_text(r));
	}
	assert_string_equal(close_reason_name(CLOSE_RESET), "peer-reset");
	assert_true(close_reason_is_error(CLOSE_RESET));
	assert_false(close_reason_is_error(CLOSE_FINISHED));
}
