#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/agent_ask.h"
#include "modes/proxy/agent_reclaim.h"
#include "pki/chain.h"
#include "pki/csr.h"
#include "pki/pem.h"
#include "pki/possession.h"

/* The request, the ended certificate, and the proof that we hold its key. */
static int
add_body(struct str *out, const struct agent *g, struct err *err)
{
	struct str csr = { 0 }, pem = { 0 }, leaf = { 0 }, proof = { 0 };
	struct chain chain;

	chain_init(&chain);
	if (chain_add_pem(&chain, g->identity->chain_pem, err) < 0) {
		chain_fini(&chain);
		return -1;
	}
	csr_make(&csr, &g->next_key);
	pem_add(&pem, PEM_LABEL_CSR, str_slice(&csr));
	pem_add(&leaf, PEM_LABEL_CERT, chain_cert(&chain, 0));
	possession_prove(&proof, &g->identity->key, str_slice(&csr));
	str_add(out, "{\"csr\":");
	str_add_json(out, str_slice(&pem));
	str_add(out, ",\"certificate\":");
	str_add_json(out, str_slice(&leaf));
	str_add(out, ",\"proof\":");
	str_add_json(out, str_slice(&proof));
	str_add_char(out, '}');
	chain_fini(&chain);
	str_fini(&csr);
	str_fini(&pem);
	str_fini(&leaf);
	str_fini(&proof);
	return 0;
}

/* Who shows no certificate, and asks for control's all the same. */
static struct tls_identity *
onlooker(const struct agent *g, struct err *err)
{
	return tls_identity_new(SLICE_NONE, SLICE_NONE,
	    str_slice(&g->bundle_pem), g->identity->domain, 0, err);
}

int
agent_reclaim_start(struct agent *g, void (*done)(void *,
    const struct agent_reply *), struct err *err)
{
	struct tls_identity *trust = onlooker(g, err);
	struct str body = { 0 };

	if (trust == NULL)
		return -1;
	key_fini(&g->next_key);
	key_generate(&g->next_key);
	if (add_body(&body, g, err) == 0) {
		struct agent_call_request r = agent_ask(g, "/v1/renew-ended",
		    str_slice(&body));

		r.dial.identity = trust;
		g->renewal = agent_call_start(&r, done, g);
	}
	tls_identity_unref(trust);
	str_fini(&body);
	return g->renewal != NULL ? 0 : -1;
}
