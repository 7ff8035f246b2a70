#ifndef CONTROL_REGISTRY_WORKLOAD_H
#define CONTROL_REGISTRY_WORKLOAD_H

#include "modes/control/registry_apply.h"
#include "modes/control/registry_live.h"
#include "modes/control/registry_places.h"

/*
 * registry_workload: workloads that register themselves, by their sessions.
 * Life: registry_workloads_new -> join, report ..., withdraw of each, tick
 *     every LIVE_TICK_MS -> registry_workloads_free (before the registry is
 *     closed).
 *
 * registry_live decides, this carries out: the Workload document is put when
 * its application first answers, together with the services that it names
 * and nobody declared; it is deleted on withdrawal and after 72 hours of
 * silence.  What could not be written (disk full) is tried again at the next
 * tick.  Status is told to listeners and never written.  One whose place
 * another has taken is deleted, too; should it live, its next report puts it
 * back.
 *
 * Workloads without a sidecar are registered by people and have no status
 * here.  A Workload document that somebody deletes comes back when its
 * session reports again; take its identity away to be rid of it.
 *
 * Keys are object keys, "/mesh/workloads/NAMESPACE/NAME".  One thread, that
 * of the registry; times are monotonic milliseconds.
 */
struct registry_workloads;

struct registry_workloads *registry_workloads_new(struct registry *,
    int64_t now_ms);
void registry_workloads_free(struct registry_workloads *);
void registry_workloads_tick(struct registry_workloads *, int64_t now_ms);

/*
 * A session says what its workload is; the caller has checked that its
 * identity may say so.  Borrows the document and who.  -1: it does not read
 * (ERR_DATA).  Said again with another content, the document is replaced.
 */
int registry_workload_join(struct registry_workloads *,
    const struct conf_node *workload, const struct audit_entry *who,
    struct err *);
/* Whether it would be left as it is. */
bool registry_workload_is_same(const struct model_object *,
    const struct model_object *);
/* Of one that joined (or was registered before control started). */
void registry_workload_report(struct registry_workloads *, struct slice key,
    bool answers, int64_t now_ms);
/*
 * A clean stop.  done gets the revision that callers must have reached
 * before the workload may stop; ERR_NOT_FOUND: it never was registered.
 */
void registry_workload_withdraw(struct registry_workloads *,
    struct slice key, const struct audit_entry *who, registry_done *,
    void *ctx);

/*
 * Calls back for the other workloads that are registered at this one's place
 * (registry_places.h).
 */
void registry_workload_others(const struct registry_workloads *,
    const struct model_object *, registry_places_fn *, void *ctx);
/* Its place was taken by the workload `by`, "ns/name", which is audited. */
void registry_workload_replace(struct registry_workloads *, struct slice key,
    struct slice by, const struct audit_entry *who);

enum live_status registry_workload_status(const struct registry_workloads *,
    struct slice key);
/*
 * Appends {"state":"Offline","lastSeen":"2026-11-21T01:12:41Z"}; lastSeen is
 * left out when nothing was heard since control started, and a workload
 * whose application does not answer is Offline with a "reason".  One that is
 * still Online and has no session any more is Lost, with a reason.
 */
void registry_workload_status_json(const struct registry_workloads *,
    struct slice key, bool has_session, int64_t now_ms, struct str *);
/* It was heard of since control started, is Online, and has no session. */
bool registry_workload_is_lost(const struct registry_workloads *,
    struct slice key, bool has_session);
#define REGISTRY_LOST "its proxy's session ended"

/* Called at every change of status. */
struct registry_status_listener {
	struct list link;
	void      (*on_status)(void *arg, struct slice key, enum live_status);
	void       *arg;
};
void registry_status_listen(struct registry_workloads *,
    struct registry_status_listener *);
void registry_status_leave(struct registry_status_listener *);

#endif
