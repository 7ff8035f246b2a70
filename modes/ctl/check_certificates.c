#include "base/clock.h"
#include "conf/units.h"
#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"

/* check_certificates: those that Gateways show, which nobody here renews. */

#define SOON_S	(14 * 86400)

static bool
is_long(const struct conf_node *row)
{
	const char *time = conf_get_string(row, "notAfter");
	int64_t at;

	return time == NULL || (conf_time_read(slice_str(time), &at) &&
	    at - clock_wall_s() >= SOON_S);
}

void
check_certificates(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	const struct conf_node *list = call_list(c, "/v1/certificates", "items",
	    &err);
	size_t good = 0;

	/* An older control does not tell. */
	if (list == NULL)
		return;
	CONF_FOREACH(e, list) {
		struct check_line *l;

		if (is_long(e->node)) {
			good++;
			continue;
		}
		l = checks_add_end(c, k, "certificates", arena_printf(&c->arena,
		    "the certificate of Secret %s", checks_text(c, e->node,
		    "secret")), conf_get_string(e->node, "notAfter"), SOON_S);
		if (l != NULL)
			l->hint = "apply the Secret with a new one; what is open "
			    "goes on";
	}
	if (good > 0 && good == conf_len(list))
		checks_add(k, "certificates", CHECK_SUCCESS, arena_printf(
		    &c->arena, good == 1 ? "the only certificate in a Secret is "
		    "valid for 14 days and more" : "all %zu certificates in "
		    "Secrets are valid for 14 days and more", good));
}
