#include <string.h>

#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"

/* check_federation: the bundles of other trust domains, which nobody here renews. */

#define CATEGORY	"federation"
#define SOON_S		(7 * 86400)

/* The condition of that type, or NULL. */
static const struct conf_node *
condition(const struct conf_node *document, const char *type)
{
	CONF_FOREACH(e, conf_find(document, "status.conditions")) {
		const char *is = conf_get_string(e->node, "type");

		if (is != NULL && strcmp(is, type) == 0)
			return e->node;
	}
	return NULL;
}

static bool
is_false(const struct conf_node *condition)
{
	const char *status = conf_get_string(condition, "status");

	return status != NULL && strcmp(status, "False") == 0;
}

/* "WHAT trust domain DOMAIN": the title reads right whatever came of it. */
static struct check_line *
add(struct ctl *c, struct checks *k, enum check_result result,
    const char *what, const char *domain)
{
	return checks_add(k, CATEGORY, result, arena_printf(&c->arena,
	    "%s trust domain %s", what, domain));
}

/* Whether anybody there is believed. */
static bool
check_bundle(struct ctl *c, struct checks *k, const char *domain,
    const struct conf_node *document, const struct conf_node *fetched)
{
	const struct conf_node *b = conf_find(document, "status.bundle");
	const char *source = conf_get_string(b, "source");
	struct check_line *l;

	if (source == NULL || strcmp(source, "None") == 0) {
		l = add(c, k, CHECK_ERROR, "the bundle of", domain);
		l->why = is_false(fetched) ? conf_get_string(fetched,
		    "message") : "nothing was fetched yet, and nothing is in "
		    "spec.trustDomainBundle";
		l->hint = "until there is one nobody of the domain is believed";
		return false;
	}
	if (conf_get_int(b, "roots", 0) > 0)
		return true;
	l = add(c, k, CHECK_WARNING, "roots in the bundle of", domain);
	l->why = "it says that all its authorities are taken back: nobody of "
	    "the domain is believed";
	return false;
}

static void
check_one(struct ctl *c, struct checks *k, const struct conf_node *document)
{
	const struct conf_node *fetched = condition(document, "Fetched");
	const struct conf_node *accepted = condition(document, "Accepted");
	const char *domain = conf_string(conf_find(document,
	    "spec.trustDomain"));
	const struct conf_node *shared;
	struct check_line *l;

	if (domain == NULL)
		return;
	if (is_false(accepted)) {
		l = add(c, k, CHECK_WARNING, "documents about", domain);
		l->why = conf_get_string(accepted, "message");
		l->hint = "until that is done it counts for nothing";
		return;
	}
	if (!check_bundle(c, k, domain, document, fetched))
		return;
	if ((shared = condition(document, "mesh.internal/SharesRoot")) != NULL) {
		l = add(c, k, CHECK_WARNING, "roots of our own in the bundle of",
		    domain);
		l->why = conf_get_string(shared, "message");
		l->hint = "have every intermediate under that root name its "
		    "trust domain, or give each mesh a root of its own";
	}
	l = checks_add_end(c, k, CATEGORY, arena_printf(&c->arena,
	    "the last root of trust domain %s", domain), conf_string(conf_find(
	    document, "status.bundle.rootsEnd")), SOON_S);
	if (l != NULL && l->result != CHECK_SUCCESS)
		l->hint = "its mesh is to publish the next one";
	if (!is_false(fetched))
		return;
	l = add(c, k, CHECK_WARNING, "fetching the bundle of", domain);
	l->why = conf_get_string(fetched, "message");
	l->hint = "the one of before stays in use; mesh ctl describe cftd";
}

void
check_federation(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	const struct conf_node *list = call_list(c,
	    "/v1/documents/clusterfederatedtrustdomains", "items", &err);

	/* An older control has no such kind. */
	CONF_FOREACH(e, list)
		check_one(c, k, e->node);
}
