#include "base/log.h"
#include "base/mem.h"
#include "model/mesh_config.h"
#include "modes/control/first_policy.h"
#include "modes/control/registry_apply.h"

struct writing {
	struct server   *server;
	void           (*done)(struct server *);
	struct loop_task later;
};

static void
on_later(void *arg)
{
	struct writing *w = arg;
	struct server *s = w->server;
	void (*done)(struct server *) = w->done;

	mem_free(w);
	done(s);
}

static void
on_applied(void *ctx, const struct registry_answer *a)
{
	struct writing *w = ctx;

	if (a->err.kind != ERR_NONE)
		log_error("policy", "the first MeshConfig is not written: %s",
		    a->err.text);
	else
		log_info("policy", "a new mesh: nobody may call anybody until a "
		    "policy allows it (MeshConfig default, defaultInboundPolicy: "
		    "%s): mesh ctl allow CALLER SERVICE",
		    model_inbound_policy_name((enum model_inbound_policy)
		    w->server->spec->initial_policy));
	on_later(w);
}

static struct conf_node *
document(struct arena *a, enum model_inbound_policy policy)
{
	struct conf_node *doc = model_document_new(a, &model_mesh_config_kind,
	    NULL, MODEL_MESH_CONFIG_NAME);

	conf_set_string(conf_set_map(doc, "spec"), "defaultInboundPolicy",
	    model_inbound_policy_name(policy));
	return doc;
}

void
first_policy_write(struct server *s, void (*done)(struct server *))
{
	enum model_inbound_policy policy =
	    (enum model_inbound_policy)s->spec->initial_policy;
	struct writing *w = mem_zalloc(sizeof(*w));
	struct arena a = { 0 };

	*w = (struct writing){ .server = s, .done = done };
	/* That is what the absence of a MeshConfig says. */
	if (registry_revision(s->registry) > 0 ||
	    policy == MODEL_ALL_AUTHENTICATED) {
		loop_task_init(&w->later, on_later, w);
		loop_defer(s->loop, &w->later);
		return;
	}
	const struct registry_edit edit = { .document = document(&a, policy),
		.if_absent = true };
	const struct registry_set set = { .edits = &edit, .n = 1,
		.who = { .actor = SLICE("control"), .from = SLICE("local") } };

	registry_apply(s->registry, &set, on_applied, w);
	arena_fini(&a);
}
