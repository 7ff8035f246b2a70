#include <string.h>

#include "conf/pattern.h"
#include "model/service.h"
#include "modes/ctl/call.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"
#include "modes/ctl/names.h"
#include "modes/ctl/traffic.h"

void
traffic_open_control(struct traffic *t, struct ctl *c)
{
	*t = (struct traffic){ .c = c };
	model_set_init(&t->set, MODEL_KNOWN, NULL);
}

int
traffic_open(struct traffic *t, struct ctl *c)
{
	bool takes_files = ctl_option_find(c->args.command->options, "filename",
	    strlen("filename")) != NULL;

	if (takes_files && args_nth(&c->args, "filename", 0) != NULL) {
		*t = (struct traffic){ .c = c, .is_offline = true };
		return input_read(c, &t->set);
	}
	traffic_open_control(t, c);
	return CTL_OK;
}

void
traffic_close(struct traffic *t)
{
	model_set_fini(&t->set);
}

int
traffic_name_read(struct ctl *c, const char *what, const char *word,
    const char *namespace, struct traffic_name *out)
{
	const char *colon = strchr(word, ':');
	const char *name = colon == NULL ? word : arena_printf(&c->arena, "%.*s",
	    (int)(colon - word), word);
	uint64_t port = 0;

	if (colon != NULL && (!slice_u64(slice_str(colon + 1), &port) ||
	    port == 0 || port > 65535))
		return ctl_misused(c, "%s: expected a port from 1 to 65535 behind "
		    "\":\", found \"%s\"", what, word);
	out->port = (uint16_t)port;
	if (namespace != NULL && strchr(name, '/') == NULL)
		name = arena_printf(&c->arena, "%s/%s", namespace, name);
	return names_read(c, what, name, &out->namespace, &out->name);
}

int
traffic_service_read(struct traffic *t, const char *what, const char *word,
    struct traffic_name *out)
{
	const char *colon = strchr(word, ':');
	const struct model_object *service;
	struct err err = ERR_INIT;
	int code;

	/* A digit begins a number; names of ports may begin so too, and have others. */
	if (colon == NULL || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] == '\0' ||
	    !conf_pattern_match(CONF_LABEL, slice_str(colon + 1)))
		return traffic_name_read(t->c, what, word, NULL, out);
	code = traffic_name_read(t->c, what, arena_printf(&t->c->arena, "%.*s",
	    (int)(colon - word), word), NULL, out);
	if (code != CTL_OK)
		return code;
	service = traffic_find(t, &model_service_kind, out->namespace, out->name,
	    &err);
	if (service == NULL)
		return ctl_fail_call(t->c, &err);
	for (size_t i = 0; i < model_service(service)->spec.ports_len; i++) {
		const struct model_service_port *p =
		    &model_service(service)->spec.ports[i];

		if (p->name != NULL && strcmp(p->name, colon + 1) == 0)
			out->port = p->port;
	}
	if (out->port != 0)
		return CTL_OK;
	err_set(&err, ERR_NOT_FOUND, "Service %s has no port \"%s\"",
	    model_object_name(service), colon + 1);
	return ctl_fail_call(t->c, &err);
}

/* --- documents ------------------------------------------------------------ */

static const struct model_object *
keep(struct traffic *t, const struct conf_node *doc, struct err *err)
{
	struct model_object *o = model_object_read(doc, MODEL_KNOWN, NULL, err);
	const struct model_object *there;

	if (o == NULL)
		return NULL;
	there = model_set_find(&t->set, o->key);
	if (there == NULL)
		there = model_set_add(&t->set, o, err);
	model_object_unref(o);
	return there;
}

