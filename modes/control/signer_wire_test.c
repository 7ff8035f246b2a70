#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/signer_wire.h"

static struct signer_request
request(size_t dns_len)
{
	struct signer_request r = {
		.id = SLICE("spiffe://td/ns/a/sa/b"), .dns_len = dns_len,
		.life_s = 86400,
	};

	for (size_t i = 0; i < dns_len; i++)
		r.dns[i] = SLICE("b.a.mesh");
	memset(r.serial, 0x51, sizeof(r.serial));
	memset(r.point, 4, sizeof(r.point));
	return r;
}

TEST(signer_requests_come_back_and_no_truncation_does)
{
	static const size_t lens[] = { 0, 1, SIGNER_DNS_MAX };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct signer_request in = request(lens[i]), out;
		struct str s = { 0 };
		uint32_t number = 0;

		signer_add_request(&s, 7, &in);
		assert_true(s.len < SIGNER_PACKET_MAX);
		assert_true(signer_read_request(&number, &out, str_slice(&s)));
		assert_int_equal(number, 7);
		assert_true(slice_eq(in.id, out.id));
		assert_int_equal(out.dns_len, lens[i]);
		assert_int_equal(out.life_s, 86400);
		assert_memory_equal(in.serial, out.serial, sizeof(in.serial));
		assert_memory_equal(in.point, out.point, sizeof(in.point));
		for (size_t n = 0; n < s.len; n++) {
			char *cut = mem_dup(s.ptr, n);

			assert_false(signer_read_request(&number, &out,
			    slice_of(cut, n)));
			mem_free(cut);
		}
		str_add_char(&s, 0);
		assert_false(signer_read_request(&number, &out,
		    str_slice(&s)));
		str_fini(&s);
	}
}

TEST(signer_tokens_come_back_and_no_truncation_does)
{
	struct signer_token in = { .id = SLICE("spiffe://td/ns/a/sa/b"),
	    .life_s = 300 }, out;
	struct signer_request leaf;
	struct slice cert, secret;
	struct str s = { 0 };
	uint32_t number = 0;

	while (in.audiences_len < SIGNER_AUDIENCES_MAX)
		in.audiences[in.audiences_len++] = SLICE("db");
	signer_add_token(&s, 9, &in);
	assert_true(signer_read_token(&number, &out, str_slice(&s)));
	assert_int_equal(number, 9);
	assert_int_equal(out.life_s, 300);
	assert_true(slice_eq(in.id, out.id));
	assert_int_equal(out.audiences_len, SIGNER_AUDIENCES_MAX);
	assert_true(slice_is(out.audiences[15], "db"));
	for (size_t n = 0; n < s.len; n++) {
		char *cut = mem_dup(s.ptr, n);

		assert_false(signer_read_token(&number, &out,
		    slice_of(cut, n)));
		mem_free(cut);
	}
	/* No message is taken for another. */
	assert_false(signer_read_request(&number, &leaf, str_slice(&s)));
	assert_false(signer_read_install(&number, &cert, &secret,
	    str_slice(&s)));
	assert_false(signer_read_renewal(&number, &secret, str_slice(&s)));
	str_fini(&s);
}

TEST(signer_renewals_come_back)
{
	struct signer_token token;
	struct slice cert, secret;
	struct str s = { 0 };
	uint32_t number = 0;
	struct key key;

	key_generate(&key);
	signer_add_renewal(&s, 5, &key);
	assert_true(signer_read_renewal(&number, &secret, str_slice(&s)));
	assert_int_equal(number, 5);
	assert_memory_equal(secret.ptr, key.secret, KEY_SECRET_LEN);
	assert_false(signer_read_token(&number, &token, str_slice(&s)));
	assert_false(signer_read_install(&number, &cert, &secret,
	    str_slice(&s)));
	for (size_t n = 0; n < s.len; n++)
		assert_false(signer_read_renewal(&number, &secret,
		    slice_of(s.ptr, n)));
	key_fini(&key);
	key_wipe_str(&s);
}

TEST(signer_replies_come_back_and_no_truncation_does)
{
	struct signer_reply in = {
		.number = 3, .status = SIGNER_RATE, .body = SLICE("slow down"),
	}, out;
	struct str s = { 0 };

	signer_add_reply(&s, &in);
	assert_true(signer_read_reply(&out, str_slice(&s)));
	assert_int_equal(out.number, 3);
	assert_int_equal(out.status, SIGNER_RATE);
	assert_true(slice_is(out.body, "slow down"));
	for (size_t n = 0; n < s.len; n++)
		assert_false(signer_read_reply(&out, slice_of(s.ptr, n)));
	str_clear(&s);
	in.status = SIGNER_STATUS_COUNT;
	signer_add_reply(&s, &in);
	assert_false(signer_read_reply(&out, str_slice(&s)));
	str_fini(&s);
}

TEST(signer_statuses_are_complete)
{
	for (int i = 0; i < SIGNER_STATUS_COUNT; i++) {
		struct err err = ERR_INIT;

		assert_non_null(signer_status_name((enum signer_status)i));
		assert_non_null(signer_status_sentence((enum signer_status)i));
		if (i == SIGNER_SIGNED)
			continue;
		assert_int_equal(signer_status_err((enum signer_status)i, &err),
		    -1);
		assert_int_not_equal(err.kind, ERR_NONE);
	}
}
