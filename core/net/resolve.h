#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "base/slice.h"
#include "loop/loop.h"
#include "net/addr.h"

/*
 * resolve: host names to addresses without NSS: literal addresses at once,
 * then /etc/hosts, "localhost" (RFC 6761, section 6.3), then DNS by the
 * servers and search list of /etc/resolv.conf (evdns).
 * done is called once, later in the loop, with up to RESOLVE_MAX addresses,
 * IPv4 first (port set), or n == 0 and why.  resolve_cancel prevents the call.
 */
#define RESOLVE_MAX	16

struct resolve;

struct resolve *resolve_start(struct loop *, struct slice host, int port,
    void (*done)(void *arg, const struct addr *, int n, const char *why),
    void *arg);
/* Inside done: for how long DNS says so, in seconds; 0: it was not DNS. */
uint32_t resolve_ttl_s(const struct resolve *);
/* Not from inside done; NULL is allowed. */
void resolve_cancel(struct resolve *);

/* As resolve_start with other files; borrows them. */
struct resolve_files {
	const char *hosts, *resolv_conf;
};
struct resolve *resolve_start_with(const struct resolve_files *, struct loop *,
    struct slice host, int port,
    void (*done)(void *arg, const struct addr *, int n, const char *why),
    void *arg);

#endif
