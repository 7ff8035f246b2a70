#include "base/check.h"
#include "base/mem.h"
#include "cmd/fuzz/fuzz.h"
#include "link/frame.h"

/* What was read, written again: that has one form however it was cut. */
struct read {
	struct frame_reader reader;
	struct buf          in, payload, again;
	bool                bad;
	char                meta[FRAME_META_MAX];
};

static void
flush_payload(struct read *r)
{
	frame_put_data(&r->again, &r->payload);
}

static void
feed(struct read *r, const uint8_t *p, size_t len)
{
	buf_add(&r->in, p, len);
	while (!r->bad) {
		size_t meta_len = 0;

		switch (frame_read(&r->reader, &r->in, &r->payload, r->meta,
		    &meta_len)) {
		case FRAME_MORE:
			return;
		case FRAME_GOT_META:
			check(meta_len <= FRAME_META_MAX);
			frame_put_meta(&r->again, r->meta, meta_len);
			break;
		case FRAME_GOT_DATA:
			break;
		case FRAME_GOT_END:
			flush_payload(r);
			frame_put_end(&r->again);
			break;
		case FRAME_GOT_RESET:
			flush_payload(r);
			frame_put_reset(&r->again);
			break;
		case FRAME_BAD:
			r->bad = true;
			break;
		}
	}
}

static void
compare(bool wants_meta, const uint8_t *data, size_t size)
{
	struct read *whole = mem_zalloc(sizeof(*whole));
	struct read *cut = mem_zalloc(sizeof(*cut));
	size_t at = fuzz_cut(data, size);

	frame_reader_init(&whole->reader, wants_meta);
	frame_reader_init(&cut->reader, wants_meta);
	feed(whole, data, size);
	feed(cut, data, at);
	feed(cut, data + at, size - at);
	flush_payload(whole);
	flush_payload(cut);
	check(whole->bad == cut->bad);
	check(slice_eq(buf_pull(&whole->again, buf_len(&whole->again)),
	    buf_pull(&cut->again, buf_len(&cut->again))));
	for (int i = 0; i < 2; i++) {
		struct read *r = i == 0 ? whole : cut;

		buf_fini(&r->in);
		buf_fini(&r->payload);
		buf_fini(&r->again);
		mem_free(r);
	}
}

int
fuzz_frame(const uint8_t *data, size_t size)
{
	compare(true, data, size);
	compare(false, data, size);
	return 0;
}
