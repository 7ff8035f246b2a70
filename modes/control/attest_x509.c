#include <string.h>

#include "conf/pattern.h"
#include "modes/control/attest.h"
#include "pki/cert_key.h"
#include "pki/pem.h"
#include "pki/web.h"

/* The certificates of a text; more than a chain may have are refused later. */
static size_t
read_chain(struct slice text, struct arena *a, struct slice *certs,
    struct err *err)
{
	size_t n = 0;
	struct pem pem;

	while (n <= WEB_CERTS_MAX && pem_next(&text, &pem, err) > 0) {
		if (!slice_is(pem.label, PEM_LABEL_CERT))
			continue;

		uint8_t *der = arena_alloc(a, CERT_MAX);
		ptrdiff_t len = pem_decode(&pem, der, CERT_MAX);

		if (len < 0)
			return 0;
		certs[n++] = slice_of(der, (size_t)len);
	}
	return err->kind == ERR_NONE ? n : 0;
}

static bool
is_revoked(const struct model_host_x509 *x, struct slice name,
    struct slice serial)
{
	for (size_t i = 0; i < x->revoked_len; i++)
		if (slice_ieq(slice_str(x->revoked[i]), name) ||
		    (serial.len > 0 && slice_ieq(slice_str(x->revoked[i]),
		    serial)))
			return true;
	return false;
}

static bool
is_wanted(const struct model_host_x509 *x, struct slice name)
{
	for (size_t i = 0; i < x->hosts_len; i++)
		if (web_name_covers(slice_str(x->hosts[i]), name))
			return true;
	return false;
}

static struct slice
lower(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = (char)(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ?
		    s.ptr[i] | 0x20 : s.ptr[i]);
	p[s.len] = '\0';
	return slice_of(p, s.len);
}

/* In lower case; a wildcard is no host, nor is what no resolver would take. */
static bool
find_name(const struct model_host_x509 *x, const struct cert *leaf,
    struct arena *a, struct slice *found)
{
	struct slice at = leaf->san, name;
	enum cert_san kind;

	while ((kind = cert_san_next(&at, &name)) != CERT_SAN_END) {
		if (kind != CERT_SAN_DNS || name.len > 253)
			continue;
		name = lower(a, name);
		if (!conf_pattern_match(CONF_PRECISE_HOSTNAME, name) ||
		    !is_wanted(x, name))
			continue;
		*found = name;
		return true;
	}
	return false;
}

static enum distrust
check(const struct model_host_x509 *x, const struct slice *certs, size_t n,
    int64_t now, struct cert *leaf, struct pubkey *key)
{
	struct web_policy policy = { .now = now, .is_client = true };
	struct web_roots *roots = web_roots_new();
	struct err err = ERR_INIT;
	enum distrust why = DISTRUST_UNKNOWN_ISSUER;

	policy.roots = roots;
	if (web_roots_add(roots, slice_str(x->roots), &err) == 0)
		why = web_verify(certs, n, &policy, leaf, key);
	web_roots_unref(roots);
	/* One that could sign others is no host's. */
	return why == DISTRUST_NONE && leaf->is_ca ? DISTRUST_LEAF_IS_CA : why;
}

static int
shown(const struct attest_evidence *e, struct arena *a, struct pubkey *key,
    struct err *err)
{
	struct slice certs[WEB_CERTS_MAX + 1];
	struct cert leaf;

	if (read_chain(e->certificates, a, certs, err) == 0)
		return err_set(err, ERR_DENIED, "certificate: expected "
		    "certificates in PEM");
	if (cert_parse(&leaf, certs[0], err) < 0 || !cert_key_get(key, &leaf))
		return err_set(err, ERR_DENIED, "the host's certificate: it is "
		    "malformed, or of a key that is not taken");
	return 0;
}

static int
verify(const struct model_object *o, const struct attest_evidence *e,
    int64_t now, struct arena *a, struct attest_host *host, struct err *err)
{
	const struct model_host_x509 *x = model_host_attestor(o)->spec.x509;
	struct slice certs[WEB_CERTS_MAX + 1];
	struct str serial = { 0 };
	struct cert leaf;
	size_t n = read_chain(e->certificates, a, certs, err);
	int r = 0;

	if (n == 0)
		return err_set(err, ERR_DENIED, "certificate: expected "
		    "certificates in PEM");

	/* A document that is about other hosts verifies no chain. */
	if (cert_parse(&leaf, certs[0], err) == 0 &&
	    !find_name(x, &leaf, a, &host->name))
		return err_set(err, ERR_DENIED, "the host's certificate has "
		    "none of the names that are taken");

	enum distrust why = check(x, certs, n, now, &leaf, &host->key);

	if (why != DISTRUST_NONE)
		return err_set(err, ERR_DENIED, "the host's certificate: %s",
		    why == DISTRUST_UNKNOWN_ISSUER ? "nobody signed it who is "
		    "among the roots of the HostAttestor" :
		    distrust_sentence(why));
	cert_add_serial(&serial, &leaf);
	host->credential = arena_dup(a, str_slice(&serial));
	if (is_revoked(x, host->name, host->credential))
		r = err_set(err, ERR_DENIED, "the host, or its certificate, is "
		    "among those that may not");
	str_fini(&serial);
	return r;
}

static bool
stands(const struct model_object *o, struct slice host, struct slice serial)
{
	const struct model_host_x509 *x = model_host_attestor(o)->spec.x509;

	return is_wanted(x, host) && !is_revoked(x, host, serial);
}

const struct attest_verifier attest_x509 = { "X509", shown, verify, stands };