const struct model_object *
traffic_find(struct traffic *t, const struct model_kind *k, const char *namespace,
    const char *name, struct err *err)
{
	const struct model_object *o = model_set_find(&t->set,
	    model_key(&t->c->arena, k, namespace, name));
	struct conf_node *doc;

	if (o != NULL)
		return o;
	if (t->is_offline) {
		err_set(err, ERR_NOT_FOUND, "%s %s/%s is not in the files", k->kind,
		    namespace, name);
		return NULL;
	}
	if (call_api(t->c, "GET", documents_path(t->c, k, namespace, name), NULL,
	    &doc, err) < 0)
		return NULL;
	return keep(t, doc, err);
}

/* What a newer control keeps and we cannot read is said, and left out. */
int
traffic_load(struct traffic *t, const struct model_kind *k, const char *namespace,
    struct err *err)
{
	const struct conf_node *list;

	if (t->is_offline)
		return 0;
	list = call_list(t->c, call_query(t->c, documents_path(t->c, k, NULL, NULL),
	    "namespace", namespace), "items", err);
	if (list == NULL)
		return -1;
	CONF_FOREACH(e, list) {
		struct err unread = ERR_INIT;

		if (keep(t, e->node, &unread) == NULL)
			ctl_warn(t->c, "%s", unread.text);
	}
	return 0;
}

size_t
traffic_of_kind(const struct traffic *t, const struct model_kind *k,
    const struct model_object ***out)
{
	size_t n = 0;

	*out = arena_alloc(&t->c->arena, (t->set.len + 1) * sizeof(**out));
	for (size_t i = 0; i < t->set.len; i++)
		if (t->set.objects[i]->kind == k)
			(*out)[n++] = t->set.objects[i];
	return n;
}

static const struct model_kind *const route_kinds[] = {
	&model_http_route_kind, &model_grpc_route_kind, &model_tls_route_kind,
	&model_tcp_route_kind, &model_udp_route_kind,
};
#define ROUTE_KINDS	(sizeof(route_kinds) / sizeof(route_kinds[0]))

int
traffic_load_routes(struct traffic *t, const char *namespace, struct err *err)
{
	for (size_t i = 0; i < ROUTE_KINDS; i++)
		if (traffic_load(t, route_kinds[i], namespace, err) < 0)
			return -1;
	return 0;
}

size_t
traffic_routes(const struct traffic *t, const struct model_object ***out)
{
	size_t n = 0;

	*out = arena_alloc(&t->c->arena, (t->set.len + 1) * sizeof(**out));
	for (size_t k = 0; k < ROUTE_KINDS; k++)
		for (size_t i = 0; i < t->set.len; i++)
			if (t->set.objects[i]->kind == route_kinds[k])
				(*out)[n++] = t->set.objects[i];
	return n;
}

/* --- for functions of routes ---------------------------------------------- */

static const struct model_object *
find_seen(void *arg, const struct model_kind *k, const char *namespace,
    const char *name)
{
	struct traffic *t = arg;
	struct err err = ERR_INIT;
	const struct model_object *o = traffic_find(t, k, namespace, name, &err);

	if (o == NULL && err.kind != ERR_NOT_FOUND)
		t->is_blind = true;
	return o;
}

static const struct model_object **
list_seen(void *arg, const struct model_kind *k, const char *namespace, size_t *n)
{
	struct traffic *t = arg;
	struct err err = ERR_INIT;
	const struct model_object **all;
	size_t len;

	if (traffic_load(t, k, namespace, &err) < 0)
		t->is_blind = true;
	len = traffic_of_kind(t, k, &all);
	*n = 0;
	for (size_t i = 0; i < len; i++)
		if (namespace == NULL ||
		    strcmp(all[i]->head->meta.namespace, namespace) == 0)
			all[(*n)++] = all[i];
	return all;
}

struct route_sight
traffic_sight(struct traffic *t)
{
	return (struct route_sight){ find_seen, list_seen, t, &t->c->arena };
}

bool
traffic_hangs(const struct model_object *route, const struct model_object *service)
{
	const struct model_route_at *at = model_route(route);

	for (size_t i = 0; i < at->parents_len; i++)
		if (route_meets_service(route, &at->parents[i], service) ==
		    ROUTE_ACCEPTED)
			return true;
	return false;
}
