#include "route/judge.h"

#include <string.h>

#include "base/unit.h"
#include "model/set.h"

/* What each route's parents say, beside all of these documents. */
#define API	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: "
#define SERVICE(name, space)						\
	"---\napiVersion: v1\nkind: Service\n"				\
	"metadata: {name: " name ", namespace: " space "}\n"		\
	"spec: {ports: [{port: 80}]}\n"
#define ROUTE(kind, name, space, spec)					\
	API kind "\nmetadata: {name: " name ", namespace: " space "}\n"	\
	"spec: {" spec "}\n"
#define TO(name, more)							\
	"rules: [{backendRefs: [{name: " name ", port: 80" more "}]}]"
#define AT_SERVICE	"parentRefs: [{group: '', kind: Service, name: web}], "
#define AT_GATEWAY	"parentRefs: [{name: gw, namespace: infra}], "

static const char documents[] =
    SERVICE("web", "shop") SERVICE("web", "infra")
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: "
    "{team: a}}\n"
    API "Gateway\nmetadata: {name: gw, namespace: infra}\n"
    "spec: {gatewayClassName: c, listeners: [{name: a, protocol: HTTP, port: 80, "
    "allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: "
    "a}}}}}]}\n"
    API "ReferenceGrant\nmetadata: {name: g, namespace: infra}\nspec: {from: "
    "[{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], "
    "to: [{group: '', kind: Service, name: web}]}\n"
    ROUTE("HTTPRoute", "fine", "shop", AT_GATEWAY TO("web", ""))
    ROUTE("HTTPRoute", "granted", "shop", AT_GATEWAY
	TO("web", ", namespace: infra"))
    ROUTE("HTTPRoute", "ungranted", "shop", AT_GATEWAY
	TO("api", ", namespace: infra"))
    ROUTE("HTTPRoute", "stranger", "other", AT_GATEWAY TO("web", ""))
    ROUTE("HTTPRoute", "lost", "shop", "parentRefs: [{name: gone}], "
	TO("web", ""))
    ROUTE("HTTPRoute", "producer", "shop", AT_SERVICE
	TO("web", ", namespace: infra"))
    ROUTE("HTTPRoute", "odd", "shop", AT_SERVICE
	TO("web", ", group: '', kind: ConfigMap"))
    ROUTE("TCPRoute", "bytes", "shop", AT_SERVICE
	"rules: [{backendRefs: [{name: web, port: 81}]}]");

#define TO_X	"rules: [{backendRefs: [{group: gateway.networking.x-k8s.io, "	\
	"kind: XBackend, name: "
#define XBACKEND(name, space, spec)					\
	"---\napiVersion: gateway.networking.x-k8s.io/v1alpha1\n"	\
	"kind: XBackend\nmetadata: {name: " name ", namespace: " space	\
	"}\nspec: {port: {number: 443}, " spec "}\n"
static const char of_xbackends[] =
    XBACKEND("bank", "shop", "type: ExternalHostname, externalHostname: "
	"{hostname: api.bank.example}")
    XBACKEND("some", "shop", "type: EndpointSelector, endpointSelector: "
	"{matchLabels: {a: b}}")
    XBACKEND("bank", "infra", "type: ExternalHostname, externalHostname: "
	"{hostname: api.bank.example}")
    API "ReferenceGrant\nmetadata: {name: x, namespace: infra}\nspec: {from: "
    "[{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], "
    "to: [{group: gateway.networking.x-k8s.io, kind: XBackend, name: safe}]}\n"
    ROUTE("HTTPRoute", "x-fine", "shop", AT_GATEWAY TO_X "bank}]}]")
    ROUTE("HTTPRoute", "x-some", "shop", AT_GATEWAY TO_X "some}]}]")
    ROUTE("HTTPRoute", "x-lost", "shop", AT_GATEWAY TO_X "gone}]}]")
    ROUTE("HTTPRoute", "x-ungranted", "shop", AT_GATEWAY TO_X "bank, "
	"namespace: infra}]}]")
    ROUTE("HTTPRoute", "x-granted", "shop", AT_GATEWAY TO_X "safe, "
	"namespace: infra}]}]");

