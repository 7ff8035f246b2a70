#include <string.h>

#include "conf/yaml.h"
#include "model/authorization_policy.h"
#include "model/service.h"
#include "modes/ctl/allow_caller.h"
#include "modes/ctl/allow_name.h"
#include "modes/ctl/allow_standing.h"
#include "modes/ctl/allow_typed.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"
#include "modes/ctl/trust_domain.h"
#include "pki/spiffe.h"

#define SPIFFE_SCHEME	"spiffe://"

static int allow(struct ctl *), deny(struct ctl *);

static const struct ctl_option options[] = {
	{ "methods", 0, "METHOD,...", .text = "only these; default: any" },
	{ "paths", 0, "PATH,...",
	    .text = "only these: /a, /a/*, /a/{*}; default: any" },
	{ "from-ip", 0, "CIDR,...",
	    .text = "only from these addresses; with nobody as the CALLER: who "
	    "proves no identity" },
	{ "name", 0, "NAME",
	    .text = "of the document, which is replaced if it is there; default: "
	    "one of CALLER, SERVICE, the port and what else is said" },
	{ "dry-run", 0, NULL, .text = "show what would change, and change nothing" },
	{ 0 },
};

static const struct ctl_example allow_examples[] = {
	{ "allow web orders --methods GET,HEAD --paths /orders,/orders/*",
	    "web may read the orders" },
	{ "allow 'shop/*' orders:80", "whoever is in namespace shop, port 80 alone" },
	{ "allow spiffe://partner.example/ns/shop/sa/web orders:80",
	    "web of another mesh, with which this one is federated" },
	{ "allow nobody orders --from-ip 10.1.0.0/16",
	    "what has no sidecar yet, where plain text is taken (PERMISSIVE)" },
	{ "allow web orders --dry-run -o yaml",
	    "the document that this stands for" },
	{ 0 },
};

static const struct ctl_example deny_examples[] = {
	{ "deny batch orders --methods DELETE", "whatever else is allowed" },
	{ "deny '*' orders --paths '/admin/*'", "whoever asks, with an identity or without" },
	{ 0 },
};

#define TEXT(does)							\
	"Creates one AuthorizationPolicy about SERVICE, in its namespace, that " \
	does ". CALLER is a service account, NAME or NAMESPACE/NAME (that of a " \
	"service is its name, unless its token said another); NAMESPACE/* is "	\
	"everybody there, * every identity; spiffe://TRUST-DOMAIN/PATH is somebody "	\
	"of another mesh. Who has no identity, as callers in plain text, cannot "	\
	"be named: say nobody and --from-ip. It takes effect at once, on open "	\
	"connections too, beside what was ordered before: each port, method, "	\
	"path and address has a document of its own, and only with --name is "	\
	"one replaced. With "							\
	"--dry-run the document is printed and nothing is changed.\n"

const struct ctl_command cmd_allow = {
	.name = "allow",
	.arguments = "CALLER SERVICE[:PORT]",
	.summary = "let a caller call a service",
	.text = TEXT("allows it") "Once there is one, whoever none allows is "
	    "refused there. What a document of before allows already cannot be "
	    "narrowed so, and is refused (65): delete that one first.",
	.min = 2, .max = 2,
	.options = options,
	.examples = allow_examples,
	.run = allow,
};

const struct ctl_command cmd_deny = {
	.name = "deny",
	.arguments = "CALLER SERVICE[:PORT]",
	.summary = "keep a caller from calling a service",
	.text = TEXT("refuses it") "A DENY policy goes before every ALLOW, and * "
	    "of one is whoever proves no identity, too.",
	.min = 2, .max = 2,
	.options = options,
	.examples = deny_examples,
	.run = deny,
};

/* --- the document ----------------------------------------------------------------- */

struct order {
	struct ctl         *c;
	const char         *verb;	/* "allow" */
	const char         *namespace, *caller;	/* "*": all */
	struct spiffe       id;		/* in place of both; text absent: none */
	bool                id_is_ours;	/* it is of our trust domain */
	bool                is_nobody;	/* "nobody" was typed */
	struct traffic_name to;
	const char         *methods, *paths, *ips;	/* NULL: any */
	const char         *name;
	struct conf_node   *document;
	struct traffic      traffic;
	const struct model_object *service;	/* NULL: there is none, yet */
};

