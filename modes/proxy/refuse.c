#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/refuse.h"
#include "modes/proxy/worker.h"
#include "net/conn_peers.h"
#include "stat/metrics.h"

struct refusal {
	struct proxy_worker *worker;
	struct revoked      *list;
};

static bool
is_refused(void *arg, const struct conn_peer *peer)
{
	struct proxy_worker *w = arg;

	if (!revoked_has(w->revoked, slice_str(peer->id), peer->not_before))
		return false;
	log_warn("identity", "a connection with %s is cut off: it was revoked",
	    peer->id);
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

void
refuse_end(struct proxy_worker *w)
{
	revoked_unref(w->revoked);
	w->revoked = NULL;
}
