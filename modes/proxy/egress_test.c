#include <string.h>

#include "base/unit.h"
#include "modes/proxy/egress.h"
#include "tls/hello.h"

/* A ClientHello with one suite, for this name (NULL: none); gives its length. */
static size_t
make_hello(unsigned char *out, const char *sni)
{
	size_t name = sni == NULL ? 0 : strlen(sni), ext = name + 9, n = 0;
	size_t body = 2 + 32 + 1 + 4 + 2 + (sni == NULL ? 0 : 2 + ext);
	const unsigned char head[] = {
		0x16, 3, 1, (unsigned char)((body + 4) >> 8),
		(unsigned char)(body + 4), 1, 0, (unsigned char)(body >> 8),
		(unsigned char)body, 3, 3
	};
	const unsigned char suites[] = { 0, 0, 2, 0xc0, 0x2b, 1, 0 };
	const unsigned char lead[] = { 0, (unsigned char)ext, 0, 0, 0,
		(unsigned char)(name + 5), 0, (unsigned char)(name + 3), 0, 0,
		(unsigned char)name };

	memcpy(out, head, sizeof(head));
	n = sizeof(head);
	memset(out + n, 7, 32);
	n += 32;
	memcpy(out + n, suites, sizeof(suites));
	n += sizeof(suites);
	if (sni == NULL)
		return n;
	memcpy(out + n, lead, sizeof(lead));
	memcpy(out + n + sizeof(lead), sni, name);
	return n + sizeof(lead) + name;
}

static enum egress_look
look(const void *bytes, size_t len, const char *host, enum egress_refusal *why)
{
	struct buf b = { 0 };

	buf_add(&b, bytes, len);
	const struct slice hosts[EGRESS_HOSTS] = { slice_str(host),
		SLICE("own.example.net") };
	enum egress_look l = egress_look(&b, hosts, why);

	assert_int_equal(buf_len(&b), len);
	buf_fini(&b);
	return l;
}

static const struct {
	const char         *sni, *host;
	enum egress_look    want;
	enum egress_refusal why;
} hellos[] = {
	{ "api.example.com", "api.example.com", EGRESS_PASS, 0 },
	{ "API.example.com", "api.Example.com.", EGRESS_PASS, 0 },
	{ "evil.example.com", "api.example.com", EGRESS_REFUSE,
	    EGRESS_OTHER_NAME },
	{ "api.example.com.evil", "api.example.com", EGRESS_REFUSE,
	    EGRESS_OTHER_NAME },
	{ NULL, "api.example.com", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ "own.example.net", "svc.default.mesh", EGRESS_PASS, 0 },
	{ "db", "db", EGRESS_PASS, 0 },
	{ "other", "db", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ NULL, "db", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ "db", "", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ NULL, "", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ NULL, ".", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ "db.", "db", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ NULL, "192.0.2.1", EGRESS_PASS, 0 },
	{ NULL, "192.0.2.1.", EGRESS_PASS, 0 },
	{ "192.0.2.1", "192.0.2.1", EGRESS_PASS, 0 },
	{ "192.0.2.2", "192.0.2.1", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ "evil.example.com", "192.0.2.1", EGRESS_REFUSE, EGRESS_OTHER_NAME },
	{ NULL, "2001:db8::1", EGRESS_PASS, 0 },
	{ "evil.example.com", "2001:db8::1", EGRESS_REFUSE,
	    EGRESS_OTHER_NAME },
	{ "2001:db8::1", "2001:db8::1", EGRESS_REFUSE, EGRESS_NO_HELLO },
	{ NULL, "192.0.2", EGRESS_REFUSE, EGRESS_OTHER_NAME },
};

TEST(tls_in_a_tunnel_asks_for_the_host_of_connect)
{
	for (size_t i = 0; i < sizeof(hellos) / sizeof(hellos[0]); i++) {
		unsigned char bytes[512];
		size_t len = make_hello(bytes, hellos[i].sni);
		enum egress_refusal why = EGRESS_REFUSALS;

		assert_int_equal(look(bytes, len, hellos[i].host, &why),
		    hellos[i].want);
		if (hellos[i].want == EGRESS_REFUSE)
			assert_int_equal(why, hellos[i].why);
		for (size_t n = 0; n < len; n++)
			assert_int_equal(look(bytes, n, hellos[i].host, &why),
			    EGRESS_MORE);
	}
}

/*
 * A hello with an extension of so many bytes in front of its name, as large key
 * shares are, in records of at most so many; gives its length.
 */
static size_t
make_large_hello(unsigned char *out, size_t pad, size_t record,
    const char *sni)
{
	unsigned char small[512], message[8192];
	size_t len = make_hello(small, sni) - 5, n = 0;
	size_t front = 4 + 2 + 32 + 7;	/* up to the length of extensions */

	memcpy(message, small + 5, front);
	message[front] = (unsigned char)((len - front - 2 + pad + 4) >> 8);
	message[front + 1] = (unsigned char)(len - front - 2 + pad + 4);
	memcpy(message + front + 2, (const unsigned char[]){ 0, 51,
	    (unsigned char)(pad >> 8), (unsigned char)pad }, 4);
	memset(message + front + 6, 9, pad);
	memcpy(message + front + 6 + pad, small + 5 + front + 2,
	    len - front - 2);
	len += pad + 4;
	message[2] = (unsigned char)((len - 4) >> 8);
	message[3] = (unsigned char)(len - 4);
	for (size_t at = 0; at < len; at += record) {
		size_t part = len - at < record ? len - at : record;
		const unsigned char head[] = { 0x16, 3, 1,
			(unsigned char)(part >> 8), (unsigned char)part };

		memcpy(out + n, head, sizeof(head));
		memcpy(out + n + sizeof(head), message + at, part);
		n += sizeof(head) + part;
	}
	return n;
}

