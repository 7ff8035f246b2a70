#include <string.h>

#include "conf/pattern.h"
#include "link/sni.h"
#include "modes/ctl/names.h"

/* What it is called by in requests, as a name here. */
static const char *
without_dots(struct ctl *c, const char *word)
{
	struct service_name name;

	if (!slice_has_suffix(slice_str(word), SLICE(".mesh")) ||
	    !service_name_parse(slice_str(word), SLICE_NONE, &name))
		return word;
	return arena_printf(&c->arena, "%s/%s", name.ns, name.name);
}

int
names_read(struct ctl *c, const char *what, const char *word,
    const char **namespace, const char **name)
{
	const char *slash;

	word = without_dots(c, word);
	slash = strchr(word, '/');
	*namespace = slash == NULL ? c->namespace :
	    arena_printf(&c->arena, "%.*s", (int)(slash - word), word);
	*name = slash == NULL ? word : slash + 1;
	if (*namespace == NULL)
		return ctl_misused(c, "%s: \"%s\" is looked for in one namespace: "
		    "write NAMESPACE/NAME, or -n instead of -A", what, word);
	if (conf_pattern_match(CONF_LABEL, slice_str(*namespace)) &&
	    conf_pattern_match(CONF_LABEL, slice_str(*name)))
		return CTL_OK;
	return ctl_misused(c, "%s: expected NAME or NAMESPACE/NAME, both of a-z, "
	    "0-9 and - inside, found \"%s\"", what, word);
}

const char *
names_sought(struct ctl *c, const char *plural, bool is_namespaced)
{
	const char *selector = ctl_value(c, "selector");
	bool is_one = is_namespaced && c->namespace != NULL;

	return arena_printf(&c->arena, "%s%s%s%s%s", plural,
	    is_one ? " in namespace " : "", is_one ? c->namespace : "",
	    selector != NULL ? " that match " : "",
	    selector != NULL ? selector : "");
}

int
names_fail(const struct ctl *c, const struct names_field *fields,
    const struct err *err)
{
	for (; fields->field != NULL; fields++) {
		size_t len = strlen(fields->field);
		const char *reason;

		if (strncmp(err->text, fields->field, len) == 0 &&
		    strchr(":.[", err->text[len]) != NULL &&
		    (reason = strstr(err->text, ": ")) != NULL)
			return ctl_misused(c, "%s%s", fields->typed, reason);
	}
	return ctl_fail_call(c, err);
}
