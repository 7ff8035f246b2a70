#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/landlock.h"
#include "base/unit.h"

/* A directory of its own with state/, conf/hosts, sock/ and secret. */
struct place {
	char dir[64];
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
try_files(const struct place *p, int from_parent)
{
	struct err err = ERR_INIT;
	struct landlock l;
	char c, *argv[] = { NULL };

	landlock_open(&l);
	if (l.abi == 0)
		return 99;
	landlock_allow(&l, p->state, LANDLOCK_WRITE);
	landlock_allow(&l, p->sock, LANDLOCK_SOCKETS);
	landlock_allow_file(&l, p->hosts);
	landlock_allow_file(&l, "/etc/hosts");
	landlock_allow(&l, "/dev/null", LANDLOCK_DEVICE);
	landlock_allow(&l, "/nowhere", LANDLOCK_READ);
	landlock_allow(&l, NULL, LANDLOCK_READ);
	if (landlock_shut(&l, &err) < 0)
		return 1;
	if (!replace(p->state, "file") || !bind_local(p->sock))
		return 2;
	/* The parent replaces the file meanwhile: it is another one now. */
	if (read(from_parent, &c, 1) != 1)
		return 3;
	return open_read(p->hosts) < 0 ? 4 :
	    !refused(open(p->hosts, O_WRONLY)) ? 5 :
	    !refused(open_read(p->secret)) ? 6 :
	    !refused(open_read("/etc/passwd")) ? 7 :
	    access("/etc/hosts", R_OK) == 0 && open_read("/etc/hosts") < 0 ? 8 :
	    open("/dev/null", O_RDWR) < 0 ? 9 :
	    !refused(unlink(p->secret)) ? 10 :
	    !refused(mkdir("/tmp/mesh-landlock-outside", 0700)) ? 11 :
	    !refused(execve("/bin/true", argv, argv)) ? 12 :
	    bind_local(p->conf) ? 13 :
	    l.abi >= 6 && kill(getppid(), 0) == 0 ? 14 : 0;
}

TEST(landlock_leaves_the_files_that_were_allowed_and_no_others)
{
	struct place p;
	int status = -1, pair[2];

	place_init(&p);
	assert_int_equal(pipe(pair), 0);
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_files(&p, pair[0]));
	assert_true(pid > 0);
	assert_true(replace(p.conf, "hosts"));
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	close(pair[1]);
	place_fini(&p);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99)
		skip();		/* an older kernel */
	assert_int_equal(WEXITSTATUS(status), 0);
}
