#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/agent_bundle.h"
#include "modes/proxy/agent_renew.h"
#include "modes/proxy/agent_run.h"

/*
 * The root under our certificate is trusted no longer: nobody talks to us, and we
 * do not go on with whom it vouches for.
 */
static int
shut_out(struct agent *g, struct str *old, struct err *why)
{
	if (str_slice(&g->vouching_pem).len == 0) {
		g->vouching_pem = *old;
		*old = (struct str){ 0 };
	}
	g->is_shut_out = true;
	log_error("identity", "no root that control trusts vouches for our "
	    "certificate of %s any more: nobody talks to us, %s",
	    g->identity->id, agent_host_way_back(g->options.settings));
	*why = ERR_INIT;
	return agent_identity_use(g, why);
}

int
agent_take_bundle(struct agent *g, struct slice pem, struct err *err)
{
	struct bundle *b;
	int result;

	if (slice_eq(pem, str_slice(&g->bundle_pem)))
		return 0;
	b = bundle_new(slice_str(g->identity->domain));
	result = bundle_add_pem(b, pem, err);
	bundle_unref(b);
	if (result != 0)
		return -1;
	struct str old = g->bundle_pem;

	g->bundle_pem = (struct str){ 0 };
	str_add_slice(&g->bundle_pem, pem);
	g->is_shut_out = false;
	result = agent_identity_use(g, err);
	if (result != 0)
		result = shut_out(g, &old, err);
	str_fini(&old);
	if (result != 0)
		return -1;
	log_info("identity", "a new trust bundle is in use");
	return state_write(&g->state, STATE_BUNDLE, pem, err);
}

void
agent_take_jwks(struct agent *g, struct slice text)
{
	struct err err = ERR_INIT;

	if (text.len == 0 || slice_eq(text, str_slice(&g->jwks)))
		return;
	str_clear(&g->jwks);
	str_add_slice(&g->jwks, text);
	if (state_write(&g->state, STATE_JWKS, text, &err) != 0)
		log_error("identity", "%s", err.text);
	agent_jwt_forget(g);	/* a key may be taken back */
	agent_svid_changed(g);
}
