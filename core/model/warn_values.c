#include <stdio.h>
#include <string.h>

#include "model/authorization_rules.h"
#include "model/warn_impl.h"

/*
 * warn_values: why nothing that comes in is what a value or a key of an
 * AuthorizationPolicy says.
 */

static bool
has_capital(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
			return true;
	return false;
}

/* "TD/ns/NS/sa/NAME", or what else is behind a trust domain. */
static const char *
principal_fault(struct slice s, struct arena *a)
{
	struct slice domain = s;

	(void)a;
	if (slice_has_prefix(s, SLICE("spiffe://")))
		domain = s = slice_from(s, 9);
	ptrdiff_t slash = slice_find(s, '/');

	if (slash >= 0)
		domain.len = (size_t)slash;
	if (slash < 0 && !slice_has_suffix(s, SLICE("*")))
		return "identities are written TRUSTDOMAIN/ns/NAMESPACE/sa/NAME; "
		    "serviceAccounts takes NAMESPACE/NAME";
	return has_capital(domain) ? "trust domains have no capitals" : NULL;
}

static const char *
method_fault(struct slice s, struct arena *a)
{
	(void)a;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 'a' && s.ptr[i] <= 'z')
			return "methods are compared letter by letter, and GET is "
			    "not get";
	return NULL;
}

/* --- paths ------------------------------------------------------------------------- */

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') ||
	    (c >= 'a' && c <= 'f');
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL;
}

static unsigned char
hex_value(char c)
{
	return (unsigned char)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The byte at *i, or what "%XY" there stands for: then *i is at its end. */
static unsigned char
read_letter(struct slice s, size_t *i, bool *is_code)
{
	const char *p = s.ptr + *i;

	*is_code = *p == '%' && *i + 2 < s.len && is_hex(p[1]) && is_hex(p[2]);
	if (!*is_code)
		return (unsigned char)*p;
	*i += 2;
	return (unsigned char)(hex_value(p[1]) << 4 | hex_value(p[2]));
}

/* A '%' that whatever a pattern's '*' stands for may make a code of. */
static bool
is_begun(struct slice s, size_t i)
{
	return s.ptr[s.len - 1] == '*' && s.len - 1 - i < 3 &&
	    (s.len - 1 - i == 1 || is_hex(s.ptr[i + 1]));
}

static bool
is_refused(unsigned char c, bool is_code)
{
	return c < 0x20 || c == 0x7f || c == '\\' || (is_code && c == '/');
}

/*
 * Each letter as requests have it, in the arena; NULL: they are answered 400.
 * That is http/path.h, whose test holds this against it.
 */
static const char *
as_requests_have_it(struct slice s, struct arena *a)
{
	const char *plain = model_authz_is_template(s.ptr) ?
	    "/!$&'()*+,;=:@{}" : "/!$&'()*+,;=:@";
	char *out = arena_alloc(a, s.len * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		bool is_begin = s.ptr[i] == '%' && is_begun(s, i), is_code;
		unsigned char c = read_letter(s, &i, &is_code);

		if (is_refused(c, is_code) || (c == '%' && !is_code && !is_begin))
			return NULL;
		if (is_begin || is_unreserved(c) || (!is_code &&
		    strchr(plain, c) != NULL))
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", c);
	}
	out[n] = '\0';
	return out;
}

/* "{x}": of a router, perhaps, and of no policy. */
static bool
has_other_template(struct slice s)
{
	ptrdiff_t open = slice_find(s, '{');

	return open >= 0 && slice_find(slice_from(s, (size_t)open), '}') >= 0 &&
	    !model_authz_is_template(s.ptr);
}

static bool
has_any(const char *s, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(s, parts[i]) != NULL)
			return true;
	return false;
}

