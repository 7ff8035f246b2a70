#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/exchange_test.h"

void
exchange_reply(struct l7_ctx *ctx)
{
	struct arena *a = l7_arena(ctx);
	struct http_head *head = arena_alloc(a, sizeof(*head));
	const struct http_fields *f = &l7_request(ctx)->fields;
	struct buf body = { 0 };

	http_head_init(head, a);
	head->status = 200;
	http_fields_add(&head->fields, SLICE("x-old"), SLICE("1"));
	for (size_t i = 0; i < f->len; i++)
		buf_addf(&body, "%.*s=%.*s;", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	l7_reply_with(ctx, head, &body, FLAG_NONE, "");
	buf_fini(&body);
}

const char *
exchange(const char *filter, const char *yaml, const char *requests)
{
	static char answer[8192];
	struct bench b;

	bench_init(&b, filter, yaml, exchange_reply);
	bench_connect(&b, "");
	bench_send(&b, requests);
	bench_run(&b, bench_has_ended);
	snprintf(answer, sizeof(answer), "%s", str_ptr(&b.got));
	bench_fini(&b);
	return answer;
}

void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

void
assert_has_no(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in: %s", part, text);
}
