#include <string.h>

#include "base/clock.h"
#include "conf/stream.h"
#include "conf/units.h"
#include "conf/yaml.h"
#include "model/host_attestor.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"

static int add(struct ctl *), remove_each(struct ctl *);

static const struct ctl_option add_options[] = {
	{ "service", 0, "SERVICE", .repeats = true,
	    .text = "that the host may serve: NAME or NAMESPACE/NAME, all of one "
	    "namespace" },
	{ "gateway", 0, "GATEWAY", .repeats = true,
	    .text = "whose proxy the host may run, likewise" },
	{ "service-account", 0, "NAME",
	    .text = "its identity at services; default: the service's name" },
	{ "key", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "its public key in PEM, on P-256; default: standard input" },
	{ "ttl", 0, "DURATION", .text = "how long it may join; default: for ever" },
	{ "dry-run", 0, NULL, .text = "show the document, and change nothing" },
	{ 0 },
};

static const struct ctl_example add_examples[] = {
	{ "host add db1 --service shop/orders --key host.pub", "for `mesh proxy "
	    "--service shop/orders --host-key-file host.key --ca-hash HASH`" },
	{ "host add gw1 --gateway shop/edge --key host.pub",
	    "for `mesh proxy --gateway shop/edge` with the same" },
	{ "host add db1 --service shop/orders --key host.pub --dry-run",
	    "the document that this stands for" },
	{ 0 },
};

static const struct ctl_example remove_examples[] = {
	{ "host remove shop/db1", "its certificate is not renewed any more" },
	{ 0 },
};

static const struct ctl_command host_add = {
	.name = "add",
	.arguments = "NAME",
	.needs = "(--service SERVICE | --gateway GATEWAY)",
	.summary = "let a machine join by a key of its own, again and again",
	.text = "Creates a HostAttestor of that name, in the namespace of what it "
	    "may serve. "
	    "The machine makes the key, and keeps the private half: openssl "
	    "ecparam -name prime256v1 -genkey -noout -out host.key; openssl pkey "
	    "-in host.key -pubout -out host.pub. Machines with certificates of a "
	    "CA need no such order each: see HostAttestor, type X509.",
	.min = 1, .max = 1,
	.options = add_options,
	.examples = add_examples,
	.run = add,
};

static const struct ctl_command host_remove = {
	.name = "remove",
	.arguments = "NAME...",
	.summary = "let machines join and renew no more",
	.text = "What they have ends with its certificate, or at once by mesh ctl "
	    "revoke.",
	.min = 1, .max = -1,
	.examples = remove_examples,
	.asks = true,
	.run = remove_each,
};

static const struct ctl_command *const below[] = { &host_add, &host_remove,
	NULL };

const struct ctl_command cmd_host = {
	.name = "host",
	.arguments = "",
	.summary = "manage machines that join without a token",
	.below = below,
};

/* Those of one option; namespace: that all of them are of, NULL before. */
static int
add_names(struct ctl *c, struct conf_node *spec, const char *option,
    const char *field, const char **namespace)
{
	const char *word, *ns, *name;
	struct conf_node *list = NULL;

	for (size_t i = 0; (word = args_nth(&c->args, option, i)) != NULL; i++) {
		int code = names_read(c, arena_printf(&c->arena, "--%s", option),
		    word, &ns, &name);

		if (code != CTL_OK)
			return code;
		if (*namespace != NULL && strcmp(*namespace, ns) != 0)
			return ctl_misused(c, "--%s: %s is in another "
			    "namespace than those before", option, word);
		*namespace = ns;
		if (list == NULL)
			list = conf_set_list(spec, field);
		conf_add_string(list, name);
	}
	return CTL_OK;
}

static int
add_what(struct ctl *c, struct conf_node *spec, const char **namespace)
{
	int code;

	*namespace = NULL;
	if ((code = add_names(c, spec, "service", "services", namespace)) !=
	    CTL_OK || (code = add_names(c, spec, "gateway", "gateways",
	    namespace)) != CTL_OK)
		return code;
	return *namespace != NULL ? CTL_OK : ctl_misused(c, "say what it may "
	    "serve, with --service or --gateway");
}

