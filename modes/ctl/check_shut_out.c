#include <string.h>

#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"

/* check_shut_out: whom the end of a root shut out, and who has not come back. */

#define SHOWN_MAX	20

void
check_shut_out(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	/* An older control does not say. */
	const struct conf_node *list = call_list(c, "/v1/ca/shut-out", "items",
	    &err);
	size_t n = 0;

	CONF_FOREACH(e, list) {
		struct check_line *l;

		if (n++ == SHOWN_MAX)
			break;
		l = checks_add(k, "sidecars", CHECK_ERROR, arena_printf(
		    &c->arena, "the root above %s", checks_text(c, e->node,
		    "name")));
		l->why = "its certificate stands on a root that was revoked: "
		    "nobody talks to it";
		l->hint = "a new token in its --token-file lets it in again, or "
		    "a HostAttestor that takes its host; or delete the Workload";
	}
}
