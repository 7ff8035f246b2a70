#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "modes/ctl/password.h"
#include "pki/key.h"

#define LINE_MAX_	1100	/* bytes, above what control takes */

/* What ends or stops us waits until the terminal is as it was. */
struct held {
	sigset_t before;
	int      fd;
	int      came;	/* the signal, or 0 */
};

static int
hold(struct held *h, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGTSTP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	h->came = 0;
	h->fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (h->fd < 0)
		return err_errno(err, "signals");
	sigprocmask(SIG_BLOCK, &set, &h->before);
	return 0;
}

/* Does not return where the signal ends us. */
static void
let_go(struct held *h)
{
	close(h->fd);
	sigprocmask(SIG_SETMASK, &h->before, NULL);
	if (h->came != 0)
		raise(h->came);
}

/* h: NULL: nobody types.  False: a signal came first. */
static bool
may_read(struct held *h)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = h == NULL ? -1 : h->fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	while (h != NULL && poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return true;
	if (h == NULL || fds[1].revents == 0 ||
	    read(h->fd, &info, sizeof(info)) != sizeof(info))
		return true;
	h->came = (int)info.ssi_signo;
	return false;
}

/* Byte by byte: what follows the line is somebody else's. */
static int
read_line(struct held *h, struct str *out, struct err *err)
{
	char c;
	ssize_t n = 0;

	while (may_read(h) && (n = read(STDIN_FILENO, &c, 1)) > 0 &&
	    c != '\n') {
		if (out->len >= LINE_MAX_)
			return err_set(err, ERR_DATA, "the password is longer "
			    "than %d bytes", LINE_MAX_);
		str_add_char(out, c);
	}
	if (h != NULL && h->came != 0)
		return err_set(err, ERR_USAGE, "no password was typed");
	if (n < 0)
		return err_errno(err, "standard input");
	return out->len > 0 ? 0 : err_set(err, ERR_DATA, "expected a password on "
	    "standard input, found an empty line");
}

static int
ask(const char *question, struct str *out, struct err *err)
{
	struct termios before, quiet;
	struct held held;
	int r;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return err_errno(err, "terminal");
	if (hold(&held, err) < 0)
		return -1;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	fprintf(stderr, "%s: ", question);
	fflush(stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	r = read_line(&held, out, err);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	let_go(&held);
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
		return read_line(NULL, out, err);
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
