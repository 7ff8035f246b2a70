#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/peer_fixture.h"
#include "modes/control/revocations.h"

struct outcome {
	bool   done;
	size_t obeyed, waiting_len;
	char   waiting[64];
};

static void
on_recalled(void *ctx, const struct sessions_recalled *r)
{
	struct outcome *o = ctx;

	o->done = true;
	o->obeyed = r->obeyed;
	o->waiting_len = r->waiting_len;
	if (r->waiting_len > 0)
		memcpy(o->waiting, r->waiting[0], strlen(r->waiting[0]));
}

static void
revoke(struct server_fixture *t, struct slice id, int64_t until)
{
	revocations_add(t->s->revocations, &(struct revocation_record){
	    .id = id, .at = clock_wall_s(), .until = until,
	    .by = SLICE("test") });
}

#define WEB	SLICE("spiffe://td/ns/default/sa/web")

TEST(session_is_told_of_revoked_identities_when_it_begins)
{
	struct server_fixture *t = server_fixture_new();
	struct peer before, after;

	peer_open(t, &before, "default/pay-1");
	assert_true(peer_has(&before, "{\"t\":\"revoke\",\"generation\":1,"
	    "\"list\":\"\"}"));
	revoke(t, WEB, clock_wall_s() + 3600);
	revoke(t, SLICE("spiffe://td/ns/default/sa/over"), clock_wall_s() - 1);
	peer_open(t, &after, "default/pay-2");
	assert_true(peer_has(&after, "spiffe://td/ns/default/sa/web\\n\"}"));
	assert_false(peer_has(&after, "sa/over"));
	peer_close(&before);
	peer_close(&after);
	server_fixture_free(t);
}

TEST(recall_is_over_when_each_proxy_obeys_and_ends_its_own_sessions)
{
	struct server_fixture *t = server_fixture_new();
	struct peer one, two, web;
	struct outcome o = { 0 };

	peer_open(t, &one, "default/pay-1");
	peer_open(t, &two, "default/cart-1");
	peer_open(t, &web, "default/web-1");
	revoke(t, WEB, clock_wall_s() + 3600);
	sessions_recall(t->s->sessions, WEB, 60000, on_recalled, &o);
	/* It hears why before the end. */
	assert_true(peer_has(&web, "\"generation\":2"));
	assert_true(web.is_ended && !one.is_ended && !two.is_ended);
	assert_true(peer_has(&one, "\"generation\":2"));
	peer_say(&one, "{\"t\":\"revoked\",\"generation\":2}\n");
	assert_false(o.done);
	/* That of the list before is not enough. */
	peer_say(&two, "{\"t\":\"revoked\",\"generation\":1}\n");
	assert_false(o.done);
	peer_say(&two, "{\"t\":\"revoked\",\"generation\":2}\n");
	assert_true(o.done);
	assert_int_equal(o.obeyed, 2);
	assert_int_equal(o.waiting_len, 0);
	peer_close(&one);
	peer_close(&two);
	peer_close(&web);
	server_fixture_free(t);
}

TEST(recall_names_who_does_not_obey_in_time)
{
	struct server_fixture *t = server_fixture_new();
	struct peer one, two;
	struct outcome o = { 0 };

	peer_open(t, &one, "default/pay-1");
	peer_open(t, &two, "default/cart-1");
	sessions_recall(t->s->sessions, WEB, 0, on_recalled, &o);
	assert_true(o.done);
	assert_int_equal(o.waiting_len, 2);
	o = (struct outcome){ 0 };
	sessions_recall(t->s->sessions, WEB, 60000, on_recalled, &o);
	peer_say(&one, "{\"t\":\"revoked\",\"generation\":3}\n");
	assert_false(o.done);
	/* Who goes is not waited for: whoever asks sees that it is away. */
	peer_close(&two);
	assert_true(o.done);
	assert_int_equal(o.obeyed, 1);
	peer_close(&one);
	server_fixture_free(t);
}

TEST(session_on_a_root_that_was_revoked_is_ended)
{
	struct server_fixture *t = server_fixture_new();
	struct peer old, now;

	peer_open(t, &old, "default/pay-1");
	peer_open(t, &now, "default/cart-1");
	hash_sha256(now.session->peer.root, t->s->ca->bundle->roots[0].spki);
	sessions_shut_out(t->s->sessions, SLICE("default/cart-1"));
	sessions_shut_out(t->s->sessions, SLICE("default/nobody-1"));
	assert_false(now.is_ended || old.is_ended);
	sessions_shut_out(t->s->sessions, SLICE("default/pay-1"));
	assert_true(old.is_ended && !now.is_ended);
	/* It is not heard any more. */
	peer_say(&old, "{\"t\":\"revoked\",\"generation\":1}\n");
	assert_int_equal(old.session->recalled, 0);
	peer_close(&old);
	peer_close(&now);
	server_fixture_free(t);
}

TEST(recall_ends_with_control)
{
	struct server_fixture *t = server_fixture_new();
	struct outcome o = { 0 };
	struct peer one;

	peer_open(t, &one, "default/pay-1");
	sessions_recall(t->s->sessions, WEB, 60000, on_recalled, &o);
	assert_false(o.done);
	peer_close(&one);
	server_fixture_free(t);
	assert_true(o.done);
}
