#include "base/clock.h"
#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"
#include "pki/cert.h"
#include "pki/pem.h"

/* check_hosts: until when machines may join without tokens: HostAttestors. */

#define CATEGORY	"hosts"
#define SOON_S		(14 * 86400)

/* One that is over lets nobody in, as was ordered: never more than a warning. */
static void
add_end(struct ctl *c, struct checks *k, const char *what, const char *time,
    const char *hint)
{
	struct check_line *l = checks_add_end(c, k, CATEGORY, what, time, SOON_S);

	if (l == NULL)
		return;
	if (l->result == CHECK_SUCCESS) {
		k->len--;	/* one line for all of them */
		return;
	}
	l->result = CHECK_WARNING;
	l->hint = hint;
}

static void
check_roots(struct ctl *c, struct checks *k, const char *name,
    struct slice text)
{
	uint8_t *der = arena_alloc(&c->arena, CERT_MAX);
	struct err ignored = ERR_INIT;
	struct cert root;
	struct pem pem;

	for (int n = 1; pem_next(&text, &pem, &ignored) > 0; n++) {
		ptrdiff_t len = pem_decode(&pem, der, CERT_MAX);
		char end[CLOCK_TEXT_MAX];

		if (len < 0 || cert_parse(&root, slice_of(der, (size_t)len),
		    &ignored) < 0)
			continue;
		clock_format(end, root.not_after, -1);
		add_end(c, k, arena_printf(&c->arena, "root %d of HostAttestor %s",
		    n, name), arena_strdup(&c->arena, end), "put the next one "
		    "beside it in spec.x509.roots; machines that joined go on");
	}
}

void
check_hosts(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	size_t before = k->len;
	const struct conf_node *list = call_list(c,
	    "/v1/documents/hostattestors", "items", &err);

	/* An older control has no such kind. */
	CONF_FOREACH(e, list) {
		const char *name = arena_printf(&c->arena, "%s/%s",
		    conf_string(conf_find(e->node, "metadata.namespace")),
		    conf_string(conf_find(e->node, "metadata.name")));

		add_end(c, k, arena_printf(&c->arena, "HostAttestor %s", name),
		    conf_string(conf_find(e->node, "spec.expires")),
		    "machines that joined go on; a later spec.expires lets others "
		    "join, or delete it");
		check_roots(c, k, name, slice_str(conf_string(conf_find(e->node,
		    "spec.x509.roots"))));
	}
	if (k->len == before && conf_len(list) > 0)
		checks_add(k, CATEGORY, CHECK_SUCCESS, arena_printf(&c->arena,
		    conf_len(list) == 1 ? "the only HostAttestor is valid for 14 "
		    "days and more" : "all %zu HostAttestors are valid for 14 days "
		    "and more", conf_len(list)));
}
