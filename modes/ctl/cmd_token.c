#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/file.h"
#include "modes/ctl/names.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"

static int create(struct ctl *), list(struct ctl *), revoke_each(struct ctl *);

static const struct ctl_option create_options[] = {
	{ "service", 0, "SERVICE",
	    .text = "that the workload serves: NAME or NAMESPACE/NAME" },
	{ "gateway", 0, "GATEWAY",
	    .text = "that the workload runs, instead of a service: NAME or "
	    "NAMESPACE/NAME" },
	{ "workload", 0, "NAME", .text = "of the workload; default: control's choice" },
	{ "service-account", 0, "NAME",
	    .text = "its identity; default: the service's name" },
	{ "ttl", 0, "DURATION", .text = "how long it is valid, from "
	    "1s to 168h; default: 10m" },
	{ "out", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "where to write it, mode 0600, instead of standard output" },
	{ 0 },
};

static const struct ctl_example create_examples[] = {
	{ "token create --service web --out web.token", "for `mesh proxy "
	    "--service default/web --token-file web.token`" },
	{ "token create --service shop/orders --workload orders-2 --ttl 1h",
	    "for one instance, within an hour" },
	{ "token create --gateway shop/edge --out edge.token",
	    "for `mesh proxy --gateway shop/edge --token-file edge.token`" },
	{ 0 },
};

static const struct ctl_example list_examples[] = {
	{ "token list", "which there are, and whether they were used" },
	{ 0 },
};

static const struct ctl_example revoke_examples[] = {
	{ "token revoke 0123456789abcdef", "nobody joins by it any more" },
	{ 0 },
};

static const struct ctl_command token_create = {
	.name = "create",
	.arguments = "",
	.needs = "(--service SERVICE | --gateway GATEWAY)",
	.summary = "make a token by which one workload may join",
	.text = "The token is shown once and works once. It is a secret until "
	    "then: hand it over in a file. A file that exists is replaced only "
	    "with --yes.",
	.options = create_options,
	.examples = create_examples,
	.run = create,
};

static const struct ctl_command token_list = {
	.name = "list",
	.arguments = "",
	.summary = "list tokens",
	.text = "A token is unused, used, expired, or revoked: its identity was "
	    "revoked after it was made, and nobody joins by it.",
	.examples = list_examples,
	.run = list,
};

static const struct ctl_command token_revoke = {
	.name = "revoke",
	.arguments = "ID...",
	.summary = "revoke tokens",
	.min = 1, .max = -1,
	.examples = revoke_examples,
	.asks = true,
	.run = revoke_each,
};

static const struct ctl_command *const below[] = { &token_create, &token_list,
	&token_revoke, NULL };

const struct ctl_command cmd_token = {
	.name = "token",
	.arguments = "",
	.summary = "manage join tokens",
	.below = below,
};

static int
hand_out(struct ctl *c, const struct conf_node *answer)
{
	const char *token = conf_get_string(answer, "token");
	const char *path = ctl_value(c, "out");
	struct err err = ERR_INIT;

	if (token == NULL) {
		err_set(&err, ERR_SYSTEM, "control's answer holds no token");
		return ctl_fail(c, &err);
	}
	if (path != NULL) {
		char *line = arena_printf(&c->arena, "%s\n", token);

		if (file_write(path, slice_str(line), 0600, ctl_has(c, "yes"),
		    &err) < 0)
			return ctl_fail(c, &err);
	} else if (!print_node(c, answer))
		str_addf(&c->out, "%s\n", token);
	ctl_say(c, "token %s, once, until %s", conf_get_string(answer, "id"),
	    conf_get_string(answer, "expires"));
	return CTL_OK;
}

static int
create(struct ctl *c)
{
	static const struct names_field fields[] = {
		{ "service", "--service" },
		{ "gateway", "--gateway" },
		{ "serviceAccount", "--service-account" },
		{ "workload", "--workload" },
		{ "ttl", "--ttl" },
		{ 0 },
	};
	const char *service = ctl_value(c, "service"), *namespace, *name;
	const char *gateway = ctl_value(c, "gateway");
	const char *out = ctl_value(c, "out");
	struct conf_node *body = conf_map_new(&c->arena), *answer;
	struct err err = ERR_INIT;
	int code;

	if ((service == NULL) == (gateway == NULL))
		return ctl_misused(c, "say for which service, with --service, or "
		    "for which Gateway, with --gateway");
	code = service != NULL ?
	    names_read(c, "--service", service, &namespace, &name) :
	    names_read(c, "--gateway", gateway, &namespace, &name);
	if (code != CTL_OK)
		return code;
	/* Before control makes a token that would be lost. */
	if (out != NULL && (code = ctl_may_write(c, out)) != CTL_OK)
		return code;
	conf_set_string(body, gateway != NULL ? "gateway" : "service",
	    arena_printf(&c->arena, "%s/%s", namespace, name));
	conf_set_string(body, "serviceAccount", ctl_value(c, "service-account"));
	conf_set_string(body, "workload", ctl_value(c, "workload"));
	conf_set_string(body, "ttl", ctl_value(c, "ttl"));
	if (call_api(c, "POST", "/v1/tokens", body, &answer, &err) < 0)
		return names_fail(c, fields, &err);
	return hand_out(c, answer);
}

static int
list(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "ID", "id", ROWS_TEXT, false },
		{ "SERVICE", "service", ROWS_TEXT, false },
		{ "WORKLOAD", "workload", ROWS_TEXT, false },
		{ "STATE", "state", ROWS_TEXT, false },
		{ "EXPIRES", "expires", ROWS_DUE, false },
		{ "AGE", "created", ROWS_AGE, false },
		{ "ACCOUNT", "serviceAccount", ROWS_TEXT, true },
		{ "BY", "createdBy", ROWS_TEXT, true },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list = call_list(c, "/v1/tokens", "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	rows_print(c, list, columns, "tokens");
	return CTL_OK;
}

static int
revoke_each(struct ctl *c)
{
	int code = ctl_confirm_words(c, "revoke token");

	if (code != CTL_OK)
		return code;
	for (size_t i = 0; i < c->args.len && (code == CTL_OK || code == CTL_NO);
	    i++) {
		const char *id = ctl_word(c, i);
		struct err err = ERR_INIT;

		if (call_api(c, "DELETE", call_path(c, "/v1/tokens", id, NULL),
		    NULL, NULL, &err) < 0)
			code = ctl_fail_call(c, &err);
		else
			str_addf(&c->out, "token/%s revoked\n", id);
	}
	return code;
}
