#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "conf/json.h"
#include "modes/control/conditions_judge.h"
#include "modes/control/rollout_record.h"

static const char *const holds[] = {
	[ROLLOUT_FREE] = "free",
	[ROLLOUT_HELD] = "held",
	[ROLLOUT_HELD_BY_FAILURE] = "failed",
};

static void
set_counts(struct conf_node *map, const struct traffic_counts *c)
{
	conf_set_int(map, "requests", (int64_t)c->requests);
	conf_set_int(map, "success", (int64_t)c->success);
	if (!isnan(c->p99_ms))
		conf_set_float(map, "p99", round(c->p99_ms * 1000) / 1000);
}

/* --- kept ----------------------------------------------------------------- */

void
rollout_record_write(struct str *out, const struct rollout_record *r)
{
	const struct rollout_state *s = &r->state;
	struct conf_node *map;
	struct arena a;

	arena_init(&a);
	map = conf_map_new(&a);
	conf_set_string(map, "uid", r->uid);
	conf_set_string(map, "target", r->target);
	conf_set_string(map, "before", r->before);
	conf_set_string(map, "phase", rollout_phase_name(s->phase));
	conf_set_string(map, "reason", rollout_reason_name(s->reason));
	conf_set_string(map, "hold", holds[s->hold]);
	conf_set_int(map, "generation", s->generation);
	conf_set_int(map, "step", s->step);
	conf_set_int(map, "percent", s->percent);
	conf_set_int(map, "since", s->since_ms);
	if (s->has_seen)
		set_counts(conf_set_map(map, "seen"), &s->seen);
	conf_json_write(out, map);
	arena_fini(&a);
}

static bool
read_hold(const char *name, enum rollout_hold *out)
{
	for (int i = 0; i <= ROLLOUT_HELD_BY_FAILURE; i++)
		if (name != NULL && strcmp(name, holds[i]) == 0) {
			*out = (enum rollout_hold)i;
			return true;
		}
	return false;
}

static void
read_seen(struct rollout_state *s, const struct conf_node *seen)
{
	const struct conf_node *p99 = conf_get(seen, "p99");

	s->has_seen = seen != NULL;
	s->seen.requests = (uint64_t)conf_get_int(seen, "requests", 0);
	s->seen.success = (uint64_t)conf_get_int(seen, "success", 0);
	s->seen.p99_ms = p99 == NULL ? NAN : p99->kind == CONF_FLOAT ?
	    p99->number : (double)p99->integer;
}

int
rollout_record_read(struct rollout_record *r, struct arena *a, struct slice json,
    struct err *err)
{
	const struct conf_node *map = conf_json_read(a, json, "the store", err);
	struct rollout_state *s = &r->state;

	*r = (struct rollout_record){ .state = ROLLOUT_NONE };
	if (map == NULL)
		return -1;
	r->uid = conf_get_string(map, "uid");
	r->target = conf_get_string(map, "target");
	r->before = conf_get_string(map, "before");
	s->generation = conf_get_int(map, "generation", 0);
	s->step = conf_get_int(map, "step", -1);
	s->percent = conf_get_int(map, "percent", -1);
	s->since_ms = conf_get_int(map, "since", 0);
	read_seen(s, conf_get(map, "seen"));
	if (r->uid != NULL && r->target != NULL && s->percent <= 100 &&
	    rollout_phase_read(conf_get_string(map, "phase"), &s->phase) &&
	    rollout_reason_read(conf_get_string(map, "reason"), &s->reason) &&
	    read_hold(conf_get_string(map, "hold"), &s->hold))
		return 0;
	return err_set(err, ERR_INTERNAL, "the record of a Rollout is damaged");
}

void
rollout_target(struct str *out, const struct model_rollout_spec *spec)
{
	str_addf(out, "%s/%s/%s %s %s", spec->route.kind, spec->route.name,
	    spec->route.rule == NULL ? "" : spec->route.rule, spec->stable,
	    spec->candidate);
}

/* --- shown ---------------------------------------------------------------- */

struct status {
	const struct model_object       *of;
	const struct model_rollout_spec *spec;
	const struct rollout_state      *state;
	const char                      *message;
	char                             since[CLOCK_TEXT_MAX];
};

