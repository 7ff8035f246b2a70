#include "base/str.h"
#include "route/action.h"

/* --- paths --------------------------------------------------------------------- */

/* What stands behind the prefix: "" or "/...". */
static struct slice
behind_prefix(struct slice path, struct slice prefix)
{
	return slice_has_prefix(path, prefix) ? slice_from(path, prefix.len) :
	    SLICE("");
}

struct slice
route_path_change(struct arena *a, const struct model_path_modifier *m,
    struct slice path, struct slice prefix)
{
	if (m == NULL)
		return path;
	if (m->type == MODEL_REPLACE_FULL)
		return m->full[0] == '\0' ? SLICE("/") : slice_str(m->full);

	struct slice front = slice_str(m->prefix);
	struct slice rest = behind_prefix(path, prefix);

	if (rest.len > 0 && slice_has_suffix(front, SLICE("/")))
		front.len--;
	if (front.len + rest.len == 0)
		return SLICE("/");
	return slice_str(arena_printf(a, "%.*s%.*s", SLICE_ARG(front),
	    SLICE_ARG(rest)));
}

/* --- redirects ------------------------------------------------------------------- */

static uint16_t
usual_port(struct slice scheme)
{
	return slice_is(scheme, "https") ? 443 : 80;
}

struct slice
route_location(struct arena *a, const struct model_redirect *r,
    const struct route_place *at)
{
	struct slice scheme = r->scheme != NULL ? slice_str(r->scheme) : at->scheme;
	struct slice host = r->hostname != NULL ? slice_str(r->hostname) : at->host;
	struct slice path = route_path_change(a, r->path, at->path, at->prefix);
	bool is_ipv6 = slice_find(host, ':') >= 0;
	uint16_t port = r->port != 0 ? r->port :
	    r->scheme != NULL ? usual_port(scheme) : at->port;
	struct str s = { 0 };

	str_addf(&s, is_ipv6 ? "%.*s://[%.*s]" : "%.*s://%.*s",
	    SLICE_ARG(scheme), SLICE_ARG(host));
	if (port != 0 && port != usual_port(scheme))
		str_addf(&s, ":%u", port);
	str_add_slice(&s, path);
	if (at->query.ptr != NULL) {
		str_add_char(&s, slice_find(path, '?') >= 0 ? '&' : '?');
		str_add_slice(&s, at->query);
	}
	struct slice out = arena_dup(a, str_slice(&s));

	str_fini(&s);
	return out;
}

/* --- fields ------------------------------------------------------------------------ */

void
route_fields_change(struct arena *a, const struct model_header_change *c,
    const struct route_fields *how, void *fields)
{
	for (size_t i = 0; i < c->set_len; i++)
		how->set(fields, arena_lower(a, slice_str(c->set[i].name)),
		    slice_str(c->set[i].value));
	for (size_t i = 0; i < c->add_len; i++)
		how->add(fields, arena_lower(a, slice_str(c->add[i].name)),
		    slice_str(c->add[i].value));
	for (size_t i = 0; i < c->remove_len; i++)
		how->remove(fields, arena_lower(a, slice_str(c->remove[i])));
}
