#include <stdio.h>

#include "pki/caller.h"

static void
name_foreigner(char out[CALLER_MAX], const struct spiffe *id)
{
	int n;

	if (id->kind == SPIFFE_WORKLOAD) {
		snprintf(out, CALLER_MAX, "%.*s@%.*s/%.*s", SLICE_ARG(id->ns),
		    SLICE_ARG(id->domain), SLICE_ARG(id->name));
		return;
	}
	n = snprintf(out, CALLER_MAX, "@%.*s/%.*s", SLICE_ARG(id->domain),
	    SLICE_ARG(slice_from(id->path, id->path.len > 0 ? 1 : 0)));
	for (char *p = out + id->domain.len + 2; p < out + n; p++)
		if (*p == '/')
			*p = ':';
}

/* Each is shorter than the ID, whose scheme it lacks. */
void
caller_name(char out[CALLER_MAX], struct slice text, bool is_foreign)
{
	struct spiffe id;

	out[0] = '\0';
	if (!spiffe_parse(&id, text))
		return;
	if (is_foreign)
		name_foreigner(out, &id);
	else if (id.kind == SPIFFE_WORKLOAD)
		snprintf(out, CALLER_MAX, "%.*s/%.*s", SLICE_ARG(id.ns),
		    SLICE_ARG(id.name));
}

bool
caller_split(struct slice account, struct slice *ns, struct slice *name)
{
	*ns = *name = SLICE_NONE;
	if (account.len == 0 || !slice_cut(&account, '/', ns))
		return false;
	*name = account;
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
