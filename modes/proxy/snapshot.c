#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/xbackend.h"
#include "modes/proxy/extensions.h"
#include "modes/proxy/gateway.h"
#include "modes/proxy/rules.h"
#include "modes/proxy/snapshot.h"
#include "modes/proxy/ext_authz.h"
#include "modes/proxy/login.h"
#include "policy/authn.h"
#include "policy/authz.h"

struct snapshot *
snapshot_new(void)
{
	static atomic_ullong number;
	struct snapshot *s = mem_zalloc(sizeof(*s));

	refs_init(&s->refs);
	arena_init(&s->arena);
	http_conn_settings_init(&s->http);
	s->number = 1 + atomic_fetch_add(&number, 1);
	return s;
}

struct snapshot *
snapshot_ref(struct snapshot *s)
{
	refs_take(&s->refs);
	return s;
}

static void
unref_chains(struct listener_chains *c)
{
	mem_free(c->wanted);
	l4_chain_unref(c->l4);
	l7_chain_unref(c->l7);
}

void
snapshot_unref(struct snapshot *s)
{
	size_t it = 0;
	void *value;

	if (s == NULL || !refs_drop(&s->refs))
		return;
	while (map_next(&s->services, &it, NULL, &value)) {
		struct service *service = value;

		for (size_t i = 0; i < service->len; i++) {
			cluster_unref(service->ports[i].cluster);
			rule_set_fini(service->ports[i].rules);
			rule_set_fini(service->ports[i].streams);
			l7_chain_unref(service->ports[i].policies);
		}
	}
	for (size_t i = 0; i < s->inbound_len; i++) {
		cluster_unref(s->inbound[i].cluster);
		l7_chain_unref(s->inbound[i].policies);
	}
	for (size_t i = 0; i < s->inbound_udp_len; i++)
		cluster_unref(s->inbound_udp[i].cluster);
	for (size_t i = 0; i < s->authz_len; i++)
		authz_unref(s->authz[i]);
	for (size_t i = 0; i < s->authn_len; i++)
		authn_unref(s->authn[i]);
	for (size_t i = 0; i < s->logins_len; i++)
		login_unref(s->logins[i]);
	for (size_t i = 0; i < s->providers_len; i++)
		ext_authz_provider_unref(s->providers[i]);
	gateway_fini(s->gateway);
	unref_chains(&s->in);
	unref_chains(&s->out);
	l7_chain_unref(s->late);
	l7_chain_unref(s->grpc_web);
	map_fini(&s->services, NULL);
	map_fini(&s->absent, NULL);
	map_fini(&s->outside, NULL);
	map_fini(&s->extensions, extension_free);
	arena_fini(&s->arena);
	mem_free(s);
}

void
service_key(const struct service_name *name, char out[SERVICE_KEY_MAX])
{
	size_t n = strlen(name->ns), m = strlen(name->name);

	memcpy(out, name->ns, n);
	out[n] = '/';
	memcpy(out + n + 1, name->name, m + 1);
}

const struct service *
snapshot_service(const struct snapshot *s, const struct service_name *name)
{
	char key[SERVICE_KEY_MAX];

	service_key(name, key);
	return map_get(&s->services, slice_str(key));
}

bool
snapshot_host_key(struct slice host, uint16_t port, char out[SNAPSHOT_HOST_MAX])
{
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (host.len == 0 || host.len > SNAPSHOT_HOST_MAX - sizeof(":65535"))
		return false;
	for (size_t i = 0; i < host.len; i++)
		out[i] = (char)(host.ptr[i] >= 'A' && host.ptr[i] <= 'Z' ?
		    host.ptr[i] - 'A' + 'a' : host.ptr[i]);
	snprintf(out + host.len, sizeof(":65535"), ":%u", port);
	return true;
}

const struct service *
snapshot_outside(const struct snapshot *s, struct slice host, uint16_t port)
{
	char key[SNAPSHOT_HOST_MAX];

	return s->outside.len > 0 && snapshot_host_key(host, port, key) ?
	    map_get(&s->outside, slice_str(key)) : NULL;
}

bool
snapshot_is_absent(const struct snapshot *s, const struct service_name *name)
{
	char key[SERVICE_KEY_MAX];

	service_key(name, key);
	return map_has(&s->absent, slice_str(key));
}

static bool
is_udp(const struct service_port *p)
{
	return p->cluster->protocol == CLUSTER_UDP;
}

static const struct service_port *
find_port(const struct service *service, uint16_t port, bool udp, bool for_grpc)
{
	for (size_t i = 0; service != NULL && i < service->len; i++) {
		const struct service_port *p = &service->ports[i];

		if (p->port == port && is_udp(p) == udp &&
		    p->is_for_grpc == for_grpc)
			return p;
	}
	return NULL;
}

const struct service_port *
service_port(const struct service *service, uint16_t port)
{
	return find_port(service, port, false, false);
}

const struct service_port *
service_udp_port(const struct service *service, uint16_t port)
{
	return find_port(service, port, true, false);
}

const struct service_port *
service_port_like(const struct service *service, const struct service_port *p)
{
	return find_port(service, p->port, is_udp(p), p->is_for_grpc);
}

const struct service_port *
snapshot_backend(const struct snapshot *s, const struct model_kind *route,
    const struct service_name *name, uint16_t port)
{
	const struct service *service = snapshot_service(s, name);
	const struct service_port *p = NULL;

	if (service != NULL && service->len > 0 &&
	    model_xbackend_of(name->name).len > 0)
		port = service->ports[0].port;
	if (route == &model_grpc_route_kind)
		p = find_port(service, port, false, true);
	return p != NULL ? p :
	    find_port(service, port, route == &model_udp_route_kind, false);
}

static const struct inbound_port *
find_inbound(const struct inbound_port *v, size_t len,
    const struct service_name *name, uint16_t port)
{
	for (size_t i = 0; i < len; i++)
		if (v[i].port == port && service_name_eq(&v[i].service, name))
			return &v[i];
	return NULL;
}

const struct inbound_port *
snapshot_inbound(const struct snapshot *s, const struct service_name *name,
    uint16_t port)
{
	return find_inbound(s->inbound, s->inbound_len, name, port);
}

const struct inbound_port *
snapshot_inbound_udp(const struct snapshot *s, const struct service_name *name,
    uint16_t port)
{
	return find_inbound(s->inbound_udp, s->inbound_udp_len, name, port);
}
