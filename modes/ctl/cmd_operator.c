#include <unistd.h>

#include "conf/yaml.h"
#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/file.h"
#include "modes/ctl/names.h"
#include "modes/ctl/rows.h"
#include "modes/ctl/target.h"
#include "pki/csr.h"
#include "pki/key.h"
#include "pki/pem.h"

static int create(struct ctl *), list(struct ctl *), revoke_each(struct ctl *);

static const char *const roles[] = { "viewer", "operator", "admin", NULL };

static const struct ctl_option create_options[] = {
	{ "role", 0, "ROLE", .words = roles,
	    .text = "viewer, operator or admin, in the namespace of -n, else "
	    "everywhere; default: admin" },
	{ "ttl", 0, "DURATION", .text = "how long its certificate is "
	    "valid, from 10s to 720h, and no longer than control's "
	    "intermediate; default: 24h" },
	{ "out-dir", 0, "DIR", .word = CTL_WORD_DIR,
	    .text = "where to put its files; default ~/.config/mesh" },
	{ "control", 0, "HOST[:PORT]",
	    .text = "write this address of control into its config.yaml; "
	    "default port 7700" },
	{ 0 },
};

static const struct ctl_example create_examples[] = {
	{ "operator create anna", "for whoever runs this command" },
	{ "operator create web-team --role operator -n pay --out-dir web",
	    "who may change how traffic goes in the namespace pay" },
	{ "operator create anna --out-dir anna --control 10.0.0.1:7700",
	    "a directory to be carried to anna's ~/.config/mesh" },
	{ 0 },
};

static const struct ctl_example list_examples[] = {
	{ "operator list", "who may give orders over the network" },
	{ 0 },
};

static const struct ctl_example revoke_examples[] = {
	{ "operator revoke anna", "her certificate is refused from now on" },
	{ 0 },
};

static const struct ctl_command operator_create = {
	.name = "create",
	.arguments = "NAME",
	.summary = "make an operator: a key, a certificate and a trust bundle",
	.text = "The key is made here and never leaves; control signs a "
	    "certificate for it. The files are operator.key (0600), operator.pem, "
	    "bundle.pem and, with --control, config.yaml.",
	.min = 1, .max = 1,
	.options = create_options,
	.examples = create_examples,
	.run = create,
};

static const struct ctl_command operator_list = {
	.name = "list",
	.arguments = "",
	.summary = "list operators",
	.examples = list_examples,
	.run = list,
};

static const struct ctl_command operator_revoke = {
	.name = "revoke",
	.arguments = "NAME...",
	.summary = "refuse the certificates of operators",
	.min = 1, .max = -1,
	.examples = revoke_examples,
	.asks = true,
	.run = revoke_each,
};

static const struct ctl_command *const below[] = { &operator_create,
	&operator_list, &operator_revoke, NULL };

const struct ctl_command cmd_operator = {
	.name = "operator",
	.arguments = "",
	.summary = "manage operators, who talk to control over the network",
	.below = below,
};

/* Where the files go, and the address of control that stands in them. */
struct place {
	const char *dir;
	const char *server;	/* NULL: no config.yaml is written */
};

static const char *
path_in(struct ctl *c, const char *dir, const char *name)
{
	return arena_printf(&c->arena, "%s/%s", dir, name);
}

static int
write_config(struct ctl *c, const char *dir, const char *server,
    struct err *err)
{
	struct conf_node *config = conf_map_new(&c->arena);
	struct str text = { 0 };
	int result = 0;

	if (server == NULL)
		return 0;
	conf_set_string(config, "server", server);
	conf_yaml_write(&text, config);
	result = file_write(path_in(c, dir, TARGET_CONFIG_FILE), str_slice(&text),
	    0644, true, err);
	str_fini(&text);
	return result;
}

/* The key last: what stands there before is not lost to a half-made one. */
static int
write_files(struct ctl *c, const struct place *place, const struct key *key,
    const struct conf_node *answer, struct err *err)
{
	struct slice chain = slice_str(conf_get_string(answer, "chain"));
	struct slice bundle = slice_str(conf_get_string(answer, "bundle"));
	const char *dir = place->dir;
	struct str pem = { 0 };
	bool replace = ctl_has(c, "yes");
	int result = -1;

	if (chain.ptr == NULL || bundle.ptr == NULL)
		return err_set(err, ERR_SYSTEM,
		    "control's answer holds no certificate");
	key_room_str(&pem, 512);
	key_pem(&pem, key);
	if (write_config(c, dir, place->server, err) == 0 &&
	    file_write(path_in(c, dir, TARGET_BUNDLE_FILE), bundle, 0644, true,
	    err) == 0 &&
	    file_write(path_in(c, dir, TARGET_CERT_FILE), chain, 0644, true,
	    err) == 0)
		result = file_write(path_in(c, dir, TARGET_KEY_FILE),
		    str_slice(&pem), 0600, replace, err);
	key_wipe_str(&pem);
	return result;
}

