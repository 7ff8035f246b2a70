#include "modes/proxy/data_plane.h"
#include "modes/proxy/key_wait.h"

void
key_wait_stop(struct key_wait *k)
{
	if (!list_is_linked(&k->link))
		return;
	list_remove(&k->link);
	loop_timer_stop(&k->late);
	k->worker->key_waits_len--;
}

static void
on_late(void *arg)
{
	struct key_wait *k = arg;

	key_wait_stop(k);
	k->ops->on_late(k->arg);
}

enum key_wait_result
key_wait_start(struct key_wait *k, struct proxy_worker *w,
    const struct authn_rule *r, const struct key_wait_ops *ops, void *arg)
{
	const struct data_plane_options *o = &w->plane->options;

	if (r->source.ptr == NULL || o->want_keys == NULL)
		return KEY_WAIT_FINAL;
	switch (issuer_keys_ask(r->keys, loop_now_ms(w->env.loop))) {
	case ISSUER_KEYS_FINAL:
		return KEY_WAIT_FINAL;
	case ISSUER_KEYS_ASK:
		o->want_keys(o->arg, r->source);
		break;
	case ISSUER_KEYS_WAIT:
		break;
	}
	if (w->key_waits_len >= KEY_WAITS_MAX)
		return KEY_WAIT_FULL;
	*k = (struct key_wait){ .worker = w, .source = r->source, .ops = ops,
	    .arg = arg };
	list_append(&w->key_waits, &k->link);
	w->key_waits_len++;
	loop_timer_init(&k->late, w->env.loop, on_late, k);
	loop_timer_start(&k->late, r->timeout_ms);
	return KEY_WAIT_STARTED;
}

void
key_wait_settled(struct proxy_worker *w, struct slice source)
{
	LIST_FOREACH_SAFE(at, &w->key_waits) {
		struct key_wait *k = list_entry(at, struct key_wait, link);

		if (!slice_eq(k->source, source))
			continue;
		key_wait_stop(k);
		k->ops->on_keys(k->arg);
	}
}