static int
add_end(struct ctl *c, struct conf_node *spec)
{
	const char *ttl = ctl_value(c, "ttl");
	int64_t ms;

	if (ttl == NULL)
		return CTL_OK;
	if (!conf_duration_read(slice_str(ttl), &ms) || ms < 1000)
		return ctl_misused(c, "--ttl: expected a duration such as 720h, "
		    "found \"%s\"", ttl);
	conf_set_time(spec, "expires", clock_wall_s() + ms / 1000);
	return CTL_OK;
}

static int
write_document(struct ctl *c, struct conf_node *doc, const char **namespace)
{
	const struct model_kind *kind = &model_host_attestor_kind;
	const char *path = ctl_value(c, "key");
	struct conf_node *meta, *spec;
	struct model_object *read;
	struct str key = { 0 };
	struct err err = ERR_INIT;
	int code;

	conf_set_string(doc, "apiVersion", kind->versions[0]);
	conf_set_string(doc, "kind", kind->kind);
	meta = conf_set_map(doc, "metadata");
	conf_set_string(meta, "name", ctl_word(c, 0));
	spec = conf_set_map(doc, "spec");
	conf_set_string(spec, "type", "HostKey");
	if ((code = add_what(c, spec, namespace)) != CTL_OK ||
	    (code = add_end(c, spec)) != CTL_OK)
		return code;
	conf_set_string(meta, "namespace", *namespace);
	conf_set_string(spec, "serviceAccount", ctl_value(c, "service-account"));
	if (conf_file_read(path == NULL ? "-" : path, &key, &err) < 0)
		return ctl_fail(c, &err);
	conf_set_slice(conf_set_map(spec, "hostKey"), "publicKey",
	    str_slice(&key));
	str_fini(&key);
	read = model_object_read(doc, MODEL_STRICT, NULL, &err);
	model_object_unref(read);
	return read != NULL ? CTL_OK : ctl_fail(c, &err);
}

static void
say_next(struct ctl *c, const struct conf_node *doc, const char *namespace)
{
	const struct conf_node *services = conf_find(doc, "spec.services");
	const char *what = services != NULL ? "service" : "gateway";
	const char *name = conf_string(conf_at(services != NULL ? services :
	    conf_find(doc, "spec.gateways"), 0));

	ctl_say(c, "it joins by: mesh proxy --%s %s/%s --host-key-file KEY "
	    "--ca-hash $(mesh ctl ca export-bundle --format hash) ...", what,
	    namespace, name);
}

static int
add(struct ctl *c)
{
	struct conf_node *doc = conf_map_new(&c->arena), *answer;
	const char *namespace, *name = ctl_word(c, 0), *result;
	struct err err = ERR_INIT;
	bool is_dry = ctl_has(c, "dry-run");
	int code = write_document(c, doc, &namespace);

	if (code != CTL_OK)
		return code;
	if (call_api(c, "PUT", call_query(c, documents_path(c,
	    &model_host_attestor_kind, namespace, name), "dry-run",
	    is_dry ? "true" : NULL), doc, &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	result = conf_get_string(answer, "result");
	if (!print_node(c, doc) && is_dry)
		conf_yaml_write(&c->out, doc);
	else if (c->out.len == 0)
		str_addf(&c->out, "hostattestor/%s %s\n", name,
		    result == NULL ? "configured" : result);
	if (!is_dry)
		say_next(c, doc, namespace);
	return CTL_OK;
}

static int
remove_each(struct ctl *c)
{
	const char *namespace, *name;
	struct err err = ERR_INIT;
	int code = ctl_confirm_words(c, "remove host");

	if (code != CTL_OK)
		return code;
	for (size_t i = 0; ctl_word(c, i) != NULL; i++) {
		code = names_read(c, "NAME", ctl_word(c, i), &namespace,
		    &name);

		if (code != CTL_OK)
			return code;
		if (call_api(c, "DELETE", documents_path(c,
		    &model_host_attestor_kind, namespace, name), NULL, NULL,
		    &err) < 0)
			return ctl_fail_call(c, &err);
		str_addf(&c->out, "hostattestor/%s removed\n", name);
	}
	return CTL_OK;
}
