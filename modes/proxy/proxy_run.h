#ifndef PROXY_PROXY_RUN_H
#define PROXY_PROXY_RUN_H

#include "base/walls.h"
#include "modes/proxy/compile.h"
#include "modes/proxy/data_plane.h"
#include "modes/proxy/settings.h"
#include "stat/stat.h"

/*
 * proxy_run: one running proxy: what main, the source of documents (files or
 * control) and the admin listener share.  All of it belongs to the main
 * thread, whose loop it is.
 */
struct standalone;
struct issuers;
struct agent;
struct admin;
struct workload_api;

struct proxy_run {
	struct settings        settings;
	struct loop           *loop;	/* of the main thread */
	struct stat_registry  *stats;
	struct stat_worker    *stat;	/* of the main thread */
	struct filter_stats   *filter_stats;
	struct tls_handshaker *handshaker;
	struct data_plane     *plane;
	struct resolve_files   files;	/* of names outside */
	struct issuers        *issuers;	/* of the thread that compiles */
	struct compile_app    *apps;	/* settings' apps, resolved */
	size_t                 apps_len;
	struct cidr           *proxies;	/* before its Gateways */
	struct service_name    service;	/* ours; empty names standalone */
	struct snapshot       *snapshot;	/* the last one compiled; counted */
	struct standalone     *standalone;	/* NULL: with control */
	struct agent          *agent;	/* NULL: standalone */
	char                  *workload;	/* the agent's thread: last named */
	struct gateway_ports  *gateway_ports;
	struct admin          *admin;
	struct workload_api   *workload_api;	/* NULL: not asked for */
	struct addr            inbound_addr, admin_addr;	/* as bound */
	bool                   is_ready;	/* /readyz */
	bool                   stopping;	/* control is being told */
	uint64_t               asked_ms;	/* when it was told to end */
	bool                   draining;
	struct err             failure;	/* why it cannot go on */
	struct loop_timer      drain_timer, housekeeping, looking, releasing;
	uint64_t               drain_end_ms;
	int                    exit_code;
	struct walls           walls;
};

/* A snapshot of these documents is compiled and goes to the workers. */
void proxy_use_documents(struct proxy_run *, struct model_object *const *objects,
    size_t len, const struct compile_input *more);
/* Opens the listeners that the settings name. */
int proxy_listen(struct proxy_run *, struct err *);
void proxy_set_ready(struct proxy_run *, bool ready);
/* Ends the main loop. */
void proxy_end(struct proxy_run *);
/* Begins to end: no new connections, at most drainTime for those there. */
void proxy_drain(struct proxy_run *);

/* Documents from files: read, watched, read again. */
/* Takes what the set holds. */
struct standalone *standalone_start(struct proxy_run *, struct model_set *docs);
void standalone_reload(struct standalone *);
void standalone_free(struct standalone *);

#endif
