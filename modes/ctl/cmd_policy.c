#include <string.h>

#include "conf/units.h"
#include "pki/caller.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/ctl/allow_standing.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/lesson.h"
#include "modes/ctl/print.h"
#include "modes/ctl/traffic.h"

#define SINCE_MAX_MS	(7 * 24 * INT64_C(3600000))	/* control forgets then */
#define LEFT_TOLD_MAX	5

static int learn(struct ctl *);

static const struct ctl_option options[] = {
	{ "since", 0, "DURATION", .fallback = "1h",
	    .text = "who called within so long, at most 168h (7 days)" },
	{ "exact", 0, NULL,
	    .text = "leave out what would allow more than was seen, and say so" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "policy learn orders --since 24h > orders.yaml",
	    "what was let in at orders in a day, as a policy to read and apply" },
	{ 0 },
};

static const struct ctl_command policy_learn = {
	.name = "learn",
	.arguments = "SERVICE",
	.summary = "print the policy that allows those who were seen, and nobody "
	    "else",
	.text = "Nothing is written: read it and apply it. The sidecars of the "
	    "service are asked what each caller did who was let in: methods and "
	    "paths, or ports of TCP. In paths {*} stands for what looks like an "
	    "id, and for words where there are more than 64 in one place; a "
	    "comment at the line says for how many. They know that since they "
	    "began, and not of more than 576 kinds of calls each. Who is known to "
	    "have called, and no sidecar knows any more what, may do anything. "
	    "With --exact nothing is allowed that was not seen. Callers without a "
	    "sidecar are left out, and told of.",
	.min = 1, .max = 1,
	.options = options,
	.examples = examples,
	.run = learn,
};

static const struct ctl_command *const below[] = { &policy_learn, NULL };

const struct ctl_command cmd_policy = {
	.name = "policy",
	.arguments = "",
	.summary = "make policies from what was seen",
	.below = below,
};

struct learning {
	struct ctl         *c;
	struct traffic      traffic;
	struct traffic_name of;
	const struct model_object *service;
	int64_t             since_s;
	struct lesson       lesson;
	int64_t             left_out;	/* calls of which no more is known */
	int64_t             youngest_s;	/* how long the youngest sidecar runs; -1 */
};

/* --- what sidecars know ----------------------------------------------------- */

static void
add_call(struct learning *l, const struct conf_node *row)
{
	const char *service = conf_get_string(row, "service");
	const struct conf_node *some = conf_get(row, "examples");
	const struct lesson_row r = {
		.caller = conf_get_string(row, "caller"),
		.method = conf_get_string(row, "method"),
		.path = conf_get_string(row, "path"),
		.port = (uint16_t)conf_get_int(row, "port", 0),
		.count = conf_get_int(row, "count", 0),
		.seconds_ago = conf_get_int(row, "secondsAgo", 0),
		.paths = conf_get_int(row, "paths", 0),
		.has_more_paths = conf_get_bool(row, "morePaths", false),
		.examples = { conf_string(conf_at(some, 0)),
		    conf_string(conf_at(some, 1)) },
	};

	if (service == NULL || r.caller == NULL || r.method == NULL ||
	    r.path == NULL || strcmp(service, arena_printf(&l->c->arena, "%s/%s",
	    l->of.namespace, l->of.name)) != 0)
		return;
	if (r.seconds_ago > l->since_s)
		lesson_know(&l->lesson, r.caller);
	else
		lesson_add(&l->lesson, &r);
}

static void
ask_sidecar(struct learning *l, const struct model_object *workload)
{
	const struct model_metadata *meta = &workload->head->meta;
	struct conf_node *answer;
	struct err err = ERR_INIT;
	const char *why = NULL;

	if (call_api(l->c, "GET", call_path(l->c, "/v1/proxies", meta->namespace,
	    meta->name, "calls", NULL), NULL, &answer, &err) < 0)
		why = err.text;
	else
		why = conf_get_string(answer, "error");
	if (why != NULL) {
		ctl_warn(l->c, "what was seen at %s is not known: %s",
		    model_object_name(workload), why);
		return;
	}
	int64_t since = conf_get_int(answer, "since", 0);

	l->left_out += conf_get_int(answer, "leftOut", 0);
	if (l->youngest_s < 0 || since < l->youngest_s)
		l->youngest_s = since;
	CONF_FOREACH(e, conf_get(answer, "calls"))
		add_call(l, e->node);
}

