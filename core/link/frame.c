#include "base/check.h"
#include "link/frame.h"

unsigned char
frame_peek_header(const struct buf *in, size_t *len)
{
	unsigned char h[FRAME_HEADER];

	buf_copy_out(in, h, FRAME_HEADER);
	*len = (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
	return h[0];
}

void
frame_put_header(struct buf *out, unsigned char type, size_t len)
{
	const unsigned char h[FRAME_HEADER] = {
		type, (unsigned char)(len >> 16), (unsigned char)(len >> 8),
		(unsigned char)len,
	};

	buf_add(out, h, FRAME_HEADER);
}

void
frame_reader_init(struct frame_reader *r, bool wants_meta)
{
	*r = (struct frame_reader){ .wants_meta = wants_meta };
}

static enum frame_event
take_data(struct frame_reader *r, struct buf *in, struct buf *data)
{
	size_t n = buf_len(in) < r->left ? buf_len(in) : r->left;

	if (n == 0)
		return FRAME_MORE;
	buf_move_n(data, in, n);
	r->left -= (uint32_t)n;
	return FRAME_GOT_DATA;
}

static enum frame_event
take_meta(struct frame_reader *r, struct buf *in, size_t len, char *meta,
    size_t *meta_len)
{
	if (!r->wants_meta || r->has_begun || len > FRAME_META_MAX)
		return FRAME_BAD;
	if (buf_len(in) < FRAME_HEADER + len)
		return FRAME_MORE;
	buf_drain(in, FRAME_HEADER);
	buf_copy_out(in, meta, len);
	buf_drain(in, len);
	*meta_len = len;
	r->has_begun = true;
	return FRAME_GOT_META;
}

static enum frame_event
take_end(struct frame_reader *r, struct buf *in, size_t len,
    enum frame_event event)
{
	if (len != 0)
		return FRAME_BAD;
	buf_drain(in, FRAME_HEADER);
	r->ended = true;
	return event;
}

enum frame_event
frame_read(struct frame_reader *r, struct buf *in, struct buf *data,
    char *meta, size_t *meta_len)
{
	size_t len;

	if (r->left > 0)
		return take_data(r, in, data);
	if (r->ended)
		return buf_len(in) > 0 ? FRAME_BAD : FRAME_MORE;
	if (buf_len(in) < FRAME_HEADER)
		return FRAME_MORE;
	unsigned char type = frame_peek_header(in, &len);

	if (type == FRAME_META)
		return take_meta(r, in, len, meta, meta_len);
	if (r->wants_meta && !r->has_begun)
		return FRAME_BAD;
	switch (type) {
	case FRAME_DATA:
		/* An empty one would cost without carrying anything. */
		if (len == 0 || len > FRAME_DATA_MAX)
			return FRAME_BAD;
		buf_drain(in, FRAME_HEADER);
		r->left = (uint32_t)len;
		return take_data(r, in, data);
	case FRAME_END:
		return take_end(r, in, len, FRAME_GOT_END);
	case FRAME_RESET:
		return take_end(r, in, len, FRAME_GOT_RESET);
	default:
		return FRAME_BAD;
	}
}

void
frame_put_meta(struct buf *out, const char *meta, size_t meta_len)
{
	check(meta_len <= FRAME_META_MAX);
	frame_put_header(out, FRAME_META, meta_len);
	buf_add(out, meta, meta_len);
}

void
frame_put_data(struct buf *out, struct buf *data)
{
	while (buf_len(data) > 0) {
		size_t n = buf_len(data) < FRAME_DATA_MAX ? buf_len(data) :
		    FRAME_DATA_MAX;

		frame_put_header(out, FRAME_DATA, n);
		buf_move_n(out, data, n);
	}
}

void
frame_put_end(struct buf *out)
{
	frame_put_header(out, FRAME_END, 0);
}

void
frame_put_reset(struct buf *out)
{
	frame_put_header(out, FRAME_RESET, 0);
}