static int
ask_for(struct ctl *c, const struct key *key, struct conf_node **answer,
    struct err *err)
{
	struct conf_node *body = conf_map_new(&c->arena);
	struct str der = { 0 }, pem = { 0 };

	csr_make(&der, key);
	pem_add(&pem, PEM_LABEL_CSR, str_slice(&der));
	conf_set_string(body, "name", ctl_word(c, 0));
	conf_set_slice(body, "csr", str_slice(&pem));
	conf_set_string(body, "ttl", ctl_value(c, "ttl"));
	conf_set_string(body, "role", ctl_value(c, "role"));
	if (args_typed(&c->args, "namespace") != NULL)
		conf_add_string(conf_set_list(body, "namespaces"),
		    args_typed(&c->args, "namespace"));
	str_fini(&der);
	str_fini(&pem);
	return call_api(c, "POST", "/v1/operators", body, answer, err);
}

static int
find_place(struct ctl *c, struct place *place)
{
	const char *dir = ctl_value(c, "out-dir");
	const char *control = ctl_value(c, "control");
	struct err err = ERR_INIT;

	place->dir = dir != NULL ? dir : target_config_dir(c);
	place->server = NULL;
	if (control != NULL && (place->server = target_complete(c, control,
	    &err)) == NULL)
		return ctl_misused(c, "--control: %s", err.text);
	if (args_typed(&c->args, "namespace") != NULL &&
	    ctl_value(c, "role") == NULL)
		return ctl_misused(c, "-n says where a --role is: name one");
	if (access(path_in(c, place->dir, TARGET_KEY_FILE), F_OK) == 0 &&
	    !ctl_has(c, "yes"))
		return ctl_misused(c, "%s holds an operator's key already: say "
		    "--out-dir, or --yes to replace it", place->dir);
	return CTL_OK;
}

static int
create(struct ctl *c)
{
	static const struct names_field fields[] = {
		{ "name", "NAME" }, { "ttl", "--ttl" }, { 0 },
	};
	struct conf_node *answer;
	struct err err = ERR_INIT;
	struct place place;
	struct key key;
	int code = find_place(c, &place);

	if (code != CTL_OK)
		return code;
	if (file_make_dir(place.dir, &err) < 0)
		return ctl_fail(c, &err);
	key_generate(&key);
	if (ask_for(c, &key, &answer, &err) < 0)
		code = names_fail(c, fields, &err);
	else if (write_files(c, &place, &key, answer, &err) < 0)
		code = ctl_fail(c, &err);
	key_fini(&key);
	if (code != CTL_OK)
		return code;
	str_addf(&c->out, "operator/%s created\n", ctl_word(c, 0));
	ctl_say(c, "its role is %s %s%s", ctl_value(c, "role") == NULL ?
	    "admin" : ctl_value(c, "role"), args_typed(&c->args, "namespace") ==
	    NULL ? "everywhere" : "in ", args_typed(&c->args, "namespace") ==
	    NULL ? "" : args_typed(&c->args, "namespace"));
	ctl_say(c, "its files are in %s, its certificate ends %s", place.dir,
	    conf_get_string(answer, "notAfter"));
	return CTL_OK;
}

static int
list(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "NAME", "name", ROWS_TEXT, false },
		{ "STATE", "state", ROWS_TEXT, false },
		{ "ROLE", "role", ROWS_TEXT, false },
		{ "EXPIRES", "expires", ROWS_DUE, false },
		{ "AGE", "created", ROWS_AGE, false },
		{ "BY", "createdBy", ROWS_TEXT, true },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list = call_list(c, "/v1/operators", "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	rows_print(c, list, columns, "operators");
	return CTL_OK;
}

static int
revoke_each(struct ctl *c)
{
	int code = ctl_confirm_words(c, "revoke operator");

	if (code != CTL_OK)
		return code;
	for (size_t i = 0; i < c->args.len && (code == CTL_OK || code == CTL_NO);
	    i++) {
		struct err err = ERR_INIT;

		if (call_api(c, "DELETE", call_path(c, "/v1/operators",
		    ctl_word(c, i), NULL), NULL, NULL, &err) < 0)
			code = ctl_fail_call(c, &err);
		else
			str_addf(&c->out, "operator/%s revoked\n", ctl_word(c, i));
	}
	return code;
}
