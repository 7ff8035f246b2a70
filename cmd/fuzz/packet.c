#include "base/check.h"
#include "base/mem.h"
#include "cmd/fuzz/fuzz.h"
#include "link/packet.h"

/* What was read, written again: that has one form however it was cut. */
struct read {
	struct packet_reader reader;
	struct buf           in, again;
	bool                 bad;
	char                *room;
};

static void
feed(struct read *r, const uint8_t *p, size_t len)
{
	struct packet got;

	buf_add(&r->in, p, len);
	while (!r->bad) {
		switch (packet_read(&r->reader, &r->in, &got)) {
		case PACKET_MORE:
			return;
		case PACKET_GOT_META:
			packet_put_meta(&r->again, got.bytes.ptr,
			    got.bytes.len);
			break;
		case PACKET_GOT_DATAGRAM:
			packet_put_datagram(&r->again, got.flow, got.bytes);
			break;
		case PACKET_GOT_CLOSE:
			packet_put_close(&r->again, got.flow);
			break;
		case PACKET_GOT_DRAIN:
			packet_put_drain(&r->again);
			break;
		case PACKET_BAD:
			r->bad = true;
			break;
		}
	}
}

static struct read *
read_new(bool wants_meta)
{
	struct read *r = mem_zalloc(sizeof(*r));

	r->room = mem_alloc(PACKET_MAX);
	packet_reader_init(&r->reader, wants_meta, r->room);
	return r;
}

static void
read_free(struct read *r)
{
	buf_fini(&r->in);
	buf_fini(&r->again);
	mem_free(r->room);
	mem_free(r);
}

static void
compare(bool wants_meta, const uint8_t *data, size_t size)
{
	struct read *whole = read_new(wants_meta), *cut = read_new(wants_meta);
	size_t at = fuzz_cut(data, size);

	feed(whole, data, size);
	feed(cut, data, at);
	feed(cut, data + at, size - at);
	check(whole->bad == cut->bad);
	check(slice_eq(buf_pull(&whole->again, buf_len(&whole->again)),
	    buf_pull(&cut->again, buf_len(&cut->again))));
	/* What is good comes back as it was, up to what is not whole yet. */
	check(whole->bad || buf_len(&whole->again) + buf_len(&whole->in) ==
	    size);
	read_free(whole);
	read_free(cut);
}

int
fuzz_packet(const uint8_t *data, size_t size)
{
	compare(true, data, size);
	compare(false, data, size);
	return 0;
}
