#ifndef PROXY_COMPILE_H
#define PROXY_COMPILE_H

#include "model/object.h"
#include "model/proxy.h"
#include "modes/proxy/snapshot.h"

/*
 * compile: documents to a snapshot.
 *
 * Compilation is isolated per document: what does not compile is reported
 * and leaves everything else as it is; a cluster whose endpoints did not
 * change is the one of the snapshot before, with its connections.
 *
 * It costs as much as there are documents, and services that are called: each
 * service looks only at what has to do with it (model/service_index.h).
 */
struct compile_app {
	uint16_t         port;		/* what targetPort refers to */
	const char      *name;		/* or NULL */
	struct addr      addr;
	bool             is_http, is_udp, is_auto;
	enum proxy_version announce;	/* who calls it */
	bool             is_h2;	/* version 2, by prior knowledge */
};

struct issuers;
struct names;
struct service_index;
struct system_roots;

struct compile_input {
	struct model_object *const *objects;
	size_t               len;
	struct service_index *index;	/* of those; compile's own */
	/* Services that are called; NULL: all (standalone). */
	bool               (*is_called)(void *arg, const struct service_name *);
	void                *is_called_arg;
	const struct service_name *absent;	/* control says: none */
	size_t               absent_len;
	const char          *trust_domain;
	struct slice         namespace;	/* of the callers, whose routes count */
	const struct model_object *self;	/* our Workload; NULL: none yet */
	const struct compile_app  *apps;
	size_t               apps_len;
	const struct model_proxy  *settings;
	uint64_t             revision;
	uint64_t             now_ms;	/* monotonic */
	struct names              *names;	/* NULL: hosts outside are not found */
	struct system_roots       *system;	/* NULL: there are none */
	struct issuers            *issuers;	/* NULL: no keys are fetched */
	struct cluster_registry   *registry;
	struct filter_stats       *filter_stats;
	const struct snapshot     *before;	/* NULL: the first */
	/* A document (its key) that did not compile, and why. */
	void               (*fault)(void *arg, const char *key, const struct err *);
	void                *fault_arg;
};

/* Never fails: gives the best snapshot that the documents allow. */
struct snapshot *compile(const struct compile_input *);

/*
 * The routes of services, and what they send to and policies ask (as keys
 * "ns/name"); called by compile, the one behind and the other before the services.
 */
struct extensions;
void compile_routes(const struct compile_input *, struct extensions *,
    struct snapshot *);
void compile_backends(const struct compile_input *, struct map *);
/* Of these the ports that are called by gRPC, and whether one of them is. */
void compile_grpc_backends(const struct compile_input *, struct map *);
bool compile_is_grpc_backend(const struct map *, const struct service_name *,
    uint16_t port);

/* The chains of listeners; called by compile. */
int compile_chains(const struct compile_input *, struct snapshot *,
    struct err *);

#endif
