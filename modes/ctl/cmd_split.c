#include <string.h>

#include "conf/yaml.h"
#include "model/rollout.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/endpoints.h"
#include "modes/ctl/input.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rollout_text.h"
#include "modes/ctl/split.h"
#include "modes/ctl/traffic.h"

static int split(struct ctl *);

static const struct ctl_option options[] = {
	{ "route", 0, "NAME",
	    .text = "the route to write; default: the one that is there, or "
	    "SERVICE" },
	{ "dry-run", 0, NULL, .text = "show what would change, and change nothing" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "split web web-v1=90 web-v2=10", "a tenth of the requests to web-v2" },
	{ "split web web-green=1 web-blue=0",
	    "all to web-green at once; the other way round takes it back" },
	{ "split web web-v1=90 web-v2=10 --dry-run",
	    "the document that this stands for" },
	{ 0 },
};

const struct ctl_command cmd_split = {
	.name = "split",
	.arguments = "SERVICE[:PORT] BACKEND[:PORT]=WEIGHT...",
	.summary = "share the requests to a service among others by weight",
	.text = "Creates or changes the HTTPRoute that hangs on SERVICE, in its "
	    "namespace, or changes the GRPCRoute that has its port, and shows the "
	    "weights before and after. SERVICE and BACKEND "
	    "are services, NAME or NAMESPACE/NAME; SERVICE can be a BACKEND of "
	    "itself. A weight is from 0 to 1000000; what is not named gets nothing "
	    "any more.\n"
	    "Of a route with several rules that one is changed which takes every "
	    "request. A backend without any endpoint is warned of. With --dry-run "
	    "the document is printed. If somebody else changed it meanwhile nothing "
	    "is done, and the exit code is 75; so it is while a Rollout moves the "
	    "weights.",
	.min = 2, .max = -1,
	.options = options,
	.examples = examples,
	.run = split,
};

/* The routes that hang on the service, of its own namespace. */
static size_t
routes_of(struct split *s, const struct model_kind *kind,
    const struct model_object ***out)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&s->traffic, kind, &all), len = 0;

	*out = arena_alloc(&s->c->arena, (n + 1) * sizeof(**out));
	for (size_t i = 0; i < n; i++)
		if (split_hangs(s, all[i]))
			(*out)[len++] = all[i];
	return len;
}

static int
named_route(struct split *s, const char *typed)
{
	const char *name = typed != NULL ? typed : s->to.name;

	s->route_name = name;
	s->route = model_set_find(&s->traffic.set, model_key(&s->c->arena,
	    s->kind, s->to.namespace, name));
	if (s->route == NULL || split_hangs(s, s->route))
		return CTL_OK;
	return ctl_misused(s->c, "%s %s is there already and hangs on "
	    "something else; say another name with --route", s->kind->kind,
	    model_object_name(s->route));
}

/* Which route to write. */
static int
find_route(struct split *s)
{
	const char *typed = ctl_value(s->c, "route");
	const struct model_object **routes;
	struct str names = { 0 };
	size_t n = routes_of(s, &model_grpc_route_kind, &routes);

	/* Beside one of these nobody obeys an HTTPRoute (route/attach.h). */
	s->kind = n > 0 ? &model_grpc_route_kind : &model_http_route_kind;
	if (n == 0)
		n = routes_of(s, s->kind, &routes);
	if (typed != NULL || n == 0)
		return named_route(s, typed);
	if (n == 1) {
		s->route = routes[0];
		s->route_name = routes[0]->head->meta.name;
		return CTL_OK;
	}
	for (size_t i = 0; i < n; i++)
		str_addf(&names, "%s%s", i > 0 ? ", " : "",
		    routes[i]->head->meta.name);
	int code = ctl_misused(s->c, "several %ss hang on %s/%s: %s; say which "
	    "with --route", s->kind->kind, s->to.namespace, s->to.name,
	    str_ptr(&names));

	str_fini(&names);
	return code;
}

static int
load(struct split *s)
{
	struct err err = ERR_INIT;

	s->service = traffic_find(&s->traffic, &model_service_kind,
	    s->to.namespace, s->to.name, &err);
	if (s->service == NULL || traffic_load(&s->traffic, &model_http_route_kind,
	    s->to.namespace, &err) < 0 || traffic_load(&s->traffic,
	    &model_grpc_route_kind, s->to.namespace, &err) < 0 ||
	    traffic_load(&s->traffic, &model_rollout_kind, s->to.namespace,
	    &err) < 0)
		return ctl_fail_call(s->c, &err);
	if (s->to.port == 0 || model_service_port(model_service(s->service),
	    s->to.port) != NULL)
		return CTL_OK;
	err_set(&err, ERR_NOT_FOUND, "Service %s has no port %u",
	    model_object_name(s->service), s->to.port);
	return ctl_fail_call(s->c, &err);
}

