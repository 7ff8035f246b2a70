#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "pki/base64.h"
#include "pki/jwk.h"
#include "pki/jwt_svid.h"

/* The part of a token that its n-th dot ends, decoded. */
static struct slice
part_of(struct slice token, int n, struct arena *a)
{
	struct slice part = SLICE_NONE;
	char *out;

	while (n-- >= 0)
		assert_true(slice_cut(&token, '.', &part));
	out = arena_alloc(a, base64_room(part.len) + 1);

	ptrdiff_t len = base64_decode(out, base64_room(part.len), BASE64_URL,
	    part);

	assert_true(len > 0);
	return slice_of(out, (size_t)len);
}

/* RFC 7638 has RSA alone: its section 3 done by hand in Python's hashlib. */
TEST(jwt_kid_is_the_thumbprint_of_its_key)
{
	uint8_t point[KEY_POINT_LEN];
	char kid[JWT_KID_LEN + 1];
	struct str text = { 0 };

	/* The key of RFC 7517, appendix A.1. */
	point[0] = 4;
	assert_int_equal(base64_decode(point + 1, 32, BASE64_URL,
	    SLICE("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4")), 32);
	assert_int_equal(base64_decode(point + 33, 32, BASE64_URL,
	    SLICE("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM")), 32);
	jwt_svid_kid(kid, point);
	assert_string_equal(kid, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
	jwt_svid_add_key(&text, point, "jwt-svid");
	assert_non_null(strstr(text.ptr, "\"use\":\"jwt-svid\""));
	str_clear(&text);
	jwt_svid_add_key(&text, point, NULL);
	assert_null(strstr(text.ptr, "use"));
	str_fini(&text);
}

TEST(jwt_svids_are_verified_by_their_key_alone)
{
	static const struct slice audiences[] = {
		SLICE("spiffe://td/ns/a/sa/b"), SLICE("a \"quoted\" one"),
	};
	const struct jwt_svid want = { .issuer = SLICE("spiffe://td"),
	    .id = SLICE("spiffe://td/ns/a/sa/c"), .audiences = audiences,
	    .audiences_len = 2, .issued = 1000, .expires = 1300 };
	const struct jws_alg *es256 = jws_alg_named(SLICE("ES256"));

	/* Often, as r or s may have zeros in front. */
	for (int i = 0; i < 600; i++) {
		struct str token = { 0 }, set = { 0 };
		struct err err = ERR_INIT;
		struct jwk_set keys;
		struct arena a;
		struct key key;

		arena_init(&a);
		key_generate(&key);
		jwt_svid_add(&token, &want, &key);
		str_add(&set, "{\"keys\":[");
		jwt_svid_add_key(&set, key.point, NULL);
		str_add(&set, "]}");
		assert_int_equal(jwk_set_read(&keys, &a, str_slice(&set), &err),
		    0);
		assert_int_equal(keys.len, 1);

		struct slice sig = part_of(str_slice(&token), 2, &a);
		struct slice message = slice_of(token.ptr,
		    (size_t)(strrchr(token.ptr, '.') - token.ptr));

		assert_int_equal(sig.len, 64);
		assert_true(jws_verify(es256, &keys.v[0].key, message, sig));
		token.ptr[message.len / 2] ^= 1;
		assert_false(jws_verify(es256, &keys.v[0].key, message, sig));
		token.ptr[message.len / 2] ^= 1;
		if (i == 0) {
			const struct conf_node *claims = conf_json_read(&a,
			    part_of(str_slice(&token), 1, &a), "claims", &err);

			assert_string_equal(conf_get_string(claims, "sub"),
			    want.id.ptr);
			assert_string_equal(conf_string(conf_at(conf_get(claims,
			    "aud"), 1)), audiences[1].ptr);
			assert_int_equal(conf_get_int(claims, "exp", 0), 1300);
		}
		key_fini(&key);
		str_fini(&token);
		str_fini(&set);
		arena_fini(&a);
	}
}
