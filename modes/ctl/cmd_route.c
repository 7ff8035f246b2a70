#include "model/workload.h"
#include "modes/ctl/choice.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/input.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"

static int route(struct ctl *);

static const struct ctl_option options[] = {
	ASKED_OPTIONS,
	{ "gateway", 0, "GATEWAY",
	    .text = "asked at this Gateway instead of for a service" },
	{ "listener", 0, "LISTENER",
	    .text = "at the port of this listener of the Gateway" },
	{ "port", 0, "PORT", .text = "at this port of the Gateway" },
	{ "sni", 0, "NAME",
	    .text = "the server name, where a TLS listener has the port; "
	    "default: the host" },
	{ "from", 0, "CALLER",
	    .text = "the workload or service that asks; default: somebody in the "
	    "namespace of -n" },
	INPUT_OPTIONS,
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "route web --path /v2/list -H x-canary=1",
	    "which rule does this request obey, and why no other?" },
	{ "route web:80 --method POST --path /orders --from shop/cart -o json",
	    "asked by a caller in another namespace, for a script" },
	{ "route web --path /v2 -f shop.yaml",
	    "what would be, by the documents of a file" },
	{ "route prices --path /shop.v1.Prices/Get -H x-tester=yes",
	    "where does this call of gRPC go?" },
	{ "route --gateway infra/public --port 443 --host shop.example",
	    "at a Gateway: which listener and rule?" },
	{ 0 },
};

const struct ctl_command cmd_route = {
	.name = "route",
	.arguments = "[SERVICE[:PORT]]",
	.summary = "show which rule a request obeys, and why every other lost",
	.text = "Runs what proxies run, on the routes that hang on the service: "
	    "those of the caller's namespace if there are any, or else those of the "
	    "service's. With --gateway it is the routes of the listener that the "
	    "host and the server name mean. SERVICE, GATEWAY and CALLER are NAME or "
	    "NAMESPACE/NAME. With -f nobody is asked, the files are all that there "
	    "is.\n"
	    "The exit code is 0 if a rule wins or no route hangs on the service, so "
	    "that it answers itself, and 1 if no rule takes the request.",
	.min = 0, .max = 1,
	.options = options,
	.examples = examples,
	.run = route,
};

/*
 * Which routes there are follows from the caller's namespace; rules may ask for
 * its account, which is that of the workload, or as a token of the service has
 * it unless it says another.  A slip of the pen shall show.
 */
static int
find_caller(struct choice *q, const char *name)
{
	const struct model_object *o;
	struct err err = ERR_INIT;
	const char *account = NULL;

	o = traffic_find(&q->traffic, &model_workload_kind, q->from, name, &err);
	if (o != NULL)
		account = model_workload(o)->spec.service_account;
	else if (!q->traffic.is_offline && (err.kind != ERR_NOT_FOUND ||
	    traffic_find(&q->traffic, &model_service_kind, q->from, name,
	    &err) == NULL)) {
		if (err.kind == ERR_NOT_FOUND)
			err_set(&err, ERR_NOT_FOUND,
			    "--from: no Workload or Service %s/%s", q->from, name);
		return ctl_fail_call(q->c, &err);
	}
	asked_by(&q->asked, arena_printf(&q->c->arena, "%s/%s", q->from,
	    account != NULL ? account : name));
	return CTL_OK;
}

static int
read_caller(struct choice *q)
{
	struct ctl *c = q->c;
	const char *typed = ctl_value(c, "from"), *name;
	int code;

	q->from = c->namespace != NULL ? c->namespace : q->to.namespace;
	if (typed == NULL)
		return CTL_OK;
	code = names_read(c, "--from", typed, &q->from, &name);
	return code == CTL_OK ? find_caller(q, name) : code;
}

static int
find_port(struct choice *q)
{
	const struct model_service *s = model_service(q->service);
	struct err err = ERR_INIT;

	if (q->to.port == 0 && s->spec.ports_len == 1)
		q->to.port = s->spec.ports[0].port;
	if (q->to.port == 0)
		return ctl_misused(q->c, "Service %s has %zu ports: say which, "
		    "%s:PORT", model_object_name(q->service), s->spec.ports_len,
		    q->to.name);
	if (model_service_port(s, q->to.port) != NULL)
		return CTL_OK;
	err_set(&err, ERR_NOT_FOUND, "Service %s has no port %u",
	    model_object_name(q->service), q->to.port);
	return ctl_fail_call(q->c, &err);
}

