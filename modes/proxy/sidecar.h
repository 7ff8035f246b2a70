#ifndef PROXY_SIDECAR_H
#define PROXY_SIDECAR_H

#include "base/err.h"
#include "link/sni.h"

/*
 * sidecar: what ties a running proxy to its agent, as standalone ties one to
 * files: documents and identities go to the data plane, wants of workers to
 * the agent, readiness and the order of stopping to main.
 *
 * Life: sidecar_new -> (listeners are opened) -> sidecar_start
 *       -> sidecar_stop -> proxy_drain ... -> sidecar_end -> sidecar_free.
 * On the main thread, but for the wants.
 */
struct proxy_run;
struct agent;

/* Whether the settings say what a sidecar must know; ERR_USAGE. */
struct model_proxy_spec;
int sidecar_check(const struct model_proxy_spec *, struct err *);

/* Sets p->agent. */
int sidecar_new(struct proxy_run *, struct err *);
int sidecar_start(struct proxy_run *, struct err *);
/* Withdraws, so that no new callers come; then drains. */
void sidecar_stop(struct proxy_run *);
void sidecar_end(struct proxy_run *);
void sidecar_free(struct proxy_run *);

/* For data_plane_options; arg is the proxy_run. */
void sidecar_want(void *arg, const struct service_name *);
void sidecar_used(void *arg, const struct service_name *);

#endif