static int
ask_sidecars(struct learning *l, const struct model_object *service)
{
	const struct model_object **all;
	struct err err = ERR_INIT;

	if (traffic_load(&l->traffic, &model_workload_kind, l->of.namespace,
	    &err) < 0)
		return ctl_fail_call(l->c, &err);
	size_t n = traffic_of_kind(&l->traffic, &model_workload_kind, &all);

	for (size_t i = 0; i < n; i++)
		if (model_workload(all[i])->spec.sidecar &&
		    model_workload_backs(all[i], service))
			ask_sidecar(l, all[i]);
	return CTL_OK;
}

/* --- what control knows ------------------------------------------------------- */

/* Whether it is somebody abroad, whose workloads are in no document here. */
static bool
add_foreigner(struct learning *l, const char *source)
{
	struct str principal = { 0 };
	bool is_foreign = caller_principal(&principal, slice_str(source));

	if (is_foreign)
		lesson_add_coarse(&l->lesson, arena_strdup(&l->c->arena,
		    str_ptr(&principal)));
	str_fini(&principal);
	return is_foreign;
}

/* The accounts of a service's workloads; that of its name if there are none. */
static int
add_source(struct learning *l, const char *source)
{
	struct arena *a = &l->c->arena;
	struct slice rest = slice_str(source), ns;
	const struct model_object **all, *service;
	const char *namespace;
	struct err err = ERR_INIT;
	bool is_known = false;
	size_t n;

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
		    model_workload(all[i])->spec.service_account != NULL) {
			lesson_add_coarse(&l->lesson, arena_printf(a, "%s/%s",
			    namespace,
			    model_workload(all[i])->spec.service_account));
			is_known = true;
		}
	if (!is_known && service == NULL)
		lesson_add_coarse(&l->lesson, source);
	return CTL_OK;
}

static int
read_callers(struct learning *l)
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
		else if (!add_foreigner(l, source))
			code = add_source(l, source);
	}
	return code;
}

/* --- telling ------------------------------------------------------------------- */

static void
print(struct learning *l)
{
	struct ctl *c = l->c;
	struct conf_node *doc = lesson_document(&l->lesson);
	size_t general;

	if (print_node(c, doc))
		return;
	lesson_general(&l->lesson, &general);
	str_addf(&c->out, "# What was let in at %s/%s within %s, and %s.\n",
	    l->of.namespace, l->of.name, ctl_value(c, "since"), general > 0 ?
	    "what the paths with a comment allow" : "nothing else");
	lesson_write(&l->lesson, doc, &c->out);
}

/* "default/web GET /orders/{*} port 80, ... and 3 more". */
static const char *
left_out(struct learning *l)
{
	const struct lesson *of = &l->lesson;
	size_t n = of->left_len + of->left_coarse_len, i = 0;
	struct str text = { 0 };

	for (; i < n && i < LEFT_TOLD_MAX; i++) {
		str_add(&text, i > 0 ? ", " : "");
		if (i < of->left_len)
			lesson_add_row(&text, &of->left[i]);
		else
			str_addf(&text, "%s (no sidecar knows any more what)",
			    of->left_coarse[i - of->left_len]);
	}
	if (i < n)
		str_addf(&text, " and %zu more", n - i);
	const char *told = arena_strdup(&l->c->arena, str_ptr(&text));

	str_fini(&text);
	return told;
}

static void
tell_general(struct learning *l)
{
	struct ctl *c = l->c;
	size_t n;
	const char *path = lesson_general(&l->lesson, &n);

	if (l->lesson.left_len + l->lesson.left_coarse_len > 0)
		ctl_warn(c, "what would allow more than was seen is left out, and "
		    "the policy refuses it: %s", left_out(l));
	if (path != NULL)
		ctl_warn(c, "%zu of its paths %s more than was seen, as %s: its "
		    "comments say for how much; --exact leaves them out", n,
		    n == 1 ? "allows" : "allow", path);
}

/* The caller of a lesson as an order would name it; false: nobody. */
static bool
read_caller(struct learning *l, const char *caller, struct allow_words *w)
{
	struct arena *a = &l->c->arena;
	struct slice rest = slice_str(caller), ns;

	*w = (struct allow_words){ .verb = "allow", .caller = "*",
		.to_namespace = l->of.namespace, .to = l->of.name };
	if (caller == NULL)
		return true;
	if (!slice_cut(&rest, '/', &ns) || rest.ptr == NULL)
		return false;
	if (slice_find(rest, '/') >= 0) {
		w->id = arena_printf(a, "spiffe://%s", caller);
		return true;
	}
	w->namespace = arena_dup(a, ns).ptr;
	w->caller = rest.ptr;
	return true;
}