static void
add_words(struct arena *a, struct conf_node *to, const char *key,
    const char *typed)
{
	struct slice rest = slice_str(typed), word;
	struct conf_node *list = conf_set_list(to, key);

	while (slice_cut(&rest, ',', &word))
		conf_add_string(list, arena_dup(a, word).ptr);
}

static bool
is_without_identity(const struct order *o)
{
	return o->is_nobody && o->ips != NULL;
}

static bool
is_everybody(const struct order *o)
{
	return o->namespace == NULL && o->id.text.ptr == NULL;
}

static struct allow_words
words_of(const struct order *o)
{
	/* "nobody" without an address is an account, if a strange one. */
	bool is_plain = is_without_identity(o);

	return (struct allow_words){ o->verb,
		is_plain ? o->to.namespace : o->namespace,
		is_plain ? "no-identity" : o->caller, o->to.namespace, o->to.name,
		o->to.port, o->methods, o->paths, o->ips, o->id.text.ptr, is_plain };
}

static void
add_caller(struct order *o, struct conf_node *rule)
{
	struct arena *a = &o->c->arena;
	struct conf_node *source;

	/* Who proved nothing is refused, too. */
	bool is_any = is_everybody(o) && strcmp(o->verb, "deny") == 0;

	if (is_any && o->ips == NULL)
		return;
	source = conf_set_map(conf_add_map(conf_set_list(rule, "from")),
	    "source");
	if (o->ips != NULL)
		add_words(a, source, "ipBlocks", o->ips);
	if (is_any)
		return;
	if (is_without_identity(o))
		conf_add_string(conf_set_list(source, "notPrincipals"), "*");
	else if (o->id.text.ptr != NULL)
		conf_add_string(conf_set_list(source, "principals"),
		    arena_dup(a, slice_from(o->id.text,
		    strlen(SPIFFE_SCHEME))).ptr);
	else if (o->namespace == NULL)
		conf_add_string(conf_set_list(source, "principals"), "*");
	else if (strcmp(o->caller, "*") == 0)
		conf_add_string(conf_set_list(source, "namespaces"),
		    o->namespace);
	else
		conf_add_string(conf_set_list(source, "serviceAccounts"),
		    arena_printf(a, "%s/%s", o->namespace, o->caller));
}

static void
add_operation(struct order *o, struct conf_node *rule)
{
	struct ctl *c = o->c;
	struct conf_node *operation;

	if (o->to.port == 0 && o->methods == NULL && o->paths == NULL)
		return;
	operation = conf_set_map(conf_add_map(conf_set_list(rule, "to")),
	    "operation");
	if (o->to.port != 0)
		conf_add_string(conf_set_list(operation, "ports"),
		    arena_printf(&c->arena, "%u", o->to.port));
	if (o->methods != NULL)
		add_words(&c->arena, operation, "methods", o->methods);
	if (o->paths != NULL)
		add_words(&c->arena, operation, "paths", o->paths);
}

static int
write_document(struct order *o)
{
	struct conf_node *doc = model_document_new(&o->c->arena,
	    &model_authorization_policy_kind, o->to.namespace, o->name);
	struct conf_node *spec = conf_set_map(doc, "spec"), *rule;
	struct model_object *read;
	struct err err = ERR_INIT;
	struct model_set set;

	model_add_service_ref(conf_set_list(spec, "targetRefs"), o->to.name);
	conf_set_string(spec, "action", strcmp(o->verb, "allow") == 0 ? "ALLOW" :
	    "DENY");
	rule = conf_add_map(conf_set_list(spec, "rules"));
	add_caller(o, rule);
	add_operation(o, rule);
	o->document = doc;
	read = model_object_read(doc, MODEL_STRICT, NULL, &err);
	if (read == NULL)
		return ctl_fail(o->c, &err);
	model_set_init(&set, MODEL_STRICT, o->to.namespace);
	model_set_add(&set, read, &err);
	model_object_unref(read);
	traffic_warn(o->c, &set);
	model_set_fini(&set);
	return CTL_OK;
}

static int
put(struct order *o, bool is_dry, struct conf_node **answer)
{
	struct ctl *c = o->c;
	const char *path = documents_path(c, &model_authorization_policy_kind,
	    o->to.namespace, o->name);
	struct err err = ERR_INIT;

	path = call_query(c, path, "dry-run", is_dry ? "true" : NULL);
	if (call_api(c, "PUT", path, o->document, answer, &err) < 0)
		return ctl_fail_call(c, &err);
	return CTL_OK;
}

