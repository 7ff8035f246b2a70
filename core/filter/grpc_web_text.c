#include <string.h>

#include "filter/grpc_web_text.h"
#include "pki/base64.h"

#define GROUP		4	/* letters, of three bytes */
#define PIECE_LETTERS	4096	/* at a time */
#define PIECE_BYTES	3072
#define TRAILERS_FLAG	0x80

/* text: whole groups, of which any may be padded. */
static bool
decode_groups(struct buf *out, struct slice text)
{
	while (text.len > 0) {
		ptrdiff_t pad = slice_find(text, '=');
		size_t n = pad < 0 ? text.len :
		    ((size_t)pad / GROUP + 1) * GROUP, room;

		if (n > PIECE_LETTERS)
			n = PIECE_LETTERS;
		char *to = buf_reserve(out, base64_room(n), base64_room(n),
		    &room);
		ptrdiff_t len = base64_decode(to, room, BASE64_STD,
		    slice_of(text.ptr, n));

		buf_commit(out, len > 0 ? (size_t)len : 0);
		if (len < 0)
			return false;
		text = slice_from(text, n);
	}
	return true;
}

/* Moves as much of text to the rest as it takes, or has. */
static struct slice
fill_rest(struct grpc_web_text *t, struct slice text)
{
	size_t n = GROUP - t->rest_len;

	if (n > text.len)
		n = text.len;
	if (n > 0)
		memcpy(t->rest + t->rest_len, text.ptr, n);
	t->rest_len += n;
	return slice_from(text, n);
}

bool
grpc_web_decode(struct grpc_web_text *t, struct buf *b, bool end)
{
	struct slice text = buf_pull(b, buf_len(b));
	struct buf out = { 0 };
	bool is_good = true;

	if (t->rest_len > 0) {
		text = fill_rest(t, text);
		if (t->rest_len == GROUP) {
			is_good = decode_groups(&out, slice_of(t->rest, GROUP));
			t->rest_len = 0;
		}
	}
	size_t whole = text.len - text.len % GROUP;

	is_good = is_good && decode_groups(&out, slice_of(text.ptr, whole));
	fill_rest(t, slice_from(text, whole));
	buf_drain(b, buf_len(b));
	buf_move(b, &out);
	return is_good && !(end && t->rest_len > 0);
}

void
grpc_web_encode(struct buf *b)
{
	struct buf out = { 0 };
	struct str text = { 0 };

	while (buf_len(b) > 0) {
		size_t n = buf_len(b) < PIECE_BYTES ? buf_len(b) : PIECE_BYTES;

		str_clear(&text);
		base64_add(&text, BASE64_STD, buf_pull(b, n));
		buf_add(&out, text.ptr, text.len);
		buf_drain(b, n);
	}
	str_fini(&text);
	buf_move(b, &out);
}

void
grpc_web_add_trailers(struct buf *out, const struct http_fields *t)
{
	char head[5] = { (char)TRAILERS_FLAG };
	struct str lines = { 0 };

	for (size_t i = 0; i < t->len; i++)
		str_addf(&lines, "%.*s: %.*s\r\n", SLICE_ARG(t->v[i].name),
		    SLICE_ARG(t->v[i].value));
	for (size_t i = 1; i < sizeof(head); i++)
		head[i] = (char)(lines.len >> 8 * (sizeof(head) - 1 - i));
	buf_add(out, head, sizeof(head));
	buf_add_slice(out, str_slice(&lines));
	str_fini(&lines);
}
