#include <string.h>

#include "cmd/echo/sha1.h"
#include "cmd/echo/websocket.h"
#include "pki/base64.h"

#define GUID		"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define PIECE		4096

#define FIN		0x80u
#define IS_CONTROL	0x08u
#define CLOSE		0x8u
#define PING		0x9u
#define PONG		0xau

static bool
is_listed(struct slice list, struct slice word)
{
	struct slice each;

	while (slice_cut(&list, ',', &each))
		if (slice_ieq(slice_trim(each), word))
			return true;
	return false;
}

bool
websocket_accept(struct websocket *w, const struct message *m, struct str *out)
{
	struct slice key = message_field(m, "sec-websocket-key");
	uint8_t hash[SHA1_LEN];
	struct str text = { 0 };

	if (!slice_is(m->method, "GET") || m->minor == 0 || key.len == 0 ||
	    !slice_is(message_field(m, "sec-websocket-version"), "13") ||
	    !is_listed(message_field(m, "upgrade"), SLICE("websocket")) ||
	    !is_listed(message_field(m, "connection"), SLICE("upgrade")))
		return false;
	*w = (struct websocket){ 0 };
	str_add_slice(&text, key);
	str_add(&text, GUID);
	sha1(hash, str_slice(&text));
	str_fini(&text);
	str_add(out, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: ");
	base64_add(out, BASE64_STD, slice_of((const char *)hash, sizeof(hash)));
	str_add(out, "\r\n\r\n");
	return true;
}

/* 1002: who does not mask, or asks for what was not agreed on. */
static size_t
refuse(struct websocket *w, struct slice in, struct str *out)
{
	str_add_slice(out, slice_of("\x88\x02\x03\xea", 4));
	w->is_done = true;
	return in.len;
}

/* The bytes of its length, as they came. */
static void
put_head(struct str *out, unsigned first, const uint8_t *p, size_t extra)
{
	str_add_char(out, (char)first);
	str_add_char(out, (char)(p[1] & 0x7fu));
	str_add_slice(out, slice_of((const char *)p + 2, extra));
}

static size_t
take_head(struct websocket *w, struct slice in, struct str *out)
{
	const uint8_t *p = (const uint8_t *)in.ptr;
	unsigned kind;
	size_t extra;

	if (in.len < 2)
		return 0;
	kind = p[0] & 0x0fu;
	extra = (p[1] & 0x7f) == 127 ? 8 : (p[1] & 0x7f) == 126 ? 2 : 0;
	if ((p[0] & 0x70) != 0 || (p[1] & 0x80) == 0 ||
	    ((kind & IS_CONTROL) != 0 && ((p[0] & FIN) == 0 || extra > 0)))
		return refuse(w, in, out);
	if (in.len < 2 + extra + sizeof(w->mask))
		return 0;
	w->left = extra == 0 ? p[1] & 0x7fu : 0;
	for (size_t i = 0; i < extra; i++)
		w->left = w->left << 8 | p[2 + i];
	memcpy(w->mask, p + 2 + extra, sizeof(w->mask));
	w->turn = 0;
	w->is_dropped = kind == PONG;
	w->is_close = kind == CLOSE;
	if (!w->is_dropped)
		put_head(out, kind == PING ? FIN | PONG : p[0], p, extra);
	w->is_done = w->is_close && w->left == 0;
	return 2 + extra + sizeof(w->mask);
}

static size_t
take_payload(struct websocket *w, struct slice in, struct str *out)
{
	char piece[PIECE];
	size_t n = in.len < sizeof(piece) ? in.len : sizeof(piece);

	if (n > w->left)
		n = (size_t)w->left;
	for (size_t i = 0; i < n; i++)
		piece[i] = (char)((uint8_t)in.ptr[i] ^ w->mask[w->turn++ % 4]);
	w->left -= n;
	if (!w->is_dropped)
		str_add_slice(out, slice_of(piece, n));
	w->is_done = w->is_close && w->left == 0;
	return n;
}

size_t
websocket_feed(struct websocket *w, struct slice in, struct str *out)
{
	return w->left > 0 ? take_payload(w, in, out) : take_head(w, in, out);
}
