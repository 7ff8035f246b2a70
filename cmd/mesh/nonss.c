/*
 * nonss: what a static program must not take from libc.
 *
 * glibc answers questions about names (hosts, users, services, protocols)
 * through NSS: it reads /etc/nsswitch.conf and loads shared objects that
 * match the glibc it was built with.  A static binary that asks them works
 * on the machine that linked it and fails, or worse, half works, in an empty
 * root directory.  So nothing of ours asks.  Names are resolved by core/net,
 * which speaks DNS itself; users and groups are given by number.
 *
 * Three libraries refer to such functions on paths that we never take:
 * libevent asks libc when it was not given a numeric address or a name
 * server, SQLite loads extensions, libcrypto does both, for connections and
 * engines.  The linker prefers a definition in an
 * object over one in an archive, so defining them here keeps the whole of
 * NSS and of the dynamic loader's interface out of the binary, and turns a
 * mistake into a plain failure that is the same on every machine.
 *
 * Only the shipped static programs link this file.  Sanitizer builds are
 * dynamic and use what libc has.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	(void)node;
	(void)service;
	(void)hints;
	*out = NULL;
	return EAI_NONAME;
}

/* Nothing was given out, so there is nothing to free. */
void
freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

int
getnameinfo(const struct sockaddr *restrict addr, socklen_t addr_len,
    char *restrict host, socklen_t host_len, char *restrict service,
    socklen_t service_len, int flags)
{
	(void)addr;
	(void)addr_len;
	(void)host;
	(void)host_len;
	(void)service;
	(void)service_len;
	(void)flags;
	return EAI_FAIL;
}

struct hostent *
gethostbyname(const char *name)
{
	(void)name;
	return NULL;
}

struct servent *
getservbyname(const char *name, const char *protocol)
{
	(void)name;
	(void)protocol;
	return NULL;
}

struct protoent *
getprotobynumber(int number)
{
	(void)number;
	return NULL;
}

void *
dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *
dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int
dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *
dlerror(void)
{
	static char text[] = "a static program loads no code";

	return text;
}
