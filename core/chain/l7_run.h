#ifndef CHAIN_L7_RUN_H
#define CHAIN_L7_RUN_H

#include "chain/chain.h"
#include "chain/l7.h"

/*
 * l7_run: the insides of an exchange, shared by l7.c (life), l7_answer.c (what
 * terminals answer, and filters instead), l7_way.c (one direction through the
 * filters) and l7_aside.c (exchanges that have no caller).
 *
 * A direction is a row of steps: step s is filter s upwards, filter len-1-s
 * downwards; step len is the end (the terminal, or the stream).  At most one
 * step holds at a time; what comes meanwhile waits in front of `start`.
 *
 * The filters are those of the listener's chain and of the chains behind it, as
 * one row of slots.  Slots do not move, so those of l7_extend lie elsewhere.
 */
enum l7_event { EVENT_HEAD, EVENT_BODY, EVENT_TRAILERS };

struct l7_way {
	int                 start;	/* first step; behind the filter that replied */
	int                 frozen;	/* step that holds, or -1 */
	enum l7_event       held_event;
	struct http_head   *held_head;
	struct buf          held_body;
	struct http_fields *held_trailers;
	bool                held_end;
	size_t              part;	/* of held_body that goes on first; 0: all */
	/* of a body that a filter has seen or lets through in parts */
	struct buf          rest;
	int                 rest_from;
	bool                rest_end;
	/* waiting in front of `from` */
	int                 from;
	struct buf          queue;
	struct http_fields *queue_trailers;
	int                 trailers_from;	/* in front of it; 0: of `start` */
	struct http_head   *queue_head;
	bool                queue_end;
	int                 collect;	/* step that collects, or -1 */
	size_t              collect_max;
	bool                collects_part;	/* of a longer body that much */
	bool                collect_whole;	/* its end is there */
	struct http_head   *collect_head;	/* waits until the body has passed */
	bool                ended;	/* end was put in */
	bool                delivered;	/* end came out */
	bool                stopped;	/* nothing goes on in this direction */
	struct flow         flow;
	bool                is_high;
};

struct l7_slot {
	struct l7_ctx          ctx;
	const struct l7_entry *entry;
	struct loop_timer      timer;
	enum dir               timer_dir;
	bool                   collected[2];	/* it had the end of that direction */
};

struct l7_note {
	struct l7_note *next;
	const char     *key;
	void           *value;
};

/* Whom an aside asks for. */
struct l7_origin {
	struct conn_peer *peer;
	struct addr       addr, local;
};

struct l7_run {
	struct stream            *stream;
	const struct l7_listener *listener;
	struct l4_run            *l4;		/* NULL: an aside */
	struct worker_env        *env;
	const struct l7_origin   *origin;	/* of an aside */
	struct loop              *loop;
	int                       worker;
	const struct l7_owner_ops *owner_ops;
	void                     *owner_arg;
	struct l7_route           route;	/* its chains: our references */
	struct l7_ctx             terminal;
	struct l7_slot           *slots, *more;	/* more: of l7_extend */
	int                       len, slots_len;	/* filters; in slots */
	int                       entered;	/* of them, reached upwards */
	struct l7_chain         **extended;
	int                       extended_len;
	bool                      has_info;	/* some filter reads 1xx */
	bool                      terminal_entered, terminal_cancelled;
	bool                      responding;	/* a head is on its way down */
	bool                      head_sent;	/* ... and reached the stream */
	bool                      has_length;	/* which says for its body */
	bool                      is_grpc_answer;	/* ... and that it is one */
	unsigned                  replies;	/* by l7_reply_with, so far */
	bool                      tunnel;
	bool                      request_ended;
	bool                      over;		/* only done and freeing are left */
	enum stream_error         close_error;
	struct http_head         *request;
	struct l7_way             way[2];
	struct l7_summary         summary;
	struct l7_note           *notes;
	struct loop_task          finish, resume;
	unsigned                  resume_mask;
};

static inline struct l7_slot *
l7_slot(struct l7_run *r, int index)
{
	return index < r->slots_len ? &r->slots[index] :
	    &r->more[index - r->slots_len];
}

/* Becomes the stream's owner; its events put in what comes up. */
struct l7_run *l7_run_new(struct stream *, const struct l7_listener *,
    struct worker_env *, struct flow *parent, const struct l7_owner_ops *,
    void *arg);
/* The next filter, and behind them the terminal of r->route. */
void l7_run_add(struct l7_run *, const struct l7_entry *);
void l7_run_add_terminal(struct l7_run *);
void l7_run_note_request(struct l7_run *, const struct http_head *);

/* Puts an event in at a direction's start (or queues it behind a hold). */
void l7_way_init(struct l7_run *, enum dir);
void l7_way_fini(struct l7_run *, enum dir);
void l7_put_head(struct l7_run *, enum dir, struct http_head *, bool end);
void l7_put_body(struct l7_run *, enum dir, struct buf *, bool end);
void l7_put_trailers(struct l7_run *, enum dir, struct http_fields *);
void l7_put_info(struct l7_run *, struct http_head *);
/* Goes on behind the step that holds. */
void l7_thaw(struct l7_run *, enum dir);
/* From now on this direction drops what it gets. */
void l7_way_stop(struct l7_run *, enum dir);
/* Makes the terminal give up, once. */
void l7_cancel_terminal(struct l7_run *);
/* Nothing more will happen: done hooks and freeing follow in this turn. */
void l7_end(struct l7_run *, enum stream_error);
/* The end of a direction came out of its last step. */
void l7_way_delivered(struct l7_run *, enum dir);

#endif
