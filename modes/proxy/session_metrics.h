#ifndef PROXY_SESSION_METRICS_H
#define PROXY_SESSION_METRICS_H

#include "chain/l4.h"
#include "modes/proxy/session.h"

/*
 * session_metrics: what is counted and logged of a TCP session: "opened" at its
 * begin, bytes while it lives, the rest and one line at its end.
 */
struct session_facts {
	struct l4_run            *l4;
	const struct session_job *job;
	const struct endpoint    *endpoint;	/* once connected */
	uint64_t                  start_us;
	int64_t                   start_wall_us;
	uint64_t                  bytes_up, bytes_down;
	uint64_t                  told_up, told_down;	/* counted so far */
	enum response_flag        flag;
	bool                      opened;
	char                      source[128];	/* workload, "ns/name" */
};

void session_facts_init(struct session_facts *, struct l4_run *,
    const struct session_job *);
void session_facts_source(struct session_facts *, struct slice workload);
/* The labels source_namespace and source_service; NULL: nobody.  Borrows. */
void session_name_source(const struct conn_peer *, struct slice labels[2]);
/* Whether a workload "ns/name" lies in the namespace that the peer has proven. */
bool session_source_is_of(struct slice workload, const struct conn_peer *);

void session_metrics_open(struct session_facts *);
/* Counts what was carried since the last time; whether that was anything. */
bool session_metrics_tell(struct session_facts *);
void session_metrics_close(struct session_facts *, enum close_reason);

#endif
