#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "model/extension.h"
#include "model/inert.h"
#include "model/reference_grant.h"
#include "model/service.h"
#include "modes/control/conditions_judge.h"

const struct judge *const judges[] = {
	&judge_http_route,
	&judge_grpc_route,
	&judge_tls_route,
	&judge_tcp_route,
	&judge_udp_route,
	&judge_gateway_class,
	&judge_gateway,
	&judge_listener_set,
	&judge_backend_policy,
	&judge_traffic_policy,
	&judge_destination_rule,
	&judge_backend_tls_policy,
	&judge_rate_limit,
	&judge_fault_injection,
	&judge_compression,
	&judge_cache,
	NULL,
};

/* --- looking ----------------------------------------------------------------------- */

static void
note(struct sight *s, const char *key)
{
	for (size_t i = 0; i < s->len; i++)
		if (strcmp(s->seen[i], key) == 0)
			return;
	if (s->len == s->cap) {
		s->cap = s->cap == 0 ? 8 : s->cap * 2;
		s->seen = mem_realloc(s->seen, s->cap * sizeof(*s->seen));
	}
	s->seen[s->len++] = key;
}

const struct model_object *
sight_find(struct sight *s, const struct model_kind *kind,
    const char *namespace, const char *name)
{
	const char *key = model_key(s->arena, kind, namespace, name);

	note(s, key);
	return registry_find(s->registry, slice_str(key));
}

struct model_object **
sight_list(struct sight *s, const struct model_kind *kind,
    const char *namespace, size_t *n)
{
	struct registry_query q = { .kind = kind, .namespace = namespace };
	struct model_object **all = registry_list(s->registry, &q, n), **out;

	note(s, arena_printf(s->arena, "/%s/%s/%s%s", kind->group, kind->plural,
	    namespace == NULL ? "" : namespace, namespace == NULL ? "" : "/"));
	out = arena_alloc(s->arena, (*n + 1) * sizeof(struct model_object *));
	memcpy(out, all, *n * sizeof(struct model_object *));
	mem_free(all);
	return out;
}

struct conf_pairs
sight_labels(struct sight *s, const char *namespace)
{
	const struct model_object *o = sight_find(s, &model_namespace_kind, NULL,
	    namespace);
	const struct conf_pairs *has = o == NULL ? NULL : &o->head->meta.labels;
	size_t n = has == NULL ? 0 : has->len;
	struct conf_pair *items = arena_alloc(s->arena, (n + 1) *
	    sizeof(*items));

	if (n > 0)
		memcpy(items, has->items, n * sizeof(*items));
	/* Kubernetes sets it on every namespace, and selectors count on it. */
	items[n] = (struct conf_pair){ .key = "kubernetes.io/metadata.name",
		.value = namespace };
	return (struct conf_pairs){ items, n + 1 };
}

bool
sight_granted(struct sight *s, const struct model_object_ref *to)
{
	size_t n;
	struct model_object **grants = sight_list(s,
	    &model_reference_grant_kind, to->namespace, &n);

	for (size_t i = 0; i < n; i++)
		if (model_grant_allows(grants[i], s->of, to->group, to->kind,
		    to->namespace, to->name))
			return true;
	return false;
}

static enum route_reason
find_service(struct sight *s, const struct model_object_ref *to)
{
	const struct model_object *o = sight_find(s, &model_service_kind,
	    to->namespace, to->name);

	if (o == NULL || (to->port != 0 &&
	    model_service_port(model_service(o), to->port) == NULL))
		return ROUTE_BACKEND_NOT_FOUND;
	return ROUTE_RESOLVED;
}

enum route_reason
sight_backend(struct sight *s, const struct model_object_ref *to)
{
	if (model_ref_is(to->group, to->kind, "", "Service"))
		return find_service(s, to);
	/* Nothing can be sent to one, but a filter can be one. */
	const struct model_kind *kind = to->port != 0 ? NULL :
	    model_extension_kind(to->group, to->kind);

	if (kind == NULL)
		return ROUTE_INVALID_KIND;
	return sight_find(s, kind, to->namespace, to->name) == NULL ?
	    ROUTE_BACKEND_NOT_FOUND : ROUTE_RESOLVED;
}

/* --- telling ----------------------------------------------------------------------- */

void
condition_put(const struct sight *s, struct conf_node *list, const char *type,
    const char *status, const char *reason, const char *message)
{
	struct conf_node *c = conf_add_map(list);

	conf_set_string(c, "type", type);
	conf_set_string(c, "status", status);
	conf_set_int(c, "observedGeneration", s->of->head->meta.generation);
	conf_set_string(c, "reason", reason);
	conf_set_string(c, "message", message);
}

void
condition_promise(const struct sight *s, struct conf_node *list, bool accepted)
{
	bool is_inert = false;

	for (const struct model_inert_field *f = model_inert_fields;
	    f->kind != NULL; f++)
		is_inert |= strcmp(f->kind, s->of->kind->kind) == 0 &&
		    strcmp(f->path, "spec") == 0;
	if (is_inert)
		condition_put(s, list, "Programmed", "False", "Unsupported",
		    "this version does not act on its kind");
	else if (accepted)
		condition_put(s, list, "Programmed", "True", "Programmed",
		    "every proxy that needs it runs it");
	else
		condition_put(s, list, "Programmed", "False", "Invalid",
		    "it is not accepted");
}

static void
add_path(void *arg, const struct model_inert_field *field, const char *path,
    const struct conf_node *n)
{
	struct str *paths = arg;

	(void)field;
	(void)n;
	str_addf(paths, "%s%s", paths->len > 0 ? ", " : "", path);
}

void
condition_ignored(const struct sight *s, struct conf_node *list)
{
	struct str paths = { 0 };

	model_inert(s->of, add_path, &paths);
	if (paths.len > 0)
		condition_put(s, list, "mesh.internal/FieldsIgnored", "True",
		    "NotActedOn", arena_printf(s->arena,
		    "accepted, and not acted on yet: %s", str_ptr(&paths)));
	str_fini(&paths);
}
