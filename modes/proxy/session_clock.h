#ifndef PROXY_SESSION_CLOCK_H
#define PROXY_SESSION_CLOCK_H

#include "loop/loop.h"
#include "modes/proxy/session_metrics.h"
#include "upstream/settings.h"

/*
 * session_clock: how long a TCP session may last and rest, and when its bytes
 * are counted: while it lives, as it may live for days.
 *
 * Life: session_clock_start (both ends are connected) -> session_clock_moved for
 *       bytes that came up to the session -> session_clock_stop, once.
 *
 * Bytes that pass inside the kernel need not be told, only those before them.
 * A session at rest has no timer but that of its end.
 */
struct session_clock {
	struct loop_timer     timer;	/* of loop NULL: not started */
	struct session_facts *facts;
	struct tcp_settings   times;
	uint64_t              since_ms;
	bool                  is_telling;	/* something moved of late */
	/* The time is over, for this reason. */
	void                (*on_over)(void *owner, enum response_flag,
				enum close_reason);
	void                 *owner;
};

/* Keeps facts and owner, in which on_over may stop it. */
void session_clock_start(struct session_clock *, struct session_facts *facts,
    void (*on_over)(void *owner, enum response_flag, enum close_reason),
    void *owner);
void session_clock_moved(struct session_clock *);
void session_clock_stop(struct session_clock *);

#endif
