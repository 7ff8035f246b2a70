#include "link/caller.h"

#include <stdio.h>

#include "pki/spiffe.h"

static struct slice
cut_path(char *path)
{
	for (char *p = path; *p != '\0'; p++)
		if (*p == '/')
			*p = ':';
	return slice_str(path);
}

static void
name_foreigner(struct caller *c, const struct spiffe *id)
{
	struct slice path = id->kind == SPIFFE_WORKLOAD ? id->name :
	    slice_from(id->path, id->path.len > 0 ? 1 : 0);
	int n = snprintf(c->room, sizeof(c->room), "%.*s@%.*s",
	    SLICE_ARG(id->kind == SPIFFE_WORKLOAD ? id->ns : SLICE("")),
	    SLICE_ARG(id->domain));
	char *name = c->room + n + 1;

	/* The ID is shorter than the room, and has more between the two. */
	snprintf(name, sizeof(c->room) - (size_t)n - 1, "%.*s",
	    SLICE_ARG(path));
	c->ns = slice_of(c->room, (size_t)n);
	c->name = cut_path(name);
}

bool
caller_split(struct caller *c, const struct conn_peer *peer)
{
	struct spiffe id;

	c->ns = c->name = SLICE_NONE;
	if (!spiffe_parse(&id, slice_str(peer->id)) || (!peer->is_foreign &&
	    id.kind != SPIFFE_WORKLOAD))
		return false;
	if (peer->is_foreign) {
		name_foreigner(c, &id);
		return true;
	}
	c->ns = id.ns;
	c->name = id.name;
	return true;
}

bool
caller_principal(struct str *out, struct slice text)
{
	struct slice domain = text, ns;

	if (!slice_cut(&domain, '@', &ns) || domain.ptr == NULL ||
	    !slice_cut(&domain, '/', &text) || domain.ptr == NULL)
		return false;
	str_add_slice(out, text);
	if (ns.len > 0) {
		str_addf(out, "/ns/%.*s/sa/%.*s", SLICE_ARG(ns),
		    SLICE_ARG(domain));
		return true;
	}
	str_add_char(out, '/');
	for (size_t i = 0; i < domain.len; i++)
		str_add_char(out, domain.ptr[i] == ':' ? '/' : domain.ptr[i]);
	return true;
}