static void
find_routes(struct choice *q)
{
	const struct model_set *set = &q->traffic.set;

	q->routes = arena_alloc(&q->c->arena,
	    (set->len + 1) * sizeof(const struct model_object *));
	q->len = routes_of_service((const struct model_object *const *)
	    set->objects, set->len, q->service, q->to.port, q->from, q->routes);
	if (q->len == 0)
		return;
	/* Of several kinds of routes on a port one counts (route/attach.h). */
	q->is_stream = q->routes[0]->kind != &model_http_route_kind &&
	    q->routes[0]->kind != &model_grpc_route_kind;
	if (q->is_stream && ctl_value(q->c, "host") != NULL)
		q->sni = q->asked.request.host;
}

static int
load(struct choice *q)
{
	struct err err = ERR_INIT;
	int code;

	q->service = traffic_find(&q->traffic, &model_service_kind,
	    q->to.namespace, q->to.name, &err);
	if (q->service == NULL)
		return ctl_fail_call(q->c, &err);
	if (traffic_load_routes(&q->traffic, q->to.namespace, &err) < 0 ||
	    traffic_load_routes(&q->traffic, q->from, &err) < 0)
		return ctl_fail_call(q->c, &err);
	code = find_port(q);
	if (code == CTL_OK)
		find_routes(q);
	return code;
}

static void
print(struct choice *q)
{
	if (q->c->format != CTL_NAME) {
		struct conf_node *node = choice_node(q);

		if (!print_node(q->c, node))
			choice_print(q);
	} else if (q->winner != NULL) {
		input_add_ref(&q->c->out, q->winner->route->kind,
		    model_object_name(q->winner->route));
		str_add_char(&q->c->out, '\n');
	}
}

int
choice_at_service(struct choice *q)
{
	struct ctl *c = q->c;
	int code = traffic_service_read(&q->traffic, "SERVICE", ctl_word(c, 0),
	    &q->to);

	q->sni = SLICE("");
	if (code == CTL_OK)
		code = asked_read(c, arena_printf(&c->arena, "%s.%s.mesh",
		    q->to.name, q->to.namespace), &q->asked);
	if (code == CTL_OK)
		code = read_caller(q);
	return code == CTL_OK ? load(q) : code;
}

/* What is asked for one cannot be asked for the other. */
static int
check_words(const struct ctl *c)
{
	static const char *const gateways[] = { "listener", "port", "sni" };

	if (ctl_has(c, "gateway"))
		return ctl_word(c, 0) != NULL || ctl_has(c, "from") ?
		    ctl_misused(c, "with --gateway there is no %s",
		    ctl_word(c, 0) != NULL ? "SERVICE" : "--from") : CTL_OK;
	if (ctl_word(c, 0) == NULL)
		return ctl_misused(c, "SERVICE or --gateway is missing");
	for (size_t i = 0; i < sizeof(gateways) / sizeof(gateways[0]); i++)
		if (ctl_has(c, gateways[i]))
			return ctl_misused(c, "--%s goes with --gateway",
			    gateways[i]);
	return CTL_OK;
}

static int
ask(struct choice *q)
{
	struct err err = ERR_INIT;
	int code = ctl_has(q->c, "gateway") ? choice_at_gateway(q) :
	    choice_at_service(q);

	if (code != CTL_OK)
		return code;
	if (choice_load_policies(q, &err) < 0)
		return ctl_fail_call(q->c, &err);
	choice_make(q);
	print(q);
	return q->winner != NULL || choice_is_free(q) ? CTL_OK : CTL_NO;
}

static int
route(struct ctl *c)
{
	struct choice q = { .c = c, .typed_port = ctl_value(c, "port"),
		.typed_listener = ctl_value(c, "listener"),
		.typed_sni = ctl_value(c, "sni") };
	int code = check_words(c);

	if (code != CTL_OK)
		return code;
	code = traffic_open(&q.traffic, c);
	if (code == CTL_OK)
		code = ask(&q);
	choice_fini(&q);
	return code;
}
