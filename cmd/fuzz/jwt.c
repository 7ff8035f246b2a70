#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "policy/authn.h"

#define NOW	INT64_C(1795223561)	/* 2026-11-21 */

/* A set of nobody's keys believes nothing. */
static void
verify(const struct jwt *t, const struct jwk_set *keys)
{
	static const struct jwk_set none;
	const struct jwt_trust nobody = { .keys = &none },
	    trust = { .keys = keys };

	check(jwt_verify(t, &nobody, NOW) != JWT_OK);
	jwt_verify(t, &trust, NOW);
}

/* What policies would be told. */
static void
tell(const struct jwt *t, struct arena *a)
{
	static const char *const spaced[] = { "groups" };
	struct authz_token said;

	authn_token(&said, a, t->claims, spaced, 1);
	check(said.claims != NULL && said.claims->kind == CONF_MAP);
	check(said.principal.ptr == NULL || (t->issuer.len > 0 &&
	    said.principal.len == t->issuer.len + 1 + t->subject.len));
	check(authn_end(t) >= 0);
}

/* A token, and a set of keys; of either as far as it goes. */
int
fuzz_jwt(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size), token = text;
	struct err err = ERR_INIT;
	struct jwk_set set;
	struct arena a;
	struct jwt t;

	arena_init(&a);
	if (jwk_set_read(&set, &a, text, &err) != 0)
		check(err.kind == ERR_DATA || err.kind == ERR_TOO_LARGE);
	else
		check(set.len + set.left_out <= JWK_SET_MAX);
	/* Behind a line with keys a token that is of them. */
	if (slice_cut(&token, '\n', &text) && token.ptr != NULL)
		jwk_set_read(&set, &a, text, &err);
	else
		token = slice_of(data, size);
	if (jwt_read(&t, &a, token) == JWT_OK) {
		check(t.claims != NULL && t.alg != NULL);
		check(t.payload.ptr > token.ptr && t.payload.ptr +
		    t.payload.len < token.ptr + token.len);
		verify(&t, &set);
		tell(&t, &a);
	}
	arena_fini(&a);
	return 0;
}
