#include <event2/dns.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/event_base.h"
#include "net/resolve.h"

#define DNS_MS		15000	/* for all servers and attempts */
#define NAME_MAX_LEN	253	/* RFC 1035, section 2.3.4, as text */

enum family { V4, V6, FAMILIES };

struct resolve {
	struct loop          *loop;
	char                 *host;
	int                   port;
	struct addr           addrs[RESOLVE_MAX];
	int                   n;
	const char           *why;
	void                (*done)(void *, const struct addr *, int,
				    const char *);
	void                 *arg;

	struct evdns_base    *dns;	/* one each: sees changes of the file */
	struct evdns_request *query[FAMILIES];
	int                   pending;	/* answers that evdns owes us */
	struct addr           answer[FAMILIES][RESOLVE_MAX];
	int                   answers[FAMILIES];
	uint32_t              ttl_s;	/* the least of both */
	struct loop_timer     deadline;
	struct loop_task      task;	/* tells, then buries */
};

/* --- files --------------------------------------------------------------------- */

static void
resolve_add(struct resolve *r, struct slice ip)
{
	struct err err;

	if (r->n < RESOLVE_MAX && addr_from_ip(ip, r->port, &r->addrs[r->n],
	    &err) == 0)
		r->n++;
}

/* hosts(5): an address, then its names. */
static void
resolve_hosts_line(struct resolve *r, char *line)
{
	char *save = NULL;

	line[strcspn(line, "#\n")] = '\0';
	const char *ip = strtok_r(line, " \t\r", &save);

	if (ip == NULL)
		return;
	for (const char *name; (name = strtok_r(NULL, " \t\r", &save)) != NULL;)
		if (slice_ieq(slice_str(name), slice_str(r->host))) {
			resolve_add(r, slice_str(ip));
			return;
		}
}

static void
resolve_hosts(struct resolve *r, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL)
		return;
	while (r->n < RESOLVE_MAX && getline(&line, &cap, f) >= 0)
		resolve_hosts_line(r, line);
	free(line);
	fclose(f);
}

/* --- the end --------------------------------------------------------------------- */

static void
resolve_free(struct resolve *r)
{
	if (r->dns != NULL)
		evdns_base_free(r->dns, 0);
	mem_free(r->host);
	mem_free(r);
}

/*
 * evdns answers a cancelled request, too, in one of the next turns (it makes
 * at most 32 such calls in a turn); r stays for that.
 */
static void
resolve_bury(void *arg)
{
	struct resolve *r = arg;

	if (r->pending > 0)
		loop_defer_next(r->loop, &r->task);
	else
		resolve_free(r);
}

static void
resolve_end(struct resolve *r)
{
	loop_timer_stop(&r->deadline);
	loop_task_cancel(&r->task);
	r->done = NULL;
	for (int f = 0; f < FAMILIES; f++)
		if (r->query[f] != NULL)
			evdns_cancel_request(r->dns, r->query[f]);
	loop_task_init(&r->task, resolve_bury, r);
	loop_defer_next(r->loop, &r->task);
}

static void
resolve_tell(void *arg)
{
	struct resolve *r = arg;
	void (*done)(void *, const struct addr *, int, const char *) = r->done;

	resolve_end(r);
	done(r->arg, r->addrs, r->n, r->n > 0 ? NULL : r->why);
}

/* --- DNS --------------------------------------------------------------------------- */

static void
resolve_on_answer(struct resolve *r, enum family f, int result, int count,
    int ttl, void *addresses)
{
	size_t size = f == V4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	r->pending--;
	r->query[f] = NULL;
	if (r->done == NULL)
		return;
	if (result != DNS_ERR_NONE)
		r->why = evdns_err_to_string(result);
	/* An answer that says 0 is still one of DNS. */
	if (count > 0 && (r->ttl_s == 0 || (uint32_t)ttl < r->ttl_s))
		r->ttl_s = ttl > 0 ? (uint32_t)ttl : 1;
	for (int i = 0; i < count && r->answers[f] < RESOLVE_MAX; i++) {
		const char *at = (const char *)addresses + (size_t)i * size;
		struct addr *a = &r->answer[f][r->answers[f]++];

		*a = (struct addr){ .sa.sa_family = f == V4 ? AF_INET :
		    AF_INET6 };
		a->len = f == V4 ? sizeof(a->in) : sizeof(a->in6);
		if (f == V4)
			memcpy(&a->in.sin_addr, at, size);
		else
			memcpy(&a->in6.sin6_addr, at, size);
		addr_set_port(a, r->port);
	}
	if (r->pending > 0)
		return;
	for (int i = 0; i < FAMILIES; i++)
		for (int k = 0; k < r->answers[i] && r->n < RESOLVE_MAX; k++)
			r->addrs[r->n++] = r->answer[i][k];
	loop_defer(r->loop, &r->task);
}

