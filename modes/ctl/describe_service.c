#include <string.h>

#include "model/backend_policy.h"
#include "model/backend_tls_policy.h"
#include "model/extension.h"
#include "modes/ctl/describe.h"
#include "modes/ctl/describe_service.h"
#include "modes/ctl/endpoints.h"
#include "modes/ctl/print.h"
#include "modes/ctl/problems.h"
#include "modes/ctl/rows.h"

void
describe_text(struct conf_node *row, const char *key, struct str *text)
{
	conf_set_slice(row, key, str_slice(text));
	str_fini(text);
}

void
describe_part(struct describe *v, const char *title, const struct conf_node *list,
    const struct rows_column *columns)
{
	if (conf_len(list) == 0) {
		print_line(&v->c->out, title, "none");
		return;
	}
	str_addf(&v->c->out, "%s\n", title);
	rows_print(v->c, list, columns, title);
}

bool
describe_is_own(const struct describe *v, const struct model_object *o)
{
	return strcmp(o->head->meta.namespace, v->service->head->meta.namespace) ==
	    0;
}

/* --- policies ------------------------------------------------------------- */

static bool
targets_of(const struct model_object *o, const struct model_target_ref **targets,
    size_t *n)
{
	const struct model_backend_policy_spec *s = model_backend_policy(o);

	if (s != NULL) {
		*targets = s->targets;
		*n = s->targets_len;
		return true;
	}
	if (o->kind == &model_backend_tls_policy_kind) {
		*targets = model_backend_tls_policy(o)->spec.targets;
		*n = model_backend_tls_policy(o)->spec.targets_len;
		return true;
	}
	return model_extension_targets(o, targets, n);
}

static const struct model_kind *const policy_kinds[] = {
	&model_backend_policy_kind, &model_destination_rule_kind,
	&model_traffic_policy_kind, &model_backend_tls_policy_kind,
	&model_rate_limit_kind, &model_fault_injection_kind,
	&model_compression_kind, &model_cache_kind, NULL,
};

/* "TLS as api.example.com, trusting ConfigMap roots". */
static void
add_trust(struct str *out, const struct model_backend_validation *v)
{
	str_addf(out, "TLS as %s, trusting %s", v->hostname,
	    v->well_known != NULL ? "the system's authorities" : "");
	for (size_t i = 0; i < v->cas_len; i++)
		str_addf(out, "%s%s %s", i > 0 ? ", " : "", v->cas[i].kind,
		    v->cas[i].name);
}

/* "loadBalancer,breaker": what of it the policy is about. */
static void
add_says(struct str *out, const struct model_object *o)
{
	if (o->kind == &model_backend_tls_policy_kind) {
		add_trust(out, &model_backend_tls_policy(o)->spec.validation);
		return;
	}
	CONF_FOREACH(e, conf_get(o->node, "spec"))
		if (!slice_is(e->key, "targetRefs") && !slice_is(e->key, "host"))
			str_addf(out, "%s%.*s", out->len > 0 ? "," : "",
			    SLICE_ARG(e->key));
}

static void
add_policy(struct describe *v, struct conf_node *list, const struct model_object *o)
{
	const struct model_target_ref *targets;
	struct str text = { 0 };
	bool is_about = false;
	size_t n;

	if (!describe_is_own(v, o) || !targets_of(o, &targets, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!model_ref_is(targets[i].group, targets[i].kind, "", "Service") ||
		    strcmp(targets[i].name, v->service->head->meta.name) != 0)
			continue;
		struct conf_node *row = conf_add_map(list);

		conf_set_string(row, "kind", o->kind->kind);
		conf_set_string(row, "name", o->head->meta.name);
		conf_set_string(row, "port", targets[i].section == NULL ? "all" :
		    targets[i].section);
		add_says(&text, o);
		describe_text(row, "says", &text);
		is_about = true;
	}
	if (is_about) {
		problems_of_status(v->c, o, v->problems);
		v->about[v->len++] = o;
	}
}

static const struct rows_column policy_columns[] = {
	{ "KIND", "kind", ROWS_TEXT, false },
	{ "NAME", "name", ROWS_TEXT, false },
	{ "PORTS", "port", ROWS_TEXT, false },
	{ "SAYS", "says", ROWS_TEXT, false },
	{ 0 },
};

static void
add_policies(struct describe *v)
{
	struct conf_node *list = conf_list_new(&v->c->arena);
	const struct model_object **all;

	for (size_t k = 0; policy_kinds[k] != NULL; k++) {
		size_t n = traffic_of_kind(&v->traffic, policy_kinds[k], &all);

		for (size_t i = 0; i < n; i++)
			add_policy(v, list, all[i]);
	}
	describe_access(v, list);
	describe_part(v, "Policies:", list, policy_columns);
}

/* --- endpoints and problems ----------------------------------------------- */

static int
add_endpoints(struct describe *v, struct err *err)
{
	const struct model_metadata *meta = &v->service->head->meta;
	const struct conf_node *list = endpoints_read(v->c, meta->namespace,
	    meta->name, err);

	if (list == NULL)
		return -1;
	if (conf_len(list) == 0)
		print_line(&v->c->out, "Endpoints:", "none");
	else {
		str_add(&v->c->out, "Endpoints:\n");
		endpoints_print(v->c, list);
	}
	/* Where routes take all requests elsewhere, it needs none of its own. */
	if (!endpoints_is_online(list) && (v->rules == 0 || v->is_backend))
		conf_add_string(v->problems, arena_printf(&v->c->arena,
		    "Service %s: no endpoint is online", model_object_name(
		    v->service)));
	return 0;
}

static void
add_problems(struct describe *v)
{
	problems_of_set(&v->traffic, v->about, v->len, v->problems);
	if (conf_len(v->problems) == 0)
		print_line(&v->c->out, "Problems:", "none");
	CONF_FOREACH(e, v->problems)
		print_line(&v->c->out, "Problem:", conf_string(e->node));
}

static int
load(struct describe *v, const char *name, struct err *err)
{
	const char *ns = v->c->namespace;

	v->service = traffic_find(&v->traffic, &model_service_kind, ns, name, err);
	if (v->service == NULL ||
	    traffic_load_routes(&v->traffic, NULL, err) < 0 ||
	    traffic_load(&v->traffic, &model_rollout_kind, ns, err) < 0)
		return -1;
	for (size_t i = 0; policy_kinds[i] != NULL; i++)
		if (policy_kinds[i]->stored &&
		    traffic_load(&v->traffic, policy_kinds[i], ns, err) < 0)
			return -1;
	if (describe_access_load(v, err) < 0)
		return -1;
	v->about = arena_alloc(&v->c->arena, (v->traffic.set.len + 1) *
	    sizeof(*v->about));
	return 0;
}

int
describe_service(struct ctl *c, const char *name, struct err *err)
{
	struct describe v = { .c = c, .problems = conf_list_new(&c->arena),
		.asked = conf_map_new(&c->arena) };
	int result;

	traffic_open(&v.traffic, c);
	result = load(&v, name, err);
	if (result == 0) {
		describe_routes(&v);
		describe_senders(&v);
		describe_rollouts(&v);
		add_policies(&v);
		result = add_endpoints(&v, err);
	}
	if (result == 0)
		add_problems(&v);
	traffic_close(&v.traffic);
	return result;
}
