#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/child_test.h"
#include "base/landlock.h"
#include "base/unit.h"

/*
 * A directory of its own with state/, conf/hosts, sock/ and secret, and a file
 * among everybody's.
 */
struct place {
	char dir[64], shared[80];
	char state[96], conf[96], hosts[128], sock[96], secret[96];
};

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
place_init(struct place *p)
{
	strcpy(p->dir, "/tmp/mesh-landlock-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->state, sizeof(p->state), "%s/state", p->dir);
	snprintf(p->conf, sizeof(p->conf), "%s/conf", p->dir);
	snprintf(p->hosts, sizeof(p->hosts), "%s/hosts", p->conf);
	snprintf(p->sock, sizeof(p->sock), "%s/sock", p->dir);
	snprintf(p->secret, sizeof(p->secret), "%s/secret", p->dir);
	assert_int_equal(mkdir(p->state, 0700), 0);
	assert_int_equal(mkdir(p->conf, 0700), 0);
	assert_int_equal(mkdir(p->sock, 0700), 0);
	write_text(p->hosts, "127.0.0.1 here\n");
	write_text(p->secret, "secret\n");
	snprintf(p->shared, sizeof(p->shared), "%s.shared", p->dir);
	write_text(p->shared, "shared\n");
}

static void
place_fini(struct place *p)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/file", p->state);
	unlink(path);
	snprintf(path, sizeof(path), "%s/s", p->sock);
	unlink(path);
	unlink(p->hosts);
	unlink(p->secret);
	unlink(p->shared);
	rmdir(p->state);
	rmdir(p->conf);
	rmdir(p->sock);
	assert_int_equal(rmdir(p->dir), 0);
}

static bool
refused(int result)
{
	return result == -1 && errno == EACCES;
}

static int
open_read(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The first byte of a file; '-': it cannot be read. */
static char
first_of(const char *path)
{
	char c = '-';
	int fd = open_read(path);

	return fd >= 0 && read(fd, &c, 1) == 1 ? c : '-';
}

/* Writes dir/temp, and renames it to dir/name. */
static bool
replace(const char *dir, const char *name)
{
	char from[160], to[160];

	snprintf(from, sizeof(from), "%s/temp", dir);
	snprintf(to, sizeof(to), "%s/%s", dir, name);
	int fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 &&
	    rename(from, to) == 0;
}

static bool
bind_local(const char *dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", dir);
	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
}

/* In the child: the number of what is not as it should be. */
static int
try_files(const struct place *p, int from_parent, int to_parent)
{
	struct err err = ERR_INIT;
	struct landlock l;
	char c, *argv[] = { NULL }, *pinned, *beside;

	landlock_open(&l, true);
	if (l.abi == 0)
		return 99;
	landlock_allow(&l, p->state, LANDLOCK_WRITE);
	landlock_allow(&l, p->sock, LANDLOCK_SOCKETS);
	landlock_allow_file(&l, p->hosts);
	landlock_allow_file(&l, "/etc/hosts");
	landlock_allow(&l, "/dev/null", LANDLOCK_DEVICE);
	landlock_allow(&l, "/proc", LANDLOCK_READ);
	pinned = landlock_allow_pinned(&l, p->shared);
	beside = landlock_allow_pinned(&l, p->hosts);
	landlock_allow(&l, "/nowhere", LANDLOCK_READ);
	landlock_allow(&l, NULL, LANDLOCK_READ);
	if (landlock_shut(&l, &err) < 0)
		return 1;
	if (!replace(p->state, "file") || !bind_local(p->sock))
		return 2;
	/* Now the parent replaces the files: they are others then. */
	if (write(to_parent, "x", 1) != 1 || read(from_parent, &c, 1) != 1)
		return 3;
	return open_read(p->hosts) < 0 ? 4 :
	    !refused(open(p->hosts, O_WRONLY)) ? 5 :
	    !refused(open_read(p->secret)) ? 6 :
	    geteuid() == 0 && !refused(open_read("/etc/passwd")) ? 7 :
	    access("/etc/hosts", R_OK) == 0 && open_read("/etc/hosts") < 0 ? 8 :
	    open("/dev/null", O_RDWR) < 0 ? 9 :
	    !refused(unlink(p->secret)) ? 10 :
	    !refused(mkdir("/tmp/mesh-landlock-outside", 0700)) ? 11 :
	    !refused(execve("/bin/true", argv, argv)) ? 12 :
	    bind_local(p->conf) ? 13 :
	    !refused(open_read(p->shared)) ? 15 :
	    first_of(pinned) != 's' ? 16 :
	    strcmp(beside, p->hosts) != 0 ? 17 :
	    l.abi >= 6 && kill(getppid(), 0) == 0 ? 14 : 0;
}

TEST(landlock_leaves_the_files_that_were_allowed_and_no_others)
{
	struct place p;
	int code, there[2], back[2];
	char c;

	place_init(&p);
	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_files(&p, there[0], back[1]));
	close(back[1]);
	if (read(back[0], &c, 1) != 1)
		c = '\0';	/* it has ended, and says why */
	assert_true(replace(p.conf, "hosts"));
	assert_int_equal(unlink(p.shared), 0);
	write_text(p.shared, "another\n");
	assert_int_equal(write(there[1], "x", 1), 1);
	code = child_exit(pid);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	place_fini(&p);
	if (code == 99)
		skip();		/* an older kernel */
	assert_int_equal(code, 0);
}

