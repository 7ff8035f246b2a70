#include <string.h>

#include "model/annotation.h"
#include "model/warn_impl.h"

/* warn_annotations: those that were to do something, and that nobody reads. */

void
warn_annotations(struct warner *w)
{
	const struct conf_node *all = conf_find(w->object->node,
	    "metadata.annotations");

	CONF_FOREACH(e, all) {
		struct err err = ERR_INIT;
		const char *kind, *meant = model_annotation_meant(w->object,
		    e->key, &kind);

		if (meant == NULL)
			continue;
		if (strcmp(kind, w->object->kind->kind) == 0)
			conf_error_key(all, e, &err, "metadata.annotations: nobody "
			    "reads \"%.*s\", did you mean \"%s\"?",
			    SLICE_ARG(e->key), meant);
		else
			conf_error_key(all, e, &err, "metadata.annotations: \"%s\" "
			    "counts at kind %s, not at kind %s", meant, kind,
			    w->object->kind->kind);
		w->emit(w->arg, w->object, err.text);
	}
}
