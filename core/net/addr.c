#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/addr.h"

#define UNIX_PREFIX	SLICE("unix:")

/* --- text to address --------------------------------------------------------- */

static int
addr_parse_port(struct slice text, int *port, struct err *err)
{
	uint64_t n;

	if (!slice_u64(text, &n) || n > 65535)
		return err_set(err, ERR_DATA,
		    "port \"%.*s\" is not a number from 0 to 65535",
		    SLICE_ARG(text));
	*port = (int)n;
	return 0;
}

int
addr_split(struct slice text, struct slice *host, int *port, struct err *err)
{
	ptrdiff_t end;

	if (text.len > 0 && text.ptr[0] == '[') {
		end = slice_find(text, ']');
		if (end < 0 || (size_t)end + 1 >= text.len ||
		    text.ptr[end + 1] != ':')
			goto malformed;
		*host = slice_of(text.ptr + 1, (size_t)end - 1);
		return addr_parse_port(slice_from(text, (size_t)end + 2), port,
		    err);
	}
	end = slice_find(text, ':');
	if (end < 0 || slice_find(slice_from(text, (size_t)end + 1), ':') >= 0)
		goto malformed;
	*host = slice_of(text.ptr, (size_t)end);
	return addr_parse_port(slice_from(text, (size_t)end + 1), port, err);
malformed:
	return err_set(err, ERR_DATA,
	    "\"%.*s\" is not HOST:PORT (IPv6 addresses stand in brackets)",
	    SLICE_ARG(text));
}

int
addr_from_ip(struct slice ip, int port, struct addr *a, struct err *err)
{
	char text[INET6_ADDRSTRLEN];

	*a = (struct addr){ 0 };
	if (ip.len == 0 || ip.len >= sizeof(text) ||
	    memchr(ip.ptr, '\0', ip.len) != NULL)
		goto malformed;
	memcpy(text, ip.ptr, ip.len);
	text[ip.len] = '\0';
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->len = sizeof(a->in);
	} else if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->len = sizeof(a->in6);
	} else {
		goto malformed;
	}
	addr_set_port(a, port);
	return 0;
malformed:
	return err_set(err, ERR_DATA, "\"%.*s\" is not an IP address",
	    SLICE_ARG(ip));
}

bool
addr_is_ip(struct slice text)
{
	struct err err = ERR_INIT;
	struct addr a;

	return addr_from_ip(text, 0, &a, &err) == 0;
}

static int
addr_parse_unix(struct slice path, struct addr *a, struct err *err)
{
	if (path.len == 0 || path.len >= sizeof(a->un.sun_path) ||
	    memchr(path.ptr, '\0', path.len) != NULL)
		return err_set(err, ERR_DATA,
		    "the path of a Unix socket has 1 to %zu bytes",
		    sizeof(a->un.sun_path) - 1);
	*a = (struct addr){ 0 };
	a->un.sun_family = AF_UNIX;
	memcpy(a->un.sun_path, path.ptr, path.len);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    path.len + 1);
	return 0;
}

int
addr_parse(struct slice text, struct addr *a, struct err *err)
{
	struct slice host;
	int port;

	if (slice_has_prefix(text, UNIX_PREFIX))
		return addr_parse_unix(slice_from(text, UNIX_PREFIX.len), a,
		    err);
	if (addr_split(text, &host, &port, err) < 0)
		return -1;
	return addr_from_ip(host.len > 0 ? host : SLICE("::"), port, a, err);
}

/* --- address to text ----------------------------------------------------------- */

static void
addr_format_unix(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t len = a->len > head ? a->len - head : 0;
	const char *path = a->un.sun_path;

	/* A name that begins with NUL is abstract (unix(7)). */
	if (len > 0 && path[0] == '\0')
		snprintf(out, ADDR_TEXT_MAX, "unix:@%.*s", (int)len - 1,
		    path + 1);
	else
		snprintf(out, ADDR_TEXT_MAX, "unix:%.*s", (int)len, path);
}

/* Once for each request of a stranger: inet_ntop goes through printf. */
static char *
addr_format_ipv4(const struct in_addr *in, char *to)
{
	const unsigned char *p = (const unsigned char *)in;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*to++ = '.';
		if (p[i] >= 100)
			*to++ = (char)('0' + p[i] / 100);
		if (p[i] >= 10)
			*to++ = (char)('0' + p[i] / 10 % 10);
		*to++ = (char)('0' + p[i] % 10);
	}
	*to = '\0';
	return to;
}