/* Those that let the caller (NULL: everybody) do all already; their number. */
static size_t
warn_free(struct learning *l, const char *caller)
{
	struct allow_words w;
	const struct model_object *o;
	size_t it = 0, n = 0;

	if (!read_caller(l, caller, &w))
		return 0;
	while ((o = allow_standing(&l->traffic, l->service, &w,
	    MODEL_AUTHZ_ALLOW, ALLOW_MEETS_ALL, lesson_name(&l->lesson),
	    &it)) != NULL) {
		ctl_warn(l->c, "%s lets %s do anything at %s/%s, whatever this "
		    "policy says: delete it once this one is applied",
		    model_object_name(o), caller == NULL ? "everybody" : caller,
		    l->of.namespace, l->of.name);
		n++;
	}
	return n;
}

/* An ALLOW of all makes this one pointless. */
static void
tell_standing(struct learning *l)
{
	const struct lesson *of = &l->lesson;
	struct err err = ERR_INIT;

	if (!allow_standing_load(&l->traffic, l->of.namespace, &err)) {
		ctl_warn(l->c, "what other policies allow is not known: %s",
		    err.text);
		return;
	}
	if (warn_free(l, NULL) > 0)
		return;
	for (size_t i = 0; i < of->len; i++)
		if (i == 0 || strcmp(of->v[i].caller, of->v[i - 1].caller) != 0)
			warn_free(l, of->v[i].caller);
}

static void
tell(struct learning *l)
{
	struct ctl *c = l->c;
	size_t callers = lesson_callers(&l->lesson);

	if (l->youngest_s >= 0 && l->youngest_s < l->since_s)
		ctl_warn(c, "a sidecar of %s/%s knows only the last %lld s: it "
		    "began then", l->of.namespace, l->of.name,
		    (long long)l->youngest_s);
	if (l->left_out > 0)
		ctl_warn(c, "%lld calls were of more kinds than sidecars keep: "
		    "the policy may refuse them", (long long)l->left_out);
	tell_general(l);
	tell_standing(l);
	if (callers == 0 && l->lesson.left_len + l->lesson.left_coarse_len > 0)
		ctl_warn(c, "nothing is left: this policy allows nobody");
	else if (callers == 0)
		ctl_warn(c, "nobody was seen within %s: this policy allows nobody",
		    ctl_value(c, "since"));
	else
		ctl_say(c, "%zu %s seen within %s; read it, then: mesh ctl apply "
		    "-f FILE", callers, callers == 1 ? "caller was" :
		    "callers were", ctl_value(c, "since"));
}

static int
run(struct learning *l)
{
	struct ctl *c = l->c;
	struct err err = ERR_INIT;
	int64_t ms;

	if (!conf_duration_read(slice_str(ctl_value(c, "since")), &ms) ||
	    ms < 1000 || ms > SINCE_MAX_MS)
		return ctl_misused(c, "--since: expected a duration from 1s to "
		    "168h, as 1h, found \"%s\"", ctl_value(c, "since"));
	l->since_s = ms / 1000;
	int code = traffic_name_read(c, "SERVICE", ctl_word(c, 0), NULL, &l->of);

	if (code == CTL_OK && l->of.port != 0)
		code = ctl_misused(c, "SERVICE: the policy is about all its ports: "
		    "leave \":%u\" out", l->of.port);
	if (code != CTL_OK)
		return code;
	l->service = traffic_find(&l->traffic, &model_service_kind, l->of.namespace,
	    l->of.name, &err);
	if (l->service == NULL)
		return ctl_fail_call(c, &err);
	lesson_init(&l->lesson, &c->arena, l->of.namespace, l->of.name);
	l->lesson.has_ports = model_service(l->service)->spec.ports_len > 1;
	code = ask_sidecars(l, l->service);
	if (code == CTL_OK)
		code = read_callers(l);
	if (code != CTL_OK)
		return code;
	if (ctl_has(c, "exact"))
		lesson_narrow(&l->lesson);
	lesson_sort(&l->lesson);
	print(l);
	tell(l);
	return CTL_OK;
}

static int
learn(struct ctl *c)
{
	struct learning l = { .c = c, .youngest_s = -1 };

	traffic_open_control(&l.traffic, c);
	int code = run(&l);

	traffic_close(&l.traffic);
	return code;
}
