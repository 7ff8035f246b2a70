#include <string.h>

#include "base/check.h"
#include "pki/spiffe.h"

#define SCHEME		SLICE("spiffe://")
#define MESH		SLICE(".mesh")
#define WORKLOAD_MESH	SLICE(".workload.mesh")
#define DNS_MAX		253

static bool
is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
spiffe_domain_ok(struct slice s)
{
	if (s.len == 0 || s.len > SPIFFE_DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_lower_or_digit(s.ptr[i]) && s.ptr[i] != '.' &&
		    s.ptr[i] != '-' && s.ptr[i] != '_')
			return false;
	return true;
}

bool
spiffe_label_ok(struct slice s)
{
	if (s.len == 0 || s.len > SPIFFE_LABEL_MAX || s.ptr[0] == '-' ||
	    s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_lower_or_digit(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

bool
spiffe_ns_ok(struct slice s)
{
	return spiffe_label_ok(s) && !slice_is(s, "workload");
}

static bool
segment_ok(struct slice s)
{
	if (s.len == 0 || slice_is(s, ".") || slice_is(s, ".."))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_lower_or_digit(s.ptr[i]) &&
		    !(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') &&
		    s.ptr[i] != '.' && s.ptr[i] != '-' && s.ptr[i] != '_')
			return false;
	return true;
}

/* Fills kind, ns and name from the first segments of a proper path. */
static void
recognise(struct spiffe *id, const struct slice seg[4], size_t n)
{
	if (n == 0) {
		id->kind = SPIFFE_DOMAIN;
	} else if (n == 1 && slice_is(seg[0], "control")) {
		id->kind = SPIFFE_CONTROL;
	} else if (n == 2 && slice_is(seg[0], "operator") &&
	    spiffe_label_ok(seg[1])) {
		id->kind = SPIFFE_OPERATOR;
		id->name = seg[1];
	} else if (n == 4 && slice_is(seg[0], "ns") && spiffe_ns_ok(seg[1]) &&
	    slice_is(seg[2], "sa") && spiffe_label_ok(seg[3])) {
		id->kind = SPIFFE_WORKLOAD;
		id->ns = seg[1];
		id->name = seg[3];
	}
}

bool
spiffe_parse(struct spiffe *id, struct slice text)
{
	struct slice rest, part, seg[4] = { SLICE_NONE };
	size_t n = 0;
	ptrdiff_t slash;

	*id = (struct spiffe){ .kind = SPIFFE_OTHER };
	if (text.len > SPIFFE_MAX || !slice_has_prefix(text, SCHEME))
		return false;
	rest = slice_from(text, SCHEME.len);
	slash = slice_find(rest, '/');
	id->text = text;
	id->domain = slash < 0 ? rest : slice_of(rest.ptr, (size_t)slash);
	id->path = slice_from(rest, id->domain.len);
	if (!spiffe_domain_ok(id->domain))
		return false;
	if (id->path.len > 0) {
		rest = slice_from(id->path, 1);
		while (slice_cut(&rest, '/', &part)) {
			if (!segment_ok(part))
				return false;
			if (n < 4)
				seg[n] = part;
			n++;
		}
	}
	recognise(id, seg, n);
	return true;
}

static void
add_domain(struct str *out, struct slice domain)
{
	str_add_slice(out, SCHEME);
	str_add_slice(out, domain);
}

void
spiffe_add_workload(struct str *out, struct slice domain, struct slice ns,
    struct slice name)
{
	add_domain(out, domain);
	str_add(out, "/ns/");
	str_add_slice(out, ns);
	str_add(out, "/sa/");
	str_add_slice(out, name);
}

void
spiffe_add_operator(struct str *out, struct slice domain, struct slice name)
{
	add_domain(out, domain);
	str_add(out, "/operator/");
	str_add_slice(out, name);
}

void
spiffe_add_control(struct str *out, struct slice domain)
{
	add_domain(out, domain);
	str_add(out, "/control");
}

const char *
spiffe_kind_name(enum spiffe_kind kind)
{
	static const char *const names[] = {
		[SPIFFE_DOMAIN]   = "trust-domain",
		[SPIFFE_WORKLOAD] = "workload",
		[SPIFFE_OPERATOR] = "operator",
		[SPIFFE_CONTROL]  = "control",
		[SPIFFE_OTHER]    = "other",
	};

	check(kind < sizeof(names) / sizeof(names[0]));
	return names[kind];
}

void
spiffe_add_service_dns(struct str *out, struct slice ns, struct slice name)
{
	str_add_slice(out, name);
	str_add_char(out, '.');
	str_add_slice(out, ns);
	str_add_slice(out, MESH);
}

void
spiffe_add_workload_dns(struct str *out, struct slice ns, struct slice name)
{
	str_add_slice(out, name);
	str_add_char(out, '.');
	str_add_slice(out, ns);
	str_add_slice(out, WORKLOAD_MESH);
}

/* LABEL.NS, where NS is the one that is asked for. */
static bool
is_label_in(struct slice s, struct slice ns)
{
	struct slice label;

	if (!slice_cut(&s, '.', &label))
		return false;
	return spiffe_label_ok(label) && slice_eq(s, ns);
}

static bool
dns_name_ok(struct slice s)
{
	struct slice label;

	if (s.len == 0 || s.len > DNS_MAX)
		return false;
	while (slice_cut(&s, '.', &label))
		if (!spiffe_label_ok(label))
			return false;
	return true;
}

static bool
workload_dns_ok(const struct spiffe *id, struct slice dns)
{
	if (dns.len > DNS_MAX)
		return false;
	if (slice_has_suffix(dns, WORKLOAD_MESH)) {
		dns.len -= WORKLOAD_MESH.len;
		return is_label_in(dns, id->ns);
	}
	if (!slice_has_suffix(dns, MESH))
		return false;
	dns.len -= MESH.len;
	if (slice_has_prefix(dns, SLICE("*.")))
		dns = slice_from(dns, 2);
	return is_label_in(dns, id->ns);
}

bool
spiffe_dns_allowed(const struct spiffe *id, struct slice dns)
{
	if (id->kind == SPIFFE_WORKLOAD)
		return workload_dns_ok(id, dns);
	if (id->kind == SPIFFE_CONTROL)
		return slice_is(dns, "control.mesh") ||
		    (dns_name_ok(dns) && !slice_has_suffix(dns, MESH) &&
		    !slice_is(dns, "mesh"));
	return false;
}
