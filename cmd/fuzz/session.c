#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "sync/message.h"

/* What was written reads as a message of the same type. */
static void
write_and_read(struct arena *a, const struct sync_message *m)
{
	struct err err = ERR_INIT;
	struct sync_message again;
	struct str line = { 0 }, twice = { 0 };

	if (sync_message_write(&line, m, &err) == 0) {
		struct slice text = slice_of(line.ptr, line.len - 1);

		check(slice_find(text, '\n') < 0);
		check(sync_message_read(&again, a, text, &err) == 0);
		check(again.type == m->type);
		check(sync_message_write(&twice, &again, &err) == 0);
		check(slice_eq(str_slice(&line), str_slice(&twice)));
	}
	str_fini(&line);
	str_fini(&twice);
}

/* Returns how many lines there were, or -1 at one that is too long. */
static int
read_lines(struct sync_lines *l, struct buf *in)
{
	struct sync_message m;
	struct arena a;
	struct slice line;
	int count = 0, more;

	arena_init(&a);
	for (;; count++) {
		struct err err = ERR_INIT;

		more = sync_lines_next(l, in, &a, &line, &err);
		if (more != 1)
			break;
		if (sync_message_read(&m, &a, line, &err) != 0)
			check(err.kind != ERR_NONE);
		else if (m.type != SYNC_UNKNOWN)
			write_and_read(&a, &m);
		arena_reset(&a);
	}
	arena_fini(&a);
	return more < 0 ? -1 : count;
}

int
fuzz_session(const uint8_t *data, size_t size)
{
	struct sync_lines whole = { 0 }, cut = { 0 };
	struct buf in = { 0 };
	size_t at = fuzz_cut(data, size);

	buf_add(&in, data, size);
	int lines = read_lines(&whole, &in);

	buf_fini(&in);
	buf_add(&in, data, at);
	int first = read_lines(&cut, &in);

	buf_add(&in, data + at, size - at);
	int second = read_lines(&cut, &in);

	if (lines >= 0)
		check(first >= 0 && second >= 0 && first + second == lines);
	buf_fini(&in);
	return 0;
}
