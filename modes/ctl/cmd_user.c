#include "modes/ctl/call.h"
#include "modes/ctl/client.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/password.h"
#include "modes/ctl/rows.h"
#include "pki/key.h"

static int add(struct ctl *), set_password(struct ctl *), list(struct ctl *),
    delete_each(struct ctl *);

static const char *const roles[] = { "viewer", "operator", "admin", NULL };

static const struct ctl_option add_options[] = {
	{ "role", 0, "ROLE", .words = roles,
	    .text = "viewer, operator or admin, in the namespace of -n, else "
	    "everywhere; default: none" },
	{ 0 },
};

static const struct ctl_example add_examples[] = {
	{ "user add anna --role viewer", "asks for a password" },
	{ "user add bot --role operator -n pay < password",
	    "the first line of a file" },
	{ 0 },
};

static const struct ctl_example password_examples[] = {
	{ "user password anna", "another one; her logins end" },
	{ 0 },
};

static const struct ctl_example list_examples[] = {
	{ "user list", "who can log in with a password" },
	{ 0 },
};

static const struct ctl_example delete_examples[] = {
	{ "user delete anna", "she and what she has open" },
	{ 0 },
};

static const struct ctl_command user_add = {
	.name = "add",
	.arguments = "NAME",
	.summary = "make a user, who logs in with a password",
	.text = "The password is asked for, or the first line of standard "
	    "input; it has at least 12 bytes. Without --role the user has none, "
	    "until a RoleBinding or ClusterRoleBinding names it.",
	.min = 1, .max = 1,
	.options = add_options,
	.examples = add_examples,
	.run = add,
};

static const struct ctl_command user_password = {
	.name = "password",
	.arguments = "NAME",
	.summary = "give a user another password",
	.text = "Read as by user add. Every login of the user ends.",
	.min = 1, .max = 1,
	.examples = password_examples,
	.run = set_password,
};

static const struct ctl_command user_list = {
	.name = "list",
	.arguments = "",
	.summary = "list users",
	.examples = list_examples,
	.run = list,
};

static const struct ctl_command user_delete = {
	.name = "delete",
	.arguments = "NAME...",
	.summary = "delete users, and end what they have open",
	.min = 1, .max = -1,
	.examples = delete_examples,
	.asks = true,
	.run = delete_each,
};

static const struct ctl_command *const below[] = { &user_add, &user_password,
	&user_list, &user_delete, NULL };

const struct ctl_command cmd_user = {
	.name = "user",
	.arguments = "",
	.summary = "manage users, who log in with a password",
	.below = below,
};

/* The request holds the password: it is wiped by the caller. */
static int
make_request(struct ctl *c, bool is_new, struct str *body, struct err *err)
{
	const char *role = is_new ? ctl_value(c, "role") : NULL;
	const char *ns = args_typed(&c->args, "namespace");
	struct str password = { 0 };
	int r = password_read(c, "password", true, &password, err);

	if (r == 0) {
		key_room_str(body, 6 * password.len + 512);
		str_add(body, "{\"password\":");
		str_add_json(body, str_slice(&password));
		if (is_new) {
			str_add(body, ",\"name\":");
			str_add_json(body, slice_str(ctl_word(c, 0)));
		}
		if (role != NULL)
			str_addf(body, ",\"role\":\"%s\"", role);
		if (role != NULL && ns != NULL) {
			str_add(body, ",\"namespaces\":[");
			str_add_json(body, slice_str(ns));
			str_add_char(body, ']');
		}
		str_add_char(body, '}');
	}
	key_wipe_str(&password);
	return r;
}

static int
send(struct ctl *c, const char *method, const char *path, bool is_new,
    const char *done)
{
	struct str body = { 0 };
	struct client_answer answer = { 0 };
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (make_request(c, is_new, &body, &err) < 0)
		code = ctl_fail(c, &err);
	else if (call_raw(c, method, path, str_slice(&body), CLIENT_JSON_MAX,
	    &answer, &err) < 0 || (answer.status >= 400 && call_refused(&answer,
	    &err) < 0))
		code = ctl_fail_call(c, &err);
	else
		str_addf(&c->out, "user/%s %s\n", ctl_word(c, 0), done);
	client_answer_fini(&answer);
	key_wipe_str(&body);
	return code;
}

static int
add(struct ctl *c)
{
	if (args_typed(&c->args, "namespace") != NULL &&
	    ctl_value(c, "role") == NULL)
		return ctl_misused(c, "-n says where a --role is: name one");
	return send(c, "POST", "/v1/users", true, "created");
}

static int
set_password(struct ctl *c)
{
	return send(c, "PUT", call_path(c, "/v1/users", ctl_word(c, 0), NULL),
	    false, "has another password");
}

static int
list(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "NAME", "name", ROWS_TEXT, false },
		{ "ROLE", "role", ROWS_TEXT, false },
		{ "LOGINS", "logins", ROWS_NUMBER, false },
		{ "AGE", "created", ROWS_AGE, false },
		{ "PASSWORD", "passwordSince", ROWS_AGE, false },
		{ "BY", "createdBy", ROWS_TEXT, true },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list = call_list(c, "/v1/users", "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	rows_print(c, list, columns, "users");
	return CTL_OK;
}

static int
delete_each(struct ctl *c)
{
	int code = ctl_confirm_words(c, "delete user");

	if (code != CTL_OK)
		return code;
	for (size_t i = 0; i < c->args.len && (code == CTL_OK || code == CTL_NO);
	    i++) {
		struct err err = ERR_INIT;

		if (call_api(c, "DELETE", call_path(c, "/v1/users",
		    ctl_word(c, i), NULL), NULL, NULL, &err) < 0)
			code = ctl_fail_call(c, &err);
		else
			str_addf(&c->out, "user/%s deleted\n", ctl_word(c, i));
	}
	return code;
}
