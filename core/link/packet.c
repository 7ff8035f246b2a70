#include "base/check.h"
#include "link/frame.h"
#include "link/packet.h"

#define HEADER	FRAME_HEADER
#define FLOW	4

/* Beside FRAME_META; the other types of frames do not stand here. */
enum packet_type { TYPE_DATAGRAM = 5, TYPE_CLOSE = 6, TYPE_DRAIN = 7 };

void
packet_reader_init(struct packet_reader *r, bool wants_meta, char *room)
{
	*r = (struct packet_reader){ .wants_meta = wants_meta, .room = room };
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
	unsigned char head[HEADER + FLOW], *id = head + HEADER;

	buf_copy_out(in, head, sizeof(head));
	out->flow = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 |
	    (uint32_t)id[2] << 8 | id[3];
	out->bytes = view(r, in, HEADER + FLOW, len - FLOW);
	r->taken = HEADER + len;
	return most > 0 ? PACKET_GOT_DATAGRAM : PACKET_GOT_CLOSE;
}

enum packet_event
packet_read(struct packet_reader *r, struct buf *in, struct packet *out)
{
	size_t len;

	buf_drain(in, r->taken);
	r->taken = 0;
	if (buf_len(in) < HEADER)
		return PACKET_MORE;
	unsigned char type = frame_peek_header(in, &len);

	if (type == FRAME_META)
		return take_meta(r, in, len, out);
	if (r->wants_meta && !r->has_begun)
		return PACKET_BAD;
	switch (type) {
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
	frame_put_header(out, FRAME_META, meta_len);
	buf_add(out, meta, meta_len);
}

void
packet_put_datagram(struct buf *out, uint32_t flow, struct slice bytes)
{
	check(bytes.len <= PACKET_MAX);
	frame_put_header(out, TYPE_DATAGRAM, FLOW + bytes.len);
	put_flow(out, flow);
	buf_add_slice(out, bytes);
}

void
packet_put_close(struct buf *out, uint32_t flow)
{
	frame_put_header(out, TYPE_CLOSE, FLOW);
	put_flow(out, flow);
}

void
packet_put_drain(struct buf *out)
{
	frame_put_header(out, TYPE_DRAIN, 0);
}
