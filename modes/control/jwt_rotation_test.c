#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/jwt_rotation.h"
#include "modes/control/peer_fixture.h"
#include "pki/base64.h"
#include "pki/jwt_svid.h"

struct signed_token {
	bool               done;
	enum signer_status status;
	char               head[256];
};

static void
on_signed(void *owner, const struct signer_reply *reply)
{
	struct signed_token *t = owner;
	struct slice rest = reply->body, head;

	t->done = true;
	t->status = reply->status;
	slice_cut(&rest, '.', &head);

	ptrdiff_t n = base64_decode(t->head, sizeof(t->head) - 1, BASE64_URL,
	    head);

	t->head[n < 0 ? 0 : n] = '\0';
}

/* Whether tokens are signed by the key of that row. */
static bool
is_by(struct server_fixture *t, const struct jwt_key *key)
{
	struct signer_token token = { .id = SLICE("spiffe://td/ns/a/sa/b"),
	    .audiences = { SLICE("x") }, .audiences_len = 1, .life_s = 60 };
	struct signed_token got = { .done = false };
	char kid[JWT_KID_LEN + 1];

	signer_send_token(t->s->ca->signer, &token, on_signed, &got);
	server_fixture_run(t, &got.done);
	assert_int_equal(got.status, SIGNER_SIGNED);
	jwt_svid_kid(kid, key->point);
	return strstr(got.head, kid) != NULL;
}

static void
on_order(void *ctx, const struct err *err)
{
	assert_string_equal(err->text, "");
	*(bool *)ctx = true;
}

TEST(jwt_key_that_is_replaced_verifies_no_more)
{
	struct server_fixture *t = server_fixture_new();
	const struct jwt_keys *k = &t->s->ca->jwt;
	const struct audit_entry who = { .actor = SLICE("x"), .from = SLICE("y") };
	struct jwt_key old = k->v[0];
	bool done = false;
	struct peer p;
	char kid[JWT_KID_LEN + 1];

	peer_open(t, &p, "shop/orders-1");
	jwt_rotation_replace(t->s, &who, on_order, &done);
	server_fixture_run(t, &done);
	assert_int_equal(k->len, 1);
	assert_int_equal(k->v[0].state, JWT_KEY_ACTIVE);
	assert_memory_not_equal(k->v[0].point, old.point, KEY_POINT_LEN);
	assert_true(is_by(t, &k->v[0]));
	jwt_svid_kid(kid, k->v[0].point);
	peer_await(t, &p, kid);
	/* With one prepared it is that one. */
	done = false;
	jwt_rotation_look(t->s, clock_wall_s() + JWT_KEY_LIFE_S);
	assert_int_equal(k->len, 2);
	old = k->v[1];
	jwt_rotation_replace(t->s, &who, on_order, &done);
	server_fixture_run(t, &done);
	assert_int_equal(k->len, 1);
	assert_memory_equal(k->v[0].point, old.point, KEY_POINT_LEN);
	peer_close(&p);
	server_fixture_free(t);
}

TEST(jwt_keys_are_published_before_they_sign_and_after)
{
	struct server_fixture *t = server_fixture_new();
	const struct jwt_keys *k = &t->s->ca->jwt;
	int64_t now = clock_wall_s();
	struct peer p;
	char kid[JWT_KID_LEN + 1];

	peer_open(t, &p, "shop/orders-1");
	jwt_rotation_look(t->s, now);
	assert_int_equal(k->len, 1);
	assert_true(is_by(t, &k->v[0]));
	jwt_rotation_look(t->s, now + JWT_KEY_LIFE_S);
	assert_int_equal(k->len, 2);
	assert_true(is_by(t, &k->v[0]));
	/* A proxy knows it at once. */
	jwt_svid_kid(kid, k->v[1].point);
	peer_await(t, &p, kid);
	jwt_rotation_look(t->s, now + JWT_KEY_LIFE_S + 60);
	assert_int_equal(k->v[1].state, JWT_KEY_NEXT);
	jwt_rotation_look(t->s, now + JWT_KEY_LIFE_S + JWT_KEY_LEAD_S);
	assert_true(is_by(t, &k->v[1]));
	assert_int_equal(k->v[0].state, JWT_KEY_OLD);
	assert_int_equal(k->v[1].state, JWT_KEY_ACTIVE);
	jwt_rotation_look(t->s, now + JWT_KEY_TAIL_S - 60);
	assert_int_equal(k->len, 2);
	jwt_rotation_look(t->s, now + JWT_KEY_TAIL_S + 60);
	assert_int_equal(k->len, 1);
	assert_true(is_by(t, &k->v[0]));
	peer_close(&p);
	server_fixture_free(t);
}