/* --- what was ordered before -------------------------------------------------------- */

/* An ALLOW beside one that allows more would look like a limit and be none. */
static int
check_wider(struct order *o, struct traffic *t, const struct allow_words *w)
{
	const char *names[ALLOW_WIDER_MAX];
	size_t n = allow_wider(&o->c->arena, w, names);
	bool is_allow = strcmp(o->verb, "allow") == 0;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		if (traffic_find(t, &model_authorization_policy_kind,
		    o->to.namespace, names[i], &err) == NULL)
			continue;
		if (is_allow) {
			err_set(&err, ERR_DATA, "%s/%s allows more than this "
			    "already, so nothing would be narrowed: mesh ctl "
			    "delete authorizationpolicy %s -n %s first; with a "
			    "--name of its own this is written, and that "
			    "stands", o->to.namespace, names[i],
			    names[i], o->to.namespace);
			return ctl_fail(o->c, &err);
		}
		ctl_warn(o->c, "%s/%s denies more than this already",
		    o->to.namespace, names[i]);
	}
	return CTL_OK;
}

/* Whoever edited it would lose that. */
static int
check_same(struct order *o, struct traffic *t)
{
	const struct model_object *old;
	struct conf_node *answer;
	struct err err = ERR_INIT;
	const char *result;

	old = traffic_find(t, &model_authorization_policy_kind,
	    o->to.namespace, o->name, &err);
	if (old == NULL)
		return CTL_OK;
	int code = put(o, true, &answer);

	result = code == CTL_OK ? conf_get_string(answer, "result") : NULL;
	if (result == NULL || strcmp(result, "configured") != 0)
		return code;
	err_set(&err, ERR_EXISTS, "%s/%s is there and says something else: "
	    "--name %s replaces it, another --name keeps both", o->to.namespace,
	    o->name, o->name);
	return ctl_fail(o->c, &err);
}

/* --- sending it ------------------------------------------------------------------- */

static void
warn_caller(struct order *o)
{
	if (o->id.text.ptr != NULL && !o->id_is_ours)
		allow_warn_domain(o->c, o->id.domain);
	else if (o->id.text.ptr == NULL && o->namespace != NULL &&
	    !is_without_identity(o))
		allow_warn_account(o->c, o->namespace, o->caller);
}

/* Rules about requests allow nothing of bytes. */
static void
warn_bytes(const struct order *o)
{
	const struct model_service_spec *s = o->service == NULL ? NULL :
	    &model_service(o->service)->spec;

	if (s == NULL || o->to.port != 0 || strcmp(o->verb, "allow") != 0 ||
	    (o->methods == NULL && o->paths == NULL))
		return;
	for (size_t i = 0; i < s->ports_len; i++)
		if (!model_port_takes_requests(&s->ports[i]))
			ctl_warn(o->c, "port %u of %s/%s carries bytes, of which no "
			    "rule with methods or paths allows anything: mesh ctl "
			    "allow %s %s:%u", s->ports[i].port,
			    o->to.namespace, o->to.name, ctl_word(o->c, 0),
			    ctl_word(o->c, 1), s->ports[i].port);
}

static void
say_next(struct order *o, const char *result)
{
	const struct allow_words w = words_of(o);
	struct ctl *c = o->c;

	if (result != NULL && strcmp(result, "configured") == 0)
		ctl_say(c, "what %s said before holds no more", o->name);
	ctl_say(c, "check it with: %s; take it back with: mesh ctl delete "
	    "authorizationpolicy %s -n %s", allow_question(&c->arena, &w,
	    o->service), o->name, o->to.namespace);
}

static void
print(struct order *o, const struct conf_node *answer)
{
	struct ctl *c = o->c;
	const char *result = conf_get_string(answer, "result");
	bool is_dry = ctl_has(c, "dry-run");
	struct str line = { 0 };

	input_add_ref(&line, &model_authorization_policy_kind, o->name);
	if (c->format == CTL_NAME) {
		str_addf(&c->out, "%s\n", str_ptr(&line));
	} else if (!print_node(c, o->document) && !is_dry) {
		str_addf(&c->out, "%s %s\n", str_ptr(&line), result == NULL ?
		    "configured" : result);
		say_next(o, result);
	} else {
		ctl_say(c, "%s %s%s", str_ptr(&line), result == NULL ?
		    "configured" : result, is_dry ? " (dry run)" : "");
		if (c->out.len == 0)
			conf_yaml_write(&c->out, o->document);
	}
	str_fini(&line);
}

