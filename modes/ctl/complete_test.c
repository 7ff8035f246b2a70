#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/ctl/complete.h"

static const struct {
	const char *shell;
	void      (*write)(struct str *);
} shells[] = {
	{ "bash", complete_bash },
	{ "zsh", complete_zsh },
	{ "fish", complete_fish },
};

/* Has the shell read the script from its input: 0 if its grammar allows it. */
static int
parse(const char *shell, const struct str *script)
{
	char line[64];

	snprintf(line, sizeof(line), "exec %s -n 2>&1", shell);
	FILE *pipe = popen(line, "w");

	assert_non_null(pipe);
	fwrite(script->ptr, 1, script->len, pipe);
	return pclose(pipe);
}

static bool
is_installed(const char *shell)
{
	char line[64];

	snprintf(line, sizeof(line), "command -v %s >/dev/null 2>&1", shell);
	return system(line) == 0;
}

TEST(scripts_are_what_their_shell_can_read)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		struct str out = { 0 };

		shells[i].write(&out);
		if (is_installed(shells[i].shell))
			assert_int_equal(parse(shells[i].shell, &out), 0);
		str_fini(&out);
	}
}

static void
is_in(void *arg, const struct ctl_command *group, const struct ctl_command *c)
{
	const struct str *script = arg;

	(void)group;
	assert_non_null(strstr(str_ptr(script), c->name));
	for (const struct ctl_option *o = c->options; o != NULL && o->name != NULL;
	    o++)
		assert_non_null(strstr(str_ptr(script), o->name));
}

TEST(scripts_know_every_command_and_option)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		struct str out = { 0 };

		shells[i].write(&out);
		ctl_command_each(is_in, &out);
		assert_non_null(strstr(str_ptr(&out), "workloads"));
		str_fini(&out);
	}
}

/*
 * Bash does not wait for its process substitutions: what it leaves behind
 * falls to us, a subreaper, and has ended when this returns.
 */
static void
wait_for_orphans(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* What a shell offers for a line: the words, parted by spaces. */
static void
complete_line(const char *form, const struct str *script, const char *line,
    char *out, size_t size)
{
	char path[] = "/tmp/mesh-complete-XXXXXX", command[512];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, script->ptr, script->len),
	    (ssize_t)script->len);
	close(fd);
	snprintf(command, sizeof(command), "path=%s; line='%s'; %s", path, line,
	    form);
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	size_t n = fread(out, 1, size - 1, pipe);

	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	pclose(pipe);
	unlink(path);
	wait_for_orphans();
}

static const struct { const char *line, *expected; } offers[] = {
	{ "mesh ct", "ctl" },
	{ "mesh ctl vali", "validate" },
	{ "mesh ctl -n foo vers", "version" },
	{ "mesh ctl cert s", "show" },
	{ "mesh ctl cert verify --bun", "--bundle" },
	{ "mesh ctl -o j", "json" },
	{ "mesh ctl completion b", "bash" },
	{ "mesh ctl explain workl", "workloads" },
	{ "mesh ctl validate --recurs", "--recursive" },
	{ "mesh ctl cert show --namesp", "--namespace" },
	{ "mesh proxy --xyz", "" },
};

static void
check_offers(const char *form, void (*write_script)(struct str *))
{
	struct str script = { 0 };
	char out[4096];

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	write_script(&script);
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		complete_line(form, &script, offers[i].line, out, sizeof(out));
		assert_string_equal(out, offers[i].expected);
	}
	str_fini(&script);
}

TEST(bash_offers_what_fits)
{
	check_offers("bash -c \". $path; COMP_WORDS=($line); "
	    "COMP_CWORD=\\$((\\${#COMP_WORDS[@]}-1)); _mesh; "
	    "echo \\\"\\${COMPREPLY[*]}\\\"\"", complete_bash);
}

TEST(fish_offers_what_fits)
{
	if (!is_installed("fish"))
		skip();
	check_offers("fish --no-config -c \"source $path; complete -C '$line'\" "
	    "| cut -f1", complete_fish);
}
