#include "base/unit.h"
#include "modes/proxy/verifier.h"

struct asker {
	struct loop   *loop;
	int            calls;
	enum jwt_fault fault;
};

static void
on_verdict(void *arg, const struct authn_verdict *v)
{
	struct asker *a = arg;

	a->calls++;
	a->fault = v->fault;
	assert_null(v->proof);
	loop_stop(a->loop);
}

static const struct authn_found found = { { "a.b", 3 }, 1 };

static struct verifying *
start(struct verifier *v, struct asker *a, struct authn *rules,
    const char *peer)
{
	return verifier_start(v, a->loop, &(struct verifier_question){ rules,
	    &found, 1, 0, slice_str(peer) }, on_verdict, a);
}

TEST(verifier_answers_on_the_loop_that_asked)
{
	struct asker a = { .loop = loop_new("asker") };
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct verifier *v = verifier_new();

	assert_non_null(start(v, &a, rules, "a"));
	authn_unref(rules);	/* the question keeps them */
	assert_int_equal(a.calls, 0);
	loop_run(a.loop);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.fault, JWT_ISSUER);
	verifier_free(v);
	loop_free(a.loop);
}

/* Whoever asks and goes away is worked for no longer. */
TEST(verifier_passes_over_what_nobody_waits_for)
{
	struct asker a = { .loop = loop_new("asker") };
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct verifier *v = verifier_on(a.loop);

	for (int i = 0; i < 20; i++)
		verifier_cancel(start(v, &a, rules, "a"));
	assert_non_null(start(v, &a, rules, "a"));
	loop_run(a.loop);
	assert_int_equal(a.calls, 1);
	assert_int_equal(verifier_judged(v), 1);
	verifier_free(v);
	loop_free(a.loop);
	authn_unref(rules);
}

TEST(verifier_has_room_for_others_whatever_one_sends)
{
	struct asker a = { .loop = loop_new("asker") };
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct verifier *v = verifier_on(a.loop);
	struct verifying *all[VERIFIER_WAITING_MAX];
	char peer[] = "a";
	size_t n = 0;

	while ((all[n] = start(v, &a, rules, peer)) != NULL)
		n++;
	assert_int_equal(n, VERIFIER_PEER_MAX);
	/* Our own are of nobody, and others' follow until all is full. */
	assert_non_null(all[n++] = start(v, &a, rules, ""));
	for (peer[0] = 'b'; n < VERIFIER_WAITING_MAX && peer[0] <= 'z';
	    peer[0]++)
		for (struct verifying *q; n < VERIFIER_WAITING_MAX &&
		    (q = start(v, &a, rules, peer)) != NULL;)
			all[n++] = q;
	assert_int_equal(n, VERIFIER_WAITING_MAX);
	assert_null(start(v, &a, rules, ""));
	for (size_t i = 1; i < n; i++)
		verifier_cancel(all[i]);
	loop_run(a.loop);
	assert_int_equal(verifier_judged(v), 1);
	/* Who was answered, or went, leaves the room to the next. */
	assert_non_null(start(v, &a, rules, "a"));
	loop_run(a.loop);
	assert_int_equal(a.calls, 2);
	verifier_free(v);
	loop_free(a.loop);
	authn_unref(rules);
}

TEST(verifier_that_ends_tells_nobody_who_gave_up)
{
	struct asker a = { .loop = loop_new("asker") };
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct verifier *v = verifier_new();

	for (int i = 0; i < 20; i++)
		verifier_cancel(start(v, &a, rules, "a"));
	verifier_free(v);
	loop_free(a.loop);	/* what was posted ends here */
	assert_int_equal(a.calls, 0);
	authn_unref(rules);
	verifier_free(NULL);
}
