#ifndef PROXY_AGENT_RUN_H
#define PROXY_AGENT_RUN_H

#include "base/random.h"
#include "modes/proxy/agent.h"
#include "modes/proxy/agent_docs.h"
#include "modes/proxy/agent_identity.h"
#include "modes/proxy/agent_interest.h"
#include "modes/proxy/agent_join.h"
#include "modes/proxy/agent_jwt.h"
#include "modes/proxy/agent_link.h"
#include "modes/proxy/agent_renew.h"
#include "modes/proxy/agent_status.h"
#include "modes/proxy/agent_svid.h"
#include "modes/proxy/app_health.h"
#include "modes/proxy/docs.h"
#include "modes/proxy/faults.h"
#include "modes/proxy/shares.h"
#include "modes/proxy/state.h"
#include "net/resolve.h"
#include "pki/revoked.h"

/*
 * agent_run: the insides of an agent, for the files agent_*.c alone.  All of
 * it belongs to the sync thread, but for the gate and the numbers that
 * metrics read.
 */
struct names;
struct system_roots;

struct agent {
	struct agent_options   options;
	struct loop           *loop;
	struct state           state;
	uint16_t               inbound_port;
	struct interest_gate   wants, uses;

	/* Who we are: agent_renew.c */
	struct agent_identity *identity;	/* NULL: not joined */
	struct tls_identity   *tls;	/* of identity and bundle; NULL with it */
	struct str             bundle_pem;
	struct str             vouching_pem;	/* the last that vouched for identity */
	bool                   is_shut_out;	/* bundle_pem does not: is in use */
	uint64_t               bundle_generation;	/* our own count */
	char                  *control_id;
	struct agent_join           *join;
	uint64_t               attested_ms;	/* asked for last, by a host */
	char                   shown_token[TOKEN_ID_LEN + 1];	/* by then */
	struct agent_call     *renewal;
	struct key             next_key;	/* while a renewal is under way */
	struct loop_timer      renew_timer;
	int64_t                renew_at, late_at;	/* wall seconds */
	unsigned               renew_failures;
	bool                   has_warned;	/* of a late renewal */
	bool                   is_refusal_told;	/* of this identity */
	bool                   began_ended;	/* and has no other since */

	struct agent_svid      svid;	/* our application's */
	struct agent_jwts      jwts;
	struct str             jwks;	/* by which tokens are verified */

	/* Whom we refuse: agent_revoke.c */
	struct revoked        *revoked;	/* NULL: control never said */
	struct list            obeying;	/* lists on their way to workers */
	struct bundle_set     *federated;	/* agent_federation.h; NULL: nobody */
	unsigned char          federated_by[HASH_LEN];	/* zeros: look anew */

	/* What we know: agent_docs.c */
	struct docs            docs;
	struct interests       interests;
	struct model_object   *own;	/* our Workload, as we tell it */
	bool                  *plain, *next_plain;	/* by app: agent_plain.c */
	struct map             unread;	/* keys of what did not read */
	struct faults          faults;	/* what did not compile */
	unsigned               unsettled;	/* compiled, not in force yet */
	bool                   is_in_force;	/* something is */
	struct loop_timer      save_timer;
	struct resolve_files   name_files;
	struct names          *names;	/* NULL at the end */
	struct system_roots   *system;

	/* Our session: agent_session.c */
	struct agent_link     *link;	/* NULL: none */
	bool                   is_open, is_synced;
	bool                   must_compile;	/* interests changed since the last */
	bool                   needs_full;	/* our documents differ: all again */
	bool                   told_ready;	/* control thinks that we answer */
	bool                   has_told;	/* on this session */
	bool                   owes_ack;	/* of what is not in force yet */
	bool                   sent_counters;	/* on this session */
	unsigned               failures;	/* of sessions, in a row */
	unsigned               displaced;	/* by another proxy, in a row */
	bool                   was_displaced;	/* in the session of opened_ms */
	uint64_t               opened_ms;
	struct loop_timer      retry_timer, alive_timer, interest_timer,
	                       lapse_timer;
	char                   boot[RANDOM_UUID_LEN + 1];
	uint64_t               born_ms;	/* when that began */
	struct agent_listening *listening;	/* NULL: not for any */
	struct shares          shares;	/* of global limits: agent_shares.c */
	struct loop_timer      shares_timer;

	struct app_health     *health;
	bool                   is_ready;	/* as told to main */
	bool                   is_stopping, has_stopped;
	struct loop_timer      stop_timer;
	void                 (*stopped)(void *arg);
	void                  *stopped_arg;
	bool                   has_thread;
	struct agent_numbers   numbers;
	struct stat_series    *sampled[AGENT_SAMPLES_MAX];
	struct stat_series    *renewals[2];	/* failed, succeeded */
	struct stat_worker    *stat;
};

/* --- agent.c */
void agent_tell_ready(struct agent *);	/* to main, if it changed */
void agent_stopped(struct agent *);	/* to main, once */
void agent_fail(struct agent *, const struct err *);	/* to main */

/* --- agent_session.c -------------------------------------------------------- */
void agent_session_init(struct agent *);
void agent_session_connect(struct agent *);	/* if there is none */
void agent_session_end(struct agent *);
void agent_send(struct agent *, const struct sync_message *);	/* if it can */
void agent_tell_app(struct agent *);	/* whether the application answers */
void agent_tell_applied(struct agent *);	/* once it is in force */
void agent_interest_changed(struct agent *);	/* told soon */
void agent_tell_listening(struct agent *);	/* agent_listening.c */

/* --- agent_plain.c: ports in plain text ------------------------------------- */
void agent_plain_init(struct agent *);
void agent_plain_fini(struct agent *);
/* What was compiled is in force: control is told, if it is news. */
void agent_tell_plain(struct agent *);
/* What control is to know of the port of the i-th app. */
void agent_add_plain(const struct agent *, size_t i, struct conf_node *port);

/* --- agent_shares.c --------------------------------------------------------- */
void agent_shares_init(struct agent *);
void agent_shares_fini(struct agent *);
void agent_shares_open(struct agent *);	/* in step with control, anew */
void agent_shares_answer(struct agent *, const struct sync_message *);

#endif
