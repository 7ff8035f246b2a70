#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/child_test.h"
#include "conf/walls_test.h"
#include "modes/proxy/proxy_walls.h"

TEST(proxy_walls_know_every_setting_that_is_a_path)
{
	walls_check_rows(&model_proxy_spec_schema, proxy_paths);
}

/* Of root: and whoever comes with another file of the name is not read. */
static bool
is_readable(const struct walls *w, const char *path)
{
	return open(path, O_RDONLY) >= 0 && (!w->has_landlock ||
	    geteuid() != 0 || strncmp(path, "/proc/self/fd/", 14) == 0);
}

static int
try_raised(const struct model_proxy_spec *s, uint64_t keeps)
{
	uint64_t before = capability_now();
	struct settings settings = { .spec = s };
	struct walls w;

	arena_init(&settings.arena);
	proxy_walls_raise(&w, &settings, "/nowhere");
	if (w.capabilities != (before & keeps))
		return 2;
	proxy_walls_shut(&w);
	if (!w.has_seccomp)
		return 3;
	if (w.has_landlock && geteuid() == 0 &&
	    open("/etc/passwd", O_RDONLY) >= 0)
		return 4;
	if (access("/etc/hosts", R_OK) != 0)
		return 0;
	return !is_readable(&w, settings.spec->hosts_file) ? 5 :
	    !is_readable(&w, settings.control_files.hosts) ? 6 : 0;
}

/* What try gives in a process of its own, where walls can stand at all. */
static void
assert_raised(const struct model_proxy_spec *s, uint64_t keeps)
{
	pid_t pid;

	if (!seccomp_can())
		skip();
	pid = fork();
	if (pid == 0)
		_exit(try_raised(s, keeps));
	assert_int_equal(child_exit(pid), 0);
}

static struct model_proxy_spec
spec_of_sidecar(void)
{
	return (struct model_proxy_spec){ .sandbox = true,
		.inbound_listen = ":7710", .outbound_listen = "127.0.0.1:7711",
		.admin_listen = "127.0.0.1:0", .hosts_file = "/etc/hosts" };
}

TEST(proxy_walls_leave_a_sidecar_no_capability)
{
	struct model_proxy_spec s = spec_of_sidecar();

	assert_raised(&s, 0);
}

TEST(proxy_walls_leave_low_ports_to_who_may_need_one)
{
	struct model_upstream upstream = { .listen = "127.0.0.1:53" };
	struct model_proxy_spec s = spec_of_sidecar();

	s.gateway = "default/edge";
	assert_raised(&s, CAPABILITY_BIND_LOW);
	s = spec_of_sidecar();
	s.upstreams = &upstream;
	s.upstreams_len = 1;
	assert_raised(&s, CAPABILITY_BIND_LOW);
	s = spec_of_sidecar();
	s.inbound_listen = ":443";
	assert_raised(&s, CAPABILITY_BIND_LOW);
}

TEST(proxy_walls_stay_down_if_told_so)
{
	struct model_proxy_spec s = spec_of_sidecar();
	uint64_t before = capability_now();
	struct settings settings = { .spec = &s };
	struct walls w;

	s.sandbox = false;
	proxy_walls_raise(&w, &settings, "/nowhere");
	proxy_walls_shut(&w);
	assert_false(w.has_seccomp || w.has_landlock);
	assert_int_equal(capability_now(), before);
	int fd = open("/etc/passwd", O_RDONLY);

	assert_true(fd >= 0);
	close(fd);
}
