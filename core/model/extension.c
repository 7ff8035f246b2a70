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
