#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include "modes/control/delivery.h"
#include "modes/control/quotas.h"
#include "modes/control/sessions.h"
#include "net/addr.h"
#include "sync/message.h"

/*
 * session: the insides of one session, shared by sessions.c (all of them),
 * session.c (what one proxy says), session_quota.c (what it may let pass),
 * session_contest.c (two of one workload), session_place.c (one after another
 * at one place), session_withdraw.c (leaving), session_recall.c (revoked
 * identities) and sessions_standing.c (who runs what).
 */
#define SESSION_INTEREST_MS	200	/* how long the first state waits */
#define SESSION_BOOKMARK_MS	30000
#define SESSION_ANSWER_MS	5000
#define SESSION_WITHDRAW_MS	5000
#define SESSION_NACKS_MAX	100
#define SESSION_CONTEST_MS	180000
#define SESSION_WORKLOAD_MAX	16384	/* bytes of its document */
#define SESSION_LISTENING_MAX	16	/* addresses of a Gateway */

struct session_nack {
	uint64_t revision;	/* of the form that it rejects */
	char    *text;
};

struct session {
	struct list              link;
	struct sessions         *all;
	uint64_t                 number;	/* 1, 2, 3 ... */
	const struct session_io *io;
	void                    *arg;
	struct arena             arena;
	struct session_peer      peer;	/* in the arena */
	const char              *name;	/* "ns/name" of the workload */
	struct slice             key;	/* of its document */
	char                    *version;
	struct sync_lines        lines;
	struct buf               in;
	struct delivery          delivery;
	struct loop_timer        interest;
	uint64_t                 connected_ms, said_ms;	/* said: by us */
	int64_t                  connected_s;
	uint64_t                 acked;		/* revision it runs */
	uint64_t                 recalled;	/* generation that it obeys */
	int64_t                  ahead_s;	/* its clock, of ours */
	int64_t                  cert_until_s;	/* as it says; 0: not yet */
	bool                     is_digest_known, is_digest_ok;
	bool                     was_restarted;	/* for a wrong digest */
	struct map               nacks;		/* by key: struct session_nack */
	char                   **listening;	/* IP addresses of its Gateway */
	size_t                   listening_len;
	struct model_object     *rival;	/* what the one before said, or NULL */
	const char              *rival_from;	/* in the arena */
	bool                     is_waiting;	/* to be registered after that */
	bool                     has_hello, is_answering, has_reported;
	bool                     was_answering;	/* as it was reported */
	bool                     has_overstated;	/* in its counters */
	bool                     has_interest;	/* a new one, not acted on */
	bool                     is_withdrawn, is_paused, is_ended;
};

struct sessions {
	struct server           *server;
	struct list              sessions;
	struct map               by_name;	/* "ns/name": the newest */
	size_t                   len;
	uint64_t                 numbers, questions;
	struct delivery_lines    lines;
	struct registry_follower follower;
	struct registry_status_listener status;
	struct loop_task         pump;		/* a part of them a turn */
	size_t                   unpumped;	/* how many it has to visit */
	uint64_t                 followed;
	struct quotas            quotas;	/* of global limits */
	struct list              asked;		/* questions without answer */
	struct list              leaving;	/* withdrawals */
	struct list              recalls;	/* session_recall.c */
	uint64_t                 recall;	/* generation of the last */
	uint64_t                 bundle;	/* generation of the trust bundle */
	struct map               contests;	/* by name: session_contest.c */
	void                   (*on_standing)(void *arg);	/* or NULL */
	void                    *on_standing_arg;
};

void session_say(struct session *, const struct sync_message *);
/* Writes what there is to say while there is room. */
void session_pump(struct session *);
/* Likewise for all, some in each turn of the loop. */
void sessions_pump(struct sessions *);
void session_end(struct session *, const char *why);
/* Handles one message; false: the session has ended. */
bool session_take(struct session *, const struct sync_message *);

/* It registers: those at its place (registry_places.h) without a session go. */
void session_take_place(struct session *);
/* It has gone: its workload goes, too, if another with a session is there. */
void session_leave_place(struct session *);

/*
 * Two proxies of one workload take the session from each other.  From the second time
 * on within SESSION_CONTEST_MS people are told, and its document stays as it is.
 */
void session_displace(struct session *, struct session *old);
/* Its hello said this.  False: it is to be registered later. */
bool session_may_register(struct session *, const struct model_object *said);
/* Where the other one is; NULL: there is none.  For people, where both listen, too. */
const char *session_contested(const struct session *);
void session_contest_write(const struct session *, struct conf_node *row);
void session_contests_tick(struct sessions *);
void session_contest_fini(struct session *);
void session_contests_fini(struct sessions *);

void session_nacks_fini(struct session *);
void session_listening_fini(struct session *);

/* Answers a demand with a lease. */
void session_quota_ask(struct session *, const struct sync_message *);
/* It ended in order. */
void session_quota_leave(struct session *);

/* Who runs what may have changed. */
void sessions_stand_anew(struct sessions *);

/* A question got its answer. */
void sessions_answer(struct sessions *, uint64_t session, uint64_t id,
    const struct conf_node *);

/*
 * Its workload leaves: the document is deleted, and the proxy is told once
 * every session that knew the workload runs a state without it, or after
 * SESSION_WITHDRAW_MS.
 */
void session_withdraw(struct session *);
/* Something was acknowledged, or a session is gone, or time passed. */
void session_withdrawals_check(struct sessions *);
void session_withdrawals_fini(struct sessions *);


/* Tells it whom to refuse. */
void session_say_revoked(struct session *);
/* Something was obeyed, or a session is gone, or time passed. */
void session_recalls_check(struct sessions *);
void session_recalls_fini(struct sessions *);

#endif
