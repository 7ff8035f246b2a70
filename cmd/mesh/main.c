#include <stdio.h>
#include <string.h>

#include "cmd/mesh/version.h"
#include "conf/nearest.h"
#include "modes/control/control.h"
#include "modes/ctl/ctl.h"
#include "modes/proxy/proxy.h"

#define EXIT_USAGE	64	/* sysexits(3): EX_USAGE */
#define EXIT_OUTPUT	74	/* EX_IOERR */

static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

static const struct mode {
	const char *name;
	const char *option;	/* the same, spelt as an option; or NULL */
	const char *letter;	/* and short; or NULL */
	const char *summary;
	int       (*main)(int argc, char **argv);
} modes[] = {
	{ "proxy", NULL, NULL, "carry traffic beside a service",
	    proxy_main },
	{ "control", NULL, NULL, "keep the registry and issue identities",
	    control_main },
	{ "ctl", NULL, NULL, "look at a mesh and change it",
	    ctl_main },
	{ "help", "--help", "-h", "say this, or the help of a mode",
	    help_main },
	{ "version", "--version", "-V", "say what this binary is made of",
	    version_main },
};
#define MODES	(sizeof(modes) / sizeof(modes[0]))

static void
usage(FILE *out)
{
	fputs("usage: mesh MODE [OPTION...]\n\nmodes:\n", out);
	for (size_t i = 0; i < MODES; i++)
		fprintf(out, "  %-9s %s\n", modes[i].name, modes[i].summary);
	fputs("\nmesh help MODE lists the options of a mode; mesh(1) says more.\n",
	    out);
}

static bool
is_word(const char *word, const char *name)
{
	return name != NULL && strcmp(word, name) == 0;
}

static const struct mode *
find_mode(const char *word)
{
	for (size_t i = 0; i < MODES; i++) {
		const struct mode *m = &modes[i];

		if (is_word(word, m->name) || is_word(word, m->option) ||
		    is_word(word, m->letter))
			return m;
	}
	return NULL;
}

static int
unknown(const char *word)
{
	bool is_option = word[0] == '-';
	const char *names[MODES];
	size_t n = 0;

	for (size_t i = 0; i < MODES; i++) {
		const char *name = is_option ? modes[i].option : modes[i].name;

		if (name != NULL)
			names[n++] = name;
	}
	const char *near = conf_nearest(slice_str(word), names, n);

	fprintf(stderr, "mesh: unknown %s \"%s\"",
	    is_option ? "option" : "mode", word);
	if (near != NULL)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fputs("\nmesh --help lists the modes.\n", stderr);
	return EXIT_USAGE;
}

/* What could not be written was not said. */
static int
flushed(void)
{
	/* What went wrong before, with a buffer's worth, still counts. */
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	perror("mesh: standard output");
	return EXIT_OUTPUT;
}

static int
help_main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stdout);
		return 0;
	}
	const struct mode *m = find_mode(argv[1]);

	if (m == NULL)
		return unknown(argv[1]);
	if (m->option != NULL) {
		printf("usage: mesh %s\n\n%s\n", m->name, m->summary);
		return 0;
	}
	char help[] = "--help";
	char *args[] = { argv[1], help, NULL };

	return m->main(2, args);
}

static int
version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	version_print();
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	const struct mode *m = find_mode(argv[1]);

	if (m == NULL)
		return unknown(argv[1]);
	int code = m->main(argc - 1, argv + 1);

	return code == 0 ? flushed() : code;
}
