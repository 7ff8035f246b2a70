#ifndef CHAIN_L4_RUN_H
#define CHAIN_L4_RUN_H

#include "chain/chain.h"
#include "chain/l4.h"

/*
 * l4_run: the insides of one connection's run, shared by l4.c and
 * worker_env.c.
 */
struct l4_slot {
	struct l4_ctx     ctx;
	struct loop_timer timer;
	void            (*wake)(struct l4_ctx *);
};

/* One direction of a connection through its chain. */
struct l4_way {
	int  frozen;		/* step that holds, or -1 */
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
	bool                      pending_end;
	int                       entered;
	bool                      is_open, is_closed, paused, held_open;
	bool                      was_offered;	/* the terminal has arg */
	struct loop_task          resume;
	unsigned                  resume_mask;
	struct l4_slot            slots[];
};

#endif
