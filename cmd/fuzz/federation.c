#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "pki/bundle_set.h"
#include "pki/jwk.h"
#include "pki/spiffe_bundle.h"

/* What we would publish of it has the same roots. */
static void
publish(const struct spiffe_bundle *b)
{
	struct bundle_set *one = bundle_set_new(), *two = bundle_set_new();
	struct spiffe_bundle again;
	struct err err = ERR_INIT;
	struct str text = { 0 };

	bundle_jwks(&text, b->roots, b->sequence, b->refresh_s,
	    SLICE_NONE);
	check(spiffe_bundle_read(&again, SLICE("td"), str_slice(&text),
	    &err) == 0);
	check(again.sequence == b->sequence && again.refresh_s == b->refresh_s);
	check(bundle_set_add(one, b->roots, &err) == 0);
	check(bundle_set_add(two, again.roots, &err) == 0);
	check(bundle_set_equal(one, two));
	bundle_set_unref(one);
	bundle_set_unref(two);
	spiffe_bundle_fini(&again);
	str_fini(&text);
}

/* Those who verify tokens of the domain can read its keys. */
static void
read_keys(const struct spiffe_bundle *b)
{
	struct err err = ERR_INIT;
	struct jwk_set set;
	struct arena a;

	check((b->jwt > 0) == (b->roots->jwks.ptr != NULL));
	if (b->jwt == 0)
		return;
	arena_init(&a);
	check(jwk_set_read(&set, &a, b->roots->jwks, &err) == 0);
	check(set.len + set.left_out == b->jwt);
	arena_fini(&a);
}

int
fuzz_federation(const uint8_t *data, size_t size)
{
	struct spiffe_bundle b;
	struct err err = ERR_INIT;

	if (spiffe_bundle_read(&b, SLICE("td"), slice_of(data, size),
	    &err) != 0) {
		check(err.kind == ERR_DATA || err.kind == ERR_TOO_LARGE);
		check(b.roots == NULL);
		return 0;
	}
	check(b.roots->len <= BUNDLE_ROOTS_MAX);
	check((b.left_out > 0) == (b.why[0] != '\0'));
	publish(&b);
	read_keys(&b);
	spiffe_bundle_fini(&b);
	return 0;
}
