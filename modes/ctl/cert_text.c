#include "conf/units.h"
#include "modes/ctl/cert_text.h"
#include "modes/ctl/table.h"
#include "pki/cert_key.h"
#include "pki/hash.h"

static void
set_str(struct conf_node *map, const char *key, struct str *text)
{
	if (text->len > 0)
		conf_set_slice(map, key, str_slice(text));
	str_clear(text);
}

/* Printable and UTF-8, as a node's text must be. */
static void
add_name(struct conf_node *list, struct slice name)
{
	struct str text = { 0 };

	str_add_printable(&text, name);
	conf_add_string(list, str_ptr(&text));
	str_fini(&text);
}

static void
set_names(struct conf_node *map, const struct cert *cert)
{
	struct conf_node *uris = conf_list_new(map->items.arena);
	struct conf_node *dns = conf_list_new(map->items.arena);
	struct slice at = cert->san, value;
	enum cert_san san;

	while ((san = cert_san_next(&at, &value)) != CERT_SAN_END) {
		if (san == CERT_SAN_URI)
			add_name(uris, value);
		else if (san == CERT_SAN_DNS)
			add_name(dns, value);
	}
	if (conf_len(uris) > 0)
		conf_set(map, "uris", uris);
	if (conf_len(dns) > 0)
		conf_set(map, "dnsNames", dns);
}

static void
set_usage(struct conf_node *map, const struct cert *cert)
{
	static const struct {
		unsigned    bit;
		const char *name;
	} uses[] = {
		{ CERT_USE_SIGN, "digital-signature" },
		{ CERT_USE_CERT_SIGN, "certificate-sign" },
		{ CERT_USE_CRL_SIGN, "crl-sign" },
	};
	struct conf_node *list = conf_set_list(map, "usage");

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if ((cert->usage & uses[i].bit) != 0)
			conf_add_string(list, uses[i].name);
	if (cert->for_server)
		conf_add_string(list, "server");
	if (cert->for_client)
		conf_add_string(list, "client");
	if (conf_len(list) == 0)
		conf_unset(map, "usage");
}

struct conf_node *
cert_text_node(struct arena *a, const struct cert *cert)
{
	struct conf_node *map = conf_map_new(a);
	struct str text = { 0 };
	uint8_t hash[HASH_LEN];

	set_names(map, cert);
	cert_add_name(&text, cert->subject);
	set_str(map, "subject", &text);
	cert_add_name(&text, cert->issuer);
	set_str(map, "issuer", &text);
	cert_add_serial(&text, cert);
	set_str(map, "serial", &text);
	conf_set_time(map, "notBefore", cert->not_before);
	conf_set_time(map, "notAfter", cert->not_after);
	conf_set_bool(map, "ca", cert->is_ca);
	cert_key_add_name(&text, cert);
	set_str(map, "key", &text);
	set_usage(map, cert);
	hash_sha256(hash, cert->der);
	str_add_hex(&text, hash, sizeof(hash));
	set_str(map, "sha256", &text);
	str_fini(&text);
	return map;
}

static void
add_due(struct str *out, const char *time, int64_t now)
{
	char due[TABLE_AGE_TEXT];
	int64_t at;

	str_add(out, time);
	if (!conf_time_read(slice_str(time), &at))
		return;
	table_due(due, at, now);
	str_addf(out, " (%s)", due);
}

void
cert_text_add(struct str *out, const struct conf_node *map, int64_t now)
{
	CONF_FOREACH(e, map) {
		str_addf(out, "  %-10.*s ", SLICE_ARG(e->key));
		if (e->node->kind == CONF_LIST) {
			bool first = true;

			CONF_FOREACH(item, e->node) {
				str_addf(out, "%s%s", first ? "" : ", ",
				    conf_string(item->node));
				first = false;
			}
		} else if (e->node->kind == CONF_BOOL)
			str_add(out, e->node->boolean ? "yes" : "no");
		else if (slice_is(e->key, "notBefore") ||
		    slice_is(e->key, "notAfter"))
			add_due(out, conf_string(e->node), now);
		else
			str_add_printable(out, e->node->text);
		str_add_char(out, '\n');
	}
}
