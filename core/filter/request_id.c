#include "base/random.h"
#include "filter/filters.h"

/*
 * request_id: every exchange has an x-request-id: the caller's if it is well
 * formed, else a new UUID.  It goes to the service and back to the caller.
 */
#define REQUEST_ID_MAX	128

static bool
is_good(struct slice id)
{
	if (id.len == 0 || id.len > REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] <= ' ' || id.ptr[i] > '~')
			return false;
	return true;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	struct l7_summary *s = l7_summary(ctx);

	(void)end;
	if (dir == DIR_DOWN) {
		http_fields_set_id(&h->fields, FIELD_X_REQUEST_ID,
		    s->request_id);
		return PASS;
	}
	s->request_id = http_fields_get(&h->fields, FIELD_X_REQUEST_ID);
	if (!is_good(s->request_id)) {
		char *id = arena_alloc(l7_arena(ctx), RANDOM_UUID_LEN + 1);

		random_uuid(id);
		s->request_id = slice_of(id, RANDOM_UUID_LEN);
		http_fields_set_id(&h->fields, FIELD_X_REQUEST_ID,
		    s->request_id);
	}
	return PASS;
}

const struct l7_filter filter_request_id = {
	.base = { .name = "request_id" }, .head = head,
};
