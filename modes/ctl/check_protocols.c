#include <string.h>

#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"
#include "modes/ctl/rows.h"

/*
 * What somebody speaks where something else is declared, and what to do; of an
 * application what goes behind --app PORT=HOST:PORT/.
 */
static const struct {
	const char *speaker, *spoken, *word, *hint;
} known[] = {
	{ "caller", "http/1", "HTTP/1", "appProtocol: http in the Service, for "
	    "routes, retries and metrics of requests" },
	{ "caller", "http/2", "HTTP/2", "appProtocol: h2c in the Service, or grpc" },
	{ "caller", "tls", "TLS", "appProtocol: tls in the Service carries it as "
	    "it is; or call in plain text, sidecars encrypt" },
	{ "caller", "other", "what is no HTTP", "appProtocol: tcp in the Service "
	    "carries any bytes" },
	{ "application", "http/1", "HTTP/1", "http at its proxy" },
	{ "application", "http/2", "HTTP/2", "h2 at its proxy" },
	{ "application", "tls", "TLS", "tcp at its proxy; or plain text there, "
	    "sidecars encrypt" },
	{ "application", "other", "what is no HTTP", "tcp at its proxy" },
};

static const struct conf_node *
ports_of(const struct conf_node *services, struct slice name)
{
	struct slice ns = SLICE_NONE;

	slice_cut(&name, '/', &ns);
	CONF_FOREACH(s, services)
		if (slice_eq(ns, slice_str(conf_get_string(s->node,
		    "namespace"))) && slice_eq(name, slice_str(
		    conf_get_string(s->node, "name"))))
			return conf_get(s->node, "ports");
	return NULL;
}

/* Proxies tell apart what they treat differently. */
static bool
is_meant(const char *declared, const char *now)
{
	return strcmp(declared, now) == 0 ||
	    (strcmp(declared, "tcp") == 0 && strcmp(now, "tls") == 0) ||
	    (strcmp(declared, "http") == 0 && strcmp(now, "ws") == 0);
}

/* What counted when it was seen may have been mended since. */
static bool
is_declared(const struct conf_node *services, const struct conf_node *row,
    const char *declared)
{
	uint64_t port;

	if (!slice_u64(slice_str(conf_get_string(row, "port")), &port))
		return false;
	CONF_FOREACH(p, ports_of(services, slice_str(conf_get_string(row,
	    "destination")))) {
		const char *now = conf_get_string(p->node, "protocol");

		if (conf_get_int(p->node, "port", 0) == (int64_t)port &&
		    now != NULL && is_meant(declared, now))
			return true;
	}
	return false;
}

static void
check_row(struct ctl *c, struct checks *k, const struct conf_node *row,
    const struct conf_node *services)
{
	const char *who = checks_text(c, row, "speaker");
	const char *spoken = checks_text(c, row, "spoken");
	const char *service = checks_text(c, row, "destination");
	const char *port = checks_text(c, row, "port");
	const char *declared = checks_text(c, row, "declared");
	const char *source = conf_get_string(row, "source");
	bool is_app = strcmp(who, "application") == 0;

	if (!is_app && !is_declared(services, row, declared))
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(who, known[i].speaker) != 0 ||
		    strcmp(spoken, known[i].spoken) != 0)
			continue;
		struct check_line *l = checks_add(k, "protocols", CHECK_WARNING,
		    arena_printf(&c->arena, "what %s speaks at port "
		    "%s", service, port));

		l->why = is_app ? arena_printf(&c->arena, "%s port %s is declared "
		    "%s, but its application speaks %s", service, port,
		    declared, known[i].word) : arena_printf(&c->arena,
		    "%s port %s is declared %s, but its callers%s%s speak %s",
		    service, port, declared, source == NULL ? "" : " of ",
		    source == NULL ? "" : source, known[i].word);
		l->hint = !is_app ? known[i].hint : arena_printf(&c->arena,
		    "--app %s=HOST:PORT/%s", port, known[i].hint);
	}
}

void
check_protocols(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	size_t before = k->len;
	const struct conf_node *services = call_list(c, "/v1/services", "items",
	    &err);
	const struct conf_node *list = services == NULL ? NULL :
	    call_list(c, "/v1/stat", "mismatches", &err);

	/* An older control does not tell. */
	if (list == NULL)
		return;
	CONF_FOREACH(e, list)
		check_row(c, k, e->node, services);
	if (k->len == before)
		checks_add(k, "protocols", CHECK_SUCCESS,
		    "nobody was heard to speak what is not declared");
}
