#include "modes/proxy/data_plane.h"
#include "modes/proxy/lookup.h"
#include "modes/proxy/stray.h"
#include "modes/proxy/worker.h"

/* What the snapshot in force says, or LOOKUP_WAIT when it says nothing. */
static enum lookup_answer
ask(struct proxy_worker *w, const struct lookup *l, struct cluster **cluster)
{
	const struct service *s = w->snapshot == NULL ? NULL :
	    snapshot_service(w->snapshot, &l->name);

	if (s != NULL && s->is_pending)
		return LOOKUP_WAIT;	/* for DNS */
	if (s != NULL) {
		const struct service_port *p = l->is_udp ?
		    service_udp_port(s, l->port) : service_port(s, l->port);

		*cluster = p == NULL ? NULL : cluster_ref(p->cluster);
		return p != NULL ? LOOKUP_FOUND : LOOKUP_NO_PORT;
	}
	if (w->snapshot != NULL && snapshot_is_absent(w->snapshot, &l->name))
		return LOOKUP_NO_SERVICE;
	return LOOKUP_WAIT;
}

/* A host that is no service's name, or no service's after all. */
static enum lookup_answer
ask_outside(struct proxy_worker *w, struct lookup *l, struct cluster **cluster)
{
	l->has_name = false;
	return w->snapshot != NULL && w->snapshot->allow_any ?
	    strays_find(w->strays, l, cluster) : LOOKUP_UNREGISTERED;
}

static void
on_timeout(void *arg)
{
	struct lookup *l = arg;

	list_remove(&l->link);
	l->done(l->arg, LOOKUP_TIMEOUT, NULL);
}

static enum lookup_answer
start(struct proxy_worker *w, struct lookup *l, struct cluster **cluster)
{
	const struct data_plane_options *o = &w->plane->options;
	enum lookup_answer answer = ask(w, l, cluster);

	if (answer == LOOKUP_FOUND && o->used != NULL)
		o->used(o->arg, &l->name);
	if (answer == LOOKUP_NO_SERVICE && o->want != NULL)
		o->want(o->arg, &l->name);	/* it may exist by now */
	if (answer != LOOKUP_WAIT)
		return answer;
	bool is_known = w->snapshot != NULL &&
	    snapshot_service(w->snapshot, &l->name) != NULL;

	if (o->want == NULL && !is_known)
		return LOOKUP_NO_SERVICE;	/* nobody to ask */
	list_append(&w->lookups, &l->link);
	if (!is_known)
		o->want(o->arg, &l->name);
	return LOOKUP_WAIT;
}

enum lookup_answer
lookup_start(struct proxy_worker *w, struct lookup *l, struct cluster **cluster)
{
	enum lookup_answer answer;

	list_init(&l->link);
	l->worker = w;
	loop_timer_init(&l->timer, w->env.loop, on_timeout, l);
	answer = l->has_name ? start(w, l, cluster) :
	    ask_outside(w, l, cluster);
	if (answer == LOOKUP_NO_SERVICE && l->host.len > 0)
		answer = ask_outside(w, l, cluster);
	if (answer == LOOKUP_WAIT)
		loop_timer_start(&l->timer, w->plane->options.lookup_timeout_ms);
	return answer;
}

void
lookup_cancel(struct lookup *l)
{
	if (!list_is_linked(&l->link))
		return;
	list_remove(&l->link);
	loop_timer_stop(&l->timer);
}

void
lookup_retry(struct proxy_worker *w)
{
	struct list waiting;

	/* done() may start new lookups: they go to the worker's list. */
	list_init(&waiting);
	while (!list_is_empty(&w->lookups)) {
		struct list *l = list_pop(&w->lookups);

		list_append(&waiting, l);
	}
	while (!list_is_empty(&waiting)) {
		struct lookup *l = list_entry(list_pop(&waiting),
		    struct lookup, link);
		struct cluster *c = NULL;
		enum lookup_answer answer = ask(w, l, &c);

		if (answer == LOOKUP_WAIT) {
			list_append(&w->lookups, &l->link);
			continue;
		}
		if (answer == LOOKUP_NO_SERVICE && l->host.len > 0)
			answer = ask_outside(w, l, &c);
		if (answer == LOOKUP_WAIT)	/* now for DNS */
			continue;
		loop_timer_stop(&l->timer);
		l->done(l->arg, answer, c);
	}
}
