#include <string.h>

#include "model/closure.h"
#include "model/object.h"

/* v1/Namespace: a name and its labels; nothing in its spec is used. */
struct namespace {
	struct model_head       head;
	const struct conf_node *spec;
};

static const char *const versions[] = { "v1", NULL };

static const struct conf_field fields[] = {
	MODEL_HEAD_FIELDS,
	{ "spec", CONF_ANY_T, CONF_AT(struct namespace, spec),
	    .text = "accepted, not used" },
	{ 0 },
};

static int
verify(const void *filled, const struct conf_node *doc, struct err *err)
{
	(void)filled;
	return model_verify_label_name(doc, err);
}

static const struct conf_schema schema = { "Namespace",
	sizeof(struct namespace), fields, verify };

static void
print_labels(struct str *out, const struct model_object *o)
{
	const struct conf_pairs *p = &o->head->meta.labels;

	for (size_t i = 0; i < p->len; i++)
		str_addf(out, "%s%s=%s", i > 0 ? "," : "", p->items[i].key,
		    p->items[i].value);
}

static const struct model_column columns[] = {
	{ "LABELS", print_labels, false },
	{ NULL, NULL, false },
};

static bool
concerns(const struct model_subject *subject, const struct model_object *o)
{
	/* Listeners say by labels from which ones routes may come. */
	return subject->gateway != NULL ||
	    strcmp(o->head->meta.name, subject->namespace) == 0;
}

const struct model_kind model_namespace_kind = {
	.kind = "Namespace", .plural = "namespaces", .short_name = "ns",
	.group = "core", .versions = versions, .namespaced = false, .stored = true,
	.delivery = MODEL_TO_MEMBERS, .schema = &schema, .columns = columns,
	.concerns = concerns,
	.text = "a space of names, with labels that policies select by",
};