/* "80 requests, 85 % good (at least 99 %), p99 230 ms (at most 200 ms)" */
static void
add_seen(struct str *out, const struct status *st)
{
	const struct traffic_counts *c = &st->state->seen;
	const struct model_rollout_check *k = &st->spec->check;

	str_addf(out, ": %llu requests, %.6g %% good (at least %.7g %%)",
	    (unsigned long long)c->requests, c->requests == 0 ? 0 :
	    100 * (double)c->success / (double)c->requests,
	    (double)k->success_percent / 10000);
	if (!isnan(c->p99_ms))
		str_addf(out, ", p99 %.1f ms", c->p99_ms);
	if (k->p99_ms >= 0)
		str_addf(out, isnan(c->p99_ms) ?
		    ", p99 unknown (at most %lld ms)" : " (at most %lld ms)",
		    (long long)k->p99_ms);
}

static bool
is_about_looks(enum rollout_reason r)
{
	return r == ROLLOUT_DOES_WELL || r == ROLLOUT_DOES_BADLY ||
	    r == ROLLOUT_FAILED || r == ROLLOUT_PAUSED_BY_FAILURE;
}

static const char *
message_of(struct arena *a, const struct status *st)
{
	const struct rollout_state *s = st->state;
	struct str out = { 0 };
	const char *text;

	str_add(&out, rollout_reason_text(s->reason));
	if (s->has_seen && is_about_looks(s->reason))
		add_seen(&out, st);
	if (s->reason == ROLLOUT_TOO_FEW)
		str_addf(&out, ": %llu, at least %lld",
		    (unsigned long long)s->so_far,
		    (long long)st->spec->check.min_requests);
	text = arena_dup(a, str_slice(&out)).ptr;
	str_fini(&out);
	return text;
}

static void
add_condition(const struct status *st, struct conf_node *list, const char *type,
    bool is_true, const char *reason, const char *message)
{
	struct conf_node *c = conf_add_map(list);

	conf_set_string(c, "type", type);
	conf_set_string(c, "status", is_true ? "True" : "False");
	conf_set_int(c, "observedGeneration", st->state->generation);
	conf_set_string(c, "reason", reason);
	conf_set_string(c, "message", message);
}

static bool
is_unfit(enum rollout_reason r)
{
	return r >= ROLLOUT_NO_ROUTE && r <= ROLLOUT_CONFLICTED;
}

static void
add_conditions(const struct status *st, struct conf_node *list)
{
	const struct rollout_state *s = st->state;
	const char *reason = rollout_reason_name(s->reason);
	bool is_fit = s->phase != ROLLOUT_PENDING || !is_unfit(s->reason);

	add_condition(st, list, "Accepted", is_fit, is_fit ? "Accepted" : reason,
	    is_fit ? "it can be acted on" : st->message);
	add_condition(st, list, "Progressing",
	    s->phase == ROLLOUT_PROGRESSING, reason, st->message);
	add_condition(st, list, "Succeeded", s->phase == ROLLOUT_SUCCEEDED,
	    reason, st->message);
	add_condition(st, list, "RolledBack", s->phase == ROLLOUT_ROLLED_BACK,
	    reason, st->message);
	if (s->reason == ROLLOUT_CONFLICTED)
		add_condition(st, list, "Conflicted", true, reason, st->message);
}

static void
add_ignored(const struct status *st, struct arena *a, struct conf_node *list)
{
	const struct sight sight = { .arena = a, .of = st->of };

	condition_ignored(&sight, list);
	CONF_FOREACH(e, list)
		conf_set_string(e->node, "lastTransitionTime", st->since);
}

static void
add_numbers(const struct status *st, struct conf_node *map)
{
	const struct rollout_state *s = st->state;

	conf_set_int(map, "step", s->step + 1);
	conf_set_int(map, "steps", (int64_t)st->spec->steps_len);
	if (s->percent >= 0)
		conf_set_int(map, "percent", s->percent);
	conf_set_string(map, "since", st->since);
	if (s->has_seen)
		set_counts(conf_set_map(map, "lastLook"), &s->seen);
	conf_set_int(map, "failures", s->failures);
}

void
rollout_status_write(struct str *out, const struct model_object *o,
    const struct rollout_state *s)
{
	struct status st = { .of = o, .spec = model_rollout(o), .state = s };
	int64_t since_ms = s->since_ms > 0 ? s->since_ms :
	    o->head->meta.created * 1000;
	struct conf_node *map, *list;
	struct arena a;

	arena_init(&a);
	clock_format(st.since, since_ms / 1000, -1);
	st.message = message_of(&a, &st);
	map = conf_map_new(&a);
	conf_set_string(map, "phase", rollout_phase_name(s->phase));
	conf_set_string(map, "reason", rollout_reason_name(s->reason));
	conf_set_string(map, "message", st.message);
	add_numbers(&st, map);
	list = conf_set_list(map, "conditions");
	add_conditions(&st, list);
	add_ignored(&st, &a, list);
	conf_json_write(out, map);
	arena_fini(&a);
}
