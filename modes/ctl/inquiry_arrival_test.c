#include <string.h>

#include "base/unit.h"
#include "modes/ctl/inquiry_arrival.h"

#define LINE	(8 * 1024)	/* what proxies take of one, CR LF and all */

/* Why a head is refused with so many fields of so many bytes, and a token. */
static void
expect(size_t fields, size_t value, size_t token, size_t path, const char *want)
{
	static char room[LINE + 1];
	struct ctl c = { .quiet = true };
	struct inquiry q = { .c = &c, .facts.is_http = true };
	struct route_request *r = &q.asked.request;

	memset(room, 'a', sizeof(room));
	r->method = SLICE("GET");
	r->path = slice_of(room, path);
	q.token.text = slice_of(room, token);
	http_fields_init(&q.asked.headers, &c.arena);
	for (size_t i = 0; i < fields; i++)
		http_fields_add(&q.asked.headers, SLICE("x-a"),
		    slice_of(room, value));
	const char *why = inquiry_arrival_refusal(&q, NULL);

	if (want == NULL ? why != NULL : why == NULL || strstr(why, want) == NULL)
		fail_msg("%zu fields of %zu, a token of %zu, a path of %zu: %s",
		    fields, value, token, path, why == NULL ? "taken" : why);
	arena_fini(&c.arena);
}

TEST(inquiry_arrival_refuses_a_head_that_is_larger_than_proxies_take)
{
	size_t around = strlen("x-a: \r\n");

	expect(1, LINE - around, 0, 1, NULL);
	expect(1, LINE - around + 1, 0, 1, "431: a field x-a of 8193 bytes");
	expect(0, 0, LINE - strlen("authorization: Bearer \r\n"), 1, NULL);
	expect(0, 0, LINE, 1, "431: a field with a token of 8216 bytes");
	expect(0, 0, 0, LINE - strlen("GET  HTTP/1.1\r\n"), NULL);
	expect(0, 0, 0, LINE, "414: a request line of 8207 bytes");
	expect(99, 1, 0, 1, NULL);	/* and the host */
	expect(100, 1, 0, 1, "431: 101 fields");
	expect(7, 8000, 0, 1, NULL);
	expect(8, 8000, 0, 1, "431: a head of");
}

TEST(inquiry_arrival_looks_at_no_head_of_bytes)
{
	struct ctl c = { .quiet = true };
	struct inquiry q = { .c = &c };

	assert_null(inquiry_arrival_refusal(&q, NULL));
}
