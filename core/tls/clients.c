#include "tls/clients_run.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "pki/dn.h"

/* RFC 5246, section 7.4.4: two bytes of length stand before each. */
static void
take_names(struct tls_clients *c)
{
	size_t n = web_roots_len(c->roots), room = TLS_CLIENTS_NAMES_MAX;

	c->names = mem_zalloc_array(n, sizeof(*c->names));
	for (size_t i = 0; i < n; i++) {
		struct slice name = web_roots_name(c->roots, i);

		if (name.len + 2 > room)
			continue;
		room -= name.len + 2;
		c->names[c->names_len++] = (br_x500_name){
			slice_writable(name), name.len
		};
	}
}

struct tls_clients *
tls_clients_new(struct web_roots *roots, bool is_optional)
{
	struct tls_clients *c = mem_zalloc(sizeof(*c));

	check(web_roots_len(roots) > 0);
	refs_init(&c->refs);
	c->roots = web_roots_ref(roots);
	c->is_optional = is_optional;
	take_names(c);
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
	mem_free(c->names);
	web_roots_unref(c->roots);
	mem_free(c);
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
