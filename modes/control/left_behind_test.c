#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/joining_fixture.h"
#include "modes/control/left_behind.h"
#include "modes/control/operators.h"
#include "modes/control/peer_fixture.h"
#include "modes/control/revocations.h"
#include "modes/control/rotation.h"
#include "modes/control/store_keys.h"

/* Names and kinds, in one line. */
struct seen {
	bool done;
	char text[256];
};

static void
on_seen(void *ctx, const struct left_behind *b)
{
	struct seen *s = ctx;
	size_t len = 0;

	assert_string_equal(b->err.text, "");
	s->text[0] = '\0';
	for (size_t i = 0; i < b->n; i++)
		len += (size_t)snprintf(s->text + len, sizeof(s->text) - len,
		    "%s%s %s", i > 0 ? ", " : "", b->v[i].name,
		    left_behind_kind_name(b->v[i].kind));
	s->done = true;
}

static void
must_see_by(struct server_fixture *t, enum left_behind_by by,
    const char *wanted)
{
	struct seen s = { 0 };

	left_behind_look(t->s, by, on_seen, &s);
	server_fixture_run(t, &s.done);
	assert_string_equal(s.text, wanted);
}

static void
must_see(struct server_fixture *t, const char *wanted)
{
	must_see_by(t, LEFT_BY_REVOKE, wanted);
}

/* A certificate of a CA that signs no more. */
static void
put_record(struct server_fixture *t, const char *key, const char *id,
    const char *name, int64_t age_s, int64_t left_s)
{
	struct cert_record c = { .id = slice_str(id), .issuer = SLICE("00ff"),
	    .issued = clock_wall_s() - age_s,
	    .expires = clock_wall_s() + left_s };
	struct store_txn *txn = store_txn_new();
	struct str json = { 0 }, at = { 0 };

	if (name != NULL)
		c.grant = (struct grant){ .ns = SLICE("shop"),
		    .account = SLICE("sell"), .name = slice_str(name) };
	cert_record_write(&json, &c);
	str_addf(&at, STORE_CERTIFICATES "%s", key);
	store_txn_put(txn, str_slice(&at), str_slice(&json));
	fixture_commit(&t->f, txn);
	str_fini(&json);
	str_fini(&at);
}

#define SELL	"spiffe://td/ns/shop/sa/sell"
#define ANNA	"spiffe://td/operator/anna"

TEST(who_cannot_renew_is_told_apart_from_who_was_not_asked)
{
	struct server_fixture *t = server_fixture_new();
	struct operator_record anna = { .name = SLICE("anna"),
	    .created = clock_wall_s(), .expires = clock_wall_s() + 100 };

	put_record(t, "01", SELL, "orders-1", 100, 100);
	must_see(t, "shop/orders-1 stopped");
	server_fixture_put(t, "apiVersion: mesh/v1\nkind: Workload\n"
	    "metadata: {name: orders-1, namespace: shop}\n"
	    "spec: {serviceAccount: sell, address: 10.0.0.1, "
	    "services: [orders]}\n");
	must_see(t, "shop/orders-1 away");
	/* Control's own follows the CA, and what has ended is nobody's. */
	put_record(t, "02", "spiffe://td/control", NULL, 100, 100);
	put_record(t, "03", SELL, "orders-3", 100, -1);
	must_see(t, "shop/orders-1 away");
	/* Whose record went was revoked. */
	put_record(t, "04", ANNA, NULL, 100, 100);
	must_see(t, "shop/orders-1 away");
	operators_add(t->s->operators, &anna);
	must_see(t, "anna operator, shop/orders-1 away");
	operators_remove(t->s->operators, SLICE("anna"));
	must_see(t, "shop/orders-1 away");
	server_fixture_free(t);
}

TEST(who_was_revoked_holds_no_root_up)
{
	struct server_fixture *t = server_fixture_new();
	const struct revocation_record r = { .id = SLICE(SELL),
	    .at = clock_wall_s() - 50, .until = clock_wall_s() + 100,
	    .by = SLICE("anna") };

	put_record(t, "01", SELL, "orders-1", 100, 100);
	put_record(t, "02", SELL, "orders-2", 100, 100);
	must_see(t, "shop/orders-1 stopped, shop/orders-2 stopped");
	revocations_add(t->s->revocations, &r);
	must_see(t, "");
	/* It was let in again since. */
	put_record(t, "03", SELL, "orders-2", 10, 100);
	must_see(t, "shop/orders-2 stopped");
	server_fixture_free(t);
}

