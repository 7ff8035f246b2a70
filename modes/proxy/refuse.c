#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/refuse.h"
#include "modes/proxy/worker.h"
#include "net/conn_peers.h"
#include "pki/spiffe.h"
#include "stat/metrics.h"

struct refusal {
	struct proxy_worker *worker;
	struct revoked      *list;
};

static bool
is_disbelieved(const struct proxy_worker *w, const struct conn_peer *peer)
{
	const struct bundle *b;
	struct spiffe id;

	if (!peer->is_foreign)
		return false;
	b = !spiffe_parse(&id, slice_str(peer->id)) ? NULL :
	    bundle_set_find(w->federated, id.domain);
	return b == NULL || !bundle_has_key(b, peer->root_hash);
}

static bool
is_refused(void *arg, const struct conn_peer *peer)
{
	struct proxy_worker *w = arg;
	bool is_revoked = revoked_has(w->revoked, slice_str(peer->id),
	    peer->not_before);

	if (!is_revoked && !is_disbelieved(w, peer))
		return false;
	log_warn("identity", "a connection with %s is cut off: it %s",
	    peer->id, is_revoked ? "was revoked" :
	    "stands on a root of another trust domain that is believed no "
	    "longer");
	worker_env_count(&w->env, METRIC_REVOKED_CONNECTIONS, NULL, 0, 1);
	return true;
}

static void
on_refuse(void *arg)
{
	struct refusal *r = arg;
	struct proxy_worker *w = r->worker;

	revoked_unref(w->revoked);
	w->revoked = r->list;
	conn_peers_judge(w->env.loop, is_refused, w);
	mem_free(r);
}

void
data_plane_refuse(struct data_plane *p, struct revoked *list,
    void (*done)(void *), void *arg)
{
	for (int i = 0; i < p->options.workers; i++) {
		struct refusal *r = mem_alloc(sizeof(*r));

		*r = (struct refusal){ &p->workers[i], revoked_ref(list) };
		loop_post(p->workers[i].env.loop, on_refuse, r);
	}
	revoked_unref(list);
	if (done != NULL)
		data_plane_settle(p, done, arg);
}

bool
refuse_is_own(const struct proxy_worker *w)
{
	struct tls_identity *own;
	bool is_revoked;

	if (w->revoked == NULL || (own = data_plane_identity(w->plane)) == NULL)
		return false;
	is_revoked = revoked_has(w->revoked, slice_str(tls_identity_id(own)),
	    tls_identity_not_before(own));
	tls_identity_unref(own);
	return is_revoked;
}

void
refuse_domains(struct proxy_worker *w, struct bundle_set *now)
{
	bool is_same = bundle_set_equal(w->federated, now);

	bundle_set_unref(w->federated);
	w->federated = now;
	if (!is_same)
		conn_peers_judge(w->env.loop, is_refused, w);
}

void
refuse_end(struct proxy_worker *w)
{
	bundle_set_unref(w->federated);
	w->federated = NULL;
	revoked_unref(w->revoked);
	w->revoked = NULL;
}
