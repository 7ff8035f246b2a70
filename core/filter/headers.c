#include "base/mem.h"
#include "conf/schema.h"
#include "filter/filters.h"

/*
 * headers: sets, adds and removes fields, in this order.  `set` replaces
 * what is there, `add` puts another value behind it with a comma.  The same
 * shape as Gateway API's RequestHeaderModifier and ResponseHeaderModifier.
 */
struct header {
	const char *name, *value;
};

struct header_change {
	struct header *set, *add;
	const char   **remove;
	size_t         set_len, add_len, remove_len;
};

struct headers {
	struct arena         arena;
	struct header_change request, response;
};

static int
verify_header(const void *filled, const struct conf_node *node, struct err *err)
{
	const struct header *h = filled;

	if (http_is_field_value(slice_str(h->value)))
		return 0;
	return conf_error(conf_get(node, "value"), err,
	    "a field's value holds no control characters");
}

static const struct conf_field header_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct header, name),
	    .required = true, .pattern = CONF_HEADER_NAME, .text = "field name" },
	{ "value", CONF_STRING_T, CONF_AT(struct header, value),
	    .required = true, .text = "field value" },
	{ 0 },
};

static const struct conf_schema header_schema = {
	"header", sizeof(struct header), header_fields, verify_header
};

static const struct conf_field change_fields[] = {
	{ "set", CONF_STRUCT_T, CONF_LIST_AT(struct header_change, set),
	    .max_items = 16, .schema = &header_schema,
	    .text = "fields that replace what is there" },
	{ "add", CONF_STRUCT_T, CONF_LIST_AT(struct header_change, add),
	    .max_items = 16, .schema = &header_schema,
	    .text = "values put behind what is there" },
	{ "remove", CONF_STRING_T, CONF_LIST_AT(struct header_change, remove),
	    .max_items = 16, .pattern = CONF_HEADER_NAME,
	    .text = "names of fields to leave out" },
	{ 0 },
};

static const struct conf_schema change_schema = {
	"header change", sizeof(struct header_change), change_fields, NULL
};

static const struct conf_field fields[] = {
	{ "request", CONF_STRUCT_T, CONF_AT(struct headers, request),
	    .schema = &change_schema, .text = "on the way to the service" },
	{ "response", CONF_STRUCT_T, CONF_AT(struct headers, response),
	    .schema = &change_schema, .text = "on the way back" },
	{ 0 },
};

const struct conf_schema filter_headers_schema = {
	"headers", sizeof(struct headers), fields, NULL
};

/* Fields that the codec and the proxy's own rules answer for. */
static const char *const reserved[] = {
	"host", "connection", "content-length", "transfer-encoding", "upgrade",
	"te", "trailer", "keep-alive", "proxy-connection", "expect",
	"x-forwarded-client-cert", NULL
};

static int
check_name(const char *lower_name, struct err *err)
{
	for (size_t i = 0; reserved[i] != NULL; i++)
		if (slice_is(slice_str(lower_name), reserved[i]))
			return err_set(err, ERR_DATA,
			    "the proxy itself writes \"%s\"", lower_name);
	return 0;
}

static int
own_headers(struct arena *a, struct header *v, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		v[i].name = arena_lower(a, slice_str(v[i].name)).ptr;
		v[i].value = arena_strdup(a, v[i].value);
		if (check_name(v[i].name, err) != 0)
			return -1;
	}
	return 0;
}

static int
own_change(struct arena *a, struct header_change *c, struct err *err)
{
	for (size_t i = 0; i < c->remove_len; i++) {
		c->remove[i] = arena_lower(a, slice_str(c->remove[i])).ptr;
		if (check_name(c->remove[i], err) != 0)
			return -1;
	}
	if (own_headers(a, c->set, c->set_len, err) != 0)
		return -1;
	return own_headers(a, c->add, c->add_len, err);
}

static void
release(void *shared)
{
	struct headers *h = shared;

	arena_fini(&h->arena);
	mem_free(h);
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct headers *h = mem_zalloc(sizeof(*h));
	struct arena arena;

	arena_init(&arena);
	if (conf_decode(node != NULL ? node : conf_map_new(&arena),
	    &filter_headers_schema, &arena, h, err) != 0 ||
	    own_change(&arena, &h->request, err) != 0 ||
	    own_change(&arena, &h->response, err) != 0) {
		arena_fini(&arena);
		mem_free(h);
		return -1;
	}
	h->arena = arena;
	*shared = h;
	return 0;
}

static enum verdict
head(struct l7_ctx *ctx, enum dir dir, struct http_head *h, bool end)
{
	const struct headers *all = ctx->shared;
	const struct header_change *c = dir == DIR_UP ? &all->request :
	    &all->response;

	(void)end;
	for (size_t i = 0; i < c->set_len; i++)
		http_fields_set(&h->fields, slice_str(c->set[i].name),
		    slice_str(c->set[i].value));
	for (size_t i = 0; i < c->add_len; i++) {
		struct slice name = slice_str(c->add[i].name);
		struct slice old = http_fields_find(&h->fields, name);
		struct slice value = slice_str(c->add[i].value);

		if (old.ptr != NULL)
			value = slice_str(arena_printf(l7_arena(ctx),
			    "%.*s,%.*s", SLICE_ARG(old), SLICE_ARG(value)));
		http_fields_set(&h->fields, name, value);
	}
	for (size_t i = 0; i < c->remove_len; i++)
		http_fields_remove(&h->fields, slice_str(c->remove[i]));
	return PASS;
}

const struct l7_filter filter_headers = {
	.base = { .name = "headers", .configure = configure,
	    .release = release },
	.head = head,
};
