#include <string.h>

#include "conf/nearest.h"
#include "modes/ctl/command.h"
#include "modes/ctl/commands.h"

const struct ctl_command *const ctl_commands[] = {
	/* documents */
	&cmd_apply, &cmd_get, &cmd_describe, &cmd_diff, &cmd_delete,
	&cmd_wait,
	&cmd_validate, &cmd_analyze, &cmd_explain,
	/* the registry */
	&cmd_services, &cmd_workloads, &cmd_endpoints, &cmd_register,
	&cmd_deregister,
	/* where requests go */
	&cmd_route, &cmd_split, &cmd_rollout,
	/* who may call whom */
	&cmd_authz, &cmd_allow, &cmd_deny, &cmd_policy,
	/* what runs */
	&cmd_stat, &cmd_proxy, &cmd_check, &cmd_health,
	/* identities */
	&cmd_token, &cmd_host, &cmd_operator, &cmd_user, &cmd_login, &cmd_logout, &cmd_logins,
	&cmd_auth, &cmd_revoke, &cmd_cert, &cmd_ca,
	/* control itself */
	&cmd_backup, &cmd_secrets, &cmd_audit, &cmd_api,
	/* this program */
	&cmd_help, &cmd_version, &cmd_completion,
	NULL,
};

static const char *const outputs[] = { "table", "wide", "json", "yaml", "name",
	NULL };

const struct ctl_option ctl_globals[] = {
	{ "server", 's', "HOST:PORT", .env = "MESH_SERVER",
	    .text = "control to talk to; default: the local socket" },
	{ "socket", 0, "PATH", .env = "MESH_SOCKET",
	    .fallback = "/run/mesh/control.sock", .word = CTL_WORD_FILE,
	    .text = "control's local socket" },
	{ "ca-file", 0, "FILE", .env = "MESH_CA_FILE", .word = CTL_WORD_FILE,
	    .text = "trust bundle, PEM" },
	{ "cert-file", 0, "FILE", .env = "MESH_CERT_FILE", .word = CTL_WORD_FILE,
	    .text = "an operator's certificate and its chain, PEM" },
	{ "key-file", 0, "FILE", .env = "MESH_KEY_FILE", .word = CTL_WORD_FILE,
	    .text = "its key, PEM, mode 0600" },
	{ "id-token-file", 0, "FILE", .env = "MESH_ID_TOKEN_FILE",
	    .word = CTL_WORD_FILE,
	    .text = "a token instead of a certificate, mode 0600: an identity "
	    "provider's, or a login's" },
	{ "namespace", 'n', "NAME", .env = "MESH_NAMESPACE",
	    .fallback = "default", .text = "namespace to work in" },
	{ "all-namespaces", 'A', NULL, .text = "look into every namespace" },
	{ "output", 'o', "FORMAT", .fallback = "table", .words = outputs,
	    .text = "table, wide, json, yaml or name" },
	{ "selector", 'l', "LABELS", .text = "only what has these labels: a=b,c!=d" },
	{ "no-headers", 0, NULL, .text = "print tables without headers" },
	{ "no-color", 0, NULL, .text = "no colours; NO_COLOR does the same" },
	{ "quiet", 'q', NULL, .text = "print only data and errors" },
	{ "verbose", 'v', NULL, .text = "print each request to control" },
	{ "timeout", 0, "DURATION", .env = "MESH_TIMEOUT", .fallback = "30s",
	    .text = "how long to wait for an answer" },
	{ "yes", 'y', NULL, .text = "do not ask before something is destroyed" },
	{ "no-input", 0, NULL, .text = "never ask; fail instead" },
	{ "help", 'h', NULL, .text = "show this help" },
	{ 0 },
};

static bool
is_word(const char *word, const char *name)
{
	return name != NULL && strcmp(word, name) == 0;
}

const struct ctl_command *
ctl_command_find(const struct ctl_command *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (is_word(word, (*list)->name) || is_word(word, (*list)->alias))
			return *list;
	return NULL;
}

const char *
ctl_command_nearest(const struct ctl_command *const *list, const char *word)
{
	const char *names[64];
	size_t n = 0;

	for (; *list != NULL && n < 63; list++) {
		names[n++] = (*list)->name;
		if ((*list)->alias != NULL)
			names[n++] = (*list)->alias;
	}
	return conf_nearest(slice_str(word), names, n);
}

const struct ctl_option *
ctl_option_find(const struct ctl_option *table, const char *name, size_t len)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strlen(table->name) == len &&
		    memcmp(table->name, name, len) == 0)
			return table;
	return NULL;
}

const struct ctl_option *
ctl_option_letter(const struct ctl_option *table, char letter)
{
	for (; table != NULL && table->name != NULL; table++)
		if (table->letter == letter && letter != '\0')
			return table;
	return NULL;
}

void
ctl_command_each(ctl_each_fn *fn, void *arg)
{
	for (size_t i = 0; ctl_commands[i] != NULL; i++) {
		const struct ctl_command *c = ctl_commands[i];

		if (c->below == NULL)
			fn(arg, NULL, c);
		for (size_t j = 0; c->below != NULL && c->below[j] != NULL; j++)
			fn(arg, c, c->below[j]);
	}
}
