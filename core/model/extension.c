#include <string.h>

#include "model/closure.h"
#include "model/extension.h"

static const struct model_kind *const kinds[] = {
	&model_rate_limit_kind, &model_fault_injection_kind,
	&model_compression_kind, &model_cache_kind,
};

const struct model_kind *
model_extension_kind(const char *group, const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (model_ref_is(group, kind, kinds[i]->group, kinds[i]->kind))
			return kinds[i];
	return NULL;
}

bool
model_extension_targets(const struct model_object *o,
    const struct model_target_ref **targets, size_t *n)
{
	if (o->kind == &model_rate_limit_kind) {
		*targets = model_rate_limit(o)->targets;
		*n = model_rate_limit(o)->targets_len;
	} else if (o->kind == &model_fault_injection_kind) {
		*targets = model_fault_injection(o)->targets;
		*n = model_fault_injection(o)->targets_len;
	} else if (o->kind == &model_compression_kind) {
		*targets = model_compression(o)->targets;
		*n = model_compression(o)->targets_len;
	} else if (o->kind == &model_cache_kind) {
		*targets = model_cache(o)->targets;
		*n = model_cache(o)->targets_len;
	} else {
		return false;
	}
	return true;
}

static bool
is_service(const struct model_target_ref *t, const char *name)
{
	return model_ref_is(t->group, t->kind, "", "Service") &&
	    strcmp(t->name, name) == 0;
}

bool
model_extension_is_for(const struct model_object *o, const char *namespace,
    const char *service, const char *port_name)
{
	const struct model_target_ref *t;
	size_t n;

	if (!model_extension_targets(o, &t, &n) ||
	    strcmp(o->head->meta.namespace, namespace) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_service(&t[i], service) && (t[i].section == NULL ||
		    (port_name != NULL && strcmp(t[i].section, port_name) == 0)))
			return true;
	return false;
}

bool
model_extension_displaces(const struct model_object *first,
    const struct model_target_ref *t, const struct model_object *second,
    const struct model_target_ref *u)
{
	if (first->kind != second->kind || first->kind == &model_rate_limit_kind ||
	    strcmp(first->head->meta.namespace, second->head->meta.namespace) !=
	    0 || !is_service(t, u->name) || !is_service(u, t->name) ||
	    (t->section == NULL) != (u->section == NULL))
		return false;
	return (t->section == NULL || strcmp(t->section, u->section) == 0) &&
	    model_object_by_age(first, second) < 0;
}

struct search {
	const struct model_object *wanted;
	bool                       is_found;
};

static void
on_extension(void *arg, const struct model_object_ref *ref)
{
	struct search *x = arg;

	x->is_found |= model_extension_kind(ref->group, ref->kind) ==
	    x->wanted->kind && strcmp(ref->name, x->wanted->head->meta.name) == 0;
}

bool
model_extension_is_used(const struct model_object *o,
    const struct model_object *route)
{
	struct search x = { .wanted = o };

	if (route->kind->extensions != NULL &&
	    strcmp(route->head->meta.namespace, o->head->meta.namespace) == 0)
		route->kind->extensions(route, on_extension, &x);
	return x.is_found;
}

static void
print_targets(struct str *out, const struct model_object *o)
{
	const struct model_target_ref *targets;
	size_t n;

	if (model_extension_targets(o, &targets, &n) && n > 0)
		model_print_targets(out, targets, n);
	else
		str_add_char(out, '-');
}

const struct model_column model_extension_columns[] = {
	{ "TARGETS", print_targets, false },
	{ NULL, NULL, false },
};

bool
model_extension_concerns(const struct model_subject *subject,
    const struct model_object *o)
{
	const struct model_target_ref *targets;
	size_t n;

	if (!model_extension_targets(o, &targets, &n))
		return false;
	return model_subject_is_targeted(subject, o, targets, n) ||
	    model_subject_extends(subject, o);
}
