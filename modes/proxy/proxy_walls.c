#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/capability.h"
#include "conf/pattern.h"
#include "modes/proxy/proxy_walls.h"

#define AT(member)	offsetof(struct model_proxy_spec, member)

const struct proxy_path_row proxy_paths[] = {
	{ "tokenFile", AT(token_file), PROXY_PATH_READ },
	{ "hostKeyFile", AT(host_key_file), PROXY_PATH_READ },
	{ "hostCertFile", AT(host_cert_file), PROXY_PATH_READ },
	{ "trustBundleFile", AT(trust_bundle_file), PROXY_PATH_READ },
	{ "stateDir", AT(state_dir), PROXY_PATH_STATE },
	{ "workloadApiSocket", AT(workload_api_socket), PROXY_PATH_SOCKET },
	{ "adminSocket", AT(admin_socket), PROXY_PATH_SOCKET },
	{ "hostsFile", AT(hosts_file), PROXY_PATH_READ },
	{ "resolvConf", AT(resolv_conf), PROXY_PATH_READ },
	{ "caFile", AT(ca_file), PROXY_PATH_READ },
	{ "accessLog", AT(access_log), PROXY_PATH_OPENED },
	{ NULL, 0, 0 },
};

static void
allow(struct landlock *l, const char *path, enum proxy_path use)
{
	switch (use) {
	case PROXY_PATH_READ:
		landlock_allow_file(l, path);
		break;
	case PROXY_PATH_STATE:
		if (path != NULL)	/* whether that went well is told later */
			(void)mkdir(path, 0700);
		landlock_allow(l, path, LANDLOCK_WRITE);
		break;
	case PROXY_PATH_SOCKET:
		landlock_allow_around(l, path, LANDLOCK_SOCKETS);
		break;
	case PROXY_PATH_OPENED:
		break;
	}
}

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

int
proxy_walls_raise(struct walls *w, const struct model_proxy_spec *s,
    const char *config, const char *socket_dir, struct err *err)
{
	struct landlock *l = &w->files;

	walls_open(w, s->sandbox);
	if (!w->wanted)
		return 0;
	for (const struct proxy_path_row *r = proxy_paths; r->field != NULL; r++)
		allow(l, *(char *const *)((const char *)s + r->offset), r->use);
	if (config != NULL)
		landlock_allow_file(l, config);
	landlock_allow(l, getenv("CREDENTIALS_DIRECTORY"), LANDLOCK_READ);
	if (s->admin_socket == NULL)
		landlock_allow(l, socket_dir, LANDLOCK_SOCKETS);
	return walls_raise(w, may_bind_low(s) ? CAPABILITY_BIND_LOW : 0, err);
}

int
proxy_walls_shut(struct walls *w, struct err *err)
{
	static const struct seccomp_set *const sets[] = {
		&seccomp_core, &seccomp_loops, &seccomp_sockets,
		&seccomp_socket_owners, &seccomp_files, NULL,
	};

	return walls_shut(w, sets, err);
}