/* In the child, as somebody whom modes stop. */
static int
try_etc(const struct place *p)
{
	struct err err = ERR_INIT;
	struct landlock l;
	char *hosts, *shared;

	if (geteuid() == 0 && syscall(SYS_setuid, 65534) < 0)
		return 98;
	landlock_open(&l, true);
	if (l.abi == 0)
		return 99;
	hosts = landlock_allow_pinned(&l, "/etc/hosts");
	shared = landlock_allow_pinned(&l, p->shared);
	if (landlock_shut(&l, &err) < 0)
		return 1;
	return strcmp(hosts, "/etc/hosts") != 0 ? 2 :
	    open_read("/etc/passwd") < 0 ? 3 :	/* in place of another file */
	    !refused(open("/etc/hosts", O_WRONLY)) ? 4 :
	    !refused(open_read("/usr/bin/env")) ? 5 :
	    strcmp(shared, p->shared) == 0 || first_of(shared) != 's' ? 6 : 0;
}

TEST(landlock_leaves_etc_to_whoever_is_not_root)
{
	struct place p;
	pid_t pid;
	int code;

	place_init(&p);
	pid = fork();
	if (pid == 0)
		_exit(try_etc(&p));
	code = child_exit(pid);
	place_fini(&p);
	if (code >= 98)
		skip();		/* an older kernel, or a user of no other */
	assert_int_equal(code, 0);
}

/* --- local sockets without a file ------------------------------------------- */

/* Of one process: another one of these tests may run on this machine. */
static int
abstract_socket(pid_t whose, int (*fn)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1,
	    "mesh-landlock-test-%d", (int)whose);
	return fn(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 ? fd :
	    -1;
}

/* In the child: the number of what is not as it should be. */
static int
try_abstract(const char *notify, bool notifies, bool may)
{
	struct err err = ERR_INIT;
	struct landlock l;
	int fd;

	setenv("NOTIFY_SOCKET", notify, 1);
	landlock_open(&l, notifies);
	if (l.abi < 6)
		return 99;
	if (landlock_shut(&l, &err) < 0)
		return 1;
	fd = abstract_socket(getppid(), connect);
	return (fd >= 0) != may ? 2 : fd < 0 && errno != EPERM ? 3 : 0;
}

TEST(landlock_leaves_sockets_without_a_file_to_who_must_notify)
{
	static const struct {
		const char *notify;
		bool        notifies, may;
	} cases[] = {
		{ "/run/systemd/notify", true, false },
		{ "@/org/freedesktop/systemd1/notify", true, true },
		{ "@/org/freedesktop/systemd1/notify", false, false },
	};
	int fd = abstract_socket(getpid(), bind);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(try_abstract(cases[i].notify, cases[i].notifies,
			    cases[i].may));
		int code = child_exit(pid);

		if (code == 99)
			skip();		/* an older kernel */
		assert_int_equal(code, 0);
	}
	close(fd);
}
