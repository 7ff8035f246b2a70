#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/ctl/file.h"
#include "modes/ctl/target.h"

/* A home of our own, with nothing in it yet. */
static const char *
new_home(void)
{
	static char home[64];
	struct err err;
	char path[128];

	snprintf(home, sizeof(home), "/tmp/mesh-target-XXXXXX");
	assert_non_null(mkdtemp(home));
	setenv("XDG_CONFIG_HOME", home, 1);
	unsetenv("MESH_SERVER");
	unsetenv("MESH_SOCKET");
	snprintf(path, sizeof(path), "%s/mesh", home);
	assert_int_equal(file_make_dir(path, &err), 0);
	return home;
}

static void
put(const char *home, const char *name, const char *text)
{
	char path[128];
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "%s/mesh/%s", home, name);
	if (file_write(path, slice_str(text), 0600, true, &err) < 0)
		fail_msg("%s", err.text);
}

static void
remove_home(const char *home)
{
	static const char *const names[] = { "mesh/config.yaml",
		"mesh/operator.key", "mesh/operator.pem", "mesh/bundle.pem", "mesh",
		"" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", home, names[i]);
		remove(path);
	}
	unsetenv("XDG_CONFIG_HOME");
}

/* Fills c from a command line in one string of at most 7 words. */
static void
type(struct ctl *c, char *line)
{
	char *argv[8] = { NULL }, *next = line;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 7 && next != NULL; i++)
		argv[i] = strsep(&next, " ");
	*c = (struct ctl){ 0 };
	arena_init(&c->arena);
	if (args_read(&c->args, argv, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct {
	const char *config, *env_server, *env_socket, *line;
	const char *address;
	bool        is_local;
} cases[] = {
	{ NULL, NULL, NULL, "services", "unix:/run/mesh/control.sock", true },
	{ NULL, NULL, NULL, "services -s a:1", "a:1", false },
	{ NULL, NULL, NULL, "services -s unix:/x", "unix:/x", true },
	{ NULL, NULL, NULL, "services -s /x", "unix:/x", true },
	{ NULL, NULL, NULL, "services --socket /y", "unix:/y", true },
	{ NULL, "b:2", NULL, "services", "b:2", false },
	{ NULL, "b:2", NULL, "services -s a:1", "a:1", false },
	{ NULL, NULL, "/z", "services", "unix:/z", true },
	{ NULL, "b:2", "/z", "services", "b:2", false },
	{ "server: c:3\n", NULL, NULL, "services", "c:3", false },
	{ "server: unix:/w\n", NULL, NULL, "services", "unix:/w", true },
	{ "server: c:3\n", NULL, NULL, "services --socket /y", "unix:/y", true },
	{ "server: c:3\n", "b:2", NULL, "services", "b:2", false },
	{ "", NULL, NULL, "services", "unix:/run/mesh/control.sock", true },
};

TEST(target_completes_an_address)
{
	static const struct { const char *typed, *address; } typed[] = {
		{ "10.0.0.1:7700", "10.0.0.1:7700" },
		{ "10.0.0.1", "10.0.0.1:7700" },
		{ "control.example.com", "control.example.com:7700" },
		{ "control:7800", "control:7800" },
		{ "[fd00::1]:7800", "[fd00::1]:7800" },
		{ "[fd00::1]", "[fd00::1]:7700" },
		{ "fd00::1", "[fd00::1]:7700" },
		{ "unix:/run/x.sock", "unix:/run/x.sock" },
		{ "/run/x.sock", "/run/x.sock" },
		{ "", NULL },
		{ ":7700", NULL },
		{ "control:", NULL },
		{ "control:0", NULL },
		{ "control:http", NULL },
		{ "[control]", NULL },
		{ "[]", NULL },
		{ "unix:x", NULL },
		{ "a b", NULL },
		{ "https://control", NULL },
	};

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		struct ctl c = { 0 };
		struct err err = ERR_INIT;
		const char *address;

		arena_init(&c.arena);
		address = target_complete(&c, typed[i].typed, &err);
		if (typed[i].address == NULL) {
			if (address != NULL)
				fail_msg("%s gave %s", typed[i].typed, address);
			assert_int_equal(err.kind, ERR_USAGE);
		} else if (address == NULL)
			fail_msg("%s: %s", typed[i].typed, err.text);
		else
			assert_string_equal(address, typed[i].address);
		arena_fini(&c.arena);
	}
}

TEST(target_follows_line_environment_and_files)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *home = new_home();
		char line[64];
		struct ctl c;
		struct target t;
		struct err err = ERR_INIT;

		if (cases[i].config != NULL)
			put(home, "config.yaml", cases[i].config);
		if (cases[i].env_server != NULL)
			setenv("MESH_SERVER", cases[i].env_server, 1);
		if (cases[i].env_socket != NULL)
			setenv("MESH_SOCKET", cases[i].env_socket, 1);
		snprintf(line, sizeof(line), "%s", cases[i].line);
		type(&c, line);
		assert_int_equal(target_of(&c, &t, &err), 0);
		assert_string_equal(t.address, cases[i].address);
		assert_int_equal(t.is_local, cases[i].is_local);
		ctl_fini(&c);
		remove_home(home);
	}
	unsetenv("MESH_SERVER");
	unsetenv("MESH_SOCKET");
}

