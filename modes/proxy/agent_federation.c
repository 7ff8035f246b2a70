#include "modes/proxy/agent_federation.h"

#include "base/log.h"
#include "model/federation.h"

static void
on_fault(void *arg, const char *key, const struct err *err)
{
	struct agent *g = arg;

	faults_add(&g->faults, slice_str(key),
	    docs_revision(&g->docs, slice_str(key)), err->text);
}

static void
log_domains(const struct bundle_set *now)
{
	for (size_t i = 0; now != NULL && i < now->len; i++)
		log_info("identity", "members of the trust domain %.*s are "
		    "believed by %zu root%s of its own",
		    SLICE_ARG(now->v[i]->domain), now->v[i]->len,
		    now->v[i]->len == 1 ? "" : "s");
	if (now == NULL || now->len == 0)
		log_info("identity", "no other trust domain is believed");
}

void
agent_federate(struct agent *g, struct model_object *const *objects, size_t n)
{
	struct bundle_set *now = model_federation(objects, n,
	    g->identity->domain, on_fault, g);
	struct err err = ERR_INIT;

	if (bundle_set_equal(g->federated, now)) {
		bundle_set_unref(now);
		return;
	}
	bundle_set_unref(g->federated);
	g->federated = now;
	log_domains(now);
	if (agent_identity_use(g, &err) != 0)
		log_error("identity", "%s", err.text);
}
