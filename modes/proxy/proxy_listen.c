#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/service.h"
#include "modes/proxy/proxy_run.h"

static int
listen_on(struct proxy_run *p, const char *text, struct port *port,
    const char *what, struct err *err)
{
	struct addr bound;
	char shown[ADDR_TEXT_MAX];

	if (addr_parse(slice_str(text), &port->addr, err) != 0 ||
	    data_plane_listen(p->plane, port, &bound, err) != 0)
		return err_wrap(err, "%s %s", what, text);
	if (port->kind == PORT_INBOUND && !port->is_exposed)
		p->inbound_addr = bound;
	addr_format(&bound, shown);
	log_info("listener", "%s listens on %s%s", what, shown,
	    port->is_udp ? "/udp" : "");
	return 0;
}

static int
listen_exposed(struct proxy_run *p, const struct model_exposed *e,
    struct err *err)
{
	struct port port = { .kind = PORT_INBOUND, .is_exposed = true };
	char *what = mem_printf("port %u", e->port);
	int result = listen_on(p, e->listen, &port, what, err);

	mem_free(what);
	return result;
}

static int
listen_upstream(struct proxy_run *p, const struct model_upstream *u,
    struct err *err)
{
	struct port port = {
		.kind = PORT_UPSTREAM, .service_port = u->port ? u->port : 80,
		.is_udp = u->transport == MODEL_UDP,
	};

	/* The schema has checked the form NAMESPACE/NAME. */
	const char *slash = strchr(u->service, '/');

	snprintf(port.service.ns, sizeof(port.service.ns), "%.*s",
	    (int)(slash - u->service), u->service);
	snprintf(port.service.name, sizeof(port.service.name), "%s", slash + 1);
	char *what = mem_printf("%s:%u", u->service, port.service_port);
	int result = listen_on(p, u->listen, &port, what, err);

	mem_free(what);
	return result;
}

int
proxy_listen(struct proxy_run *p, struct err *err)
{
	const struct model_proxy_spec *s = p->settings.spec;
	struct port in = { .kind = PORT_INBOUND };
	struct port out = { .kind = PORT_OUTBOUND };

	bool is_gateway = s->gateway != NULL ||
	    (s->standalone && p->snapshot->gateway != NULL);

	bool asks_outbound = p->settings.asks_outbound;

	/* A gateway has neither an application nor callers of the mesh. */
	if (is_gateway && asks_outbound)
		log_warn("listener", "outbound %s is not opened: "
		    "a gateway has no application", s->outbound_listen);
	if (is_gateway && p->settings.asks_inbound)
		log_warn("listener", "inbound %s is not opened: "
		    "a gateway has no callers of the mesh", s->inbound_listen);
	if (!s->standalone && !is_gateway &&
	    listen_on(p, s->inbound_listen, &in, "inbound", err) != 0)
		return -1;
	if (!is_gateway &&
	    (!s->standalone || s->upstreams_len == 0 || asks_outbound) &&
	    listen_on(p, s->outbound_listen, &out, "outbound", err) != 0)
		return -1;
	for (size_t i = 0; i < s->upstreams_len; i++)
		if (listen_upstream(p, &s->upstreams[i], err) != 0)
			return -1;
	if (s->standalone || is_gateway)
		return 0;
	for (size_t i = 0; i < s->exposed_len; i++)
		if (listen_exposed(p, &s->exposed[i], err) != 0)
			return -1;
	return 0;
}
