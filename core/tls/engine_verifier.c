#include "tls/engine_verifier.h"

#include <string.h>

#include "base/mem.h"
#include "tls/engine.h"

static struct engine_verifier *
verifier_cast(const br_x509_class **ctx)
{
	return (struct engine_verifier *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct engine_verifier *v = verifier_cast(ctx);

	(void)server_name;	/* our owner knows whom it expects */
	v->engine->has_chain = true;
	if (v->der == NULL)
		v->der = mem_alloc(ENGINE_CHAIN_MAX);
	v->len = v->n = 0;
	v->is_oversize = false;
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct engine_verifier *v = verifier_cast(ctx);

	if (v->n == ENGINE_CERTS_MAX || length > ENGINE_CHAIN_MAX - v->len)
		v->is_oversize = true;
}

static void
append(const br_x509_class **ctx, const unsigned char *bytes, size_t len)
{
	struct engine_verifier *v = verifier_cast(ctx);

	if (v->is_oversize || len > ENGINE_CHAIN_MAX - v->len)
		return;
	memcpy(v->der + v->len, bytes, len);
	v->len += len;
}

static void
end_cert(const br_x509_class **ctx)
{
	struct engine_verifier *v = verifier_cast(ctx);

	if (!v->is_oversize)
		v->ends[v->n++] = v->len;
}

static unsigned
judge(struct engine_verifier *v)
{
	struct engine *e = v->engine;
	struct slice certs[ENGINE_CERTS_MAX];
	size_t start = 0;

	if (v->is_oversize)
		return BR_ERR_X509_LIMIT_EXCEEDED;
	if (v->n == 0)
		return BR_ERR_X509_EMPTY_CHAIN;
	for (size_t i = 0; i < v->n; start = v->ends[i++])
		certs[i] = slice_of(v->der + start, v->ends[i] - start);
	return e->ops->on_chain(e->owner, certs, v->n, &v->key) ? 0 :
	    BR_ERR_X509_NOT_TRUSTED;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct engine_verifier *v = verifier_cast(ctx);
	unsigned error = judge(v);

	/* BearSSL looks at that only after us. */
	if (error != 0 && (v->n > 0 || v->is_oversize) &&
	    v->engine->bad_cert_ends)
		br_ssl_engine_remove_flags(&v->engine->ssl.any,
		    BR_OPT_TOLERATE_NO_CLIENT_AUTH);
	return error;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct engine_verifier *v = (const void *)ctx;

	if (usages != NULL)
		*usages = BR_KEYTYPE_SIGN;
	return v->key.pkey.key_type == 0 ? NULL : &v->key.pkey;
}

const br_x509_class engine_verifier_class = {
	.context_size = sizeof(struct engine_verifier),
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};
