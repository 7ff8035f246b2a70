#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/unit.h"
#include "net/notify.h"

static int
manager(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (const struct sockaddr *)&at,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(name))), 0);
	return fd;
}

TEST(notify_reaches_the_manager_by_path_and_by_name)
{
	for (size_t i = 0; i < 2; i++) {
		char id[RANDOM_UUID_LEN + 1], got[64];

		random_uuid(id);
		char *name = mem_printf(i == 0 ? "/tmp/mesh-notify-%s" :
		    "@mesh-notify-%s", id);
		int fd = manager(name);

		setenv("NOTIFY_SOCKET", name, 1);
		notify_send("READY=1\nSTATUS=here");
		assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 19);
		assert_memory_equal(got, "READY=1\nSTATUS=here", 19);
		close(fd);
		if (i == 0)
			unlink(name);
		mem_free(name);
	}
	unsetenv("NOTIFY_SOCKET");
}

TEST(notify_does_nothing_without_a_manager)
{
	const char *const names[] = { "", "x", "relative/path", "/nobody/there" };

	unsetenv("NOTIFY_SOCKET");
	notify_send("READY=1");
	for (size_t i = 0; i < 4; i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_send("READY=1");
		assert_string_equal(getenv("NOTIFY_SOCKET"), names[i]);
	}
	unsetenv("NOTIFY_SOCKET");
}