static void
addr_format_port(int port, char *to)
{
	int unit = 10000;

	*to++ = ':';
	while (unit > 1 && unit > port)
		unit /= 10;
	for (; unit > 0; unit /= 10)
		*to++ = (char)('0' + port / unit % 10);
	*to = '\0';
}

void
addr_format_ip(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	out[0] = '\0';
	if (a->sa.sa_family == AF_INET && a->len != 0)
		addr_format_ipv4(&a->in.sin_addr, out);
	else if (a->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->in6.sin6_addr, out, ADDR_TEXT_MAX);
	else if (a->sa.sa_family == AF_UNIX)
		addr_format_unix(a, out);
}

void
addr_format(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	if (a->sa.sa_family == AF_INET && a->len != 0) {
		addr_format_port(addr_port(a),
		    addr_format_ipv4(&a->in.sin_addr, out));
		return;
	}
	addr_format_ip(a, ip);
	if (a->sa.sa_family == AF_INET6)
		snprintf(out, ADDR_TEXT_MAX, "[%.*s]:%d", INET6_ADDRSTRLEN, ip,
		    addr_port(a));
	else
		memcpy(out, ip, sizeof(ip));
}

/* --- brief ------------------------------------------------------------------------ */

struct addr_brief
addr_shorten(const struct addr *a)
{
	struct addr_brief brief = { .sa.sa_family = AF_UNSPEC };

	switch (a->len == 0 ? AF_UNSPEC : a->sa.sa_family) {
	case AF_INET:
		brief.in = a->in;
		break;
	case AF_INET6:
		brief.in6 = a->in6;
		break;
	case AF_UNIX:
		brief.un.family = AF_UNIX;
		brief.un.whole = mem_alloc(sizeof(*a));
		*brief.un.whole = *a;
		break;
	}
	return brief;
}

void
addr_brief_fini(struct addr_brief *brief)
{
	if (brief->sa.sa_family == AF_UNIX)
		mem_free(brief->un.whole);
	brief->sa.sa_family = AF_UNSPEC;
}

const struct addr *
addr_whole(const struct addr_brief *brief, struct addr *room)
{
	switch (brief->sa.sa_family) {
	case AF_INET:
		room->in = brief->in;
		room->len = sizeof(room->in);
		return room;
	case AF_INET6:
		room->in6 = brief->in6;
		room->len = sizeof(room->in6);
		return room;
	case AF_UNIX:
		return brief->un.whole;
	default:
		room->sa.sa_family = AF_UNSPEC;
		room->len = 0;
		return room;
	}
}

/* --- looking ---------------------------------------------------------------------- */

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->in.sin_port == b->in.sin_port &&
		    a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	case AF_INET6:
		return a->in6.sin6_port == b->in6.sin6_port &&
		    a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		    memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr,
		    sizeof(a->in6.sin6_addr)) == 0;
	case AF_UNIX:
		return a->len == b->len && memcmp(&a->un, &b->un, a->len) == 0;
	default:
		return a->len == 0 && b->len == 0;
	}
}

bool
addr_is_same_host(const struct addr *a, const struct addr *b)
{
	struct addr x = *a, y = *b;

	if (a->len == 0 || a->sa.sa_family == AF_UNIX)
		return false;
	addr_set_port(&x, 0);
	addr_set_port(&y, 0);
	return addr_eq(&x, &y);
}

int
addr_port(const struct addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return ntohs(a->in.sin_port);
	case AF_INET6:
		return ntohs(a->in6.sin6_port);
	default:
		return 0;
	}
}

void
addr_set_port(struct addr *a, int port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons((uint16_t)port);
	else if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons((uint16_t)port);
}

void
addr_unmap(struct addr *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (a->sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return;
	in.sin_port = a->in6.sin6_port;
	memcpy(&in.sin_addr, a->in6.sin6_addr.s6_addr + 12,
	    sizeof(in.sin_addr));
	*a = (struct addr){ .in = in, .len = sizeof(in) };
}

bool
addr_is_loopback(const struct addr *a)
{
	struct addr plain = *a;

	addr_unmap(&plain);
	switch (plain.sa.sa_family) {
	case AF_INET:
		return ntohl(plain.in.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&plain.in6.sin6_addr);
	default:
		return plain.sa.sa_family == AF_UNIX;
	}
}

bool
addr_is_any(const struct addr *a)
{
	struct addr plain = *a;

	addr_unmap(&plain);
	if (plain.sa.sa_family == AF_INET)
		return plain.len != 0 && plain.in.sin_addr.s_addr == INADDR_ANY;
	return plain.sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&plain.in6.sin6_addr);
}
