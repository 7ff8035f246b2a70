#include "base/mem.h"
#include "conf/stream.h"
#include "modes/ctl/trust.h"
#include "pki/pem.h"
#include "pki/spiffe.h"

/* A copy of the first root's trust domain, in domain. */
static int
read_domain(struct slice pem, struct str *domain, struct err *err)
{
	uint8_t *der = mem_alloc(CERT_MAX);
	struct cert root;
	struct pem block;
	struct spiffe id;
	int more;

	while ((more = pem_next(&pem, &block, err)) > 0 &&
	    !slice_is(block.label, PEM_LABEL_CERT))
		;
	if (more == 0)
		err_set(err, ERR_DATA, "no certificate in it");
	if (more > 0) {
		ptrdiff_t len = pem_decode(&block, der, CERT_MAX);

		more = -1;
		if (len < 0)
			err_set(err, ERR_DATA, "certificate 1: not base64 or too large");
		else if (cert_parse(&root, slice_of(der, (size_t)len), err) == 0) {
			if (spiffe_parse(&id, root.uri)) {
				str_add_slice(domain, id.domain);
				more = 1;
			} else
				err_set(err, ERR_DATA,
				    "certificate 1: names no trust domain");
		}
	}
	mem_free(der);
	return more > 0 ? 0 : -1;
}

struct bundle *
trust_from_pem(struct slice pem, struct err *err)
{
	struct str domain = { 0 };
	struct bundle *bundle = NULL;

	if (read_domain(pem, &domain, err) == 0) {
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
trust_from_file(const char *path, struct err *err)
{
	struct str text = { 0 };
	struct bundle *bundle = NULL;

	if (conf_file_read(path, &text, err) == 0) {
		bundle = trust_from_pem(str_slice(&text), err);
		if (bundle == NULL)
			err_wrap(err, "%s", path);
	}
	str_fini(&text);
	return bundle;
}
