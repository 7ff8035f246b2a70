#include <arpa/inet.h>
#include <string.h>

#include "base/check.h"
#include "net/proxy_protocol.h"

#define V2_HEAD		16
#define V2_LOCAL	0x20
#define V2_PROXY	0x21
#define V2_UNSPEC	0x00
#define V2_TCP4		0x11
#define V2_TCP6		0x21
#define V2_UNIX		0x31
#define TLV_HEAD	3
#define CRC_LEN		4

#define AUTHORITY_MAX	255
#define UNIQUE_ID_MAX	128
#define IDENTITY_MAX	2048

static const struct slice v1_mark = SLICE("PROXY ");
static const struct slice v2_mark = {
	"\r\n\r\n\0\r\nQUIT\n", 12
};

/* --- version 1 ------------------------------------------------------------- */

/* Decimal, without signs or leading zeros. */
static bool
take_port(struct slice text, struct addr *a)
{
	uint64_t n;

	if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[0] == '0') ||
	    !slice_u64(text, &n) || n > UINT16_MAX)
		return false;
	addr_set_port(a, (int)n);
	return true;
}

static bool
take_ip(struct slice text, int family, struct addr *a)
{
	char z[INET6_ADDRSTRLEN];

	*a = (struct addr){ 0 };
	if (text.len == 0 || text.len >= sizeof(z))
		return false;
	memcpy(z, text.ptr, text.len);
	z[text.len] = '\0';
	a->sa.sa_family = (sa_family_t)family;
	a->len = family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
	return inet_pton(family, z, family == AF_INET ?
	    (void *)&a->in.sin_addr : (void *)&a->in6.sin6_addr) == 1;
}

/* Behind "PROXY ", without the end of the line. */
static bool
parse_line(struct proxy_header *h, struct slice line)
{
	struct slice kind, v[4];
	int family;

	slice_cut(&line, ' ', &kind);
	if (slice_is(kind, "UNKNOWN")) {
		h->is_local = true;	/* the rest must be passed over */
		return true;
	}
	family = slice_is(kind, "TCP4") ? AF_INET :
	    slice_is(kind, "TCP6") ? AF_INET6 : AF_UNSPEC;
	for (size_t i = 0; i < 4; i++)
		if (!slice_cut(&line, ' ', &v[i]))
			return false;
	return family != AF_UNSPEC && line.ptr == NULL &&
	    take_ip(v[0], family, &h->from) && take_ip(v[1], family, &h->to) &&
	    take_port(v[2], &h->from) && take_port(v[3], &h->to);
}

static ptrdiff_t
parse_v1(struct proxy_header *h, struct slice in)
{
	struct slice head = in.len > PROXY_V1_MAX ?
	    slice_of(in.ptr, PROXY_V1_MAX) : in;
	ptrdiff_t cr = slice_find(head, '\r');
	size_t mark = v1_mark.len;

	if (cr < 0)
		return in.len >= PROXY_V1_MAX ? -1 : 0;
	if ((size_t)cr + 1 == head.len)
		return in.len >= PROXY_V1_MAX ? -1 : 0;
	if (head.ptr[cr + 1] != '\n')
		return -1;
	h->version = PROXY_V1;
	if (!parse_line(h, slice_of(in.ptr + mark, (size_t)cr - mark)))
		return -1;
	return cr + 2;
}

static void
put_v1(struct str *out, const struct proxy_header *h)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

	if (h->is_local) {
		str_add(out, "PROXY UNKNOWN\r\n");
		return;
	}
	addr_format_ip(&h->from, from);
	addr_format_ip(&h->to, to);
	str_addf(out, "PROXY TCP%d %s %s %d %d\r\n",
	    h->from.sa.sa_family == AF_INET ? 4 : 6, from, to,
	    addr_port(&h->from), addr_port(&h->to));
}

/* --- version 2 ------------------------------------------------------------- */

static size_t
be16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Castagnoli's polynomial, reflected (RFC 3720, appendix B.4). */
static uint32_t
crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1u)));
	}
	return crc;
}

/* Of the whole header, with zeros in place of the checksum itself. */
static uint32_t
checksum(const uint8_t *p, size_t len, size_t crc_at)
{
	static const uint8_t zeros[CRC_LEN];
	uint32_t crc = crc32c(~0u, p, crc_at);

	crc = crc32c(crc, zeros, sizeof(zeros));
	return ~crc32c(crc, p + crc_at + CRC_LEN, len - crc_at - CRC_LEN);
}

