#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"

/*
 * api_watch: the plain stream of changes, for people and tools: one line for
 * each change of a revision, then a commit line.  A slow reader is waited
 * for; when what comes next for it is no longer kept, its stream ends.  Of
 * what the reader may not see there are commits and no more.
 */
#define BOOKMARK_MS	30000

struct watch {
	struct api_call         *call;
	struct registry_follower follower;
	struct loop_timer        bookmark;
	uint64_t                 at;	/* revision written last */
};

static void
write_batch(struct watch *w, const struct registry_batch *b)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		if (!api_caller_sees_key(w->call, b->changes[i]->key))
			continue;
		buf_add_slice(&out, b->changes[i]->line);
		buf_add(&out, "\n", 1);
	}
	buf_addf(&out, "{\"t\":\"commit\",\"revision\":%llu}\n",
	    (unsigned long long)b->revision);
	w->at = b->revision;
	loop_timer_start(&w->bookmark, BOOKMARK_MS);
	api_stream_write(w->call, &out);
}

static void
pump(void *arg)
{
	struct watch *w = arg;
	struct registry_batch b;
	int rc = 1;

	while (w->call->stream != NULL && !w->call->is_paused &&
	    (rc = registry_feed_next(registry_changes(w->call->server->registry),
	    w->at, &b)) > 0)
		write_batch(w, &b);
	if (rc < 0)
		api_stream_end(w->call);
}

static void
on_bookmark(void *arg)
{
	struct watch *w = arg;
	struct buf out = { 0 };

	loop_timer_start(&w->bookmark, BOOKMARK_MS);
	if (w->call->is_paused)
		return;
	buf_addf(&out, "{\"t\":\"bookmark\",\"revision\":%llu}\n",
	    (unsigned long long)w->at);
	api_stream_write(w->call, &out);
}

static void
on_paused(void *arg, bool is_paused)
{
	if (!is_paused)
		pump(arg);
}

static void
on_bytes(void *arg, struct buf *b, bool end)
{
	(void)arg;
	(void)b;
	(void)end;
}

static void
on_gone(void *arg)
{
	struct watch *w = arg;

	registry_feed_leave(&w->follower);
	loop_timer_stop(&w->bookmark);
	api_call_unref(w->call);
}

static const struct api_stream_ops ops = { on_paused, on_bytes, on_gone };

void
api_watch(struct api_call *call)
{
	struct registry *r = call->server->registry;
	struct registry_batch b;
	struct watch *w;
	uint64_t since;

	if (api_query_u64(call, "since", registry_revision(r), &since) < 0)
		return;
	if (registry_feed_next(registry_changes(r), since, &b) < 0) {
		api_answer_json(call, 410, SLICE("{\"error\":{\"kind\":"
		    "\"conflict\",\"message\":\"changes since that revision are "
		    "not kept; list, and watch from the list's revision\"}}\n"));
		return;
	}
	w = arena_zalloc(&call->arena, sizeof(*w));
	w->call = api_call_ref(call);
	w->at = since;
	w->follower = (struct registry_follower){ .on_news = pump, .arg = w };
	loop_timer_init(&w->bookmark, call->server->loop, on_bookmark, w);
	if (!api_stream_start(call, NULL, &ops, w)) {
		api_call_unref(call);
		return;
	}
	loop_timer_start(&w->bookmark, BOOKMARK_MS);
	registry_feed_follow(registry_changes(r), &w->follower);
	pump(w);
}
