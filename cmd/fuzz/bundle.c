#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/fuzz/fuzz.h"
#include "pki/base64.h"
#include "pki/bundle.h"
#include "pki/host_proof.h"
#include "pki/pem.h"

/* Decoding is strict, so what was decoded has that one text. */
static void
base64_twice(enum base64_kind kind, struct slice text)
{
	size_t room = base64_room(text.len);
	char *bytes = mem_alloc(room + 1);
	ptrdiff_t len = base64_decode(bytes, room, kind, text);
	struct str again = { 0 };

	if (len >= 0) {
		base64_add(&again, kind, slice_of(bytes, (size_t)len));
		check(slice_eq(str_slice(&again), text));
	}
	str_fini(&again);
	mem_free(bytes);
}

static void
decode_blocks(struct slice text)
{
	char *bytes = mem_alloc(text.len + 1);
	struct err err = ERR_INIT;
	struct pem block;

	while (pem_next(&text, &block, &err) == 1)
		check(pem_decode(&block, bytes, text.len) <= (ptrdiff_t)text.len);
	mem_free(bytes);
}

/* The text of a bundle gives the same bundle. */
static void
bundle_twice(struct slice text)
{
	struct bundle *b = bundle_new(SLICE("td"));
	struct bundle *again = bundle_new(SLICE("td"));
	uint8_t one[HASH_LEN], two[HASH_LEN];
	struct err err = ERR_INIT;
	struct str pem = { 0 };

	if (bundle_add_pem(b, text, &err) == 0) {
		bundle_pem(&pem, b);
		check(bundle_add_pem(again, str_slice(&pem), &err) == 0);
		bundle_hash(b, one);
		bundle_hash(again, two);
		check(b->len == again->len && memcmp(one, two, HASH_LEN) == 0);
		str_clear(&pem);
		bundle_jwks(&pem, b, 1, 60, SLICE_NONE);
	}
	str_fini(&pem);
	bundle_unref(b);
	bundle_unref(again);
}

/* A machine's public key, which control was given or is shown. */
static void
public_twice(struct slice text)
{
	uint8_t one[KEY_POINT_LEN], two[KEY_POINT_LEN];
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	if (host_proof_read_public(one, text, &err) != 0)
		return;
	host_proof_add_public(&pem, one);
	check(host_proof_read_public(two, str_slice(&pem), &err) == 0);
	check(memcmp(one, two, KEY_POINT_LEN) == 0);
	str_fini(&pem);
}

int
fuzz_bundle(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);

	base64_twice(BASE64_STD, text);
	base64_twice(BASE64_URL, text);
	decode_blocks(text);
	bundle_twice(text);
	public_twice(text);
	return 0;
}
