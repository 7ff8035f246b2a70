#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "link/packet.h"

/* What a reader says about bytes, as words. */
static void
read_all(struct packet_reader *r, struct buf *in, struct str *out)
{
	struct packet p;

	for (;;) {
		switch (packet_read(r, in, &p)) {
		case PACKET_MORE:
			return;
		case PACKET_BAD:
			str_add(out, "!");
			return;
		case PACKET_GOT_META:
			str_addf(out, "<%.*s>", SLICE_ARG(p.bytes));
			break;
		case PACKET_GOT_DATAGRAM:
			str_addf(out, "%u:%.*s;", p.flow, SLICE_ARG(p.bytes));
			break;
		case PACKET_GOT_CLOSE:
			str_addf(out, "%u#", p.flow);
			break;
		case PACKET_GOT_DRAIN:
			str_add(out, "$");
			break;
		}
	}
}

static const struct {
	const char *bytes;
	size_t      len;
	bool        wants_meta;
	const char *want;
} cases[] = {
#define CASE(bytes, meta, want)	{ bytes, sizeof(bytes) - 1, meta, want }
	CASE("\1\0\0\3a=b\5\0\0\6\0\0\0\1hi\6\0\0\4\0\0\0\1", true,
	    "<a=b>1:hi;1#"),
	CASE("\5\0\0\5\0\0\1\2x\5\0\0\4\xff\xff\xff\xff", false,
	    "258:x;4294967295:;"),			/* one without bytes */
	CASE("\5\0\0\5\0\0\0\7x\7\0\0\0\5\0\0\5\0\0\0\7y", false, "7:x;$7:y;"),
	CASE("\5\0\0\6\0\0\0\1hi", true, "!"),		/* no META first */
	CASE("\1\0\0\0\1\0\0\0", true, "<>!"),		/* two META */
	CASE("\1\0\0\1a", false, "!"),			/* META to a caller */
	CASE("\1\0\x10\1", true, "!"),			/* META too long */
	CASE("\5\0\0\3abc", false, "!"),		/* no room for a flow */
	CASE("\5\1\0\4", false, "!"),			/* 65,536 bytes */
	CASE("\6\0\0\5\0\0\0\1x", false, "!"),		/* CLOSE with bytes */
	CASE("\7\0\0\1x", false, "!"),			/* DRAIN with bytes */
	CASE("\1\0\0\0\7\0\0\0", true, "<>!"),		/* DRAIN of a caller */
	CASE("\2\0\0\1x", false, "!"),			/* DATA of frame.h */
	CASE("GET ", false, "!"),
};

TEST(packets_read_the_same_wherever_they_are_cut)
{
	char *room = mem_alloc(PACKET_MAX);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t cut = 0; cut <= cases[i].len; cut++) {
			struct packet_reader r;
			struct buf in = { 0 };
			struct str got = { 0 };

			packet_reader_init(&r, cases[i].wants_meta, room);
			buf_add(&in, cases[i].bytes, cut);
			read_all(&r, &in, &got);
			if (strchr(str_ptr(&got), '!') == NULL) {
				buf_add(&in, cases[i].bytes + cut,
				    cases[i].len - cut);
				read_all(&r, &in, &got);
			}
			assert_string_equal(str_ptr(&got), cases[i].want);
			buf_fini(&in);
			str_fini(&got);
		}
	}
	mem_free(room);
}

/* Large ones lie in several blocks, and nothing of one is left in the next. */
TEST(packets_carry_what_was_put)
{
	static const size_t sizes[] = { 0, 1, 1472, 16384, 65507, 65535 };
	const size_t n = sizeof(sizes) / sizeof(sizes[0]);
	char *room = mem_alloc(PACKET_MAX), *big = mem_zalloc(PACKET_MAX);
	struct packet_reader r;
	struct buf wire = { 0 };
	struct packet p;

	for (size_t i = 0; i < PACKET_MAX; i++)
		big[i] = (char)(i * 7 % 251);
	packet_put_meta(&wire, "source=a/b", 10);
	for (size_t i = 0; i < n; i++)
		packet_put_datagram(&wire, (uint32_t)i, slice_of(big, sizes[i]));
	packet_put_close(&wire, 3);
	packet_reader_init(&r, true, room);
	assert_int_equal(packet_read(&r, &wire, &p), PACKET_GOT_META);
	assert_true(slice_is(p.bytes, "source=a/b"));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(packet_read(&r, &wire, &p),
		    PACKET_GOT_DATAGRAM);
		assert_int_equal(p.flow, i);
		assert_int_equal(p.bytes.len, sizes[i]);
		assert_memory_equal(p.bytes.ptr, big, sizes[i]);
	}
	assert_int_equal(packet_read(&r, &wire, &p), PACKET_GOT_CLOSE);
	assert_int_equal(p.flow, 3);
	assert_int_equal(packet_read(&r, &wire, &p), PACKET_MORE);
	assert_int_equal(buf_len(&wire), 0);
	mem_free(big);
	mem_free(room);
}

TEST(packet_drain_is_the_callees)
{
	struct packet_reader r;
	struct buf wire = { 0 };
	struct packet p;
	char room[1];

	packet_put_drain(&wire);
	packet_reader_init(&r, false, room);
	assert_int_equal(packet_read(&r, &wire, &p), PACKET_GOT_DRAIN);
	assert_int_equal(packet_read(&r, &wire, &p), PACKET_MORE);
	buf_fini(&wire);
}
