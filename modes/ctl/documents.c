#include "modes/ctl/call.h"
#include "modes/ctl/documents.h"
#include "modes/ctl/input.h"

const char *
documents_path(struct ctl *c, const struct model_kind *k, const char *namespace,
    const char *name)
{
	if (name == NULL)
		return call_path(c, "/v1/documents", k->plural, NULL);
	return call_path(c, "/v1/documents", k->plural,
	    k->namespaced ? namespace : "-", name, NULL);
}

const struct conf_node *
documents_list(struct ctl *c, const struct model_kind *k, struct err *err)
{
	const char *path = documents_path(c, k, NULL, NULL);

	if (k->namespaced)
		path = call_query(c, path, "namespace", c->namespace);
	path = call_query(c, path, "selector", ctl_value(c, "selector"));
	return call_list(c, path, "items", err);
}

int
documents_stored(struct ctl *c, const struct model_kind *k)
{
	if (k->stored)
		return CTL_OK;
	return ctl_misused(c, "%s is read from files by the program that it "
	    "configures; control keeps none", k->kind);
}

int
documents_kind(struct ctl *c, const struct model_kind **k, size_t *first)
{
	int code = input_kind(c, k, first);

	if (code == CTL_OK)
		code = documents_stored(c, *k);
	if (code == CTL_OK && c->args.len > *first) {
		if ((*k)->namespaced && c->namespace == NULL)
			code = ctl_misused(c, "a name is looked for in one "
			    "namespace: say -n instead of -A");
		else if (ctl_value(c, "selector") != NULL)
			code = ctl_misused(c, "say a name or a selector, not both");
	}
	return code;
}