/* Weights that a Rollout moves are not moved under its hands. */
static int
check_rollouts(struct split *s)
{
	const struct model_object **all;
	size_t n = traffic_of_kind(&s->traffic, &model_rollout_kind, &all);

	for (size_t i = 0; i < n && s->route != NULL; i++) {
		const struct model_rollout_spec *spec = model_rollout(all[i]);
		const char *name = all[i]->head->meta.name;
		struct str how = { 0 };
		struct err err;

		if (!rollout_is_under_way(all[i]->node) ||
		    strcmp(spec->route.kind, s->route->kind->kind) != 0 ||
		    strcmp(spec->route.name, s->route_name) != 0)
			continue;
		rollout_text(&how, all[i]->node);
		err_set(&err, ERR_CONFLICT, "Rollout %s moves the weights of "
		    "%s %s (%s); to take them over: mesh ctl rollout "
		    "abort %s -n %s", name, s->kind->kind,
		    model_object_name(s->route), str_ptr(&how), name,
		    s->to.namespace);
		str_fini(&how);
		return ctl_fail_call(s->c, &err);
	}
	return CTL_OK;
}

static int
put(struct split *s, struct conf_node **answer)
{
	struct ctl *c = s->c;
	const char *path = documents_path(c, s->kind, s->to.namespace,
	    s->route_name);
	struct err err = ERR_INIT;

	path = call_query(c, path, "expected-revision", arena_printf(&c->arena,
	    "%llu", s->route == NULL ? 0ULL :
	    (unsigned long long)s->route->revision));
	path = call_query(c, path, "dry-run", ctl_has(c, "dry-run") ? "true" : NULL);
	if (call_api(c, "PUT", path, s->document, answer, &err) < 0)
		return ctl_fail_call(c, &err);
	return CTL_OK;
}

static void
print(struct split *s, const struct conf_node *answer)
{
	struct ctl *c = s->c;
	const char *result = conf_get_string(answer, "result");
	const struct conf_node *doc = conf_get(answer, "document");
	struct str line = { 0 };

	if (ctl_has(c, "dry-run") || doc == NULL)
		doc = s->document;
	input_add_ref(&line, s->kind, s->route_name);
	if (c->format != CTL_NAME)
		str_addf(&line, " %s%s", result == NULL ? "configured" : result,
		    ctl_has(c, "dry-run") ? " (dry run)" : "");
	if (c->format == CTL_NAME)
		str_addf(&c->out, "%s\n", str_ptr(&line));
	else if (!print_node(c, doc) && !ctl_has(c, "dry-run")) {
		str_addf(&c->out, "%s\n", str_ptr(&line));
		split_print(s);
	} else {
		ctl_say(c, "%s", str_ptr(&line));
		if (c->out.len == 0)
			conf_yaml_write(&c->out, doc);
	}
	str_fini(&line);
}

/* Not refused: it may be about to start. */
static void
warn_of_idle(const struct split *s)
{
	for (size_t i = 0; i < s->len; i++) {
		const struct traffic_name *to = &s->parts[i].to;
		struct err err = ERR_INIT;
		const struct conf_node *list;

		if (s->parts[i].weight == 0)
			continue;
		list = endpoints_read(s->c, to->namespace, to->name, &err);
		if (list != NULL && !endpoints_is_online(list))
			ctl_warn(s->c, "no endpoint of %s/%s is online; its share "
			    "of the requests fails until one is", to->namespace,
			    to->name);
	}
}

static int
run(struct split *s)
{
	struct conf_node *answer;
	int code = split_read(s);

	if (code == CTL_OK)
		code = load(s);
	if (code == CTL_OK)
		code = find_route(s);
	if (code == CTL_OK)
		code = check_rollouts(s);
	if (code == CTL_OK)
		code = split_find_backends(s);
	if (code == CTL_OK)
		code = split_write(s);
	if (code == CTL_OK)
		code = put(s, &answer);
	if (code == CTL_OK) {
		warn_of_idle(s);
		print(s, answer);
	}
	return code;
}

static int
split(struct ctl *c)
{
	struct split s = { .c = c };
	int code = traffic_open(&s.traffic, c);

	if (code == CTL_OK)
		code = run(&s);
	traffic_close(&s.traffic);
	return code;
}
