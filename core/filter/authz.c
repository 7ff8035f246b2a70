#include "base/log.h"
#include "base/mem.h"
#include "conf/schema.h"
#include "filter/filters.h"

/*
 * authz: which identities may connect.  A pattern is a SPIFFE ID; one that
 * ends in '*' stands for every ID that begins so.  Without `allow`, every
 * caller that proved an identity of the mesh may; the listener has refused
 * others already.  `deny` wins over `allow`.
 */
struct authz {
	struct arena arena;
	const char **allow, **deny;
	size_t       allow_len, deny_len;
};

static const struct conf_field fields[] = {
	{ "allow", CONF_STRING_T, CONF_LIST_AT(struct authz, allow),
	    .max_items = 1000,
	    .text = "SPIFFE IDs that may connect, '*' at the end for any; none: all" },
	{ "deny", CONF_STRING_T, CONF_LIST_AT(struct authz, deny),
	    .max_items = 1000, .text = "SPIFFE IDs that may not" },
	{ 0 },
};

const struct conf_schema filter_authz_schema = {
	"authz", sizeof(struct authz), fields, NULL
};

static void
keep(struct arena *a, const char **v, size_t len)
{
	for (size_t i = 0; i < len; i++)
		v[i] = arena_strdup(a, v[i]);
}

static void
release(void *shared)
{
	struct authz *a = shared;

	arena_fini(&a->arena);
	mem_free(a);
}

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct authz *a = mem_zalloc(sizeof(*a));
	struct arena arena;

	arena_init(&arena);
	if (conf_decode(node != NULL ? node : conf_map_new(&arena),
	    &filter_authz_schema, &arena, a, err) != 0) {
		arena_fini(&arena);
		mem_free(a);
		return -1;
	}
	/* The document may go; the words stay. */
	keep(&arena, a->allow, a->allow_len);
	keep(&arena, a->deny, a->deny_len);
	a->arena = arena;
	*shared = a;
	return 0;
}

static bool
matches(const char *const *v, size_t len, struct slice id)
{
	for (size_t i = 0; i < len; i++) {
		struct slice p = slice_str(v[i]);

		if (p.len > 0 && p.ptr[p.len - 1] == '*') {
			p.len--;
			if (slice_has_prefix(id, p))
				return true;
		} else if (slice_eq(id, p)) {
			return true;
		}
	}
	return false;
}

static enum verdict
l4_open(struct l4_ctx *ctx)
{
	const struct authz *a = ctx->shared;
	struct slice id = slice_str(l4_peer(ctx)->id);
	bool denied = matches(a->deny, a->deny_len, id);

	if (!denied && (a->allow_len == 0 || matches(a->allow, a->allow_len,
	    id)))
		return PASS;
	log_info("authz", "%s: refused \"%.*s\": %s", l4_listener(ctx->run),
	    SLICE_ARG(id), denied ? "it is denied" : "it is not allowed");
	l4_filter_close(ctx, CLOSE_DENIED);
	return STOP;
}

const struct l4_filter filter_authz = {
	.base = { .name = "authz", .configure = configure, .release = release },
	.open = l4_open,
};
