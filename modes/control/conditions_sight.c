#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "model/inert.h"
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
	&judge_xbackend,
	&judge_rate_limit,
	&judge_fault_injection,
	&judge_compression,
	&judge_cache,
	&judge_authorization_policy,
	&judge_request_authentication,
	&judge_oidc_login,
	&judge_peer_authentication,
	&judge_federated_trust_domain,
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

const struct model_object **
sight_list(struct sight *s, const struct model_kind *kind,
    const char *namespace, size_t *n)
{
	struct registry_query q = { .kind = kind, .namespace = namespace };
	struct model_object **all = registry_list(s->registry, &q, n);
	const struct model_object **out;

	note(s, arena_printf(s->arena, "/%s/%s/%s%s", kind->group, kind->plural,
	    namespace == NULL ? "" : namespace, namespace == NULL ? "" : "/"));
	out = arena_alloc(s->arena, (*n + 1) *
	    sizeof(const struct model_object *));
	for (size_t i = 0; i < *n; i++)
		out[i] = all[i];
	mem_free(all);
	return out;
}

static const struct model_object *
find_seen(void *sight, const struct model_kind *kind, const char *namespace,
    const char *name)
{
	return sight_find(sight, kind, namespace, name);
}

static const struct model_object **
list_seen(void *sight, const struct model_kind *kind, const char *namespace,
    size_t *n)
{
	return sight_list(sight, kind, namespace, n);
}

struct route_sight
sight_of_routes(struct sight *s)
{
	return (struct route_sight){ find_seen, list_seen, s, s->arena };
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
	if (accepted)
		condition_put(s, list, "Programmed", "True", "Programmed",
		    "every proxy that needs it runs it");
	else
		condition_put(s, list, "Programmed", "False", "Invalid",
		    "not as it is: its other conditions say why");
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
