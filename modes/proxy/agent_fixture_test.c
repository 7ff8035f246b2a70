#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/proxy/agent_fixture_test.h"
#include "pki/mint.h"
#include "pki/pem.h"

static void
make_cas(struct authority *a)
{
	int64_t now = clock_wall_s();
	struct mint_ca ca = { .common_name = SLICE("mesh root 1"),
		.domain = SLICE("td"), .not_before = now - 86400,
		.not_after = now + 30 * 86400 };
	struct cert root;
	struct err err = ERR_INIT;

	mint_serial(ca.serial);
	mint_root(&a->root_der, &ca, &a->root);
	assert_int_equal(cert_parse(&root, str_slice(&a->root_der), &err), 0);
	ca.common_name = SLICE("mesh intermediate 1");
	mint_serial(ca.serial);
	mint_intermediate(&a->inter_der, &ca, a->inter.point, &root, &a->root);
}

struct authority *
authority_make(void)
{
	static struct authority a;

	if (a.root_der.len > 0)
		return &a;
	key_generate(&a.root);
	key_generate(&a.inter);
	make_cas(&a);
	pem_add(&a.bundle_pem, PEM_LABEL_CERT, str_slice(&a.root_der));
	return &a;
}

static struct str
leaf_der(const struct key *key, const char *id, const char *const *dns,
    int64_t not_before, int64_t not_after)
{
	struct authority *a = authority_make();
	struct slice names[8];
	struct mint_leaf leaf = { .id = slice_str(id), .dns = names,
		.not_before = not_before, .not_after = not_after };
	struct cert inter;
	struct err err = ERR_INIT;
	struct str der = { 0 };

	for (; dns != NULL && *dns != NULL; dns++)
		names[leaf.dns_len++] = slice_str(*dns);
	memcpy(leaf.point, key->point, KEY_POINT_LEN);
	mint_serial(leaf.serial);
	assert_int_equal(cert_parse(&inter, str_slice(&a->inter_der), &err), 0);
	mint_leaf(&der, &leaf, &inter, &a->inter);
	return der;
}

struct str
authority_chain(const struct key *key, const char *id, const char *const *dns,
    int64_t not_before, int64_t not_after)
{
	struct str der = leaf_der(key, id, dns, not_before, not_after);
	struct str pem = { 0 };

	pem_add(&pem, PEM_LABEL_CERT, str_slice(&der));
	pem_add(&pem, PEM_LABEL_CERT, str_slice(&authority_make()->inter_der));
	str_fini(&der);
	return pem;
}

struct str
authority_shown(const char *id)
{
	struct key key;
	int64_t now = clock_wall_s();

	key_generate(&key);
	struct str der = leaf_der(&key, id, NULL, now - 60, now + 60);
	struct str out = { 0 };

	for (int shift = 24; shift >= 0; shift -= 8)
		str_add_char(&out, (char)(der.len >> shift));
	str_add_slice(&out, str_slice(&der));
	str_fini(&der);
	return out;
}

struct str
authority_identity_pem(int64_t not_before, int64_t not_after)
{
	static const char *const dns[] = { "web.shop.mesh", "*.web.shop.mesh",
		"api.shop.mesh", "*.api.shop.mesh", "web-1.shop.workload.mesh",
		NULL };
	struct key key;
	struct str pem = { 0 };

	key_generate(&key);
	struct str chain = authority_chain(&key, "spiffe://td/ns/shop/sa/web",
	    dns, not_before, not_after);

	key_pem(&pem, &key);
	str_add_slice(&pem, str_slice(&chain));
	str_fini(&chain);
	return pem;
}
