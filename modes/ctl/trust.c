#include "base/mem.h"
#include "conf/stream.h"
#include "modes/ctl/trust.h"
#include "pki/pem.h"
#include "pki/spiffe.h"

/* 1: it names one; 0: none. */
static int
read_block(const struct pem *block, uint8_t der[CERT_MAX], struct str *domain,
    struct err *err)
{
	ptrdiff_t len = pem_decode(block, der, CERT_MAX);
	struct cert cert;
	struct spiffe id;

	if (len < 0)
		return err_set(err, ERR_DATA, "not base64 or too large");
	if (cert_parse(&cert, slice_of(der, (size_t)len), err) < 0)
		return -1;
	if (!spiffe_parse(&id, cert.uri))
		return 0;
	str_add_slice(domain, id.domain);
	return 1;
}

int
trust_domain_read(struct slice pem, struct str *domain, struct err *err)
{
	uint8_t *der = mem_alloc(CERT_MAX);
	struct pem block;
	size_t n = 0;
	int r = 0, more;

	while (r == 0 && (more = pem_next(&pem, &block, err)) != 0) {
		if (more > 0 && !slice_is(block.label, PEM_LABEL_CERT))
			continue;
		n++;
		r = more < 0 ? -1 : read_block(&block, der, domain, err);
		if (r < 0)
			err_wrap(err, "certificate %zu", n);
	}
	mem_free(der);
	if (r == 0 && n == 0)
		r = err_set(err, ERR_DATA, "no certificate in it");
	return r;
}

struct bundle *
trust_from_pem(struct slice pem, struct slice known, struct err *err)
{
	struct str domain = { 0 };
	struct bundle *bundle = NULL;
	int r = 1;

	if (known.len > 0)
		str_add_slice(&domain, known);
	else
		r = trust_domain_read(pem, &domain, err);
	if (r == 0)
		err_set(err, ERR_DATA, "no root names a trust domain, and "
		    "nothing else says it: trustDomain in config.yaml, or --id "
		    "of `mesh ctl cert verify`");
	if (r > 0) {
		bundle = bundle_new(str_slice(&domain));
		if (bundle_add_pem(bundle, pem, err) < 0) {
			bundle_unref(bundle);
			bundle = NULL;
		}
	}
	str_fini(&domain);
	return bundle;
}

struct bundle *
trust_from_file(const char *path, struct slice known, struct err *err)
{
	struct str text = { 0 };
	struct bundle *bundle = NULL;

	if (conf_file_read(path, &text, err) == 0) {
		bundle = trust_from_pem(str_slice(&text), known, err);
		if (bundle == NULL)
			err_wrap(err, "%s", path);
	}
	str_fini(&text);
	return bundle;
}