TEST(target_takes_the_operators_files)
{
	const char *home = new_home();
	char line[] = "services -s a:1 --ca-file /tmp/other.pem";
	char unnamed[] = "services -s a:1";
	struct ctl c;
	struct target t;
	struct err err = ERR_INIT;

	put(home, TARGET_KEY_FILE, "k");
	put(home, TARGET_BUNDLE_FILE, "b");
	type(&c, line);
	assert_int_equal(target_of(&c, &t, &err), 0);
	assert_string_equal(t.ca_file, "/tmp/other.pem");
	assert_false(t.keeps_roots);
	assert_non_null(strstr(t.key_file, "/mesh/operator.key"));
	assert_null(t.cert_file);
	ctl_fini(&c);
	type(&c, unnamed);
	assert_int_equal(target_of(&c, &t, &err), 0);
	assert_non_null(strstr(t.ca_file, "/mesh/bundle.pem"));
	assert_true(t.keeps_roots);
	ctl_fini(&c);
	remove_home(home);
}

TEST(target_settings_that_are_wrong_say_where)
{
	const char *home = new_home();
	char line[] = "services";
	struct ctl c;
	struct target t;
	struct err err = ERR_INIT;

	put(home, "config.yaml", "serve: a:1\n");
	type(&c, line);
	assert_int_equal(target_of(&c, &t, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "config.yaml:1:1: "));
	ctl_fini(&c);
	remove_home(home);
}

TEST(target_takes_the_trust_domain_of_its_settings)
{
	static const struct { const char *config, *domain; } settings[] = {
		{ "server: a:1\n", NULL },
		{ "trustDomain: mesh.example\n", "mesh.example" },
		{ "trustDomain: Mesh Example\n", "" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *home = new_home(), *domain = settings[i].domain;
		char line[] = "services -s a:1";
		struct ctl c;
		struct target t;
		struct err err = ERR_INIT;
		int r;

		put(home, "config.yaml", settings[i].config);
		type(&c, line);
		r = target_of(&c, &t, &err);
		assert_int_equal(r, domain != NULL && *domain == '\0' ? -1 : 0);
		if (r < 0)
			assert_int_equal(err.kind, ERR_CONFIG);
		else if (domain == NULL)
			assert_null(t.trust_domain);
		else
			assert_string_equal(t.trust_domain, domain);
		ctl_fini(&c);
		remove_home(home);
	}
}

TEST(file_is_whole_has_its_mode_and_replaces_only_if_asked)
{
	const char *home = new_home();
	char path[128];
	struct err err = ERR_INIT;
	struct stat st;

	umask(0077);
	snprintf(path, sizeof(path), "%s/mesh/config.yaml", home);
	assert_int_equal(file_write(path, SLICE("a"), 0644, false, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(file_write(path, SLICE("bc"), 0600, false, &err), -1);
	assert_int_equal(err.kind, ERR_EXISTS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(file_write(path, SLICE("bc"), 0600, true, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2);
	assert_int_equal(st.st_mode & 0777, 0600);
	remove_home(home);
	/* Nothing was left beside it: the directory could be removed. */
	assert_int_equal(access(home, F_OK), -1);
}
