#include "tls/hello.h"

#include <stdint.h>
#include <string.h>

#include "tls/aead.h"

#define EXT_SERVER_NAME	0
#define EXT_SIGNATURES	13
#define EXT_ALPN	16
#define RSA_SHA256	0x0401	/* RFC 5246, section 7.4.1.4.1 */
#define ECDSA_SHA256	0x0403

/* Cuts len bytes off; latches failure as an absent rest. */
static struct slice
cut(struct slice *rest, size_t len)
{
	struct slice part = SLICE_NONE;

	if (rest->ptr == NULL || rest->len < len) {
		*rest = SLICE_NONE;
		return part;
	}
	part = slice_of(rest->ptr, len);
	*rest = slice_from(*rest, len);
	return part;
}

static size_t
cut_number(struct slice *rest, size_t bytes)
{
	struct slice s = cut(rest, bytes);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n = n << 8 | (uint8_t)s.ptr[i];
	return n;
}

/* A vector: its length in so many bytes, then itself. */
static struct slice
cut_vector(struct slice *rest, size_t bytes)
{
	size_t len = cut_number(rest, bytes);

	return cut(rest, len);
}

/* RFC 6066, section 3: one list with one host name. */
static bool
parse_sni(struct hello *h, struct slice ext)
{
	struct slice list = cut_vector(&ext, 2);
	size_t type = cut_number(&list, 1);

	h->sni = cut_vector(&list, 2);
	return type == 0 && h->sni.len > 0 && list.ptr != NULL &&
	    list.len == 0 && ext.ptr != NULL && ext.len == 0;
}

/* RFC 7301, section 3.1. */
static bool
parse_alpn(struct hello *h, struct slice ext)
{
	struct slice rest;

	h->protocols = rest = cut_vector(&ext, 2);
	while (rest.ptr != NULL && rest.len > 0)
		cut_vector(&rest, 1);
	return rest.ptr != NULL && ext.ptr != NULL && ext.len == 0;
}

/* RFC 5246, section 7.4.1.4.1. */
static bool
parse_signatures(struct hello *h, struct slice ext)
{
	h->signatures = cut_vector(&ext, 2);
	return ext.ptr != NULL && ext.len == 0 && h->signatures.len % 2 == 0;
}

static bool
parse_extensions(struct hello *h, struct slice exts)
{
	while (exts.len > 0) {
		size_t type = cut_number(&exts, 2);
		struct slice ext = cut_vector(&exts, 2);

		if (ext.ptr == NULL)
			return false;
		if (type == EXT_SERVER_NAME &&
		    (h->sni.ptr != NULL || !parse_sni(h, ext)))
			return false;
		if (type == EXT_ALPN &&
		    (h->protocols.ptr != NULL || !parse_alpn(h, ext)))
			return false;
		if (type == EXT_SIGNATURES &&
		    (h->signatures.ptr != NULL || !parse_signatures(h, ext)))
			return false;
	}
	return exts.ptr != NULL;
}

#define RECORD_HANDSHAKE	22
#define CLIENT_HELLO	1

/* One message: its type, its length in three bytes, its body. */
static bool
parse_message(struct hello *h, struct slice rest)
{
	struct slice body;

	h->sni = h->protocols = h->suites = h->signatures = SLICE_NONE;
	if (cut_number(&rest, 1) != CLIENT_HELLO)
		return false;
	body = cut_vector(&rest, 3);
	if (rest.ptr == NULL || rest.len != 0)
		return false;
	cut(&body, 2 + 32);		/* version, random */
	cut_vector(&body, 1);		/* session */
	h->suites = cut_vector(&body, 2);
	cut_vector(&body, 1);		/* compression */
	if (body.ptr == NULL || body.len == 0)
		return body.ptr != NULL;
	rest = cut_vector(&body, 2);
	return rest.ptr != NULL && body.len == 0 && parse_extensions(h, rest);
}

