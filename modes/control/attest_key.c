#include <string.h>

#include "modes/control/attest.h"

/* The host is known by the name of the document that has its key. */
static int
verify(const struct model_object *o, const struct attest_evidence *e,
    int64_t now, struct arena *a, struct attest_host *host, struct err *err)
{
	const struct model_host_attestor *h = model_host_attestor(o);
	uint8_t shown[KEY_POINT_LEN], ours[KEY_POINT_LEN];

	(void)now;
	(void)a;
	if (host_proof_read_public(shown, e->key, err) < 0 ||
	    host_proof_read_public(ours, slice_str(h->spec.host_key->public_key),
	    err) < 0) {
		err->kind = ERR_DENIED;
		return err_wrap(err, "key");
	}
	if (memcmp(shown, ours, KEY_POINT_LEN) != 0)
		return err_set(err, ERR_DENIED, "the host's key is not "
		    "registered");
	pubkey_p256(&host->key, ours);
	host->name = slice_str(h->head.meta.name);
	return 0;
}

static bool
stands(const struct model_object *o, struct slice host)
{
	return slice_is(host, model_host_attestor(o)->head.meta.name);
}

const struct attest_verifier attest_key = { "HostKey", verify, stands };
