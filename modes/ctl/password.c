#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "modes/ctl/password.h"
#include "pki/key.h"

#define LINE_MAX_	1100	/* bytes, above what control takes */

/* Byte by byte: what follows the line is somebody else's. */
static int
read_line(struct str *out, struct err *err)
{
	char c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) > 0 && c != '\n') {
		if (out->len >= LINE_MAX_)
			return err_set(err, ERR_DATA, "the password is longer "
			    "than %d bytes", LINE_MAX_);
		str_add_char(out, c);
	}
	if (n < 0)
		return err_errno(err, "standard input");
	return out->len > 0 ? 0 : err_set(err, ERR_DATA, "expected a password on "
	    "standard input, found an empty line");
}

static int
ask(const char *question, struct str *out, struct err *err)
{
	struct termios before, quiet;
	int r;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return err_errno(err, "terminal");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	fprintf(stderr, "%s: ", question);
	fflush(stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	r = read_line(out, err);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return r;
}

int
password_read(const struct ctl *c, const char *what, bool twice,
    struct str *out, struct err *err)
{
	struct str again = { 0 };
	int r;

	key_room_str(out, LINE_MAX_ + 1);
	if (!isatty(STDIN_FILENO))
		return read_line(out, err);
	if (ctl_has(c, "no-input"))
		return err_set(err, ERR_USAGE, "nobody can be asked for the "
		    "password: give it on standard input");
	r = ask(what, out, err);
	if (r == 0 && twice) {
		key_room_str(&again, LINE_MAX_ + 1);
		r = ask("again", &again, err);
		if (r == 0 && !slice_eq(str_slice(out), str_slice(&again)))
			r = err_set(err, ERR_DATA, "the two are not the same");
		key_wipe_str(&again);
	}
	return r;
}
