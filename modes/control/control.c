#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/dump.h"
#include "base/log.h"
#include "modes/control/archive.h"
#include "modes/control/control.h"
#include "modes/control/control_settings.h"
#include "modes/control/control_walls.h"
#include "modes/control/folders.h"
#include "modes/control/server.h"
#include "modes/control/store_file.h"

static int
fail(const struct err *err)
{
	fprintf(stderr, "mesh control: %s\n", err->text);
	return err_exit_code(err);
}

static int
open_access_log(const char *where, int *fd, struct err *err)
{
	*fd = -1;
	if (strcmp(where, "none") == 0)
		return 0;
	if (strcmp(where, "stdout") == 0) {
		*fd = STDOUT_FILENO;
		return 0;
	}
	*fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (*fd >= 0)
		return 0;
	err_errno(err, "accessLog: %s", where);
	err->kind = ERR_CONFIG;
	return -1;
}

/* The log as the settings have it; its thread starts later. */
static int
set_log(const struct model_control_spec *spec, struct log_options *log,
    struct err *err)
{
	log->format = spec->log_format == 1 ? LOG_JSON : LOG_TEXT;
	log->people_fd = STDERR_FILENO;
	if (log_set_levels(spec->log_level) < 0)
		return err_set(err, ERR_CONFIG, "logLevel: expected error, warn, "
		    "info or debug, also by part (info,store=debug), found "
		    "\"%s\"", spec->log_level);
	return open_access_log(spec->access_log, &log->access_fd, err);
}

static int
run(struct control_settings *settings)
{
	struct log_options log = { 0 };
	struct err err = ERR_INIT;
	struct walls walls;
	struct server *s;
	int code, lock;

	if (set_log(settings->spec, &log, &err) < 0)
		return fail(&err);
	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();	/* a session needs one */
	folders_make_above(settings->spec->data_dir);
	/* Before anything is written there, and before the signer is forked. */
	lock = store_file_lock(settings->spec->data_dir, &err);
	if (lock < 0)
		return fail(&err);
	control_walls_raise(&walls, settings);
	s = server_open(settings, &log, &err);
	if (s == NULL) {
		log_stop();
		return fail(&err);
	}
	control_walls_shut(&walls);
	metrics_add_walls(s->stats, &walls);
	loop_run(s->loop);
	code = s->exit_code;
	server_close(s);
	log_stop();
	close(lock);
	return code;
}

static int
restore(const struct control_settings *s)
{
	struct err err = ERR_INIT;

	folders_make_above(s->spec->data_dir);
	if (archive_restore(s->restore, s->passphrase_file, s->spec->data_dir,
	    &err) < 0)
		return fail(&err);
	printf("restored into %s; start it with --data-dir %s and what else it "
	    "was started with, such as --trust-domain\n"
	    "What joined after the backup was made is in no record now and is "
	    "refused: mesh ctl check names it, and it joins anew with a new "
	    "token\n", s->spec->data_dir, s->spec->data_dir);
	return 0;
}

int
control_main(int argc, char **argv)
{
	struct control_settings s;
	struct err err = ERR_INIT;
	int code = 0;

	dump_forbid();
	if (control_settings_read(&s, argc, argv, &err) < 0) {
		code = fail(&err);
		if (err.kind == ERR_USAGE)
			fputs("mesh control --help lists the options.\n", stderr);
	} else if (s.help) {
		control_settings_usage();
	} else if (s.validate) {
		puts("the settings are valid");
	} else if (s.restore != NULL) {
		code = restore(&s);
	} else {
		code = run(&s);
	}
	control_settings_fini(&s);
	return code;
}
