#include "base/check.h"
#include "http/h2_show_test.h"

#define FRAME_HEAD	9

static void
show_block(struct h2_bench *b, struct str *to, const unsigned char *p,
    size_t len, bool is_last)
{
	while (true) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(b->inflater, &nv, &flags, p,
		    len, is_last);

		check(n >= 0);
		p += n;
		len -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			str_addf(to, " %s%.*s=%.*s", nv.flags &
			    NGHTTP2_NV_FLAG_NO_INDEX ? "!" : "",
			    (int)nv.namelen, (const char *)nv.name,
			    (int)nv.valuelen, (const char *)nv.value);
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(b->inflater);
			break;
		}
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && len == 0)
			break;
	}
}

static uint32_t
u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
show_stream(struct h2_bench *b, int type, unsigned int flags, int id,
    const unsigned char *p, size_t len)
{
	struct h2_bench_stream *s = h2_bench_at(b, id);
	struct str *to = &s->sent;
	bool end = flags & NGHTTP2_FLAG_END_STREAM;

	if (type == NGHTTP2_RST_STREAM) {
		str_addf(to, " R%u", u32(p));
	} else if (type == NGHTTP2_DATA) {
		b->data_bytes += len;
		str_addf(to, " D%s%s%.*s", end ? "e" : "", len > 0 ? "+" : "",
		    len > 100 ? 3 : (int)len, (const char *)p);
	} else {
		str_addf(to, " %c%s", type == NGHTTP2_HEADERS ? 'H' : 'C',
		    end ? "e" : "");
		show_block(b, to, p, len, flags & NGHTTP2_FLAG_END_HEADERS);
	}
}

static void
show_frame(struct h2_bench *b, const unsigned char *head,
    const unsigned char *p, size_t len)
{
	int id = (int)u32(head + 5);
	unsigned int flags = head[4];

	switch (head[3]) {
	case NGHTTP2_SETTINGS:
		b->settings++;
		break;
	case NGHTTP2_WINDOW_UPDATE:
		b->windows++;
		if (id == 0)
			b->window_bytes += u32(p);
		break;
	case NGHTTP2_PING:
		str_addf(&b->conn, " P%s", flags & NGHTTP2_FLAG_ACK ? "a" : "");
		break;
	case NGHTTP2_GOAWAY:
		str_addf(&b->conn, " G%d,%u", u32(p) == INT32_MAX ? -1 :
		    (int)u32(p), u32(p + 4));
		break;
	default:
		show_stream(b, head[3], flags, id, p, len);
		break;
	}
}

void
h2_show(struct h2_bench *b)
{
	const unsigned char *p = (const unsigned char *)b->out.ptr;
	size_t at = 0, n = b->out.len;

	while (n - at >= FRAME_HEAD) {
		size_t len = (size_t)p[at] << 16 | (size_t)p[at + 1] << 8 |
		    p[at + 2];

		if (n - at - FRAME_HEAD < len)
			break;
		show_frame(b, p + at, p + at + FRAME_HEAD, len);
		at += FRAME_HEAD + len;
	}
	struct str rest = { 0 };

	str_add_slice(&rest, slice_from(str_slice(&b->out), at));
	str_fini(&b->out);
	b->out = rest;
}
