#include <string.h>

#include "conf/units.h"
#include "conf/yaml.h"
#include "model/authorization_policy.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/print.h"
#include "modes/ctl/traffic.h"

#define ACCOUNTS_MAX	16	/* of one source, as the kind has it */

static int learn(struct ctl *);

static const struct ctl_option options[] = {
	{ "since", 0, "DURATION", .fallback = "1h",
	    .text = "who called within so long, at most 7 days" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "policy learn orders --since 24h > orders.yaml",
	    "who was let in at orders in a day, as a policy to read and apply" },
	{ 0 },
};

static const struct ctl_command policy_learn = {
	.name = "learn",
	.arguments = "SERVICE",
	.summary = "print the policy that allows those who were seen, and nobody "
	    "else",
	.text = "Nothing is written: read it, add methods and paths, and apply it. "
	    "Control remembers who was let in where while it runs, as sidecars "
	    "report it; what a policy refused does not count. A caller counts with "
	    "the service accounts of its workloads. Callers without a sidecar are "
	    "left out, and told of.",
	.min = 1, .max = 1,
	.options = options,
	.examples = examples,
	.run = learn,
};

static const struct ctl_command *const below[] = { &policy_learn, NULL };

const struct ctl_command cmd_policy = {
	.name = "policy",
	.arguments = "",
	.summary = "policies from what was seen",
	.below = below,
};

struct lesson {
	struct ctl         *c;
	struct traffic      traffic;
	struct traffic_name of;
	int64_t             since_s;
	const char        **accounts;	/* "ns/name", each once */
	size_t              len, cap;
};

static void
add_account(struct lesson *l, const char *account)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->accounts[i], account) == 0)
			return;
	if (l->len == l->cap) {
		const char **grown;

		l->cap = 2 * l->cap + 8;
		grown = arena_alloc(&l->c->arena, l->cap * sizeof(*grown));
		if (l->len > 0)
			memcpy(grown, l->accounts, l->len * sizeof(*grown));
		l->accounts = grown;
	}
	l->accounts[l->len++] = account;
}

/* The accounts of a service's workloads; that of its name if there are none. */
static int
add_source(struct lesson *l, const char *source)
{
	struct arena *a = &l->c->arena;
	struct slice rest = slice_str(source), ns;
	const struct model_object **all, *service;
	const char *namespace;
	struct err err = ERR_INIT;
	size_t before = l->len, n;

	slice_cut(&rest, '/', &ns);
	namespace = arena_dup(a, ns).ptr;
	service = traffic_find(&l->traffic, &model_service_kind, namespace,
	    rest.ptr, &err);
	if (service == NULL && err.kind != ERR_NOT_FOUND)
		return ctl_fail_call(l->c, &err);
	if (traffic_load(&l->traffic, &model_workload_kind, namespace, &err) < 0)
		return ctl_fail_call(l->c, &err);
	n = traffic_of_kind(&l->traffic, &model_workload_kind, &all);
	for (size_t i = 0; service != NULL && i < n; i++)
		if (model_workload_backs(all[i], service) &&
		    model_workload(all[i])->spec.service_account != NULL)
			add_account(l, arena_printf(a, "%s/%s", namespace,
			    model_workload(all[i])->spec.service_account));
	if (l->len == before && service == NULL)
		add_account(l, source);
	return CTL_OK;
}

static int
read_callers(struct lesson *l)
{
	struct ctl *c = l->c;
	const char *path = call_query(c, "/v1/stat", "callers", arena_printf(
	    &c->arena, "%s/%s", l->of.namespace, l->of.name));
	struct err err = ERR_INIT;
	const struct conf_node *list = call_list(c, path, "callers", &err);
	int code = CTL_OK;

	if (list == NULL)
		return ctl_fail_call(c, &err);
	CONF_FOREACH(e, list) {
		const char *source = conf_get_string(e->node, "source");

		if (source == NULL || code != CTL_OK ||
		    conf_get_int(e->node, "secondsAgo", 0) > l->since_s)
			continue;
		if (strcmp(source, "unknown/unknown") == 0)
			ctl_warn(c, "somebody without a sidecar, or without a "
			    "service, calls %s/%s too; the policy refuses them",
			    l->of.namespace, l->of.name);
		else
			code = add_source(l, source);
	}
	return code;
}

static struct conf_node *
document(struct lesson *l)
{
	const struct model_kind *kind = &model_authorization_policy_kind;
	struct conf_node *doc = conf_map_new(&l->c->arena), *meta, *spec, *target,
	    *from, *accounts = NULL;

	conf_set_string(doc, "apiVersion", kind->versions[0]);
	conf_set_string(doc, "kind", kind->kind);
	meta = conf_set_map(doc, "metadata");
	conf_set_string(meta, "name", arena_printf(&l->c->arena, "callers-of-%s",
	    l->of.name));
	conf_set_string(meta, "namespace", l->of.namespace);
	spec = conf_set_map(doc, "spec");
	target = conf_add_map(conf_set_list(spec, "targetRefs"));
	conf_set_string(target, "group", "");
	conf_set_string(target, "kind", "Service");
	conf_set_string(target, "name", l->of.name);
	conf_set_string(spec, "action", "ALLOW");
	if (l->len == 0)
		return doc;
	from = conf_set_list(conf_add_map(conf_set_list(spec, "rules")), "from");
	for (size_t i = 0; i < l->len; i++) {
		if (i % ACCOUNTS_MAX == 0)
			accounts = conf_set_list(conf_set_map(conf_add_map(from),
			    "source"), "serviceAccounts");
		conf_add_string(accounts, l->accounts[i]);
	}
	return doc;
}

static int
run(struct lesson *l)
{
	struct ctl *c = l->c;
	struct conf_node *doc;
	struct err err = ERR_INIT;
	int64_t ms;

	if (!conf_duration_read(slice_str(ctl_value(c, "since")), &ms))
		return ctl_misused(c, "--since: expected a duration, as 1h, found "
		    "\"%s\"", ctl_value(c, "since"));
	l->since_s = ms / 1000;
	int code = traffic_name_read(c, "SERVICE", ctl_word(c, 0), NULL, &l->of);

	if (code != CTL_OK)
		return code;
	if (traffic_find(&l->traffic, &model_service_kind, l->of.namespace,
	    l->of.name, &err) == NULL)
		return ctl_fail_call(c, &err);
	code = read_callers(l);
	if (code != CTL_OK)
		return code;
	doc = document(l);
	if (!print_node(c, doc))
		conf_yaml_write(&c->out, doc);
	if (l->len == 0)
		ctl_warn(c, "nobody was seen within %s: this policy allows nobody",
		    ctl_value(c, "since"));
	else
		ctl_say(c, "%zu accounts were seen within %s; read it, then: mesh "
		    "ctl apply -f FILE", l->len, ctl_value(c, "since"));
	return CTL_OK;
}

static int
learn(struct ctl *c)
{
	struct lesson l = { .c = c };

	traffic_open_control(&l.traffic, c);
	int code = run(&l);

	traffic_close(&l.traffic);
	return code;
}
