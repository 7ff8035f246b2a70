#include <string.h>

#include "model/endpoints.h"
#include "model/mesh_config.h"
#include "model/peer_authentication.h"
#include "model/service.h"
#include "model/service_index.h"
#include "model/workload.h"
#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"
#include "modes/ctl/traffic.h"

/*
 * check_plain: which services are called in plain text, and whether anybody still
 * does where they need not be.
 */
#define SHOWN_MAX	20	/* services; more are counted */

struct tally {
	struct ctl     *c;
	struct checks  *checks;
	struct traffic  t;
	struct service_index index;
	size_t          shown, more;
};

/* What there is of one service's ports. */
struct ports {
	size_t                    all, permissive, disabled, unreached;
	struct model_peer_verdict open;	/* one of the permissive */
	bool                      is_own;	/* that is by its sidecar's settings */
};

/* Its sidecar says that members are to come in plain text. */
static bool
is_told(const struct model_object *workload, uint16_t port)
{
	const struct model_workload_spec *w = &model_workload(workload)->spec;

	for (size_t i = 0; i < w->ports_len; i++)
		if (w->ports[i].port == port && w->ports[i].plaintext)
			return true;
	return false;
}

static void
add_port(struct tally *y, const struct model_object *workload,
    const struct model_service_port *p, struct ports *out)
{
	uint16_t port = model_target_port(workload, p);
	struct model_peer_verdict v = model_peer_of(y->t.set.objects,
	    y->t.set.len, workload, port);

	if (port == 0 || p->transport != MODEL_TCP)
		return;
	out->all++;
	out->disabled += v.mode == MODEL_MTLS_DISABLE;
	out->unreached += v.mode == MODEL_MTLS_DISABLE &&
	    !is_told(workload, port);
	if (v.mode != MODEL_MTLS_PERMISSIVE)
		return;
	out->permissive++;
	out->open = v;
	out->is_own = v.by == NULL && model_workload(workload)->spec.permissive;
}

static void
count(struct tally *y, const struct model_object *service, struct ports *out)
{
	const struct model_service_spec *s = &model_service(service)->spec;
	struct service_index_found about = service_index_find(&y->index,
	    service);

	*out = (struct ports){ 0 };
	for (size_t i = 0; i < about.len; i++) {
		const struct model_object *o = about.v[i];

		if (o->kind != &model_workload_kind ||
		    !model_workload(o)->spec.sidecar ||
		    !model_workload_backs(o, service))
			continue;
		for (size_t k = 0; k < s->ports_len; k++)
			add_port(y, o, &s->ports[k], out);
	}
}

/* Seconds since somebody came in plain text; -1: nobody did; -2: unknown. */
static int64_t
last_plain(struct tally *y, const struct model_object *service)
{
	struct err err = ERR_INIT;
	const struct conf_node *list = call_list(y->c, call_query(y->c,
	    "/v1/stat", "callers", model_object_name(service)), "callers",
	    &err);
	int64_t last = -1;

	if (list == NULL)
		return -2;
	CONF_FOREACH(e, list) {
		int64_t ago = conf_get_int(e->node, "plaintextSecondsAgo", -1);

		if (ago >= 0 && (last < 0 || ago < last))
			last = ago;
	}
	return last;
}

static const char *
by_whom(struct tally *y, const struct ports *p)
{
	return p->open.by != NULL ? arena_printf(&y->c->arena,
	    "PeerAuthentication %s", model_object_name(p->open.by)) :
	    p->is_own ? "--permissive" : "defaultInboundPolicy of the MeshConfig";
}

static void
tell(struct tally *y, const struct model_object *service, const struct ports *p)
{
	struct arena *a = &y->c->arena;
	const char *name = model_object_name(service);
	struct check_line *l;

	if (y->shown == SHOWN_MAX) {
		y->more++;
		return;
	}
	y->shown++;
	if (p->permissive == 0) {
		l = checks_add(y->checks, "plain text", p->unreached > 0 ?
		    CHECK_WARNING : CHECK_SUCCESS, arena_printf(a,
		    "%s is called in plain text, as a PeerAuthentication says",
		    name));
		if (p->unreached == 0)
			return;
		l->why = arena_printf(a, "members come by mutual TLS to %zu of "
		    "%zu such ports of its workloads", p->unreached,
		    p->disabled);
		l->hint = "where an application has several ports, --expose tells "
		    "its sidecar where each is called";
		return;
	}
	int64_t ago = last_plain(y, service);

	l = checks_add(y->checks, "plain text", CHECK_WARNING, arena_printf(a,
	    "plain text at %s", name));
	l->why = arena_printf(a, "PERMISSIVE by %s, at %zu of %zu ports of its "
	    "workloads, and %s", by_whom(y, p), p->permissive, p->all,
	    ago == -1 ? "nobody came in plain text since control began" :
	    ago == -2 ? "it is unknown who came" : arena_printf(a,
	    "somebody came in plain text %lld s ago", (long long)ago));
	l->hint = ago == -1 ? "a PeerAuthentication with mtls.mode STRICT" :
	    arena_printf(a, "who has no sidecar? mesh ctl stat, and %s",
	    "mesh_requests_total with security none at its proxies");
}

static int
load(struct tally *y, struct err *err)
{
	static const struct model_kind *const kinds[] = {
		&model_mesh_config_kind, &model_peer_authentication_kind,
		&model_service_kind, &model_workload_kind };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (traffic_load(&y->t, kinds[i], NULL, err) < 0)
			return -1;
	return 0;
}

void
check_plain(struct ctl *c, struct checks *k)
{
	struct tally y = { .c = c, .checks = k };
	const struct model_object **all;
	struct err err = ERR_INIT;
	size_t n;

	traffic_open_control(&y.t, c);
	if (load(&y, &err) < 0) {
		/* A control of before there were such documents has none. */
		if (err.kind != ERR_NOT_FOUND)
			checks_add(k, "plain text", CHECK_ERROR,
			    "who is called in plain text")->why =
			    arena_strdup(&c->arena, err.text);
		traffic_close(&y.t);
		return;
	}
	service_index_init(&y.index, y.t.set.objects, y.t.set.len);
	n = traffic_of_kind(&y.t, &model_service_kind, &all);
	for (size_t i = 0; i < n; i++) {
		struct ports p;

		count(&y, all[i], &p);
		if (p.permissive + p.disabled > 0)
			tell(&y, all[i], &p);
	}
	service_index_fini(&y.index);
	if (y.more > 0)
		checks_add(k, "plain text", CHECK_WARNING, arena_printf(&c->arena,
		    "plain text at %zu more services", y.more));
	if (y.shown == 0)
		checks_add(k, "plain text", CHECK_SUCCESS,
		    "no sidecar takes plain text");
	traffic_close(&y.t);
}
