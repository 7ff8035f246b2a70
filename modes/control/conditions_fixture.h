#ifndef CONTROL_CONDITIONS_FIXTURE_H
#define CONTROL_CONDITIONS_FIXTURE_H

#include "modes/control/server_fixture.h"

/*
 * conditions_fixture: documents of namespace shop, and what control says of
 * them, for tests.
 */
#define SERVICE(ns, name) "apiVersion: v1\nkind: Service\n"	\
	"metadata: {name: " name ", namespace: " ns "}\n"		\
	"spec: {ports: [{name: http, port: 80}]}\n"
/* Without a spec. */
#define OF_GATEWAY_API(kind, ns, name)	\
	"apiVersion: gateway.networking.k8s.io/v1\nkind: " kind "\n"	\
	"metadata: {name: " name ", namespace: " ns "}\n"
#define ROUTE(name)	OF_GATEWAY_API("HTTPRoute", "shop", name)
#define ROUTE_KEY	"/gateway.networking.k8s.io/httproutes/shop/"
#define PARENT_WEB	"parentRefs: [{group: \"\", kind: Service, name: web}]\n"
/* Without its listeners. */
#define GATEWAY	OF_GATEWAY_API("Gateway", "shop", "gw")	\
	"spec:\n  gatewayClassName: mesh\n"
#define GATEWAY_KEY	"/gateway.networking.k8s.io/gateways/shop/gw"
/* One listener, of one host. */
#define GATEWAY_OF_EXAMPLE GATEWAY	\
	"  listeners: [{name: http, port: 80, protocol: HTTP,"	\
	" hostname: \"*.example\"}]\n"

/* Of a parent that is content, before proxies were heard, and after. */
#define IN_USE	" | Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs"
#define GOOD	IN_USE " Programmed=True/Programmed"

/* The document at the key; the test fails if there is none. */
const struct model_object *conditions_find(struct server_fixture *,
    const char *key);
/*
 * Its conditions as "Accepted=True/Accepted ...", those of each parent,
 * listener and ancestor behind a " |"; waits a while for them to be so.
 */
void conditions_expect(struct server_fixture *, const char *key,
    const char *want);

#endif
