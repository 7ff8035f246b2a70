#include "model/warn.h"
#include "modes/ctl/traffic.h"

#define LOOKUPS_MAX	200	/* of what documents refer to and do not bring */

struct warning {
	struct ctl    *c;
	struct traffic there;	/* what control keeps, as far as it was asked */
	size_t         lookups;
};

static void
on_warning(void *arg, const struct model_object *o, const char *text)
{
	const struct warning *w = arg;

	(void)o;
	ctl_warn(w->c, "%s", text);
}

/* A control that does not answer is not asked again. */
static enum model_elsewhere
look_there(void *arg, const struct model_kind *kind, const char *namespace,
    const char *name, const struct model_object **out)
{
	struct warning *w = arg;
	struct err err = ERR_INIT;

	*out = NULL;
	if (w->there.is_blind || w->lookups++ >= LOOKUPS_MAX || !kind->stored)
		return MODEL_ELSEWHERE_UNKNOWN;
	*out = traffic_find(&w->there, kind, namespace, name, &err);
	if (*out != NULL)
		return MODEL_ELSEWHERE_FOUND;
	w->there.is_blind = err.kind != ERR_NOT_FOUND && err.kind != ERR_DENIED;
	return err.kind == ERR_NOT_FOUND ? MODEL_ELSEWHERE_NONE :
	    MODEL_ELSEWHERE_UNKNOWN;
}

void
traffic_warn(struct ctl *c, const struct model_set *set)
{
	struct warning w = { .c = c };

	traffic_open_control(&w.there, c);
	model_warn_beside(set, 0, look_there, on_warning, &w);
	traffic_close(&w.there);
}
