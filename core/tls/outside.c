#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/addr.h"
#include "net/conn.h"
#include "tls/edge.h"
#include "tls/outside_run.h"

static void
add_text(struct hash *h, struct slice text)
{
	hash_add(h, text);
	hash_add(h, slice_of("", 1));
}

static void
make_mark(struct tls_outside *o)
{
	uint8_t digest[HASH_LEN];
	struct hash h;

	hash_init(&h);
	if (o->roots != NULL) {
		web_roots_hash(o->roots, digest);
		hash_add(&h, slice_of(digest, sizeof(digest)));
	}
	add_text(&h, o->domain);
	add_text(&h, o->sni);
	for (size_t i = 0; i < o->names_len; i++) {
		add_text(&h, o->names[i].is_uri ? SLICE("uri") : SLICE("host"));
		add_text(&h, o->names[i].text);
	}
	if (o->shown != NULL)
		hash_add(&h, slice_of(edge_first(o->shown)->hash, HASH_LEN));
	hash_out(&h, digest);
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(o->mark + 2 * i, 3, "%02x", digest[i]);
}

struct tls_outside *
tls_outside_new(const struct tls_outside_options *from)
{
	struct tls_outside *o = mem_zalloc(sizeof(*o));

	refs_init(&o->refs);
	arena_init(&o->memory);
	o->roots = from->roots == NULL ? NULL : web_roots_ref(from->roots);
	o->domain = arena_dup(&o->memory, from->domain);
	o->shown = from->shown == NULL ? NULL : tls_edge_ref(from->shown);
	if (!addr_is_ip(from->sni) && from->sni.len < CONN_SNI_MAX)
		o->sni = arena_dup(&o->memory, from->sni);
	o->names = arena_alloc(&o->memory,
	    sizeof(*o->names) * (from->names_len + 1));
	for (; o->names_len < from->names_len; o->names_len++)
		o->names[o->names_len] = (struct web_name){
			from->names[o->names_len].is_uri,
			arena_dup(&o->memory, from->names[o->names_len].text),
		};
	make_mark(o);
	return o;
}

struct tls_outside *
tls_outside_ref(struct tls_outside *o)
{
	refs_take(&o->refs);
	return o;
}

void
tls_outside_unref(struct tls_outside *o)
{
	if (o == NULL || !refs_drop(&o->refs))
		return;
	web_roots_unref(o->roots);
	tls_edge_unref(o->shown);
	arena_fini(&o->memory);
	mem_free(o);
}

struct slice
tls_outside_mark(const struct tls_outside *o)
{
	return slice_str(o->mark);
}

struct slice
tls_outside_sni(const struct tls_outside *o)
{
	return o->sni;
}

struct slice
tls_outside_domain(const struct tls_outside *o)
{
	return o->domain;
}

enum distrust
outside_judge(const struct tls_outside *o, const struct slice *certs, size_t n,
    struct cert *leaf, struct pubkey *key)
{
	const struct web_policy policy = {
		.roots = o->roots, .names = o->names,
		.names_len = o->names_len, .now = clock_wall_s(),
	};

	return web_verify(certs, n, &policy, leaf, key);
}