static bool
is_intact(const uint8_t *p, size_t len, size_t crc_at)
{
	uint32_t crc = (uint32_t)be16(p + crc_at) << 16 |
	    (uint32_t)be16(p + crc_at + 2);

	return checksum(p, len, crc_at) == crc;
}

static bool
take_tlvs(struct proxy_header *h, const uint8_t *p, size_t at, size_t end)
{
	size_t crc_at = 0;

	while (at < end) {
		if (end - at < TLV_HEAD || end - at - TLV_HEAD < be16(p + at + 1))
			return false;
		size_t len = be16(p + at + 1);
		struct slice value = slice_of((const char *)p + at + TLV_HEAD,
		    len);

		switch (p[at]) {
		case PROXY_TLV_AUTHORITY:
			h->authority = value;
			break;
		case PROXY_TLV_UNIQUE_ID:
			if (len > UNIQUE_ID_MAX)
				return false;
			h->unique_id = value;
			break;
		case PROXY_TLV_IDENTITY:
			h->identity = value;
			break;
		case PROXY_TLV_CRC32C:
			if (len != CRC_LEN || crc_at != 0)
				return false;
			crc_at = at + TLV_HEAD;
			break;
		default:
			break;
		}
		at += TLV_HEAD + len;
	}
	return crc_at == 0 || is_intact(p, end, crc_at);
}

static void
take_addr(struct addr *a, const uint8_t *ip, const uint8_t *port, bool is_v4)
{
	*a = (struct addr){ 0 };
	if (is_v4) {
		a->in.sin_family = AF_INET;
		memcpy(&a->in.sin_addr, ip, 4);
		a->len = sizeof(a->in);
	} else {
		a->in6.sin6_family = AF_INET6;
		memcpy(&a->in6.sin6_addr, ip, 16);
		a->len = sizeof(a->in6);
	}
	addr_set_port(a, (int)be16(port));
}

/* The length of both addresses with their ports, or -1. */
static ptrdiff_t
take_addrs(struct proxy_header *h, const uint8_t *p, size_t len)
{
	size_t ip = p[13] == V2_TCP4 ? 4 : 16;
	const uint8_t *at = p + V2_HEAD;

	switch (p[13]) {
	case V2_UNSPEC:
		h->is_local = true;
		return 0;
	case V2_UNIX:
		h->is_local = true;
		return len < 216 ? -1 : 216;
	case V2_TCP4:
	case V2_TCP6:
		if (len < 2 * ip + 4)
			return -1;
		take_addr(&h->from, at, at + 2 * ip, ip == 4);
		take_addr(&h->to, at + ip, at + 2 * ip + 2, ip == 4);
		return (ptrdiff_t)(2 * ip + 4);
	default:
		return -1;	/* datagrams, and what is not assigned */
	}
}

static ptrdiff_t
parse_v2(struct proxy_header *h, struct slice in)
{
	const uint8_t *p = (const uint8_t *)in.ptr;
	ptrdiff_t addrs;
	size_t len;

	if (in.len > 12 && p[12] != V2_LOCAL && p[12] != V2_PROXY)
		return -1;
	if (in.len < V2_HEAD)
		return 0;
	len = be16(p + 14);
	if (V2_HEAD + len > PROXY_V2_MAX)
		return -1;
	if (in.len < V2_HEAD + len)
		return 0;
	h->version = PROXY_V2;
	h->is_local = p[12] == V2_LOCAL;
	if (h->is_local)	/* all the rest is to be passed over */
		return (ptrdiff_t)(V2_HEAD + len);
	addrs = take_addrs(h, p, len);
	if (addrs < 0 || !take_tlvs(h, p, V2_HEAD + (size_t)addrs, V2_HEAD + len))
		return -1;
	return (ptrdiff_t)(V2_HEAD + len);
}

static void
put_byte(struct str *out, unsigned byte)
{
	str_add_char(out, (char)(byte & 0xff));
}

static void
put16(struct str *out, size_t n)
{
	put_byte(out, (unsigned)(n >> 8));
	put_byte(out, (unsigned)n);
}

