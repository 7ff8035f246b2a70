#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "modes/proxy/authorize_log.h"
#include "modes/proxy/worker.h"
#include "stat/metrics.h"

#define WINDOW_MS	1000

static const char *const names[AUTHORIZE_LINES] = {
	[AUTHORIZE_DENY] = "deny",
	[AUTHORIZE_CUT] = "cut",
	[AUTHORIZE_AUDIT] = "audit",
	[AUTHORIZE_WOULD_DENY] = "would_deny",
	[AUTHORIZE_WOULD_ASK] = "would_ask",
	[AUTHORIZE_LET_BY] = "let by",
};

const char *
authorize_line_name(enum authorize_line line)
{
	return names[line];
}

static void
say_rest(struct authorize_log *l)
{
	struct str text = { 0 };
	unsigned all = 0;

	for (size_t i = 0; i < AUTHORIZE_LINES; i++) {
		if (l->left_out[i] == 0)
			continue;
		str_addf(&text, "%s%u %s", all == 0 ? "" : ", ", l->left_out[i],
		    names[i]);
		all += l->left_out[i];
	}
	if (all > 0)
		log_info("authz", "left out in this second: %s", str_ptr(&text));
	str_fini(&text);
	memset(l->left_out, 0, sizeof(l->left_out));
	l->lines = 0;
}

static void
on_window(void *arg)
{
	struct proxy_worker *w = arg;

	say_rest(&w->authz_log);
}

void
authorize_log_init(struct proxy_worker *w)
{
	loop_timer_init(&w->authz_log.window, w->env.loop, on_window, w);
}

void
authorize_log_stop(struct proxy_worker *w)
{
	loop_timer_stop(&w->authz_log.window);
	say_rest(&w->authz_log);
}

bool
authorize_may_log(struct proxy_worker *w, enum authorize_line line)
{
	const struct slice scope = SLICE("authz");
	struct authorize_log *l = &w->authz_log;

	if (l->lines < AUTHORIZE_LINES_MAX) {
		if (l->lines++ == 0)
			loop_timer_start(&l->window, WINDOW_MS);
		return true;
	}
	l->left_out[line]++;
	worker_env_count(&w->env, METRIC_LOG_LEFT_OUT, &scope, 1, 1);
	return false;
}
