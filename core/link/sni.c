#include "link/sni.h"

#include <stdio.h>
#include <string.h>

#define LABELS_MAX	5	/* NAME.NAMESPACE.svc.cluster.local */

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Copies a label in lower case; false when it is none. */
static bool
label_copy(struct slice s, char out[SNI_LABEL_MAX + 1])
{
	if (s.len == 0 || s.len > SNI_LABEL_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = lower(s.ptr[i]);
		bool is_inner = i > 0 && i < s.len - 1;

		if (!is_alnum(c) && !(c == '-' && is_inner))
			return false;
		out[i] = c;
	}
	out[s.len] = '\0';
	return true;
}

/* Returns how many labels there are, or 0 when more than LABELS_MAX. */
static size_t
split(struct slice host, struct slice labels[LABELS_MAX])
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= host.len; i++) {
		if (i < host.len && host.ptr[i] != '.')
			continue;
		if (n == LABELS_MAX)
			return 0;
		labels[n++] = slice_of(host.ptr + start, i - start);
		start = i + 1;
	}
	return n;
}

static bool
name_copy(struct slice name, struct slice ns, struct service_name *out)
{
	return label_copy(name, out->name) && label_copy(ns, out->ns);
}

/* 1..65535 in decimal, without leading zeros. */
static bool
port_parse(struct slice s, uint16_t *port)
{
	uint64_t n;

	if (s.len == 0 || s.ptr[0] == '0' || !slice_u64(s, &n) || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

bool
sni_parse(struct slice sni, struct service_name *out, uint16_t *port)
{
	struct slice l[LABELS_MAX];

	return sni.ptr != NULL && split(sni, l) == 4 &&
	    slice_ieq(l[3], SLICE("mesh")) && port_parse(l[0], port) &&
	    name_copy(l[1], l[2], out);
}

void
sni_format(const struct service_name *name, uint16_t port, char out[SNI_MAX])
{
	snprintf(out, SNI_MAX, "%u.%s.%s.mesh", port, name->name, name->ns);
}

/* What may follow NAME.NAMESPACE. */
static const struct {
	size_t       n;
	struct slice labels[3];
} tails[] = {
	{ 0, { { NULL, 0 } } },
	{ 1, { { "mesh", 4 } } },
	{ 1, { { "svc", 3 } } },
	{ 3, { { "svc", 3 }, { "cluster", 7 }, { "local", 5 } } },
};

static bool
tail_matches(size_t k, const struct slice *labels, size_t n)
{
	if (tails[k].n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!slice_ieq(labels[i], tails[k].labels[i]))
			return false;
	}
	return true;
}

bool
service_name_parse(struct slice host, struct slice default_ns,
    struct service_name *out)
{
	struct slice l[LABELS_MAX];
	size_t n = host.ptr == NULL ? 0 : split(host, l);

	if (n == 1)
		return name_copy(l[0], default_ns, out);
	for (size_t k = 0; n >= 2 && k < sizeof(tails) / sizeof(tails[0]); k++) {
		if (tail_matches(k, l + 2, n - 2))
			return name_copy(l[0], l[1], out);
	}
	return false;
}

bool
service_name_eq(const struct service_name *a, const struct service_name *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->ns, b->ns) == 0;
}
