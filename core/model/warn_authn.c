#include "model/request_authentication.h"
#include "model/warn_impl.h"

/* warn_authn: where a RequestAuthentication's keys will not be fetched from. */

/* The host of what is behind "http://", without its port. */
static struct slice
host_of(struct slice rest)
{
	struct slice host;

	slice_cut(&rest, '/', &host);
	if (slice_has_prefix(host, SLICE("["))) {
		rest = slice_from(host, 1);
		slice_cut(&rest, ']', &host);
		return host;
	}
	rest = host;
	slice_cut(&rest, ':', &host);
	return host;
}

/* RFC 6761, section 6.3; RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3. */
static bool
is_loopback(struct slice host)
{
	size_t tail = sizeof(".localhost") - 1;

	return slice_ieq(host, SLICE("localhost")) || (host.len > tail &&
	    slice_ieq(slice_from(host, host.len - tail),
	    SLICE(".localhost"))) ||
	    slice_has_prefix(host, SLICE("127.")) || slice_is(host, "::1");
}

static void
warn_plain(struct warner *w, size_t i, const char *field, const char *url)
{
	struct slice text = slice_str(url);

	if (!slice_has_prefix(text, SLICE("http://")))
		return;
	struct slice host = host_of(slice_from(text, sizeof("http://") - 1));

	if (!is_loopback(host))
		warn_at(w, "jwtRules[%zu].%s: http is for loopback alone, as "
		    "nothing would say who answers: no key is fetched from "
		    "%.*s, use https", i, field, SLICE_ARG(host));
}

void
warn_authn(struct warner *w)
{
	const struct model_request_authentication_spec *s =
	    &model_request_authentication(w->object)->spec;

	for (size_t i = 0; i < s->rules_len; i++) {
		const struct model_jwt_rule *r = &s->rules[i];

		if (r->jwks_uri != NULL)
			warn_plain(w, i, "jwksUri", r->jwks_uri);
		else if (r->jwks == NULL)
			warn_plain(w, i, "issuer", r->issuer);
	}
}
