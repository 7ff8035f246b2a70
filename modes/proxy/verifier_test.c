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

TEST(verifier_answers_on_the_loop_that_asked)
{
	struct asker a = { .loop = loop_new("asker") };
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct verifier *v = verifier_new();

	assert_non_null(verifier_start(v, a.loop, rules, &found, 1, 0, on_verdict,
	    &a));
	authn_unref(rules);	/* the question keeps them */
	assert_int_equal(a.calls, 0);
	loop_run(a.loop);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.fault, JWT_ISSUER);
	verifier_free(v);
	loop_free(a.loop);
}

TEST(verifier_that_ends_tells_nobody_who_gave_up)
{
	struct asker a = { .loop = loop_new("asker") };
	struct authn *rules = authn_new(NULL, 0, NULL);
	struct verifier *v = verifier_new();

	for (int i = 0; i < 20; i++)
		verifier_cancel(verifier_start(v, a.loop, rules, &found, 1,
		    0, on_verdict, &a));
	verifier_free(v);
	loop_free(a.loop);	/* what was posted ends here */
	assert_int_equal(a.calls, 0);
	authn_unref(rules);
	verifier_free(NULL);
}
