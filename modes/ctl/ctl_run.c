#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "conf/pattern.h"
#include "conf/units.h"
#include "modes/ctl/ctl_run.h"

int
ctl_init(struct ctl *c, struct err *err)
{
	static const char *const formats[] = { [CTL_TABLE] = "table",
		[CTL_WIDE] = "wide", [CTL_JSON] = "json", [CTL_YAML] = "yaml",
		[CTL_NAME] = "name" };
	const char *output = ctl_value(c, "output");
	const char *timeout = ctl_value(c, "timeout");
	int64_t ms;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(output, formats[i]) == 0)
			c->format = (enum ctl_format)i;
	c->quiet = ctl_has(c, "quiet");
	c->verbose = ctl_has(c, "verbose");
	c->headers = !ctl_has(c, "no-headers");
	c->namespace = ctl_has(c, "all-namespaces") ? NULL :
	    ctl_value(c, "namespace");
	term_init(&c->term, ctl_has(c, "no-color"));
	if (!conf_duration_read(slice_str(timeout), &ms) || ms <= 0)
		return err_set(err, ERR_USAGE,
		    "--timeout: expected a duration such as 30s, found \"%s\"",
		    timeout);
	c->timeout_ms = (uint64_t)ms;
	if (c->namespace != NULL &&
	    !conf_pattern_match(CONF_LABEL, slice_str(c->namespace)))
		return err_set(err, ERR_USAGE, "--namespace: expected %s, found "
		    "\"%s\"", conf_pattern_expected(CONF_LABEL), c->namespace);
	return 0;
}

void
ctl_fini(struct ctl *c)
{
	args_fini(&c->args);
	arena_fini(&c->arena);
	str_fini(&c->out);
}

int
ctl_flush(struct ctl *c)
{
	size_t len = c->is_cut ? 0 : c->out.len;
	size_t put = fwrite(str_ptr(&c->out), 1, len, stdout);

	if (put < len || fflush(stdout) != 0) {
		if (!c->is_cut)
			fprintf(stderr, "mesh ctl: standard output: %s\n",
			    strerror(errno));
		c->is_cut = true;
	}
	str_clear(&c->out);
	return c->is_cut ? CTL_OUTPUT : CTL_OK;
}

/* One line on standard error; what is in it may come from anywhere. */
static void
say(const struct ctl *c, const char *prefix, enum term_colour colour,
    const char *fmt, va_list ap)
{
	struct str text = { 0 }, line = { 0 };

	str_vaddf(&text, fmt, ap);
	if (*prefix != '\0')
		term_add(&line, c->term.colour_err, colour, slice_str(prefix));
	str_add_printable(&line, str_slice(&text));
	fprintf(stderr, "%s\n", str_ptr(&line));
	str_fini(&text);
	str_fini(&line);
}

void
ctl_say(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	say(c, "", TERM_PLAIN, fmt, ap);
	va_end(ap);
}

void
ctl_tell(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->verbose)
		return;
	va_start(ap, fmt);
	say(c, "", TERM_PLAIN, fmt, ap);
	va_end(ap);
}

void
ctl_warn(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, "warning: ", TERM_YELLOW, fmt, ap);
	va_end(ap);
}

static void
complain(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, "mesh ctl: ", TERM_RED, fmt, ap);
	va_end(ap);
}

int
ctl_fail(const struct ctl *c, const struct err *err)
{
	complain(c, "%s", err->text);
	return err->kind == ERR_SYSTEM ? CTL_ERROR : err_exit_code(err);
}

int
ctl_fail_call(const struct ctl *c, const struct err *err)
{
	int code = ctl_fail(c, err);

	return err->kind == ERR_NOT_FOUND ? CTL_NO : code;
}

/* "token create ", or "" when no command is known. */
static void
add_command(struct str *out, const struct args *a)
{
	if (a->group != NULL)
		str_addf(out, "%s ", a->group->name);
	if (a->command != NULL)
		str_addf(out, "%s ", a->command->name);
}

int
ctl_misused(const struct ctl *c, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	complain(c, "%s", str_ptr(&text));
	str_clear(&text);
	add_command(&text, &c->args);
	fprintf(stderr, "mesh ctl %s--help says more.\n", str_ptr(&text));
	str_fini(&text);
	return CTL_USAGE;
}

int
ctl_confirm(const struct ctl *c, const char *fmt, ...)
{
	char answer[16] = "";
	struct str question = { 0 }, line = { 0 };
	va_list ap;

	check(c->args.command->asks);
	if (ctl_has(c, "yes"))
		return CTL_OK;
	va_start(ap, fmt);
	str_vaddf(&question, fmt, ap);
	va_end(ap);
	str_add_printable(&line, str_slice(&question));
	str_fini(&question);
	if (ctl_has(c, "no-input") || !isatty(STDIN_FILENO)) {
		int code = ctl_misused(c,
		    "nobody can be asked \"%s\": add --yes", str_ptr(&line));

		str_fini(&line);
		return code;
	}
	fprintf(stderr, "%s [y/N] ", str_ptr(&line));
	str_fini(&line);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return CTL_OK;
	fputs("nothing was done\n", stderr);
	return CTL_NO;
}

int
ctl_confirm_words(const struct ctl *c, const char *what)
{
	struct str names = { 0 };

	for (size_t i = 0; i < c->args.len; i++)
		str_addf(&names, "%s%s", i > 0 ? ", " : "", ctl_word(c, i));
	int code = ctl_confirm(c, "%s %s?", what, str_ptr(&names));

	str_fini(&names);
	return code;
}

int
ctl_may_write(const struct ctl *c, const char *path)
{
	struct stat st;

	if (ctl_has(c, "yes") || lstat(path, &st) < 0)
		return CTL_OK;
	return ctl_misused(c, "%s exists already: choose another name, or add "
	    "--yes to replace it", path);
}

bool
ctl_has(const struct ctl *c, const char *option)
{
	return args_has(&c->args, option);
}

const char *
ctl_value(const struct ctl *c, const char *option)
{
	return args_value(&c->args, option);
}

const char *
ctl_word(const struct ctl *c, size_t i)
{
	return i < c->args.len ? c->args.words[i] : NULL;
}
