/* Providers of ext_authz.h, as documents describe them. */
#include "base/mem.h"
#include "conf/units.h"
#include "model/extension_provider.h"
#include "model/http_filter.h"
#include "modes/proxy/ext_authz.h"

static const char *const everything[] = { "*" };
static const struct ext_authz_names all = { everything, 1 };

static struct ext_authz_provider *
provider_new(struct cluster *c)
{
	struct ext_authz_provider *p = mem_zalloc(sizeof(*p));

	refs_init(&p->refs);
	arena_init(&p->arena);
	p->cluster = c == NULL ? NULL : cluster_ref(c);
	p->settings.error_status = 403;
	return p;
}

struct ext_authz_provider *
ext_authz_provider_ref(struct ext_authz_provider *p)
{
	refs_take(&p->refs);
	return p;
}

void
ext_authz_provider_unref(struct ext_authz_provider *p)
{
	if (p == NULL || !refs_drop(&p->refs))
		return;
	cluster_unref(p->cluster);
	arena_fini(&p->arena);
	mem_free(p);
}

static struct ext_authz_names
names_of(struct arena *a, const char *const *v, size_t len)
{
	const char **copy = arena_alloc(a, (len + 1) * sizeof(*copy));

	for (size_t i = 0; i < len; i++)
		copy[i] = arena_lower(a, slice_str(v[i])).ptr;
	return (struct ext_authz_names){ copy, len };
}

static struct conf_pairs
pairs_of(struct arena *a, const struct conf_pairs *from)
{
	struct conf_pairs to = { .len = from->len };

	to.items = arena_alloc(a, (from->len + 1) * sizeof(*to.items));
	for (size_t i = 0; i < from->len; i++) {
		to.items[i].key = arena_strdup(a, from->items[i].key);
		to.items[i].value = arena_strdup(a, from->items[i].value);
	}
	return to;
}

static struct slice
authority_of(struct arena *a, const char *name, const char *namespace,
    uint16_t port)
{
	return slice_str(arena_printf(a, "%s.%s.mesh:%u", name, namespace,
	    port));
}

struct ext_authz_provider *
ext_authz_provider_new(const struct model_extension_provider *doc,
    struct cluster *c)
{
	const struct model_auth_provider *from = model_auth_provider(doc);
	struct ext_authz_provider *p = provider_new(c);
	struct ext_authz_settings *s = &p->settings;
	struct arena *a = &p->arena;
	uint64_t status;

	p->name = arena_dup(a, slice_str(doc->name));
	p->authority = authority_of(a, from->service, from->namespace,
	    from->port);
	p->service = slice_str(arena_printf(a, "%s/%s", from->namespace,
	    from->service));
	p->port = from->port;
	s->is_grpc = doc->grpc != NULL;
	s->timeout_ms = (uint64_t)from->timeout_ms;
	s->fails_open = from->fails_open;
	if (slice_u64(slice_str(from->error_status), &status))
		s->error_status = (int)status;
	if (from->body != NULL) {
		s->body_max = (size_t)from->body->max;
		s->allows_part = from->body->allows_part;
		s->as_bytes = from->body->as_bytes;
	}
	s->path = arena_dup(a, slice_str(from->path == NULL ? "" :
	    from->path));
	s->headers = s->is_grpc ? all : names_of(a, from->headers,
	    from->headers_len);
	s->more_headers = pairs_of(a, &from->more_headers);
	s->up_allow = names_of(a, from->up_allow, from->up_allow_len);
	s->down_deny = names_of(a, from->down_deny, from->down_deny_len);
	s->down_allow = names_of(a, from->down_allow, from->down_allow_len);
	s->denies_with_all = from->down_deny_len == 0;
	return p;
}

/* A longer body is cut off (Gateway API, ForwardBodyConfig). */
struct ext_authz_provider *
ext_authz_provider_of_filter(const struct model_external_auth *from,
    const char *namespace, struct cluster *c)
{
	struct ext_authz_provider *p = provider_new(c);
	struct ext_authz_settings *s = &p->settings;
	struct arena *a = &p->arena;
	const struct model_auth_http *http = from->http;
	const struct model_auth_grpc *grpc = from->grpc;
	const char *ns = from->backend.namespace != NULL ?
	    from->backend.namespace : namespace;
	int64_t ms = 0;

	conf_duration_read(SLICE(MODEL_AUTH_TIMEOUT), &ms);
	p->name = p->service = slice_str(arena_printf(a, "%s/%s", ns,
	    from->backend.name));
	p->authority = authority_of(a, from->backend.name, ns,
	    from->backend.port);
	p->port = from->backend.port;
	s->is_grpc = from->protocol == MODEL_AUTH_GRPC;
	s->timeout_ms = (uint64_t)ms;
	s->body_max = from->body == NULL ? 0 : (size_t)from->body->max;
	s->allows_part = true;
	s->denies_with_all = true;
	s->path = SLICE("");
	if (http != NULL && http->path != NULL)
		s->path = arena_dup(a, slice_str(http->path));
	if (s->is_grpc)
		s->headers = grpc == NULL || grpc->headers_len == 0 ? all :
		    names_of(a, grpc->headers, grpc->headers_len);
	else if (http != NULL)
		s->headers = names_of(a, http->headers, http->headers_len);
	/* Of its answer all, unless some are named (HTTPAuthConfig). */
	s->up_allow = http == NULL || http->reply_headers_len == 0 ? all :
	    names_of(a, http->reply_headers, http->reply_headers_len);
	return p;
}
