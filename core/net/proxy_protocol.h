#ifndef NET_PROXY_PROTOCOL_H
#define NET_PROXY_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/str.h"
#include "net/addr.h"

/*
 * proxy_protocol: what a proxy says first on a connection about the one that it
 * accepted: HAProxy's PROXY protocol, version 1 (a line) and 2 (binary).
 * "The PROXY protocol", Willy Tarreau, 2020; sections are of that text.
 *
 * Whoever speaks it can claim any address: parse it only for peers that are
 * trusted.  A header that is there in part is told from one that is wrong as
 * soon as a byte says so, so that the first bytes may come one by one.
 */
enum proxy_version { PROXY_NONE, PROXY_V1, PROXY_V2 };

#define PROXY_V1_MAX	107	/* bytes; section 2.1 */
#define PROXY_V2_MAX	4096	/* ours; the format would allow 65,551 */

/* What may stand behind the addresses of version 2 (section 2.2). */
enum proxy_tlv {
	PROXY_TLV_ALPN		= 0x01,
	PROXY_TLV_AUTHORITY	= 0x02,	/* the host that the client asked for */
	PROXY_TLV_CRC32C	= 0x03,
	PROXY_TLV_NOOP		= 0x04,
	PROXY_TLV_UNIQUE_ID	= 0x05,	/* at most 128 bytes */
	PROXY_TLV_IDENTITY	= 0xe0	/* ours, of the range for applications: the
					   client's SPIFFE ID */
};

struct proxy_header {
	enum proxy_version version;
	/*
	 * LOCAL, UNKNOWN, or a kind of address that is not IP: the connection
	 * stands for itself, as a health check does.
	 */
	bool         is_local;
	struct addr  from, to;	/* unless is_local; IPv4 in IPv6 is IPv4 */
	struct slice authority, unique_id, identity;	/* version 2; may be empty */
};

/*
 * Returns the length of the header that in begins with, 0 if more bytes are
 * needed, or -1.  Slices point into in.  TLVs that are not known are passed over,
 * as section 2.2 says; a checksum is checked.
 */
ptrdiff_t proxy_header_parse(struct proxy_header *, struct slice in);
/*
 * Appends a header of its version.  What is too long for one (an authority of
 * more than 255 bytes, an id of more than 128, an identity of more than 2,048) is
 * left out.  Addresses that are not IP become UNKNOWN, or no address.
 */
void proxy_header_put(struct str *, const struct proxy_header *);

#endif
