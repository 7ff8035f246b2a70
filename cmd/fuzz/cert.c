#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "pki/cert_key.h"
#include "pki/leaf.h"
#include "tls/clients_run.h"

#define NOW	INT64_C(1795223561)	/* 2026-11-21 */

static void
walk_names(const struct cert *c)
{
	struct slice at = c->san, value;
	uint32_t uris = 0, dns = 0, others = 0;
	enum cert_san kind;

	while ((kind = cert_san_next(&at, &value)) != CERT_SAN_END) {
		check(value.ptr >= c->der.ptr &&
		    value.ptr + value.len <= c->der.ptr + c->der.len);
		uris += kind == CERT_SAN_URI;
		dns += kind == CERT_SAN_DNS;
		others += kind == CERT_SAN_OTHER || kind == CERT_SAN_IP;
	}
	check(uris == c->uris && dns == c->dns && others == c->other_names);
}

/* It will be a field of HTTP, in which a quote ends the subject. */
static void
check_text(const struct str *text, bool is_subject)
{
	bool is_escaped = false;

	check(text->len <= CLIENTS_TEXT_MAX);
	for (size_t i = 0; i < text->len; i++) {
		check(text->ptr[i] >= ' ' && text->ptr[i] < 0x7f);
		check(!is_subject || is_escaped || text->ptr[i] != '"');
		is_escaped = !is_escaped && text->ptr[i] == '\\';
	}
}

static void
describe(const struct cert *c)
{
	struct str subject = { 0 }, names = { 0 };

	clients_describe(c, &subject, &names);
	check_text(&subject, true);
	check_text(&names, false);
	str_fini(&subject);
	str_fini(&names);
}

int
fuzz_cert(const uint8_t *data, size_t size)
{
	struct slice der = slice_of(data, size);
	const struct leaf_policy policy = { .domain = SLICE("td"), .now = NOW };
	struct err err = ERR_INIT;
	struct str text = { 0 };
	struct spiffe id;
	struct pubkey key;
	struct cert c;

	if (cert_parse(&c, der, &err) != 0) {
		check(err.kind == ERR_DATA && err.text[0] != '\0');
		return 0;
	}
	check(c.der.ptr == der.ptr && c.der.len == der.len);
	walk_names(&c);
	cert_add_name(&text, c.issuer);
	cert_add_name(&text, c.subject);
	cert_add_serial(&text, &c);
	cert_key_add_name(&text, &c);
	check(!cert_key_get(&key, &c) || cert_key_fits(&c));
	cert_key_signed(&c, &c);
	cert_is_self_issued(&c);
	describe(&c);
	if (leaf_check(&c, &policy, &id) == DISTRUST_NONE)
		check(slice_eq(id.domain, policy.domain) && c.uris == 1);
	str_fini(&text);
	return 0;
}
