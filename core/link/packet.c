#include "base/check.h"
#include "link/packet.h"

#define HEADER	4
#define FLOW	4

/* META as in frame.h, whose other types do not stand here. */
enum packet_type {
	TYPE_META = 1, TYPE_DATAGRAM = 5, TYPE_CLOSE = 6, TYPE_DRAIN = 7
};

void
packet_reader_init(struct packet_reader *r, bool wants_meta, char *room)
{
	*r = (struct packet_reader){ .wants_meta = wants_meta, .room = room };
}

static uint32_t
number(const unsigned char *p, int bytes)
{
	uint32_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

/* Bytes of the front, where they are or as a copy. */
static struct slice
view(const struct packet_reader *r, const struct buf *in, size_t from, size_t len)
{
	struct slice front = buf_front(in);
	struct buf_seg *it = NULL;
	size_t done = 0;

	if (front.len >= from + len)
		return slice_of(front.ptr + from, len);
	for (struct slice s; done < len && buf_next(in, &it, &s);) {
		size_t skip = from < s.len ? from : s.len;

		from -= skip;
		for (size_t i = skip; i < s.len && done < len; i++)
			r->room[done++] = s.ptr[i];
	}
	return slice_of(r->room, len);
}

static enum packet_event
take_meta(struct packet_reader *r, const struct buf *in, size_t len,
    struct packet *out)
{
	if (!r->wants_meta || r->has_begun || len > PACKET_META_MAX)
		return PACKET_BAD;
	if (buf_len(in) < HEADER + len)
		return PACKET_MORE;
	out->bytes = view(r, in, HEADER, len);
	r->has_begun = true;
	r->taken = HEADER + len;
	return PACKET_GOT_META;
}

static enum packet_event
take_flow(struct packet_reader *r, const struct buf *in, size_t len, size_t most,
    struct packet *out)
{
	if (len < FLOW || len > FLOW + most)
		return PACKET_BAD;
	if (buf_len(in) < HEADER + len)
		return PACKET_MORE;
	unsigned char id[HEADER + FLOW];

	buf_copy_out(in, id, sizeof(id));
	out->flow = number(id + HEADER, FLOW);
	out->bytes = view(r, in, HEADER + FLOW, len - FLOW);
	r->taken = HEADER + len;
	return most > 0 ? PACKET_GOT_DATAGRAM : PACKET_GOT_CLOSE;
}

enum packet_event
packet_read(struct packet_reader *r, struct buf *in, struct packet *out)
{
	unsigned char h[HEADER];

	buf_drain(in, r->taken);
	r->taken = 0;
	if (buf_len(in) < HEADER)
		return PACKET_MORE;
	buf_copy_out(in, h, HEADER);
	size_t len = number(h + 1, 3);

	if (h[0] == TYPE_META)
		return take_meta(r, in, len, out);
	if (r->wants_meta && !r->has_begun)
		return PACKET_BAD;
	switch (h[0]) {
	case TYPE_DATAGRAM:
		return take_flow(r, in, len, PACKET_MAX, out);
	case TYPE_CLOSE:
		return take_flow(r, in, len, 0, out);
	case TYPE_DRAIN:
		r->taken = HEADER;
		return len == 0 && !r->wants_meta ? PACKET_GOT_DRAIN :
		    PACKET_BAD;
	default:
		return PACKET_BAD;
	}
}

/* --- writing ------------------------------------------------------------------ */

static void
put_header(struct buf *out, enum packet_type type, size_t len)
{
	const unsigned char h[HEADER] = {
		(unsigned char)type, (unsigned char)(len >> 16),
		(unsigned char)(len >> 8), (unsigned char)len,
	};

	buf_add(out, h, HEADER);
}

static void
put_flow(struct buf *out, uint32_t flow)
{
	const unsigned char id[FLOW] = {
		(unsigned char)(flow >> 24), (unsigned char)(flow >> 16),
		(unsigned char)(flow >> 8), (unsigned char)flow,
	};

	buf_add(out, id, FLOW);
}

void
packet_put_meta(struct buf *out, const char *meta, size_t meta_len)
{
	check(meta_len <= PACKET_META_MAX);
	put_header(out, TYPE_META, meta_len);
	buf_add(out, meta, meta_len);
}

void
packet_put_datagram(struct buf *out, uint32_t flow, struct slice bytes)
{
	check(bytes.len <= PACKET_MAX);
	put_header(out, TYPE_DATAGRAM, FLOW + bytes.len);
	put_flow(out, flow);
	buf_add_slice(out, bytes);
}

void
packet_put_close(struct buf *out, uint32_t flow)
{
	put_header(out, TYPE_CLOSE, FLOW);
	put_flow(out, flow);
}

void
packet_put_drain(struct buf *out)
{
	put_header(out, TYPE_DRAIN, 0);
}
