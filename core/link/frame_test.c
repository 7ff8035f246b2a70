#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "link/frame.h"

/* What a reader says about bytes, as words. */
static void
read_all(struct frame_reader *r, struct buf *in, struct str *out)
{
	char meta[FRAME_META_MAX];
	size_t len;

	for (;;) {
		struct buf data = { 0 };

		switch (frame_read(r, in, &data, meta, &len)) {
		case FRAME_MORE:
			return;
		case FRAME_BAD:
			str_add(out, "!");
			return;
		case FRAME_GOT_META:
			str_addf(out, "<%.*s>", (int)len, meta);
			break;
		case FRAME_GOT_DATA: {
			struct slice s = buf_pull(&data, buf_len(&data));

			str_add_slice(out, s);
			break;
		}
		case FRAME_GOT_END:
			str_add(out, "$");
			break;
		case FRAME_GOT_RESET:
			str_add(out, "#");
			break;
		}
		buf_fini(&data);
	}
}

static const struct {
	const char *bytes;
	size_t      len;
	bool        wants_meta;
	const char *want;
} cases[] = {
#define CASE(bytes, meta, want)	{ bytes, sizeof(bytes) - 1, meta, want }
	CASE("\1\0\0\3a=b\2\0\0\2hi\3\0\0\0", true, "<a=b>hi$"),
	CASE("\1\0\0\0\2\0\0\1x\4\0\0\0", true, "<>x#"),
	CASE("\2\0\0\2hi\2\0\0\1!\3\0\0\0", false, "hi!$"),
	CASE("\2\0\0\2hi", true, "!"),			/* no META first */
	CASE("\1\0\0\0\1\0\0\0", true, "<>!"),		/* two META */
	CASE("\1\0\0\1a", false, "!"),			/* META to a caller */
	CASE("\1\0\x10\1", true, "!"),			/* META too long */
	CASE("\2\1\0\1", false, "!"),			/* DATA too long */
	CASE("\2\0\0\0", false, "!"),			/* DATA without bytes */
	CASE("\3\0\0\1x", false, "!"),			/* END with bytes */
	CASE("\3\0\0\0x", false, "$!"),			/* bytes after END */
	CASE("\4\0\0\0\2\0\0\1x", false, "#!"),		/* frame after RESET */
	CASE("\5\0\0\0", false, "!"),			/* unknown type */
	CASE("GET ", false, "!"),
};

TEST(frames_read_the_same_wherever_they_are_cut)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t cut = 0; cut <= cases[i].len; cut++) {
			struct frame_reader r;
			struct buf in = { 0 };
			struct str got = { 0 };

			frame_reader_init(&r, cases[i].wants_meta);
			buf_add(&in, cases[i].bytes, cut);
			read_all(&r, &in, &got);
			if (strchr(str_ptr(&got), '!') == NULL ||
			    strcmp(cases[i].want, "hi!$") == 0) {
				buf_add(&in, cases[i].bytes + cut,
				    cases[i].len - cut);
				read_all(&r, &in, &got);
			}
			assert_string_equal(str_ptr(&got), cases[i].want);
			buf_fini(&in);
			str_fini(&got);
		}
	}
}

TEST(frames_carry_what_was_put)
{
	struct frame_reader r;
	struct buf wire = { 0 }, data = { 0 }, back = { 0 };
	char meta[FRAME_META_MAX];
	size_t len = 300000, meta_len;
	char *big = mem_zalloc(len);

	for (size_t i = 0; i < len; i++)
		big[i] = (char)(i * 7 % 251);
	frame_put_meta(&wire, "source=a/b", 10);
	buf_add(&data, big, len);
	frame_put_data(&wire, &data);
	assert_int_equal(buf_len(&data), 0);
	frame_put_end(&wire);
	frame_reader_init(&r, true);
	assert_int_equal(frame_read(&r, &wire, &back, meta, &meta_len),
	    FRAME_GOT_META);
	assert_int_equal(meta_len, 10);
	enum frame_event e;

	while ((e = frame_read(&r, &wire, &back, meta, &meta_len)) ==
	    FRAME_GOT_DATA)
		continue;
	assert_int_equal(e, FRAME_GOT_END);
	assert_int_equal(buf_len(&back), len);
	assert_memory_equal(buf_pull(&back, len).ptr, big, len);
	buf_fini(&back);
	buf_fini(&wire);
	mem_free(big);
}
