#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/landlock.h"
#include "base/mem.h"

/* Of kernels that are younger than the headers that we are built with. */
#define FS_TRUNCATE	(1ULL << 14)	/* ABI 3 */
#define FS_IOCTL_DEV	(1ULL << 15)	/* ABI 5 */
#define SCOPE_ABSTRACT	(1ULL << 0)	/* ABI 6, both */
#define SCOPE_SIGNAL	(1ULL << 1)

/* struct landlock_ruleset_attr as ABI 6 has it; older ones take zeros. */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define READ_FILE	LANDLOCK_ACCESS_FS_READ_FILE
#define READ_DIR	LANDLOCK_ACCESS_FS_READ_DIR
#define OF_FILES	(READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |	\
			    LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE |	\
			    FS_IOCTL_DEV)

static const uint64_t rights[] = {
	[LANDLOCK_READ] = READ_FILE | READ_DIR,
	[LANDLOCK_WRITE] = READ_FILE | READ_DIR | FS_TRUNCATE |
	    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER,
	[LANDLOCK_SOCKETS] = LANDLOCK_ACCESS_FS_MAKE_SOCK |
	    LANDLOCK_ACCESS_FS_REMOVE_FILE,
	[LANDLOCK_DEVICE] = READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE,
};

/* Directories that hold what is none of our business. */
static const char *const shared[] = {
	"/", "/etc", "/home", "/root", "/run", "/tmp", "/usr", "/var",
	"/var/lib", "/var/run", "/var/tmp",
};

/* What the kernel can refuse at all. */
static uint64_t
known(int abi)
{
	uint64_t fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

/* What systemd and others have started is to tell it that it is ready. */
static bool
notifies_abstract(void)
{
	const char *socket = getenv("NOTIFY_SOCKET");

	return socket != NULL && socket[0] == '@';
}

void
landlock_open(struct landlock *l, bool notifies)
{
	struct ruleset set = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	*l = (struct landlock){ .fd = -1 };
	if (abi <= 0)
		return;
	set.fs = known((int)abi);
	if (abi >= 6)
		set.scoped = notifies && notifies_abstract() ? SCOPE_SIGNAL :
		    SCOPE_SIGNAL | SCOPE_ABSTRACT;
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &set,
	    abi >= 6 ? sizeof(set) : sizeof(set.fs), 0);
	if (l->fd >= 0)
		l->abi = (int)abi;
}

void
landlock_allow(struct landlock *l, const char *path, enum landlock_use use)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights[use] & known(l->abi),
	};
	struct stat st;

	if (l->fd < 0 || path == NULL)
		return;
	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (rule.allowed_access != 0)
		syscall(SYS_landlock_add_rule, l->fd,
		    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* --- files that may be replaced ------------------------------------------------------ */

/* Gives the directory of a path. */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? mem_strdup(".") :
	    slash == path ? mem_strdup("/") :
	    mem_printf("%.*s", (int)(slash - path), path);
}

static bool
is_withheld(const char *dir)
{
	char real[PATH_MAX];

	if (realpath(dir, real) == NULL ||
	    (strcmp(real, "/etc") == 0 && geteuid() != 0))
		return false;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (strcmp(real, shared[i]) == 0)
			return true;
	return false;
}

static void
allow_beside(struct landlock *l, const char *path)
{
	char *dir = directory_of(path);

	if (!is_withheld(dir))
		landlock_allow(l, dir, LANDLOCK_READ);
	mem_free(dir);
}

void
landlock_allow_file(struct landlock *l, const char *path)
{
	char real[PATH_MAX];

	if (path == NULL)
		return;
	landlock_allow(l, path, LANDLOCK_READ);
	allow_beside(l, path);
	if (realpath(path, real) != NULL)
		allow_beside(l, real);
}

char *
landlock_allow_pinned(struct landlock *l, const char *path)
{
	char *dir = directory_of(path), *name = NULL;
	int fd = -1;

	landlock_allow_file(l, path);
	if (l->fd >= 0 && is_withheld(dir))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	mem_free(dir);
	if (fd >= 0)
		name = mem_printf("/proc/self/fd/%d", fd);
	if (name != NULL && access(name, R_OK) == 0)
		return name;
	if (fd >= 0)
		close(fd);	/* there is no /proc */
	mem_free(name);
	return mem_strdup(path);
}

void
landlock_allow_around(struct landlock *l, const char *path,
    enum landlock_use use)
{
	char *dir;

	if (path == NULL)
		return;
	dir = directory_of(path);
	landlock_allow(l, dir, use);
	mem_free(dir);
}

/* --- shutting ------------------------------------------------------------------------ */

int
landlock_shut(struct landlock *l, struct err *err)
{
	int r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_errno(err, "no_new_privs");
	if (l->fd < 0)
		return r;
	if (r == 0 && syscall(SYS_landlock_restrict_self, l->fd, 0) < 0)
		r = err_errno(err, "Landlock");
	close(l->fd);
	l->fd = -1;
	return r;
}