static const struct {
	const char *kind, *name, *accepted, *refs, *message;
} cases[] = {
	{ "HTTPRoute", "fine", "Accepted", "ResolvedRefs", "" },
	{ "HTTPRoute", "granted", "Accepted", "ResolvedRefs", "" },
	{ "HTTPRoute", "ungranted", "Accepted", "RefNotPermitted",
	    "Service infra/api" },
	{ "HTTPRoute", "stranger", "NotAllowedByListeners", "BackendNotFound",
	    "Service web with port 80" },
	{ "HTTPRoute", "lost", "NoMatchingParent", "ResolvedRefs",
	    "there is no Gateway shop/gone" },
	/* Routes of services need no grants. */
	{ "HTTPRoute", "producer", "Accepted", "ResolvedRefs", "" },
	{ "HTTPRoute", "odd", "Accepted", "InvalidKind", "ConfigMap web" },
	{ "HTTPRoute", "x-fine", "Accepted", "ResolvedRefs", "" },
	{ "HTTPRoute", "x-some", "Accepted", "InvalidKind", "XBackend some" },
	{ "HTTPRoute", "x-lost", "Accepted", "BackendNotFound",
	    "XBackend gone" },
	{ "HTTPRoute", "x-ungranted", "Accepted", "RefNotPermitted",
	    "XBackend infra/bank" },
	{ "HTTPRoute", "x-granted", "Accepted", "BackendNotFound",
	    "XBackend infra/safe" },
	{ "TCPRoute", "bytes", "Conflicted", "BackendNotFound",
	    "Service web with port 81" },
};

struct world {
	struct model_set set;
	struct arena     arena;
};

static const struct model_object *
find(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	struct world *w = arg;

	return model_set_find(&w->set, model_key(&w->arena, kind, namespace,
	    name));
}

static const struct model_object **
list(void *arg, const struct model_kind *kind, const char *namespace, size_t *n)
{
	struct world *w = arg;
	const struct model_object **all = arena_alloc(&w->arena,
	    (w->set.len + 1) * sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < w->set.len; i++)
		if (w->set.objects[i]->kind == kind && (namespace == NULL ||
		    strcmp(w->set.objects[i]->head->meta.namespace,
		    namespace) == 0))
			all[(*n)++] = w->set.objects[i];
	return all;
}

static const struct model_object *
route_named(struct world *w, const char *kind, const char *name)
{
	for (size_t i = 0; i < w->set.len; i++)
		if (strcmp(w->set.objects[i]->kind->kind, kind) == 0 &&
		    strcmp(w->set.objects[i]->head->meta.name, name) == 0)
			return w->set.objects[i];
	fail_msg("no %s %s", kind, name);
	return NULL;
}

TEST(a_route_is_judged_beside_all_other_documents)
{
	struct world w;
	const struct route_sight sight = { find, list, &w, &w.arena };

	arena_init(&w.arena);
	model_set_init(&w.set, MODEL_STRICT, "default");
	model_set_read_text(&w.set, slice_str(documents), "t", CONF_YAML);
	model_set_read_text(&w.set, slice_str(of_xbackends), "t", CONF_YAML);
	if (w.set.faults_len > 0)
		fail_msg("%s", w.set.faults[0].err.text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_object *o = route_named(&w, cases[i].kind,
		    cases[i].name);
		struct route_status s;

		route_judge_parent(&sight, o, &model_route(o)->parents[0], &s);
		assert_string_equal(s.v[0].reason, cases[i].accepted);
		assert_string_equal(s.v[1].reason, cases[i].refs);
		if (strstr(s.v[0].message, cases[i].message) == NULL &&
		    strstr(s.v[1].message, cases[i].message) == NULL)
			fail_msg("%s; %s", s.v[0].message, s.v[1].message);
	}
	model_set_fini(&w.set);
	arena_fini(&w.arena);
}
