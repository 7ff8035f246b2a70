#include "base/clock.h"
#include "conf/json.h"
#include "model/workload.h"
#include "modes/control/conditions.h"
#include "modes/control/federation.h"
#include "modes/control/rollouts.h"
#include "modes/control/secrecy.h"
#include "modes/control/sessions.h"
#include "modes/control/view.h"

static bool
has_session_state(const struct model_object *o)
{
	return o->kind == &model_workload_kind && model_workload(o)->spec.sidecar;
}

static void
add_bundle(const struct server *s, const struct model_object *o,
    struct slice conditions, struct str *out)
{
	struct err err = ERR_INIT;
	struct arena a = { 0 };
	struct conf_node *status = conf_json_read(&a, conditions, "status",
	    &err);

	if (status != NULL) {
		federation_status(s->federation, o, status);
		conf_json_write(out, status);
	}
	arena_fini(&a);
}

/* The status that is computed for its kind; absent: its kind has none. */
static struct slice
status_of(const struct server *s, const struct model_object *o,
    struct str *room)
{
	if (o->kind == &model_federated_trust_domain_kind)
		add_bundle(s, o, conditions_of(s->conditions, o), room);
	else if (o->kind == &model_rollout_kind)
		rollouts_status(s->rollouts, o, room);
	else
		return conditions_of(s->conditions, o);
	return str_slice(room);
}

static void
write_with_status(const struct model_object *o, struct slice status,
    struct str *out)
{
	struct err err = ERR_INIT;
	struct conf_node *doc, *s;
	struct arena a;

	arena_init(&a);
	doc = conf_copy(&a, o->node);
	s = conf_json_read(&a, status, "status", &err);
	if (s != NULL)
		conf_set(doc, "status", s);
	conf_json_write(out, doc);
	arena_fini(&a);
}

void
view_document(const struct server *s, const struct model_object *o,
    struct str *out)
{
	struct str status = { 0 };
	struct slice computed;

	if (model_key_is_secret(slice_str(o->key))) {
		secrecy_write(out, o->node);
		return;
	}
	computed = status_of(s, o, &status);
	if (computed.ptr != NULL) {
		write_with_status(o, computed, out);
		str_fini(&status);
		return;
	}
	if (!has_session_state(o)) {
		conf_json_write(out, o->node);
		return;
	}
	registry_workload_status_json(s->workloads, slice_str(o->key),
	    sessions_has(s->sessions, slice_str(model_object_name(o))),
	    (int64_t)clock_mono_ms(), &status);
	write_with_status(o, str_slice(&status), out);
	str_fini(&status);
}

bool
view_is_away(const struct server *s, const struct model_object *o)
{
	enum live_status status;

	if (!has_session_state(o))
		return false;
	status = registry_workload_status(s->workloads, slice_str(o->key));
	return status == LIVE_OFFLINE || status == LIVE_NOT_READY;
}

void
view_for_proxies(const struct server *s, const struct model_object *o,
    struct str *out)
{
	if (view_is_away(s, o))
		write_with_status(o, SLICE("{\"state\":\"Offline\"}"), out);
	else
		conf_json_write(out, o->node);
}

struct model_object *
view_object(const struct server *s, struct model_object *o)
{
	struct err err = ERR_INIT;
	struct model_object *seen = NULL;
	struct str json = { 0 };
	struct conf_node *doc;
	struct arena a;

	if (!view_is_away(s, o))
		return model_object_ref(o);
	arena_init(&a);
	view_for_proxies(s, o, &json);
	doc = conf_json_read(&a, str_slice(&json), "view", &err);
	if (doc != NULL)
		seen = model_object_read(doc, MODEL_KNOWN, NULL, &err);
	str_fini(&json);
	arena_fini(&a);
	return seen != NULL ? seen : model_object_ref(o);
}
