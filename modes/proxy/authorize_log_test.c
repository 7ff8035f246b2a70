#include "base/unit.h"
#include "modes/proxy/authorize_log.h"
#include "modes/proxy/worker.h"

TEST(authorize_log_counts_each_line_that_it_leaves_out)
{
	struct proxy_worker w = { .env.loop = loop_new("test") };
	unsigned written = 0;

	authorize_log_init(&w);
	for (size_t i = 0; i < 40; i++)
		written += authorize_may_log(&w, i % 4 == 0 ? AUTHORIZE_DENY :
		    AUTHORIZE_AUDIT);
	assert_int_equal(written, AUTHORIZE_LINES_MAX);
	assert_int_equal(w.authz_log.left_out[AUTHORIZE_DENY], 8);
	assert_int_equal(w.authz_log.left_out[AUTHORIZE_AUDIT], 24);
	assert_true(loop_timer_is_running(&w.authz_log.window));
	/* With the second a new account begins; so it does here. */
	authorize_log_stop(&w);
	assert_int_equal(w.authz_log.left_out[AUTHORIZE_AUDIT], 0);
	assert_false(loop_timer_is_running(&w.authz_log.window));
	assert_true(authorize_may_log(&w, AUTHORIZE_DENY));
	authorize_log_stop(&w);
	loop_free(w.env.loop);
}
