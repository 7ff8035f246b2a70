#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "filter/ext_authz_grpc.h"

static void
request_init(struct http_head *h, struct arena *a)
{
	http_head_init(h, a);
	h->method = SLICE("GET");
	h->path = SLICE("/a");
	h->query = SLICE("p=1&q=2");
	check(http_authority_parse(a, SLICE("shop.example:80"), h));
	http_fields_add_id(&h->fields, FIELD_X_FORWARDED_FOR,
	    SLICE("192.0.2.1"));
	http_fields_add_id(&h->fields, FIELD_MESH_SOURCE, SLICE("ns/web"));
	http_fields_add(&h->fields, SLICE("x-own"), SLICE("1"));
}

/* What it made of a head can be sent, and is no lie about who calls. */
static void
check_head(const struct http_head *h)
{
	for (size_t i = 0; i < h->fields.len; i++) {
		const struct http_field *f = &h->fields.v[i];

		check(http_is_token(f->name) && http_is_field_value(f->value));
		check(f->id < FIELD_CONNECTION && f->id != FIELD_HOST);
	}
	for (size_t i = 0; i < h->query.len; i++)
		check(h->query.ptr[i] > ' ' && h->query.ptr[i] < 0x7f);
}

static void
check_request(struct http_head *h)
{
	check(slice_is(h->authority, "shop.example:80"));
	check(slice_is(h->path, "/a") && slice_is(h->method, "GET"));
	check(slice_is(http_fields_get(&h->fields, FIELD_X_FORWARDED_FOR),
	    "192.0.2.1"));
	check(slice_is(http_fields_get(&h->fields, FIELD_MESH_SOURCE),
	    "ns/web"));
	check(http_fields_count(&h->fields, FIELD_X_FORWARDED_FOR) == 1);
	check(http_fields_count(&h->fields, FIELD_MESH_SOURCE) == 1);
	check_head(h);
}

/* A provider's answer, with what it does to request, response and refusal. */
int
fuzz_ext_authz(const uint8_t *data, size_t size)
{
	struct ext_authz_answer answer;
	struct http_head request, response;
	struct buf body = { 0 };
	struct arena a;

	arena_init(&a);
	ext_authz_grpc_message(slice_of(data, size), &a, &answer);
	check(answer.len <= EXT_AUTHZ_CHANGES_MAX);
	check((answer.result == EXT_AUTHZ_ERROR) == (answer.why != NULL));
	request_init(&request, &a);
	http_head_init(&response, &a);
	switch (answer.result) {
	case EXT_AUTHZ_ALLOW:
		ext_authz_change_request(&answer, &a, &request);
		ext_authz_change_response(&answer, &response);
		check_head(&response);
		break;
	case EXT_AUTHZ_DENY:
		check(answer.status >= 200 && answer.status <= 599);
		check_head(ext_authz_denial(&answer, &a, &body));
		break;
	case EXT_AUTHZ_ERROR:
		check(answer.len == 0);
		break;
	}
	check_request(&request);
	buf_fini(&body);
	arena_fini(&a);
	return 0;
}