bool
hello_parse(struct hello *h, const struct buf *raw)
{
	size_t len = buf_len(raw) < HELLO_MAX ? buf_len(raw) : HELLO_MAX;
	struct slice rest = slice_of(h->bytes, len);

	h->sni = h->protocols = h->suites = h->signatures = SLICE_NONE;
	buf_copy_out(raw, h->bytes, len);
	if (cut_number(&rest, 1) != RECORD_HANDSHAKE || cut_number(&rest, 1) != 3)
		return false;
	cut_number(&rest, 1);
	return parse_message(h, cut_vector(&rest, 2));
}

/* --- peeking -------------------------------------------------------------- */

struct joining {
	unsigned char bytes[HELLO_PEEK_MAX];
	size_t        len;
};

/* How long the message is that begins there; 0: more is needed to know. */
static size_t
wanted(const struct joining *j)
{
	return j->len < 4 ? 0 : 4 + ((size_t)j->bytes[1] << 16 |
	    (size_t)j->bytes[2] << 8 | j->bytes[3]);
}

/* Takes what there is of the next record; MORE: it ends, or the bytes do. */
static enum hello_state
join_record(struct joining *j, struct slice *rest)
{
	const unsigned char *head = (const unsigned char *)rest->ptr;
	size_t len, n;

	if ((rest->len > 0 && head[0] != RECORD_HANDSHAKE) ||
	    (rest->len > 1 && head[1] != 3))
		return HELLO_BAD;
	if (rest->len < 5) {
		*rest = slice_from(*rest, rest->len);
		return HELLO_MORE;
	}
	len = (size_t)head[3] << 8 | head[4];
	n = rest->len - 5 < len ? rest->len - 5 : len;
	if (len == 0 || len > HELLO_PEEK_MAX || n > sizeof(j->bytes) - j->len)
		return HELLO_BAD;
	memcpy(j->bytes + j->len, head + 5, n);
	j->len += n;
	*rest = slice_from(*rest, 5 + n);
	return HELLO_MORE;
}

static enum hello_state
take_name(const struct hello *h, char *name)
{
	if (h->sni.len >= HELLO_NAME_MAX)
		return HELLO_BAD;
	for (size_t i = 0; i < h->sni.len; i++) {
		char c = h->sni.ptr[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if (c == '\0' || strchr("abcdefghijklmnopqrstuvwxyz0123456789"
		    "-_.", c) == NULL)
			return HELLO_BAD;
		name[i] = c;
	}
	name[h->sni.len] = '\0';
	return HELLO_NAMED;
}

enum hello_state
hello_name(struct slice raw, char name[HELLO_NAME_MAX])
{
	struct joining j = { .len = 0 };
	struct hello h;

	while (raw.len > 0 && (j.len < 4 || j.len < wanted(&j)))
		if (join_record(&j, &raw) == HELLO_BAD)
			return HELLO_BAD;
	if (j.len > 0 && j.bytes[0] != CLIENT_HELLO)
		return HELLO_BAD;
	if (wanted(&j) > sizeof(j.bytes))
		return HELLO_BAD;
	if (j.len < 4 || j.len < wanted(&j))
		return HELLO_MORE;
	if (!parse_message(&h, slice_of(j.bytes, wanted(&j))))
		return HELLO_BAD;
	return take_name(&h, name);
}

static bool
takes_suite(const struct hello *h, bool is_rsa)
{
	struct slice rest = h->suites;

	while (rest.len > 0) {
		uint16_t suite = (uint16_t)cut_number(&rest, 2);

		if (is_rsa ? aead_of_rsa(suite) != 0 : aead_is_known(suite))
			return true;
	}
	return false;
}

static bool
takes_signature(const struct hello *h, size_t wanted)
{
	struct slice rest = h->signatures;

	while (rest.len > 0)
		if (cut_number(&rest, 2) == wanted)
			return true;
	return h->signatures.ptr == NULL;
}

bool
hello_takes(const struct hello *h, bool is_rsa)
{
	return takes_suite(h, is_rsa) && takes_signature(h, is_rsa ?
	    RSA_SHA256 : ECDSA_SHA256);
}

const char *
hello_choose(const struct hello *h, const char *const *ours)
{
	for (; ours != NULL && *ours != NULL; ours++) {
		struct slice rest = h->protocols;

		while (rest.ptr != NULL && rest.len > 0) {
			if (slice_is(cut_vector(&rest, 1), *ours))
				return *ours;
		}
	}
	return "";
}
