#include "tls/clients_run.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "pki/dn.h"

struct tls_clients *
tls_clients_new(struct web_roots *roots, const struct slice *domains,
    size_t domains_len, bool is_optional)
{
	struct tls_clients *c = mem_zalloc(sizeof(*c));

	check(web_roots_len(roots) > 0 || domains_len > 0);
	refs_init(&c->refs);
	arena_init(&c->memory);
	c->roots = web_roots_ref(roots);
	c->is_optional = is_optional;
	c->domains = arena_alloc(&c->memory,
	    (domains_len + 1) * sizeof(*c->domains));
	for (; c->domains_len < domains_len; c->domains_len++)
		c->domains[c->domains_len] = arena_dup(&c->memory,
		    domains[c->domains_len]);
	return c;
}

struct tls_clients *
tls_clients_ref(struct tls_clients *c)
{
	refs_take(&c->refs);
	return c;
}

void
tls_clients_unref(struct tls_clients *c)
{
	if (c == NULL || !refs_drop(&c->refs))
		return;
	web_roots_unref(c->roots);
	arena_fini(&c->memory);
	mem_free(c);
}

bool
clients_has_domain(const struct tls_clients *c, struct slice domain)
{
	for (size_t i = 0; i < c->domains_len; i++)
		if (slice_eq(c->domains[i], domain))
			return true;
	return false;
}

/* A Name without a word in it, DER: of no root that there could be. */
#define NOBODY	SLICE("\x30\x00")

/* RFC 5246, section 7.4.4: two bytes of length stand before each. */
struct naming {
	br_x500_name *v;
	size_t        len, room;
};

static void
name(struct naming *n, struct slice root)
{
	if (root.len + 2 > n->room)
		return;
	n->room -= root.len + 2;
	n->v = mem_realloc(n->v, (n->len + 1) * sizeof(*n->v));
	n->v[n->len++] = (br_x500_name){ slice_writable(root), root.len };
}

br_x500_name *
clients_names(const struct tls_clients *c, const struct bundle_set *known,
    size_t *n)
{
	struct naming out = { .room = TLS_CLIENTS_NAMES_MAX };

	for (size_t i = 0; i < web_roots_len(c->roots); i++)
		name(&out, web_roots_name(c->roots, i));
	for (size_t i = 0; i < c->domains_len; i++) {
		const struct bundle *b = bundle_set_find(known, c->domains[i]);

		for (size_t k = 0; b != NULL && k < b->len; k++)
			name(&out, b->roots[k].subject);
	}
	/* BearSSL asks for a certificate only if it has somebody to name. */
	if (out.len == 0)
		name(&out, NOBODY);
	*n = out.len;
	return out.v;
}

enum distrust
clients_judge(const struct tls_clients *c, const struct slice *certs, size_t n,
    struct cert *leaf, struct pubkey *key)
{
	const struct web_policy policy = {
		.roots = c->roots, .now = clock_wall_s(), .is_client = true,
	};

	return web_verify(certs, n, &policy, leaf, key);
}

/* --- in words --------------------------------------------------------------- */

static bool
is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	return s.len > 0;
}

/*
 * Envoy's rule for x-forwarded-client-cert: what would end a value stands in
 * quotes, where quotes and backslashes are escaped.
 */
static void
add_value(struct str *out, struct slice s)
{
	bool is_plain = true;

	for (size_t i = 0; i < s.len; i++)
		is_plain = is_plain && s.ptr[i] != ',' && s.ptr[i] != ';' &&
		    s.ptr[i] != '=' && s.ptr[i] != '"' && s.ptr[i] != '\\';
	if (is_plain) {
		str_add_slice(out, s);
		return;
	}
	str_add_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			str_add_char(out, '\\');
		str_add_char(out, s.ptr[i]);
	}
	str_add_char(out, '"');
}

void
clients_describe(const struct cert *leaf, struct str *subject,
    struct str *names)
{
	struct slice at = leaf->san, name;
	enum cert_san kind;

	if (!dn_add(subject, leaf->subject) || subject->len > CLIENTS_TEXT_MAX)
		str_fini(subject);
	while ((kind = cert_san_next(&at, &name)) != CERT_SAN_END) {
		if ((kind != CERT_SAN_URI && kind != CERT_SAN_DNS) ||
		    !is_clean(name) ||
		    names->len + 2 * name.len + 7 > CLIENTS_TEXT_MAX)
			continue;
		str_add(names, names->len > 0 ? ";" : "");
		str_add(names, kind == CERT_SAN_URI ? "URI=" : "DNS=");
		add_value(names, name);
	}
}
