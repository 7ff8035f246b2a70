#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/flags.h"
#include "model/closure.h"
#include "modes/proxy/settings.h"

static int
take_own(struct settings *s, int argc, char **argv, int *at, struct err *err)
{
	const char *word = argv[*at];

	if (strcmp(word, "--validate") == 0 || strcmp(word, "-t") == 0) {
		s->validate = true;
	} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		s->help = true;
	} else if (strncmp(word, "--config=", 9) == 0) {
		s->config = word + 9;
	} else if (strcmp(word, "--config") == 0) {
		if (*at + 1 >= argc)
			return err_set(err, ERR_USAGE,
			    "--config needs a file or a directory");
		s->config = argv[++*at];
	} else {
		return 0;
	}
	++*at;
	return 1;
}

int
settings_parse(struct settings *s, int argc, char **argv, struct err *err)
{
	static const char *const own[] = { "--config", "--validate", "--help",
		NULL };

	*s = (struct settings){ 0 };
	arena_init(&s->arena);
	s->flags = conf_map_new(&s->arena);
	s->env = conf_map_new(&s->arena);
	for (int at = 1; at < argc;) {
		int taken = take_own(s, argc, argv, &at, err);

		if (taken == 0)
			taken = conf_flags_take(&model_proxy_flags, argv, &at,
			    s->flags, err);
		if (taken < 0)
			return -1;
		if (taken == 0)
			return conf_flags_unknown(&model_proxy_flags,
			    argv[at], own, err);
	}
	return conf_flags_env(&model_proxy_flags, environ, s->env, err);
}

/* The one Proxy document of a set, taken note of; NULL: there is none. */
static int
find_proxy(const struct model_set *docs, const struct model_object **out,
    struct err *err)
{
	*out = NULL;
	for (size_t i = 0; i < docs->len; i++) {
		if (docs->objects[i]->kind != &model_proxy_kind)
			continue;
		if (*out != NULL)
			return conf_error(docs->objects[i]->node, err,
			    "a second Proxy document, expected one");
		*out = docs->objects[i];
	}
	return 0;
}

static struct conf_node *
base_document(struct settings *s, const struct model_object *from)
{
	struct conf_node *doc;

	if (from != NULL) {
		doc = conf_copy(&s->arena, from->node);
		if (conf_get(doc, "spec") == NULL)
			conf_set_map(doc, "spec");
		return doc;
	}
	doc = conf_map_new(&s->arena);
	conf_set_string(doc, "apiVersion", "mesh/v1");
	conf_set_string(doc, "kind", "Proxy");
	conf_set_string(conf_set_map(doc, "metadata"), "name", "proxy");
	conf_set_map(doc, "spec");
	return doc;
}

/* What is named must be there at the start, whatever comes of it later. */
static int
check_config(const char *path, struct err *err)
{
	if (strcmp(path, "-") == 0 || access(path, R_OK) == 0)
		return 0;
	return err_set(err, errno == ENOENT || errno == ENOTDIR ?
	    ERR_NOT_FOUND : errno == EACCES ? ERR_DENIED : ERR_SYSTEM, "--config %s: %s", path,
	    strerror(errno));
}

/* With control, a Gateway's proxy has an identity that says so. */
static void
name_gateway(struct settings *s, struct conf_node *spec)
{
	const char *gateway = conf_get_string(spec, "gateway");
	const char *slash = gateway == NULL ? NULL : strchr(gateway, '/');

	if (slash == NULL || conf_get(spec, "service") != NULL)
		return;
	conf_set_string(spec, "service", arena_printf(&s->arena,
	    "%.*s/" MODEL_GATEWAY_ACCOUNT "%s", (int)(slash - gateway), gateway,
	    slash + 1));
}

int
settings_read(struct settings *s, struct model_set *docs, struct err *err)
{
	const struct model_object *from;

	if (s->config != NULL && check_config(s->config, err) != 0)
		return -1;
	if (s->config != NULL)
		model_set_read(docs, s->config, false);
	if (find_proxy(docs, &from, err) != 0)
		return -1;
	struct conf_node *doc = base_document(s, from);
	struct conf_node *spec = conf_get(doc, "spec");

	conf_overlay(spec, s->env);
	conf_overlay(spec, s->flags);
	name_gateway(s, spec);
	s->asks_inbound = conf_get(spec, "inboundListen") != NULL;
	s->asks_outbound = conf_get(spec, "outboundListen") != NULL;
	struct model_object *o = model_object_read(doc, MODEL_STRICT, NULL, err);

	if (o == NULL)
		return -1;
	model_object_unref(s->object);
	s->object = o;
	s->spec = &model_proxy(o)->spec;
	return 0;
}

void
settings_fini(struct settings *s)
{
	model_object_unref(s->object);
	arena_fini(&s->arena);
	*s = (struct settings){ 0 };
}

static void
print_flag(void *arg, const char *flag, const char *value,
    const struct conf_field *field)
{
	char left[64];

	(void)arg;
	snprintf(left, sizeof(left), "--%s%s%s", flag, *value ? " " : "", value);
	printf("  %-34s %s", left, field->text);
	if (field->fallback != NULL)
		printf(" (%s)", field->fallback);
	putchar('\n');
}

void
settings_usage(void)
{
	fputs("usage: mesh proxy --service NS/NAME --control HOST:PORT "
	    "--token-file FILE \\\n"
	    "                  --app [PORT=]HOST:PORT[/http|h2|grpc|tcp|udp|auto] "
	    "--state-dir DIR [OPTION...]\n"
	    "       mesh proxy --gateway NS/NAME --control HOST:PORT "
	    "--token-file FILE \\\n"
	    "                  --state-dir DIR [OPTION...]\n"
	    "       mesh proxy --standalone --config DIR [OPTION...]\n\n"
	    "  --config FILE|DIR                  a Proxy document with these "
	    "settings\n"
	    "  --validate, -t                     check the settings and exit\n",
	    stdout);
	conf_flags_each(&model_proxy_flags, print_flag, NULL);
	fputs("\nEach option is also a variable MESH_PROXY_... and a field of "
	    "kind Proxy.\nmesh-proxy(8) says more.\n", stdout);
}
