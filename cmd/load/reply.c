#include <string.h>
#include <strings.h>

#include "cmd/load/reply.h"

void
reply_init(struct reply *r)
{
	r->status = 0;
	r->closes = false;
	r->left = 0;
	r->head_len = 0;
}

/* "HTTP/1.1 200 ..." */
static bool
read_status(struct reply *r, struct slice line)
{
	uint64_t status;

	if (line.len < 12 || !slice_has_prefix(line, SLICE("HTTP/1.1 ")) ||
	    !slice_u64(slice_of(line.ptr + 9, 3), &status) || status < 200)
		return false;
	r->status = (int)status;
	return true;
}

/* Lines are "Name: value"; false for what we cannot frame. */
static bool
read_field(struct reply *r, struct slice line, bool *has_length)
{
	struct slice name;

	if (!slice_cut(&line, ':', &name))
		return false;
	line = slice_trim(line);
	if (slice_ieq(name, SLICE("content-length"))) {
		*has_length = true;
		return slice_u64(line, &r->left);
	}
	if (slice_ieq(name, SLICE("connection")))
		r->closes = slice_ieq(line, SLICE("close"));
	return !slice_ieq(name, SLICE("transfer-encoding"));
}

/* The head without the empty line. */
static bool
read_head(struct reply *r, struct slice head)
{
	struct slice line;
	bool has_length = false, ok = true;

	slice_cut(&head, '\n', &line);
	ok = read_status(r, line);
	while (ok && slice_cut(&head, '\n', &line)) {
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		ok = read_field(r, line, &has_length);
	}
	return ok && (has_length || r->status == 204 || r->status == 304);
}

/* Gives the bytes of the head with its empty line, 0 while it is not whole. */
static size_t
head_length(struct slice in)
{
	const char *end = memmem(in.ptr, in.len, "\r\n\r\n", 4);

	return end == NULL ? 0 : (size_t)(end - in.ptr) + 4;
}

static enum reply_state
feed_head(struct reply *r, struct slice *in)
{
	size_t used = r->head_len == 0 ? head_length(*in) : 0;
	struct slice head = slice_of(in->ptr, used);

	if (used == 0) {
		/* It comes in pieces: collect it. */
		size_t room = REPLY_HEAD_MAX - r->head_len;
		size_t n = in->len < room ? in->len : room;

		memcpy(r->head + r->head_len, in->ptr, n);
		size_t all = head_length(slice_of(r->head, r->head_len + n));

		if (all == 0) {
			r->head_len += n;
			*in = slice_from(*in, n);
			return r->head_len == REPLY_HEAD_MAX ? REPLY_WRONG :
			    REPLY_MORE;
		}
		used = all - r->head_len;
		head = slice_of(r->head, all);
	}
	*in = slice_from(*in, used);
	head.len -= 4;
	return read_head(r, head) ? REPLY_MORE : REPLY_WRONG;
}

enum reply_state
reply_feed(struct reply *r, struct slice *in)
{
	if (r->status == 0 && in->len > 0 && feed_head(r, in) == REPLY_WRONG)
		return REPLY_WRONG;
	if (r->status == 0)
		return REPLY_MORE;
	size_t n = in->len < r->left ? in->len : (size_t)r->left;

	*in = slice_from(*in, n);
	r->left -= n;
	return r->left == 0 ? REPLY_DONE : REPLY_MORE;
}