TEST(a_hello_in_a_tunnel_may_be_large_and_of_several_records)
{
	static const struct {
		size_t pad, record;
	} shapes[] = { { 1216, 16384 }, { 1216, 700 }, { 6000, 16384 },
		{ 16, 40 } };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		unsigned char bytes[9000];
		size_t len = make_large_hello(bytes, shapes[i].pad,
		    shapes[i].record, "api.example.com");
		enum egress_refusal why = EGRESS_REFUSALS;

		for (size_t n = 0; n < len; n++)
			assert_int_equal(look(bytes, n, "api.example.com",
			    &why), EGRESS_MORE);
		assert_int_equal(look(bytes, len, "api.example.com", &why),
		    EGRESS_PASS);
		assert_int_equal(look(bytes, len, "evil.example.com", &why),
		    EGRESS_REFUSE);
		assert_int_equal(why, EGRESS_OTHER_NAME);
	}
}

TEST(a_hello_in_a_tunnel_without_an_end_is_refused)
{
	unsigned char bytes[HELLO_PEEK_BYTES] = { 0x16, 3, 1, 0x40, 0, 1, 0,
		0x3f, 0xfc };
	enum egress_refusal why = EGRESS_REFUSALS;

	assert_int_equal(look(bytes, 5000, "a.b", &why), EGRESS_MORE);
	bytes[6] = 1;	/* 64 KiB and more */
	assert_int_equal(look(bytes, 5000, "a.b", &why), EGRESS_REFUSE);
	assert_int_equal(why, EGRESS_NO_HELLO);
}

TEST(what_is_not_tls_passes_and_what_pretends_does_not)
{
	static const struct {
		const char      *bytes;
		size_t           len;
		enum egress_look want;
	} cases[] = {
		{ "SSH-2.0-x\r\n", 11, EGRESS_PASS },
		{ "\x16", 1, EGRESS_MORE },
		{ "\x16\x03\x01\x00\x01\x01", 6, EGRESS_MORE },
		{ "\x16\x03\x01\x00\x01\x02", 6, EGRESS_REFUSE },
		{ "\x16\x02", 2, EGRESS_REFUSE },
		{ "\x16\x03\x01\xff\xff", 5, EGRESS_REFUSE },
		{ "\x16\x03\x01\x00\x00", 5, EGRESS_REFUSE },
		/* A warning, which some servers pass over, and others. */
		{ "\x15", 1, EGRESS_MORE },
		{ "\x15\x03", 2, EGRESS_MORE },
		{ "\x15\x03\x01", 3, EGRESS_REFUSE },
		{ "\x14\x03\x03\x00\x01\x01", 6, EGRESS_REFUSE },
		{ "\x17\x03\x04", 3, EGRESS_REFUSE },
		{ "\x15\x02", 2, EGRESS_PASS },
		{ "\x15\x03\x05", 3, EGRESS_PASS },
		{ "\x13\x03\x01", 3, EGRESS_PASS },
		/* As SSL 2 wrote it. */
		{ "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11,
		    EGRESS_REFUSE },
		{ "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00", 10,
		    EGRESS_MORE },
		{ "\x80", 1, EGRESS_MORE },
		{ "\x80\x2e\x02", 3, EGRESS_PASS },
		{ "\x80\x2e\x01\x03\x09", 5, EGRESS_PASS },
		{ "\x80\x2f\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11,
		    EGRESS_PASS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum egress_refusal why = EGRESS_REFUSALS;

		assert_int_equal(look(cases[i].bytes, cases[i].len, "a.b",
		    &why), cases[i].want);
		if (cases[i].want == EGRESS_REFUSE)
			assert_int_equal(why, EGRESS_NO_HELLO);
	}
}

static const struct {
	const char *host;
	uint16_t    port;
	const char *key;	/* NULL: it is none */
} keys[] = {
	{ "api.example.com", 443, "api.example.com:443" },
	{ "API.Example.COM.", 80, "api.example.com:80" },
	{ "", 80, NULL },
	{ ".", 80, NULL },
};

TEST(hosts_outside_are_found_whatever_their_case)
{
	char out[SNAPSHOT_HOST_MAX], longest[300];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(snapshot_host_key(slice_str(keys[i].host),
		    keys[i].port, out), keys[i].key != NULL);
		if (keys[i].key != NULL)
			assert_string_equal(out, keys[i].key);
	}
	memset(longest, 'a', sizeof(longest));
	for (size_t n = 1; n < sizeof(longest); n++)
		if (snapshot_host_key(slice_of(longest, n), 65535, out))
			assert_int_equal(strlen(out), n + 6);
		else
			assert_true(n > 253);
}

TEST(who_is_outside_is_known_by_a_host_of_its_own)
{
	static const struct {
		const char *authority, *host;
	} cases[] = {
		{ "api.example.com", "api.example.com" },
		{ "api.example.com:8443", "api.example.com" },
		{ "192.0.2.1:80", "192.0.2.1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "[2001:db8::1]:8443", "2001:db8::1" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cluster c = {
			.authority = slice_str(cases[i].authority) };

		assert_true(slice_is(egress_host(&c), cases[i].host));
	}
}