static void
resolve_on_v4(int result, char type, int count, int ttl, void *addresses,
    void *arg)
{
	resolve_on_answer(arg, V4, result, type == DNS_IPv4_A ? count : 0,
	    ttl, addresses);
}

static void
resolve_on_v6(int result, char type, int count, int ttl, void *addresses,
    void *arg)
{
	resolve_on_answer(arg, V6, result, type == DNS_IPv6_AAAA ? count : 0,
	    ttl, addresses);
}

static void
resolve_on_deadline(void *arg)
{
	struct resolve *r = arg;

	r->why = "no DNS server answered in time";
	resolve_tell(r);
}

/* What evdns would print by itself. */
static void
resolve_on_log(int is_warning, const char *text)
{
	(void)is_warning;
	log_debug("dns", "%s", text);
}

static void
resolve_set_log(void)
{
	evdns_set_log_fn(resolve_on_log);
}

static void
resolve_dns(struct resolve *r, const char *resolv_conf)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, resolve_set_log);
	r->why = "the name cannot be asked for in DNS";
	r->dns = evdns_base_new(loop_base(r->loop),
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (r->dns == NULL)
		return;
	evdns_base_resolv_conf_parse(r->dns, DNS_OPTION_NAMESERVERS |
	    DNS_OPTION_SEARCH | DNS_OPTION_MISC, resolv_conf);
	r->pending = FAMILIES;
	r->query[V4] = evdns_base_resolve_ipv4(r->dns, r->host, 0,
	    resolve_on_v4, r);
	r->query[V6] = evdns_base_resolve_ipv6(r->dns, r->host, 0,
	    resolve_on_v6, r);
	for (int f = 0; f < FAMILIES; f++)
		r->pending -= r->query[f] == NULL;
	if (r->pending > 0)
		loop_timer_start(&r->deadline, DNS_MS);
}

/* --- start --------------------------------------------------------------------------- */

static bool
is_host_name(struct slice host)
{
	if (host.len == 0 || host.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (host.ptr[i] <= ' ' || host.ptr[i] == 0x7f)
			return false;
	return true;
}

static void
resolve_look(struct resolve *r, const struct resolve_files *files)
{
	struct slice host = slice_str(r->host);

	resolve_add(r, host);
	if (r->n == 0 && !is_host_name(host))
		r->why = "this is not a host name";
	if (r->n > 0 || r->why != NULL)
		return;
	resolve_hosts(r, files->hosts);
	if (r->n == 0 && slice_ieq(host, SLICE("localhost"))) {
		resolve_add(r, SLICE("127.0.0.1"));
		resolve_add(r, SLICE("::1"));
	}
	if (r->n == 0)
		resolve_dns(r, files->resolv_conf);
}

struct resolve *
resolve_start_with(const struct resolve_files *files, struct loop *l,
    struct slice host, int port,
    void (*done)(void *, const struct addr *, int, const char *), void *arg)
{
	struct resolve *r = mem_zalloc(sizeof(*r));

	r->loop = l;
	r->host = mem_dup(host.ptr, host.len);
	r->port = port;
	r->done = done;
	r->arg = arg;
	loop_timer_init(&r->deadline, l, resolve_on_deadline, r);
	loop_task_init(&r->task, resolve_tell, r);
	if (memchr(host.ptr, '\0', host.len) != NULL)
		r->why = "this is not a host name";
	else
		resolve_look(r, files);
	if (r->pending == 0)
		loop_defer(l, &r->task);
	return r;
}

struct resolve *
resolve_start(struct loop *l, struct slice host, int port,
    void (*done)(void *, const struct addr *, int, const char *), void *arg)
{
	static const struct resolve_files files = {
		"/etc/hosts", "/etc/resolv.conf",
	};

	return resolve_start_with(&files, l, host, port, done, arg);
}

void
resolve_cancel(struct resolve *r)
{
	if (r != NULL)
		resolve_end(r);
}

uint32_t
resolve_ttl_s(const struct resolve *r)
{
	return r->ttl_s;
}