static void
put_tlv(struct str *out, enum proxy_tlv type, struct slice value, size_t max)
{
	if (value.len == 0 || value.len > max)
		return;
	put_byte(out, type);
	put16(out, value.len);
	str_add_slice(out, value);
}

static void
put_ip(struct str *out, const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		str_add_slice(out, slice_of((const char *)&a->in.sin_addr, 4));
	else
		str_add_slice(out, slice_of((const char *)&a->in6.sin6_addr, 16));
}

static void
put_v2(struct str *out, const struct proxy_header *h)
{
	size_t start = out->len, crc_at;
	bool is_silent = h->is_local && h->authority.len + h->unique_id.len +
	    h->identity.len == 0;

	str_add_slice(out, v2_mark);
	put_byte(out, is_silent ? V2_LOCAL : V2_PROXY);
	put_byte(out, h->is_local ? V2_UNSPEC :
	    h->from.sa.sa_family == AF_INET ? V2_TCP4 : V2_TCP6);
	put16(out, 0);
	if (!h->is_local) {
		put_ip(out, &h->from);
		put_ip(out, &h->to);
		put16(out, (size_t)addr_port(&h->from));
		put16(out, (size_t)addr_port(&h->to));
	}
	put_tlv(out, PROXY_TLV_AUTHORITY, h->authority, AUTHORITY_MAX);
	put_tlv(out, PROXY_TLV_UNIQUE_ID, h->unique_id, UNIQUE_ID_MAX);
	put_tlv(out, PROXY_TLV_IDENTITY, h->identity, IDENTITY_MAX);
	put_tlv(out, PROXY_TLV_CRC32C, slice_of("\0\0\0\0", CRC_LEN), CRC_LEN);
	crc_at = out->len - CRC_LEN;

	uint8_t *p = (uint8_t *)out->ptr + start;
	size_t len = out->len - start;

	p[14] = (uint8_t)((len - V2_HEAD) >> 8);
	p[15] = (uint8_t)(len - V2_HEAD);

	uint32_t crc = checksum(p, len, crc_at - start);

	for (size_t i = 0; i < CRC_LEN; i++)
		p[crc_at - start + i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* --- either ---------------------------------------------------------------- */

static bool
is_begun(struct slice in, struct slice mark)
{
	size_t n = in.len < mark.len ? in.len : mark.len;

	return memcmp(in.ptr, mark.ptr, n) == 0;
}

ptrdiff_t
proxy_header_parse(struct proxy_header *h, struct slice in)
{
	ptrdiff_t n;

	*h = (struct proxy_header){ 0 };
	if (in.len == 0)
		return 0;
	if (is_begun(in, v2_mark))
		n = in.len < v2_mark.len ? 0 : parse_v2(h, in);
	else if (is_begun(in, v1_mark))
		n = in.len < v1_mark.len ? 0 : parse_v1(h, in);
	else
		n = -1;
	if (n > 0 && !h->is_local) {
		addr_unmap(&h->from);
		addr_unmap(&h->to);
	}
	return n;
}

static bool
is_ip(const struct addr *a)
{
	return a->len > 0 && (a->sa.sa_family == AF_INET ||
	    a->sa.sa_family == AF_INET6);
}

/* IPv4 as IPv6, for a pair of which one is. */
static void
map(struct addr *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	struct addr six = { .in6 = { .sin6_family = AF_INET6 },
	    .len = sizeof(six.in6) };

	if (a->sa.sa_family == AF_INET6)
		return;
	memcpy(six.in6.sin6_addr.s6_addr, prefix, sizeof(prefix));
	memcpy(six.in6.sin6_addr.s6_addr + sizeof(prefix), &a->in.sin_addr, 4);
	addr_set_port(&six, addr_port(a));
	*a = six;
}

void
proxy_header_put(struct str *out, const struct proxy_header *from)
{
	struct proxy_header h = *from;

	check(h.version != PROXY_NONE);
	h.is_local = h.is_local || !is_ip(&h.from) || !is_ip(&h.to);
	if (!h.is_local && h.from.sa.sa_family != h.to.sa.sa_family) {
		map(&h.from);
		map(&h.to);
	}
	if (h.version == PROXY_V1)
		put_v1(out, &h);
	else
		put_v2(out, &h);
}
