#ifndef CHAIN_L4_RUN_H
#define CHAIN_L4_RUN_H

#include "chain/chain.h"
#include "chain/l4.h"

/*
 * l4_run: the insides of one connection's run, shared by l4.c and
 * worker_env.c.
 */
/* One direction of a connection through its chain. */
struct l4_way {
	short frozen;		/* step that holds, or -1 */
	bool held_end;		/* is behind what that filter holds */
	bool queue_end;
	bool ended;		/* end left the chain */
	bool stopped;
	bool in_hook;		/* a bytes hook of this direction is running */
};

/* Bytes on their way through filters: of a chain that reads bytes alone. */
struct l4_queues {
	struct buf held[2];	/* what a filter holds; goes on behind it */
	struct buf queue;	/* what waits in front of the chain (down only) */
	struct buf pending;	/* passed all filters, not yet taken */
};

struct l4_run {
	struct list               link;		/* in env->runs */
	struct l4_chain          *chain;
	struct conn              *conn;
	struct worker_env        *env;
	const char               *listener;
	const struct l4_terminal *terminal;
	void                     *terminal_arg;
	void                     *terminal_state;
	struct flow               flow;
	struct l4_way             way[2];
	struct l4_queues         *queues;	/* NULL: chain has no bytes hook */
	int                       entered;
	bool                      pending_end : 1;
	bool                      is_open : 1, is_closed : 1, paused : 1;
	bool                      held_open : 1;
	bool                      was_offered : 1;	/* the terminal has arg */
	unsigned char             resume_mask;	/* of dirs */
	struct loop_task          resume;
	struct l4_ctx             slots[];
};

/* Asks an open one to end in order, if its worker wants that of it. */
void l4_drain_if_due(struct l4_run *);

#endif
