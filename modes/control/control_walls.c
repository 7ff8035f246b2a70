#include <stddef.h>
#include <stdlib.h>

#include "base/capability.h"
#include "base/mem.h"
#include "conf/pattern.h"
#include "modes/control/control_walls.h"

#define AT(member)	offsetof(struct model_control_spec, member)

const struct walls_path control_paths[] = {
	{ "dataDir", AT(data_dir), WALLS_STATE },
	{ "socket", AT(socket), WALLS_SOCKET },
	{ "caCertFile", AT(ca_cert_file), WALLS_READ },
	{ "caKeyFile", AT(ca_key_file), WALLS_READ },
	{ "secretKeyFile", AT(secret_key_file), WALLS_READ },
	{ "federationCaFile", AT(federation_ca_file), WALLS_READ },
	{ "federationCertFile", AT(federation_cert_file), WALLS_READ },
	{ "federationKeyFile", AT(federation_key_file), WALLS_READ },
	{ "oidcCaFile", AT(oidc_ca_file), WALLS_READ },
	{ "accessLog", AT(access_log), WALLS_OPENED },
	{ NULL, 0, 0 },
};

/* Giving the socket to a group that is not one's own is root's. */
static uint64_t
capabilities(const struct model_control_spec *s)
{
	return (s->socket_group >= 0 ? CAPABILITY_CHOWN : 0) |
	    (conf_is_low_port(s->api_listen) ||
	    conf_is_low_port(s->admin_listen) ||
	    conf_is_low_port(s->federation_listen) ? CAPABILITY_BIND_LOW : 0);
}

static const char *
pin(struct landlock *l, struct control_settings *settings, const char *path)
{
	char *name = landlock_allow_pinned(l, path);
	const char *kept = arena_strdup(&settings->arena, name);

	mem_free(name);
	return kept;
}

void
control_walls_raise(struct walls *w, struct control_settings *settings)
{
	const struct model_control_spec *s = settings->spec;
	struct landlock *l = &w->files;

	walls_open(w, s->sandbox);
	if (!w->wanted)
		return;
	walls_allow(w, control_paths, s);
	settings->names.hosts = pin(l, settings, "/etc/hosts");
	settings->names.resolv_conf = pin(l, settings, "/etc/resolv.conf");
	landlock_allow(l, getenv("CREDENTIALS_DIRECTORY"), LANDLOCK_READ);
	walls_raise(w, capabilities(s));
}

void
control_walls_shut(struct walls *w)
{
	static const struct seccomp_set *const sets[] = {
		&seccomp_core, &seccomp_loops, &seccomp_sockets,
		&seccomp_files, NULL,
	};

	walls_shut(w, sets);
}