/* An account of ours is one, however it is written. */
static int
read_id(struct order *o, struct slice word)
{
	struct ctl *c = o->c;
	struct err err = ERR_INIT;
	const char *ours;

	if (!spiffe_parse(&o->id, word) || o->id.path.len == 0)
		return ctl_misused(c, "CALLER: expected spiffe://TRUST-DOMAIN/"
		    "PATH, found \"%.*s\"", SLICE_ARG(word));
	ours = trust_domain_of_control(c, &err);
	if (ours == NULL)
		return ctl_fail_call(c, &err);
	o->id_is_ours = slice_is(o->id.domain, ours);
	if (!o->id_is_ours || o->id.kind != SPIFFE_WORKLOAD)
		return CTL_OK;
	o->namespace = arena_dup(&c->arena, o->id.ns).ptr;
	o->caller = arena_dup(&c->arena, o->id.name).ptr;
	o->id.text = SLICE_NONE;
	return CTL_OK;
}

static int
read_caller(struct order *o)
{
	struct ctl *c = o->c;
	const char *caller = ctl_word(c, 0);
	struct slice word = slice_str(caller), namespace;

	o->caller = "*";
	o->is_nobody = strcmp(caller, "nobody") == 0;
	if (strcmp(caller, "*") == 0)
		return CTL_OK;
	if (slice_has_prefix(word, SLICE(SPIFFE_SCHEME)))
		return read_id(o, word);
	if (slice_has_suffix(word, SLICE("/*")) && slice_cut(&word, '/',
	    &namespace)) {
		o->namespace = arena_dup(&c->arena, namespace).ptr;
		return CTL_OK;
	}
	return names_read(c, "CALLER", caller, &o->namespace, &o->caller);
}

static int
read_words(struct order *o)
{
	struct ctl *c = o->c;
	int code = traffic_service_read(&o->traffic, "SERVICE", ctl_word(c, 1),
	    &o->to);

	if (code == CTL_OK)
		code = read_caller(o);
	if (code == CTL_OK)
		code = allow_typed(c, "methods", &o->methods);
	if (code == CTL_OK)
		code = allow_typed(c, "paths", &o->paths);
	if (code == CTL_OK)
		code = allow_typed(c, "from-ip", &o->ips);
	return code;
}

/* Its document, under the name that was typed or that is its own. */
static int
name_it(struct order *o)
{
	struct ctl *c = o->c;
	const struct allow_words w = words_of(o);
	int code;

	o->name = ctl_has(c, "name") ? ctl_value(c, "name") :
	    allow_name(&c->arena, &w);
	code = write_document(o);
	if (code != CTL_OK || ctl_has(c, "name"))
		return code;
	code = check_wider(o, &o->traffic, &w);
	if (code == CTL_OK)
		code = check_same(o, &o->traffic);
	return code;
}

static void
warn_standing(struct order *o)
{
	const struct allow_words w = words_of(o);
	struct err err = ERR_INIT;

	if (o->service != NULL && allow_standing_load(&o->traffic,
	    o->to.namespace, &err))
		allow_warn_standing(&o->traffic, o->service, &w, o->name);
}

static int
carry_out(struct order *o)
{
	struct ctl *c = o->c;
	struct conf_node *answer = NULL;
	struct err err = ERR_INIT;
	int code;

	o->service = traffic_find(&o->traffic, &model_service_kind,
	    o->to.namespace, o->to.name, &err);
	code = name_it(o);
	if (code == CTL_OK)
		code = put(o, ctl_has(c, "dry-run"), &answer);
	if (code == CTL_OK) {
		warn_caller(o);
		warn_standing(o);
		warn_bytes(o);
		print(o, answer);
	}
	return code;
}

static int
order(struct ctl *c, const char *verb)
{
	struct order o = { .c = c, .verb = verb };
	int code;

	traffic_open_control(&o.traffic, c);
	code = read_words(&o);
	if (code == CTL_OK)
		code = carry_out(&o);
	traffic_close(&o.traffic);
	return code;
}

static int
allow(struct ctl *c)
{
	return order(c, "allow");
}

static int
deny(struct ctl *c)
{
	return order(c, "deny");
}
