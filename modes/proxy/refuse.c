#include <string.h>

#include "base/check.h"
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

enum belief {
	BELIEVED,
	LEAVING,	/* for a while yet: root_grace.h */
	DISBELIEVED,
};

static enum belief
believe(const struct proxy_worker *w, const struct conn_peer *peer)
{
	static const uint8_t nobody[HASH_LEN];
	const struct bundle *b;
	struct spiffe id;

	/* For whom no trust bundle vouched there is none to lose. */
	if (!peer->is_foreign && (w->trusted == NULL ||
	    memcmp(peer->root_hash, nobody, HASH_LEN) == 0))
		return BELIEVED;
	if (!spiffe_parse(&id, slice_str(peer->id)))
		return DISBELIEVED;
	b = bundle_set_find(peer->is_foreign ? w->federated : w->trusted,
	    id.domain);
	if (b != NULL && bundle_has_key(b, peer->root_hash))
		return BELIEVED;
	return root_grace_has(&w->grace, id.domain, peer->root_hash,
	    loop_now_ms(w->env.loop)) ? LEAVING : DISBELIEVED;
}

static bool
is_leaving(void *arg, const struct conn_peer *peer)
{
	return believe(arg, peer) == LEAVING;
}

static bool
is_refused(void *arg, const struct conn_peer *peer)
{
	struct proxy_worker *w = arg;
	bool is_revoked = revoked_has(w->revoked, slice_str(peer->id),
	    peer->not_before);

	if (!is_revoked && believe(w, peer) != DISBELIEVED)
		return false;
	log_warn("identity", "a connection with %s is cut off: it %s",
	    peer->id, is_revoked ? "was revoked" : peer->is_foreign ?
	    "stands on a root of another trust domain that is believed no "
	    "longer" : "stands on a root that is trusted no longer");
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

/*
 * Connections that we began need no word: those of a generation before take no
 * new request (upstream_identify).
 */
static void
part(struct proxy_worker *w)
{
	uint64_t now = loop_now_ms(w->env.loop);
	uint64_t end = root_grace_expire(&w->grace, now);

	conn_peers_judge(w->env.loop, is_refused, w);
	worker_env_part(&w->env, end == 0 ? NULL : is_leaving, w);
	if (end == 0 || w->is_stopped)
		loop_timer_stop(&w->parting);
	else
		loop_timer_start(&w->parting, end - now);
}

static void
on_parting(void *arg)
{
	part(arg);
}

void
refuse_init(struct proxy_worker *w)
{
	root_grace_init(&w->grace);
	loop_timer_init(&w->parting, w->env.loop, on_parting, w);
}

static void
change(struct proxy_worker *w, struct bundle_set **place,
    struct bundle_set *now)
{
	struct bundle_set *before = *place;

	*place = now;
	if (!bundle_set_equal(before, now)) {
		root_grace_change(&w->grace, before, now,
		    loop_now_ms(w->env.loop));
		part(w);
	}
	bundle_set_unref(before);
}

void
refuse_roots(struct proxy_worker *w, struct bundle *now)
{
	struct bundle_set *own = bundle_set_new();
	struct err none = ERR_INIT;

	check(bundle_set_add(own, now, &none) == 0);
	change(w, &w->trusted, own);
}

void
refuse_domains(struct proxy_worker *w, struct bundle_set *now)
{
	change(w, &w->federated, now);
}

void
refuse_stop(struct proxy_worker *w)
{
	loop_timer_stop(&w->parting);
}

void
refuse_end(struct proxy_worker *w)
{
	root_grace_fini(&w->grace);
	bundle_set_unref(w->trusted);
	w->trusted = NULL;
	bundle_set_unref(w->federated);
	w->federated = NULL;
	revoked_unref(w->revoked);
	w->revoked = NULL;
}
