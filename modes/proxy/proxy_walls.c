#include <stddef.h>
#include <stdlib.h>

#include "base/capability.h"
#include "base/mem.h"
#include "conf/pattern.h"
#include "modes/proxy/proxy_walls.h"

#define AT(member)	offsetof(struct model_proxy_spec, member)

const struct walls_path proxy_paths[] = {
	{ "tokenFile", AT(token_file), WALLS_READ },
	{ "hostKeyFile", AT(host_key_file), WALLS_READ },
	{ "hostCertFile", AT(host_cert_file), WALLS_READ },
	{ "trustBundleFile", AT(trust_bundle_file), WALLS_READ },
	{ "stateDir", AT(state_dir), WALLS_STATE },
	{ "workloadApiSocket", AT(workload_api_socket), WALLS_SOCKET },
	{ "adminSocket", AT(admin_socket), WALLS_SOCKET },
	{ "hostsFile", AT(hosts_file), WALLS_READ },
	{ "resolvConf", AT(resolv_conf), WALLS_READ },
	{ "caFile", AT(ca_file), WALLS_READ },
	{ "accessLog", AT(access_log), WALLS_OPENED },
	{ NULL, 0, 0 },
};

/* A Gateway's documents may ask for any port at any time. */
static bool
may_bind_low(const struct model_proxy_spec *s)
{
	bool may = s->gateway != NULL || s->standalone ||
	    conf_is_low_port(s->inbound_listen) ||
	    conf_is_low_port(s->outbound_listen) ||
	    conf_is_low_port(s->admin_listen);

	for (size_t i = 0; i < s->exposed_len; i++)
		may = may || conf_is_low_port(s->exposed[i].listen);
	for (size_t i = 0; i < s->upstreams_len; i++)
		may = may || conf_is_low_port(s->upstreams[i].listen);
	return may;
}

/*
 * The files by which names are resolved are read with each name: those of hosts
 * outside, and the machine's own, by which control is found.
 */
static void
pin(struct landlock *l, struct settings *settings)
{
	struct resolve_files *own = &settings->control_files;
	const char **files[] = { &settings->here.hosts_file,
		&settings->here.resolv_conf, &own->hosts, &own->resolv_conf };

	*own = (struct resolve_files){ "/etc/hosts", "/etc/resolv.conf" };
	settings->here = *settings->spec;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (*files[i] != NULL) {
			char *name = landlock_allow_pinned(l, *files[i]);

			*files[i] = arena_strdup(&settings->arena, name);
			mem_free(name);
		}
	settings->spec = &settings->here;
}

void
proxy_walls_raise(struct walls *w, struct settings *settings,
    const char *socket_dir)
{
	const struct model_proxy_spec *s = settings->spec;
	struct landlock *l = &w->files;

	walls_open(w, s->sandbox);
	if (!w->wanted)
		return;
	pin(l, settings);
	walls_allow(w, proxy_paths, s);
	landlock_allow_file(l, settings->config);
	landlock_allow(l, getenv("CREDENTIALS_DIRECTORY"), LANDLOCK_READ);
	if (s->admin_socket == NULL)
		landlock_allow(l, socket_dir, LANDLOCK_SOCKETS);
	walls_raise(w, may_bind_low(s) ? CAPABILITY_BIND_LOW : 0);
}

void
proxy_walls_shut(struct walls *w)
{
	static const struct seccomp_set *const sets[] = {
		&seccomp_core, &seccomp_loops, &seccomp_sockets,
		&seccomp_socket_owners, &seccomp_files, NULL,
	};

	walls_shut(w, sets);
}