/* Whom the end of the old root would shut out, until it has renewed. */
TEST(who_has_a_certificate_of_the_ca_before_is_left_behind)
{
	struct server_fixture *t = server_fixture_new();
	struct token token;
	struct key key;

	key_generate(&key);
	joining_token(t, &token, "orders-2", 60);
	joining_run(t, &token, &key);
	must_see(t, "");
	put_record(t, "aa", SELL, "orders-1", 100, 100);
	must_see(t, "shop/orders-1 stopped");
	/* It renews: what it had before is of no concern. */
	joining_token(t, &token, "orders-1", 60);
	assert_string_equal(joining_run(t, &token, &key).err.text, "");
	must_see(t, "");
	key_fini(&key);
	server_fixture_free(t);
}

struct order {
	bool       done;
	struct err err;
};

static void
on_order(void *ctx, const struct err *err)
{
	struct order *o = ctx;

	o->done = true;
	o->err = *err;
}

static void
rotate(struct server_fixture *t, struct rotation *r, enum ca_level level)
{
	const struct audit_entry who = { .actor = SLICE("anna"),
	    .from = SLICE("local") };
	struct order made = { .err = ERR_INIT }, used = made;

	rotation_prepare(r, level, NULL, &who, on_order, &made);
	assert_string_equal(made.err.text, "");
	rotation_activate(r, &who, on_order, &used);
	server_fixture_run(t, &used.done);
	assert_string_equal(used.err.text, "");
}

/* Or who is connected would be cut off with a certificate that is good. */
TEST(nobody_is_left_behind_by_intermediates_of_one_root)
{
	struct server_fixture *t = server_fixture_new();
	struct rotation *r = rotation_new(t->s);
	struct token token;
	struct key key;

	key_generate(&key);
	joining_token(t, &token, "orders-1", 60);
	assert_string_equal(joining_run(t, &token, &key).err.text, "");
	for (int i = 0; i < 3; i++) {
		rotate(t, r, CA_INTERMEDIATE);
		must_see(t, "");
	}
	rotate(t, r, CA_ROOT);
	must_see(t, "shop/orders-1 stopped");
	rotate(t, r, CA_INTERMEDIATE);
	must_see(t, "shop/orders-1 stopped");
	key_fini(&key);
	rotation_free(r);
	server_fixture_free(t);
}

#define DAY	86400

/* What has ended could still be renewed; but not by a root that is not known. */
TEST(who_is_not_connected_is_left_by_a_root_that_nobody_vouches_for)
{
	struct server_fixture *t = server_fixture_new();
	struct operator_record anna = { .name = SLICE("anna"),
	    .created = clock_wall_s(), .expires = clock_wall_s() + 100 };
	struct token token;
	struct key key;
	struct peer p;

	key_generate(&key);
	joining_token(t, &token, "orders-1", 60);
	joining_run(t, &token, &key);
	must_see_by(t, LEFT_BY_ACTIVATE, "shop/orders-1 stopped");
	peer_open(t, &p, "shop/orders-1");
	must_see_by(t, LEFT_BY_ACTIVATE, "");
	put_record(t, "02", SELL, "orders-2", 30 * DAY, -29 * DAY);
	put_record(t, "03", SELL, "orders-3", 32 * DAY, -31 * DAY);
	must_see_by(t, LEFT_BY_ACTIVATE, "shop/orders-2 stopped");
	put_record(t, "04", ANNA, NULL, 100, 100);
	operators_add(t->s->operators, &anna);
	must_see_by(t, LEFT_BY_ACTIVATE, "shop/orders-2 stopped");
	server_fixture_put(t, "apiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec: {renewAfterExpiry: 0s}\n");
	must_see_by(t, LEFT_BY_ACTIVATE, "");
	peer_close(&p);
	key_fini(&key);
	server_fixture_free(t);
}
