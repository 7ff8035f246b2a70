#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/child_test.h"
#include "conf/walls_test.h"
#include "modes/control/control_walls.h"

TEST(control_walls_know_every_setting_that_is_a_path)
{
	walls_check_rows(&model_control_spec_schema, control_paths);
}

static int
try_raised(const char *dir, int64_t socket_group, uint64_t keeps)
{
	char data[96], socket_path[96], file[128];
	struct model_control_spec s = { .sandbox = true, .data_dir = data,
		.socket = socket_path, .socket_group = socket_group,
		.api_listen = ":7700", .admin_listen = "127.0.0.1:7701" };
	struct control_settings settings = { .spec = &s };
	const struct resolve_files *names = &settings.names;
	uint64_t before = capability_now();
	bool has_hosts = access("/etc/hosts", R_OK) == 0;
	struct walls w;

	snprintf(data, sizeof(data), "%s/data", dir);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	snprintf(file, sizeof(file), "%s/file", data);
	control_walls_raise(&w, &settings);
	control_walls_shut(&w);
	return !w.has_seccomp ? 1 : w.capabilities != (before & keeps) ? 2 :
	    open(file, O_RDWR | O_CREAT, 0600) < 0 ? 3 :
	    unlink(file) < 0 ? 4 :
	    w.has_landlock && geteuid() == 0 &&
	    open("/etc/passwd", O_RDONLY) >= 0 ? 5 :
	    socket(AF_NETLINK, SOCK_DGRAM, 0) >= 0 ? 6 :
	    /* What root holds open nobody replaces. */
	    w.has_landlock && geteuid() == 0 && has_hosts &&
	    strncmp(names->hosts, "/proc/self/fd/", 14) != 0 ? 7 :
	    has_hosts && open(names->hosts, O_RDONLY) < 0 ? 8 :
	    names->resolv_conf == NULL ? 9 : 0;
}

/* What it gives in a process of its own, where walls can stand at all. */
static void
assert_raised(int64_t socket_group, uint64_t keeps)
{
	char dir[] = "/tmp/mesh-control-walls-XXXXXX", data[64];
	int code;
	pid_t pid;

	if (!seccomp_can())
		skip();
	assert_non_null(mkdtemp(dir));
	pid = fork();
	if (pid == 0)
		_exit(try_raised(dir, socket_group, keeps));
	code = child_exit(pid);
	snprintf(data, sizeof(data), "%s/data", dir);
	assert_int_equal(rmdir(data), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(code, 0);
}

TEST(control_walls_leave_its_directory_and_no_capability)
{
	assert_raised(-1, 0);
}

TEST(control_walls_leave_chown_to_who_gives_its_socket_away)
{
	assert_raised(0, CAPABILITY_CHOWN);
}
