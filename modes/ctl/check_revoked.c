#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"

/* check_revoked: whom everybody refuses, so that no session shows them. */

#define NAMED_MAX	5

static const char *
names_of(struct ctl *c, const struct conf_node *list, size_t *n)
{
	const char *names = "";

	CONF_FOREACH(e, list) {
		if (conf_get(e->node, "issuedSince") != NULL ||
		    (*n)++ >= NAMED_MAX)
			continue;
		names = arena_printf(&c->arena, "%s%s%s", names,
		    *names == '\0' ? "" : ", ", checks_text(c, e->node,
		    "identity"));
	}
	return *n <= NAMED_MAX ? names : arena_printf(&c->arena,
	    "%s and %zu more", names, *n - NAMED_MAX);
}

void
check_revoked(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	size_t n = 0;
	/* Who may not read it, or an older control, is told nothing. */
	const struct conf_node *list = call_list(c, "/v1/revocations", "items",
	    &err);
	const char *names = list == NULL ? "" : names_of(c, list, &n);
	struct check_line *l;

	if (n == 0)
		return;
	l = checks_add(k, "revocations", CHECK_WARNING, n == 1 ?
	    "an identity is revoked" : arena_printf(&c->arena,
	    "%zu identities are revoked", n));
	l->why = arena_printf(&c->arena, "control and every proxy refuse %s",
	    names);
	l->hint = "mesh ctl revoke lists them; a new token in --token-file lets "
	    "a sidecar join again";
}
