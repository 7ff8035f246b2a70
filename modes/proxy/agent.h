#ifndef PROXY_AGENT_H
#define PROXY_AGENT_H

#include "base/str.h"
#include "modes/proxy/compile.h"
#include "stat/stat.h"
#include "tls/tls.h"

/*
 * agent: a proxy's side of the mesh's control: its identity, its documents,
 * its word about itself.  It lives on a thread of its own, named "sync".
 *
 * Life: agent_new (reads what is on the disk) -> agent_start -> the callbacks
 *       -> agent_stop -> done -> agent_end -> agent_free.
 *
 * What it does, in this order and again when something is lost: join, if the
 * disk has no valid identity; take up the documents of the disk; hold a
 * session (agent_session.c); renew the certificate in time (agent_renew.c);
 * report the application once it answers.  A proxy whose control is away goes
 * on with what it has.
 */
struct agent;
struct issuers;
struct revoked;
struct svids;

struct agent_options {
	const struct model_proxy_spec *settings;	/* kept */
	const struct compile_app      *apps;	/* kept */
	size_t                         apps_len;
	struct tls_handshaker         *handshaker;	/* kept */
	struct issuers                *issuers;	/* kept; it starts and stops them */
	const struct resolve_files    *control_files;	/* of its name; kept; or NULL */
	struct stat_registry          *stats;	/* kept */
	const char                    *version;	/* kept */
	struct loop                   *main;	/* kept */

	/*
	 * On the sync thread: compile and put into force.  Once workers obey
	 * it, agent_in_force is called, once for each.
	 */
	void (*use)(void *arg, struct model_object *const *objects, size_t len,
	    const struct compile_input *more);
	/*
	 * On the sync thread: an identity to use from now on, taken, and the
	 * workload ("ns/name") that it is.
	 */
	void (*identify)(void *arg, struct tls_identity *, struct slice workload);
	/*
	 * On the sync thread: what applications are given from now on, taken;
	 * NULL: nothing.  Called only where the settings open a Workload API.
	 */
	void (*svids)(void *arg, struct svids *);
	/*
	 * On the sync thread: connections with these are cut off, taken; done
	 * runs on any thread once none is left.
	 */
	void (*refuse)(void *arg, struct revoked *, void (*done)(void *ctx),
	    void *ctx);
	/*
	 * On the sync thread: done gets, on any thread, what callers did, a
	 * JSON object; nothing when the proxy ends meanwhile.
	 */
	void (*calls)(void *arg, void (*done)(void *ctx, struct slice json),
	    void *ctx);
	/* On the sync thread: as issuers.h says it. */
	void (*settled)(void *arg, struct slice source);
	/* On the sync thread: adds what the proxy runs, a JSON object. */
	void (*describe)(void *arg, struct str *out);
	/*
	 * On the main loop: it has an identity and documents, which are in
	 * force, or has not.
	 */
	void (*ready)(void *arg, bool is_ready);
	/* On the main loop: it cannot begin, and trying again would not help. */
	void (*failed)(void *arg, const struct err *);
	void  *arg;
};

/*
 * Copies the options.  NULL: the state cannot be used (ERR_CONFIG,
 * ERR_CONFLICT), or there is neither an identity nor a token (ERR_NOT_FOUND).
 */
struct agent *agent_new(const struct agent_options *, struct err *);
/* inbound_port: where other sidecars reach us. */
int agent_start(struct agent *, uint16_t inbound_port, struct err *);
/*
 * Withdraws the workload, so that nobody calls it any more, and ends the
 * session; done runs on the main loop, after 6 s at the latest.
 */
void agent_stop(struct agent *, void (*done)(void *arg), void *arg);
/*
 * Ends the thread: no callback comes any more.  Then the handshaker goes, and
 * only then the agent, as tls.h asks of who started handshakes.
 */
void agent_end(struct agent *);
void agent_free(struct agent *);	/* after agent_end; NULL allowed */

/* Any thread: what `use` was last called with is in force. */
void agent_in_force(struct agent *);

/* Any thread: the addresses of our Gateway's open ports, all of them. */
void agent_listens(struct agent *, const struct addr *, size_t n);

/* Any thread, at any rate: a service is wanted, or was used. */
void agent_want(struct agent *, const struct service_name *);
void agent_used(struct agent *, const struct service_name *);

/* In `use`: the ports of this snapshot that members are to call in plain text. */
void agent_use_plain(struct agent *, const struct snapshot *);
/* In `use`: the limits in this snapshot that are kept with other proxies. */
void agent_use_limits(struct agent *, const struct snapshot *);

/*
 * What it knows and what `describe` says, as one JSON object; done runs on
 * the main loop.  text is borrowed.
 */
void agent_describe(struct agent *, void (*done)(void *arg, struct slice text),
    void *arg);

#endif
