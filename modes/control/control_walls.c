#include <stdlib.h>

#include "base/capability.h"
#include "conf/pattern.h"
#include "modes/control/control_walls.h"

/* Giving the socket to a group that is not one's own is root's. */
static uint64_t
capabilities(const struct model_control_spec *s)
{
	return (s->socket_group >= 0 ? CAPABILITY_CHOWN : 0) |
	    (conf_is_low_port(s->api_listen) ||
	    conf_is_low_port(s->admin_listen) ? CAPABILITY_BIND_LOW : 0);
}

int
control_walls_raise(struct walls *w, const struct model_control_spec *s,
    struct err *err)
{
	struct landlock *l = &w->files;

	walls_open(w, s->sandbox);
	if (!w->wanted)
		return 0;
	landlock_allow(l, s->data_dir, LANDLOCK_WRITE);
	landlock_allow_around(l, s->socket, LANDLOCK_SOCKETS);
	landlock_allow_file(l, s->ca_cert_file);
	landlock_allow_file(l, s->ca_key_file);
	landlock_allow_file(l, s->secret_key_file);
	landlock_allow_file(l, s->federation_ca_file);
	landlock_allow_file(l, "/etc/hosts");
	landlock_allow_file(l, "/etc/resolv.conf");
	landlock_allow(l, getenv("CREDENTIALS_DIRECTORY"), LANDLOCK_READ);
	return walls_raise(w, capabilities(s), err);
}

int
control_walls_shut(struct walls *w, struct err *err)
{
	static const struct seccomp_set *const sets[] = {
		&seccomp_core, &seccomp_loops, &seccomp_sockets,
		&seccomp_files, NULL,
	};

	return walls_shut(w, sets, err);
}
