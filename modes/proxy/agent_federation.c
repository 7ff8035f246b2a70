#include "modes/proxy/agent_federation.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "model/federation.h"
#include "pki/hash.h"

static void
on_fault(void *arg, const char *key, const struct err *err)
{
	struct agent *g = arg;

	faults_add(&g->faults, slice_str(key),
	    docs_revision(&g->docs, slice_str(key)), err->text);
	/* It is to be told of again, each time that all are looked at. */
	mem_wipe(g->federated_by, HASH_LEN);
}

/* The documents that decide, as they are; false: there are none. */
static bool
mark(struct model_object *const *objects, size_t n, unsigned char out[HASH_LEN])
{
	struct str text = { 0 };
	bool is_any = false;
	struct hash h;

	hash_init(&h);
	for (size_t i = 0; i < n; i++) {
		if (objects[i]->kind != &model_federated_trust_domain_kind &&
		    objects[i]->kind != &model_federated_bundle_kind)
			continue;
		is_any = true;
		str_clear(&text);
		conf_json_write(&text, objects[i]->node);
		hash_add(&h, str_slice(&text));
	}
	hash_out(&h, out);
	str_fini(&text);
	return is_any;
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
	unsigned char by[HASH_LEN];
	struct bundle_set *now;
	struct err err = ERR_INIT;

	if (!mark(objects, n, by) && g->federated == NULL)
		return;
	/* Roots are checked by their own signatures, which takes its time. */
	if (memcmp(by, g->federated_by, HASH_LEN) == 0)
		return;
	memcpy(g->federated_by, by, HASH_LEN);
	now = model_federation(objects, n, g->identity->domain, on_fault, g);
	if (bundle_set_equal(g->federated, now)) {
		bundle_set_unref(now);
		return;
	}
	bundle_set_unref(g->federated);
	g->federated = now;
	if (agent_identity_use(g, &err) != 0)
		log_error("identity", "%s", err.text);
	else
		log_domains(now);
}
