#include "base/mem.h"
#include "net/conn_peers.h"
#include "net/conn_state.h"

/* What a loop keeps for its connections. */
struct peers {
	struct list        all;		/* struct conn, by its tls */
	conn_peers_refuse *refuse;	/* NULL: nobody */
	void              *arg;
};

static struct peers *
peers_of(struct loop *l)
{
	void **kept = loop_keeps(l);
	struct peers *p = *kept;

	if (p == NULL) {
		p = mem_zalloc(sizeof(*p));
		list_init(&p->all);
		*kept = p;
	}
	return p;
}

static bool
is_refused(const struct peers *p, const struct conn *c)
{
	return p->refuse != NULL && p->refuse(p->arg, conn_peer(c));
}

void
conn_peers_join(struct conn *c)
{
	struct peers *p;

	if (c->io == NULL)
		return;
	p = peers_of(c->watch.loop);
	list_append(&p->all, &c->tls->link);
	/* Its owner does not expect that it ends before he has it. */
	c->must_cut = is_refused(p, c);
}

void
conn_peers_leave(struct conn *c)
{
	if (c->io != NULL)
		list_remove(&c->tls->link);
}

size_t
conn_peers_judge(struct loop *l, conn_peers_refuse *refuse, void *arg)
{
	struct peers *p = peers_of(l);
	size_t n = 0;

	p->refuse = refuse;
	p->arg = arg;
	LIST_FOREACH_SAFE(at, &p->all) {
		struct conn *c = list_entry(at, struct conn, tls[0].link);

		if (!is_refused(p, c))
			continue;
		conn_abort(c, CLOSE_DENIED);
		n++;
	}
	return n;
}
