#include <stdio.h>

#include "base/random.h"
#include "base/str.h"
#include "modes/proxy/affinity.h"
#include "upstream/hash.h"

/* The value behind name= among parts between separators. */
static struct slice
value_of(struct slice parts, char separator, struct slice name)
{
	struct slice part, key;

	while (slice_cut(&parts, separator, &part)) {
		part = slice_trim(part);
		if (slice_cut(&part, '=', &key) && slice_eq(key, name) &&
		    part.ptr != NULL)
			return part;
	}
	return SLICE_NONE;
}

/* Cookies may stand in several fields (RFC 9113, section 8.2.3). */
struct slice
affinity_cookie(const struct http_head *head, struct slice name)
{
	const struct http_fields *f = &head->fields;

	for (size_t i = 0; i < f->len; i++) {
		if (f->v[i].id != FIELD_COOKIE)
			continue;
		struct slice value = value_of(f->v[i].value, ';', name);

		if (value.ptr != NULL)
			return value;
	}
	return SLICE_NONE;
}

uint64_t
affinity_source(const struct addr *caller, struct slice workload)
{
	char ip[ADDR_TEXT_MAX];

	if (workload.len > 0 && addr_is_loopback(caller))
		return hash_bytes(workload);
	addr_format_ip(caller, ip);
	return hash_bytes(slice_str(ip));
}

static struct slice
key_of(const struct cluster_affinity *a, const struct http_head *head)
{
	switch (a->kind) {
	case AFFINITY_HEADER:
		return slice_is(a->name, "host") ? head->authority :
		    http_fields_find(&head->fields, a->name);
	case AFFINITY_QUERY:
		return value_of(head->query, '&', a->name);
	case AFFINITY_COOKIE:
		return affinity_cookie(head, a->name);
	default:
		return SLICE_NONE;
	}
}

/* Gives the value of a new cookie, and what sets it (RFC 6265, section 4.1). */
static struct slice
make_cookie(struct affinity *out, struct arena *arena,
    const struct cluster_affinity *a)
{
	unsigned char bytes[16];
	struct str value = { 0 };
	char age[48] = "";

	random_bytes(bytes, sizeof(bytes));
	str_add_hex(&value, bytes, sizeof(bytes));
	struct slice copy = arena_dup(arena, str_slice(&value));

	str_fini(&value);
	if (a->ttl_ms > 0)
		snprintf(age, sizeof(age), "; Max-Age=%llu",
		    (unsigned long long)(a->ttl_ms + 999) / 1000);
	out->cookie = slice_str(arena_printf(arena,
	    "%.*s=%.*s; Path=%.*s%s; HttpOnly", SLICE_ARG(a->name),
	    SLICE_ARG(copy), SLICE_ARG(a->path), age));
	return copy;
}

static void
find_subset(struct affinity *out, const struct cluster *c,
    const struct http_head *head)
{
	struct slice name = http_fields_find(&head->fields,
	    c->affinity.subset_header);

	if (name.ptr == NULL)
		return;
	out->subset = cluster_subset(c, name);
	out->is_refused = out->subset == 0 && c->balance.is_subset_strict;
}

void
affinity_find(struct affinity *out, struct l7_ctx *ctx,
    const struct cluster *c, const struct http_head *head,
    struct slice workload)
{
	struct addr room;

	*out = (struct affinity){ 0 };
	if (c->affinity.subset_header.len > 0)
		find_subset(out, c, head);
	if (c->affinity.kind == AFFINITY_NONE)
		return;
	if (c->affinity.kind == AFFINITY_SOURCE) {
		out->has_hash = true;
		out->hash = affinity_source(l7_addr(ctx, &room), workload);
		return;
	}
	struct slice key = key_of(&c->affinity, head);

	if (key.len == 0 && c->affinity.kind == AFFINITY_COOKIE)
		key = make_cookie(out, l7_arena(ctx), &c->affinity);
	out->has_hash = key.len > 0;
	out->hash = key.len > 0 ? hash_bytes(key) : 0;
}

void
affinity_answer(const struct affinity *a, struct http_head *head)
{
	if (a->cookie.len > 0)
		http_fields_add_id(&head->fields, FIELD_SET_COOKIE, a->cookie);
}