static const char *
path_fault(struct slice s, struct arena *a)
{
	static const char *const parts[] = { "//", "/./", "/../" };
	static const char *const traps[] = { "/.;", "/..;" };
	const char *as;

	if (s.ptr[0] != '/' && s.ptr[0] != '*' && s.ptr[0] != '{')
		return "no request has it, paths begin with /";
	if (slice_find(s, '?') >= 0 || slice_find(s, '#') >= 0)
		return "no request has it, the query is no part of a path";
	as = as_requests_have_it(s, a);
	if (as == NULL || has_any(as, traps, 2))
		return "no request has it, such a path is answered 400";
	if (has_any(as, parts, 3))
		return "no request has it, paths are compared without "
		    "//, /./ and /../";
	if (slice_has_suffix(slice_str(as), SLICE("/.")) ||
	    slice_has_suffix(slice_str(as), SLICE("/..")))
		return "no request has it, paths are compared without /. and /.. "
		    "behind";
	if (has_other_template(s))
		return "it is no template, {*} stands for a segment and {**} for "
		    "any number of them";
	return strcmp(as, s.ptr) == 0 ? NULL : arena_printf(a, "no request has "
	    "it, this is compared as it comes, and it comes as \"%s\"", as);
}

/* --- others ------------------------------------------------------------------------ */

static const char *
name_fault(struct slice s, struct arena *a)
{
	(void)a;
	return slice_find(s, '/') >= 0 ? "no namespace is called so" : NULL;
}

static const char *
host_fault(struct slice s, struct arena *a)
{
	(void)a;
	return slice_find(s, '/') >= 0 ? "hosts have no scheme and no path" : NULL;
}

static const char *
domain_fault(struct slice s, struct arena *a)
{
	(void)a;
	return slice_find(s, '/') >= 0 ? "no trust domain is called so" :
	    has_capital(s) ? "trust domains have no capitals" : NULL;
}

/* --- patterns ---------------------------------------------------------------------- */

/* A "*" that is no pattern, as it stands neither first nor last, or not alone. */
static const char *
star_fault(enum model_authz_attribute of, struct slice s, struct arena *a)
{
	bool is_prefix = s.ptr[s.len - 1] == '*';
	struct slice rest = is_prefix ? slice_of(s.ptr, s.len - 1) :
	    s.ptr[0] == '*' ? slice_from(s, 1) : s;

	if (slice_find(rest, '*') < 0 || (of == MODEL_BY_PATH &&
	    model_authz_is_template(s.ptr)))
		return NULL;
	if (is_prefix && slice_has_suffix(rest, SLICE("*")))
		return arena_printf(a, "it means what begins with \"%.*s\", as one "
		    "* is enough", SLICE_ARG(rest));
	if (s.ptr[0] == '*' && is_prefix)
		return "a * counts first or last, not both, and elsewhere it is a "
		    "letter";
	return of != MODEL_BY_PATH ? "a * counts only first or last, elsewhere it "
	    "is a letter" : "a * counts only first or last, elsewhere it is a "
	    "letter; {*} stands for a segment";
}

static const char *(*const faults[MODEL_AUTHZ_ATTRIBUTES])(struct slice,
    struct arena *) = {
	[MODEL_BY_PRINCIPAL] = principal_fault, [MODEL_BY_METHOD] = method_fault,
	[MODEL_BY_PATH] = path_fault, [MODEL_BY_NAMESPACE] = name_fault,
	[MODEL_BY_HOST] = host_fault, [MODEL_BY_TRUST_DOMAIN] = domain_fault,
};

const char *
warn_value_fault(enum model_authz_attribute of, const char *value,
    struct arena *a)
{
	struct slice s = slice_str(value);
	/* Fields, claims and who gave a token may have a * in them. */
	const char *fault = faults[of] == NULL ? NULL : star_fault(of, s, a);

	return fault != NULL || faults[of] == NULL ? fault : faults[of](s, a);
}

const char *
warn_header_fault(struct slice name)
{
	if (slice_find(name, '_') >= 0)
		return "fields with _ in their names are taken out of requests, "
		    "as some take it for -";
	if (name.len > 7 && slice_ieq(slice_of(name.ptr, 7), SLICE("x-mesh-")))
		return "fields of that name are the mesh's own, and are taken out "
		    "of requests; who calls is told by from.source";
	return NULL;
}
