#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/pattern.h"
#include "conf/schema.h"
#include "conf/stream.h"
#include "conf/yaml.h"
#include "modes/ctl/target.h"
#include "pki/spiffe.h"

#define DEFAULT_PORT	7700u	/* control's --api-listen */
#define SYSTEM_CONFIG	"/etc/mesh/ctl.yaml"

struct config {
	const char *server;
	const char *ca_file, *cert_file, *key_file;
	const char *trust_domain;
};

static const struct conf_field fields[] = {
	{ "server", CONF_STRING_T, CONF_AT(struct config, server),
	    .text = "control to talk to: HOST:PORT or unix:PATH" },
	{ "caFile", CONF_STRING_T, CONF_AT(struct config, ca_file),
	    .pattern = CONF_PATH, .text = "trust bundle, PEM" },
	{ "certFile", CONF_STRING_T, CONF_AT(struct config, cert_file),
	    .pattern = CONF_PATH, .text = "certificate and chain, PEM" },
	{ "keyFile", CONF_STRING_T, CONF_AT(struct config, key_file),
	    .pattern = CONF_PATH, .text = "key, PEM" },
	{ "trustDomain", CONF_STRING_T, CONF_AT(struct config, trust_domain),
	    .text = "control's, where no root in caFile names it" },
	{ 0 },
};

static const struct conf_schema schema = { "ctl settings",
	sizeof(struct config), fields, NULL };

const char *
target_config_dir(struct ctl *c)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	/* XDG Base Directory Specification: a relative path is ignored. */
	if (xdg != NULL && *xdg == '/')
		return arena_printf(&c->arena, "%s/mesh", xdg);
	return arena_printf(&c->arena, "%s/.config/mesh",
	    home == NULL || *home == '\0' ? "" : home);
}

/* A file that is not there says nothing. */
static int
read_config(struct ctl *c, const char *path, struct config *config,
    struct err *err)
{
	struct str text = { 0 };
	int result = 0;

	*config = (struct config){ 0 };
	if (access(path, F_OK) < 0)
		return 0;
	if (conf_file_read(path, &text, err) < 0)
		result = -1;
	else if (slice_trim(str_slice(&text)).len > 0) {
		struct slice copy = arena_dup(&c->arena, str_slice(&text));
		const struct conf_node *doc = conf_yaml_read(&c->arena, copy, path,
		    err);

		result = doc == NULL ? -1 :
		    conf_decode(doc, &schema, &c->arena, config, err);
	}
	str_fini(&text);
	if (result < 0)
		err->kind = ERR_CONFIG;
	return result;
}

static void
set_address(struct ctl *c, struct target *t, const char *server)
{
	t->is_local = strncmp(server, "unix:", 5) == 0 || *server == '/';
	t->address = *server != '/' ? server :
	    arena_printf(&c->arena, "unix:%s", server);
}

const char *
target_complete(struct ctl *c, const char *typed, struct err *err)
{
	struct slice text = slice_str(typed);
	bool brackets = text.len > 2 && typed[0] == '[' &&
	    typed[text.len - 1] == ']';
	struct slice host = brackets ? slice_of(typed + 1, text.len - 2) : text;
	bool is_v6 = slice_find(host, ':') >= 0;

	if (strncmp(typed, "unix:/", 6) == 0 || *typed == '/' ||
	    conf_pattern_match(CONF_HOST_PORT, text))
		return typed;
	if (brackets <= is_v6 && conf_pattern_match(CONF_HOST, host))
		return arena_printf(&c->arena, is_v6 ? "[%.*s]:%u" : "%.*s:%u",
		    SLICE_ARG(host), DEFAULT_PORT);
	err_set(err, ERR_USAGE, "expected HOST, HOST:PORT or unix:PATH, found "
	    "\"%s\"", typed);
	return NULL;
}

static const char *
first_of(const char *a, const char *b, const char *d)
{
	return a != NULL ? a : b != NULL ? b : d;
}

static const char *
file_in(struct ctl *c, const char *dir, const char *name)
{
	const char *path = arena_printf(&c->arena, "%s/%s", dir, name);

	return access(path, F_OK) == 0 ? path : NULL;
}

int
target_of(struct ctl *c, struct target *t, struct err *err)
{
	const char *dir = target_config_dir(c);
	const char *server = ctl_value(c, "server");
	struct config user, system;

	*t = (struct target){ 0 };
	if (server == NULL && (args_typed(&c->args, "socket") != NULL ||
	    getenv("MESH_SOCKET") != NULL))
		server = arena_printf(&c->arena, "unix:%s", ctl_value(c, "socket"));
	if (server != NULL)
		set_address(c, t, server);
	t->is_nobody = c->is_nobody;
	if (!c->is_nobody)
		t->token_file = c->with_token ? file_in(c, dir,
		    TARGET_TOKEN_FILE) : ctl_value(c, "id-token-file");
	if (t->is_local)
		return 0;
	if (read_config(c, arena_printf(&c->arena, "%s/" TARGET_CONFIG_FILE, dir),
	    &user, err) < 0 || read_config(c, SYSTEM_CONFIG, &system, err) < 0)
		return -1;
	if (server == NULL)
		set_address(c, t, first_of(user.server, system.server,
		    ctl_value(c, "socket")));
	t->trust_domain = first_of(user.trust_domain, system.trust_domain, NULL);
	if (t->trust_domain != NULL && !spiffe_domain_ok(
	    slice_str(t->trust_domain)))
		return err_set(err, ERR_CONFIG, "trustDomain: \"%s\" is no trust "
		    "domain", t->trust_domain);
	t->ca_file = first_of(ctl_value(c, "ca-file"), user.ca_file,
	    first_of(file_in(c, dir, TARGET_BUNDLE_FILE), system.ca_file, NULL));
	t->keeps_roots = t->ca_file != NULL && ctl_value(c, "ca-file") == NULL &&
	    t->ca_file != system.ca_file;
	/* Who says which certificate does not mean the login. */
	if (t->token_file == NULL && !c->is_nobody &&
	    ctl_value(c, "cert-file") == NULL)
		t->token_file = file_in(c, dir, TARGET_TOKEN_FILE);
	if (t->token_file != NULL || c->is_nobody)
		return 0;
	t->cert_file = first_of(ctl_value(c, "cert-file"), user.cert_file,
	    first_of(file_in(c, dir, TARGET_CERT_FILE), system.cert_file, NULL));
	t->key_file = first_of(ctl_value(c, "key-file"), user.key_file,
	    first_of(file_in(c, dir, TARGET_KEY_FILE), system.key_file, NULL));
	return 0;
}
