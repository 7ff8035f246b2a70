#include "modes/ctl/call.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/print.h"
#include "modes/ctl/rows.h"
#include "pki/key.h"
#include "pki/wrap.h"

static int keys(struct ctl *), rotate_key(struct ctl *), new_key(struct ctl *);

static const struct ctl_example keys_examples[] = {
	{ "secrets keys", "which key locks how many Secrets" },
	{ 0 },
};

static const struct ctl_example rotate_examples[] = {
	{ "secrets rotate-key", "every Secret is locked with a new key" },
	{ 0 },
};

static const struct ctl_example new_examples[] = {
	{ "secrets new-key", "a line for the file of --secret-key-file" },
	{ 0 },
};

static const struct ctl_command secrets_keys = {
	.name = "keys",
	.arguments = "",
	.summary = "list the keys that stored Secrets are locked with",
	.examples = keys_examples,
	.run = keys,
};

static const struct ctl_command secrets_rotate_key = {
	.name = "rotate-key",
	.arguments = "",
	.summary = "lock every stored Secret with another key",
	.text = "Where control keeps the key itself it makes a new one, and "
	    "forgets the old one when nothing is locked with it any more. Where "
	    "the key is given, by --secret-key-file or as a credential, put the "
	    "new one in front of the old one first; the old one can go "
	    "afterwards. It may be cut short at any time, and goes on when "
	    "control starts or when this is said again.",
	.examples = rotate_examples,
	.run = rotate_key,
};

static const struct ctl_command secrets_new_key = {
	.name = "new-key",
	.arguments = "",
	.summary = "print a new key, for the file of --secret-key-file",
	.text = "It is made here, and control is not asked.",
	.examples = new_examples,
	.run = new_key,
};

static const struct ctl_command *const below[] = { &secrets_keys,
	&secrets_rotate_key, &secrets_new_key, NULL };

const struct ctl_command cmd_secrets = {
	.name = "secrets",
	.arguments = "",
	.summary = "see to the keys that stored Secrets are locked with",
	.below = below,
};

static int
keys(struct ctl *c)
{
	static const struct rows_column columns[] = {
		{ "KEY", "key", ROWS_TEXT, false },
		{ "FROM", "from", ROWS_TEXT, false },
		{ "LOCKS", "locks", ROWS_YES, false },
		{ "SECRETS", "secrets", ROWS_NUMBER, false },
		{ 0 },
	};
	struct err err = ERR_INIT;
	struct conf_node *list = call_list(c, "/v1/secrets/keys", "items", &err);

	if (list == NULL)
		return ctl_fail_call(c, &err);
	rows_print(c, list, columns, "keys");
	return CTL_OK;
}

static int
rotate_key(struct ctl *c)
{
	struct conf_node *answer;
	struct err err = ERR_INIT;

	if (call_api(c, "POST", "/v1/secrets/rotate-key", conf_map_new(&c->arena),
	    &answer, &err) < 0)
		return ctl_fail_call(c, &err);
	if (print_node(c, answer))
		return CTL_OK;
	str_addf(&c->out, "%lld Secret%s locked anew, with the key %s\n",
	    (long long)conf_get_int(answer, "secrets", 0),
	    conf_get_int(answer, "secrets", 0) == 1 ? "" : "s",
	    conf_get_string(answer, "key"));
	if (slice_is(slice_str(conf_get_string(answer, "from")), "given"))
		ctl_say(c, "the keys behind it can be taken out of what is given; "
		    "backups of before need them");
	else
		ctl_say(c, "backups of before hold the old key");
	return CTL_OK;
}

static int
new_key(struct ctl *c)
{
	struct wrap_key key;

	wrap_key_new(&key);
	key_room_str(&c->out, 256);
	wrap_key_write(&c->out, &key);
	wrap_key_wipe(&key);
	return CTL_OK;
}
