#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "filter/http_date.h"
#include "modes/proxy/agent_clock.h"

bool
agent_clock_ahead(struct slice date, int64_t now, int64_t *ahead_s)
{
	int64_t then = http_date_read(date);

	*ahead_s = now - then;
	return then >= 0;
}

void
agent_clock_check(const struct http_head *answer, const char *control)
{
	struct slice date = http_fields_get(&answer->fields, FIELD_DATE);
	int64_t ahead_s;

	if (date.ptr == NULL ||
	    !agent_clock_ahead(date, clock_wall_s(), &ahead_s) ||
	    llabs(ahead_s) <= AGENT_CLOCK_WARN_S)
		return;
	log_warn("identity", "our clock is %lld s %s that of control at %s: "
	    "certificates seem to have ended, or not to have begun; does NTP "
	    "run on both machines?", (long long)llabs(ahead_s),
	    ahead_s > 0 ? "ahead of" : "behind", control);
}
