#ifndef PROXY_SNAPSHOT_H
#define PROXY_SNAPSHOT_H

#include "base/arena.h"
#include "base/map.h"
#include "base/refs.h"
#include "chain/http.h"
#include "link/sni.h"
#include "model/peer_authentication.h"
#include "upstream/cluster.h"

/*
 * snapshot: what the documents compile to: immutable, counted, held by
 * workers (not by streams).  Successive snapshots share what did not change:
 * a cluster whose endpoints are the same is the same object, and so are chains.
 *
 * It answers three questions without a lock: which cluster is port P of service
 * S, and which routes lead elsewhere (outbound), which application does port P
 * of our service S mean (inbound), which chains do listeners run.
 * Services that stand for hosts outside are found by those hosts, too.
 */
struct authn;
struct authz;
struct ext_authz_provider;
struct login;
struct rule_set;
struct gateway;
struct model_kind;

struct service_port {
	uint16_t        port;
	struct slice    name;		/* may be empty */
	struct cluster *cluster;	/* counted */
	struct rule_set *rules;		/* NULL: no HTTPRoutes or GRPCRoutes, requests
					   go to cluster */
	struct rule_set *streams;	/* NULL: no TLSRoutes, TCPRoutes: likewise */
	struct l7_chain *policies;	/* counted; of who sends; NULL: none */
	/*
	 * Besides a port that does not say HTTP/2: the same one as GRPCRoutes
	 * send to it, by HTTP/2.  It stands right behind, and has no rules.
	 */
	bool             is_for_grpc;
};

struct service {
	struct service_name name;
	struct service_port *ports;
	size_t               len;
	bool                 is_pending;	/* its host is being asked for */
};

/* One port of a service of ours, as callers name it. */
struct inbound_port {
	struct service_name service;
	uint16_t            port;	/* of the service */
	uint16_t            app_port;	/* that targetPort names */
	const struct authz *authz;	/* of the snapshot; who may call it */
	/* Of TCP; see plain.h. */
	uint16_t            exposed;	/* the port of its own listener, or 0 */
	bool                is_in_reach;	/* that one, for members elsewhere */
	enum model_mtls     mode;	/* never UNSET once compiled */
	const char         *mode_by;	/* "ns/name" of what says so, or NULL */
	uint64_t            settles_ms;	/* plain text is taken until then, too */
	struct authn       *rules;	/* likewise; for tokens; NULL: none */
	struct cluster     *cluster;	/* the application: one endpoint; counted */
	struct l7_chain    *policies;	/* counted; in front of it; NULL: none */
};

/* How an exchange with the outside is filtered; one per kind of listener. */
struct listener_chains {
	char            *wanted;	/* what they were built from; owned */
	struct l4_chain *l4;
	struct l7_chain *l7;
};

struct snapshot {
	struct refs            refs;
	struct arena           arena;
	uint64_t               revision;	/* of the documents */
	uint64_t               number;	/* grows by one with each snapshot */
	struct map             services;	/* "ns/name" -> struct service */
	struct map             absent;		/* "ns/name": control says: none */
	struct map             outside;		/* "host:port" -> struct service */
	bool                   allow_any;	/* others may be called, too */
	struct inbound_port   *inbound;
	size_t                 inbound_len;
	struct inbound_port   *inbound_udp;	/* of datagrams */
	size_t                 inbound_udp_len;
	/* Of both, that are there no more: lost.h. */
	struct inbound_port   *lost, *lost_udp;
	size_t                 lost_len, lost_udp_len;
	struct http_conn_settings http;	/* of connections to listeners */
	struct listener_chains in, out;
	struct l7_chain       *late;	/* behind out, to unknown services */
	struct l7_chain       *grpc_web;	/* of gateways, for who asks by it */
	struct slice           account;	/* of our workload, "ns/name" */
	struct map             extensions;	/* struct extension; see there */
	struct gateway        *gateway;	/* NULL: it runs no Gateway */
	enum model_mtls        fallback;	/* of ports of which nothing is said */
	uint16_t              *exposed;	/* ports of --expose, served or not */
	size_t                 exposed_len;
	bool                   audit_inbound;	/* what no policy allows is told */
	struct authz         **authz;	/* counted; of ports in and of gateways */
	size_t                 authz_len;
	struct authn         **authn;	/* counted; likewise, for tokens */
	size_t                 authn_len;
	struct login         **logins;	/* counted; of gateways */
	size_t                 logins_len;
	struct ext_authz_provider **providers;	/* counted; whom policies ask */
	size_t                 providers_len;
};

/* "ns/name" with its NUL. */
#define SERVICE_KEY_MAX	(2 * SNI_LABEL_MAX + 2)
void service_key(const struct service_name *, char out[SERVICE_KEY_MAX]);

/* "host:port" in lower case without a last dot; false: it is none. */
#define SNAPSHOT_HOST_MAX	264
bool snapshot_host_key(struct slice host, uint16_t port,
    char out[SNAPSHOT_HOST_MAX]);

struct snapshot *snapshot_new(void);
struct snapshot *snapshot_ref(struct snapshot *);
void snapshot_unref(struct snapshot *);	/* NULL allowed */
const struct service *snapshot_service(const struct snapshot *,
    const struct service_name *);
/* That stands for the host outside, at this port; or NULL. */
const struct service *snapshot_outside(const struct snapshot *,
    struct slice host, uint16_t port);
bool snapshot_is_absent(const struct snapshot *, const struct service_name *);
/* All: NULL when there is no such port, or service is NULL. */
const struct service_port *service_port(const struct service *, uint16_t port);
const struct service_port *service_udp_port(const struct service *,
    uint16_t port);
/* The one that is the same in another snapshot; NULL: there is none. */
const struct service_port *service_port_like(const struct service *,
    const struct service_port *);
/*
 * What a route of that kind sends to; an XBackend has but one port, whatever the
 * number.
 */
const struct service_port *snapshot_backend(const struct snapshot *,
    const struct model_kind *, const struct service_name *, uint16_t port);
const struct inbound_port *snapshot_inbound(const struct snapshot *,
    const struct service_name *, uint16_t port);
const struct inbound_port *snapshot_inbound_udp(const struct snapshot *,
    const struct service_name *, uint16_t port);

#endif
