#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/unit.h"
#include "filter/bench_test.h"
#include "filter/origin_test.h"

struct origin {
	struct bench bench;
	const struct origin_answer *answer;
	int          asked;
	struct str   request;
};

static struct origin O;

static void
add_fields(struct http_head *h, struct arena *a, const char *text)
{
	struct slice rest = slice_str(text), line;

	while (slice_cut(&rest, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');

		if (colon > 0)
			http_fields_add(&h->fields, arena_dup(a,
			    slice_of(line.ptr, (size_t)colon)), arena_dup(a,
			    slice_trim(slice_from(line, (size_t)colon + 1))));
	}
}

static void
answer(struct l7_ctx *ctx)
{
	const struct origin_answer *o = O.answer;
	const struct http_fields *f = &l7_request(ctx)->fields;
	struct arena *a = l7_arena(ctx);
	struct http_head *head = arena_alloc(a, sizeof(*head));

	O.asked++;
	str_clear(&O.request);
	for (size_t i = 0; i < f->len; i++)
		str_addf(&O.request, "%.*s=%.*s;", SLICE_ARG(f->v[i].name),
		    SLICE_ARG(f->v[i].value));
	http_head_init(head, a);
	head->status = o->status;
	head->content_length = o->length;
	add_fields(head, a, o->fields);
	bool is_empty = o->body[0] == NULL ||
	    l7_request(ctx)->method_id == METHOD_HEAD;

	l7_respond_head(ctx, head, is_empty);
	for (int i = 0; !is_empty && o->body[i] != NULL; i++) {
		struct buf b = { 0 };

		buf_add(&b, o->body[i], strlen(o->body[i]));
		l7_respond_body(ctx, &b, o->body[i + 1] == NULL &&
		    o->trailer == NULL);
		buf_fini(&b);
	}
	if (!is_empty && o->trailer != NULL && o->trailer[0] != '\0') {
		struct http_fields *t = arena_alloc(a, sizeof(*t));

		http_fields_init(t, a);
		http_fields_add(t, SLICE("x-end"), slice_str(o->trailer));
		l7_respond_trailers(ctx, t);
	}
}

void
origin_start(const char *filter, const char *yaml)
{
	O = (struct origin){ 0 };
	bench_init(&O.bench, filter, yaml, answer);
}

void
origin_stop(void)
{
	bench_fini(&O.bench);
	str_fini(&O.request);
}

void
origin_says(const struct origin_answer *a)
{
	O.answer = a;
}

const struct str *
origin_ask_as(const char *id, const char *request)
{
	if (O.bench.client >= 0)
		close(O.bench.client);
	bench_connect(&O.bench, id);
	str_clear(&O.bench.got);
	bench_send(&O.bench, request);
	bench_run(&O.bench, bench_is_over);
	return &O.bench.got;
}

const struct str *
origin_ask(const char *request)
{
	return origin_ask_as("", request);
}

int
origin_asked(void)
{
	return O.asked;
}

const char *
origin_request(void)
{
	return str_ptr(&O.request);
}

/* --- reading answers ------------------------------------------------------------ */

const char *
origin_field(const struct str *got, const char *name)
{
	static char value[512];
	size_t n = strlen(name);
	const char *line = str_ptr(got);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncmp(line, "\r\n", 2) == 0)
			return "";
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		snprintf(value, sizeof(value), "%.*s",
		    (int)strcspn(line + n + 2, "\r"), line + n + 2);
		return value;
	}
	return "";
}

struct str
origin_body(const struct str *got)
{
	struct str body = { 0 };
	const char *at = strstr(str_ptr(got), "\r\n\r\n");
	const char *end = str_ptr(got) + got->len;

	assert_non_null(at);
	at += 4;
	if (strcmp(origin_field(got, "transfer-encoding"), "chunked") != 0) {
		str_add_slice(&body, slice_of(at, (size_t)(end - at)));
		return body;
	}
	for (;;) {
		char *data;
		size_t n = strtoul(at, &data, 16);

		assert_true(n <= (size_t)(end - data));
		if (n == 0)
			return body;
		str_add_slice(&body, slice_of(data + 2, n));
		at = data + 2 + n + 2;
	}
}
