#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "chain/l4.h"
#include "modes/control/audit.h"
#include "modes/control/ca.h"
#include "modes/control/control_settings.h"
#include "modes/control/log_limit.h"
#include "modes/control/login_limit.h"
#include "modes/control/refusals.h"
#include "modes/control/unrecorded.h"
#include "modes/control/registry_workload.h"
#include "modes/control/store.h"
#include "modes/control/workload_limit.h"
#include "stat/memo.h"
#include "stat/metrics.h"

/*
 * server: one running control, and what its parts find each other by.
 * Life: server_open -> loop_run (ends by server_stop, or by itself when the
 *     signer is gone) -> server_close.
 *
 * Everything here belongs to one thread, whose loop it is: the registry, the
 * API's connections, the sessions.  Beside it run the store's thread, the
 * handshakes' and the log's, and the signer is a process of its own.
 */
struct server {
	const struct control_settings *settings;
	const struct model_control_spec *spec;	/* of settings */
	struct loop               *loop;
	struct store_port          port;	/* posts to loop */
	struct ca                 *ca;
	struct store              *store;
	struct vault              *vault;
	struct registry           *registry;
	struct registry_workloads *workloads;
	struct issuer             *issuer;
	struct identity           *identity;
	struct rotation           *rotation;
	struct operators          *operators;
	struct bindings           *bindings;
	struct users              *users;
	struct oidc               *oidc;	/* NULL: no identity provider */
	struct kdf                *kdf;		/* of their passwords */
	struct login_limit         login_limit;
	struct workload_limit      workload_limit;
	uint8_t                    dummy[HASH_LEN];	/* salts those who are none */
	struct revocations        *revocations;
	struct attest             *attest;
	struct sessions           *sessions;
	struct conditions         *conditions;
	struct rollouts           *rollouts;
	struct federation         *federation;
	struct traffic            *traffic;
	struct log_limit           refusals;	/* of joins, in the log */
	struct refusals            refused;	/* people, in the audit log */
	struct refusals            strangers;	/* there too */
	struct unrecorded          unrecorded;

	const struct resolve_files *names;	/* NULL: the machine's */
	struct tls_handshaker     *handshaker;
	struct stat_registry      *stats;
	struct filter_stats       *filter_stats;
	struct worker_env          env;
	struct stat_worker        *store_stat;	/* of the store's thread */
	struct stat_series        *commits[3], *commit_time;
	struct doors              *doors;
	struct list                streams;	/* endless answers (api.h) */
	struct list                archives;	/* being made (archive.h) */
	struct loop_timer          tick;	/* LIVE_TICK_MS */
	struct loop_timer          minute, end;
	int64_t                    started_s;	/* wall time */
	bool                       is_ready, is_ending, is_relocking;
	struct stat_memo           memo;
	uint64_t                   ending_ms;
	int                        exit_code;
};

/*
 * Keeps the settings.  Starts the log's thread, once the signer is forked.
 * Errors are those of ca_open, store_open and registry_open; listeners open
 * on the loop, when control has its certificate.
 */
struct server *server_open(const struct control_settings *,
    const struct log_options *, struct err *);
/* Ends in order: what is under way is answered, within some seconds. */
void server_stop(struct server *);
/* Something without which control cannot go on is lost; says so and ends. */
void server_fail(struct server *, const struct err *);
void server_close(struct server *);

/* Sets the gauges that are only looked at when somebody reads them. */
void server_sample(struct server *);
/* Counts one on a series of the server's thread; labels as the family's. */
void server_count(struct server *, enum metric, const struct slice *labels);

#endif
