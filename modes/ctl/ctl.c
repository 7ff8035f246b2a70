#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "modes/ctl/ctl.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/help.h"

/* At once: nothing that a command does needs cleaning up. */
static void
on_interrupt(int signo)
{
	(void)signo;
	_exit(CTL_INTERRUPTED);
}

static int
misuse(struct ctl *c, const struct err *err)
{
	term_init(&c->term, false);
	return ctl_misused(c, "%s", err->text);
}

static int
help(struct ctl *c)
{
	if (c->args.command != NULL)
		help_command(&c->out, c->args.group, c->args.command);
	else if (c->args.group != NULL)
		help_command(&c->out, NULL, c->args.group);
	else
		help_overview(&c->out);
	return CTL_OK;
}

/* A group alone, or nothing: what there is to choose from. */
static int
no_command(struct ctl *c)
{
	help(c);
	fputs(str_ptr(&c->out), stderr);
	str_clear(&c->out);
	return CTL_USAGE;
}

static int
run(struct ctl *c)
{
	struct err err = ERR_INIT;

	if (args_has(&c->args, "help"))
		return help(c);
	if (c->args.command == NULL)
		return no_command(c);
	if (ctl_init(c, &err) < 0)
		return misuse(c, &err);
	return c->args.command->run(c);
}

int
ctl_main(int argc, char **argv)
{
	struct ctl c = { 0 };
	struct err err = ERR_INIT;
	struct sigaction interrupt = { .sa_handler = on_interrupt };

	(void)argc;
	sigaction(SIGINT, &interrupt, NULL);
	int code = args_read(&c.args, argv + 1, &err) < 0 ? misuse(&c, &err) :
	    run(&c);
	int written = ctl_flush(&c);

	ctl_fini(&c);
	/* An answer that was not heard is none, yes or no. */
	return code <= CTL_NO && written != CTL_OK ? written : code;
}
