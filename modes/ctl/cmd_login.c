#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/json.h"
#include "modes/ctl/call.h"
#include "modes/ctl/client.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/file.h"
#include "modes/ctl/password.h"
#include "modes/ctl/rows.h"
#include "pki/key.h"

static int login(struct ctl *), logout(struct ctl *), logins(struct ctl *);

static const struct ctl_option login_options[] = {
	{ "user", 0, "NAME", .text = "who logs in" },
	{ "ttl", 0, "DURATION", .text = "how long it is valid, from "
	    "1s to 24h; default: 8h" },
	{ 0 },
};

static const struct ctl_example login_examples[] = {
	{ "login --user anna", "asks for the password, and keeps a token" },
	{ 0 },
};

static const struct ctl_example logout_examples[] = {
	{ "logout", "the token is worth nothing from now on" },
	{ 0 },
};

static const struct ctl_example logins_examples[] = {
	{ "logins", "what users have open" },
	{ "logins 4bd7cf3a9e1c0b52", "ends one of them" },
	{ 0 },
};

const struct ctl_command cmd_login = {
	.name = "login",
	.arguments = "",
	.needs = "--user NAME",
	.summary = "log in with a password",
	.text = "The password is asked for, or the first line of standard "
	    "input. The token that it gives is good for 8 hours, a day at most, "
	    "and kept in ~/.config/mesh/token, mode 0600; requests over the "
	    "network go with it until logout.",
	.options = login_options,
	.examples = login_examples,
	.run = login,
};

const struct ctl_command cmd_logout = {
	.name = "logout",
	.arguments = "",
	.summary = "end the login that is kept here",
	.examples = logout_examples,
	.run = logout,
};

const struct ctl_command cmd_logins = {
	.name = "logins",
	.arguments = "[ID...]",
	.summary = "list the logins of all users, or end some",
	.max = -1,
	.examples = logins_examples,
	.asks = true,
	.run = logins,
};

static const char *
token_path(struct ctl *c)
{
	return arena_printf(&c->arena, "%s/" TARGET_TOKEN_FILE,
	    target_config_dir(c));
}

/* The request holds the password: it is wiped by the caller. */
static int
make_request(struct ctl *c, struct str *body, struct err *err)
{
	struct str password = { 0 };
	int r = password_read(c, "password", false, &password, err);

	if (r == 0) {
		key_room_str(body, 6 * password.len + 512);
		str_add(body, "{\"password\":");
		str_add_json(body, str_slice(&password));
		str_add(body, ",\"user\":");
		str_add_json(body, slice_str(ctl_value(c, "user")));
		if (ctl_value(c, "ttl") != NULL) {
			str_add(body, ",\"ttl\":");
			str_add_json(body, slice_str(ctl_value(c, "ttl")));
		}
		str_add_char(body, '}');
	}
	key_wipe_str(&password);
	return r;
}

static int
keep(struct ctl *c, const struct client_answer *answer, struct err *err)
{
	const struct conf_node *json = conf_json_read(&c->arena,
	    str_slice(&answer->body), "control", err);
	const char *token = conf_get_string(json, "token");

	if (json == NULL)
		return -1;
	if (token == NULL)
		return err_set(err, ERR_SYSTEM, "control's answer has no token");
	if (file_make_dir(target_config_dir(c), err) < 0 ||
	    file_write(token_path(c), slice_str(arena_printf(&c->arena, "%s\n",
	    token)), 0600, true, err) < 0)
		return -1;
	str_addf(&c->out, "user/%s logged in\n", ctl_value(c, "user"));
	ctl_say(c, "until %s; the token is in %s", conf_get_string(json,
	    "expires"), token_path(c));
	return 0;
}

static int
login(struct ctl *c)
{
	struct client_answer answer = { 0 };
	struct str body = { 0 };
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (ctl_value(c, "user") == NULL)
		return ctl_misused(c, "say --user NAME");
	c->is_nobody = true;
	if (make_request(c, &body, &err) < 0)
		code = ctl_fail(c, &err);
	else if (call_raw(c, "POST", "/v1/login", str_slice(&body),
	    CLIENT_JSON_MAX, &answer, &err) < 0 || (answer.status >= 400 &&
	    call_refused(&answer, &err) < 0) || keep(c, &answer, &err) < 0)
		code = ctl_fail(c, &err);
	client_answer_fini(&answer);
	key_wipe_str(&body);
	return code;
}

static int
logout(struct ctl *c)
{
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (access(token_path(c), F_OK) < 0) {
		ctl_warn(c, "there is no login in %s", target_config_dir(c));
		return CTL_NO;
	}
	c->with_token = true;
	if (call_api(c, "POST", "/v1/logout", conf_map_new(&c->arena), NULL,
	    &err) < 0)
		code = ctl_fail(c, &err);
	/* One that control does not know any more is of no use either. */
	if (code != CTL_OK && err.kind != ERR_DENIED)
		return code;
	if (unlink(token_path(c)) < 0) {
		err_errno(&err, "%s", token_path(c));
		return ctl_fail(c, &err);
	}
	str_add(&c->out, "logged out\n");
	return CTL_OK;
}

static int
logins(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "ID", "id", ROWS_TEXT, false },
		{ "USER", "user", ROWS_TEXT, false },
		{ "FROM", "from", ROWS_TEXT, false },
		{ "AGE", "created", ROWS_AGE, false },
		{ "EXPIRES", "expires", ROWS_DUE, false },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list;
	int code = c->args.len == 0 ? CTL_OK : ctl_confirm_words(c, "end login");

	if (code != CTL_OK)
		return code;
	for (size_t i = 0; i < c->args.len; i++)
		if (call_api(c, "DELETE", call_path(c, "/v1/logins",
		    ctl_word(c, i), NULL), NULL, NULL, &err) < 0)
			code = ctl_fail_call(c, &err);
		else
			str_addf(&c->out, "login/%s ended\n", ctl_word(c, i));
	if (c->args.len > 0)
		return code;
	list = call_list(c, "/v1/logins", "items", &err);
	if (list == NULL)
		return ctl_fail_call(c, &err);
	rows_print(c, list, columns, "logins");
	return CTL_OK;
}
