#include "model/gateway.h"
#include "modes/control/conditions_judge.h"

/* conditions_route: routes of all kinds, by the functions that proxies run. */

static void
judge_parent(struct sight *s, const struct model_parent_ref *ref,
    struct conf_node *list)
{
	const struct route_sight seen = sight_of_routes(s);
	struct route_status status;

	route_judge_parent(&seen, s->of, ref, &status);
	for (size_t i = 0; i < status.len; i++)
		condition_put(s, list, status.v[i].type,
		    status.v[i].is_true ? "True" : "False",
		    status.v[i].reason, status.v[i].message);
	condition_promise(s, list, status.v[0].is_true);
	condition_ignored(s, list);
}

static void
judge(struct sight *s, struct conf_node *status)
{
	const struct model_route_at *at = model_route(s->of);
	const struct conf_node *refs = conf_find(s->of->node, "spec.parentRefs");
	struct conf_node *parents = conf_set_list(status, "parents");

	for (size_t i = 0; i < at->parents_len; i++) {
		struct conf_node *parent = conf_add_map(parents);

		conf_set(parent, "parentRef", conf_copy(s->arena,
		    conf_at(refs, i)));
		conf_set_string(parent, "controllerName", MODEL_CONTROLLER);
		judge_parent(s, &at->parents[i],
		    conf_set_list(parent, "conditions"));
	}
}

const struct judge judge_http_route = { &model_http_route_kind, judge, false };
const struct judge judge_grpc_route = { &model_grpc_route_kind, judge, false };
const struct judge judge_tls_route = { &model_tls_route_kind, judge, false };
const struct judge judge_tcp_route = { &model_tcp_route_kind, judge, false };
const struct judge judge_udp_route = { &model_udp_route_kind, judge, false };
